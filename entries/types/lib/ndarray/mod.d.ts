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

export {
  type AnyNdArrayData,
  type ArrayOf,
  type ArrayTypes,
  type BigDataType,
  type BigNdArrayData,
  type DataType,
  type ElementOf,
  type NdArray,
  type NdArrayData,
} from "./types.d.ts";
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
} from "./create.d.ts";
export { arange, linspace, type LinspaceOptions } from "./ranges.d.ts";
export { type FractionType, random, type RandomArrayOptions, randomSync } from "./random.d.ts";
export { broadcastTo } from "./broadcast.d.ts";
export { arraySplit, split } from "./split.d.ts";
export { concatenate, stack } from "./join.d.ts";
export { allClose, type AllCloseOptions, arrayEqual } from "./compare.d.ts";
export {
  vectorize,
  type VectorizedArguments,
  type VectorizeOptions,
  vectorizeSync,
} from "./vectorize.d.ts";
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
} from "./reductions.d.ts";
export { dot, dotSync } from "./dot.d.ts";
export { matmul, matmulSync, type ProductData } from "./matmul.d.ts";
export { type ProductOptions } from "./factors.d.ts";
export {
  type Reduced,
  type ReducedData,
  type ReduceOptions,
  type ReductionName,
} from "./reduce.d.ts";

export {};
