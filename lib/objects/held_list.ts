/**
 * The list, on the record of each worker, of the shared objects that the worker has handles for.
 *
 * When the worker ends, others notify these objects and drop their references. The main isolate lists
 * only objects of which it may hold things: when it ends, the program does.
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
 * | `HOLDINGS` | number of things of the object that the worker holds, such as permits: see `addHoldings` |
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
const HOLDINGS = 4;
const ENTRY_WORDS = 5;

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
  i32[entry + HOLDINGS] = 0;
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

/** An object in the list of a worker that has ended. */
export interface HeldObject {
  object: Address<"object">;
  /** Whether the worker reached the object until now. */
  reached: boolean;
  /** Number of things of the object that it held. */
  holdings: number;
}

/**
 * Marks all entries of a worker that has ended as unreachable, and takes what it held.
 *
 * @returns the objects of which that is a change
 */
export function markAllHeld(record: Address<"isolate">): HeldObject[] {
  enter(record + GUARD);
  i32[record + ENDED] = 1;
  const objects: HeldObject[] = [];
  for (let entry = i32[record + FIRST]; entry !== 0; entry = i32[entry + NEXT]) {
    const reached = i32[entry + UNREACHABLE] === 0;
    const holdings = takeHoldings(entry);
    if (reached || holdings > 0) objects.push({ object: i32[entry + OBJECT], reached, holdings });
  }
  leave(record + GUARD);
  return objects;
}

/** Counts `count` more things that the worker of an entry holds. */
export function countHoldings(entry: HeldEntry, count: number): void {
  Atomics.add(i32, entry + HOLDINGS, count);
}

/** Returns how many things the worker of an entry holds. */
export function holdingsOf(entry: HeldEntry): number {
  return Atomics.load(i32, entry + HOLDINGS);
}

/** Sets the number of things that the worker of an entry holds to 0, and returns what it was. */
export function takeHoldings(entry: HeldEntry): number {
  return Atomics.exchange(i32, entry + HOLDINGS, 0);
}

/** Counts up to `count` things less, and returns how many they were. */
export function discountHoldings(entry: HeldEntry, count: number): number {
  let held = i32[entry + HOLDINGS]; // only its worker adds to it
  for (;;) {
    const less = Math.min(held, count);
    if (less === 0) return 0;
    const found = Atomics.compareExchange(i32, entry + HOLDINGS, held, held - less);
    if (found === held) return less;
    held = found;
  }
}

/** As {@linkcode countHoldings}, for the main isolate, whose entries no other isolate looks at. */
export function countOwnHoldings(entry: HeldEntry, count: number): void {
  i32[entry + HOLDINGS] += count;
}

/** As {@linkcode discountHoldings}, for the main isolate. */
export function discountOwnHoldings(entry: HeldEntry, count: number): number {
  const less = Math.min(i32[entry + HOLDINGS], count);
  i32[entry + HOLDINGS] -= less;
  return less;
}

/** Whether a worker has a handle for the object. */
export function isHeldBy(record: Address<"isolate">, object: Address<"object">): boolean {
  enter(record + GUARD);
  let entry = i32[record + FIRST];
  while (entry !== 0 && i32[entry + OBJECT] !== object) entry = i32[entry + NEXT];
  leave(record + GUARD);
  return entry !== 0;
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
