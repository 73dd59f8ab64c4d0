// The declarations of lib/futures/wait.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Future } from "./future.d.ts";

/** Makes {@linkcode wait} return when one future has ended. */
export declare const FIRST_COMPLETED = "FIRST_COMPLETED";

/** Makes {@linkcode wait} return when one future has failed, or all have ended. */
export declare const FIRST_EXCEPTION = "FIRST_EXCEPTION";

/** Makes {@linkcode wait} return when all futures have ended. */
export declare const ALL_COMPLETED = "ALL_COMPLETED";

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
export declare function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: WaitFuturesOptions,
): Promise<DoneAndNotDone<F>>;

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
export declare function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: WaitOptions,
): AsyncIterableIterator<CompletedFuture<F>>;

export {};
