/**
 * Work on parts of an array, done by the team of parallel loops or by the caller alone.
 *
 * @module
 */

import { parallelFor, parallelForSync } from "../loops/parallel_for.ts";
import { threadsFor } from "../loops/num_threads.ts";

/** Elements that are worked on at a time. Sums depend on it, in the last digits; so it is fixed. */
export const BLOCK_SIZE = 1 << 16;

/** Fewer elements are worked on by the caller, if nobody says otherwise: that takes a millisecond. */
const MIN_PARALLEL_SIZE = 1 << 20;

/** Work that was cut into parts, which are done in any order. */
export interface BlockWork<Context extends object, Result> {
  /** Number of parts. */
  parts: number;
  /** Does one part; a task. */
  body: (part: number, context: Context) => void;
  /** What it sees: everything that it writes to is shared. */
  context: Context;
  /** Number of threads. */
  threads: number;
  /** What comes of it when all parts are done. */
  finish: () => Result;
}

/** The number of threads for cheap work on so many elements. */
export function threadsForCheap(size: number, wanted: number | undefined): number {
  return wanted === undefined && size < MIN_PARALLEL_SIZE ? 1 : threadsFor(wanted);
}

/** Does the work. */
export async function runWork<Context extends object, Result>(
  { parts, body, context, threads, finish }: BlockWork<Context, Result>,
): Promise<Result> {
  if (threads === 1) { for (let part = 0; part < parts; part++) body(part, context); }
  else await parallelFor(parts, body, { context, numThreads: threads, chunkSize: 1 });
  return finish();
}

/** As {@linkcode runWork}, blocking the thread, which does its share. */
export function runWorkSync<Context extends object, Result>(
  { parts, body, context, threads, finish }: BlockWork<Context, Result>,
): Result {
  if (threads === 1) { for (let part = 0; part < parts; part++) body(part, context); }
  else parallelForSync(parts, body, { context, numThreads: threads, chunkSize: 1 });
  return finish();
}
