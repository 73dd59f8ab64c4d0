/**
 * Spinning: checking a word for a while before sleeping on it.
 *
 * @module
 */

import type { Word } from "../heap/address.ts";
import { LIVE_WORKERS } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";

/** Read once: each access takes a system call. */
const CORES = navigator.hardwareConcurrency;

/** After spins have stopped paying, one sleep in so many is still preceded by a spin. */
const SLEEPS_PER_SPIN = 64;

/** Whether this isolate has a core to itself while it spins. */
function maySpin(): boolean {
  return Atomics.load(i32, LIVE_WORKERS) <= CORES;
}

/**
 * Checks up to `spins` times whether the word has changed, without sleeping. It does not spin if others
 * need the core.
 *
 * @returns whether the word has changed
 */
export function spinUntilChanged(word: Word, expected: number, spins: number): boolean {
  if (!maySpin()) return false;
  for (let spin = 0; spin < spins; spin++) {
    if (Atomics.load(i32, word) !== expected) return true;
    Atomics.pause();
  }
  return false;
}

/**
 * How long to spin before a sleep: as long as that pays. A spin in vain halves the time, until only some
 * sleeps are preceded by a spin; a spin that was not in vain restores it.
 *
 * On a machine whose cores are taken, the isolate that is waited for may need the very core that spins.
 */
export class SpinBudget {
  readonly #max: number;
  #spins: number;
  /** Number of sleeps since `#spins` became 0. */
  #sleeps = 0;

  /** Makes a budget of `max` spins. */
  constructor(max: number) {
    this.#max = max;
    this.#spins = max;
  }

  /** Returns how often to spin before the next sleep. Call {@linkcode SpinBudget.spun} after that. */
  next(): number {
    if (this.#spins > 0) return this.#spins;
    return ++this.#sleeps % SLEEPS_PER_SPIN === 0 ? this.#max : 0;
  }

  /** Takes note of whether what the isolate waited for has come during the spin. */
  spun(hasPaid: boolean): void {
    this.#spins = hasPaid ? this.#max : this.#spins >> 1;
  }
}
