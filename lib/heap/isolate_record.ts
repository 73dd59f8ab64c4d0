/**
 * The record that every isolate of a program has in the shared heap: its state, what it is asked to
 * notice, and the one word that it ever sleeps on.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `STATE` | low byte {@linkcode IsolateState}, the rest the exit code | itself; at its end whoever ends it | who waits for its end, in `ENDED_QUEUE` | whoever ends it |
 * | `CONTROL` | bits of {@linkcode Control} | others set, itself clears `SERVICE` | | |
 * | `WAKE` | counts wake-ups | whoever has news for it | itself, blocking and async | {@linkcode unpark} |
 * | `READY` | stack of its async waiters that were woken | wakers push, itself takes all | | |
 * | `ORDER` | address of the message that says what to run; 0: none yet, or it was read; negative: it is lost | who starts it, itself, whoever ends it | itself, in `START_QUEUE` | who starts it |
 * | `ACKNOWLEDGED` | 1 once its JavaScript has stopped | itself | the main thread, in `ENDED_QUEUE` | itself |
 *
 * A blocked thread and its waiting promises all sleep on `WAKE`, so one increment and one notify
 * reach whatever it does, and nothing else has to be known about it to stop it. Records are never
 * freed: a lock may name the record of a thread that ended long ago.
 *
 * @module
 */

import { enter, leave } from "./guard.ts";
import { allocate, ensureHeap, rootWord } from "./allocator.ts";
import { adoptHeap, i32 } from "./views.ts";

/** Offsets of the words of a thread's record. */
export const isolateWord = {
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
  START_REQUEST: 9,
  /** Address of the message with the error that ended it. */
  ERROR: 10,
  /** First slab of its waiter nodes. */
  SLABS: 11,
  HELD_GUARD: 12,
  /** First of the shared objects that it holds. */
  HELD: 13,
  /** 1 once what it held was told that it is gone. */
  HELD_UNREACHABLE: 24,
  /** Record of the thread that asked for it. */
  PARENT: 14,
  /** Address of the message that is sent when it ends, 0 for none, and the channel for it. */
  EXIT_MESSAGE: 15,
  EXIT_CHANNEL: 25,
  /** Job and chunk of the pool task that it runs; `JOB` 0 for none. */
  JOB: 16,
  CHUNK: 17,
  /** Number of tasks that it has finished. */
  TASKS_DONE: 18,
  ACKNOWLEDGED: 19,
  /** Next in the list of live threads. */
  NEXT: 20,
  /** Queue in which a worker of the warm reserve waits for its order: three words. */
  START_QUEUE: 21,
  /** Queue in which it sleeps for a time, and nobody is ever woken: three words. */
  SLEEP_QUEUE: 26,
} as const;

const RECORD_WORDS = 32;

/** States of a thread. */
export const IsolateState = { STARTING: 0, IDLE: 1, RUNNING: 2, ENDED: 3 } as const;

/** What a thread is asked to notice at its next wait. */
export const Control = {
  /** End: every wait throws `TerminatedError`. */
  STOP: 1,
  /** Serve the requests of other threads (main thread only). */
  SERVICE: 2,
} as const;

/** Record of this isolate's thread; 0 before {@linkcode ensureIsolate}. */
export let thisIsolate = 0;

/** Makes this isolate the main thread of a program of its own, unless it belongs to one already. */
export function ensureIsolate(): void {
  if (thisIsolate !== 0) return;
  ensureHeap();
  thisIsolate = createIsolateRecord(0);
  i32[rootWord.mainIsolate] = thisIsolate;
  i32[thisIsolate + isolateWord.STATE] = IsolateState.RUNNING;
}

/** Joins the program that `heap` belongs to, as the thread with this record. */
export function adoptIsolate(heap: SharedArrayBuffer, record: number): void {
  adoptHeap(heap);
  thisIsolate = record;
}

/** Whether this isolate is the main thread of its program. */
export function isMainIsolate(): boolean {
  return thisIsolate === 0 || thisIsolate === i32[rootWord.mainIsolate];
}

