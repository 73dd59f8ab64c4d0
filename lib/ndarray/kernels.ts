/**
 * The inner loops of reductions: code of WebAssembly for numbers, plain loops for bigints.
 *
 * @module
 */

import { memoryOf } from "../codec/buffers.ts";
import { instanceOn, scratchOf } from "../kernels/kernel.ts";
import { elementTypeOf, type KernelArray, viewLike } from "../kernels/typed_arrays.ts";
import type { ElementType } from "../kernels/ranges.ts";
import { elementAccess } from "./elements.ts";
import {
  type CodeName,
  COLUMN_BYTES,
  type DotExports,
  dotModule,
  MAX_RUN,
  type ReduceExports,
  reduceModule,
} from "./reduce_code.ts";
import type { AnyNdArrayData, ArrayClass, NdArray, NdArrayData } from "./types.ts";
import { gather, type Walk } from "./walk.ts";

export type { CodeName };

/** Elements next to each other where code of WebAssembly finds them. */
export interface Place {
  readonly memory: WebAssembly.Memory;
  readonly type: ElementType;
  /** Address of the first one, in bytes. */
  readonly address: number;
  /** Size of an element, in bytes. */
  readonly bytes: number;
}

/** Elements of smaller arrays are copied to the scratch memory: an instance for their memory takes longer. */
const MIN_IN_PLACE = 1 << 12;

/** Returns the place of an element of an array, by its index in `data`; `undefined` if code cannot use it. */
export function placeOf({ data, size }: NdArray, at: number): Place | undefined {
  const type = elementTypeOf(data);
  if (type === undefined || size < MIN_IN_PLACE) return undefined;
  const memory = data.buffer instanceof SharedArrayBuffer ? memoryOf(data.buffer) : undefined;
  if (memory === undefined) return undefined;
  const bytes = data.BYTES_PER_ELEMENT;
  return { memory, type, address: data.byteOffset + at * bytes, bytes };
}

/** Copies elements `from` to `to` of a walk to the scratch memory, after `offset` bytes that are in use. */
export function gatherPlace(
  array: NdArray,
  walk: Walk,
  from: number,
  to: number,
  offset = 0,
): Place {
  const { data } = array;
  const known = elementTypeOf(data);
  const type = known ?? "float64";
  const bytes = 1 << elementAccess[type].shift;
  const count = to - from;
  const memory = scratchOf(offset + count * bytes);
  const target = known === undefined
    ? new Float64Array(memory.buffer, offset, count)
    : viewLike(data as KernelArray, memory.buffer, offset, count);
  gather(array, walk, from, to, target, 0);
  return { memory, type, address: offset, bytes };
}

/** Returns a place some elements further on. */
export function placeAfter(place: Place, elements: number): Place {
  return { ...place, address: place.address + elements * place.bytes };
}

/** Combines the values of two halves. */
const combine: Readonly<Record<CodeName, (left: number, right: number) => number>> = {
  sum: (left, right) => left + right,
  prod: (left, right) => left * right,
  min: Math.min,
  max: Math.max,
};

/** Returns the code that reduces elements in a memory. */
function codeFor(name: CodeName, { type, memory }: Place): ReduceExports {
  return instanceOn(reduceModule(name, type), [memory, scratchOf(0)]) as ReduceExports;
}

/** Returns a function that reduces some elements next to each other, at least one, of a memory. */
export function runReducer(
  name: CodeName,
  place: Place,
): (address: number, count: number) => number {
  const { run } = codeFor(name, place);
  const reduce = (address: number, count: number): number => {
    if (count <= MAX_RUN) return run(address, count);
    const half = halfOf(count);
    const [first, second] = [address, address + half * place.bytes];
    return combine[name](reduce(first, half), reduce(second, count - half));
  };
  return reduce;
}

/** Returns how many elements are in the first half. */
export function halfOf(count: number): number {
  return Math.floor(count / 16) * 8;
}

/** Reduces elements `from` to `to` of a walk, which are copied in pieces. */
export function reduceWalk(
  name: CodeName,
  array: NdArray,
  walk: Walk,
  from: number,
  to: number,
): number {
  const count = to - from;
  if (count <= MAX_RUN) {
    const place = gatherPlace(array, walk, from, to);
    return codeFor(name, place).run(place.address, count);
  }
  const middle = from + halfOf(count);
  const first = reduceWalk(name, array, walk, from, middle);
  return combine[name](first, reduceWalk(name, array, walk, middle, to));
}

/**
 * Reduces columns that lie side by side.
 *
 * @param place of the first element of the first column
 * @param rowStep distance from one element of a column to the next
 * @returns their values, in the scratch memory
 */
export function reduceColumns(
  name: CodeName,
  place: Place,
  rowStep: number,
  rows: number,
  columns: number,
  arrayClass: ArrayClass,
): NdArrayData {
  const { lines } = codeFor(name, place);
  const { buffer } = scratchOf(columns * COLUMN_BYTES);
  lines(place.address, rowStep * place.bytes, rows, columns, 0);
  return new arrayClass(buffer, 0, columns);
}

/** Adds the products of elements of two places. */
export function dotRun(left: Place, right: Place, count: number): number {
  const module = dotModule(left.type, right.type);
  const { run } = instanceOn(module, [left.memory, right.memory]) as DotExports;
  return run(left.address, right.address, count);
}

/** Reduces bigints, which are typed as numbers. */
export function reduceBigs(
  name: CodeName,
  data: NdArrayData,
  at: number,
  step: number,
  count: number,
): number {
  let value = data[at];
  for (let n = 1; n < count; n++) {
    const element = data[at += step];
    if (name === "sum") value += element;
    else if (name === "prod") value *= element;
    else if (name === "min" ? element < value : element > value) value = element;
  }
  return value;
}

/** Returns the position of the first element that equals `value`; NaN equals NaN. */
export function positionOf(
  value: number | bigint,
  data: AnyNdArrayData,
  at: number,
  step: number,
  count: number,
): number {
  const elements = data as NdArrayData;
  const isNaN = value !== value;
  for (let n = 0; n < count; n++, at += step) {
    const element = elements[at];
    if (element === value || isNaN && element !== element) return n;
  }
  return -1;
}
