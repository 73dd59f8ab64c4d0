/**
 * Counts the tasks of a queue that are not done yet, and waits until there are none.
 *
 * The words are among those of the channel. A task is unfinished from the step that makes its message
 * readable, which counts it in `SENT`, until it is counted in `DONE`. So no task can be done before it
 * is counted, and a `put` that fails counts nothing.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `DONE` | tasks done, modulo 2^32; `SENT - DONE` are unfinished | `countDone` | | |
 * | `CHANGES` | counts events after which a joiner must check again | `notifyJoiners` | joiners, in `JOINERS` | `notifyJoiners` wakes all |
 * | `TALLY_GUARD` | guards the following words | their readers and writers | | |
 * | `TALLIES` | first tally of the list; 0: none | `createTally` | | |
 * | `LOST` | tasks in hand of workers that died, modulo 2^32 | joiners | | |
 * | `LOST_BY` | tally of the worker that most recently lost tasks | joiners | | |
 *
 * A worker that dies between getting an item and marking it done would leave the joiners waiting
 * forever. So each worker has a tally: the number of items that it has in hand. When a worker ends, the
 * queue becomes unreachable for it, which notifies the joiners. They check the tallies of dead workers,
 * and the first joiner that sees one moves its count to `LOST`:
 *
 *     worker:            IN_HAND++;       if (it has ended) notify the joiners
 *     isolate ending it: STATE = ENDED;   notify the joiners, which read IN_HAND
 *
 * (A worker that was terminated may still compute, and get an item after the joiners have checked.)
 *
 * | word of a tally | meaning | written by |
 * |---|---|---|
 * | `NEXT` | next tally of the queue; 0: none | `createTally` |
 * | `ISOLATE` | isolate record of the worker | `createTally` |
 * | `IN_HAND` | items that it got minus those that it marked done | the worker; the joiner that finds it dead |
 * | `NAME_BYTES` | length of its name in UTF-8, which follows | `createTally` |
 *
 * The main isolate has no tally: when it ends, the program ends.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { enter, leave } from "../heap/guard.ts";
import { allocateUrgent, free } from "../heap/allocator.ts";
import { i32, u8 } from "../heap/views.ts";
import { currentIdentity } from "../heap/identity.ts";
import { exitCodeOf, hasEnded, isMainIsolate, thisIsolate } from "../heap/isolate_record.ts";
import { ParkResult, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";
import type { Received } from "./channel.ts";
import { type ChannelAddress, DONE_WORDS, JOINING_WORDS, SENT } from "./channel_state.ts";
import type { Store } from "./store.ts";

const DONE = DONE_WORDS;
const CHANGES = DONE_WORDS + 1;
const JOINERS = JOINING_WORDS;
const TALLY_GUARD = JOINERS + QUEUE_WORDS;
const TALLIES = TALLY_GUARD + 1;
const LOST = TALLIES + 1;
const LOST_BY = LOST + 1;

const NEXT = 0;
const ISOLATE = 1;
const IN_HAND = 2;
const NAME_BYTES = 3;
const TALLY_WORDS = 4;

/** Returns the number of tasks that were put and are not done. */
export function unfinishedIn(channel: ChannelAddress): number {
  const done = Atomics.load(i32, channel + DONE); // first, so that the difference is not negative
  return (Atomics.load(i32, channel + SENT) - done) | 0;
}

/**
 * Marks a task done that this isolate has in hand.
 *
 * @returns false if every task is done already
 */
export function finishTask(channel: ChannelAddress): boolean {
  const tally = findTally(channel);
  // First, so that a task is either done or counted as lost, never both.
  const wasInHand = tally !== 0 && decrementInHand(tally);
  if (!wasInHand && exitCodeOf(thisIsolate)) return true; // this worker is dead, and its task counts as lost
  if (countDone(channel)) return true;
  if (wasInHand) Atomics.add(i32, tally + IN_HAND, 1);
  return false;
}

/** Decrements `IN_HAND`; false if it is 0: the task was got by another worker, or counts as lost. */
function decrementInHand(tally: Address<"tally">): boolean {
  for (;;) {
    const inHand = Atomics.load(i32, tally + IN_HAND);
    if (inHand === 0) return false;
    if (Atomics.compareExchange(i32, tally + IN_HAND, inHand, inHand - 1) === inHand) return true;
  }
}