/** Makes the record of a thread that is about to start. */
export function createIsolateRecord(parent: number): number {
  const record = allocate(RECORD_WORDS * 4);
  i32.fill(0, record, record + RECORD_WORDS);
  i32[record + isolateWord.PARENT] = parent;
  enter(rootWord.isolatesGuard);
  i32[record + isolateWord.PID] = ++i32[rootWord.isolateCount];
  i32[record + isolateWord.NEXT] = i32[rootWord.isolates];
  i32[rootWord.isolates] = record;
  leave(rootWord.isolatesGuard);
  return record;
}

/** A number that no thread has, for what is like one. */
export function nextId(): number {
  enter(rootWord.isolatesGuard);
  const number = ++i32[rootWord.isolateCount];
  leave(rootWord.isolatesGuard);
  return number;
}

/** Takes a thread that has ended out of the list of live ones. */
export function unlistIsolate(record: number): void {
  enter(rootWord.isolatesGuard);
  let link: number = rootWord.isolates;
  while (i32[link] !== 0 && i32[link] !== record) link = i32[link] + isolateWord.NEXT;
  if (i32[link] === record) i32[link] = i32[record + isolateWord.NEXT];
  leave(rootWord.isolatesGuard);
}

/** Calls `visit` with each live thread's record; none of them can be unlisted meanwhile. */
export function forEachLiveIsolate(visit: (record: number) => void): void {
  enter(rootWord.isolatesGuard);
  for (let at = i32[rootWord.isolates]; at !== 0; at = i32[at + isolateWord.NEXT]) visit(at);
  leave(rootWord.isolatesGuard);
}

/** The state of a thread: a value of {@linkcode IsolateState}. */
export function isolateState(record: number): number {
  return Atomics.load(i32, record + isolateWord.STATE) & 0xff;
}

/** Whether the thread has ended. */
export function hasEnded(record: number): boolean {
  return isolateState(record) === IsolateState.ENDED;
}

/** As {@linkcode hasEnded}, at a glance that is not atomic: an end at this moment may be missed. */
export function hasEndedRelaxed(record: number): boolean {
  return (i32[record + isolateWord.STATE] & 0xff) === IsolateState.ENDED;
}

/** How the thread ended; `undefined` while it has not. */
export function exitCodeOf(record: number): number | undefined {
  const word = Atomics.load(i32, record + isolateWord.STATE);
  return (word & 0xff) === IsolateState.ENDED ? word >> 8 : undefined;
}

/** Publishes the state of this thread, unless it was ended meanwhile. */
export function enterState(state: number): void {
  const word = thisIsolate + isolateWord.STATE;
  const found = Atomics.load(i32, word);
  if ((found & 0xff) !== IsolateState.ENDED) Atomics.compareExchange(i32, word, found, state);
}

/**
 * Publishes the end of a thread.
 *
 * @returns false if it had ended before
 */
export function publishEnd(record: number, exitCode: number): boolean {
  const word = record + isolateWord.STATE;
  for (;;) {
    const found = Atomics.load(i32, word);
    if ((found & 0xff) === IsolateState.ENDED) return false;
    const ended = (exitCode << 8) | IsolateState.ENDED;
    if (Atomics.compareExchange(i32, word, found, ended) === found) return true;
  }
}

/** Makes a thread look around: it has been woken, or asked to notice something. */
export function unpark(record: number): void {
  Atomics.add(i32, record + isolateWord.WAKE, 1);
  Atomics.notify(i32, record + isolateWord.WAKE);
}

/** Asks a thread to notice something, wherever it waits. */
export function postControl(record: number, control: number): void {
  Atomics.or(i32, record + isolateWord.CONTROL, control);
  unpark(record);
}

/** Whether this thread was told to end. Long loops of the library look at it between chunks. */
export function stopRequested(): boolean {
  return thisIsolate !== 0 &&
    (Atomics.load(i32, thisIsolate + isolateWord.CONTROL) & Control.STOP) !== 0;
}
