/**
 * How a chunk is called and how it ends: the words that every engine shares with its workers.
 *
 * @module
 */

/** How a worker calls the function. */
export const CallMode = {
  /** Once, with the payload as its arguments. */
  APPLY: 0,
  /** With each item, until the first error. */
  MAP: 1,
  /** With the elements of each item, until the first error. */
  STARMAP: 2,
  /** With each item, continuing after an error. */
  MAP_ALL: 3,
  /** With the elements of each item, continuing after an error. */
  STARMAP_ALL: 4,
  /** With the elements of each item, until the first error, and measuring the time. */
  BATCH: 5,
} as const;

/** How a worker calls the function: a value of {@linkcode CallMode}. */
export type CallMode = typeof CallMode[keyof typeof CallMode];

/** Whether a chunk goes on with the next item after an error. */
export function continuesAfterError(mode: CallMode): boolean {
  return mode === CallMode.MAP_ALL || mode === CallMode.STARMAP_ALL;
}

/** How a chunk ended. */
export const ChunkStatus = {
  /** All calls returned. The payload is the result of `APPLY`, or the results of the items. */
  DONE: 0,
  /** A call failed. The payload is a {@linkcode Failure}. */
  FAILED: 1,
  /** It did not begin, or stopped before an item, because its job had settled. No payload. */
  SKIPPED: 2,
} as const;

/** How a chunk ended: a value of {@linkcode ChunkStatus}. */
export type ChunkStatus = typeof ChunkStatus[keyof typeof ChunkStatus];

/** Why a chunk failed. */
export interface Failure {
  /** What was thrown. */
  error: unknown;
  /** Index of the item in the chunk. */
  index: number;
  /** Names of the task and the worker; absent if it ran in the isolate of the call. */
  by?: { task: string; worker: string };
}

/** Results of a chunk that continues after an error, or of a batch. */
export interface PartialResults {
  /** Results by index; empty where the item failed. */
  results: unknown[];
  /** The items that failed. */
  failures: Failure[];
  /** How long the calls of a batch took, in milliseconds. */
  ms?: number;
}
