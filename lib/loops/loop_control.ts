/**
 * The control words of a loop, in the shared heap.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `STOP` | 1: take no further chunk, the loop has failed or was cancelled | the participant whose body threw, the caller |
 * | `NEXT` | number of the next unit to take | each participant, by an atomic add |
 * | `STARTED` | number of participants that have started; bit `CLOSED`: no other may start | each participant, the caller |
 * | `DONE` | number of indices that are done, in units of `doneUnit()`, if the caller asks for progress | each participant, by an atomic add |
 *
 * No isolate sleeps on these words. `STARTED` lets the caller return without waiting for workers that
 * are still starting when the last unit is done: it sets `CLOSED` and waits only for the participants
 * that had started by then. A worker that comes later sees the bit and does nothing. Counter and bit
 * share one word, so that no participant can start between the two.
 *
 * @module
 */

import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";

const STOP = 0;
const NEXT = 1;
const STARTED = 2;
const CLOSED = 1 << 30;
const DONE = 3;

const CONTROL_WORDS = 4;

/**
 * Allocates the control words of a loop; returns their address.
 *
 * @param take allocates so many words
 */
export function allocateControl(take = (words: number) => allocate(words * 4)): number {
  ensureIsolate();
  const control = take(CONTROL_WORDS);
  i32.fill(0, control, control + CONTROL_WORDS);
  return control;
}

/** Frees the control words of a loop that no participant can reach any more. */
export function freeControl(control: number): void {
  free(control);
}

/** Counts in a participant; returns false if the loop was closed before. */
export function startParticipant(control: number): boolean {
  return (Atomics.add(i32, control + STARTED, 1) & CLOSED) === 0;
}

/** Lets no further participant start; returns how many have. */
export function closeLoop(control: number): number {
  return Atomics.or(i32, control + STARTED, CLOSED) & ~CLOSED;
}

/** Takes the next unit. */
export function takeUnit(control: number): number {
  return Atomics.add(i32, control + NEXT, 1);
}

/** Adds units of indices that are done. */
export function addDone(control: number, units: number): void {
  Atomics.add(i32, control + DONE, units);
}

/** Returns how many units of indices are done. */
export function readDone(control: number): number {
  return Atomics.load(i32, control + DONE);
}

/** Makes all participants stop after the chunk that they are running. */
export function stopLoop(control: number): void {
  Atomics.store(i32, control + STOP, 1);
}

/** Returns whether {@linkcode stopLoop} was called. */
export function isLoopStopped(control: number): boolean {
  return Atomics.load(i32, control + STOP) !== 0;
}
