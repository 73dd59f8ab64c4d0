/**
 * The views of the shared heap. An address is an index into {@linkcode i32}; 0 is no address.
 *
 * All the workers of a program share one heap, given to each at its birth, so an address means the
 * same everywhere and may cross in a message, even to a worker that is blocked.
 *
 * @module
 */

/** Sizes of heap to try, largest first: only what is touched takes memory. */
const HEAP_SIZES_BYTES = [2 ** 32, 2 ** 31, 2 ** 30, 2 ** 28, 2 ** 26];

/** The heap as 32-bit words: control words, and the only view that waits. */
export let i32: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(0));
/** The heap as bytes: contents of messages. */
export let u8: Uint8Array<SharedArrayBuffer> = new Uint8Array(i32.buffer);
/** The heap as numbers: contents of messages. */
export let f64: Float64Array<SharedArrayBuffer> = new Float64Array(i32.buffer);
/** The heap for unaligned reads. */
export let dataView: DataView<SharedArrayBuffer> = new DataView(i32.buffer);

/** Whether this isolate has a heap yet. */
export function hasHeap(): boolean {
  return i32.length > 0;
}

/** Uses `buffer` as the heap of this isolate: in a worker, the one that it was given at birth. */
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
      if (!(error instanceof RangeError)) throw error; // too large for this machine: the next size
    }
  }
  throw new RangeError("Cannot reserve shared memory: this machine refuses even 64 MiB");
}
