/**
 * Progress of loops and of calls over many items, on stderr.
 *
 * @module
 */

import { checkOptions, isOptionsObject, type OptionNames } from "../arguments/options.ts";
import { checkInteger, hasMethod, wrongType } from "../arguments/values.ts";
import { isMainIsolate } from "../heap/isolate_record.ts";
import type { Progress } from "../pool/calls/progress.ts";
import { Bar, type Display } from "./bar.ts";
import { displayOn, type Output } from "./display.ts";

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

const optionNames: OptionNames<ProgressBarOptions> = {
  label: "string",
  total: true,
  unit: "string",
};

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

/** Where the bars of a program are drawn. */
let stderr: Display | undefined;

const SILENT: Display = { start() {}, update() {}, end() {} };

/** Returns the display of this isolate: none in a worker. */
function display(): Display {
  if (!isMainIsolate()) return SILENT;
  return stderr ??= displayOn(stderrOutput(), () => performance.now());
}

function stderrOutput(): Output {
  const encoder = new TextEncoder();
  return {
    isTTY: Deno.stderr.isTerminal(),
    get columns() {
      try {
        return Deno.consoleSize().columns || 80;
      } catch {
        return 80; // another stream of the terminal is redirected
      }
    },
    write(text) {
      const bytes = encoder.encode(text);
      try {
        for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
      } catch {
        // Nobody reads it any more. The work goes on.
      }
    },
  };
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
export function progressBar(options: ProgressBarOptions = {}): ProgressBar {
  if (isOptionsObject(options) && Object.hasOwn(options, "done")) {
    throw new TypeError(
      "Cannot show progress: progressBar makes a bar, and is none. Write onProgress: progressBar()",
    );
  }
  return progressBarOn(display(), () => performance.now(), options);
}

/** As {@linkcode progressBar}, on another display. */
export function progressBarOn(
  display: Display,
  now: () => number,
  options: ProgressBarOptions,
): ProgressBar {
  const bar = makeBar(display, now, options, undefined);
  const { total } = options;
  const show = (progress: Progress) => {
    bar.total = total ?? progress.total;
    bar.moveTo(progress.done);
    if (progress.ended) bar.end();
  };
  return Object.assign(show, {
    add(items = 1) {
      checkInteger("show progress", "items", items, 0);
      bar.moveTo(bar.done + items);
    },
    end: () => bar.end(),
    [Symbol.dispose]: () => bar.end(),
  });
}

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
export function progress<T>(
  items: AsyncIterable<T>,
  options?: ProgressBarOptions,
): AsyncGenerator<Awaited<T>, void>;
/** As above, for items that are not async. */
export function progress<T>(
  items: Iterable<T>,
  options?: ProgressBarOptions,
): Generator<T, void>;
export function progress(
  items: Iterable<unknown> | AsyncIterable<unknown>,
  options: ProgressBarOptions = {},
): unknown {
  return progressOn(display(), () => performance.now(), items, options);
}

/** As {@linkcode progress}, on another display. */
export function progressOn<T>(
  display: Display,
  now: () => number,
  items: Iterable<T> | AsyncIterable<T>,
  options: ProgressBarOptions = {},
): Generator<T, void> | AsyncGenerator<Awaited<T>, void> {
  const isAsync = hasMethod(items, Symbol.asyncIterator);
  if (!isAsync && !hasMethod(items, Symbol.iterator)) {
    const requirement = "an array or another iterable";
    throw wrongType("show progress", "items", requirement, items, "Pass what the loop is over");
  }
  const bar = makeBar(display, now, options, lengthOf(items));
  return isAsync
    ? new PassedItems(items as AsyncIterable<Awaited<T>>, bar)
    : pass(items as Iterable<T>, bar);
}

function* pass<T>(items: Iterable<T>, bar: Bar): Generator<T, void> {
  bar.start();
  try {
    for (const item of items) {
      yield item;
      bar.moveTo(bar.done + 1);
    }
  } finally {
    bar.end();
  }
}

/** Async items, passed through. An async generator would end at the first error. */
class PassedItems<T> implements AsyncGenerator<T, void> {
  readonly #items: AsyncIterable<T>;
  readonly #bar: Bar;
  #iterator: AsyncIterator<T> | undefined;
  #hasEnded = false;
  /** Number of items that were given and are not counted as done yet. */
  #given = 0;
  /** Whether there was an error in place of an item. */
  #hasFailed = false;
  /** Ends the bar after a later error, unless the next item is asked for. */
  #ending: ReturnType<typeof setTimeout> | undefined;

  constructor(items: AsyncIterable<T>, bar: Bar) {
    this.#items = items;
    this.#bar = bar;
  }

  async next(): Promise<IteratorResult<T, void>> {
    if (this.#hasEnded) return { done: true, value: undefined };
    clearTimeout(this.#ending);
    // After an error there may be no more items to show.
    if (!this.#hasFailed) this.#bar.start();
    this.#countDone();
    try {
      this.#iterator ??= this.#items[Symbol.asyncIterator]();
      const next = await this.#iterator.next();
      if (next.done) {
        this.#end();
        return { done: true, value: undefined };
      }
      this.#bar.start();
      this.#given++;
      return next;
    } catch (error) {
      this.#bar.start();
      this.#given++;
      this.#countDone();
      // A loop ends with the first error, and what its caller prints is not to stand behind the bar. Who asks for
      // more items goes on with it.
      if (this.#hasFailed) this.#ending = setTimeout(() => this.#bar.end(), 0);
      else this.#bar.end();
      this.#hasFailed = true;
      throw error;
    }
  }

  /** Counts the items that were given as done. */
  #countDone(): void {
    if (this.#given > 0) this.#bar.moveTo(this.#bar.done + this.#given);
    this.#given = 0;
  }

  #end(): void {
    this.#hasEnded = true;
    this.#countDone();
    this.#bar.end();
  }

  async return(): Promise<IteratorResult<T, void>> {
    await this.#leave();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    await this.#leave();
    throw error;
  }

  /** Ends the iteration. The item that was given last is not done. */
  async #leave(): Promise<void> {
    if (this.#hasEnded) return;
    this.#given = 0;
    this.#end();
    await this.#iterator?.return?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
  }
}

/** Checks the options of a bar, and makes it. */
function makeBar(
  display: Display,
  now: () => number,
  options: ProgressBarOptions,
  length: number | undefined,
): Bar {
  checkOptions("show progress", options, optionNames);
  const { label, unit, total = length } = options;
  if (total !== undefined) checkInteger("show progress", "total", total, 0);
  return new Bar(display, now, { label, unit, total });
}

/** Returns the number of items, if they tell. */
function lengthOf(items: object): number | undefined {
  const { length, size } = items as { length?: unknown; size?: unknown };
  for (const count of [length, size]) {
    if (Number.isSafeInteger(count) && count as number >= 0) return count as number;
  }
  return undefined;
}
