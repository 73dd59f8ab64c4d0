/**
 * Messages that are a single `Uint8Array`, read in place.
 *
 * Such a message has the tag, kind and length in its stream, and the bytes in the attachment behind it. A
 * receiver of bytes can check that without reading the message, and leave another message in place.
 *
 * @module
 */

import type { ByteOffset } from "../heap/address.ts";
import { dataView, u8 } from "../heap/views.ts";
import { align8, Tag, viewClasses, viewKinds } from "./tags.ts";

const UINT8_ARRAY = viewKinds.get("Uint8Array")!;
/** Bytes of the stream: tag, kind, length. */
const STREAM_BYTES = 6;

/**
 * Returns a view of the bytes of the message at byte `start` of the heap; `undefined` if it is another one, or
 * damaged.
 *
 * @param totalBytes length of its stream and attachments
 */
export function bytesIn(
  start: ByteOffset,
  totalBytes: number,
): Uint8Array<SharedArrayBuffer> | undefined {
  if (u8[start] !== Tag.TYPED_ARRAY || u8[start + 1] !== UINT8_ARRAY) return undefined;
  const length = dataView.getUint32(start + 2, true);
  const offset = align8(STREAM_BYTES);
  if (length > 0 && length > totalBytes - offset) return undefined;
  return u8.subarray(start + offset, start + offset + length);
}

/** Returns a human-readable description of the message at byte `start` of the heap. */
export function describeMessage(start: ByteOffset): string {
  const tag = u8[start];
  const name = viewClasses[u8[start + 1]]?.name ?? "typed array";
  if (tag === Tag.TYPED_ARRAY) return `a ${name}`;
  if (tag === Tag.VIEW) return `a ${name} on a whole buffer`;
  return names[tag] ?? "an object";
}

const names: Readonly<Record<number, string>> = {
  [Tag.UNDEFINED]: "undefined",
  [Tag.NULL]: "null",
  [Tag.TRUE]: "a boolean",
  [Tag.FALSE]: "a boolean",
  [Tag.INT8]: "a number",
  [Tag.INT32]: "a number",
  [Tag.FLOAT64]: "a number",
  [Tag.SHORT_STRING]: "a string",
  [Tag.UTF8_STRING]: "a string",
  [Tag.TEXT_PIECE]: "a string",
  [Tag.BIGINT]: "a bigint",
  [Tag.ARRAY]: "an array",
  [Tag.NUMBERS]: "an array",
  [Tag.INTEGERS]: "an array",
  [Tag.STRINGS]: "an array",
  [Tag.ARRAY_BUFFER]: "an ArrayBuffer",
  [Tag.FUNCTION]: "a function",
};
