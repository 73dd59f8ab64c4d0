/**
 * Tasks that were put into a queue and are not done yet, and waiting until there is none.
 *
 * The words lie behind those of the channel. A task is unfinished from the step that makes its
 * message readable, which counts it in `SENT`, until it is counted in `DONE`. So nobody can be done
 * with what is not counted, and a `put` that fails has counted nothing.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `DONE` | tasks done, modulo 2^32; `SENT - DONE` are unfinished | `countDone` | | |
 * | `NEWS` | counts reasons for a joiner to look again | `tellJoiners` | joiners, in `JOINERS` | `tellJoiners` wakes all |
 * | `TALLY_GUARD` | guards the following | who reads or writes them | | |
 * | `TALLIES` | first tally of the list; 0 for none | `makeTally` | | |
 * | `LOST` | tasks that workers had in hand when they died, modulo 2^32 | joiners | | |
 * | `LOST_BY` | tally of the worker that lost tasks last | joiners | | |
 *
 * A worker that dies between getting an item and marking it done would leave the joiners waiting for
 * ever. So each worker has a tally of what it has in hand. Its end lets go of the queue, which tells
 * the joiners; they look at the tallies of the dead, and whoever sees one first moves it to `LOST`:
 *
 *     worker: IN_HAND++;       if (it has ended) tell the joiners
 *     ender:  STATE = ENDED;   tell the joiners, who look at IN_HAND
 *
 * (A worker that was told to end may compute on, and get an item after the joiners have looked.)
 *
 * | word of a tally | meaning | written by |
 * |---|---|---|
 * | `NEXT` | next tally of the queue; 0 for none | `makeTally` |
 * | `THREAD` | record of the worker | `makeTally` |
 * | `IN_HAND` | items that it got, less those that it marked done | the worker; who finds it dead |
 * | `NAME_BYTES` | length of its name in UTF-8, which follows | `makeTally` |
 *
 * The main thread has none: when it ends there is nobody left to tell.
 *
 * @module
 */

