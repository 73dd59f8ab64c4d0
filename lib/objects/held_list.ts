/**
 * The list, on the record of each worker, of the shared objects that the worker has handles for.
 *
 * When the worker ends, others notify these objects and drop their references. The main isolate has no
 * list: when it ends, the program does.
 *
 * | word of the record | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards the list and its entries | `enter`, `leave` |
 * | `FIRST` | first entry; 0 for none | the worker; the main isolate after its end |
 * | `ENDED` | 1 once all objects in the list were marked unreachable, because the worker ended | the isolate that ends the worker |
 *
 * | word of an entry | meaning |
 * |---|---|
 * | `NEXT`, `PREVIOUS` | neighbours in the list; 0 for none |
 * | `OBJECT` | address of the object |
 * | `UNREACHABLE` | 1 if the worker has a handle but does not reach the object by it: see `markUnreachable` |
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { allocateUrgent, free } from "../heap/allocator.ts";
import { enter, leave } from "../heap/guard.ts";
import { recordWord, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";

const GUARD = recordWord(13, "guard of the list of held objects");
const FIRST = recordWord(14, "first held object");
const ENDED = recordWord(15, "held objects are unreachable");

const NEXT = 0;
const PREVIOUS = 1;
const OBJECT = 2;
const UNREACHABLE = 3;
const ENTRY_WORDS = 4;

/** Address of an entry. */
export type HeldEntry = Address<"held entry">;

/**
 * Adds an object to the list of this worker.
 *
 * @throws {MemoryError} if the shared heap is full
 */
export function listHeld(object: Address<"object">): HeldEntry {
  const entry = allocateUrgent(ENTRY_WORDS * 4);
  const first = thisIsolate + FIRST;
  enter(thisIsolate + GUARD);
  i32[entry + NEXT] = i32[first];
  i32[entry + PREVIOUS] = 0;
  i32[entry + OBJECT] = object;
  i32[entry + UNREACHABLE] = i32[thisIsolate + ENDED]; // a worker that has ended reaches no objects
  if (i32[first] !== 0) i32[i32[first] + PREVIOUS] = entry;
  i32[first] = entry;
  leave(thisIsolate + GUARD);
  return entry;
}

/**
 * Removes an entry from the list of this worker, and frees it.
 *
 * @returns whether the objects in the list have been marked unreachable, because the worker ended
 */
export function unlistHeld(entry: HeldEntry): boolean {
  enter(thisIsolate + GUARD);
  const next = i32[entry + NEXT];
  const previous = i32[entry + PREVIOUS];
  if (next !== 0) i32[next + PREVIOUS] = previous;
  if (previous !== 0) i32[previous + NEXT] = next;
  else i32[thisIsolate + FIRST] = next;
  const ended = i32[thisIsolate + ENDED] !== 0;
  leave(thisIsolate + GUARD);
  free(entry);
  return ended;
}

/** Whether the entry is marked unreachable. */
export function isHeldUnreachable(entry: HeldEntry): boolean {
  return i32[entry + UNREACHABLE] !== 0;
}

/**
 * Marks an entry of this worker as unreachable, or as reachable again.
 *
 * @returns false, with nothing done, if the worker has ended and all its entries count as unreachable
 */
export function markHeld(entry: HeldEntry, unreachable: boolean): boolean {
  enter(thisIsolate + GUARD);
  const ended = i32[thisIsolate + ENDED] !== 0;
  if (!ended) i32[entry + UNREACHABLE] = unreachable ? 1 : 0;
  leave(thisIsolate + GUARD);
  return !ended;
}

/**
 * Marks all entries of a worker that has ended as unreachable.
 *
 * @returns the objects that the worker reached until now
 */
export function markAllHeld(record: Address<"isolate">): Address<"object">[] {
  enter(record + GUARD);
  i32[record + ENDED] = 1;
  const objects: Address<"object">[] = [];
  for (let entry = i32[record + FIRST]; entry !== 0; entry = i32[entry + NEXT]) {
    if (i32[entry + UNREACHABLE] === 0) objects.push(i32[entry + OBJECT]);
  }
  leave(record + GUARD);
  return objects;
}

/**
 * Frees the list of a worker whose JavaScript has stopped.
 *
 * @returns the objects in it. The worker has a reference for each
 */
export function takeAllHeld(record: Address<"isolate">): Address<"object">[] {
  const objects: Address<"object">[] = [];
  let entry = i32[record + FIRST];
  i32[record + FIRST] = 0;
  while (entry !== 0) {
    const next = i32[entry + NEXT];
    objects.push(i32[entry + OBJECT]);
    free(entry);
    entry = next;
  }
  return objects;
}
