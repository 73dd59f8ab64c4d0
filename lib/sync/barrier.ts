/**
 * A place where several wait for each other.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `OWNER`, its queue | who changes the other words: see `ownership.ts`; held for some instructions | everybody | | |
 * | `PARTIES` | how many wait for each other | the creator | | |
 * | `COUNT` | how many of this generation have come | the owner | | |
 * | `GENERATION` | number of times that all have passed, or it was reset | the owner | who has come, in `WAITERS` | who comes last, `reset` |
 * | `BROKEN` | 0: whole; otherwise broken, until `reset` | anybody, once it breaks; the deaths of waiters are added | everybody | who breaks it |
 * | `RUNNER` | the thread that runs the action and then lets all pass; 0: none | who comes last | who comes for the next generation, in `ENTRANCE` | the runner, its end |
 *
 * Who comes joins `WAITERS` while it owns the words, and frees them before it sleeps: so those whom
 * `COUNT` counts stand in the queue. One that times out, is aborted or dies leaves the queue first and
 * breaks the barrier then. The last to come lets all pass in one step, `passAll`, and only if all
 * whom it counted still stand there; so either all pass or none. What a waiter is told, `PASSED`, is
 * in its own node: the barrier may be in a later generation, or broken, when it goes on.
 *
 * @module
 */

import { BrokenBarrierError, DeadlockError, TaskLookupError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../atomics/deadline.ts";
import { i32 } from "../atomics/heap_views.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  SharedType,
} from "../atomics/shared_object.ts";
import { hasEnded, self, stopRequested } from "../atomics/thread.ts";
import { awaitOn, blockOn, Outcome, type Steps } from "../atomics/wait.ts";
import { passAll, QUEUE_WORDS, wakeAll } from "../atomics/wait_queue.ts";
import { functionAddress, functionAt, importFunction, nameAt } from "../codec/functions.ts";
import { acquiring, OWNERSHIP_WORDS, relinquish } from "./ownership.ts";

const OWNER = objectWord.FIRST;
const PARTIES = OWNER + OWNERSHIP_WORDS;
const COUNT = PARTIES + 1;
const GENERATION = COUNT + 1;
const BROKEN = GENERATION + 1;
const RUNNER = BROKEN + 1;
const WAITERS = RUNNER + 1;
const ENTRANCE = WAITERS + QUEUE_WORDS;
/** Address of the action's definition; 0 for none. */
const ACTION = ENTRANCE + QUEUE_WORDS;
/** How long a wait without a time of its own may last, in milliseconds; -1: no limit. */
const TIMEOUT = ACTION + 1;
const WORDS = TIMEOUT + 1;

/** What becomes of one that comes: it passes as number `index`, lets the others pass, or cannot. */
type Arrival =
  | { kind: "passed"; index: number }
  | { kind: "last"; index: number; generation: number }
  | { kind: "broken" };

const broken: Arrival = { kind: "broken" };

function isBroken(barrier: number): boolean {
  return Atomics.load(i32, barrier + BROKEN) !== 0;
}

function breakNow(barrier: number): void {
  Atomics.add(i32, barrier + BROKEN, 1);
  wakeAll(barrier + WAITERS);
  wakeAll(barrier + ENTRANCE);
}

/** Steps of owning the words, which is a matter of instructions. */
function* owning(barrier: number): Steps<void> {
  // Who died in the midst of it may have left the words half changed.
  if ((yield* acquiring(barrier + OWNER, true)) === "abandoned") breakNow(barrier);
}

/** Steps of breaking the generation that a waiter leaves, unless it is over. */
function* leaving(barrier: number, generation: number): Steps<void> {
  if (stopRequested()) return breakNow(barrier); // it may own nothing any more
  yield* owning(barrier);
  if (i32[barrier + GENERATION] === generation) breakNow(barrier);
  relinquish(barrier + OWNER);
}

/** Steps of coming in: waits until nobody runs the action of the generation before. */
function* entering(barrier: number): Steps<boolean> {
  for (;;) {
    yield* owning(barrier);
    const runner = i32[barrier + RUNNER];
    if (runner === 0 && !isBroken(barrier)) return true;
    relinquish(barrier + OWNER);
    if (isBroken(barrier)) return false;
    if (hasEnded(runner)) {
      breakNow(barrier);
      return false;
    }
    const generation = i32[barrier + GENERATION];
    let outcome: Outcome;
    try {
      outcome = yield {
        queue: barrier + ENTRANCE,
        word: barrier + RUNNER,
        expected: runner,
        ownerWord: barrier + RUNNER,
        unless: barrier + BROKEN,
      };
    } catch (reason) {
      if (!(reason instanceof DeadlockError)) yield* leaving(barrier, generation);
      throw reason;
    }
    if (outcome === Outcome.TIMED_OUT) {
      yield* leaving(barrier, generation);
      return false;
    }
  }
}

