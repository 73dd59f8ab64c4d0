/**
 * Barriers: a number of parties that wait for each other. The protocol is in `barrier_protocol.ts`.
 *
 * @module
 */

import type { DefinitionAddress } from "../codec/definition.ts";
import { BrokenBarrierError, DataCloneError, TaskLookupError, TimeoutError } from "../errors.ts";
import { checkWaitOptions, deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkInteger } from "../arguments/values.ts";
import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureStack } from "../heap/stack.ts";
import { awaitOn, blockOn, throwIfStopping } from "../parking/wait.ts";
import { functionAddress, functionAt, functionNameAt, importFunction } from "../codec/functions.ts";
import { refusePromise } from "./settled.ts";
import {
  abortBarrier,
  type Arrival,
  arriving,
  BARRIER_WORDS,
  barrierWord,
  BROKEN,
  endParty,
  finishAction,
  resetBarrier,
} from "./barrier_protocol.ts";

/** The number of this type among shared objects. */
const TYPE = 12;

/** Options of a {@linkcode Barrier}. */
export interface BarrierOptions {
  /**
   * Called by the last party that arrives, before all parties continue: a task, a built-in
   * function, or a function that uses nothing outside itself. If it throws, the barrier is broken.
   */
  action?: (() => unknown) | undefined;
  /**
   * Timeout of {@linkcode Barrier.wait} when it is called without one, in milliseconds.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
}

const barrierNames: OptionNames<BarrierOptions> = { action: "function", timeoutMs: true };

/** What a word has room for. */
const MAX_PARTIES = 2 ** 31 - 1;

/**
 * Actions of the barriers that this isolate created. These may use variables outside themselves.
 */
const localActions = new WeakMap<Barrier, () => unknown>();

/**
 * A number of parties that wait for each other.
 *
 * - All parties continue together, or none does: if a waiter times out or is aborted, the barrier is
 *   broken, and all parties get {@linkcode BrokenBarrierError} until {@linkcode Barrier.reset}.
 * - A worker that has waited, or was given the barrier, and dies before it has waited again, breaks it as
 *   well: if it ends with an error or another exit code than 0, or is terminated or killed. One that returns
 *   breaks nothing. After a reset, only parties that have waited since count.
 * - Reusable: once all parties have passed, it can be waited on again. A party that arrives while
 *   the action of the previous use still runs waits outside; if it gives up there, nothing is
 *   broken.
 * - Can be sent anywhere: as an argument of a process or a task, or in a message. Each async task
 *   that waits is a party.
 *
 * Follows Python's `multiprocessing.Barrier`, which is not broken by the death of a party.
 *
 * @example Two parties that wait for each other
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
   * Creates a barrier for a number of parties.
   *
   * @throws {RangeError} if `parties` is not an integer from 1 to 2^31 - 1, or `timeoutMs` is NaN
   * @throws {TypeError} if `parties` or `timeoutMs` is not a number, `action` is not a function, or an
   *   option is unknown
   * @throws {DataCloneError} if `action` cannot be sent
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    checkInteger("make barrier", "parties", parties, 1, MAX_PARTIES);
    checkArity("make barrier", arguments, 2, "Write { action, timeoutMs } as the second");
    checkOptions("make barrier", options, barrierNames);
    const { action, timeoutMs } = options;
    const limited = deadlineOf({ timeoutMs }) !== Infinity;
    const definition = action === undefined ? 0 : addressOfAction(action);
    const barrier = createObject(TYPE, BARRIER_WORDS);
    i32[barrier + barrierWord.PARTIES] = parties;
    i32[barrier + barrierWord.ACTION] = definition;
    i32[barrier + barrierWord.TIMEOUT] = limited
      ? Math.min(Math.ceil(Math.max(timeoutMs!, 0)), 2 ** 31 - 1)
      : -1;
    super(barrier);
    if (action !== undefined) localActions.set(this, action);
  }

  /**
   * Waits until all parties have arrived.
   *
   * @returns the position of this party in the order of arrival, from 0 to `parties - 1`
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws {TimeoutError} if `timeoutMs` passes while the action of the previous use still runs
   * @throws what the action throws, in the party that called it
   * @throws the reason of `signal`, if it is aborted first; the barrier is then broken
   */
  async wait(options?: WaitOptions): Promise<number> {
    const arrival = await awaitOn(arriving(this.address), withDefaults(this.address, options));
    if (arrival.kind === "last") {
      const { state } = arrival;
      try {
        const definition = i32[this.address + barrierWord.ACTION];
        const action = actionOf(this, definition) ?? await importFunction(definition);
        await (action as () => unknown)();
      } catch (error) {
        finishAction(this.address, state, false);
        throw error;
      }
      if (!finishAction(this.address, state, true)) throw brokenError();
    }
    return indexOf(arrival);
  }

