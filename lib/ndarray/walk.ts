/**
 * Iteration over arrays of one shape in C order: the last axis varies fastest.
 *
 * A walk visits runs: consecutive elements at a constant distance in each of the arrays. Axes that are
 * contiguous in all arrays are merged into one, so an array without gaps is a single run.
 *
 * @module
 */

import { makeView } from "./array.ts";
import type { AnyNdArrayData, ArrayClass, Layout, NdArray, NdArrayData } from "./types.ts";

/** An iteration over arrays of one shape. */
export class Walk {
  /** Number of elements of each array. */
  readonly size: number;
  /** Distance between consecutive elements of a run, for each array. */
  readonly steps: readonly number[];
  /** Lengths of the axes, after merging. */
  readonly #shape: number[] = [];
  /** Strides along these axes, for each array. */
  readonly #strides: number[][];
  readonly #offsets: readonly number[];

  /** A walk over these arrays, which have this shape. */
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
    const isContiguous = last >= 0 &&
      strides.every((stride, array) => this.#strides[array][last] === stride * length);
    if (isContiguous) this.#shape[last] *= length;
    else this.#shape.push(length);
    strides.forEach((stride, array) =>
      this.#strides[array][isContiguous ? last : last + 1] = stride
    );
  }

  /** Number of elements of a run. */
  get runLength(): number {
    return this.#shape.at(-1)!;
  }

  /** Whether all elements form one run. */
  get isOneRun(): boolean {
    return this.#shape.length === 1;
  }

  /**
   * Visits elements `from` to `to`, exclusive, run by run.
   *
   * @param visit gets the start of the run in each array, in a list that is reused, and its length
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

/** Copies elements `from` to `to`, exclusive, of an array to `target`, starting at `at`. */
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

/** Copies the elements of an array to another of the same shape. */
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

/** Returns the elements of an array in C order: a view of its data if they are contiguous, or a copy. */
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

/** Returns a view of an array with a larger shape: axes of length 1 and missing axes are repeated. */
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
