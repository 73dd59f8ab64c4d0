/** @module */

import { Pool, task } from "@sauropod/multiprocessing";
import type { StartPool } from "../pool.ts";
import * as tasks from "../tasks.ts";

const registered = {
  square: task(import.meta, tasks.square),
  integrand: task(import.meta, tasks.integrand),
  integrands: task(import.meta, tasks.integrands),
  same: task(import.meta, tasks.same),
  work: task(import.meta, tasks.work),
  endless: task(import.meta, tasks.endless),
} as Record<keyof typeof tasks, (arg: unknown) => unknown>;

/** Starts a pool of this package. */
export const start: StartPool = (workers) => {
  const pool = new Pool(workers);
  return {
    call: (task, arg) => pool.apply(registered[task], [arg]),
    map: (task, items) => pool.map(registered[task], items),
    callUntil: (task, arg, signal) => pool.apply(registered[task], [arg], { signal }),
  };
};
