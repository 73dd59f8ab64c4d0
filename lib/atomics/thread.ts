/**
 * The record that every isolate of a program has in the shared heap: its state, what it is asked to
 * notice, and the one word that it ever sleeps on.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `STATE` | low byte {@linkcode State}, the rest the exit code | itself; at its end whoever ends it | who waits for its end, in `ENDED_QUEUE` | whoever ends it |
 * | `CONTROL` | bits of {@linkcode Control} | others set, itself clears `SERVICE` | | |
 * | `WAKE` | counts wake-ups | whoever has news for it | itself, blocking and async | {@linkcode rouse} |
 * | `READY` | stack of its async waiters that were woken | wakers push, itself takes all | | |
 * | `ORDER` | address of the message that says what to run; 0: none yet, or it was read; negative: it is lost | who starts it, itself, whoever ends it | itself, in `ORDER_QUEUE` | who starts it |
 * | `ACKNOWLEDGED` | 1 once its JavaScript has stopped | itself | the main thread, in `ENDED_QUEUE` | itself |
 *
 * A blocked thread and its waiting promises all sleep on `WAKE`, so one increment and one notify
 * reach whatever it does, and nothing else has to be known about it to stop it. Records are never
 * freed: a lock may name the record of a thread that ended long ago.
 *
 * @module
 */

import { enter, leave } from "./guard.ts";
import { allocate, ensureHeap, rootWord } from "./heap.ts";
import { adoptHeap, i32 } from "./heap_views.ts";

/** Offsets of the words of a thread's record. */
export const threadWord = {
  STATE: 0,
  /** 1 if it must not keep the program alive. */
  DAEMON: 1,
  CONTROL: 2,
  WAKE: 3,
  READY: 4,
  /** Its number, unique in the program; the main thread has 1. */
  PID: 5,
  /** A wait queue: three words. */
  ENDED_QUEUE: 6,
  /** Address of the message that says what to run. */
  ORDER: 9,
  /** Address of the message with the error that ended it. */
  ERROR: 10,
  /** First slab of its waiter nodes. */
  SLABS: 11,
  HELD_GUARD: 12,
  /** First of the shared objects that it holds. */
  HELD: 13,
  /** 1 once what it held was told that it is gone. */
  HELD_LOST: 24,
  /** Record of the thread that asked for it. */
  PARENT: 14,
  /** Address of the message that is sent when it ends, 0 for none, and the channel for it. */
  WILL: 15,
  WILL_CHANNEL: 25,
  /** Job and chunk of the pool task that it runs; `JOB` 0 for none. */
  JOB: 16,
  CHUNK: 17,
  /** Number of tasks that it has finished. */
  TASKS_DONE: 18,
  ACKNOWLEDGED: 19,
  /** Next in the list of live threads. */
  NEXT: 20,
  /** Queue in which a worker of the warm reserve waits for its order: three words. */
  ORDER_QUEUE: 21,
  /** Queue in which it sleeps for a time, and nobody is ever woken: three words. */
  SLEEP_QUEUE: 26,
} as const;

const RECORD_WORDS = 32;

/** States of a thread. */
export const State = { STARTING: 0, IDLE: 1, RUNNING: 2, ENDED: 3 } as const;

/** What a thread is asked to notice at its next wait. */
export const Control = {
  /** End: every wait throws `TerminatedError`. */
  STOP: 1,
  /** Serve the requests of other threads (main thread only). */
  SERVICE: 2,
} as const;

/** Record of this isolate's thread; 0 before {@linkcode ensureThread}. */
export let self = 0;

/** Makes this isolate the main thread of a program of its own, unless it belongs to one already. */
export function ensureThread(): void {
  if (self !== 0) return;
  ensureHeap();
  self = createThread(0);
  i32[rootWord.mainThread] = self;
  i32[self + threadWord.STATE] = State.RUNNING;
}

/** Joins the program that `heap` belongs to, as the thread with this record. */
export function adoptThread(heap: SharedArrayBuffer, record: number): void {
  adoptHeap(heap);
  self = record;
}

