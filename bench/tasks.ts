/**
 * The tasks of the contenders.
 *
 * @module
 */

import { type Event, type Queue, task } from "@sauropod/multiprocessing";
import type { Row } from "../examples/loops/kernels/distances.ts";

/** A trivial task. */
export const square = task(import.meta, (x: number) => x * x + 1);
/** The integrand of the tutorial's map over a million numbers. */
export const integrand = task(import.meta, (x: number) => x * x - x);
/** Returns its argument. */
export const same = task(import.meta, <T>(value: T) => value);
/** Reads an element. */
export const elementAt = task(import.meta, (at: number, array: Float64Array) => array[at]);
/** Sets the event, and computes for ever. */
export const compute = task(import.meta, async (begun: Event) => {
  begun.set();
  await null; // it is set
  for (;;);
});
/** Sets the event, and computes until it is told to end, for which it looks by reading the event. */
export const poll = task(import.meta, (begun: Event) => {
  begun.set();
  while (begun.isSet());
});
/** Fills a queue. */
export const produce = task(import.meta, (queue: Queue<number>, count: number) => {
  for (let i = 0; i < count; i++) queue.putSync(i);
});
/** Empties a queue and reports how long it took, in milliseconds. */
export const consume = task(
  import.meta,
  (queue: Queue<number>, done: Queue<number>, count: number) => {
    queue.getSync();
    const start = performance.now();
    for (let i = 1; i < count; i++) queue.getSync();
    done.putSync(performance.now() - start);
  },
);

/** The context of {@linkcode simdRow}: vectors at the beginning of the memory, then the distances. */
export interface Kernel {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  rows: number;
  columns: number;
}

const instances = new WeakMap<WebAssembly.Memory, Row>();

/** Computes a row of distances by WebAssembly with SIMD. */
export const simdRow = task(
  import.meta,
  (i: number, { module, memory, rows, columns }: Kernel) => {
    let row = instances.get(memory);
    if (row === undefined) {
      row = new WebAssembly.Instance(module, { env: { memory } }).exports.row as unknown as Row;
      instances.set(memory, row);
    }
    row(i, rows, columns, 0, rows * columns * 8);
  },
);

/** Parses a line of JSON, and returns a number for it. */
export const scoreOfLine = task(import.meta, (line: string) => {
  const { name, values } = JSON.parse(line) as { name: string; values: number[] };
  let score = name.length;
  for (const value of values) score += Math.sqrt(value);
  return score;
});
