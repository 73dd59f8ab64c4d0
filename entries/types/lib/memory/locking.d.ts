// The declarations of lib/memory/locking.ts

import type { Lock } from "../sync/lock.d.ts";
import type { RLock } from "../sync/rlock.d.ts";

/** A lock that a shared value or array can have. */
export type SharedLock = Lock | RLock;

/**
 * Options of a shared value or array.
 *
 * @typeParam L the class of its lock; `false` if it has none
 */
export interface SharedOptions<L extends SharedLock | false = RLock> {
  /**
   * The lock that comes with it: `true` for an {@linkcode RLock} of its own, a lock to use that very
   * one, or `false` for none.
   *
   * @default {true}
   */
  lock?: L | true;
}

export {};
