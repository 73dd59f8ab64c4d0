/**
 * Bytes to text.
 *
 * @module
 */

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Returns text of UTF-8. */
export function utf8Text(bytes: Uint8Array, start: number, length: number): string {
  return textDecoder.decode(bytes.subarray(start, start + length));
}

// Long texts. A `TextDecoder` takes half a microsecond, and more for longer texts; a `Buffer` of Node takes a
// tenth of that. But to load `node:buffer` takes 5 to 10 ms, as long as a worker takes to start. So it is
// loaded once texts have cost as much.

type Slice = (this: Uint8Array, start: number, end: number) => string;

/** `Buffer.prototype.latin1Slice`, once it is loaded. */
let latin1Slice: Slice | undefined;
/** Time that a `Buffer` would have saved, in nanoseconds. */
let lostNs = 0;
const LOADING_NS = 5_000_000;

/** Returns text of bytes below 128. */
export function asciiText(bytes: Uint8Array, start: number, length: number): string {
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, start, start + length);
  lostNs += 500 + length / 8;
  if (lostNs > LOADING_NS) loadBuffer();
  return utf8Text(bytes, start, length);
}

function loadBuffer(): void {
  lostNs = -Infinity; // it is tried once
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const node = process?.getBuiltinModule?.("node:buffer") as { Buffer?: typeof Uint8Array };
  const slice = (node?.Buffer?.prototype as { latin1Slice?: Slice } | undefined)?.latin1Slice;
  if (slice === undefined) return;
  const sample = new Uint8Array(new SharedArrayBuffer(4));
  sample.set([120, 97, 126, 120]);
  if (slice.call(sample, 1, 3) === "a~") latin1Slice = slice;
}

/**
 * Returns text of bytes, each of which is a UTF-16 unit. To make a string of many units at once is three to
 * five times as fast as to add them one by one, and ten times as fast as a `TextDecoder` for a short text.
 */
export function latin1Text(b: Uint8Array, start: number, length: number): string {
  if (length > 16 && latin1Slice !== undefined) return latin1Slice.call(b, start, start + length);
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
