/**
 * Waiting for some of many futures.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import type { OptionNames } from "../arguments/options.ts";
import {
  checkIterable,
  checkOneOf,
  hasMethod,
  isInstance,
  wrongType,
} from "../arguments/values.ts";
import { Fifo } from "../parking/fifo.ts";
import { settledWithin } from "../sync/settled.ts";
import { Future, futureState } from "./future.ts";

/** Makes {@linkcode wait} return when one future has ended. */
export const FIRST_COMPLETED = "FIRST_COMPLETED";
/** Makes {@linkcode wait} return when one future has failed, or all have ended. */
export const FIRST_EXCEPTION = "FIRST_EXCEPTION";
/** Makes {@linkcode wait} return when all futures have ended. */
export const ALL_COMPLETED = "ALL_COMPLETED";

/** The condition on which {@linkcode wait} returns. */
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

/** Options of {@linkcode wait}. */
export interface WaitFuturesOptions extends WaitOptions {
  /**
   * The condition on which to return.
   *
   * @default {"ALL_COMPLETED"}
   */
  returnWhen?: ReturnWhen | undefined;
}

const optionNames: OptionNames<WaitFuturesOptions> = {
  returnWhen: true,
  timeoutMs: true,
  signal: true,
};

/** The futures that have ended, and the others. */
export interface DoneAndNotDone<F> {
  /** The futures that have a result or an error, or were cancelled. */
  done: Set<F>;
  /** The futures that have not ended. */
  notDone: Set<F>;
}

/**
 * Waits until all futures have ended, one has ended, or one has failed, as `returnWhen` selects.
 *
 * - If `timeoutMs` passes first, the function returns the sets as they are; this is not an error.
 * - A future that occurs several times counts once.
 * - The errors of the futures are not reported as unhandled: retrieve them from `done`.
 *
 * Follows Python's `concurrent.futures.wait`.
 *
 * @typeParam F the type of the futures
 * @throws {RangeError} if `returnWhen` is not one of the three conditions
 * @throws {TypeError} if an element is not a future, or an option does not exist
 * @throws the reason of `signal`, if it is aborted first
 *
 * @example The first of two
 * ```ts
 * import { Future, wait } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * const [first, second] = [new Future<number>(), new Future<number>()];
 * setTimeout(() => second.setResult(2), 10);
 * const { done, notDone } = await wait([first, second], { returnWhen: "FIRST_COMPLETED" });
 * assertEquals([done.has(second), notDone.has(first)], [true, true]);
 * ```
 */
export async function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitFuturesOptions = {},
): Promise<DoneAndNotDone<F>> {
  const waitOptions = pickWaitOptions("wait for futures", options, optionNames);
  const { returnWhen = ALL_COMPLETED } = options;
  const conditions = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED];
  checkOneOf("wait for futures", "returnWhen", returnWhen, conditions);
  const all = observedSet(futuresIn(futures));
  const condition = Promise.withResolvers<void>();
  const pending = [...all].filter((future) => !future.done());
  let pendingCount = pending.length;
  const checkCondition = (ended: F) => {
    const isFirst = returnWhen === FIRST_COMPLETED ||
      (returnWhen === FIRST_EXCEPTION && ended[futureState].status === "failed");
    if (isFirst || pendingCount === 0) condition.resolve();
  };
  const unwatch = pending.map((future) =>
    future[futureState].watch(() => {
      pendingCount--;
      checkCondition(future);
    })
  );
  for (const future of all) if (future.done()) checkCondition(future);
  if (pendingCount === 0) condition.resolve();
  try {
    await settledWithin(condition.promise, waitOptions);
  } finally {
    for (const stop of unwatch) stop();
  }
  const [done, notDone] = [new Set<F>(), new Set<F>()];
  for (const future of all) (future.done() ? done : notDone).add(future);
  return { done, notDone };
}

/** A future that has ended, and its index in the input of {@linkcode asCompleted}. */
export interface CompletedFuture<F> {
  /** The future, which has a result or an error, or was cancelled. */
  future: F;
  /** The index of the future in the input; the first one if it occurs several times. */
  index: number;
}

