/**
 * Counters of permits.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `VALUE` | permits that are left | `acquire`, `release` | who wants one, in `QUEUE` | `release`, one for each permit |
 * | `MOST` | most permits that there may be | the creator | | |
 *
 * Transitions of `VALUE`: v -> v - 1 (acquired, v > 0), v -> v + n (released). A waiter sleeps only
 * while it is 0. One that was woken and came too late stands first in the queue the next time.
 *
 * The race that this prevents: two permits are released, and both releasers wake the same waiter.
 * Each wake-up takes its waiter out of the queue, so the second finds the next.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { describe } from "../arguments/describe.ts";
import { ensureStack, ensureStackToRelease } from "../heap/stack.ts";
import { awaitOn, blockOn, ParkResult, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeOne } from "../parking/wait_queue.ts";
import { LockGuard } from "./ownership.ts";

/** The numbers of these types among shared objects. */
const TYPE = 9;
const BOUNDED_TYPE = 10;

const VALUE = objectWord.FIRST;
const QUEUE = VALUE + 1;
const MOST = QUEUE + QUEUE_WORDS;
const WORDS = MOST + 1;

const LARGEST = 2 ** 31 - 1;

function createSemaphore(type: number, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > LARGEST) {
    throw new RangeError(
      `Cannot make semaphore: value must be a whole number from 0 to 2^31 - 1, not ${
        describe(value)
      }`,
    );
  }
  const address = createObject(type, WORDS);
  i32[address + VALUE] = value;
  i32[address + MOST] = type === BOUNDED_TYPE ? value : LARGEST;
  return address;
}

function tryTake(semaphore: number): boolean {
  ensureStackToRelease();
  const word = semaphore + VALUE;
  for (;;) {
    const found = Atomics.load(i32, word);
    if (found === 0) return false;
    if (Atomics.compareExchange(i32, word, found, found - 1) === found) return true; // v -> v - 1
  }
}

function* taking(semaphore: number): Steps<boolean> {
  let overtaken = false;
  while (!tryTake(semaphore)) {
    const outcome = yield {
      queue: semaphore + QUEUE,
      word: semaphore + VALUE,
      expected: 0,
      overtaken,
    };
    if (outcome === ParkResult.TIMED_OUT) return false;
    if (outcome === ParkResult.WOKEN) overtaken = true;
  }
  return true;
}

/**
 * A number of permits that workers acquire and release.
 *
 * - At most as many are inside as there are permits; who asks for more waits, first come, first
 *   served.
 * - Anybody may release: a permit has no owner. So one that a worker had when it died stays acquired,
 *   as in Python.
 * - It may be sent anywhere.
 *
 * Follows Python's `multiprocessing.Semaphore`, and `threading.Semaphore` where it can do more.
 *
 * @example At most two at a time
 * ```ts
 * import { Semaphore } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(2);
 * {
 *   using _one = await semaphore.acquire();
 *   using _two = semaphore.acquireSync();
 *   assertEquals(semaphore.tryAcquire(), undefined);
 * }
 * assertEquals(semaphore.value, 2);
 * ```
 */
export class Semaphore extends SharedHandle {
  /** What the shared object of this class is. */
  protected static readonly type: number = TYPE;

  /**
   * Makes a semaphore with `value` permits.
   *
   * @throws {RangeError} if `value` is not a whole number of at least 0
   */
  constructor(value = 1) {
    super(createSemaphore(new.target.type, value));
  }

  /**
   * Acquires a permit, waiting while there is none.
   *
   * @returns a guard that releases it at the end of its scope; {@linkcode Semaphore.release} does too
   * @throws {TimeoutError} if there is none in `timeoutMs`
   * @throws the reason of `signal`, if that is aborted first
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    if (options !== undefined || !tryTake(this.address)) {
      judge(await awaitOn(taking(this.address), options), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires a permit, blocking the thread while there is none.
   *
   * @returns a guard that releases it at the end of its scope; {@linkcode Semaphore.release} does too
   * @throws {TimeoutError} if there is none in `timeoutMs`
   * @throws {TerminatedError} if this worker is told to end
   */
  acquireSync(options?: WaitOptions): LockGuard {
    if (options !== undefined || !tryTake(this.address)) {
      judge(blockOn(taking(this.address), options, this.address), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires a permit if there is one.
   *
   * @returns a guard, or `undefined` if there is none
   */
  tryAcquire(): LockGuard | undefined {
    return tryTake(this.address) ? new LockGuard(this) : undefined;
  }

  /**
   * Gives back `n` permits and wakes as many who wait for one.
   *
   * @throws {RangeError} if `n` is not a whole number of at least 1, or there would be too many permits
   */
  release(n = 1): void {
    if (!Number.isInteger(n) || n < 1) {
      throw new RangeError(
        `Cannot release semaphore: n must be a whole number of at least 1, not ${describe(n)}`,
      );
    }
    ensureStack();
    const word = this.address + VALUE;
    const most = i32[this.address + MOST];
    for (;;) {
      const found = Atomics.load(i32, word);
      if (found + n > most) throw tooMany(most);
      if (Atomics.compareExchange(i32, word, found, found + n) === found) break; // v -> v + n
    }
    for (let woken = 0; woken < n; woken++) wakeOne(this.address + QUEUE);
  }

  /** Number of permits that are left at this moment. */
  get value(): number {
    return Atomics.load(i32, this.address + VALUE);
  }

  /** Whether no permit is left at this moment. */
  locked(): boolean {
    return this.value === 0;
  }
}

/**
 * A {@linkcode Semaphore} that never has more permits than it was made with.
 *
 * Follows Python's `multiprocessing.BoundedSemaphore`.
 *
 * @example One release too many
 * ```ts
 * import { BoundedSemaphore } from "@sauropod/multiprocessing";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(1);
 * semaphore.acquireSync().release();
 * assertThrows(() => semaphore.release(), RangeError, "more often than");
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  /** What the shared object of this class is. */
  protected static override readonly type: number = BOUNDED_TYPE;
}

function judge(acquired: boolean, options?: WaitOptions): void {
  if (acquired) return;
  throw new TimeoutError(
    `Cannot acquire semaphore: no permit came in ${options?.timeoutMs} ms`,
  );
}

function tooMany(most: number): RangeError {
  return new RangeError(
    most === LARGEST
      ? "Cannot release semaphore: there would be more than 2^31 - 1 permits"
      : `Cannot release semaphore: released more often than acquired (it has ${most} permits). ` +
        "Release once for each acquire",
  );
}

showState(Semaphore, ({ value }) => ({ value }));
defineType(TYPE, "Semaphore", { revive: reviveAs<Semaphore>(Semaphore) });
defineType(BOUNDED_TYPE, "BoundedSemaphore", {
  revive: reviveAs<BoundedSemaphore>(BoundedSemaphore),
});
