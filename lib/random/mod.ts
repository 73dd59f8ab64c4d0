/**
 * Reproducible random numbers for workers: seeds, and generators that cross and do not overlap.
 *
 * `Math.random` suffices for results that need not be reproducible: each worker draws other numbers,
 * under `deno run --seed` too. These generators draw the same numbers for the same seed, for any number
 * of workers and any timing.
 *
 * | function | for | distance of the generators |
 * |---|---|---|
 * | `streams(seed, n)` | a number of tasks that is known in advance | 2^64 draws |
 * | `random.spawn(n)` | tasks that start further tasks | random, in a period of 2^128 - 1 |
 * | `new SeedSequence(seed).spawn(n)` | seeds to pass on, as in NumPy | random |
 *
 * @example A stream for each task
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { type Random, streams } from "@sauropod/multiprocessing/random";
 * import { assertEquals } from "@std/assert";
 *
 * const roll = (random: Random) => random.integer(1, 7);
 * await using pool = new Pool(2);
 * const rolls = await pool.map(roll, streams(42, 10));
 * assertEquals(await pool.map(roll, streams(42, 10)), rolls);
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export { type Fillable, Random, type RandomState, streams } from "./random.ts";
export { type Seed, SeedSequence } from "./seed_sequence.ts";
