/**
 * The bytes of a packed program, written and read. They come from outside: nothing in them is believed
 * before it was checked.
 *
 * ```text
 * mark      the ASCII characters "program1"
 * digest    SHA-256 of all that follows, 32 bytes
 * length    of the header, u32, little-endian
 * header    a ProgramHeader as JSON, in UTF-8
 * contents  those of the modules, one after the other
 * ```
 *
 * The digest finds damage. It proves nothing about who wrote the bytes.
 *
 * @module
 */
import { CorruptMessageError } from "../errors.ts";

/** The largest program, in bytes. */
export const MAX_PROGRAM_BYTES: number = 256 * 1024 * 1024;
/** The most modules of a program. */
export const MAX_MODULES = 20_000;
/** The most characters of a path, and of a specifier. */
export const MAX_PATH_LENGTH = 1024;
/** The longest name that file systems store, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

const MARK = new TextEncoder().encode("program1");
const DIGEST_BYTES = 32;
const START = MARK.length + DIGEST_BYTES;
const HEADER_AT = START + 4;

/** A relative path of a module below the root of the program, as in a URL; then its length in bytes. */
export type ModuleEntry = readonly [path: string, length: number];

/**
 * Where specifiers lead. A key or a target that begins with `./` is a path below the root of the
 * program. A target that begins with `own:` is a path of a module in the caller's copy of the package.
 */
export type Targets = Readonly<Record<string, string>>;

/** All of a program but the contents of its modules. */
export interface ProgramHeader {
  /** The URL of the folder that the paths are relative to, with a slash at the end. */
  readonly root: string;
  /** The URL of the folder of the caller's copy of the package, with a slash at the end. */
  readonly own: string;
  /** In order of their paths. */
  readonly modules: readonly ModuleEntry[];
  readonly imports: Targets;
  /** What holds in a folder, or a module, of the program. */
  readonly scopes: Readonly<Record<string, Targets>>;
  /** Options of the caller's `deno.json` that change how modules are run. */
  readonly options: ProgramOptions;
}

/** Options of a `deno.json` that change how modules are run. */
export interface ProgramOptions {
  readonly compilerOptions: Readonly<Record<string, string | boolean>>;
  readonly unstable: readonly string[];
}

/** The compiler options that change what is run. */
const FLAGS = ["emitDecoratorMetadata", "experimentalDecorators", "verbatimModuleSyntax"];
const NAMES = ["jsx", "jsxFactory", "jsxFragmentFactory", "jsxImportSource"];

/** Returns the options that change how modules are run, out of the contents of a `deno.json`. */
export function optionsOf(config: Readonly<Record<string, unknown>>): ProgramOptions {
  const compilerOptions: Record<string, string | boolean> = {};
  const given = isObject(config.compilerOptions) ? config.compilerOptions : {};
  for (const name of [...FLAGS, ...NAMES]) {
    const value = given[name];
    const isFlag = FLAGS.includes(name);
    if (isFlag && typeof value === "boolean") compilerOptions[name] = value;
    if (!isFlag && typeof value === "string") compilerOptions[name] = value;
  }
  const unstable = Array.isArray(config.unstable) ? config.unstable.filter(isFeature) : [];
  return { compilerOptions, unstable: [...new Set(unstable)].sort() };
}

function isFeature(value: unknown): value is string {
  return typeof value === "string" && /^[a-z0-9-]{1,64}$/.test(value);
}

/** Returns whether a value is an object that is not an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the SHA-256 of bytes, in hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return (await digestOf(bytes)).toHex();
}

async function digestOf(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/**
 * Returns the bytes of a program.
 *
 * @throws {RangeError} if the program is too large
 */
export async function writeArchive(
  header: ProgramHeader,
  contents: readonly Uint8Array[],
): Promise<Uint8Array<ArrayBuffer>> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = contents.reduce((sum, part) => sum + part.length, HEADER_AT + text.length);
  if (length > MAX_PROGRAM_BYTES || text.length > MAX_HEADER_BYTES) {
    throw new RangeError(
      `Cannot pack program: it has ${length} bytes, and at most ${MAX_PROGRAM_BYTES} are sent. ` +
        "Read large data where the nodes find it, instead of importing it",
    );
  }
  const bytes = new Uint8Array(length);
  bytes.set(MARK);
  new DataView(bytes.buffer).setUint32(START, text.length, true);
  bytes.set(text, HEADER_AT);
  let at = HEADER_AT + text.length;
  for (const part of contents) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.set(await digestOf(bytes.subarray(START)), MARK.length);
  return bytes;
}

/** A program that was read. */
export interface Archive {
  readonly header: ProgramHeader;
  /** What the modules contain, in their order: views of the bytes. */
  readonly contents: readonly Uint8Array[];
}

/**
 * Reads the bytes of a program.
 *
 * @throws {CorruptMessageError} if they are damaged, or were not written by {@linkcode writeArchive}
 */
export async function readArchive(bytes: Uint8Array): Promise<Archive> {
  if (bytes.length > MAX_PROGRAM_BYTES) throw corrupt(`it has ${bytes.length} bytes`);
  if (bytes.length < HEADER_AT) throw corrupt("it is cut off");
  if (!MARK.every((byte, at) => bytes[at] === byte)) throw corrupt("it does not begin with a mark");
  const digest = await digestOf(bytes.subarray(START));
  if (!digest.every((byte, at) => bytes[MARK.length + at] === byte)) {
    throw corrupt("its digest differs");
  }
  const { buffer, byteOffset, byteLength } = bytes;
  const length = new DataView(buffer, byteOffset, byteLength).getUint32(START, true);
  const end = HEADER_AT + length;
  if (length > MAX_HEADER_BYTES || end > bytes.length) {
    throw corrupt(`its header has ${length} bytes`);
  }
  const header = checkHeader(parse(bytes.subarray(HEADER_AT, end)));
  return { header, contents: cut(bytes.subarray(end), header.modules) };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt("its header is not JSON", cause);
  }
}

