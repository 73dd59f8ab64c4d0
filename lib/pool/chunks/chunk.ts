/**
 * How a chunk is called and how it ends: the words that every engine shares with its workers.
 *
 * @module
 */

import { CorruptMessageError } from "../../errors.ts";

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

/**
 * Returns a failure that a worker has sent: the worker may be one of another program.
 *
 * @throws {CorruptMessageError} if it is none
 */
export function checkFailure(value: unknown): Failure {
  const { error, index, by } = partsOf(value, "failure");
  if (!isIndex(index, Infinity)) throw notSent("a failure without an index");
  if (by === undefined) return { error, index };
  const { task, worker } = partsOf(by, "failure");
  if (typeof task !== "string" || typeof worker !== "string") throw notSent("a failure of no task");
  return { error, index, by: { task, worker } };
}

/**
 * Returns the results of a chunk of so many items that a worker has sent: it may be one of another program.
 *
 * @throws {CorruptMessageError} if they are none
 */
export function checkOutcomes(value: unknown, count: number): PartialResults {
  const { results, failures, ms } = partsOf(value, "results");
  if (!Array.isArray(results) || results.length !== count) throw notSent("too few results");
  if (!Array.isArray(failures)) throw notSent("no failures");
  const checked = failures.map(checkFailure);
  if (!checked.every(({ index }) => isIndex(index, count))) throw notSent("failures of no items");
  return { results, failures: checked, ...(typeof ms === "number" ? { ms } : {}) };
}

function partsOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw notSent(`no ${what}`);
  return value as Record<string, unknown>;
}

function isIndex(value: unknown, end: number): value is number {
  return Number.isInteger(value) && value as number >= 0 && value as number < end;
}

function notSent(what: string): CorruptMessageError {
  return new CorruptMessageError(
    `Cannot read result: the worker sent ${what}. ` +
      "Check that the other side is this package, in the same version",
  );
}
