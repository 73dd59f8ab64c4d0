/**
 * A place where several wait for each other.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `PARTIES` | how many wait for each other | the creator | | |
 * | `COUNT` | how many of this generation have come | who comes | | |
 * | `STATE` | twice the number of the generation, plus `BROKEN` 1 | who comes last, who breaks it, `reset` | who has come, in `WAITERS` | whoever writes it |
 * | `RUNNER` | the thread that runs the action and then lets all pass, or that did so when it was reset; 0: none | who comes last, the runner | who comes for the next generation, in `ENTRANCE` | the runner, its end, who breaks it, `reset` |
 *
 * Transitions of `STATE`: whole -> broken; whole -> the next, whole (all pass, or reset); broken ->
 * the next, whole (reset).
 *
 * `COUNT`, `STATE` and `RUNNER` are written inside the guard of `WAITERS`, and what ends a generation
 * tells all who stand there in the same section: so those who stand there are of this generation, and
 * either all of them pass or none. What one is told, `PASSED` or `BROKEN`, is in its own node: the
 * barrier may be in a later generation, or broken, when it goes on.
 *
 * One that times out, is aborted or dies breaks its generation in the section in which it leaves the
 * queue. Who comes last when one has died that still stands there finds one too few living, and breaks
 * it as well.
 *
 * A guard and not a lock, since a lock is taken from a thread that is terminated, which still goes on
 * until its next wait: it would write what is not its own any more.
 *
 * @module
 */

import { BrokenBarrierError, DataCloneError, TaskLookupError, TimeoutError } from "../errors.ts";
import { checkWaitOptions, deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureStack } from "../heap/stack.ts";
import { hasEnded, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, ParkResult, type Steps } from "../parking/wait.ts";
import {
  countWaiters,
  NodeState,
  QUEUE_WORDS,
  resumeGroup,
  wakeAll,
  withQueueGuard,
} from "../parking/wait_queue.ts";
import { functionAddress, functionAt, functionNameAt, importFunction } from "../codec/functions.ts";

/** The number of this type among shared objects. */
const TYPE = 12;

const PARTIES = objectWord.FIRST;
const COUNT = PARTIES + 1;
const STATE = COUNT + 1;
const RUNNER = STATE + 1;
const WAITERS = RUNNER + 1;
const ENTRANCE = WAITERS + QUEUE_WORDS;
/** Address of the action's definition; 0 for none. */
const ACTION = ENTRANCE + QUEUE_WORDS;
/** How long a wait without a time of its own may last, in milliseconds; -1: no limit. */
const TIMEOUT = ACTION + 1;
const WORDS = TIMEOUT + 1;

/** The bit of `STATE` that says that the generation is broken. */
const BROKEN = 1;

/** What becomes of one that comes. */
type Arrival =
  /** It passes, as number `index`. */
  | { kind: "passed"; index: number }
  /** It runs the action, then lets the others pass. */
  | { kind: "last"; index: number; state: number }
  | { kind: "broken" }
  /** Those before it could not go on in time. */
  | { kind: "not let in" };

/** What one that comes finds: it has to wait with those who have come, or for those before. */
type Finding = Arrival | { kind: "waits"; state: number } | { kind: "early"; runner: number };

const broken = { kind: "broken" } as const;

/** Breaks this generation. Inside the guard. */
function breakNow(barrier: number): typeof broken {
  Atomics.or(i32, barrier + STATE, BROKEN);
  resumeGroup(barrier + WAITERS, NodeState.BROKEN);
  return broken;
}

/** Breaks the generation that `state` is of, unless it is over. */
function breakIf(barrier: number, state: number): typeof broken {
  withQueueGuard(barrier + WAITERS, () => i32[barrier + STATE] === state && breakNow(barrier));
  wakeAll(barrier + ENTRANCE);
  return broken;
}

/** Lets all pass, if those who came still stand there. Inside the guard. */
function passNow(barrier: number): boolean {
  if (countWaiters(barrier + WAITERS) !== i32[barrier + PARTIES] - 1) {
    breakNow(barrier);
    return false;
  }
  i32[barrier + COUNT] = 0;
  Atomics.add(i32, barrier + STATE, 2);
  resumeGroup(barrier + WAITERS, NodeState.PASSED);
  return true;
}

