/**
 * Bytes to text, and text to bytes.
 *
 * @module
 */

import { TextKind } from "./tags.ts";

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns text of UTF-8. */
export function utf8Text(bytes: Uint8Array, start: number, length: number): string {
  return textDecoder.decode(bytes.subarray(start, start + length));
}

// Long texts. A `TextDecoder` takes half a microsecond, and more for longer texts; a `Buffer` of Node takes a
// tenth of that. But to load `node:buffer` takes 5 to 10 ms, as long as a worker takes to start, and
// `node:v8` more. So each is loaded once texts have cost as much.

/** A module of Node that is loaded once it pays. */
class LazyModule<T> {
  readonly #name: string;
  readonly #find: (module: object) => T | undefined;
  /** Time that remains to be lost without it before it is loaded, in nanoseconds. */
  #leftNs: number;
  /** What is used of it, once it is loaded. */
  loaded: T | undefined;

  /**
   * @param loadingNs how long loading takes, in nanoseconds
   * @param find returns what is used of it, if it works as it should
   */
  constructor(name: string, loadingNs: number, find: (module: object) => T | undefined) {
    this.#name = name;
    this.#leftNs = loadingNs;
    this.#find = find;
  }

  /** Notes time that the module would have saved, in nanoseconds. */
  miss(ns: number): void {
    this.#leftNs -= ns;
    if (this.#leftNs > 0) return;
    this.#leftNs = Infinity; // it is tried once
    const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
    const module = process?.getBuiltinModule?.(this.#name);
    if (typeof module === "object" && module !== null) this.loaded = this.#find(module);
  }
}

type Slice = (this: Uint8Array, start: number, end: number) => string;
interface Slices {
  latin1Slice: Slice;
  ucs2Slice: Slice;
}

const slices = new LazyModule<Slices>("node:buffer", 5_000_000, (module) => {
  const prototype = (module as { Buffer?: { prototype?: Partial<Slices> } }).Buffer?.prototype;
  const { latin1Slice, ucs2Slice } = prototype ?? {};
  if (latin1Slice === undefined || ucs2Slice === undefined) return undefined;
  const sample = new Uint8Array(new SharedArrayBuffer(8));
  sample.set([120, 97, 233, 120, 0, 216, 65, 0]);
  const works = latin1Slice.call(sample, 1, 3) === "a\xe9" &&
    ucs2Slice.call(sample, 4, 8) === "\ud800A";
  return works ? { latin1Slice, ucs2Slice } : undefined;
});

/** Returns text of bytes below 128. */
export function asciiText(bytes: Uint8Array, start: number, length: number): string {
  if (slices.loaded !== undefined) {
    return slices.loaded.latin1Slice.call(bytes, start, start + length);
  }
  slices.miss(500 + length / 8);
  return utf8Text(bytes, start, length);
}

/** How many units are made a string at once: they are arguments of a call. */
const UNITS_AT_ONCE = 4096;

/** Returns text of UTF-16 units, which begin at an even byte. */
export function utf16Text(bytes: Uint8Array, start: number, units: number): string {
  if (slices.loaded !== undefined) {
    return slices.loaded.ucs2Slice.call(bytes, start, start + units * 2);
  }
  slices.miss(500 + units * 2);
  const all = new Uint16Array(bytes.buffer, bytes.byteOffset + start, units);
  let text = "";
  for (let at = 0; at < units; at += UNITS_AT_ONCE) {
    const part = all.subarray(at, at + UNITS_AT_ONCE) as unknown as number[];
    text += String.fromCharCode.apply(null, part);
  }
  return text;
}

/**
 * Returns text of bytes, each of which is a UTF-16 unit. To make a string of many units at once is three to
 * five times as fast as to add them one by one, and ten times as fast as a `TextDecoder` for a short text.
 */
export function latin1Text(b: Uint8Array, start: number, length: number): string {
  if (length > 16) {
    if (slices.loaded !== undefined) {
      return slices.loaded.latin1Slice.call(b, start, start + length);
    }
    slices.miss(length);
  }
  const { fromCharCode } = String;
  let [at, left, text] = [start, length, ""];
  for (; left >= 16; at += 16, left -= 16) {
    // deno-fmt-ignore
    text += fromCharCode(
      b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6], b[at + 7],
      b[at + 8], b[at + 9], b[at + 10], b[at + 11], b[at + 12], b[at + 13], b[at + 14], b[at + 15],
    );
  }
  if (left >= 8) {
    // deno-fmt-ignore
    text += fromCharCode(
      b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6], b[at + 7],
    );
    at += 8;
    left -= 8;
  }
  // deno-fmt-ignore
  switch (left) {
    case 0: return text;
    case 1: return text + fromCharCode(b[at]);
    case 2: return text + fromCharCode(b[at], b[at + 1]);
    case 3: return text + fromCharCode(b[at], b[at + 1], b[at + 2]);
    case 4: return text + fromCharCode(b[at], b[at + 1], b[at + 2], b[at + 3]);
    case 5: return text + fromCharCode(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4]);
    case 6:
      return text + fromCharCode(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5]);
    default:
      return text +
        fromCharCode(b[at], b[at + 1], b[at + 2], b[at + 3], b[at + 4], b[at + 5], b[at + 6]);
  }
}