/** Whether this isolate is the main thread of its program. */
export function isMainThread(): boolean {
  return self === 0 || self === i32[rootWord.mainThread];
}

/** Makes the record of a thread that is about to start. */
export function createThread(parent: number): number {
  const record = allocate(RECORD_WORDS * 4);
  i32.fill(0, record, record + RECORD_WORDS);
  i32[record + threadWord.PARENT] = parent;
  enter(rootWord.threadsGuard);
  i32[record + threadWord.PID] = ++i32[rootWord.threadCount];
  i32[record + threadWord.NEXT] = i32[rootWord.threads];
  i32[rootWord.threads] = record;
  leave(rootWord.threadsGuard);
  return record;
}

/** A number that no thread has, for what is like one. */
export function takeNumber(): number {
  enter(rootWord.threadsGuard);
  const number = ++i32[rootWord.threadCount];
  leave(rootWord.threadsGuard);
  return number;
}

/** Takes a thread that has ended out of the list of live ones. */
export function unlistThread(record: number): void {
  enter(rootWord.threadsGuard);
  let link: number = rootWord.threads;
  while (i32[link] !== 0 && i32[link] !== record) link = i32[link] + threadWord.NEXT;
  if (i32[link] === record) i32[link] = i32[record + threadWord.NEXT];
  leave(rootWord.threadsGuard);
}

/** Calls `visit` with each live thread's record; none of them can be unlisted meanwhile. */
export function forEachLiveThread(visit: (record: number) => void): void {
  enter(rootWord.threadsGuard);
  for (let at = i32[rootWord.threads]; at !== 0; at = i32[at + threadWord.NEXT]) visit(at);
  leave(rootWord.threadsGuard);
}

/** The state of a thread: a value of {@linkcode State}. */
export function stateOf(record: number): number {
  return Atomics.load(i32, record + threadWord.STATE) & 0xff;
}

/** Whether the thread has ended. */
export function hasEnded(record: number): boolean {
  return stateOf(record) === State.ENDED;
}

/** As {@linkcode hasEnded}, at a glance that is not atomic: an end at this moment may be missed. */
export function seemsEnded(record: number): boolean {
  return (i32[record + threadWord.STATE] & 0xff) === State.ENDED;
}

/** How the thread ended; `undefined` while it has not. */
export function exitCodeOf(record: number): number | undefined {
  const word = Atomics.load(i32, record + threadWord.STATE);
  return (word & 0xff) === State.ENDED ? word >> 8 : undefined;
}

/** Publishes the state of this thread, unless it was ended meanwhile. */
export function enterState(state: number): void {
  const word = self + threadWord.STATE;
  const found = Atomics.load(i32, word);
  if ((found & 0xff) !== State.ENDED) Atomics.compareExchange(i32, word, found, state);
}

/**
 * Publishes the end of a thread.
 *
 * @returns false if it had ended before
 */
export function publishEnd(record: number, exitCode: number): boolean {
  const word = record + threadWord.STATE;
  for (;;) {
    const found = Atomics.load(i32, word);
    if ((found & 0xff) === State.ENDED) return false;
    const ended = (exitCode << 8) | State.ENDED;
    if (Atomics.compareExchange(i32, word, found, ended) === found) return true;
  }
}

/** Makes a thread look around: it has been woken, or asked to notice something. */
export function rouse(record: number): void {
  Atomics.add(i32, record + threadWord.WAKE, 1);
  Atomics.notify(i32, record + threadWord.WAKE);
}

/** Asks a thread to notice something, wherever it waits. */
export function ask(record: number, control: number): void {
  Atomics.or(i32, record + threadWord.CONTROL, control);
  rouse(record);
}

/** Whether this thread was told to end. Long loops of the library look at it between chunks. */
export function stopRequested(): boolean {
  return self !== 0 && (Atomics.load(i32, self + threadWord.CONTROL) & Control.STOP) !== 0;
}
