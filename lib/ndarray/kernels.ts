/**
 * What a reduction makes of a run of elements.
 *
 * Elements are seen as numbers here; the same code adds and compares bigints.
 *
 * @module
 */

import type { NdArrayData } from "./types.ts";

/** What a run of at least one element is reduced to: a value, or the place of one in the run. */
export type Kernel = (data: NdArrayData, at: number, step: number, count: number) => number;

/** The reductions that have a kernel. */
export type KernelName = "sum" | "prod" | "min" | "max" | "argmin" | "argmax";

/** Runs up to this length are added one by one, in eight sums. */
const UNROLLED = 128;

/**
 * Adds in pairs: the error grows with the logarithm of the number of elements, not with the number.
 * It is NumPy's `pairwise_sum`.
 */
function sum(data: NdArrayData, at: number, step: number, count: number): number {
  if (count < 8) {
    let total = data[at];
    for (let n = 1; n < count; n++) total += data[at + n * step];
    return total;
  }
  if (count > UNROLLED) {
    const half = (count >>> 1) - (count >>> 1) % 8;
    return sum(data, at, step, half) + sum(data, at + half * step, step, count - half);
  }
  let s0 = data[at];
  let s1 = data[at += step];
  let s2 = data[at += step];
  let s3 = data[at += step];
  let s4 = data[at += step];
  let s5 = data[at += step];
  let s6 = data[at += step];
  let s7 = data[at += step];
  let n = 8;
  for (; n + 8 <= count; n += 8) {
    s0 += data[at += step];
    s1 += data[at += step];
    s2 += data[at += step];
    s3 += data[at += step];
    s4 += data[at += step];
    s5 += data[at += step];
    s6 += data[at += step];
    s7 += data[at += step];
  }
  let total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  for (; n < count; n++) total += data[at += step];
  return total;
}

function prod(data: NdArrayData, at: number, step: number, count: number): number {
  let product = data[at];
  for (let n = 1; n < count; n++) product *= data[at += step];
  return product;
}

/** The first of the least; NaN is less than any number. */
function argmin(data: NdArrayData, at: number, step: number, count: number): number {
  let least = data[at];
  let place = 0;
  for (let n = 1; n < count && least === least; n++) {
    const element = data[at += step];
    if (element >= least) continue;
    least = element;
    place = n;
  }
  return place;
}

/** The first of the greatest; NaN is greater than any number. */
function argmax(data: NdArrayData, at: number, step: number, count: number): number {
  let greatest = data[at];
  let place = 0;
  for (let n = 1; n < count && greatest === greatest; n++) {
    const element = data[at += step];
    if (element <= greatest) continue;
    greatest = element;
    place = n;
  }
  return place;
}

/** The reductions by name. */
export const kernels: Readonly<Record<KernelName, Kernel>> = {
  sum,
  prod,
  min: (data, at, step, count) => data[at + argmin(data, at, step, count) * step],
  max: (data, at, step, count) => data[at + argmax(data, at, step, count) * step],
  argmin,
  argmax,
};

/** Whether a reduction gives the place of an element, not a value. */
export function returnsIndex(name: KernelName): boolean {
  return name === "argmin" || name === "argmax";
}
