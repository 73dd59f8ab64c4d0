/**
 * Memory that several programs map, as the program that makes it sees it.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Event, MemoryError } from "@sauropod/multiprocessing";
import { keptBuffer } from "../../lib/codec/buffers.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import {
  descriptorAt,
  makeMappedBuffer,
  mappedNumberAt,
  openMappedBuffer,
} from "../../lib/memory/mapped_buffer.ts";
import {
  canMap,
  checkCanMap,
  closeMemory,
  makeMemory,
  openMemory,
} from "../../lib/memory/mapping.ts";
import { addressOf, dropRef } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { settledUse, useUpHeap } from "../fixtures/heap.ts";

const PAGE_BYTES = 1 << 16;

/** Returns how many descriptors this program has open. */
function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Calls a function in a program that has only a part of --allow-ffi. */
function withoutPermission(call: () => void): void {
  using _ = stub(Deno.permissions, "querySync", (() => ({ state: "prompt" })) as never);
  call();
}

test("checkCanMap() needs the permission without a list", () => {
  assert(canMap());
  checkCanMap("make array");
  withoutPermission(() => {
    assertEquals(canMap(), false);
    assertThrows(
      () => checkCanMap("make array"),
      Deno.errors.NotCapable,
      "Cannot make array: processes: true needs --allow-ffi, without a list",
    );
  });
});

test("makeMemory() has whole pages, which are 0", () => {
  for (const [bytes, pages] of [[0, 1], [1, 1], [PAGE_BYTES, 1], [PAGE_BYTES + 1, 2]]) {
    const { buffer, descriptor } = makeMemory(bytes)!;
    assertEquals([buffer.byteLength, buffer.growable], [pages * PAGE_BYTES, false]);
    assert(new Uint8Array(buffer).every((byte) => byte === 0));
    assertEquals(descriptor.pid, Deno.pid);
    closeMemory(descriptor.fd);
  }
  assertEquals(makeMemory(PAGE_BYTES ** 2 + 1), undefined);
});

test("openMemory() maps the same memory, and leaves no descriptor open", () => {
  const before = descriptors();
  const { buffer, descriptor } = makeMemory(PAGE_BYTES + 1)!;
  assertEquals(descriptors(), before + 1);
  const opened = openMemory(descriptor)!;
  assertEquals([opened.byteLength, descriptors()], [2 * PAGE_BYTES, before + 1]);
  const [mine, its] = [new Uint8Array(buffer), new Uint8Array(opened)];
  mine[0] = 1;
  its[2 * PAGE_BYTES - 1] = 2;
  assertEquals([its[0], mine[2 * PAGE_BYTES - 1]], [1, 2]);
  // Others than the one that is meant are not mapped.
  for (const other of [{ id: descriptor.id ^ 1 }, { fd: 0 }, { fd: -1 }, { pid: 0 }]) {
    assertEquals(openMemory({ ...descriptor, ...other }), undefined);
  }
  assertEquals(descriptors(), before + 1);
  withoutPermission(() => closeMemory(descriptor.fd)); // it cannot be
  assertEquals(descriptors(), before + 1);
  closeMemory(descriptor.fd);
  assertEquals(descriptors(), before);
  assertEquals(openMemory(descriptor), undefined);
  assertEquals([its[0], mine[2 * PAGE_BYTES - 1]], [1, 2]); // the mappings stay
});

test("a buffer that processes can map knows where its memory is open, and closes it", () => {
  ensureIsolate();
  const before = descriptors();
  const buffer = makeMappedBuffer(10)!;
  assertEquals(buffer.byteLength, PAGE_BYTES);
  const address = addressOf(buffer)!;
  const descriptor = descriptorAt(address)!;
  assertEquals([descriptor.pid, mappedNumberAt(address)], [Deno.pid, undefined]);
  assertEquals(descriptors(), before + 1);
  new Uint8Array(buffer)[5] = 7;
  assertEquals(new Uint8Array(openMemory(descriptor)!)[5], 7);
  // As in a process of the program, which knows it by a number.
  const opened = openMappedBuffer(descriptor, 12)!;
  assertEquals([mappedNumberAt(opened), descriptorAt(opened)], [12, descriptor]);
  assertEquals(openMappedBuffer({ ...descriptor, fd: 0 }, 13), undefined);
  dropRef(opened);
  assertEquals(descriptors(), before + 1); // it is the program's
  // Another shared object is none.
  const other = addressOf(new Event())!;
  assertEquals([descriptorAt(other), mappedNumberAt(other)], [undefined, undefined]);
});

