/**
 * The UTF-16 units of texts, copied to memory.
 *
 * @module
 */

import { missNative, native, SERIALIZED_BYTES_TAG, TAG_BYTE } from "./native_text.ts";

/** Texts of at least so many units are serialized. To do that takes as long as to read so many one by one. */
const MIN_SERIALIZED = 1024;
/** Units of short texts that are joined first, about. */
const JOINED_UNITS = 1 << 15;
/** Units that are serialized at once: the serializer writes to memory that has just been used. */
const UNITS_AT_ONCE = 1 << 16;
/** What it takes longer to read a unit by itself, in nanoseconds. */
const LOST_NS = 2;
/**
 * Bytes before the units of a text that is serialized: a mark and its version, a tag, and the number of bytes,
 * of which three are enough.
 */
const HEADER_BYTES = 6;

/** Units of one byte each, or of two. */
type Units = Uint8Array | Uint16Array;

/**
 * Copies the units of texts, of `width` bytes each, to byte `start` of `target`, which has room for them. Units of
 * two bytes must begin at an even address.
 */
export function copyUnits(
  texts: readonly string[],
  width: 1 | 2,
  target: Uint8Array,
  start: number,
): void {
  for (let at = 0; at < texts.length;) {
    const first = at;
    let units = texts[at++].length;
    while (at < texts.length && units + texts[at].length <= JOINED_UNITS) {
      units += texts[at++].length;
    }
    const text = at === first + 1 ? texts[first] : texts.slice(first, at).join("");
    copyText(text, width, target, start);
    start += units * width;
  }
}

function copyText(text: string, width: 1 | 2, target: Uint8Array, start: number): void {
  const { length } = text;
  const units = unitsOf(target, width, start, length);
  if (length >= MIN_SERIALIZED && native === undefined) missNative(length * LOST_NS);
  if (length < MIN_SERIALIZED || native === undefined) {
    return copyOneByOne(text, units, length);
  }
  // Memory is copied faster if both sides are aligned alike.
  let at = ((HEADER_BYTES - target.byteOffset - start) & 7) / width;
  copyOneByOne(text, units, at);
  for (; at < length; at += UNITS_AT_ONCE) {
    const part = text.slice(at, at + UNITS_AT_ONCE);
    const bytes = native.serialize(part);
    copySerialized(bytes, part.length, width, target, start + at * width);
    const { buffer } = bytes;
    if (buffer.byteLength === bytes.length) buffer.transfer(0); // gives the memory back at once
  }
}

/** Copies the units of a text that was serialized. They have one byte each, or two if V8 keeps the text so. */
function copySerialized(
  bytes: Uint8Array,
  length: number,
  width: 1 | 2,
  target: Uint8Array,
  start: number,
): void {
  const unitBytes = bytes[TAG_BYTE] === SERIALIZED_BYTES_TAG ? 1 : 2;
  const units = bytes.subarray(bytes.length - length * unitBytes);
  if (unitBytes === width) return target.set(units, start);
  const from = unitsOf(units, unitBytes, 0, length);
  unitsOf(target, width, start, length).set(from);
}

/** Returns a view of units of so many bytes each. */
function unitsOf(bytes: Uint8Array, width: 1 | 2, start: number, length: number): Units {
  const View = width === 1 ? Uint8Array<ArrayBufferLike> : Uint16Array<ArrayBufferLike>;
  return new View(bytes.buffer, bytes.byteOffset + start, length);
}

/** Copies the first units of a text. */
function copyOneByOne(text: string, units: Units, count: number): void {
  for (let at = 0; at < count; at++) units[at] = text.charCodeAt(at);
}
