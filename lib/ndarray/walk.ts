/**
 * Walking through arrays of one shape in C order, the last axis running fastest.
 *
 * The walk goes in runs: elements that are equally far apart in each of the arrays. Axes that lie one
 * behind the other in all arrays are taken as one, so an array without gaps is a single run.
 *
 * @module
 */

import { makeView } from "./array.ts";
import type { AnyNdArrayData, ArrayClass, Layout, NdArray, NdArrayData } from "./types.ts";

/** A walk through arrays of one shape. */
export class Walk {
  /** Number of elements of each array. */
  readonly size: number;
  /** Distance between neighbours of a run, for each array. */
  readonly steps: readonly number[];
  /** Lengths of the axes, those without gaps between them taken together. */
  readonly #shape: number[] = [];
  /** The strides along these axes, for each array. */
  readonly #strides: number[][];
  readonly #offsets: readonly number[];

  /** A walk through these arrays, which have the shape. */
  constructor(shape: readonly number[], arrays: readonly Layout[]) {
    this.size = shape.reduce((product, length) => product * length, 1);
    this.#offsets = arrays.map(({ offset }) => offset);
    this.#strides = arrays.map(() => []);
    shape.forEach((length, axis) => {
      if (length !== 1) this.#addAxis(length, arrays.map(({ stride }) => stride[axis]));
    });
    if (this.#shape.length === 0) this.#addAxis(1, arrays.map(() => 0));
    this.steps = this.#strides.map((strides) => strides.at(-1)!);
  }

  #addAxis(length: number, strides: number[]): void {
    const last = this.#shape.length - 1;
    const gapless = last >= 0 &&
      strides.every((stride, array) => this.#strides[array][last] === stride * length);
    if (gapless) this.#shape[last] *= length;
    else this.#shape.push(length);
    strides.forEach((stride, array) => this.#strides[array][gapless ? last : last + 1] = stride);
  }

  /** Whether all elements are one run. */
  get isOneRun(): boolean {
    return this.#shape.length === 1;
  }

  /**
   * Visits elements `from` to `to`, run by run.
   *
   * @param visit gets where the run begins in each array, in a list that is used again, and its length
   */
  runs(from: number, to: number, visit: (at: readonly number[], count: number) => void): void {
    const shape = this.#shape;
    const inner = shape[shape.length - 1];
    const at = new Array<number>(this.#offsets.length);
    while (from < to) {
      const within = from % inner;
      const count = Math.min(inner - within, to - from);
      for (let array = 0; array < at.length; array++) {
        at[array] = this.#offsets[array] + within * this.steps[array];
      }
      let outer = Math.floor(from / inner);
      for (let axis = shape.length - 2; axis >= 0 && outer > 0; axis--) {
        const index = outer % shape[axis];
        for (let array = 0; array < at.length; array++) {
          at[array] += index * this.#strides[array][axis];
        }
        outer = Math.floor(outer / shape[axis]);
      }
      visit(at, count);
      from += count;
    }
  }
}

/** Copies elements `from` to `to` of an array to `target`, from `at` on. */
export function gather(
  array: NdArray<AnyNdArrayData>,
  walk: Walk,
  from: number,
  to: number,
  target: AnyNdArrayData,
  at: number,
): void {
  const source = array.data as NdArrayData;
  const into = target as NdArrayData;
  const [step] = walk.steps;
  walk.runs(from, to, ([start], count) => {
    if (step === 1) into.set(source.subarray(start, start + count), at);
    else for (let n = 0, p = start; n < count; n++, p += step) into[at + n] = source[p];
    at += count;
  });
}

/** Sets the elements of an array to those of another of its shape. */
export function assign(target: NdArray<AnyNdArrayData>, source: NdArray<AnyNdArrayData>): void {
  const into = target.data as NdArrayData;
  const from = source.data as NdArrayData;
  const walk = new Walk(target.shape, [target, source]);
  const [intoStep, fromStep] = walk.steps;
  walk.runs(0, walk.size, ([at, start], count) => {
    if (intoStep === 1 && fromStep === 1) into.set(from.subarray(start, start + count), at);
    else {
      for (let n = 0; n < count; n++, at += intoStep, start += fromStep) into[at] = from[start];
    }
  });
}

/** The elements of an array in C order: a part of its own data if they lie there so, or a copy. */
export function inOrder<Data extends AnyNdArrayData>(array: NdArray<Data>): Data {
  const walk = new Walk(array.shape, [array]);
  const data = array.data as NdArrayData;
  if (walk.isOneRun && walk.steps[0] === 1) {
    return data.subarray(array.offset, array.offset + walk.size) as unknown as Data;
  }
  const ordered = new (data.constructor as ArrayClass)(walk.size);
  gather(array, walk, 0, walk.size, ordered, 0);
  return ordered as unknown as Data;
}

/** A view of an array as a longer shape: axes of length 1, and those it lacks, are repeated. */
export function repeated<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  shape: readonly number[],
): NdArray<Data> {
  const missing = shape.length - array.shape.length;
  const stride = shape.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || array.shape[own] === 1 ? 0 : array.stride[own];
  });
  return makeView(array.data, shape, stride, array.offset);
}
