/**
 * The views of the shared heap. An address is an index into {@linkcode i32}; 0 stands for none.
 *
 * All isolates of a program share one heap, which a worker is given at birth. So an address means the same
 * in every isolate, and may cross in a message, even to a worker that is blocked.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** Sizes to try, largest first: memory is committed when it is first touched. */
const HEAP_SIZES_BYTES = [2 ** 32, 2 ** 31, 2 ** 30, 2 ** 28, 2 ** 26];

/** The heap as 32-bit words: all words of protocols. */
export let i32: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(0));
/** The heap as bytes, for the contents of messages. */
export let u8: Uint8Array<SharedArrayBuffer> = new Uint8Array(i32.buffer);
/** The heap as 64-bit floating-point numbers, for the contents of messages. */
export let f64: Float64Array<SharedArrayBuffer> = new Float64Array(i32.buffer);
/** The heap as a view for unaligned reads. */
export let dataView: DataView<SharedArrayBuffer> = new DataView(i32.buffer);

/** Whether this isolate has a heap yet. */
export function hasHeap(): boolean {
  return i32.length > 0;
}

/** Uses `buffer` as the heap of this isolate. */
export function adoptHeap(buffer: SharedArrayBuffer): void {
  i32 = new Int32Array(buffer);
  u8 = new Uint8Array(buffer);
  f64 = new Float64Array(buffer);
  dataView = new DataView(buffer);
}

/** Reserves the largest heap that this machine allows. */
export function reserveHeap(): SharedArrayBuffer {
  for (const size of HEAP_SIZES_BYTES) {
    try {
      return new SharedArrayBuffer(size);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // too large for this machine: try the next size
    }
  }
  throw new MemoryError("Cannot reserve shared memory: this machine refuses even 64 MiB");
}
