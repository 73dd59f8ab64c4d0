/**
 * Python's `sharedmem`: typed arrays on shared memory, and `MapReduce` with critical and ordered
 * sections.
 *
 * @example Workers that write to one array
 * ```ts
 * import { MapReduce, sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const squares = sharedArray("float64", 4);
 * await using workers = new MapReduce({ np: 2 });
 * await workers.map((i: number, { context: { squares } }) => {
 *   squares[i] = i * i;
 * }, [0, 1, 2, 3], { context: { squares } });
 * assertEquals([...squares], [0, 1, 4, 9]);
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export { StopProcessGroup, WorkerException } from "../errors.ts";
export { sharedArray } from "../memory/typed_arrays.ts";
export { type Background, background } from "./background.ts";
export { distribute } from "./distribute.ts";
export { MapReduce, type MapReduceOptions } from "./map_reduce.ts";
export type { Ordered } from "./ordered.ts";
export type { WorkTools } from "./run_items.ts";
