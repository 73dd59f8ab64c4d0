/**
 * Callbacks for the collection of an object and the end of a process.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import { checkOptions } from "../arguments/options.ts";
import { checkFunction, checkNumber, wrongType } from "../arguments/values.ts";
import { isMainIsolate, stopRequested } from "../heap/isolate_record.ts";
import { callReporting } from "../sync/callbacks.ts";

/** Options of a {@linkcode Finalize}. */
export interface FinalizeOptions {
  /**
   * Runs the callback when this process ends, higher numbers first.
   *
   * @default {undefined: not at the end}
   */
  exitPriority?: number | undefined;
}

/**
 * A callback that runs once: when an object is collected, when {@linkcode Finalize.run} is called, or
 * when this process ends, whichever is first.
 *
 * - It runs at the end only with an `exitPriority`: the highest first, and of equal ones, the one that
 *   was created last.
 * - The end of a worker is when its function returns or throws, or at `Deno.exit`. A terminated worker
 *   runs no finalizers. The main program runs them when it ends by itself or by `Deno.exit`, but not
 *   when an uncaught error ends it.
 * - An error that the callback throws at the end, or after a collection, is printed, and the other
 *   finalizers run.
 * - The callback must be synchronous: a promise is not awaited at the end. It must not refer to the
 *   object, which would then never be collected.
 *
 * Follows Python's `multiprocessing.util.Finalize`.
 *
 * @example A callback at the end of a scope
 * ```ts
 * import { Finalize } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const done: string[] = [];
 * const model = { weights: new Float64Array(10) };
 * {
 *   using finalizer = new Finalize(model, () => done.push("freed"));
 *   assertEquals(finalizer.active, true);
 *   assertEquals(finalizer.run(), 1);
 * }
 * assertEquals(done, ["freed"]);
 * ```
 *
 * @example A callback at the end of each worker of a pool
 * ```ts
 * import { Finalize, Pool, Queue, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const begin = task(import.meta, (out: Queue<string>) => {
 *   new Finalize(undefined, () => out.putSync("bye"), { exitPriority: 1 });
 * });
 *
 * if (import.meta.main) {
 *   const out = new Queue<string>();
 *   {
 *     await using pool = new Pool({ processes: 1, initializer: begin, initargs: [out] });
 *     assertEquals(await pool.apply(Math.sqrt, [4]), 2);
 *   }
 *   assertEquals(await out.get(), "bye");
 * }
 * ```
 */
export class Finalize<R = unknown> implements Disposable {
  #callback: (() => R) | undefined;

  /**
   * Registers the callback.
   *
   * @param object the object whose collection runs the callback; `undefined` for none
   * @throws {TypeError} if there is neither an object nor a priority, `callback` is not a function, or
   *   an option is unknown
   * @throws {RangeError} if `exitPriority` is not a finite number
   */
  constructor(
    object: object | undefined,
    callback: () => R,
    options: FinalizeOptions = {},
  ) {
    checkOptions("make finalizer", options, { exitPriority: true });
    const { exitPriority } = options;
    if (object !== undefined && (typeof object !== "object" || object === null)) {
      if (typeof object !== "function") {
        throw wrongType("make finalizer", "object", "an object or undefined", object);
      }
    }
    checkFunction("make finalizer", "callback", callback);
    if (object === undefined && exitPriority === undefined) {
      throw new TypeError(
        "Cannot make finalizer: it would never run. Pass an object or an exitPriority",
      );
    }
    if (exitPriority !== undefined) {
      checkNumber(
        "make finalizer",
        "exitPriority",
        exitPriority,
        "a finite number",
        Number.isFinite,
      );
    }
    this.#callback = callback;
    if (object !== undefined) collected.register(object, this, this);
    if (exitPriority !== undefined) {
      if (isMainIsolate()) runAtProgramEnd();
      atEnd.set(this, exitPriority);
    }
  }

  /** Whether the callback can still be called. */
  get active(): boolean {
    return this.#callback !== undefined;
  }

  /**
   * Calls the callback now, unless it was called before or cancelled.
   *
   * @returns the callback's result; `undefined` if it was not called
   * @throws what the callback throws
   */
  run(): R | undefined {
    const callback = this.#callback;
    this.cancel();
    return callback?.();
  }

  /** Cancels the callback: it is not called any more. */
  cancel(): void {
    this.#callback = undefined;
    collected.unregister(this);
    atEnd.delete(this);
  }

  /** Calls the callback, unless it was called before or cancelled. */
  [Symbol.dispose](): void {
    this.run();
  }
}

/** Finalizers that run at the end, with their priorities, in the order of creation. */
const atEnd = new Map<Finalize, number>();
const collected = new FinalizationRegistry<Finalize>(runAndReport);

/** Makes the main program run finalizers at its end. A worker does so anyway. */
function runAtProgramEnd(): void {
  if (listens) return;
  listens = true;
  addEventListener("unload", runFinalizers);
}
let listens = false;

/** Runs the finalizers with a priority, at the end of this process. */
export function runFinalizers(): void {
  while (atEnd.size > 0) { // a finalizer may create others
    for (const [finalizer] of [...atEnd].reverse().sort(([, a], [, b]) => b - a)) {
      if (stopRequested()) return;
      runAndReport(finalizer);
    }
  }
}

function runAndReport(finalizer: Finalize): void {
  callReporting("a finalizer", () => {
    try {
      return finalizer.run();
    } catch (error) {
      if (error instanceof TerminatedError && stopRequested()) return;
      throw error;
    }
  });
}
