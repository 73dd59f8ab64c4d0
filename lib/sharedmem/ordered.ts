/**
 * The ordered section: items pass it one at a time, in the order of the sequence.
 *
 * `turn` is the index of the first item that has not passed. `passed` records items that ended without
 * entering while others were before them. All of it is read and written under the condition's lock.
 *
 * @module
 */

import { AbandonedLockError, StopProcessGroup } from "../errors.ts";
import { RawValue } from "../memory/value.ts";
import { Condition } from "../sync/condition.ts";

/** Value of `turn` when the map has ended: no item may enter. */
const ENDED = -1;

/** A section that items pass one at a time, in the order of the sequence. */
export interface Ordered {
  /** Waits until all items before this one have passed. Disposing the guard lets the next item in. */
  enter(): Promise<Disposable>;
  /** Enters as `enter` does, blocking the isolate. */
  enterSync(): Disposable;
}

/** State of an ordered section. Crosses. */
export interface Turns {
  turn: RawValue<"int32">;
  /** 1 for each item that has passed. */
  passed: Uint8Array;
  changed: Condition;
}

/** Makes the state for so many items, and for each of `np` workers a word about the item that it has. */
export function makeTurns(items: number, np: number): { turns: Turns; current: Int32Array } {
  const memory = new SharedArrayBuffer(4 * np + items); // one: the heap keeps each for good
  return {
    turns: {
      turn: new RawValue("int32", 0),
      passed: new Uint8Array(memory, 4 * np),
      changed: new Condition(),
    },
    current: new Int32Array(memory, 0, np),
  };
}

/** Ends the section: items that wait for their turn, or enter later, throw. */
export async function closeTurns({ turn, changed }: Turns): Promise<void> {
  using _ = await acquire(changed);
  turn.value = ENDED;
  changed.notifyAll();
}

/** Acquires the lock, also if a worker died while it held it: the map is about to end then. */
async function acquire(changed: Condition): Promise<Disposable> {
  try {
    return await changed.acquire();
  } catch (error) {
    return guardOfAbandoned(changed, error);
  }
}

/** Acquires as `acquire` does, blocking the isolate. */
function acquireSync(changed: Condition): Disposable {
  try {
    return changed.acquireSync();
  } catch (error) {
    return guardOfAbandoned(changed, error);
  }
}

/** Returns the guard of a lock that was acquired with an `AbandonedLockError`; rethrows other errors. */
function guardOfAbandoned(changed: Condition, error: unknown): Disposable {
  if (!(error instanceof AbandonedLockError)) throw error;
  return { [Symbol.dispose]: () => changed.release() };
}

/** The ordered section, for one item. */
export class OrderedPassage implements Ordered {
  readonly #turns: Turns;
  readonly #index: number;
  #left = false;

  /** The passage of the item at `index`. */
  constructor(turns: Turns, index: number) {
    this.#turns = turns;
    this.#index = index;
  }

  async enter(): Promise<Disposable> {
    const { changed } = this.#turns;
    using _ = await acquire(changed);
    await changed.waitFor(() => this.#mayPass());
    return this.#guard();
  }

  enterSync(): Disposable {
    const { changed } = this.#turns;
    using _ = acquireSync(changed);
    changed.waitForSync(() => this.#mayPass());
    return this.#guard();
  }

  /** Lets the next item in. Idempotent. An item that has not entered counts as passed as well. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    const { turn, passed, changed } = this.#turns;
    using _ = acquireSync(changed);
    passed[this.#index] = 1;
    let next = turn.value;
    if (next !== this.#index) return;
    while (passed[next] === 1) next++;
    turn.value = next;
    changed.notifyAll();
  }

  #mayPass(): boolean {
    const turn = this.#turns.turn.value;
    if (turn === ENDED) {
      throw new StopProcessGroup("Cannot enter ordered section: the map has ended");
    }
    return turn === this.#index;
  }

  #guard(): Disposable {
    return { [Symbol.dispose]: () => this.leave() };
  }
}
