/** @module */

import { Tinypool } from "tinypool";
import type { StartPool } from "../pool.ts";

/** Starts tinypool, whose `useAtomics` has it hang on Deno with two tasks at once. */
export const start: StartPool = (workers) => {
  const pool = new Tinypool({
    filename: import.meta.resolve("./tinypool_worker.ts"),
    minThreads: workers,
    maxThreads: workers,
    useAtomics: false,
  });
  return {
    call: (name, arg) => pool.run(arg, { name }),
    move: (array) => pool.run(array, { name: "moved", transferList: [array.buffer] }),
    callUntil: (name, arg, signal) => pool.run(arg, { name, signal }),
  };
};