function* arriving(barrier: number): Steps<Arrival> {
  if (!(yield* entering(barrier))) return broken;
  const generation = i32[barrier + GENERATION];
  const index = i32[barrier + COUNT]++;
  if (index === i32[barrier + PARTIES] - 1) {
    if (i32[barrier + ACTION] === 0) return passing(barrier) ? { kind: "passed", index } : broken;
    Atomics.store(i32, barrier + RUNNER, self);
    relinquish(barrier + OWNER);
    return { kind: "last", index, generation };
  }
  let queued = false;
  for (;;) {
    let outcome: Outcome;
    try {
      outcome = yield {
        queue: barrier + WAITERS,
        word: barrier + GENERATION,
        expected: generation,
        ownerWord: barrier + RUNNER,
        unless: barrier + BROKEN,
        deadWord: barrier + BROKEN,
        onQueued: queued ? undefined : () => {
          queued = true;
          relinquish(barrier + OWNER);
        },
      };
    } catch (reason) {
      if (!queued) relinquish(barrier + OWNER);
      yield* leaving(barrier, generation);
      throw reason;
    }
    if (outcome === Outcome.PASSED) return { kind: "passed", index };
    if (!queued) {
      queued = true;
      relinquish(barrier + OWNER);
    }
    if (outcome === Outcome.TIMED_OUT) {
      yield* leaving(barrier, generation);
      return broken;
    }
    if (isBroken(barrier) || Atomics.load(i32, barrier + GENERATION) !== generation) return broken;
    if (hasEnded(Atomics.load(i32, barrier + RUNNER))) {
      breakNow(barrier);
      return broken;
    }
  }
}

/** Lets all pass, if none has left meanwhile, and frees the words. */
function passing(barrier: number): boolean {
  const passed = !isBroken(barrier) && passAll(barrier + WAITERS, i32[barrier + PARTIES] - 1);
  if (passed) {
    i32[barrier + COUNT] = 0;
    Atomics.add(i32, barrier + GENERATION, 1);
  } else {
    breakNow(barrier);
  }
  relinquish(barrier + OWNER);
  return passed;
}

/** Steps of letting all pass after the action. */
function* finishing(barrier: number, generation: number): Steps<boolean> {
  yield* owning(barrier);
  endAction(barrier);
  if (i32[barrier + GENERATION] === generation) return passing(barrier);
  relinquish(barrier + OWNER); // it was reset meanwhile
  return false;
}

/** Steps of breaking the barrier because the action failed. */
function* failing(barrier: number, generation: number): Steps<void> {
  yield* owning(barrier);
  endAction(barrier);
  if (i32[barrier + GENERATION] === generation) breakNow(barrier);
  relinquish(barrier + OWNER);
}

function endAction(barrier: number): void {
  Atomics.store(i32, barrier + RUNNER, 0);
  wakeAll(barrier + ENTRANCE);
}

function* resetting(barrier: number): Steps<void> {
  yield* owning(barrier);
  i32[barrier + COUNT] = 0;
  Atomics.add(i32, barrier + GENERATION, 1);
  Atomics.store(i32, barrier + BROKEN, 0);
  const runner = i32[barrier + RUNNER];
  if (runner !== 0 && hasEnded(runner)) endAction(barrier);
  wakeAll(barrier + WAITERS);
  relinquish(barrier + OWNER);
}

/** Options of a {@linkcode Barrier}. */
export interface BarrierOptions {
  /**
   * Called by the last that comes, before all go on: a task, a built-in function, or one that sees
   * nothing outside itself. If it throws, the barrier is broken.
   */
  action?: () => unknown;
  /**
   * How long to wait when {@linkcode Barrier.wait} is not told, in milliseconds.
   *
   * @default {Infinity}
   */
  timeoutMs?: number;
}

/** The actions of barriers that were made here: they may see what is around them. */
const ownActions = new WeakMap<Barrier, () => unknown>();

/**
 * A place where a number of workers wait for each other.
 *
 * - All go on together, or none: when one that waits times out, is aborted or dies, the barrier
 *   is broken, and all get {@linkcode BrokenBarrierError}, until {@linkcode Barrier.reset}.
 * - It can be used again and again.
 * - It may be sent anywhere. Each async task of a worker counts as one that comes.
 *
 * Follows Python's `multiprocessing.Barrier`; that a death breaks it is new.
 *
 * @example Two that wait for each other
 * ```ts
 * import { Barrier } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const numbers = await Promise.all([barrier.wait(), barrier.wait()]);
 * assertEquals(numbers.toSorted(), [0, 1]);
 * ```
 */
