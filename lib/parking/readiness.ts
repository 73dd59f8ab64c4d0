/**
 * Waiting for the first of several objects that is ready.
 *
 * A {@linkcode Waitable} has steps that end when it is ready and change nothing. Waiting for
 * several objects runs the steps of all of them until the first ends: {@linkcode blockOnAny} sleeps in all
 * their queues at once, {@linkcode awaitOnAny} has a promise in each. The other waiters then leave their
 * queues. A waiter that was woken at the last moment checks once more and hands the wake-up that it does
 * not use to the next waiter of its queue.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { awaitOn, blockOnAny, type Steps } from "./wait.ts";

export { blockOnAny };

/** Steps that end with true when an object is ready, with false when the time is up. */
export type ReadySteps = Steps<boolean>;

/** The method of a {@linkcode Waitable}. */
export const readySteps: unique symbol = Symbol("readySteps");

/**
 * What `waitAny` and `waitAnySync` can wait for: a `Connection` (a message or the end of the other side),
 * a queue (an item or its end), an `Event` (set), a `Process` (ended), a `Listener` (a connection).
 */
// A class only because `deno doc --lint` wants the symbol in the public interface otherwise.
export abstract class Waitable {
  /** Returns the steps of waiting until the object is ready, for `waitAny`. They change nothing. */
  abstract [readySteps](): Generator<unknown, boolean, never>;
}

/** Returns the steps of waiting until an object is ready. */
export function readyStepsOf(object: Waitable): ReadySteps {
  return object[readySteps]() as Generator<unknown, boolean, never> as ReadySteps;
}

/** Whether an object is ready now. */
export function isReady(object: Waitable): boolean {
  const steps = readyStepsOf(object);
  const { done, value } = steps.next();
  steps.return(false);
  return done === true && value;
}

/** The reason with which the waits for the other objects are aborted. */
const OVER = Symbol("another was ready first");

/**
 * Waits until at least one of several objects is ready, or the time is up, leaving the isolate to others.
 *
 * @returns the indices of those that are ready; none if the time is up
 */
export async function awaitOnAny(
  all: readonly ReadySteps[],
  { timeoutMs, signal }: WaitOptions = {},
): Promise<number[]> {
  const over = new AbortController();
  const onAbort = () => over.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const waits = all.map((steps) => awaitOn(steps, { timeoutMs, signal: over.signal }));
  const end = () => over.abort(OVER);
  Promise.race(waits).then(end, end);
  const outcomes = await Promise.allSettled(waits);
  signal?.removeEventListener("abort", onAbort);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected" && outcome.reason !== OVER) throw outcome.reason;
  }
  return [...all.keys()].filter((at) => {
    const outcome = outcomes[at];
    return outcome.status === "fulfilled" && outcome.value;
  });
}
