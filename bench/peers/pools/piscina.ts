/** @module */

import { Piscina } from "piscina";
import type { StartPool } from "../pool.ts";

/** Starts piscina. */
export const start: StartPool = (workers) => {
  const pool = new Piscina({
    filename: import.meta.resolve("./piscina_worker.ts"),
    minThreads: workers,
    maxThreads: workers,
  });
  return {
    call: (name, arg) => pool.run(arg, { name }),
    move: (array) => pool.run(array, { name: "moved", transferList: [array.buffer] }),
    callUntil: (name, arg, signal) => pool.run(arg, { name, signal }),
  };
};
