/**
 * The guard: mutual exclusion inside the package, by one word that is held for a few instructions.
 *
 * | value | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `FREE` 0 | no isolate is inside | {@linkcode leave} | | |
 * | `TAKEN` 1 | an isolate is inside | {@linkcode enter} | | |
 * | `CONTENDED` 2 | an isolate is inside, and others may sleep | `enterSlowly` | isolates that want to enter | `leave` |
 *
 * Follows U. Drepper, "Futexes Are Tricky" (2011), mutex 3.
 *
 * The code between `enter` and `leave` is synchronous, calls no code of the user and does not wait. So a
 * worker cannot end inside a section: Deno never interrupts the JavaScript of a worker, it only keeps the
 * worker from returning to its event loop. A recursion that uses up the stack does not fail inside a
 * section either: `enter` throws if there is no room for the whole section.
 *
 * @module
 */

import { i32 } from "./views.ts";
import { ensureStackForSection } from "./stack.ts";

const FREE = 0;
const TAKEN = 1;
const CONTENDED = 2;

/** How often a short wait checks before it sleeps: about 12 µs. On a single core spinning is useless. */
export const SPINS: number = navigator.hardwareConcurrency > 1 ? 300 : 0;

/** Number of sections that this isolate is in. They nest: code inside a section may allocate. */
let inside = 0;

/**
 * Enters the section that `word` guards, after the isolate inside has left it.
 *
 * @throws {RangeError} if a recursion has left too little of the stack for a section
 */
export function enter(word: number): void {
  if (inside === 0) ensureStackForSection();
  enterWithStack(word);
}

/** As {@linkcode enter}, for a caller that has just checked for more stack than a section takes. */
export function enterWithStack(word: number): void {
  inside++;
  if (Atomics.compareExchange(i32, word, FREE, TAKEN) !== FREE) enterSlowly(word); // FREE -> TAKEN
}

/** Leaves the section, and wakes an isolate that wants to enter. */
export function leave(word: number): void {
  inside--;
  // TAKEN | CONTENDED -> FREE
  if (Atomics.exchange(i32, word, FREE) === CONTENDED) Atomics.notify(i32, word, 1);
}

function enterSlowly(word: number): void {
  for (let spin = 0; spin < SPINS; spin++) {
    if (Atomics.compareExchange(i32, word, FREE, TAKEN) === FREE) return; // FREE -> TAKEN
    Atomics.pause();
  }
  // The word becomes CONTENDED even if it is found free: this isolate cannot know whether others sleep,
  // and a superfluous notify costs less than a missing one.
  while (Atomics.exchange(i32, word, CONTENDED) !== FREE) {
    Atomics.wait(i32, word, CONTENDED);
  }
}
