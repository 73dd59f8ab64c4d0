/**
 * Bytes to text, and text to bytes.
 *
 * @module
 */

import { missNative, native } from "./native_text.ts";
import { copyUnits } from "./string_units.ts";
import { TextKind } from "./tags.ts";

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns text of UTF-8. */
export function utf8Text(bytes: Uint8Array, start: number, length: number): string {
  return textDecoder.decode(bytes.subarray(start, start + length));
}

/** Returns text of bytes below 128. */
export function asciiText(bytes: Uint8Array, start: number, length: number): string {
  if (native !== undefined) {
    return native.latin1Slice.call(bytes, start, start + length);
  }
  missNative(500 + length / 8);
  return utf8Text(bytes, start, length);
}

/** How many units are made a string at once: they are arguments of a call. */
const UNITS_AT_ONCE = 4096;

/** Returns text of UTF-16 units, which begin at an even byte. */
export function utf16Text(bytes: Uint8Array, start: number, units: number): string {
  if (native !== undefined) {
    return native.ucs2Slice.call(bytes, start, start + units * 2);
  }
  missNative(500 + units * 2);
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
    if (native !== undefined) {
      return native.latin1Slice.call(b, start, start + length);
    }
    missNative(length);
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

const NOT_LATIN1 = /[^\0-\xff]/;

/** Returns how the units of a text are written: one of {@linkcode TextKind}. */
export function kindOf(text: string): number {
  if (isAscii(text)) return TextKind.ASCII;
  return NOT_LATIN1.test(text) ? TextKind.UTF16 : TextKind.LATIN1;
}

/**
 * Writes the units of texts of a kind, one behind the other. There must be room for them, and those of two bytes begin
 * at an even address.
 */
export function writeTexts(
  texts: readonly string[],
  kind: number,
  bytes: Uint8Array,
  start: number,
): void {
  if (kind !== TextKind.ASCII) {
    return copyUnits(texts, kind === TextKind.LATIN1 ? 1 : 2, bytes, start);
  }
  for (const text of texts) {
    textEncoder.encodeInto(text, bytes.subarray(start, start + text.length));
    start += text.length;
  }
}
