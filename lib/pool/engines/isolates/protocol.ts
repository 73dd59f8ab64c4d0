/**
 * What the engine and its workers send each other through two channels of the shared heap.
 *
 *     engine:  tasks   [job, chunk, mode, function, flag] arguments or items
 *     workers: results [worker, job, chunk, status] result, results or error
 *
 * Workers pull: a worker that is free receives the next chunk. It writes the job and the chunk into its
 * isolate record before it begins (`worker_words.ts`), so that the engine knows what was lost if it dies.
 * Its death arrives as a result too: the exit message of a worker is a result of status `DIED`. Nothing
 * that a worker sends after it counts.
 *
 * The number for the mode holds more than that: see {@linkcode packMode}.
 *
 * A job that may be cancelled has a flag, a word of the shared heap that holds a {@linkcode JobFlag}.
 *
 * | transition | meaning | written by |
 * |---|---|---|
 * | `WAITING` → `BEGUN` | the first chunk begins | the worker that begins it, by compare-exchange |
 * | `WAITING` → `CANCELLED` | the job is withdrawn: no chunk will begin | the engine, by compare-exchange |
 * | any → `CANCELLED`, `TIMED_OUT` | the job has settled: chunks that have not begun are skipped, tasks that run are told by their signal | the engine |
 *
 * The two compare-exchanges exclude each other: a job is either withdrawn or begun.
 *
 * @module
 */

import { i32 } from "../../../heap/views.ts";
import { type CallMode, ChunkStatus } from "../../chunks/chunk.ts";

/** State of a job that may be cancelled. From `CANCELLED` on, nobody wants its results. */
export const JobFlag = { WAITING: 0, BEGUN: 1, CANCELLED: 2, TIMED_OUT: 3 } as const;

/**
 * Marks the job of a flag as begun; 0 for a job that cannot be cancelled.
 *
 * @returns false if the job was withdrawn or has settled
 */
export function beginJob(flag: number): boolean {
  if (flag === 0) return true;
  const found = Atomics.compareExchange(i32, flag, JobFlag.WAITING, JobFlag.BEGUN);
  return found < JobFlag.CANCELLED;
}

/**
 * Whether nobody wants the results of the job of a flag any more. By a plain load: an atomic one takes 20 ns,
 * and the worst case is that one more item runs.
 */
export function isUnwantedJob(flag: number): boolean {
  return flag !== 0 && i32[flag] >= JobFlag.CANCELLED;
}

const MODE_BITS = 7;
const TIMED = 8;
const ATTEMPT_SHIFT = 4;

/**
 * Returns the number that stands for the mode of a chunk.
 *
 * @param isTimed whether its tasks have a time limit: the worker reports when it begins
 * @param attempt how often the chunk was sent before
 */
export function packMode(mode: CallMode, isTimed: boolean, attempt: number): number {
  return mode | (isTimed ? TIMED : 0) | (attempt << ATTEMPT_SHIFT);
}

/** Undoes {@linkcode packMode}. */
export function unpackMode(packed: number): { mode: CallMode; isTimed: boolean; attempt: number } {
  return {
    mode: (packed & MODE_BITS) as CallMode,
    isTimed: (packed & TIMED) !== 0,
    attempt: packed >> ATTEMPT_SHIFT,
  };
}

/** What a result reports: the end of a chunk, or an event of its worker. */
export const ResultStatus = {
  ...ChunkStatus,
  /** The worker has ended. `job` and `chunk` are 0. No payload. */
  DIED: 3,
  /** The initializer failed. The payload is its error; `job` and `chunk` are 0. */
  INITIALIZER_FAILED: 4,
  /** The chunk, whose tasks have a time limit, begins. No payload. */
  BEGINS: 5,
  /** The worker imports the module of the chunk's function. No payload. */
  IMPORTS: 6,
  /** Never sent. The engine could not decode a result; the payload is the error. */
  UNREADABLE: 7,
} as const;

/** What a result reports: a value of {@linkcode ResultStatus}. */
export type ResultStatus = typeof ResultStatus[keyof typeof ResultStatus];
