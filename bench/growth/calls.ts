/**
 * Curves of calls: how many items, calls and iterations a pool takes at once.
 *
 * @module
 */

import { Pool } from "@sauropod/multiprocessing";
import * as tasks from "../tasks.ts";
import { type Curve, type Patience, tens, timeOf } from "./curve.ts";

const WORKERS = 2;

/** The curves of calls. */
export const CALL_CURVES: readonly Curve[] = [
  {
    id: "map_numbers",
    title: "`map` over numbers",
    unit: "ns",
    plot: "map",
    sizes: tens(1, 7),
    measure: ofPool((pool, size) => {
      const numbers = Array.from({ length: size }, (_, at) => at / size);
      return () => pool.map(tasks.integrand, numbers);
    }, 1000),
  },
  {
    id: "map_strings",
    title: "`map` over strings of 20 characters",
    unit: "ns",
    plot: "map",
    sizes: tens(1, 6),
    measure: ofPool((pool, size) => {
      const strings = Array.from({ length: size }, (_, at) => String(at).padEnd(20, "x"));
      return () => pool.map(tasks.same, strings);
    }, 1000),
  },
  {
    id: "apply",
    title: "`apply`, called at once",
    unit: "µs",
    plot: "calls",
    sizes: tens(1, 6),
    measure: ofPool((pool, size) => async () => {
      await Promise.all(Array.from({ length: size }, (_, x) => pool.apply(tasks.square, [x])));
    }, 1),
  },
  {
    id: "imap",
    title: "`imap`, in a loop",
    unit: "µs",
    plot: "calls",
    sizes: tens(1, 6),
    measure: ofPool((pool, size) => async () => {
      for await (const _ of pool.imap(tasks.square, Array(size).fill(1)));
    }, 1),
  },
  {
    id: "imap_next",
    title: "`imap`, `next()` called at once",
    unit: "µs",
    plot: "calls",
    sizes: tens(1, 6),
    measure: ofPool((pool, size) => async () => {
      const results = pool.imap(tasks.square, Array(size).fill(1));
      await Promise.all(Array.from({ length: size }, () => results.next()));
    }, 1),
  },
];

/** Returns a measurement that makes runs with a pool whose workers have started. */
function ofPool(
  prepare: (pool: Pool, size: number) => () => Promise<unknown>,
  perMicrosecond: number,
): Curve["measure"] {
  return async (size: number, patience: Patience) => {
    await using pool = new Pool(WORKERS);
    const small = prepare(pool, 100);
    await timeOf(small, patience); // compiles
    return await timeOf(prepare(pool, size), patience) / size * perMicrosecond;
  };
}