// Text to bytes

const textEncoder = new TextEncoder();

/** Writes well-formed text as UTF-8. There must be room for three bytes a unit. Returns how many it took. */
export function writeUtf8(text: string, bytes: Uint8Array, start: number): number {
  return textEncoder.encodeInto(text, bytes.subarray(start)).written;
}

/** How many units are looked at before a text is taken for ASCII, about. */
const SAMPLES = 256;
/** Where text is written to find out whether it is ASCII. */
const scratch = new Uint8Array(1 << 14);

/** Whether all units of a text are below 128. */
function isAscii(text: string): boolean {
  const { length } = text;
  // What is not ASCII is found out first where that is easy: to write it as UTF-8 in vain takes long. The
  // distances vary: of lines of equal length, they would all find the same column.
  const step = Math.ceil(length / SAMPLES);
  for (let at = 0, turn = 0; at < length; at += step + (turn++ & 15)) {
    if (text.charCodeAt(at) > 127) return false;
  }
  for (let at = 0; at < length; at += scratch.length) {
    const part = text.slice(at, at + scratch.length);
    const { read, written } = textEncoder.encodeInto(part, scratch);
    if (read < part.length || written > read) return false;
  }
  return true;
}

type Serialize = (value: string) => Uint8Array;
/** Tags of strings in the format of `serialize`. */
const Serialized = { ONE_BYTE: 34, TWO_BYTES: 99 } as const;

/** `serialize` of `node:v8`, which copies the units of a string. Nothing else in Deno does. */
const serializer = new LazyModule<Serialize>("node:v8", 25_000_000, (module) => {
  const { serialize } = module as { serialize?: Serialize };
  if (serialize === undefined) return undefined;
  const works = unitsIn(serialize("a\xe9".repeat(100)), Serialized.ONE_BYTE, 200)?.[1] === 233 &&
    unitsIn(serialize("\ud800A".repeat(100)), Serialized.TWO_BYTES, 400)?.[1] === 216;
  return works ? serialize : undefined;
});

/** Returns the bytes of the units in a serialized string, if they have this form. */
function unitsIn(serialized: Uint8Array, form: number, byteLength: number): Uint8Array | undefined {
  const start = serialized.length - byteLength;
  for (let at = 2; at < start; at++) { // behind the version; zeros may come first
    if (serialized[at] !== 0) {
      return serialized[at] === form ? serialized.subarray(start) : undefined;
    }
  }
  return undefined;
}

const NOT_LATIN1 = /[^\0-\xff]/;

/** How the units of a text are written. */
export interface Units {
  /** One of {@linkcode TextKind}. */
  readonly kind: number;
  /** The bytes of all units, if they have been copied out of the text. */
  readonly copied?: Uint8Array | undefined;
}

const ASCII: Units = { kind: TextKind.ASCII };

/** Looks at the units of a text. */
export function unitsOf(text: string): Units {
  if (isAscii(text)) return ASCII;
  const { length } = text;
  const serialized = serializer.loaded?.(text);
  if (serialized === undefined) serializer.miss(length);
  const bytes = serialized && unitsIn(serialized, Serialized.ONE_BYTE, length);
  if (bytes !== undefined || !NOT_LATIN1.test(text)) {
    return { kind: TextKind.LATIN1, copied: bytes };
  }
  const copied = serialized && unitsIn(serialized, Serialized.TWO_BYTES, length * 2);
  return { kind: TextKind.UTF16, copied };
}

/**
 * Writes the units of a text. There must be room for them; those of two bytes begin at an even byte.
 * Returns how many bytes they took.
 */
export function writeUnits(
  text: string,
  { kind, copied }: Units,
  bytes: Uint8Array,
  start: number,
): number {
  if (copied !== undefined) {
    bytes.set(copied, start);
    return copied.length;
  }
  const { length } = text;
  if (kind === TextKind.ASCII) {
    textEncoder.encodeInto(text, bytes.subarray(start, start + length));
    return length;
  }
  const target = kind === TextKind.LATIN1
    ? bytes.subarray(start)
    : new Uint16Array(bytes.buffer, bytes.byteOffset + start, length);
  for (let at = 0; at < length; at++) target[at] = text.charCodeAt(at);
  return length * target.BYTES_PER_ELEMENT;
}
