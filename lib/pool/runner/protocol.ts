/**
 * What goes between a pool and its workers, both ways through a channel.
 *
 *     pool:    tasks   [job, chunk, mode, function, flag] arguments or items
 *     workers: results [job, chunk, status] result, results or error
 *
 * Workers pull: whoever is free takes the next chunk. A worker notes the chunk on its record while it
 * runs it, so that when it dies the pool knows what was lost; that a worker has died is itself a
 * result, sent by whoever ends it.
 *
 * A job that may be cancelled has a word in the heap, its flag: a value of {@linkcode JobFlag}.
 *
 * | from, to | meaning | written by |
 * |---|---|---|
 * | `WAITING` -> `BEGUN` | a chunk begins | the worker that begins the first |
 * | `WAITING` -> `CANCELLED` | withdrawn: no chunk will begin | the pool |
 * | any -> `CANCELLED` | nobody wants the results: what has not begun will not | the pool |
 *
 * The first two are compare-exchanges, so a task is either withdrawn or begun, never both.
 *
 * @module
 */

/** How far a job is that may be cancelled. */
export const JobFlag = { WAITING: 0, CANCELLED: 1, BEGUN: 2 } as const;

/** How a worker calls the function. */
export const CallMode = {
  /** Once, with the payload as its arguments. */
  APPLY: 0,
  /** With each item. */
  MAP: 1,
  /** With the elements of each item. */
  STARMAP: 2,
  /** With each item, going on after an error. */
  MAP_ALL: 3,
  /** With the elements of each item, going on after an error. */
  STARMAP_ALL: 4,
} as const;

/** What became of a chunk. */
export const ChunkStatus = {
  /** The payload is the result, or the array of results. */
  DONE: 0,
  /** The payload is a {@linkcode Failure}. */
  FAILED: 1,
  /** Nobody wanted it any more. */
  SKIPPED: 2,
  /** The worker has died; the payload is its record. `job` and `chunk` mean nothing. */
  DIED: 3,
  /** The initializer failed; the payload is its error. `job` and `chunk` mean nothing. */
  INITIALIZER_FAILED: 4,
  /** Never sent: the pool could not read what was. */
  UNREADABLE: 5,
} as const;

/** Why a chunk failed. */
export interface Failure {
  error: unknown;
  /** Index of the item in the chunk. */
  index: number;
  /** Names of the function and the worker; none if it was no worker that ran it. */
  by?: { task: string; worker: string };
}

/** What a chunk gives that goes on after an error: results, and errors by index. */
export interface PartialResults {
  results: unknown[];
  failures: Failure[];
}