function countDone(channel: ChannelAddress): boolean {
  for (;;) {
    const done = Atomics.load(i32, channel + DONE);
    if (Atomics.load(i32, channel + SENT) === done) return false;
    if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;
  }
  if (unfinishedIn(channel) === 0) notifyJoiners(channel);
  return true;
}

/** Wakes all joiners, so that they check for unfinished tasks and dead workers. */
function notifyJoiners(channel: ChannelAddress): void {
  Atomics.add(i32, channel + CHANGES, 1);
  wakeAll(channel + JOINERS);
}

/** The tasks that a worker had in hand when it died. */
export interface LostTasks {
  count: number;
  /** Name of its process. */
  process: string;
  exitCode: number;
}

/** Steps of waiting until no task is unfinished. */
export function* joining(channel: ChannelAddress): Steps<"done" | LostTasks | "timed out"> {
  const lostBefore = Atomics.load(i32, channel + LOST);
  for (;;) {
    const changes = Atomics.load(i32, channel + CHANGES);
    collectLostTasks(channel);
    if (unfinishedIn(channel) === 0) return "done";
    const lost = (Atomics.load(i32, channel + LOST) - lostBefore) | 0;
    if (lost !== 0) return lostTasks(channel, lost);
    const outcome = yield { queue: channel + JOINERS, word: channel + CHANGES, expected: changes };
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
  }
}

function lostTasks(channel: ChannelAddress, count: number): LostTasks {
  const tally = i32[channel + LOST_BY];
  return { count, process: nameOfTally(tally), exitCode: exitCodeOf(i32[tally + ISOLATE])! };
}

/** Moves the tasks in hand of dead workers to `LOST`. A worker that ended with code 0 is not dead. */
function collectLostTasks(channel: ChannelAddress): void {
  enter(channel + TALLY_GUARD);
  for (let tally = i32[channel + TALLIES]; tally !== 0; tally = i32[tally + NEXT]) {
    if (!exitCodeOf(i32[tally + ISOLATE])) continue;
    const count = Atomics.exchange(i32, tally + IN_HAND, 0);
    if (count === 0) continue;
    i32[channel + LOST_BY] = tally;
    Atomics.add(i32, channel + LOST, count);
  }
  leave(channel + TALLY_GUARD);
}

// Tallies

/** Tallies of this isolate by channel, until the channel becomes unreachable. */
export const tallies: Map<number, number> = new Map();

/** Returns the tally of this isolate; 0 if it has none, as the main isolate. */
function findTally(channel: ChannelAddress): number {
  const known = tallies.get(channel);
  if (known !== undefined) return known;
  if (isMainIsolate()) return 0;
  let tally = Atomics.load(i32, channel + TALLIES);
  while (tally !== 0 && i32[tally + ISOLATE] !== thisIsolate) tally = i32[tally + NEXT];
  if (tally !== 0) tallies.set(channel, tally);
  return tally;
}

function createTally(channel: ChannelAddress): number {
  const name = new TextEncoder().encode(currentIdentity().name);
  const tally = allocateUrgent(TALLY_WORDS * 4 + name.length);
  i32[tally + ISOLATE] = thisIsolate;
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

/** Returns the name of the process whose tally it is. */
function nameOfTally(tally: Address<"tally">): string {
  const start = (tally + TALLY_WORDS) * 4;
  return new TextDecoder().decode(u8.slice(start, start + i32[tally + NAME_BYTES]));
}

/** Called when an isolate, maybe this one, or a message can no longer reach the queue. */
export function handleUnreachable(channel: ChannelAddress): void {
  tallies.delete(channel); // its memory may become another queue
  notifyJoiners(channel);
}

/** Returns the store with its tasks counted. A message that is dropped, or cannot be read, counts as done. */
export function countedStore(store: Store): Store {
  return {
    ...store,
    receive(channel) {
      // First, so that no message has been taken if there is no memory for the tally.
      const tally = isMainIsolate() ? 0 : findTally(channel) || createTally(channel);
      let received: Received | undefined;
      try {
        received = store.receive(channel);
      } catch (error) {
        countDone(channel);
        throw error;
      }
      if (received !== undefined && tally !== 0) {
        Atomics.add(i32, tally + IN_HAND, 1);
        if (hasEnded(thisIsolate)) notifyJoiners(channel);
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
