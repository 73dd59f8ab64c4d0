/** The tasks of the chaos. */
import { sleep, task } from "@sauropod/multiprocessing";

/** Takes some milliseconds, and returns what can be checked. */
export const work = task(import.meta, async ([x, ms]: readonly [x: number, ms: number]) => {
  await sleep(ms);
  return x * x + 1;
});

/** Returns the sum of many numbers. */
export const sumOf = task(
  import.meta,
  (numbers: Float64Array) => numbers.reduce((sum, x) => sum + x, 0),
);
