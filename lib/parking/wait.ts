/**
 * The two ways to wait: {@linkcode blockOn} blocks the isolate, {@linkcode awaitOn} returns a promise.
 *
 * An algorithm that waits is written once, as {@linkcode Steps}. The two ways differ only in how they
 * sleep on the word `WAKE` of their isolate: `Atomics.wait`, or one `Atomics.waitAsync` for all promises of
 * the isolate.
 *
 * A promise that waits keeps the program alive, as a pending read or a timer does.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import type { Address } from "../heap/address.ts";
import { hooks } from "../heap/hooks.ts";
import { stopRequested } from "../heap/isolate_record.ts";
import { ensureStackToRelease } from "../heap/stack.ts";
import { parkBlocking, parkBlockingAny } from "./park_blocking.ts";
import { neverSettled, stopError } from "./control.ts";
import { eitherSignal } from "./fiber.ts";
import { type Park, ParkResult, type Steps } from "./park.ts";
import { parkAsync, type PromiseWaiter } from "./park_async.ts";

export { isStopping, neverSettled, serveRequests, stopError, throwIfStopping } from "./control.ts";
export { fiberKeepsAlive, waitInFiber } from "./fiber.ts";
export { ParkResult, type Steps } from "./park.ts";
export { arm, countParkedPromises } from "./park_async.ts";
export { SpinBudget, spinUntilChanged } from "./spin.ts";
export { callLater, DeadlineTimer, TIMEOUT_MAX } from "./timer.ts";

/**
 * Runs the steps to their end, blocking the isolate while they sleep.
 *
 * @param object the object that an isolate must have a handle for to end the wait; 0 if there is none
 * @throws {DeadlockError} if a wait without time-out could only be ended by this isolate
 */
export function blockOn<T>(
  steps: Steps<T>,
  options?: WaitOptions,
  object: Address<"object"> = 0,
): T {
  ensureStackToRelease();
  const deadline = deadlineOf(options);
  if (stopRequested()) throw stopError(); // before the steps see effects of its own end
  let step = steps.next();
  while (!step.done) {
    let result: ParkResult;
    try {
      result = parkBlocking(step.value, deadline, object);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/**
 * Blocks the isolate until the steps of at least one of several algorithms have ended, or the time is up.
 * The other steps are abandoned, so they must change nothing, must not throw, and must hand on a wake-up
 * that they do not use.
 *
 * @param objects for each of them, the object that an isolate must have a handle for to end the wait; 0 if
 * there is none
 * @throws {DeadlockError} if a wait without time-out could only be ended by this isolate
 * @returns the indices of those that have ended; none if the time is up
 */
export function blockOnAny(
  all: readonly Steps<unknown>[],
  options: WaitOptions | undefined,
  objects: readonly Address<"object">[],
): number[] {
  ensureStackToRelease();
  const deadline = deadlineOf(options);
  if (stopRequested()) throw stopError();
  try {
    let results: (ParkResult | undefined)[] = all.map(() => undefined);
    for (;;) {
      // All of them check again, so those that are ready at the same time are found together.
      const steps = all.map((each, at) => resume(each, results[at]));
      const ended = [...steps.keys()].filter((at) => steps[at].done);
      if (ended.length > 0) return ended;
      const parks = steps.map(({ value }) => value as Park);
      results = parkBlockingAny(parks, deadline, objects);
      if (results.includes(ParkResult.TIMED_OUT)) return [];
    }
  } finally {
    for (const steps of all) steps.return(undefined);
  }
}

function resume<T>(steps: Steps<T>, result: ParkResult | undefined): IteratorResult<Park, T> {
  return result === undefined ? steps.next() : steps.next(result);
}

/**
 * Runs the steps to their end, leaving the isolate to others while they sleep.
 *
 * In a worker that was told to end, the promise is never settled: see {@linkcode neverSettled}.
 *
 * @param keepAlive whether the program stays alive meanwhile. If omitted, the fiber whose code is running
 * now decides, and its signal may end the wait
 */
export function awaitOn<T>(
  steps: Steps<T>,
  options?: WaitOptions,
  keepAlive?: boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    ensureStackToRelease();
    const deadline = deadlineOf(options);
    if (stopRequested()) return void neverSettled();
    const fiber = keepAlive === undefined ? hooks.currentFiber?.() : undefined;
    const signal = eitherSignal(options?.signal, fiber?.signal);
    const run = (step: IteratorResult<Park, T>) => {
      while (!step.done) {
        let result: ParkResult | undefined;
        try {
          result = parkAsync(step.value, deadline, waiter);
        } catch (error) {
          step = steps.throw(error);
          continue;
        }
        if (result === undefined) return;
        step = steps.next(result);
      }
      resolve(step.value);
    };
    const waiter: PromiseWaiter = {
      signal,
      keepAlive: keepAlive ?? fiber?.keepAlive ?? true,
      resume(result) {
        try {
          run(steps.next(result));
        } catch (error) {
          reject(error);
        }
      },
      abort() {
        try {
          run(steps.throw(waiter.signal!.reason));
        } catch (error) {
          reject(error);
        }
      },
    };
    run(steps.next()); // what it throws rejects the promise
  });
}
