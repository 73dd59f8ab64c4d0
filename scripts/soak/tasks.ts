/**
 * What the workers of a soak test run: tasks that end in a way that their item says.
 *
 * @module
 */

import { Pool, type Queue, task } from "@sauropod/multiprocessing";

/** How a task ends. */
export const faults = [
  "throw",
  "hostile error",
  "result cannot cross",
  "exit",
  "close",
  "error outside",
  "rejection outside",
  "late error",
  "hang",
  "compute",
] as const;

/** How a task ends; `"none"`: it returns. */
export type Fault = typeof faults[number] | "none";

/** What a task is given. */
export interface Item {
  id: number;
  fault: Fault;
  /** How long it takes before that, in milliseconds. */
  ms: number;
  /** Number of bytes that it returns. */
  bytes: number;
}

/** What a task returns. */
export interface Answer {
  id: number;
  bytes: Uint8Array;
}

/** The error that a task throws on purpose. */
export class SoakError extends Error {
  override name = "SoakError";
}
task(import.meta, SoakError);

const forever = () => new Promise<never>(() => {});

/** Ends as the item says. */
export const work = task(import.meta, async ({ id, fault, ms, bytes }: Item): Promise<Answer> => {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  switch (fault) {
    case "throw":
      throw new SoakError(`item ${id}`);
    case "hostile error":
      throw Object.defineProperty(new SoakError(), "message", {
        get() {
          throw new SoakError("a getter");
        },
      });
    case "result cannot cross":
      return { id, bytes: (() => {}) as never };
    case "exit":
      return Deno.exit(3);
    case "close":
      self.close();
      return await forever();
    case "error outside":
      setTimeout(() => {
        throw new SoakError(`outside of item ${id}`);
      }, 0);
      return await forever();
    case "rejection outside":
      Promise.reject(new SoakError(`outside of item ${id}`));
      return await forever();
    case "late error":
      console.error = () => {}; // it is reported, and there are many
      setTimeout(() => {
        throw new SoakError(`after item ${id}`);
      }, 0);
      break;
    case "hang":
      return await forever();
    case "compute": {
      const end = performance.now() + 400;
      while (performance.now() < end);
    }
  }
  return { id, bytes: new Uint8Array(bytes) };
});

/** Maps in a pool of the worker. */
export const nested = task(import.meta, async (items: Item[]): Promise<number[]> => {
  await using pool = new Pool(2);
  return (await pool.map(work, items)).map(({ id }) => id);
});

/** Puts numbers, and counts those that it has put. */
export const produce = task(
  import.meta,
  async (queue: Queue<number>, count: number, done: Int32Array, at: number, blocking: boolean) => {
    for (let item = 0; item < count; item++) {
      if (blocking) queue.putSync(item);
      else await queue.put(item);
      Atomics.add(done, at, 1);
    }
  },
);

/** Gets numbers until the queue is closed, and counts those that it has got. */
export const consume = task(
  import.meta,
  async (queue: Queue<number>, done: Int32Array, at: number) => {
    for await (const _ of queue) Atomics.add(done, at, 1);
  },
);