function cut(bytes: Uint8Array, modules: readonly ModuleEntry[]): Uint8Array[] {
  let at = 0;
  const contents = modules.map(([, length]) => bytes.subarray(at, at += length));
  if (at !== bytes.length) throw corrupt(`its modules have ${at} bytes, not ${bytes.length}`);
  return contents;
}

function checkHeader(header: unknown): ProgramHeader {
  if (!isObject(header)) throw corrupt("its header is not an object");
  const { root, own, modules, imports, scopes, options } = header;
  if (!isFolderUrl(root) || !root.startsWith("file:")) throw corrupt("its root is not a folder");
  if (!isFolderUrl(own)) throw corrupt("the folder of the package is not one");
  if (!isObject(options)) throw corrupt("its options are not an object");
  return {
    root,
    own,
    modules: checkModules(modules),
    imports: checkTargets(imports),
    scopes: checkScopes(scopes),
    options: optionsOf(options),
  };
}

function isFolderUrl(value: unknown): value is string {
  if (typeof value !== "string" || value.length > MAX_PATH_LENGTH || !value.endsWith("/")) {
    return false;
  }
  return /^(file|https?):/.test(value) && !/[?#]/.test(value) && URL.parse(value)?.href === value;
}

function checkModules(modules: unknown): ModuleEntry[] {
  if (!Array.isArray(modules) || modules.length > MAX_MODULES) {
    throw corrupt("its list of modules is not one");
  }
  const folders = new Set<string>();
  let before = "";
  for (const entry of modules) {
    if (!Array.isArray(entry) || entry.length !== 2) throw corrupt("a module has no path");
    const [path, length] = entry;
    if (typeof path !== "string" || !isPlainPath(path)) {
      throw corrupt(`${shorten(path)} is not the path of a module`);
    }
    if (!Number.isSafeInteger(length) || length < 0 || length > MAX_PROGRAM_BYTES) {
      throw corrupt(`${shorten(path)} has an impossible length`);
    }
    if (path <= before) throw corrupt(`${shorten(path)} is not in order`);
    before = path;
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      folders.add(path.slice(0, at));
    }
  }
  const both = modules.find(([path]) => folders.has(path));
  if (both !== undefined) throw corrupt(`${shorten(both[0])} is a module and a folder`);
  return modules;
}

function checkScopes(scopes: unknown): Record<string, Targets> {
  if (!isObject(scopes)) throw corrupt("its scopes are not an object");
  const entries = Object.entries(scopes);
  if (entries.length > MAX_ENTRIES) throw corrupt(`it has ${entries.length} scopes`);
  return Object.fromEntries(entries.map(([key, targets]) => {
    if (!isKey(key)) throw corrupt(`${shorten(key)} is not a scope`);
    return [key, checkTargets(targets)];
  }));
}

function checkTargets(targets: unknown): Targets {
  if (!isObject(targets)) throw corrupt("its imports are not an object");
  const entries = Object.entries(targets);
  if (entries.length > MAX_ENTRIES) throw corrupt(`it has ${entries.length} imports`);
  for (const [key, target] of entries) {
    if (typeof target !== "string" || !isEntry(key, target)) {
      throw corrupt(`the import ${shorten(key)} leads nowhere`);
    }
  }
  return targets as Targets;
}

/** Returns whether an import of a program may have this key and target. */
export function isEntry(key: string, target: string): boolean {
  return isKey(key) && isTarget(target);
}

function isKey(key: string): boolean {
  return key.startsWith("./") ? isRelative(key) : key !== "" && key.length <= MAX_PATH_LENGTH;
}

function isTarget(target: string): boolean {
  if (target.startsWith("own:")) return isPlainPath(target.slice("own:".length).replace(/\/$/, ""));
  if (target.startsWith("./")) return isRelative(target);
  return target.length <= MAX_PATH_LENGTH && /^(npm|jsr|node|https?|data):/.test(target);
}

/** Returns whether this is `./`, or a path of a module or folder below it. */
function isRelative(path: string): boolean {
  return path === "./" || path.startsWith("./") && isPlainPath(path.slice(2).replace(/\/$/, ""));
}

/**
 * Returns whether a path, as it is in a URL, names one file below its folder on every system: it is
 * relative, short, and has nothing to normalise or to decode into a separator.
 */
export function isPlainPath(path: string): boolean {
  const base = "file:///folder/";
  if (path === "" || path.length > MAX_PATH_LENGTH || /[?#\\]/.test(path)) return false;
  if (URL.parse(path, base)?.href !== base + path) return false;
  return path.split("/").every(isPlainName);
}

function isPlainName(name: string): boolean {
  let decoded;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    return false;
  }
  if (/^\.{0,2}$/.test(decoded) || /[/\\\0]/.test(decoded)) return false;
  return new TextEncoder().encode(decoded).length <= MAX_NAME_BYTES;
}

function shorten(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 100));
}

function corrupt(state: string, cause?: unknown): CorruptMessageError {
  return new CorruptMessageError(
    `Cannot unpack program: ${state}. Check where the bytes come from, and that both sides have ` +
      "the same version of @sauropod/multiprocessing",
    { cause },
  );
}
