/**
 * The lock that a shared value or array brings along.
 *
 * @module
 */

import { Lock } from "../sync/lock.ts";
import { RLock } from "../sync/rlock.ts";
import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";

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

/** The lock that the options ask for. */
export function lockOf(
  options: SharedOptions<SharedLock | false>,
  thing: string,
): SharedLock | false {
  checkOptions<{ lock?: unknown }>(`make ${thing}`, options, { lock: true });
  const { lock = true } = options;
  if (lock === true) return new RLock();
  if (lock === false || lock instanceof Lock || lock instanceof RLock) return lock;
  throw new TypeError(
    `Cannot make ${thing}: lock must be a Lock, an RLock, true or false, not ${describe(lock)}`,
  );
}

/** The error for a lock that was left out. */
export function noLock(thing: string): TypeError {
  return new TypeError(
    `Cannot get lock of ${thing}: it was made with lock: false. Leave that out, or use add, update ` +
      `and the like, which need no lock`,
  );
}
