/**
 * The protocol of {@linkcode Barrier}: its shared words, and the steps of an arrival.
 *
 * A generation is one use of the barrier: it begins when the previous one has ended, and ends when
 * all parties have arrived, or by a reset.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `PARTIES` | number of parties that wait for each other | the creator | | |
 * | `COUNT` | number of parties of this generation that have arrived | arriving parties | | |
 * | `STATE` | twice the number of the generation, plus `BROKEN` 1 | the last party, the party that breaks the barrier, `reset` | parties that have arrived, in `WAITERS` | every writer |
 * | `RESETS` | number of resets | `reset` | | |
 * | `PARTY_DIED` | 1 once a party has died since the last reset: the next arrival breaks the barrier | the end of an isolate, `reset` | | |
 * | `RUNNER` | the isolate that runs the action before it releases the waiters; 0: none. A reset does not change it | the last party, the runner | parties that arrive while the action runs, in `ENTRANCE` | the runner, its end, the party that breaks the barrier, `reset` |
 *
 * | transition of `STATE` | meaning |
 * |---|---|
 * | s -> s + 2 | all parties pass; only if s is not broken |
 * | s -> s + 1 | broken |
 * | s, or s + 1 -> s + 2 | reset |
 *
 * `COUNT`, `STATE`, `RUNNER` and `PARTY_DIED` are written inside the guard of `WAITERS`, and a generation ends in
 * the same section that wakes everyone in `WAITERS`. So all waiters in that queue are of the
 * current generation, and either all of them pass or none does. The result, `PASSED` or `BROKEN`,
 * is stored in the node of each waiter: when the waiter runs, the barrier may be in a later
 * generation already.
 *
 * Giving up and dying:
 *
 * - A waiter that times out, is aborted or dies breaks its generation in the section in which it
 *   leaves the queue.
 * - If a waiter died but is still queued, the last arrival counts too few live waiters, and breaks
 *   the generation.
 * - If the runner dies, its waiters are woken and break the generation.
 *
 * A party that dies before it arrives leaves the others waiting for it. So an isolate notes with its first
 * arrival after a reset that it is a party: its holdings of the object are the number of resets, plus 1.
 * When an isolate dies (ends with another exit code than 0) that is a party since the last reset, or that
 * has the barrier and has never arrived, the generation that waits is broken, or else the next arrival
 * breaks it. An isolate that returns may have done its part, so it breaks nothing.
 *
 * The sections use the guard, not a lock: a lock of a terminated worker goes to another isolate,
 * but the worker runs on until its next operation, and would write words that it no longer owns.
 *
 * @module
 */

import { i32 } from "../heap/views.ts";
import {
  addHoldings,
  type HolderEnd,
  type ObjectAddress,
  objectWord,
  ownHoldings,
} from "../objects/shared_object.ts";
import { exitCodeOf, hasEnded, type IsolateAddress, thisIsolate } from "../heap/isolate_record.ts";
import { ParkResult, type Steps } from "../parking/wait.ts";
import {
  countWaiters,
  QUEUE_WORDS,
  resumeGroup,
  wakeAll,
  withQueueGuard,
} from "../parking/wait_queue.ts";
import { NodeState } from "../parking/waiter_node.ts";

const PARTIES = objectWord.FIRST;
const COUNT = PARTIES + 1;
const STATE = COUNT + 1;
const RUNNER = STATE + 1;
const WAITERS = RUNNER + 1;
const ENTRANCE = WAITERS + QUEUE_WORDS;
const ACTION = ENTRANCE + QUEUE_WORDS;
const TIMEOUT = ACTION + 1;
const RESETS = ACTION + 2;
const PARTY_DIED = ACTION + 3;

/** Offsets of the words that do not change, and of those that are read without a section. */
export const barrierWord = {
  PARTIES,
  COUNT,
  STATE,
  /** Address of the action's definition; 0 for none. */
  ACTION,
  /** Default timeout of a wait, in milliseconds; -1 for none. */
  TIMEOUT,
} as const;

/** Number of words of a barrier. */
export const BARRIER_WORDS = PARTY_DIED + 1;

/** The bit of `STATE` that says that the generation is broken. */
export const BROKEN = 1;

/** How an arrival ended. */
export type Arrival =
  /** The party passes. It was number `index` to arrive. */
  | { kind: "passed"; index: number }
  /** The party is the last one: it must run the action, then call {@linkcode finishAction}. */
  | { kind: "last"; index: number; state: number }
  /** The generation is broken. */
  | { kind: "broken" }
  /** The action of the previous generation did not end in time. Nothing is broken. */
  | { kind: "not admitted" };

/** An arrival, or what the party must wait for first: the other parties, or the running action. */
type Attempt = Arrival | { kind: "waits"; state: number } | {
  kind: "early";
  runner: IsolateAddress;
};

const broken = { kind: "broken" } as const;

/** Breaks this generation. Inside the guard. */
function breakNow(barrier: ObjectAddress): typeof broken {
  Atomics.or(i32, barrier + STATE, BROKEN);
  resumeGroup(barrier + WAITERS, NodeState.BROKEN);
  return broken;
}

/** Breaks the generation of `state`, unless it has ended. */
function breakIfCurrent(barrier: ObjectAddress, state: number): typeof broken {
  withQueueGuard(barrier + WAITERS, () => i32[barrier + STATE] === state && breakNow(barrier));
  wakeAll(barrier + ENTRANCE);
  return broken;
}

