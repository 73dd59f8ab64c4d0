/**
 * Bytes to text.
 *
 * @module
 */

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A longer text is faster to decode as UTF-8, if it is ASCII. */
const MAX_BY_UNITS = 128;

/** Returns text of UTF-8. */
export function utf8Text(bytes: Uint8Array, start: number, length: number): string {
  return textDecoder.decode(bytes.subarray(start, start + length));
}

/** Returns text of bytes below 128. */
export function asciiText(bytes: Uint8Array, start: number, length: number): string {
  return length > MAX_BY_UNITS ? utf8Text(bytes, start, length) : latin1Text(bytes, start, length);
}

/**
 * Returns text of bytes, each of which is a UTF-16 unit. To make a string of many units at once is three to
 * five times as fast as to add them one by one, and ten times as fast as a `TextDecoder` for a short text.
 */
export function latin1Text(b: Uint8Array, start: number, length: number): string {
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
