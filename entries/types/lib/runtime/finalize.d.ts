// The declarations of lib/runtime/finalize.ts

/** Options of a {@linkcode Finalize}. */
export interface FinalizeOptions {
  /**
   * Run it when this process ends, those with a higher number first.
   *
   * @default {undefined}: not then
   */
  exitPriority?: number;
}

/**
 * A callback that runs once: when an object is collected, when it is asked to, or when this process
 * ends, whichever is first.
 *
 * - It runs at the end only with an `exitPriority`: the highest first, of equal ones the one that was
 *   made last.
 * - The end of a worker is when its function returns or fails, or at `Deno.exit`. One that is
 *   terminated runs none. The main program runs them when it ends by itself or by `Deno.exit`, not
 *   when an uncaught error ends it.
 * - What it throws at the end, or because of a collection, is printed, and the others run.
 * - The callback must be blocking: nobody waits for a promise at the end. It must not refer to the
 *   object, which would never be collected.
 *
 * Follows Python's `multiprocessing.util.Finalize`.
 *
 * @example Once, and before the scope ends
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
 * @example What each worker of a pool does at its end
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
export declare class Finalize<R = unknown> implements Disposable {
  #private;
  /**
   * Has the callback called once.
   *
   * @param object whose collection runs it; `undefined` for none
   * @throws {TypeError} if there is neither an object nor a priority, the callback is no function,
   *   or there is no such option
   * @throws {RangeError} if `exitPriority` is not a number
   */
  constructor(object: object | undefined, callback: () => R, options?: FinalizeOptions);
  /** Whether the callback may still be called. */
  get active(): boolean;
  /**
   * Calls the callback now, unless it was called before or cancelled.
   *
   * @returns what it returned, and `undefined` if it was not called
   * @throws what it throws
   */
  run(): R | undefined;
  /** Sees to it that the callback is not called any more. */
  cancel(): void;
  /** Calls the callback, unless it was called before or cancelled. */
  [Symbol.dispose](): void;
}

export {};
