/**
 * A word of the shared heap with a queue of waiters, for tests of what sleeps on it.
 *
 * @module
 */
import { assert } from "@std/assert";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { i32 } from "../../lib/heap/views.ts";
import type { Park } from "../../lib/parking/park.ts";
import type { ParkResult, Steps } from "../../lib/parking/wait.ts";
import { hasWaiters, QUEUE_WORDS } from "../../lib/parking/wait_queue.ts";

/** A word, and a queue of waiters for it. */
export class Word implements Disposable {
  readonly address = allocate((1 + QUEUE_WORDS) * 4);
  readonly queue = this.address + 1;

  constructor() {
    i32.fill(0, this.address, this.queue + QUEUE_WORDS);
  }

  get value(): number {
    return i32[this.address];
  }

  set value(value: number) {
    i32[this.address] = value;
  }

  /** Steps that sleep once. */
  *sleep(more: Partial<Park> = {}): Steps<ParkResult> {
    return yield { queue: this.queue, word: this.address, expected: 0, ...more };
  }

  [Symbol.dispose](): void {
    assert(!hasWaiters(this.queue));
    free(this.address);
  }
}
