// The declarations of lib/sharedmem/run_items.ts

import type { EmptyObject } from "../loops/parallel_for.d.ts";
import type { Lock } from "../sync/lock.d.ts";
import type { Ordered } from "./ordered.d.ts";

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

export {};