/** Replaces functions of the C library, and counts the libraries that are open. */
function withFunctions(replaced: Record<string, unknown>): Disposable & { open: number } {
  const { dlopen } = Deno;
  const result = { open: 0, [Symbol.dispose]: () => stubbed[Symbol.dispose]() };
  const stubbed = stub(
    Deno,
    "dlopen",
    ((path: string, wanted: Deno.ForeignLibraryInterface) => {
      const library = dlopen(path, wanted);
      result.open++;
      return {
        symbols: { ...library.symbols, ...replaced },
        close: () => (result.open--, library.close()),
      };
    }) as never,
  );
  return result;
}

test("makeMemory() and openMemory() return nothing when the system refuses, and leave nothing open", () => {
  const { descriptor } = makeMemory(1)!;
  const before = descriptors();
  const elsewhere = () => Deno.UnsafePointer.of(new Uint8Array(1));
  for (
    const replaced of [
      { memfd_create: () => -1 },
      { ftruncate: () => -1 },
      { fcntl: () => -1 },
      { mmap: elsewhere },
      { mmap: () => null },
    ]
  ) {
    using functions = withFunctions(replaced);
    assertEquals(makeMemory(1), undefined);
    assertEquals([functions.open, descriptors()], [0, before]);
  }
  for (
    const replaced of [
      { open: () => -1 },
      { readlink: () => -1n },
      { fcntl: () => 0 },
      { lseek: () => BigInt(PAGE_BYTES) ** 2n + 1n },
      { mmap: elsewhere },
    ]
  ) {
    using functions = withFunctions(replaced);
    assertEquals(openMemory(descriptor), undefined);
    assertEquals([functions.open, descriptors()], [0, before]);
  }
  using functions = withFunctions({});
  assertEquals(openMemory(descriptor)?.byteLength, PAGE_BYTES);
  assertEquals([functions.open, descriptors()], [0, before]);
  closeMemory(descriptor.fd);
  assertEquals([functions.open, descriptors()], [0, before - 1]);
});

test("a memory may be the first file of a program, of number 0", () => {
  const closed: number[] = [];
  const close = (fd: number) => closed.push(fd);
  const done = () => 0;
  {
    const mmap = (at: unknown) => at; // as if it were mapped
    using _ = withFunctions({ memfd_create: () => 0, ftruncate: done, fcntl: done, mmap, close });
    assertEquals([makeMemory(1)?.descriptor.fd, closed], [0, []] as never);
  }
  {
    using _ = withFunctions({ open: () => 0, readlink: () => 0n, close });
    assertEquals([openMemory({ pid: Deno.pid, fd: 0, id: 1 }), closed], [undefined, [0]]);
  }
});

test("a buffer that finds no room in the shared heap leaves no descriptor open", () => {
  ensureIsolate();
  const before = descriptors();
  {
    using _ = useUpHeap(32);
    assertThrows(() => makeMappedBuffer(10), MemoryError);
  }
  assertEquals(descriptors(), before);
});

test("a buffer that nothing reaches is closed, and kept no longer", async () => {
  ensureIsolate();
  await settledUse(); // buffers of other tests
  const before = descriptors();
  const address = (() => addressOf(makeMappedBuffer(10)!)!)();
  assertEquals([descriptors(), keptBuffer(address) !== undefined], [before + 1, true]);
  await settledUse();
  assertEquals([descriptors(), keptBuffer(address)], [before, undefined]);
});