export class Barrier extends SharedHandle {
  /**
   * Makes a barrier for so many parties.
   *
   * @throws {RangeError} if `parties` is not a whole number of at least 1
   * @throws {TypeError} if `action` is not a function, or `timeoutMs` not a number
   * @throws {DataCloneError} if `action` cannot be sent
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    if (!Number.isInteger(parties) || parties < 1) {
      throw new RangeError(
        `Cannot make barrier: parties must be a whole number of at least 1, not ${String(parties)}`,
      );
    }
    const { action, timeoutMs } = options;
    if (action !== undefined && typeof action !== "function") {
      throw new TypeError(`Cannot make barrier: action must be a function, not ${typeof action}`);
    }
    const limited = deadlineOf({ timeoutMs }) !== Infinity;
    const barrier = createObject(SharedType.BARRIER, WORDS);
    i32[barrier + PARTIES] = parties;
    i32[barrier + ACTION] = action === undefined ? 0 : functionAddress(action);
    i32[barrier + TIMEOUT] = limited
      ? Math.min(Math.ceil(Math.max(timeoutMs!, 0)), 2 ** 31 - 1)
      : -1;
    super(barrier);
    if (action !== undefined) ownActions.set(this, action);
  }

  /**
   * Waits until all parties have come.
   *
   * @returns a number from 0 to `parties - 1`, another for each: the order in which they came
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws what the action throws, where it was called
   * @throws the reason of `signal`, if that is aborted first; the barrier is broken then
   */
  async wait(options?: WaitOptions): Promise<number> {
    const arrival = await awaitOn(arriving(this.address), timed(this.address, options));
    if (arrival.kind === "last") {
      const { generation } = arrival;
      try {
        const definition = i32[this.address + ACTION];
        const action = actionOf(this, definition) ?? await importFunction(definition);
        await (action as () => unknown)();
      } catch (error) {
        await awaitOn(failing(this.address, generation));
        throw error;
      }
      if (!await awaitOn(finishing(this.address, generation))) throw brokenError();
    }
    return judge(arrival);
  }

  /**
   * Blocks the thread until all parties have come.
   *
   * @returns a number from 0 to `parties - 1`, another for each: the order in which they came
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws {TypeError} if the action returns a promise: use {@linkcode Barrier.wait}
   * @throws {TaskLookupError} if the action is in a module that this worker has not imported
   * @throws what the action throws, where it was called
   * @throws {TerminatedError} if this worker is told to end
   */
  waitSync(options?: WaitOptions): number {
    const arrival = blockOn(arriving(this.address), timed(this.address, options));
    if (arrival.kind === "last") {
      const { generation } = arrival;
      try {
        const definition = i32[this.address + ACTION];
        runNow(actionOf(this, definition), definition);
      } catch (error) {
        blockOn(failing(this.address, generation));
        throw error;
      }
      if (!blockOn(finishing(this.address, generation))) throw brokenError();
    }
    return judge(arrival);
  }

  /**
   * Makes the barrier new: those who wait get {@linkcode BrokenBarrierError}, those who come later
   * wait for each other again.
   */
  reset(): void {
    blockOn(resetting(this.address));
  }

  /** Breaks the barrier: those who wait, and those who come, get {@linkcode BrokenBarrierError}. */
  abort(): void {
    breakNow(this.address);
  }

  /** How many wait for each other. */
  get parties(): number {
    return i32[this.address + PARTIES];
  }

  /** How many wait at this moment. */
  get nWaiting(): number {
    return isBroken(this.address) ? 0 : Atomics.load(i32, this.address + COUNT);
  }

  /** Whether it is broken. */
  get broken(): boolean {
    return isBroken(this.address);
  }
}

function timed(barrier: number, options: WaitOptions | undefined): WaitOptions | undefined {
  const timeoutMs = i32[barrier + TIMEOUT];
  if (timeoutMs < 0 || options?.timeoutMs !== undefined) return options;
  return { ...options, timeoutMs };
}

/** The action as it is here; `undefined` if its module must be imported first. */
function actionOf(barrier: Barrier, definition: number): (() => unknown) | undefined {
  return (ownActions.get(barrier) ?? functionAt(definition)) as (() => unknown) | undefined;
}

function runNow(action: (() => unknown) | undefined, definition: number): void {
  if (action === undefined) {
    throw new TaskLookupError(
      `Cannot run action ${nameAt(definition)}: its module is not imported here, and a ` +
        "blocking call cannot import it. Import the module first, or use wait()",
    );
  }
  const result = action() as PromiseLike<unknown> | undefined;
  if (typeof result?.then === "function") {
    result.then(undefined, () => {}); // it is this error that ends the wait
    throw new TypeError(
      "Cannot wait: the action returns a promise, and waitSync() cannot wait for it. Use wait()",
    );
  }
}

function judge(arrival: Arrival): number {
  if (arrival.kind === "broken") throw brokenError();
  return arrival.index;
}

function brokenError(): BrokenBarrierError {
  return new BrokenBarrierError(
    "Cannot wait: the barrier is broken, or was reset, by a timeout, an error or a death among " +
      "those who wait. Call reset() to use it again",
  );
}

defineType(SharedType.BARRIER, { revive: reviveAs(Barrier) });
