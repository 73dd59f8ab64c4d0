/**
 * What goes between a pool and its workers, both ways through a channel.
 *
 *     pool:    tasks   [job, chunk, mode, function, cancel flag] arguments or items
 *     workers: results [job, chunk, status] result, results or error
 *
 * Workers pull: whoever is free takes the next chunk. A worker notes the chunk on its record while it
 * runs it, so that when it dies the pool knows what was lost; that a worker has died is itself a
 * result, sent by whoever ends it.
 *
 * | word of a cancel flag | meaning | written by |
 * |---|---|---|
 * | 0 | 1 once nobody wants the job's results | the pool |
 *
 * @module
 */

/** How a worker calls the function. */
export const Mode = {
  /** Once, with the payload as its arguments. */
  APPLY: 0,
  /** With each item. */
  MAP: 1,
  /** With the elements of each item. */
  STARMAP: 2,
  /** With each item, going on after an error. */
  MAP_ALL: 3,
} as const;

/** What became of a chunk. */
export const Status = {
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
  /** Name of the function. */
  task: string;
  /** Name of the worker. */
  worker: string;
}

/** What a chunk of {@linkcode Mode.MAP_ALL} gives: results, and errors by index. */
export interface Outcomes {
  results: unknown[];
  failures: Failure[];
}