  /**
   * Blocks the isolate until all parties have arrived.
   *
   * @returns the position of this party in the order of arrival, from 0 to `parties - 1`
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws {TimeoutError} if `timeoutMs` passes while the action of the previous use still runs
   * @throws {TypeError} if the action returns a promise: use {@linkcode Barrier.wait}
   * @throws {TaskLookupError} if the action is in a module that this isolate has not imported
   * @throws {DeadlockError} if an async task of this isolate still runs the action of the previous
   *   use, and `timeoutMs` is not given
   * @throws what the action throws, in the party that called it
   * @throws {TerminatedError} if this worker is terminated
   */
  waitSync(options?: WaitOptions): number {
    const { address } = this;
    const arrival = blockOn(arriving(address), withDefaults(address, options), address);
    if (arrival.kind === "last") {
      const { state } = arrival;
      try {
        const definition = i32[address + barrierWord.ACTION];
        runActionSync(actionOf(this, definition), definition);
      } catch (error) {
        finishAction(address, state, false);
        throw error;
      }
      if (!finishAction(address, state, true)) throw brokenError();
    }
    return indexOf(arrival);
  }

  /**
   * Returns the barrier to its initial state. Current waiters get {@linkcode BrokenBarrierError}.
   * Parties that arrive later wait for each other again, after an action that is running has ended.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  reset(): void {
    throwIfStopping();
    ensureStack();
    resetBarrier(this.address);
  }

  /**
   * Breaks the barrier: current waiters and later arrivals get {@linkcode BrokenBarrierError}.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  abort(): void {
    throwIfStopping();
    ensureStack();
    abortBarrier(this.address);
  }

  /** Number of parties that wait for each other. */
  get parties(): number {
    return i32[this.address + barrierWord.PARTIES];
  }

  /** Number of parties that wait at this moment. */
  get nWaiting(): number {
    return this.broken ? 0 : Atomics.load(i32, this.address + barrierWord.COUNT);
  }

  /** Whether the barrier is broken. */
  get broken(): boolean {
    return (Atomics.load(i32, this.address + barrierWord.STATE) & BROKEN) !== 0;
  }
}

/** The options of a wait, with the default timeout of the barrier. */
function withDefaults(
  barrier: ObjectAddress,
  options: WaitOptions | undefined,
): WaitOptions | undefined {
  const timeoutMs = i32[barrier + barrierWord.TIMEOUT];
  if (timeoutMs < 0 || options?.timeoutMs !== undefined) return options;
  checkWaitOptions("wait", options);
  return { timeoutMs, signal: options?.signal };
}

function addressOfAction(action: () => unknown): DefinitionAddress {
  try {
    return functionAddress(action);
  } catch (error) {
    if (error instanceof DataCloneError) error.message = `Cannot make barrier: ${error.message}`;
    throw error;
  }
}

/** The action as a function of this isolate; `undefined` if its module must be imported first. */
function actionOf(barrier: Barrier, definition: number): (() => unknown) | undefined {
  return (localActions.get(barrier) ?? functionAt(definition)) as (() => unknown) | undefined;
}

function runActionSync(action: (() => unknown) | undefined, definition: number): void {
  if (action === undefined) {
    throw new TaskLookupError(
      `Cannot run action ${functionNameAt(definition)}: its module is not imported here, and a ` +
        "blocking call cannot import it. Import the module first, or use wait()",
    );
  }
  refusePromise(
    action(),
    "Cannot wait: the action returned a promise, which waitSync() cannot await. Use wait()",
  );
}

/** The position of a party that passes. Throws the error for other arrivals. */
function indexOf(arrival: Arrival): number {
  if (arrival.kind === "broken") throw brokenError();
  if (arrival.kind === "not admitted") {
    throw new TimeoutError(
      "Cannot wait: the action of the previous use of the barrier is still running",
    );
  }
  return arrival.index;
}

function brokenError(): BrokenBarrierError {
  return new BrokenBarrierError(
    "Cannot wait: the barrier is broken, or was reset. A party timed out, failed or died, or " +
      "called abort() or reset(). Call reset() to use the barrier again",
  );
}

showState(Barrier, ({ parties, nWaiting, broken }) => ({ parties, nWaiting, broken }));
defineType(TYPE, "Barrier", {
  crosses: true,
  revive: reviveAs(Barrier),
  onHolderEnd: endParty,
  hasHolders: () => false, // an isolate whose handle was collected does not arrive
});
