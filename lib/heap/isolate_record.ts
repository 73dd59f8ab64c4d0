/**
 * The record of each isolate in the shared heap: its state, its control bits, and the one word that it
 * sleeps on.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `STATE` | low byte {@linkcode IsolateState}, the rest the exit code | the isolate; at its end the isolate that ends it | isolates that wait for its end, in `ENDED_QUEUE` | the isolate that ends it |
 * | `CONTROL` | bits of {@linkcode Control} | others set bits, the isolate clears `SERVICE` and `INTERRUPT` | | |
 * | `WAKE` | number of wake-ups | isolates that wake it | the isolate, which sleeps on it, blocked or async | {@linkcode unpark} |
 * | `BORN` | 1 once its JavaScript has joined the program: it acknowledges its end | the isolate | | |
 * | `ACKNOWLEDGED` | 1 once its JavaScript has stopped | the isolate; the main isolate if Deno reports that an error ended it | the main isolate, in `ENDED_QUEUE` | the writer |
 *
 * A blocked isolate and its waiting promises all sleep on `WAKE`. So one increment and one notify reach
 * the isolate whatever it is doing, and stopping it needs no knowledge of what it waits for.
 *
 * Records are never freed: a lock may name the record of an isolate that ended long ago.
 *
 * @module
 */

import type { Address } from "./address.ts";
import { allocateUrgent, ensureHeap, free, makePermanent } from "./allocator.ts";
import { Claims } from "./claims.ts";
import { enter, leave } from "./guard.ts";
import { rootWord } from "./root_words.ts";
import { adoptHeap, i32 } from "./views.ts";

const GUARD = rootWord(0, "guard of the list of isolates");
const FIRST = rootWord(1, "first of the list of isolates that have not been unlisted");
const LAST_ID = rootWord(2, "last process id");
const MAIN = rootWord(3, "record of the main isolate");
/** Number of workers that have been requested and have not ended. */
export const LIVE_WORKERS: number = rootWord(4, "live workers");

/** Number of isolates in the list that have ended. */
const LISTED_ENDED = rootWord(17, "ended isolates in the list");

/** Address of an isolate record. */
export type IsolateAddress = Address<"isolate">;

const RECORD_WORDS = 56; // with its header, it fills a block of 256 bytes
/** The words of the record that are claimed. */
export const recordWords: Claims = new Claims("word of the isolate record", RECORD_WORDS - 1);

/**
 * Claims words of the isolate record for another module.
 *
 * @param number the offset of the first word
 * @param name what they hold
 * @param count how many
 * @returns the offset
 * @throws {Error} if another module has claimed one of them
 */
export function recordWord(number: number, name: string, count = 1): number {
  return recordWords.claim(number, name, count);
}

/** Offsets of the words that this layer uses. Upper layers claim theirs by {@linkcode recordWord}. */
export const isolateWord = {
  STATE: recordWord(0, "state"),
  /** 1 if the isolate must not keep the program alive. */
  DAEMON: recordWord(1, "daemon"),
  CONTROL: recordWord(2, "control bits"),
  WAKE: recordWord(3, "wake-ups"),
  /** The process id, unique in the program; that of the main isolate is 1. */
  PID: recordWord(4, "process id"),
  /** A wait queue. */
  ENDED_QUEUE: recordWord(5, "queue of isolates that wait for its end", 3),
  /** Record of the isolate that requested it. */
  PARENT: recordWord(8, "parent"),
  ACKNOWLEDGED: recordWord(9, "acknowledged end"),
  /** Next in the list of isolates. */
  NEXT: recordWord(10, "next isolate"),
  /** 1 once the worker has begun to run its code, and will acknowledge its end. */
  BORN: recordWord(35, "born"),
} as const;

/** States of an isolate. */
export const IsolateState = { STARTING: 0, IDLE: 1, RUNNING: 2, ENDED: 3 } as const;

/** Control bits: requests that an isolate acts on at its next wait; on `STOP`, at its next operation. */
export const Control = {
  /** End: every operation throws `TerminatedError`, or, if it is async, never settles. */
  STOP: 1,
  /** Serve requests: the main isolate those of workers, a worker of a pool those of its engine. */
  SERVICE: 2,
  /** A signal was received: the blocking wait throws `InterruptedError` (main isolate only). */
  INTERRUPT: 4,
} as const;

/** Record of this isolate; 0 before {@linkcode ensureIsolate}. */
export let thisIsolate: IsolateAddress = 0;

/** Makes this isolate the main isolate of a new program, unless it belongs to a program already. */
export function ensureIsolate(): void {
  if (thisIsolate !== 0) return;
  ensureHeap();
  thisIsolate = createIsolateRecord(0);
  keepIsolateRecord(thisIsolate);
  i32[MAIN] = thisIsolate;
  i32[thisIsolate + isolateWord.STATE] = IsolateState.RUNNING;
}

/** Joins the program that `heap` belongs to, as the isolate with this record. */
export function adoptIsolate(heap: SharedArrayBuffer, record: IsolateAddress): void {
  adoptHeap(heap);
  thisIsolate = record;
}

