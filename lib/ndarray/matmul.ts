/**
 * Products of matrices.
 *
 * The result is divided into tiles. Each element of it is the sum of its products in order, so it does not
 * depend on the tiles.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { task } from "../codec/task.ts";
import { threadsFor } from "../loops/num_threads.ts";
import type { AbortOptions } from "../loops/parallel_for.ts";
import { makeView, makeZeros } from "./array.ts";
import { commonShape } from "./broadcast.ts";
import { asShared } from "./create.ts";
import { asyncNames, checkFactor, type ProductOptions, syncNames, VERB } from "./factors.ts";
import { multiplyTile } from "./matmul_tile.ts";
import { type ArrayOf, dtypeOf, type NdArray, type NdArrayData } from "./types.ts";
import { repeated } from "./walk.ts";
import { type PartsWork, runWork, runWorkSync } from "./work.ts";

/** The typed array of a product: `float32` or `float16` if both factors have such elements, else `float64`. */
export type ProductData<A extends NdArrayData, B extends NdArrayData> = [A, B] extends
  [ArrayOf<"float16">, ArrayOf<"float16">] ? ArrayOf<"float16">
  : [A, B] extends [ArrayOf<"float16" | "float32">, ArrayOf<"float16" | "float32">]
    ? ArrayOf<"float32">
  : ArrayOf<"float64">;

/**
 * Multiplies matrices: each element of the result is the sum of the products of a row of `a` and a column of
 * `b`.
 *
 * - The last two axes are those of a matrix. Axes before them are stacks of matrices, and are broadcast, as by
 *   `broadcastTo`.
 * - An array of one axis is a row as `a` and a column as `b`; the result lacks the axis. For two of them,
 *   {@linkcode dot} returns a number.
 * - Products are computed and added as `float64`, in order. So the result is the same, bit for bit, as that of
 *   a plain loop, for any number of isolates and any strides. Its elements are `float32` if those of both
 *   arrays are `float32` (or `float16`), `float16` if both are, and else `float64`, of integers too.
 * - Large products are computed by the loop workers. Arrays that are not on shared memory are copied to it.
 *
 * Follows `numpy.matmul`. Integers do not wrap; those above 2^53 are rounded.
 *
 * @param a rows: an array of numbers of one axis or more
 * @param b columns: an array of numbers of one axis or more
 * @returns a new array on shared memory
 * @throws {RangeError} if the shapes do not match, or an array has no axes
 * @throws {TypeError} if one of them is not an ndarray of numbers, or an option is unknown
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example A matrix by a matrix, and by a vector
 * ```ts
 * import { fromArray, matmul, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const a = fromArray([1, 2, 3, 4], [2, 2]);
 * const b = fromArray([0, 1, 1, 0], [2, 2]);
 * assertEquals(tolist(await matmul(a, b)), [[2, 1], [4, 3]]);
 * assertEquals(tolist(await matmul(a, fromArray([10, 1]))), [12, 34]);
 * assertEquals(tolist(await matmul(a, a.transpose(1, 0))), [[5, 11], [11, 25]]);
 * ```
 */
export async function matmul<A extends NdArrayData, B extends NdArrayData>(
  a: NdArray<A>,
  b: NdArray<B>,
  options: ProductOptions & AbortOptions = {},
): Promise<NdArray<ProductData<A, B>>> {
  checkOptions(VERB, options, asyncNames);
  const result = await runWork(plan(a, b, options), options.signal);
  return result as NdArray as NdArray<ProductData<A, B>>;
}

/**
 * Multiplies as {@linkcode matmul} does, blocking the isolate, which computes parts too.
 *
 * @throws as {@linkcode matmul}
 *
 * @example Two matrices
 * ```ts
 * import { fromArray, matmulSync, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const a = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(tolist(matmulSync(a, a)), [[7, 10], [15, 22]]);
 * ```
 */
export function matmulSync<A extends NdArrayData, B extends NdArrayData>(
  a: NdArray<A>,
  b: NdArray<B>,
  options: ProductOptions = {},
): NdArray<ProductData<A, B>> {
  checkOptions(VERB, options, syncNames);
  return runWorkSync(plan(a, b, options)) as NdArray as NdArray<ProductData<A, B>>;
}

/** Maximum number of rows and columns of a tile. */
const MAX_ROWS = 128;
const MAX_COLUMNS = 512;
/** Maximum number of lines that are multiplied by a vector. */
const MAX_LINES = 2048;
/** Minimum number of rows of a tile: each tile packs its columns anew. */
const MIN_ROWS = 32;
/** Number of tiles per isolate, so that none waits long for another. */
const TILES_PER_THREAD = 4;
/** Minimum number of products to use workers for by default: below, the caller needs a millisecond. */
const MIN_PARALLEL_PRODUCTS = 1 << 22;

interface Context {
  /** Of shapes […stack, rows, depth] and […stack, depth, columns]. */
  left: NdArray;
  right: NdArray;
  /** Of shape […stack, rows, columns], without gaps. */
  out: NdArray;
  /** Number of rows and of columns of a tile. */
  tile: readonly [rows: number, columns: number];
}

