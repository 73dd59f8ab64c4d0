// The declarations of lib/progress/progress.ts

import type { Progress } from "../pool/calls/progress.d.ts";

/** Options of a progress bar. */
export interface ProgressBarOptions {
  /**
   * What is in progress: the text before the bar.
   *
   * @default {""}
   */
  label?: string | undefined;
  /**
   * Number of items. Without it there is no bar and no time left, only what is done.
   *
   * @default {what the items or the call say}
   */
  total?: number | undefined;
  /**
   * The name of the items, in the plural.
   *
   * @default {"items"}
   */
  unit?: string | undefined;
}

/** A progress bar, for one call: see {@linkcode progressBar}. */
export interface ProgressBar extends Disposable {
  /** Shows the progress of a call: a bar is an `onProgress`. */
  (progress: Progress): void;
  /**
   * Adds items that are done, 1 by default.
   *
   * @throws {RangeError} if `items` is not an integer of at least 0
   * @throws {TypeError} if `items` is not a number
   */
  add(items?: number): void;
  /** Ends the bar: it is not drawn any more. Idempotent. A call of which it is the `onProgress` does that. */
  end(): void;
}

/**
 * Makes a bar that shows the progress of a call: `pool.map(f, xs, { onProgress: progressBar() })`.
 *
 * - It is drawn on stderr when the call first reports its progress, and ends with the call, also if that
 *   fails or is left.
 * - Without a call, count by `add()`, in the scope of `using`.
 *
 * @throws {RangeError} if `total` is not an integer of at least 0
 * @throws {TypeError} if an option is unknown or of the wrong type
 *
 * @example As onProgress
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { progressBar } from "@sauropod/multiprocessing/progress";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new Pool(2);
 * const onProgress = progressBar({ label: "fit", unit: "models" });
 * assertEquals(await pool.map(Math.sqrt, [1, 4, 9], { onProgress }), [1, 2, 3]);
 * ```
 *
 * @example Counting
 * ```ts
 * import { progressBar } from "@sauropod/multiprocessing/progress";
 *
 * using bar = progressBar({ label: "read", total: 2, unit: "files" });
 * for (const _file of ["a", "b"]) bar.add();
 * ```
 */
export declare function progressBar(options?: ProgressBarOptions): ProgressBar;

/**
 * Passes items through, and shows on stderr how many are done and how long the others will take.
 *
 * - The number of items is that of an array, or of what has a `length` or a `size`. Results of
 *   `Pool.imap`, `Executor.map` and of a `Parallel` generator know it too, if their input is such.
 * - An item is done when the next one is asked for.
 * - The bar begins with the loop, and ends when the items end, the loop is left, or an error ends it.
 * - An error in place of an item is passed through too, and counts as done. It ends a `for await` loop, and the
 *   bar before that; who calls `next()` gets the results after it, as without the bar, which goes on.
 *
 * Follows `tqdm.tqdm`.
 *
 * @param items an iterable or async iterable
 * @throws {RangeError} if `total` is not an integer of at least 0
 * @throws {TypeError} if `items` is not iterable, or an option is unknown or of the wrong type
 *
 * @example Results as they arrive
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { progress } from "@sauropod/multiprocessing/progress";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new Pool(2);
 * let sum = 0;
 * for await (const root of progress(pool.imap(Math.sqrt, [1, 4, 9]), { label: "roots" })) sum += root;
 * assertEquals(sum, 6);
 * ```
 */
export declare function progress<T>(
  items: AsyncIterable<T>,
  options?: ProgressBarOptions,
): AsyncGenerator<Awaited<T>, void>;

/** As above, for items that are not async. */
export declare function progress<T>(
  items: Iterable<T>,
  options?: ProgressBarOptions,
): Generator<T, void>;

export {};