import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32, u8 } from "../heap/views.ts";
import { currentIdentity } from "../heap/identity.ts";
import { exitCodeOf, hasEnded, isMainIsolate, thisIsolate } from "../heap/isolate_record.ts";
import { ParkResult, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";
import type { Received } from "./channel.ts";
import { CHANNEL_WORDS, SENT } from "./channel_state.ts";
import type { Store } from "./store.ts";

const DONE = CHANNEL_WORDS;
const NEWS = DONE + 1;
const JOINERS = NEWS + 1;
const TALLY_GUARD = JOINERS + QUEUE_WORDS;
const TALLIES = TALLY_GUARD + 1;
const LOST = TALLIES + 1;
const LOST_BY = LOST + 1;

/** Words that a channel takes whose tasks are counted. */
export const COUNTED_CHANNEL_WORDS: number = LOST_BY + 1;

const NEXT = 0;
const THREAD = 1;
const IN_HAND = 2;
const NAME_BYTES = 3;
const TALLY_WORDS = 4;

/** Number of tasks that were put and are not done. */
export function unfinishedIn(channel: number): number {
  const done = Atomics.load(i32, channel + DONE); // first, so that the difference is not negative
  return (Atomics.load(i32, channel + SENT) - done) | 0;
}

/**
 * Marks a task done that this thread has in hand.
 *
 * @returns false if every task is done already
 */
export function finishTask(channel: number): boolean {
  const tally = findTally(channel);
  // First, so that a task is either done or given up as lost, whoever comes first.
  const wasInHand = tally !== 0 && takeFromHand(tally);
  if (!wasInHand && exitCodeOf(thisIsolate)) return true; // this worker is dead, and it was given up
  if (countDone(channel)) return true;
  if (wasInHand) Atomics.add(i32, tally + IN_HAND, 1);
  return false;
}

/** Lowers `IN_HAND`; false if it is 0, since the task was got by another worker, or given up. */
function takeFromHand(tally: number): boolean {
  for (;;) {
    const inHand = Atomics.load(i32, tally + IN_HAND);
    if (inHand === 0) return false;
    if (Atomics.compareExchange(i32, tally + IN_HAND, inHand, inHand - 1) === inHand) return true;
  }
}

function countDone(channel: number): boolean {
  for (;;) {
    const done = Atomics.load(i32, channel + DONE);
    if (Atomics.load(i32, channel + SENT) === done) return false;
    if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;
  }
  if (unfinishedIn(channel) === 0) tellJoiners(channel);
  return true;
}

/** Wakes those who join, to look whether all is done or somebody has died. */
function tellJoiners(channel: number): void {
  Atomics.add(i32, channel + NEWS, 1);
  wakeAll(channel + JOINERS);
}

/** What a worker had in hand when it died. */
export interface LostTasks {
  count: number;
  /** Its name. */
  process: string;
  exitCode: number;
}

/** Steps of waiting until no task is unfinished. */
export function* joining(channel: number): Steps<"done" | LostTasks | "timed out"> {
  const lostBefore = Atomics.load(i32, channel + LOST);
  for (;;) {
    const news = Atomics.load(i32, channel + NEWS);
    giveUpTasksOfTheDead(channel);
    if (unfinishedIn(channel) === 0) return "done";
    const lost = (Atomics.load(i32, channel + LOST) - lostBefore) | 0;
    if (lost !== 0) return lostTasks(channel, lost);
    const outcome = yield { queue: channel + JOINERS, word: channel + NEWS, expected: news };
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
  }
}

function lostTasks(channel: number, count: number): LostTasks {
  const tally = i32[channel + LOST_BY];
  return { count, process: nameIn(tally), exitCode: exitCodeOf(i32[tally + THREAD])! };
}

/** Moves what dead workers have in hand to `LOST`. One that ended with code 0 has not died. */
function giveUpTasksOfTheDead(channel: number): void {
  enter(channel + TALLY_GUARD);
  for (let tally = i32[channel + TALLIES]; tally !== 0; tally = i32[tally + NEXT]) {
    if (!exitCodeOf(i32[tally + THREAD])) continue;
    const count = Atomics.exchange(i32, tally + IN_HAND, 0);
    if (count === 0) continue;
    i32[channel + LOST_BY] = tally;
    Atomics.add(i32, channel + LOST, count);
  }
  leave(channel + TALLY_GUARD);
}

// Tallies

/** The tallies of this thread, by channel, until it is told to forget them. */
const tallies = new Map<number, number>();

/** The tally of this thread; 0 if it has none, as the main thread. */
function findTally(channel: number): number {
  const known = tallies.get(channel);
  if (known !== undefined) return known;
  if (isMainIsolate()) return 0;
  let tally = Atomics.load(i32, channel + TALLIES);
  while (tally !== 0 && i32[tally + THREAD] !== thisIsolate) tally = i32[tally + NEXT];
  if (tally !== 0) tallies.set(channel, tally);
  return tally;
}

function makeTally(channel: number): number {
  const name = new TextEncoder().encode(currentIdentity().name);
  const tally = allocate(TALLY_WORDS * 4 + name.length);
  i32[tally + THREAD] = thisIsolate;
  i32[tally + IN_HAND] = 0;
  i32[tally + NAME_BYTES] = name.length;
  u8.set(name, (tally + TALLY_WORDS) * 4);
  enter(channel + TALLY_GUARD);
  i32[tally + NEXT] = i32[channel + TALLIES];
  Atomics.store(i32, channel + TALLIES, tally);
  leave(channel + TALLY_GUARD);
  tallies.set(channel, tally);
  return tally;
}

/** The name of the worker whose tally it is. */
function nameIn(tally: number): string {
  const start = (tally + TALLY_WORDS) * 4;
  return new TextDecoder().decode(u8.slice(start, start + i32[tally + NAME_BYTES]));
}

/** A thread, maybe this one, or a message can no longer reach the queue. */
export function noteLoss(channel: number): void {
  tallies.delete(channel); // its memory may become another queue
  tellJoiners(channel);
}

/** The store with its tasks counted. A message that was dropped, or cannot be read, counts as done. */
export function counted(store: Store): Store {
  return {
    ...store,
    receive(channel) {
      // Made first: there must be nothing in hand when it turns out that there is no memory for it.
      const tally = isMainIsolate() ? 0 : findTally(channel) || makeTally(channel);
      let received: Received | undefined;
      try {
        received = store.receive(channel);
      } catch (error) {
        countDone(channel);
        throw error;
      }
      if (received !== undefined && tally !== 0) {
        Atomics.add(i32, tally + IN_HAND, 1);
        if (hasEnded(thisIsolate)) tellJoiners(channel);
      }
      return received;
    },
    discardNext(channel) {
      const found = store.discardNext(channel);
      if (found) countDone(channel);
      return found;
    },
    destroy(channel) {
      for (let tally = i32[channel + TALLIES]; tally !== 0;) {
        const next = i32[tally + NEXT];
        free(tally);
        tally = next;
      }
      store.destroy(channel);
    },
  };
}