/** Lets all parties pass, or breaks the generation if a waiter has died. Inside the guard. */
function tryPass(barrier: ObjectAddress): boolean {
  if (countWaiters(barrier + WAITERS) !== i32[barrier + PARTIES] - 1) {
    breakNow(barrier);
    return false;
  }
  i32[barrier + COUNT] = 0;
  Atomics.add(i32, barrier + STATE, 2);
  resumeGroup(barrier + WAITERS, NodeState.PASSED);
  return true;
}

/** Completes the arrival if the party does not have to wait. Inside the guard. */
function tryArrive(barrier: ObjectAddress): Attempt {
  const state = i32[barrier + STATE];
  if ((state & BROKEN) !== 0) return broken;
  if (i32[barrier + PARTY_DIED] !== 0) return breakNow(barrier);
  const runner = i32[barrier + RUNNER];
  const index = i32[barrier + COUNT];
  if (runner !== 0) {
    if (!hasEnded(runner)) return { kind: "early", runner };
    if (index === i32[barrier + PARTIES]) return breakNow(barrier);
    Atomics.store(i32, barrier + RUNNER, 0); // a reset has ended the generation of this runner
  }
  if (index < i32[barrier + PARTIES] - 1) return { kind: "waits", state };
  i32[barrier + COUNT]++;
  if (i32[barrier + ACTION] === 0) return tryPass(barrier) ? { kind: "passed", index } : broken;
  Atomics.store(i32, barrier + RUNNER, thisIsolate);
  // If this isolate was ended before it was the runner, its end did not wake the waiters.
  return hasEnded(thisIsolate) ? breakNow(barrier) : { kind: "last", index, state };
}

/** Notes that this isolate is a party, unless it has since the last reset. */
function becomeParty(barrier: ObjectAddress): void {
  const mark = Atomics.load(i32, barrier + RESETS) + 1;
  const held = ownHoldings(barrier);
  if (held !== mark) addHoldings(barrier, mark - held);
}

/** Breaks the barrier if the isolate that has ended was one of its parties, as far as is known. */
export function endParty(barrier: ObjectAddress, { isolate, reached, holdings }: HolderEnd): void {
  if (exitCodeOf(isolate) === 0 || !reached) return;
  withQueueGuard(barrier + WAITERS, () => {
    if (holdings !== 0 && holdings !== i32[barrier + RESETS] + 1) return; // a party before the last reset
    i32[barrier + PARTY_DIED] = 1;
    const count = i32[barrier + COUNT];
    if (count > 0 && count < i32[barrier + PARTIES]) breakNow(barrier);
  });
  wakeAll(barrier + ENTRANCE);
}

/** Steps of an arrival. */
export function* arriving(barrier: ObjectAddress): Steps<Arrival> {
  becomeParty(barrier);
  for (;;) {
    const found = withQueueGuard(barrier + WAITERS, () => tryArrive(barrier));
    if (found.kind === "early") {
      const outcome = yield {
        queue: barrier + ENTRANCE,
        word: barrier + RUNNER,
        expected: found.runner,
        ownerWord: barrier + RUNNER,
        admit: () => (Atomics.load(i32, barrier + STATE) & BROKEN) === 0,
      };
      if (outcome === ParkResult.TIMED_OUT) return { kind: "not admitted" };
      continue;
    }
    if (found.kind !== "waits") return found;
    const { state } = found;
    let index = 0;
    let outcome: ParkResult;
    try {
      outcome = yield {
        queue: barrier + WAITERS,
        word: barrier + STATE,
        expected: state,
        ownerWord: barrier + RUNNER,
        group: barrier + STATE,
        // A party is counted only when it is in the queue, so that the last one does not miss it.
        // If it is early or the last one by now, or a party has died, it must not sleep here.
        admit: () => {
          const counts = i32[barrier + RUNNER] === 0 && i32[barrier + PARTY_DIED] === 0 &&
            i32[barrier + COUNT] < i32[barrier + PARTIES] - 1;
          if (counts) index = i32[barrier + COUNT]++;
          return counts;
        },
      };
    } catch (reason) {
      breakIfCurrent(barrier, state);
      throw reason;
    }
    if (outcome === ParkResult.PASSED) return { kind: "passed", index };
    if (outcome !== ParkResult.CHANGED) return breakIfCurrent(barrier, state);
  }
}

/**
 * Ends the action of the generation of `state`: lets all parties pass if it succeeded, else breaks
 * the generation.
 *
 * @returns whether they pass
 */
export function finishAction(barrier: ObjectAddress, state: number, succeeded: boolean): boolean {
  const passed = withQueueGuard(barrier + WAITERS, () => {
    // If this isolate has been ended, another one may be the runner by now.
    Atomics.compareExchange(i32, barrier + RUNNER, thisIsolate, 0);
    if (i32[barrier + STATE] !== state) return false;
    return succeeded ? tryPass(barrier) : breakNow(barrier) !== broken;
  });
  wakeAll(barrier + ENTRANCE);
  return passed;
}

/** Ends this generation and begins a new one. Waiters get the result `BROKEN`. */
export function resetBarrier(barrier: ObjectAddress): void {
  withQueueGuard(barrier + WAITERS, () => {
    i32[barrier + COUNT] = 0;
    i32[barrier + PARTY_DIED] = 0;
    Atomics.add(i32, barrier + RESETS, 1);
    Atomics.store(i32, barrier + STATE, ((i32[barrier + STATE] | BROKEN) + 1) | 0);
    resumeGroup(barrier + WAITERS, NodeState.BROKEN);
  });
  wakeAll(barrier + ENTRANCE);
}

/** Breaks this generation. */
export function abortBarrier(barrier: ObjectAddress): void {
  withQueueGuard(barrier + WAITERS, () => breakNow(barrier));
  wakeAll(barrier + ENTRANCE);
}
