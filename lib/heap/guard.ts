/**
 * The mutual exclusion inside the library: one word, held for a few instructions.
 *
 * | value | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `FREE` 0 | nobody is inside | {@linkcode leave} | | |
 * | `TAKEN` 1 | somebody is inside | {@linkcode enter} | | |
 * | `CONTENDED` 2 | inside, and others may sleep | `enterSlowly` | those who want in | `leave` |
 *
 * Follows U. Drepper, "Futexes Are Tricky" (2011), mutex 3. What stands between `enter` and `leave`
 * is synchronous, calls no code of the user and does not wait, so no end of a worker can come
 * between: a worker's JavaScript is never interrupted, only its return to the event loop. Nor does a
 * recursion of the user's that uses up the stack: there is room for a whole section, or `enter` fails.
 *
 * @module
 */

import { i32 } from "./views.ts";
import { ensureStackForSection } from "./stack.ts";

const FREE = 0;
const TAKEN = 1;
const CONTENDED = 2;

/** How often a short wait looks before it sleeps: about 12 µs. On a single core looking is useless. */
export const SPINS: number = navigator.hardwareConcurrency > 1 ? 300 : 0;

/** Sections that this thread is inside of: those of the heap are entered inside others. */
let inside = 0;

/**
 * Enters the section that `word` guards, after whoever is inside has left.
 *
 * @throws {RangeError} if a recursion has left too little of the stack: before anything is changed,
 * for inside it would be half done and the section never left
 */
export function enter(word: number): void {
  if (inside === 0) ensureStackForSection();
  enterWithStack(word);
}

/** As {@linkcode enter}, for who has just asked for more room than a section takes. */
export function enterWithStack(word: number): void {
  inside++;
  if (Atomics.compareExchange(i32, word, FREE, TAKEN) !== FREE) enterSlowly(word); // FREE -> TAKEN
}

/** Leaves the section, and wakes one who wants in. */
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
  // Whoever comes this way marks the word CONTENDED even when it finds it free: it cannot know
  // whether others sleep, and one notify too many is cheaper than one too few.
  while (Atomics.exchange(i32, word, CONTENDED) !== FREE) {
    Atomics.wait(i32, word, CONTENDED);
  }
}