/** Whether this isolate is the main isolate of its program. */
export function isMainIsolate(): boolean {
  return thisIsolate === 0 || thisIsolate === i32[MAIN];
}

/** Returns the record of the main isolate. */
export function mainIsolate(): number {
  return i32[MAIN];
}

/**
 * Makes the record of an isolate that is about to start. Call {@linkcode keepIsolateRecord} when it does, or
 * {@linkcode freeIsolateRecord} if it does not.
 *
 * @throws {MemoryError} if the shared heap is full
 */
export function createIsolateRecord(parent: IsolateAddress): number {
  const record = allocateUrgent(RECORD_WORDS * 4);
  i32.fill(0, record, record + RECORD_WORDS);
  i32[record + isolateWord.PARENT] = parent;
  enter(GUARD);
  i32[record + isolateWord.PID] = ++i32[LAST_ID];
  i32[record + isolateWord.NEXT] = i32[FIRST];
  i32[FIRST] = record;
  leave(GUARD);
  return record;
}

/** States that the isolate starts: from now on its record is never freed. */
export function keepIsolateRecord(record: IsolateAddress): void {
  makePermanent(record);
}

/** Frees the record of an isolate that was not started, and that no other isolate knows of. */
export function freeIsolateRecord(record: IsolateAddress): void {
  unlistIsolate(record);
  free(record);
}

/** Returns an id that no isolate has, for threads. */
export function nextId(): number {
  enter(GUARD);
  const id = ++i32[LAST_ID];
  leave(GUARD);
  return id;
}

/** Removes an isolate that has ended from the list. */
export function unlistIsolate(record: IsolateAddress): void {
  enter(GUARD);
  let link: number = FIRST;
  while (i32[link] !== 0 && i32[link] !== record) link = i32[link] + isolateWord.NEXT;
  if (i32[link] === record) {
    i32[link] = i32[record + isolateWord.NEXT];
    if (hasEnded(record)) Atomics.sub(i32, LISTED_ENDED, 1);
  }
  leave(GUARD);
}

/** Whether the list has an isolate that has ended. */
export function hasListedEnded(): boolean {
  return Atomics.load(i32, LISTED_ENDED) !== 0;
}

/** Calls `visit` with the record of each listed isolate. None can be unlisted meanwhile. */
export function forEachLiveIsolate(visit: (record: IsolateAddress) => void): void {
  enter(GUARD);
  for (let at = i32[FIRST]; at !== 0; at = i32[at + isolateWord.NEXT]) visit(at);
  leave(GUARD);
}

/** Returns the state of an isolate, a value of {@linkcode IsolateState}. */
export function isolateState(record: IsolateAddress): number {
  return Atomics.load(i32, record + isolateWord.STATE) & 0xff;
}

/** Whether the isolate has ended. */
export function hasEnded(record: IsolateAddress): boolean {
  return isolateState(record) === IsolateState.ENDED;
}

/** As {@linkcode hasEnded}, by a plain read, which may miss an end that is published now. */
export function hasEndedRelaxed(record: IsolateAddress): boolean {
  return (i32[record + isolateWord.STATE] & 0xff) === IsolateState.ENDED;
}

/** Returns the exit code of an isolate, or `undefined` if it has not ended. */
export function exitCodeOf(record: IsolateAddress): number | undefined {
  const word = Atomics.load(i32, record + isolateWord.STATE);
  return (word & 0xff) === IsolateState.ENDED ? word >> 8 : undefined;
}

/** Publishes the state of this isolate, unless it has been ended meanwhile. */
export function enterState(state: number): void {
  const word = thisIsolate + isolateWord.STATE;
  const found = Atomics.load(i32, word);
  if ((found & 0xff) !== IsolateState.ENDED) Atomics.compareExchange(i32, word, found, state);
}

/**
 * Publishes the end of an isolate.
 *
 * @returns false if its end was published before
 */
export function publishEnd(record: IsolateAddress, exitCode: number): boolean {
  const word = record + isolateWord.STATE;
  for (;;) {
    const found = Atomics.load(i32, word);
    if ((found & 0xff) === IsolateState.ENDED) return false;
    const ended = (exitCode << 8) | IsolateState.ENDED;
    if (Atomics.compareExchange(i32, word, found, ended) !== found) continue;
    Atomics.add(i32, LISTED_ENDED, 1);
    return true;
  }
}

/** Wakes an isolate that sleeps on `WAKE`, so that it checks its waiters and control bits. */
export function unpark(record: IsolateAddress): void {
  Atomics.add(i32, record + isolateWord.WAKE, 1);
  Atomics.notify(i32, record + isolateWord.WAKE);
}

/** Sets control bits of an isolate and wakes it. */
export function postControl(record: IsolateAddress, control: number): void {
  Atomics.or(i32, record + isolateWord.CONTROL, control);
  unpark(record);
}

/** Whether this isolate was told to end. Long loops of the package check it between chunks. */
export function stopRequested(): boolean {
  return thisIsolate !== 0 &&
    (Atomics.load(i32, thisIsolate + isolateWord.CONTROL) & Control.STOP) !== 0;
}