/**
 * Yields each future once when it ends; futures that have ended already come first.
 *
 * The errors of the futures are not reported as unhandled.
 *
 * Follows Python's `concurrent.futures.as_completed`, which yields the futures themselves. Here
 * each future is a property of an object, because `for await` would await a thenable.
 *
 * @typeParam F the type of the futures
 * @param options `timeoutMs` counts from this call
 * @throws {TypeError} if an element is not a future
 * @throws {TimeoutError} from the iteration, if not all futures have ended within `timeoutMs`
 * @throws the reason of `signal`, from the iteration, if it is aborted first
 *
 * @example Results in the order in which they arrive
 * ```ts
 * import { asCompleted, ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * const later = (ms: number) => new Promise<number>((done) => setTimeout(() => done(ms), ms));
 * await using executor = new ThreadPoolExecutor();
 * const futures = [50, 5].map((ms) => executor.submit(later, ms));
 * const seen: [number, number][] = [];
 * for await (const { future, index } of asCompleted(futures)) seen.push([index, await future]);
 * assertEquals(seen, [[1, 5], [0, 50]]);
 * ```
 */
export function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: WaitOptions,
): AsyncIterableIterator<CompletedFuture<F>> {
  return new Completions(futuresIn(futures), options);
}

/** Getters of the methods of a future, for what is not the future itself, as it is in Python. */
const misuses: PropertyDescriptorMap = Object.fromEntries(
  Object.getOwnPropertyNames(Future.prototype)
    .filter((name) => name !== "constructor" && name !== "then") // awaiting it must not fail
    .map((name) => [name, { get: () => refuseMisuse(name) }]),
);

function refuseMisuse(name: string): never {
  throw new TypeError(
    `Cannot use ${name} of what asCompleted() yields: it is { future, index }. ` +
      "Write for await (const { future } of asCompleted(…))",
  );
}

/** The iterator behind {@linkcode asCompleted}. */
class Completions<F extends Future<unknown>> implements AsyncIterableIterator<CompletedFuture<F>> {
  readonly #options: WaitOptions | undefined;
  readonly #deadline: number;
  readonly #total: number;
  readonly #ready = new Fifo<CompletedFuture<F>>();
  /** The futures that have not ended, with the functions that undo their watches. */
  readonly #pending = new Map<F, () => void>();
  /** Resolves at the next change of `#ready` or `#pending`. */
  #change = Promise.withResolvers<void>();

  constructor(futures: F[], options?: WaitOptions) {
    this.#options = options;
    this.#deadline = deadlineOf(options);
    const remaining = observedSet(futures);
    this.#total = remaining.size;
    for (const [index, future] of futures.entries()) {
      if (!remaining.delete(future)) continue; // it occurred before
      const completed = Object.defineProperties({ future, index }, misuses);
      if (future.done()) this.#ready.push(completed);
      else this.#pending.set(future, this.#watch(completed));
    }
  }

  async next(): Promise<IteratorResult<CompletedFuture<F>>> {
    for (;;) {
      const value = this.#ready.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#pending.size === 0) return { done: true, value: undefined };
      await this.#nextChange();
    }
  }

  return(): Promise<IteratorResult<CompletedFuture<F>>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #watch(completed: CompletedFuture<F>): () => void {
    return completed.future[futureState].watch(() => {
      this.#pending.delete(completed.future);
      this.#ready.push(completed);
      this.#notifyChange();
    });
  }

  #notifyChange(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  async #nextChange(): Promise<void> {
    const options = {
      timeoutMs: this.#deadline - performance.now(),
      signal: this.#options?.signal,
    };
    try {
      if (await settledWithin(this.#change.promise, options)) return;
      const ms = this.#options?.timeoutMs;
      throw new TimeoutError(
        `Cannot wait any longer: ${this.#pending.size} (of ${this.#total}) futures unfinished ` +
          `after ${ms} ms`,
      );
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #end(): void {
    for (const stop of this.#pending.values()) stop();
    this.#pending.clear();
    this.#ready.clear();
    this.#notifyChange();
  }
}

/** Returns the futures in an iterable. */
function futuresIn<F extends Future<unknown>>(futures: Iterable<F>): F[] {
  const verb = "wait for futures";
  checkIterable(verb, "futures", futures, "For one future write [future]");
  const all = [...futures];
  all.forEach((future, at) => {
    if (isInstance(future, Future)) return;
    const advice = hasMethod(future, "then") ? "For promises there is Promise.race" : undefined;
    throw wrongType(verb, `futures[${at}]`, "a Future", future, advice);
  });
  return all;
}

/** Returns the set of the futures, and notes that their outcomes are retrieved. */
function observedSet<F extends Future<unknown>>(futures: F[]): Set<F> {
  for (const future of futures) future[futureState].markObserved();
  return new Set(futures);
}