/** Comes, if it is the last or need not wait. Inside the guard. */
function come(barrier: number): Finding {
  const state = i32[barrier + STATE];
  if ((state & BROKEN) !== 0) return broken;
  const runner = i32[barrier + RUNNER];
  const index = i32[barrier + COUNT];
  if (runner !== 0) {
    if (!hasEnded(runner)) return { kind: "early", runner };
    if (index === i32[barrier + PARTIES]) return breakNow(barrier);
    Atomics.store(i32, barrier + RUNNER, 0); // it ran for a generation before a reset
  }
  if (index < i32[barrier + PARTIES] - 1) return { kind: "waits", state };
  i32[barrier + COUNT]++;
  if (i32[barrier + ACTION] === 0) return passNow(barrier) ? { kind: "passed", index } : broken;
  Atomics.store(i32, barrier + RUNNER, thisIsolate);
  // Who ended this thread may have looked for those who wait for it before it was the runner.
  return hasEnded(thisIsolate) ? breakNow(barrier) : { kind: "last", index, state };
}

function* arriving(barrier: number): Steps<Arrival> {
  for (;;) {
    const found = withQueueGuard(barrier + WAITERS, () => come(barrier));
    if (found.kind === "early") {
      const outcome = yield {
        queue: barrier + ENTRANCE,
        word: barrier + RUNNER,
        expected: found.runner,
        ownerWord: barrier + RUNNER,
        admit: () => (Atomics.load(i32, barrier + STATE) & BROKEN) === 0,
      };
      if (outcome === ParkResult.TIMED_OUT) return { kind: "not let in" };
      continue;
    }
    if (found.kind !== "waits") return found;
    const { state } = found;
    let index = 0;
    let outcome: ParkResult;
    try {
      outcome = yield {
        queue: barrier + WAITERS,
        word: barrier + STATE,
        expected: state,
        ownerWord: barrier + RUNNER,
        group: barrier + STATE,
        admit: () => {
          const comes = i32[barrier + RUNNER] === 0 &&
            i32[barrier + COUNT] < i32[barrier + PARTIES] - 1;
          if (comes) index = i32[barrier + COUNT]++;
          return comes; // otherwise it is the last by now, or early
        },
      };
    } catch (reason) {
      breakIf(barrier, state);
      throw reason;
    }
    if (outcome === ParkResult.PASSED) return { kind: "passed", index };
    if (outcome !== ParkResult.CHANGED) return breakIf(barrier, state);
  }
}

/**
 * Ends the action that was run for the generation of `state`, and lets all pass if it succeeded.
 *
 * @returns whether they pass
 */
