/**
 * The words of a worker's record by which its engine knows what it runs.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `BEGUN` | number of chunks that the worker has begun, with the bit {@linkcode REPLACED} once another worker has its place; {@linkcode CLAIMED} once the engine has taken note of its end | the worker and the engine, by compare-exchange; the engine, by exchange |
 * | `JOB`, `CHUNK` | job and index of the chunk that was begun last | the worker, before it counts the chunk in `BEGUN` |
 * | `ITEM` | index in the chunk of the item that runs | the worker |
 * | `ITEM_AFTER` | when that item began, in milliseconds after its chunk; only if the task has a time limit | the worker |
 *
 * The engine counts the answers of each worker. When a worker has ended, the engine claims its record. If
 * more chunks have been begun than were answered, the last one is lost: its job fails or the chunk is sent
 * again, and an answer that still comes does not count. A worker that cannot count a chunk in `BEGUN`,
 * because its record is claimed or it was replaced, has not begun the chunk, and puts it back.
 *
 * A worker looks for `STOP` before it takes a chunk, and the bit is set before its exit message is sent. So
 * `JOB` and `CHUNK` are those of the lost chunk when the engine reads them.
 *
 * @module
 */

import { type IsolateAddress, recordWord, thisIsolate } from "../../../heap/isolate_record.ts";
import { i32 } from "../../../heap/views.ts";

/** Offsets in the isolate record. */
export const workerWord = {
  BEGUN: recordWord(26, "chunks begun"),
  JOB: recordWord(27, "job"),
  CHUNK: recordWord(28, "chunk"),
  ITEM: recordWord(29, "item"),
  ITEM_AFTER: recordWord(30, "begin of the item"),
} as const;

/** Bit of `BEGUN`: the worker is to begin no further chunk. It ends after the one that it runs. */
const REPLACED = 1 << 30;
/** Value of `BEGUN` once the engine has taken note of the end of the worker. */
const CLAIMED = -1;

/** A chunk that a worker has begun and not answered. */
export interface RunningChunk {
  readonly jobNumber: number;
  readonly chunk: number;
  /** Index in the chunk of the item that runs. */
  readonly item: number;
}

/**
 * Counts a chunk as begun by this worker.
 *
 * @param begun how many it has begun before
 * @returns false if the engine has replaced this worker or taken note of its end: the chunk has not begun
 * then
 */
export function beginChunk(begun: number, jobNumber: number, chunk: number): boolean {
  i32[thisIsolate + workerWord.JOB] = jobNumber;
  i32[thisIsolate + workerWord.CHUNK] = chunk;
  i32[thisIsolate + workerWord.ITEM] = 0;
  const word = thisIsolate + workerWord.BEGUN;
  return Atomics.compareExchange(i32, word, begun, begun + 1) === begun;
}

/**
 * Returns whether another worker has the place of this one, which begins no further chunk.
 *
 * @param begun how many it has begun
 */
export function isReplaced(begun: number): boolean {
  return i32[thisIsolate + workerWord.BEGUN] === (begun | REPLACED);
}

/**
 * Gives the place of a worker to another one, unless it has begun another chunk.
 *
 * @param begun how many chunks it had begun
 * @returns false if it has begun another one, or the engine has taken note of its end
 */
export function replaceWorker(record: IsolateAddress, begun: number): boolean {
  const word = record + workerWord.BEGUN;
  return Atomics.compareExchange(i32, word, begun, begun | REPLACED) === begun;
}

/** Returns how many chunks a worker has begun; -1 once the engine has taken note of its end. */
export function chunksBegun(record: IsolateAddress): number {
  const begun = Atomics.load(i32, record + workerWord.BEGUN);
  return begun === CLAIMED ? CLAIMED : begun & ~REPLACED;
}

/**
 * Returns the chunk that a worker has begun and not answered.
 *
 * @param answered how many of its chunks have come back
 */
export function runningChunk(record: IsolateAddress, answered: number): RunningChunk | undefined {
  return chunkAt(record, answered, Atomics.load(i32, record + workerWord.BEGUN));
}

/**
 * Takes note of the end of a worker: it can begin no chunk any more.
 *
 * @param answered how many of its chunks came back before its end
 * @returns the chunk that is lost with it
 */
export function claimEnded(record: IsolateAddress, answered: number): RunningChunk | undefined {
  return chunkAt(record, answered, Atomics.exchange(i32, record + workerWord.BEGUN, CLAIMED));
}

function chunkAt(
  record: IsolateAddress,
  answered: number,
  begun: number,
): RunningChunk | undefined {
  if (begun === CLAIMED || (begun & ~REPLACED) === answered) return undefined;
  return {
    jobNumber: i32[record + workerWord.JOB],
    chunk: i32[record + workerWord.CHUNK],
    item: i32[record + workerWord.ITEM],
  };
}
