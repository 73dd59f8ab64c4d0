/** @module */

import { FixedThreadPool } from "poolifier-web-worker";
import type { Movable, StartPool } from "../pool.ts";

/** Starts poolifier-web-worker. */
export const start: StartPool = (workers) => {
  const worker = new URL("poolifier_web_worker_worker.ts", import.meta.url);
  const pool = new FixedThreadPool<unknown, unknown>(workers, worker);
  return {
    call: (name, arg) => pool.execute(arg, name),
    move: (array) => pool.execute(array, "same", undefined, [array.buffer]) as Promise<Movable>,
    moveNote: "copied back",
    callUntil: (name, arg, signal) => pool.execute(arg, name, signal),
  };
};
