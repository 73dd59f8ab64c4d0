/**
 * The inner loops of reductions, over a run of elements.
 *
 * Elements are typed as numbers; the same code adds and compares bigints.
 *
 * @module
 */

import type { NdArrayData } from "./types.ts";

/** Reduces a run of at least one element to a value, or to the index of an element in the run. */
export type Kernel = (data: NdArrayData, at: number, step: number, count: number) => number;

/** The reductions that have a kernel. */
export type KernelName = "sum" | "prod" | "min" | "max" | "argmin" | "argmax";

/** Runs up to this length are added in eight interleaved sums; longer ones are halved. */
const UNROLLED = 128;

/**
 * Adds in pairs, as NumPy's `pairwise_sum`: the error grows with the logarithm of the number of
 * elements.
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

/** Returns the index of the first minimum; NaN counts as less than any number. */
function argmin(data: NdArrayData, at: number, step: number, count: number): number {
  let minimum = data[at];
  let index = 0;
  for (let n = 1; n < count && minimum === minimum; n++) {
    const element = data[at += step];
    if (element >= minimum) continue;
    minimum = element;
    index = n;
  }
  return index;
}

/** Returns the index of the first maximum; NaN counts as greater than any number. */
function argmax(data: NdArrayData, at: number, step: number, count: number): number {
  let maximum = data[at];
  let index = 0;
  for (let n = 1; n < count && maximum === maximum; n++) {
    const element = data[at += step];
    if (element <= maximum) continue;
    maximum = element;
    index = n;
  }
  return index;
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

/** Returns whether a reduction results in the index of an element, not in a value. */
export function returnsIndex(name: KernelName): boolean {
  return name === "argmin" || name === "argmax";
}
