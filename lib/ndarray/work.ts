/**
 * Work on the parts of an array, by the team of loop workers or by the caller alone.
 *
 * @module
 */

import { parallelFor, parallelForSync } from "../loops/parallel_for.ts";
import { threadsFor } from "../loops/num_threads.ts";

/** Number of elements in a part: fixed, since results depend on it; the maximum for `vectorize`. */
export const PART_SIZE = 1 << 16;

/** Minimum size of an array to use workers for by default: below, the caller needs a millisecond. */
const MIN_PARALLEL_SIZE = 1 << 20;

/** Work in parts, which run in any order. */
export interface PartsWork<Context extends object, Result> {
  /** Number of parts. */
  parts: number;
  /** Does one part. A task. */
  body: (part: number, context: Context) => void;
  /** Second argument of the body; what the body writes to is on shared memory. */
  context: Context;
  /** Number of isolates that run it. */
  threads: number;
  /** Returns the result, when all parts are done. */
  finish: () => Result;
}

/** Returns the number of isolates for cheap work on so many elements. */
export function threadsForCheap(size: number, wanted: number | undefined): number {
  return wanted === undefined && size < MIN_PARALLEL_SIZE ? 1 : threadsFor(wanted);
}

/** Runs the work. */
export async function runWork<Context extends object, Result>(
  { parts, body, context, threads, finish }: PartsWork<Context, Result>,
): Promise<Result> {
  if (threads === 1) { for (let part = 0; part < parts; part++) body(part, context); }
  else await parallelFor(parts, body, { context, numThreads: threads, chunkSize: 1 });
  return finish();
}

/** Runs as {@linkcode runWork} does, blocking the isolate, which runs parts too. */
export function runWorkSync<Context extends object, Result>(
  { parts, body, context, threads, finish }: PartsWork<Context, Result>,
): Result {
  if (threads === 1) { for (let part = 0; part < parts; part++) body(part, context); }
  else parallelForSync(parts, body, { context, numThreads: threads, chunkSize: 1 });
  return finish();
}
