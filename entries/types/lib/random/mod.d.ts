/**
 * Random numbers for workers: seeds, and generators that cross and do not overlap.
 *
 * `Math.random` is good for what need not come out the same again: each worker draws numbers of its
 * own, under `deno run --seed` too. The generators of this part give the same results for the same
 * seed, whatever the number of workers and whoever is quicker.
 *
 * | way | for | distance |
 * |---|---|---|
 * | `streams(seed, n)` | as many tasks as are known beforehand | 2^64 draws |
 * | `random.spawn(n)` | tasks that start others | by chance, in a period of 2^128 - 1 |
 * | `new SeedSequence(seed).spawn(n)` | seeds to be handed on, as NumPy's | by chance |
 *
 * @example Each task its own stream
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

export { type Fillable, Random, type RandomState, streams } from "./random.d.ts";
export { type Seed, SeedSequence } from "./seed_sequence.d.ts";

export {};
