/**
 * What the engine and its workers send each other through two channels of the shared heap.
 *
 *     engine:  tasks   [job, chunk, mode, function, flag] arguments or items
 *     workers: results [job, chunk, status] result, results or error
 *
 * Workers pull: a worker that is free receives the next chunk. It writes the job and the chunk into its
 * isolate record while it runs them, so that the engine knows what was lost if it dies. Its death
 * arrives as a result too: the exit message of a worker is a result of status `DIED`.
 *
 * A job that may be cancelled has a flag, a word of the shared heap that holds a {@linkcode JobFlag}.
 *
 * | transition | meaning | written by |
 * |---|---|---|
 * | `WAITING` → `BEGUN` | the first chunk begins | the worker that begins it, by compare-exchange |
 * | `WAITING` → `CANCELLED` | the job is withdrawn: no chunk will begin | the engine, by compare-exchange |
 * | any → `CANCELLED` | the job has settled: chunks that have not begun are skipped | the engine |
 *
 * The two compare-exchanges exclude each other: a job is either withdrawn or begun.
 *
 * @module
 */

import { ChunkStatus } from "../../chunks/chunk.ts";

/** State of a job that may be cancelled. */
export const JobFlag = { WAITING: 0, CANCELLED: 1, BEGUN: 2 } as const;

/** What a result reports: the end of a chunk, or an event of its worker. */
export const ResultStatus = {
  ...ChunkStatus,
  /** The worker has ended. The payload is its isolate record; `job` and `chunk` are 0. */
  DIED: 3,
  /** The initializer failed. The payload is its error; `job` and `chunk` are 0. */
  INITIALIZER_FAILED: 4,
  /** Never sent. The engine could not decode a result; the payload is the error. */
  UNREADABLE: 5,
} as const;

/** What a result reports: a value of {@linkcode ResultStatus}. */
export type ResultStatus = typeof ResultStatus[keyof typeof ResultStatus];
