/**
 * The errors that ended workers, and that no isolate will read any more.
 *
 * The isolate that started a worker may read its error at any time, and frees it when it knows that it will
 * not. If that isolate has ended, the main isolate frees the error.
 *
 * @module
 */

import { hasEnded, type IsolateAddress, isolateWord, mainIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { freeError } from "./lifecycle.ts";
import { ERROR } from "./words.ts";

/** Workers with an error that the worker which started them may still read, by the latter. */
const unread = new Map<IsolateAddress, IsolateAddress[]>();

/**
 * Frees the errors that only a worker could have read, whose JavaScript has stopped, and its own error if
 * no isolate can read it.
 */
export function freeUnreadErrors(record: IsolateAddress): void {
  unread.get(record)?.forEach(freeError);
  unread.delete(record);
  const parent = i32[record + isolateWord.PARENT];
  if (parent === mainIsolate() || Atomics.load(i32, record + ERROR) === 0) return;
  if (hasEnded(parent)) return freeError(record);
  const others = unread.get(parent);
  if (others === undefined) unread.set(parent, [record]);
  else others.push(record);
}
