/**
 * The worker's side of `MapReduce.map()`.
 *
 * @module
 */

import { isErrorOf } from "../arguments/describe.ts";
import type { Queue } from "../channels/queue.ts";
import { functionAddress, functionName } from "../codec/functions.ts";
import { explainScope } from "../codec/scope_hint.ts";
import { task } from "../codec/task.ts";
import { Thrown } from "../codec/thrown.ts";
import { DataCloneError, StopProcessGroup } from "../errors.ts";
import type { EmptyObject } from "../loops/parallel_for.ts";
import type { Failure } from "../pool/chunks/chunk.ts";
import { currentIdentity } from "../runtime/start_request.ts";
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
  /** For each rank, the number of items up to the one that it works on; 0 if there is none. */
  current: Int32Array;
  rank: number;
  np: number;
}

/** Runs the work of one item after the other, until no item is left. Returns the error of an item. */
export const runItems: (share: WorkerShare) => Promise<Failure | undefined> = task(
  import.meta,
  async function runItems(share: WorkerShare): Promise<Failure | undefined> {
    const { work, context, items, results, critical, turns, current, rank, np } = share;
    for await (const [index, item] of items) {
      const ordered = new OrderedPassage(turns, index);
      current[rank] = index + 1;
      let result: unknown;
      try {
        result = await work(item, { critical, ordered, rank, np, context });
      } catch (error) {
        if (isErrorOf(error, StopProcessGroup)) {
          ordered.leave(); // other workers would wait forever for this item to pass
          return undefined;
        }
        return failure(error, index, work);
      }
      ordered.leave();
      try {
        results.putSync([index, result]);
      } catch (error) {
        if (isErrorOf(error, DataCloneError)) {
          error.message = error.message.replace("item[1]", "the result");
        }
        return failure(error, index, work);
      }
      current[rank] = 0;
    }
    return undefined;
  },
);

function failure(error: unknown, index: number, work: WorkerShare["work"]): Failure {
  explainScope(error, functionAddress(work));
  return {
    error: new Thrown(error),
    index,
    by: { task: functionName(work), worker: currentIdentity().name },
  };
}
