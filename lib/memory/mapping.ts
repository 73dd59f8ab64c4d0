/**
 * Memory of the system that several programs map, by functions of the C library of Linux.
 *
 * The memory is a file without a name (`memfd_create`): it is gone when no program has its descriptor or maps
 * it, however these programs ended. It is mapped over the buffer of a shared `WebAssembly.Memory`, which begins
 * on a page and has whole pages. So the buffer is a true `SharedArrayBuffer`, which isolates share, and the
 * mapping ends when all of them have dropped it.
 *
 * The file is sealed: no program can change its length, which would make the others crash.
 *
 * @module
 */

import { bufferOn } from "../codec/buffers.ts";
import { makePages } from "./pages.ts";

/** The constants of the C library, on all processors that Deno runs on. */
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
/** No seals can be added, and the length cannot be changed. */
const F_SEAL_SEAL_SHRINK_GROW = 1 | 2 | 4;
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
const SEEK_END = 2;
const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED_FIXED = 0x01 | 0x10;

const closing = { close: { parameters: ["i32"], result: "i32" } } as const;
const functions = {
  ...closing,
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
} as const;
type Functions<F extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<F>["symbols"];

/** Where the descriptor of a memory is open. */
export interface Descriptor {
  /** The number of the program that has made the memory. */
  readonly pid: number;
  /** The number of the descriptor in that program. */
  readonly fd: number;
  /** A part of the name of the memory: when it has been closed, the number may be that of another one. */
  readonly id: number;
}

/**
 * Checks that this program can map memory.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @throws {Deno.errors.NotSupported} on another system than Linux
 * @throws {Deno.errors.NotCapable} without the permission
 */
export function checkCanMap(verb: string): void {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported(
      `Cannot ${verb}: processes: true needs Linux. Leave it out, and send processes copies`,
    );
  }
  if (canMap()) return;
  throw new Deno.errors.NotCapable(
    `Cannot ${verb}: processes: true needs --allow-ffi, without a list. Run the program with it, or leave ` +
      "it out, and send processes copies",
  );
}

/** Whether this program has the permission to map memory. */
export function canMap(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/**
 * Makes memory of at least so many bytes, all of them 0.
 *
 * @returns `undefined` if the system does not give it
 */
export function makeMemory(
  bytes: number,
): { buffer: SharedArrayBuffer; descriptor: Descriptor } | undefined {
  const memory = makePages(bytes);
  if (memory === undefined) return undefined;
  return withLibrary(functions, (c) => {
    const [id] = crypto.getRandomValues(new Int32Array(1));
    const fd = c.memfd_create(cString(nameOf(id)), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return undefined;
    const isMade = c.ftruncate(fd, BigInt(memory.buffer.byteLength)) === 0 &&
      c.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL_SHRINK_GROW) === 0;
    const buffer = isMade ? map(c, fd, memory) : undefined;
    if (buffer === undefined) c.close(fd);
    return buffer && { buffer, descriptor: { pid: Deno.pid, fd, id } };
  });
}

/**
 * Maps memory that another program has made, and keeps open.
 *
 * @returns `undefined` if the system refuses it
 */
export function openMemory({ pid, fd, id }: Descriptor): SharedArrayBuffer | undefined {
  return withLibrary(functions, (c) => {
    const own = c.open(cString(`/proc/${pid}/fd/${fd}`), O_RDWR | O_CLOEXEC);
    if (own < 0) return undefined;
    try {
      if (!linkOf(c, own).includes(`memfd:${nameOf(id)}`)) return undefined;
      if (c.fcntl(own, F_GET_SEALS, 0) !== F_SEAL_SEAL_SHRINK_GROW) return undefined;
      const memory = makePages(Number(c.lseek(own, 0n, SEEK_END)));
      return memory && map(c, own, memory);
    } finally {
      c.close(own); // the mapping stays
    }
  });
}

function nameOf(id: number): string {
  return `sauropod-${(id >>> 0).toString(16).padStart(8, "0")}`;
}

/** Returns what a descriptor of this program is open on. */
function linkOf(c: Functions<typeof functions>, fd: number): string {
  const target = new Uint8Array(256);
  const length = Number(c.readlink(cString(`/proc/self/fd/${fd}`), target, BigInt(target.length)));
  return new TextDecoder().decode(target.subarray(0, Math.max(0, length)));
}

/** Closes a descriptor of this program. The mappings stay. */
export function closeMemory(fd: number): void {
  if (canMap()) withLibrary(closing, (c) => c.close(fd)); // else the permission was revoked: it is open until the end
}

/** Maps the file of a descriptor over a memory. Returns a buffer on it; `undefined` if the system refuses it. */
function map(
  c: Functions<typeof functions>,
  fd: number,
  memory: WebAssembly.Memory,
): SharedArrayBuffer | undefined {
  const at = Deno.UnsafePointer.of(new Uint8Array(memory.buffer));
  const bytes = BigInt(memory.buffer.byteLength);
  const mapped = c.mmap(at, bytes, PROT_READ_WRITE, MAP_SHARED_FIXED, fd, 0n);
  return Deno.UnsafePointer.equals(mapped, at) ? bufferOn(memory) : undefined;
}

/**
 * Opens the C library for a few calls: an open library would be a leak to the sanitizers of `deno test`. Each
 * function takes some 0.2 ms.
 */
function withLibrary<F extends Deno.ForeignLibraryInterface, R>(
  wanted: F,
  use: (c: Functions<F>) => R,
): R {
  const library = Deno.dlopen("libc.so.6", wanted);
  try {
    return use(library.symbols);
  } finally {
    library.close();
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
