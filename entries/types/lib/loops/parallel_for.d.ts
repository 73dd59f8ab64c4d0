// The declarations of lib/loops/parallel_for.ts

import type { Progress, ProgressOptions } from "../pool/calls/progress.d.ts";
import type { Range } from "./range.d.ts";
import type { Schedule } from "./schedule.d.ts";

/** An object without members. */
export type EmptyObject = Record<never, never>;

/** Options of a parallel loop. */
export interface LoopOptions<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
> extends ProgressOptions {
  /**
   * The second argument of the body: arrays on shared memory, which it may write to, and values,
   * which cross as frozen copies. A `WebAssembly.Module` and a shared `WebAssembly.Memory` are not
   * copied: each worker creates its own instance, once.
   *
   * @default {{}}
   */
  context?: Context | undefined;
  /**
   * Further properties of the body's second argument, which it only reads. Arrays among them may be
   * on any memory: each worker gets a copy.
   *
   * @default {{}}
   */
  constants?: Constants | undefined;
  /**
   * How the indices are distributed: `"static"` in equal parts, fixed at the start; `"dynamic"` chunk
   * by chunk, as workers become free; `"guided"` the same, in chunks that become smaller.
   *
   * @default {"dynamic"}
   */
  schedule?: Schedule | undefined;
  /**
   * Number of indices that a worker takes at a time; for `"guided"`, the minimum.
   *
   * @default {a sixteenth of a worker's share; for "static" all of it, for "guided" 1}
   */
  chunkSize?: number | undefined;
  /**
   * Number of isolates that run the loop; 1 runs a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number | undefined;
  /**
   * Called in this isolate at most every 100 ms with the number of indices in the chunks that are done,
   * and a last time with `ended: true` when the loop has ended or failed. A `…Sync` call makes these calls
   * too, between its own chunks and while it waits. If it throws, or its promise rejects, the error is
   * printed and `onProgress` is not called again; the loop goes on.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of asynchronous loops only. */
export interface AbortOptions {
  /** Ends the loop with `signal.reason`; chunks that are running are finished first. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs `body` for each index of a range, on all cores.
 *
 * - Iterations run concurrently and in any order, so none may depend on another.
 * - The body is a task, or a function that uses nothing but its index and `context`. Arrays that it
 *   writes to must be on shared memory. Other typed arrays are rejected, except in `constants`,
 *   because the changes would be lost.
 * - The first error ends the loop; chunks that are running are finished first. The stack of the error
 *   names the index.
 * - A nested loop runs in the isolate that starts it alone.
 * - The body must not return a promise.
 * - A body that is plain arithmetic on numbers and typed arrays runs as WebAssembly with vectors, and each
 *   index computes the same as in JavaScript, bit for bit, but for two things: a sum over the turns of a loop
 *   in the body may be added up in another order; and an element that an array lacks is NaN. A loop of it that
 *   takes less than a millisecond runs in the caller alone unless `numThreads` is given. `explainLoop` says
 *   what holds for a loop.
 *
 * Follows `numba.prange`, and OpenMP's `parallel for`.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws {RangeError} if `chunkSize` or `numThreads` is not an integer of at least 1
 * @throws {TypeError} if an array in `context` is not on shared memory, or an option is unknown
 * @throws {DataCloneError} if `body` or `context` cannot cross; the message names the path
 * @throws the first error of the body
 * @throws the reason of `signal` if it is aborted
 *
 * @example Square roots
 * ```ts
 * import { parallelFor, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const roots = new Float64Array(new SharedArrayBuffer(8 * 1000));
 * await parallelFor(1000, (i, { roots }) => {
 *   roots[i] = Math.sqrt(i);
 * }, { context: { roots } });
 * assertEquals(roots[81], 9);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export declare function parallelFor<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => void,
  options?: LoopOptions<Context, Constants> & AbortOptions,
): Promise<void>;

/**
 * Runs a loop as {@linkcode parallelFor} does, blocking the calling isolate, which runs chunks too.
 *
 * @throws as {@linkcode parallelFor}
 */
export declare function parallelForSync<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => void,
  options?: LoopOptions<Context, Constants>,
): void;

export {};
