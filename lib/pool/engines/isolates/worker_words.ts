/**
 * The words of a worker's record by which its pool knows what it runs.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `JOB` | job of the chunk that the worker runs; 0 for none | the worker |
 * | `CHUNK` | the chunk, while `JOB` is not 0 | the worker, before `JOB` |
 * | `CHUNKS_DONE` | number of chunks that the worker has finished | the worker |
 *
 * When the worker dies, its pool reads from them what was lost.
 *
 * @module
 */

import { recordWord } from "../../../heap/isolate_record.ts";

/** Offsets in the isolate record. */
export const workerWord = {
  JOB: recordWord(26, "job"),
  CHUNK: recordWord(27, "chunk"),
  CHUNKS_DONE: recordWord(28, "chunks done"),
} as const;
