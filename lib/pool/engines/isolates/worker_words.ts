/**
 * The words of a worker's record by which its engine knows what it runs.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `BEGUN` | number of chunks that the worker has begun; {@linkcode CLAIMED} once the engine has taken note of its end | the worker, by compare-exchange; the engine, by exchange |
 * | `JOBS`, `CHUNKS` | job and index of the chunk that was begun last, at `BEGUN & 1` | the worker, before it counts the chunk in `BEGUN` |
 * | `ITEM` | index in the chunk of the item that runs | the worker |
 * | `ITEM_AFTER` | when that item began, in milliseconds after its chunk; only if the task has a time limit | the worker |
 *
 * The engine counts the answers of each worker. When a worker has ended, the engine claims its record. If
 * more chunks have been begun than were answered, the last one is lost: its job fails or the chunk is sent
 * again, and an answer that still comes does not count. A worker that cannot count a chunk in `BEGUN`
 * because its record is claimed has not begun the chunk, and puts it back.
 *
 * There are two places for the job and the chunk, because a worker that was declared ended may still
 * write those of the next chunk while the engine reads.
 *
 * @module
 */

import { recordWord } from "../../../heap/isolate_record.ts";

/** Offsets in the isolate record. */
export const workerWord = {
  BEGUN: recordWord(26, "chunks begun"),
  JOBS: recordWord(27, "jobs of chunks", 2),
  CHUNKS: recordWord(29, "indices of chunks", 2),
  ITEM: recordWord(31, "item"),
  ITEM_AFTER: recordWord(32, "begin of the item"),
} as const;

/** Value of `BEGUN` once the engine has taken note of the end of the worker. */
export const CLAIMED = -1;
