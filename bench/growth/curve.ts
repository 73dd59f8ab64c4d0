/**
 * What a curve is, and how a point of it is measured.
 *
 * @module
 */

import { median, timed, timedNow } from "../measure.ts";

/** The cost of an item, of an operation or of a worker, by size. */
export interface Curve {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** The plot that it is in. */
  readonly plot: string;
  readonly sizes: readonly number[];
  /** Returns the cost at a size, in its unit. It runs in a process of its own. */
  measure(size: number, patience: Patience): Promise<number> | number;
}

/** How long a point is measured. */
export interface Patience {
  /** How long it warms up, in milliseconds. */
  readonly warmUpMs: number;
  /** How long runs are repeated, in milliseconds. */
  readonly repeatMs: number;
}

/** Returns powers of ten. */
export function tens(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
}

/** Returns the median time of a run, in microseconds. One that is long is not repeated, and not warmed up. */
export async function timeOf(run: () => Promise<unknown>, patience: Patience): Promise<number> {
  const times: number[] = [];
  for (const [isMeasured, limit] of phases(patience)) {
    const end = performance.now() + limit;
    do {
      const time = await timed(run);
      if (isMeasured) times.push(time);
    } while (performance.now() < end);
  }
  return median(times);
}

/** As {@linkcode timeOf}, of a run that blocks. */
export function timeOfNow(run: () => void, patience: Patience): number {
  const times: number[] = [];
  for (const [isMeasured, limit] of phases(patience)) {
    const end = performance.now() + limit;
    do {
      const time = timedNow(run);
      if (isMeasured) times.push(time);
    } while (performance.now() < end);
  }
  return median(times);
}

function phases({ warmUpMs, repeatMs }: Patience): [isMeasured: boolean, limit: number][] {
  return [[false, warmUpMs], [true, repeatMs]];
}
