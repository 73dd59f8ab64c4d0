/**
 * What a waiter sleeps on, how a sleep ends, and algorithms that sleep.
 *
 * @module
 */

import type { Word } from "../heap/address.ts";
import type { QueueAddress } from "./wait_queue.ts";
import { NodeState } from "./waiter_node.ts";

/** What to sleep on. */
export interface Park {
  /** The queue to join. */
  queue: QueueAddress;
  /** The word to watch. */
  word: Word;
  /** Sleep only while the word has this value. */
  expected: number;
  /** Sleep only while this word is 0. Set it before waking all waiters. */
  unless?: Word;
  /**
   * The word that names the owning isolate, if there is one. When the owner ends, the waiter is woken. If
   * this is the word to watch, an isolate that would block for itself gets a `DeadlockError`.
   */
  ownerWord?: Word;
  /**
   * Called last, inside the queue's guard, when the node is in the queue. Returns whether the node stays
   * there. It takes a few instructions and does not throw.
   */
  admit?: () => boolean;
  /** Whether the waiter was woken before, and another isolate was faster. */
  overtaken?: boolean;
  /** Called when the waiter is in the queue, before it sleeps. */
  onQueued?: () => void;
  /** Whether to ignore the time-out and the signal, to complete what has begun. */
  untimed?: boolean;
  /**
   * A word whose lowest bit says that the group in the queue is broken. It is set, and the group is
   * woken, when a waiter of the group gives up or dies, or the owner dies.
   */
  group?: Word;
  /** The queue whose first waiter is woken if this waiter dies, to use its wake-up. */
  successorQueue?: QueueAddress;
  /** Whether the waiter has spun already, if it should: it sleeps at once. */
  hasSpun?: boolean;
}

/** How a sleep ended. */
export const ParkResult = {
  /** The word had changed before the sleep began. */
  CHANGED: 0,
  /** Woken: look again. */
  WOKEN: NodeState.WOKEN,
  /** Woken: the waiter owns what it waited for. */
  OWNER: NodeState.OWNER,
  /** The time is up. */
  TIMED_OUT: 4,
  /** The waiter's group may pass. */
  PASSED: NodeState.PASSED,
  /** The waiter's group is broken. */
  BROKEN: NodeState.BROKEN,
} as const;

/** How a sleep ended: a value of {@linkcode ParkResult}. */
export type ParkResult = typeof ParkResult[keyof typeof ParkResult];

/**
 * An algorithm that waits. It yields a {@linkcode Park} whenever it has to sleep, and is resumed with the
 * {@linkcode ParkResult}. If the sleep is aborted, or the isolate is told to end, the `yield` throws.
 */
export type Steps<T> = Generator<Park, T, ParkResult>;
