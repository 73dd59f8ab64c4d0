/**
 * The worker's side of `MapReduce.map()`.
 *
 * @module
 */

import type { Queue } from "../channels/queue.ts";
import { task } from "../codec/task.ts";
import { StopProcessGroup } from "../errors.ts";
import type { EmptyObject } from "../loops/parallel_for.ts";
import type { Lock } from "../sync/lock.ts";
import { type Ordered, OrderedPassage, type Turns } from "./ordered.ts";

/** The second argument of the work of a `MapReduce`. */
export interface WorkTools<Context extends object = EmptyObject> {
  /** A lock for one worker at a time: `using _ = critical.acquireSync()`. */
  readonly critical: Lock;
  /** A section for one item at a time, in the order of the sequence: `using _ = ordered.enterSync()`. */
  readonly ordered: Ordered;
  /** Number of the worker, from 0. */
  readonly rank: number;
  /** Number of workers; 0 if the caller does all the work. */
  readonly np: number;
  /** The option `context` of the caller. */
  readonly context: Context;
}

/** What a worker needs to run its share of a map. Crosses. */
export interface WorkerShare {
  work: (item: unknown, tools: WorkTools<object>) => unknown;
  context: object;
  items: Queue<[index: number, item: unknown]>;
  results: Queue<[index: number, result: unknown]>;
  critical: Lock;
  turns: Turns;
  rank: number;
  np: number;
}

/** Runs the work of one item after the other, until no item is left. */
export const runItems: (share: WorkerShare) => Promise<void> = task(
  import.meta,
  async (share: WorkerShare): Promise<void> => {
    const { work, context, items, results, critical, turns, rank, np } = share;
    for await (const [index, item] of items) {
      const ordered = new OrderedPassage(turns, index);
      let result: unknown;
      try {
        result = await work(item, { critical, ordered, rank, np, context });
      } catch (error) {
        if (!(error instanceof StopProcessGroup)) throw error;
        ordered.leave(); // other workers would wait forever for this item to pass
        return;
      }
      ordered.leave();
      results.putSync([index, result]);
    }
  },
);
