/**
 * What the workers of a soak test run: tasks that end in a way that their item says.
 *
 * @module
 */

import {
  AbandonedLockError,
  type Lock,
  Pool,
  type Queue,
  type RawValue,
  task,
} from "@sauropod/multiprocessing";

/** How a task ends, in whatever it runs. */
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

/** How a task ends, in a process of the operating system only. */
export const processFaults = [
  "fill heap",
  "compute for ever",
  "stop process",
  "kill process",
  "kill process, leave subprocess",
] as const;

/** How a task ends; `"none"`: it returns. */
export type Fault = typeof faults[number] | typeof processFaults[number] | "none";

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

function fillHeap(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 1000 }, (_, at) => ({ at })));
}

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
      break;
    }
    case "fill heap":
      return fillHeap();
    case "compute for ever":
      for (;;);
    case "stop process":
      Deno.kill(Deno.pid, "SIGSTOP");
      break; // another fault may have continued it
    case "kill process, leave subprocess":
      new Deno.Command("sleep", { args: ["20"], stdin: "null" }).spawn();
      Deno.kill(Deno.pid, "SIGKILL");
      return await forever();
    case "kill process":
      Deno.kill(Deno.pid, "SIGKILL");
      return await forever();
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
  async (queue: Queue<number>, count: number, put: RawValue<"int32">, blocking: boolean) => {
    for (let item = 0; item < count; item++) {
      if (blocking) queue.putSync(item);
      else await queue.put(item);
      put.add(1);
    }
  },
);

/** Gets numbers until the queue is closed, and counts those that it has got. */
export const consume = task(import.meta, async (queue: Queue<number>, got: RawValue<"int32">) => {
  for await (const _ of queue) got.add(1);
});

/**
 * Adds to a sum of which only the owner of the lock may write, and counts how often it did. The lock may have
 * been abandoned by its owner.
 */
export const addInTurn = task(
  import.meta,
  async (
    lock: Lock,
    sum: RawValue<"int32">,
    count: number,
    added: RawValue<"int32">,
    blocking: boolean,
  ) => {
    for (let time = 0; time < count; time++) {
      try {
        if (blocking) lock.acquireSync();
        else await lock.acquire();
      } catch (error) {
        if (!(error instanceof AbandonedLockError)) throw error;
      }
      sum.value = sum.value + 1; // two steps: others could come between them
      added.add(1);
      lock.release();
    }
  },
);
