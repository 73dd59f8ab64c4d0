/** @module */

import { transfer, wrap } from "comlink";
import type { Movable, StartPool } from "../pool.ts";

/** Starts workers with comlink, which take calls in turn, since it has no pool. */
export const start: StartPool = (count) => {
  const workers = Array.from({ length: count }, () => {
    const url = new URL("comlink_worker.ts", import.meta.url);
    return wrap<Record<string, (arg: unknown) => unknown>>(new Worker(url, { type: "module" }));
  });
  let calls = 0;
  const next = () => workers[calls++ % count];
  return {
    call: (task, arg) => next()[task](arg) as Promise<unknown>,
    move: (array) => next().moved(transfer(array, [array.buffer])) as Promise<Movable>,
  };
};