function plan(
  a: NdArray,
  b: NdArray,
  { numThreads }: ProductOptions,
): PartsWork<Context, NdArray> {
  checkMatrix(a, "a");
  checkMatrix(b, "b");
  const left = a.dimension === 1 ? withAxis(a, 0) : a;
  const right = b.dimension === 1 ? withAxis(b, 1) : b;
  const [rows, depth] = left.shape.slice(-2);
  const [otherDepth, columns] = right.shape.slice(-2);
  if (depth !== otherDepth) throw mismatch(a, b);
  const stack = commonShape([left.shape.slice(0, -2), right.shape.slice(0, -2)], VERB);
  const out = makeZeros([...stack, rows, columns], productType(a, b));
  const wanted = threadsFor(numThreads);
  const isShort = out.size * depth < MIN_PARALLEL_PRODUCTS;
  const threads = numThreads === undefined && isShort ? 1 : wanted;
  const isSent = threads > 1;
  const stacked = (array: NdArray) =>
    repeated(isSent ? asShared(array) : array, [...stack, ...array.shape.slice(-2)]);
  const tile = tileOf(out, columns, threads);
  const tiles = Math.ceil(rows / tile[0]) * Math.ceil(columns / tile[1]);
  return {
    parts: depth === 0 || out.size === 0 ? 0 : tiles * (out.size / (rows * columns)),
    body: multiplyPart,
    context: { left: stacked(left), right: stacked(right), out, tile },
    threads,
    finish: () => withoutAxes(out, a.dimension === 1, b.dimension === 1),
  };
}

function checkMatrix(array: NdArray, name: string): void {
  checkFactor(array, name);
  if (array.dimension > 0) return;
  throw new RangeError(
    `Cannot ${VERB}: ${name} must have at least one axis. Multiply by a number with vectorize()`,
  );
}

function mismatch(a: NdArray, b: NdArray): RangeError {
  const axis = b.dimension === 1 ? "as many elements as b" : "as many columns as b has rows";
  return new RangeError(
    `Cannot ${VERB}: shapes [${a.shape}] and [${b.shape}] do not match: a must have ${axis}`,
  );
}

function productType(a: NdArray, b: NdArray): "float16" | "float32" | "float64" {
  const types = [a, b].map(({ data }) => dtypeOf(data));
  if (types.every((type) => type === "float16")) return "float16";
  return types.every((type) => type === "float16" || type === "float32") ? "float32" : "float64";
}

/** Returns an array with one more axis, of length 1. */
function withAxis({ data, shape, stride, offset }: NdArray, axis: number): NdArray {
  return makeView(data, shape.toSpliced(axis, 0, 1), stride.toSpliced(axis, 0, 0), offset);
}

/** Returns an array without the last but one axis, the last axis, or both. */
function withoutAxes(out: NdArray, rows: boolean, columns: boolean): NdArray {
  const keeps = (_: number, axis: number) =>
    !(rows && axis === out.dimension - 2 || columns && axis === out.dimension - 1);
  return makeView(out.data, out.shape.filter(keeps), out.stride.filter(keeps), out.offset);
}

function tileOf(out: NdArray, columns: number, threads: number): [rows: number, columns: number] {
  const rows = out.shape[out.dimension - 2];
  const width = Math.min(columns, rows === 1 ? MAX_LINES : MAX_COLUMNS);
  const wanted = threads === 1 ? 1 : threads * TILES_PER_THREAD;
  const share = Math.ceil(out.size / (width * wanted));
  return [Math.min(Math.max(share, MIN_ROWS), columns === 1 ? MAX_LINES : MAX_ROWS), width];
}

const multiplyPart = task(import.meta, (part: number, context: Context): void => {
  const { left, right, out, tile: [height, width] } = context;
  const stackAxes = out.dimension - 2;
  const [rows, columns] = out.shape.slice(-2);
  const depth = left.shape[stackAxes + 1];
  const across = Math.ceil(columns / width);
  const down = Math.ceil(rows / height);
  const column = part % across * width;
  const row = Math.floor(part / across) % down * height;
  const matrix = Math.floor(part / (across * down));
  const [leftRow, leftColumn] = left.stride.slice(-2);
  const [rightRow, rightColumn] = right.stride.slice(-2);
  multiplyTile(
    {
      data: left.data,
      at: offsetOf(left, matrix) + row * leftRow,
      count: Math.min(height, rows - row),
      lineStep: leftRow,
      depthStep: leftColumn,
    },
    {
      data: right.data,
      at: offsetOf(right, matrix) + column * rightColumn,
      count: Math.min(width, columns - column),
      lineStep: rightColumn,
      depthStep: rightRow,
    },
    depth,
    { data: out.data, at: offsetOf(out, matrix) + row * columns + column, rowStep: columns },
  );
});

/** Returns the index of the first element of a matrix in a stack, in C order. */
function offsetOf({ shape, stride, offset }: NdArray, matrix: number): number {
  for (let axis = shape.length - 3; axis >= 0; axis--) {
    offset += matrix % shape[axis] * stride[axis];
    matrix = Math.floor(matrix / shape[axis]);
  }
  return offset;
}