function endAction(barrier: number, state: number, succeeded: boolean): boolean {
  const passed = withQueueGuard(barrier + WAITERS, () => {
    Atomics.compareExchange(i32, barrier + RUNNER, thisIsolate, 0); // another, if this one counts as dead
    if (i32[barrier + STATE] !== state) return false;
    return succeeded ? passNow(barrier) : breakNow(barrier) !== broken;
  });
  wakeAll(barrier + ENTRANCE);
  return passed;
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

const barrierNames: OptionNames<BarrierOptions> = { action: true, timeoutMs: true };

/** The actions of barriers that were made here: they may see what is around them. */
const ownActions = new WeakMap<Barrier, () => unknown>();

/**
 * A place where a number of workers wait for each other.
 *
 * - All go on together, or none: when one that waits times out, is aborted or dies, the barrier
 *   is broken, and all get {@linkcode BrokenBarrierError}, until {@linkcode Barrier.reset}.
 * - It can be used again and again. Who comes while the action of those before still runs waits
 *   outside, and breaks nothing by giving up there.
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
   * @throws {TypeError} if `action` is not a function, `timeoutMs` not a number, or there is no such option
   * @throws {DataCloneError} if `action` cannot be sent
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    if (!Number.isInteger(parties) || parties < 1) {
      throw new RangeError(
        `Cannot make barrier: parties must be a whole number of at least 1, not ${
          describe(parties)
        }`,
      );
    }
    checkArity("make barrier", arguments, 2, "Write { action, timeoutMs } as the second");
    checkOptions("make barrier", options, barrierNames);
    const { action, timeoutMs } = options;
    if (action !== undefined && typeof action !== "function") {
      throw new TypeError(`Cannot make barrier: action must be a function, not ${typeof action}`);
    }
    const limited = deadlineOf({ timeoutMs }) !== Infinity;
    const definition = action === undefined ? 0 : addressOfAction(action);
    const barrier = createObject(TYPE, WORDS);
    i32[barrier + PARTIES] = parties;
    i32[barrier + ACTION] = definition;
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
   * @throws {TimeoutError} if `timeoutMs` passes while the action of those before still runs
   * @throws what the action throws, where it was called
   * @throws the reason of `signal`, if that is aborted first; the barrier is broken then
   */
  async wait(options?: WaitOptions): Promise<number> {
    const arrival = await awaitOn(arriving(this.address), timed(this.address, options));
    if (arrival.kind === "last") {
      const { state } = arrival;
      try {
        const definition = i32[this.address + ACTION];
        const action = actionOf(this, definition) ?? await importFunction(definition);
        await (action as () => unknown)();
      } catch (error) {
        endAction(this.address, state, false);
        throw error;
      }
      if (!endAction(this.address, state, true)) throw brokenError();
    }
    return judge(arrival);
  }

  /**
   * Blocks the thread until all parties have come.
   *
   * @returns a number from 0 to `parties - 1`, another for each: the order in which they came
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws {TimeoutError} if `timeoutMs` passes while the action of those before still runs
   * @throws {TypeError} if the action returns a promise: use {@linkcode Barrier.wait}
   * @throws {TaskLookupError} if the action is in a module that this worker has not imported
   * @throws {DeadlockError} if an async task of this worker still runs the action of those before,
   *   and there is no `timeoutMs`
   * @throws what the action throws, where it was called
   * @throws {TerminatedError} if this worker is told to end
   */
  waitSync(options?: WaitOptions): number {
    const arrival = blockOn(arriving(this.address), timed(this.address, options), this.address);
    if (arrival.kind === "last") {
      const { state } = arrival;
      try {
        const definition = i32[this.address + ACTION];
        runNow(actionOf(this, definition), definition);
      } catch (error) {
        endAction(this.address, state, false);
        throw error;
      }
      if (!endAction(this.address, state, true)) throw brokenError();
    }
    return judge(arrival);
  }

  /**
   * Makes the barrier new: those who wait get {@linkcode BrokenBarrierError}, those who come later
   * wait for each other again, once an action that runs has ended.
   */
  reset(): void {
    ensureStack();
    const barrier = this.address;
    withQueueGuard(barrier + WAITERS, () => {
      i32[barrier + COUNT] = 0;
      Atomics.store(i32, barrier + STATE, ((i32[barrier + STATE] | BROKEN) + 1) | 0);
      resumeGroup(barrier + WAITERS, NodeState.BROKEN);
    });
    wakeAll(barrier + ENTRANCE);
  }

  /** Breaks the barrier: those who wait, and those who come, get {@linkcode BrokenBarrierError}. */
  abort(): void {
    ensureStack();
    withQueueGuard(this.address + WAITERS, () => breakNow(this.address));
    wakeAll(this.address + ENTRANCE);
  }

  /** How many wait for each other. */
  get parties(): number {
    return i32[this.address + PARTIES];
  }

  /** How many wait at this moment. */
  get nWaiting(): number {
    return this.broken ? 0 : Atomics.load(i32, this.address + COUNT);
  }

  /** Whether it is broken. */
  get broken(): boolean {
    return (Atomics.load(i32, this.address + STATE) & BROKEN) !== 0;
  }
}

function timed(barrier: number, options: WaitOptions | undefined): WaitOptions | undefined {
  const timeoutMs = i32[barrier + TIMEOUT];
  if (timeoutMs < 0 || options?.timeoutMs !== undefined) return options;
  checkWaitOptions("wait", options);
  return { timeoutMs, signal: options?.signal };
}

function addressOfAction(action: () => unknown): number {
  try {
    return functionAddress(action);
  } catch (error) {
    if (error instanceof DataCloneError) error.message = `Cannot make barrier: ${error.message}`;
    throw error;
  }
}

/** The action as it is here; `undefined` if its module must be imported first. */
function actionOf(barrier: Barrier, definition: number): (() => unknown) | undefined {
  return (ownActions.get(barrier) ?? functionAt(definition)) as (() => unknown) | undefined;
}

function runNow(action: (() => unknown) | undefined, definition: number): void {
  if (action === undefined) {
    throw new TaskLookupError(
      `Cannot run action ${functionNameAt(definition)}: its module is not imported here, and a ` +
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
  if (arrival.kind === "not let in") {
    throw new TimeoutError("Cannot wait: the action of those who came before still runs");
  }
  return arrival.index;
}

function brokenError(): BrokenBarrierError {
  return new BrokenBarrierError(
    "Cannot wait: the barrier is broken, or was reset, by a timeout, an error or a death among " +
      "those who wait. Call reset() to use it again",
  );
}

showState(Barrier, ({ parties, nWaiting, broken }) => ({ parties, nWaiting, broken }));
defineType(TYPE, "Barrier", { revive: reviveAs(Barrier) });
