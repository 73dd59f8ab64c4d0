/**
 * Waiting for some of many futures.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import type { OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { settledWithin } from "../sync/settled.ts";
import { Future, futureInternals } from "./future.ts";

/** Says {@linkcode wait} to return when one future has ended. */
export const FIRST_COMPLETED = "FIRST_COMPLETED";
/** Says {@linkcode wait} to return when one has failed, or all have ended. */
export const FIRST_EXCEPTION = "FIRST_EXCEPTION";
/** Says {@linkcode wait} to return when all futures have ended. */
export const ALL_COMPLETED = "ALL_COMPLETED";

/** When {@linkcode wait} returns. */
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

/** Options of {@linkcode wait}. */
export interface WaitFuturesOptions extends WaitOptions {
  /**
   * When to return.
   *
   * @default {"ALL_COMPLETED"}
   */
  returnWhen?: ReturnWhen;
}

const optionNames: OptionNames<WaitFuturesOptions> = {
  returnWhen: true,
  timeoutMs: true,
  signal: true,
};

/** Futures that have ended, and others. */
export interface DoneAndNotDone<F> {
  /** Those that have a result or an error, or were cancelled. */
  done: Set<F>;
  /** Those that have not ended. */
  notDone: Set<F>;
}

/**
 * Waits until all of the futures have ended, or one, or one has failed; or until `timeoutMs` has
 * passed, which is no error here.
 *
 * A future that is given twice counts once. Errors of futures that were given are not reported as
 * unhandled: look into `done`.
 *
 * Follows Python's `concurrent.futures.wait`, and has that name in
 * `@sauropod/multiprocessing/futures`.
 *
 * @typeParam F the type of the futures
 * @throws {RangeError} if there is no such `returnWhen`
 * @throws {TypeError} if one of them is no future, or there is no such option
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example The first of two
 * ```ts
 * import { Future, wait as waitFutures } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * const [first, second] = [new Future<number>(), new Future<number>()];
 * setTimeout(() => second.setResult(2), 10);
 * const { done, notDone } = await waitFutures([first, second], { returnWhen: "FIRST_COMPLETED" });
 * assertEquals([done.has(second), notDone.has(first)], [true, true]);
 * ```
 */
export async function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitFuturesOptions = {},
): Promise<DoneAndNotDone<F>> {
  const wait = pickWaitOptions("wait for futures", options, optionNames);
  const { returnWhen = ALL_COMPLETED } = options;
  if (![FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED].includes(returnWhen)) {
    throw new RangeError(
      `Cannot wait for futures: returnWhen must be "FIRST_COMPLETED", "FIRST_EXCEPTION" or ` +
        `"ALL_COMPLETED", not ${describe(returnWhen)}`,
    );
  }
  const all = setOf(futures);
  const enough = Promise.withResolvers<void>();
  let left = 0;
  const count = (future: F) => {
    const one = returnWhen === FIRST_COMPLETED ||
      (returnWhen === FIRST_EXCEPTION && futureInternals.failed(future));
    if (one || left === 0) enough.resolve();
  };
  const pending = [...all].filter((future) => !future.done());
  left = pending.length;
  const unwatch = pending.map((future) =>
    futureInternals.watch(future, () => {
      left--;
      count(future);
    })
  );
  for (const future of all) if (future.done()) count(future);
  if (left === 0) enough.resolve();
  try {
    await settledWithin(enough.promise, wait);
  } finally {
    for (const stop of unwatch) stop();
  }
  const [done, notDone] = [new Set<F>(), new Set<F>()];
  for (const future of all) (future.done() ? done : notDone).add(future);
  return { done, notDone };
}

/** A future that has ended, and which of those that were given it is. */
export interface CompletedFuture<F> {
  /** The future: its result or error is there. */
  future: F;
  /** Its place among the futures that were given. */
  index: number;
}

/**
 * Gives the futures as they end: those first that have ended already, each once.
 *
 * Errors of futures that were given are not reported as unhandled.
 *
 * Follows Python's `concurrent.futures.as_completed`. That gives the futures themselves; here each is
 * inside an object, since what stands between `for await` and a thenable would await it.
 *
 * @typeParam F the type of the futures
 * @param options `timeoutMs` counts from this call
 * @throws {TypeError} if one of them is no future
 * @throws {TimeoutError} from the iteration, if not all have ended in time
 * @throws the reason of `signal`, from the iteration, if that is aborted first
 *
 * @example Whichever comes
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
  return new Completions([...futures], options);
}

/** The iterator behind {@linkcode asCompleted}. */
class Completions<F extends Future<unknown>> implements AsyncIterableIterator<CompletedFuture<F>> {
  readonly #options: WaitOptions | undefined;
  readonly #deadline: number;
  readonly #total: number;
  readonly #ready: CompletedFuture<F>[] = [];
  /** How not to be told any more, by future that has not ended. */
  readonly #pending = new Map<F, () => void>();
  #change = Promise.withResolvers<void>();

  constructor(futures: F[], options?: WaitOptions) {
    this.#options = options;
    this.#deadline = deadlineOf(options);
    const all = setOf(futures);
    this.#total = all.size;
    for (const [index, future] of futures.entries()) {
      if (!all.delete(future)) continue; // given before
      if (future.done()) this.#ready.push({ future, index });
      else this.#pending.set(future, this.#watch({ future, index }));
    }
  }

  async next(): Promise<IteratorResult<CompletedFuture<F>>> {
    for (;;) {
      const value = this.#ready.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#pending.size === 0) return { done: true, value: undefined };
      await this.#moreOrTooLate();
    }
  }

  return(): Promise<IteratorResult<CompletedFuture<F>>> {
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #watch(completed: CompletedFuture<F>): () => void {
    return futureInternals.watch(completed.future, () => {
      this.#pending.delete(completed.future);
      this.#ready.push(completed);
      this.#tell();
    });
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  async #moreOrTooLate(): Promise<void> {
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
      this.#leave();
      throw error;
    }
  }

  #leave(): void {
    for (const stop of this.#pending.values()) stop();
    this.#pending.clear();
    this.#ready.length = 0;
    this.#tell();
  }
}

/** The futures, each once, with a note that somebody looks at them. */
function setOf<F extends Future<unknown>>(futures: Iterable<F>): Set<F> {
  const set = new Set(futures);
  for (const future of set) {
    if (!(future instanceof Future)) {
      throw new TypeError(`Cannot wait for futures: one of them is ${describeClass(future)}`);
    }
    futureInternals.look(future);
  }
  return set;
}

function describeClass(value: unknown): string {
  if (value === null || typeof value !== "object") return describe(value);
  return `of the class ${value.constructor?.name ?? "Object"}`;
}
