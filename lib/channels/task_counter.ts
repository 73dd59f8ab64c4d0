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
 * | `LOST` | tasks that isolates had in hand when they ended, modulo 2^32 | the end of an isolate | | |
 * | `LOST_BY` | record of the isolate that most recently lost tasks | the end of an isolate | | |
 * | `REPORTED` | the value of `LOST` that was last reported to a joiner | joiners | | |
 * | `GIVEN_UP` | lost tasks that are not marked done yet | the end of an isolate, `finishTask` | | |
 * | `IS_JOINED` | 1 once a task was marked done, or joined: the items in hand matter | `finishTask`, joiners | | |
 * | `IS_SHARED` | 1 once an isolate has marked a task done that it did not have in hand, and that was not lost | `finishTask` | | |
 *
 * A worker that ends between getting an item and marking it done would leave the joiners waiting
 * forever. So the items that an isolate has in hand are its holdings of the object. When it ends, they are
 * added to `LOST`, and the joiners are notified.
 *
 * An isolate may also hand items on to others, which mark them done. So once that has been seen, the items
 * of an isolate that ends with exit code 0 do not count as lost: it may have handed them on.
 *
 * @module
 */

import { nameOf } from "../heap/identity.ts";
import { exitCodeOf, hasEnded, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { addHoldings, dropHoldings, type HolderEnd, objectWord } from "../objects/shared_object.ts";
import { ParkResult, type Steps, stopError } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";
import type { Received } from "./channel.ts";
import { type ChannelAddress, DONE_WORDS, JOINING_WORDS, SENT } from "./channel_state.ts";
import type { Store } from "./store.ts";

const DONE = DONE_WORDS;
const CHANGES = DONE_WORDS + 1;
const JOINERS = JOINING_WORDS;
const LOST = JOINERS + QUEUE_WORDS;
const LOST_BY = LOST + 1;
const REPORTED = LOST + 2;
const GIVEN_UP = LOST + 3;
const IS_SHARED = LOST + 4;
const IS_JOINED = LOST + 5;

/** The object of the queue begins before its channel. */
const OBJECT = -objectWord.FIRST;

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
  i32[channel + IS_JOINED] = 1;
  // First, so that a task is either done or counted as lost, never both.
  const wasInHand = dropHoldings(channel + OBJECT) > 0;
  if (!wasInHand && hasEnded(thisIsolate)) return true; // its task counts as lost
  if (!countDone(channel)) {
    if (wasInHand) addHoldings(channel + OBJECT);
    return false;
  }
  if (!wasInHand && !discountGivenUp(channel)) Atomics.store(i32, channel + IS_SHARED, 1);
  return true;
}

/** Whether a task that is marked done is one that was lost. */
function discountGivenUp(channel: ChannelAddress): boolean {
  for (;;) {
    const count = Atomics.load(i32, channel + GIVEN_UP);
    if (count === 0) return false;
    if (Atomics.compareExchange(i32, channel + GIVEN_UP, count, count - 1) === count) return true;
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

/** Wakes all joiners, so that they check for unfinished and lost tasks. */
function notifyJoiners(channel: ChannelAddress): void {
  Atomics.add(i32, channel + CHANGES, 1);
  wakeAll(channel + JOINERS);
}

/** The tasks that a worker had in hand when it ended. */
export interface LostTasks {
  count: number;
  /** Name of its process. */
  process: string;
  exitCode: number;
}

/** Steps of waiting until no task is unfinished. */
export function* joining(channel: ChannelAddress): Steps<"done" | LostTasks | "timed out"> {
  i32[channel + IS_JOINED] = 1;
  const reported = Atomics.load(i32, channel + REPORTED);
  for (;;) {
    const changes = Atomics.load(i32, channel + CHANGES);
    const lost = Atomics.load(i32, channel + LOST);
    const isDone = unfinishedIn(channel) === 0;
    // Reported to all joiners that wait now, or else to the next one; not once everything is done.
    if (isDone || lost !== reported) Atomics.store(i32, channel + REPORTED, lost);
    if (isDone) return "done";
    if (lost !== reported) return lostTasks(channel, (lost - reported) | 0);
    const outcome = yield { queue: channel + JOINERS, word: channel + CHANGES, expected: changes };
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
  }
}

function lostTasks(channel: ChannelAddress, count: number): LostTasks {
  const isolate = i32[channel + LOST_BY];
  return { count, process: nameOf(isolate), exitCode: exitCodeOf(isolate)! };
}

/** Whether the items that isolates have in hand matter: a program that never joins need not mark them. */
export function isJoined(channel: ChannelAddress): boolean {
  return i32[channel + IS_JOINED] !== 0;
}

/** Counts the tasks as lost that an isolate had in hand when it ended. */
export function loseTasks(channel: ChannelAddress, { isolate, holdings }: HolderEnd): void {
  const mayBeHandedOn = exitCodeOf(isolate) === 0 && Atomics.load(i32, channel + IS_SHARED) !== 0;
  if (holdings === 0 || mayBeHandedOn) return;
  Atomics.store(i32, channel + LOST_BY, isolate);
  Atomics.add(i32, channel + GIVEN_UP, holdings);
  Atomics.add(i32, channel + LOST, holdings);
  notifyJoiners(channel);
}

/** Returns the store with its tasks counted. A message that is dropped, or cannot be read, counts as done. */
export function countedStore(store: Store): Store {
  return {
    ...store,
    receive(channel) {
      let received: Received | undefined;
      try {
        received = store.receive(channel);
      } catch (error) {
        countDone(channel);
        throw error;
      }
      // The item of an isolate that has been ended counts as lost.
      if (received !== undefined && !addHoldings(channel + OBJECT)) throw stopError();
      return received;
    },
    discardNext(channel) {
      const found = store.discardNext(channel);
      if (found) countDone(channel);
      return found;
    },
  };
}
