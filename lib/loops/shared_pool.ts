/**
 * The pools that `Parallel` calls share. They are here, and not in `joblib`, because `stopTeam` ends
 * them too.
 *
 * @module
 */

import { Pool, submitterOf } from "../pool/pool.ts";

const pools = new Map<number, Pool>();

/** Returns the pool that `Parallel` calls with the same `nJobs` share, which has so many workers. */
export function sharedPool(workers: number): Pool {
  let pool = pools.get(workers);
  if (pool === undefined || submitterOf(pool).engine.broken !== undefined) {
    pools.set(workers, pool = new Pool(workers)); // one whose workers did not start is given up
  }
  return pool;
}

/** Terminates all shared pools; resolves when their workers have ended. */
export async function endSharedPools(): Promise<void> {
  const ended = [...pools.values()];
  pools.clear();
  for (const pool of ended) pool.terminate();
  await Promise.all(ended.map((pool) => pool.join()));
}
