/**
 * Work on the parts of an array, by the team of loop workers or by the caller alone.
 *
 * @module
 */

import type { AnyFunction } from "../codec/task.ts";
import type { LoopPlan } from "../loops/loop_plan.ts";
import { threadsFor } from "../loops/num_threads.ts";
import { makePlan } from "../loops/parallel_for.ts";
import { runOnTeam, runOnTeamSync } from "../loops/team.ts";
import { compactBuffer } from "../memory/shared_buffer.ts";
import { makeView } from "./array.ts";
import { arrayClassOf, type BigDataType, type DataType, type NdArray } from "./types.ts";

/** Number of elements in a part: fixed, since results depend on it; the maximum for `vectorize`. */
export const PART_SIZE = 1 << 16;

/** Minimum sizes of arrays to use workers for by default: below, the caller needs a millisecond. */
const MIN_PARALLEL_SIZE = 1 << 20;
/** If code of WebAssembly does the work. */
const MIN_PARALLEL_COMPILED = 1 << 22;

/** Work in parts, which run in any order. */
export interface PartsWork<Context extends object, Result> {
  /** Number of parts. */
  parts: number;
  /** Does one part. A task. */
  body: (part: number, context: Context) => void;
  /** The caller's function, if the body calls one: errors name it. */
  callee?: AnyFunction | undefined;
  /** Second argument of the body; what the body writes to is on shared memory. */
  context: Context;
  /** Number of isolates that run it. */
  threads: number;
  /** Returns the result, when all parts are done. */
  finish: () => Result;
}

/** Makes an array for a value of each part. */
export function makePartials(parts: number, dtype: DataType | BigDataType): NdArray {
  const arrayClass = arrayClassOf(dtype);
  const buffer = compactBuffer("make array", parts * arrayClass.BYTES_PER_ELEMENT);
  return makeView(new arrayClass(buffer, 0, parts), [parts]);
}

/**
 * Returns the number of isolates for cheap work on so many elements.
 *
 * @param isCompiled whether code of WebAssembly does the work
 */
export function threadsForCheap(
  size: number,
  wanted: number | undefined,
  isCompiled = false,
): number {
  const least = isCompiled ? MIN_PARALLEL_COMPILED : MIN_PARALLEL_SIZE;
  return wanted === undefined && size < least ? 1 : threadsFor(wanted);
}

/**
 * Runs the work.
 *
 * @throws the reason of `signal`, if that is aborted first
 */
export async function runWork<Context extends object, Result>(
  work: PartsWork<Context, Result>,
  signal?: AbortSignal,
): Promise<Result> {
  signal?.throwIfAborted();
  if (work.threads === 1) runHere(work);
  else await runOnTeam(loopOf(work), work.threads, signal);
  return work.finish();
}

/** Runs as {@linkcode runWork} does, blocking the isolate, which runs parts too. */
export function runWorkSync<Context extends object, Result>(
  work: PartsWork<Context, Result>,
): Result {
  if (work.threads === 1) runHere(work);
  else runOnTeamSync(loopOf(work), work.threads);
  return work.finish();
}

function runHere<Context extends object>({ parts, body, context }: PartsWork<Context, unknown>) {
  for (let part = 0; part < parts; part++) body(part, context);
}

function loopOf<Context extends object>(
  { parts, body, callee, context, threads }: PartsWork<Context, unknown>,
): LoopPlan {
  const { plan } = makePlan(parts, body, { context, numThreads: threads, chunkSize: 1 });
  return { ...plan, callee };
}
