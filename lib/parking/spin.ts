/**
 * Spinning: checking a word for a while before sleeping on it.
 *
 * @module
 */

import type { Word } from "../heap/address.ts";
import { LIVE_WORKERS } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";

/** Whether this isolate has a core to itself while it spins. */
function maySpin(): boolean {
  return Atomics.load(i32, LIVE_WORKERS) <= navigator.hardwareConcurrency;
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
