/**
 * NumPy's functions for arrays of `npm:ndarray` on shared memory: arrays of any dimension that workers
 * share without copying.
 *
 * Importing this module makes every ndarray cross to other workers: arrays on shared memory, and views
 * of them (`pick`, `lo`, `hi`, `step`, `transpose`, `split`), by reference; other arrays as copies. New
 * arrays are on shared memory.
 *
 * @example A slice in a worker
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const volume = zeros([4, 3, 2], "float32");
 * await using pool = new Pool(1);
 * await pool.apply((row: NdArray) => row.set(2, 7), [volume.pick(1, null, 0)]);
 * assertEquals(volume.get(1, 2, 0), 7);
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export type {
  AnyNdArrayData,
  ArrayOf,
  ArrayTypes,
  BigDataType,
  BigNdArrayData,
  DataType,
  ElementOf,
  NdArray,
  NdArrayData,
} from "./types.ts";
export {
  asShared,
  copy,
  empty,
  fromArray,
  fromIter,
  full,
  type Nested,
  ones,
  tolist,
  zeros,
} from "./create.ts";
export { arange, linspace, type LinspaceOptions } from "./ranges.ts";
export { type FractionType, random, type RandomArrayOptions, randomSync } from "./random.ts";
export { broadcastTo } from "./broadcast.ts";
export { arraySplit, split } from "./split.ts";
export { concatenate, stack } from "./join.ts";
export { allClose, type AllCloseOptions, arrayEqual } from "./compare.ts";
export {
  vectorize,
  type VectorizedArguments,
  type VectorizeOptions,
  vectorizeSync,
} from "./vectorize.ts";
export {
  argmax,
  argmaxSync,
  argmin,
  argminSync,
  max,
  maxSync,
  mean,
  meanSync,
  min,
  minSync,
  prod,
  prodSync,
  type Reduction,
  type ReductionSync,
  sum,
  sumSync,
} from "./reductions.ts";
export { dot, dotSync } from "./dot.ts";
export { matmul, matmulSync, type ProductData } from "./matmul.ts";
export type { ProductOptions } from "./factors.ts";
export type { Reduced, ReducedData, ReduceOptions, ReductionName } from "./reduce.ts";
