/** @module */

import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import type { StartPool } from "../pool.ts";

/** Starts workerpool. */
export const start: StartPool = (workers) => {
  const pool = workerpool.pool(fileURLToPath(import.meta.resolve("./workerpool_worker.ts")), {
    minWorkers: workers,
    maxWorkers: workers,
    workerType: "thread",
  });
  const call = async (task: string, arg: unknown) => await pool.exec(task, [arg]);
  return {
    call,
    move: async (array) => await pool.exec("moved", [array], { transfer: [array.buffer] }),
    callUntil: async (task, arg, signal) => {
      const result = pool.exec(task, [arg]);
      signal.addEventListener("abort", () => result.cancel());
      return await result;
    },
  };
};
