/**
 * The lines of matrices that are multiplied.
 *
 * @module
 */

import { memoryOf } from "../codec/buffers.ts";
import { elementTypeOf } from "../kernels/typed_arrays.ts";
import type { NdArrayData } from "./types.ts";

/** The part of a matrix that a tile needs, as lines: rows of the left matrix, columns of the right one. */
export interface Lines {
  readonly data: NdArrayData;
  /** Index of the first element of the first line. */
  readonly at: number;
  readonly count: number;
  /** Distance from one line to the next, and from one element of a line to the next. */
  readonly lineStep: number;
  readonly depthStep: number;
}

/** Fewer elements are read in JavaScript: that takes less time than an instance. */
const MIN_COMPILED = 1 << 12;

/** Returns the memory in which code finds the elements of lines of some depth; `undefined` if it does not. */
export function memoryOfLines(
  { data, count }: Lines,
  depth: number,
): WebAssembly.Memory | undefined {
  if (elementTypeOf(data) === undefined || count * depth < MIN_COMPILED) return undefined;
  return data.buffer instanceof SharedArrayBuffer ? memoryOf(data.buffer) : undefined;
}
