/**
 * What WebAssembly does in workers and processes with arrays of the program, in place.
 *
 * @module
 */
import { type Event, type Queue, task } from "@sauropod/multiprocessing";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { memoryOf } from "../../lib/codec/buffers.ts";
import { collectGarbage } from "../fixtures/heap.ts";

/** Doubles the float64 at a byte of its memory, which is `memory` of the import `array`. */
const doubling = new WebAssembly.Module(Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 1, 0x7f, 0], // type 0: (i32) -> ()
  ...[2, 20, 1, 5, ...bytesOf("array"), 6, ...bytesOf("memory")],
  ...[2, 3, 1, 0x80, 0x80, 4], // a shared memory of 1 to 65,536 pages
  ...[3, 2, 1, 0],
  ...[7, 10, 1, 6, ...bytesOf("double"), 0, 0],
  ...[10, 20, 1, 18, 0, 0x20, 0], // local.get 0
  ...[0x20, 0, 0x2b, 3, 0], // f64.load (local.get 0)
  ...[0x20, 0, 0x2b, 3, 0, 0xa0, 0x39, 3, 0, 0x0b], // f64.load (local.get 0), f64.add, f64.store
));

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Doubles each element by WebAssembly, on the memory that the array lies in. Returns the array. */
export const doubleInPlace = task(
  import.meta,
  (array: Float64Array<SharedArrayBuffer>): Float64Array<SharedArrayBuffer> => {
    const memory = memoryOf(array.buffer)!;
    const { exports } = new WebAssembly.Instance(doubling, { array: { memory } });
    for (let at = 0; at < array.length; at++) {
      (exports.double as (at: number) => void)(array.byteOffset + 8 * at);
    }
    return array;
  },
);

/** Doubles the elements of the array that the queue has next. Blocks until there is one. */
export const doubleNext = task(
  import.meta,
  (arrays: Queue<Float64Array<SharedArrayBuffer>>, ready: Event) => {
    ready.set();
    doubleInPlace(arrays.getSync());
  },
);

/** Makes an array with these elements. */
export const makeArray = task(
  import.meta,
  (elements: number[]) => sharedArray("float64", elements),
);

/** Returns whether the memory of the buffer is known here, and the bytes of the buffer. */
export const look = task(
  import.meta,
  (array: { buffer: SharedArrayBuffer }) =>
    [memoryOf(array.buffer) !== undefined, array.buffer.byteLength] as const,
);

/** Sets the first element. */
export const touch = task(import.meta, (array: Float64Array) => {
  array[0] = 1;
});

/** Collects what is garbage in the worker. */
export const collect = task(import.meta, () => collectGarbage());
