/** @module */

import { fileURLToPath } from "node:url";
import { FixedThreadPool } from "poolifier";
import type { Movable, StartPool } from "../pool.ts";

/** Starts poolifier. */
export const start: StartPool = (workers) => {
  const worker = fileURLToPath(import.meta.resolve("./poolifier_worker.ts"));
  const pool = new FixedThreadPool<unknown, unknown>(workers, worker);
  return {
    call: (name, arg) => pool.execute(arg, name),
    move: (array) => pool.execute(array, "same", undefined, [array.buffer]) as Promise<Movable>,
    moveNote: "copied back",
    callUntil: (name, arg, signal) => pool.execute(arg, name, signal),
  };
};
