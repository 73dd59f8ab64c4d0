/**
 * Counters of permits.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `VALUE` | number of available permits | `acquire`, `release` | waiters for a permit, in `QUEUE` | `release`, one waiter for each permit |
 * | `LIMIT` | largest number of permits that may be available | the creator | | |
 *
 * | transition of `VALUE` | meaning |
 * |---|---|
 * | v -> v - 1 | acquired; only if v > 0 |
 * | v -> v + n | released |
 *
 * A waiter sleeps only while `VALUE` is 0. A waiter that was woken but found no permit, because
 * another caller was faster, returns to the front of the queue.
 *
 * The race to win: two releases must not both wake the same waiter, or one permit stays unused
 * while another waiter sleeps. Each wake-up removes its waiter from the queue, so the second one
 * reaches the next waiter.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { checkInteger } from "../arguments/values.ts";
import { ensureStack, ensureStackToRelease } from "../heap/stack.ts";
import {
  awaitOn,
  blockOn,
  isStopping,
  ParkResult,
  type Steps,
  throwIfStopping,
} from "../parking/wait.ts";
import { QUEUE_WORDS, wakeOne } from "../parking/wait_queue.ts";
import { LockGuard } from "./ownership.ts";

/** The numbers of these types among shared objects. */
const TYPE = 9;
const BOUNDED_TYPE = 10;

const VALUE = objectWord.FIRST;
const QUEUE = VALUE + 1;
const LIMIT = QUEUE + QUEUE_WORDS;
const WORDS = LIMIT + 1;

const MAX_VALUE = 2 ** 31 - 1;

function createSemaphore(type: number, value: number): ObjectAddress {
  checkInteger("make semaphore", "value", value, 0, MAX_VALUE);
  const address = createObject(type, WORDS);
  i32[address + VALUE] = value;
  i32[address + LIMIT] = type === BOUNDED_TYPE ? value : MAX_VALUE;
  return address;
}

/** Takes a permit if there is one. */
function tryTake(semaphore: ObjectAddress): boolean {
  ensureStackToRelease();
  const word = semaphore + VALUE;
  for (;;) {
    const found = Atomics.load(i32, word);
    if (found === 0) return false;
    if (Atomics.compareExchange(i32, word, found, found - 1) === found) return true; // v -> v - 1
  }
}

function* taking(semaphore: ObjectAddress): Steps<boolean> {
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
 * A number of permits that isolates acquire and release.
 *
 * - A caller that finds no permit waits for one. Waiters are served first come, first served.
 * - Any isolate may release a permit: permits have no owner. So a permit that a worker held when it
 *   died stays acquired, as in Python.
 * - Can be sent anywhere: as an argument of a process or a task, or in a message.
 *
 * Follows Python's `multiprocessing.Semaphore`, and `threading.Semaphore` where that can do more.
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
  /** The type of the shared object behind an instance of this class. */
  protected static readonly type: number = TYPE;

  /**
   * Creates a semaphore with `value` permits.
   *
   * @throws {RangeError} if `value` is not an integer from 0 to 2^31 - 1
   */
  constructor(value = 1) {
    super(createSemaphore(new.target.type, value));
  }

  /**
   * Acquires a permit, waiting while none is available.
   *
   * @returns a guard that releases the permit at the end of its scope; {@linkcode
   *   Semaphore.release} does too
   * @throws {TimeoutError} if no permit becomes available within `timeoutMs`
   * @throws the reason of `signal`, if it is aborted first
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    if (options !== undefined || isStopping() || !tryTake(this.address)) {
      throwIfTimedOut(await awaitOn(taking(this.address), options), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires a permit, blocking the isolate while none is available.
   *
   * @returns a guard that releases the permit at the end of its scope; {@linkcode
   *   Semaphore.release} does too
   * @throws {TimeoutError} if no permit becomes available within `timeoutMs`
   * @throws {DeadlockError} if no other isolate could release one and `timeoutMs` is not given
   * @throws {TerminatedError} if this worker is terminated
   */
  acquireSync(options?: WaitOptions): LockGuard {
    if (options !== undefined || isStopping() || !tryTake(this.address)) {
      throwIfTimedOut(blockOn(taking(this.address), options, this.address), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires a permit if one is available.
   *
   * @returns a guard, or `undefined` if no permit is available
   * @throws {TerminatedError} if this worker is terminated
   */
  tryAcquire(): LockGuard | undefined {
    throwIfStopping();
    return tryTake(this.address) ? new LockGuard(this) : undefined;
  }

  /**
   * Releases `n` permits and wakes up to `n` waiters.
   *
   * @throws {RangeError} if `n` is not an integer of at least 1, or the number of permits would
   *   exceed its limit
   * @throws {TerminatedError} if this worker is terminated; the permits are released
   */
  release(n = 1): void {
    if (n !== 1) checkInteger("release semaphore", "n", n, 1);
    ensureStack();
    const word = this.address + VALUE;
    const limit = i32[this.address + LIMIT];
    for (;;) {
      const found = Atomics.load(i32, word);
      if (found + n > limit) throw limitError(limit);
      if (Atomics.compareExchange(i32, word, found, found + n) === found) break; // v -> v + n
    }
    for (let woken = 0; woken < n; woken++) wakeOne(this.address + QUEUE);
    throwIfStopping(); // a loop of releases must end
  }

  /**
   * Number of permits that are available at this moment.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  get value(): number {
    throwIfStopping();
    return Atomics.load(i32, this.address + VALUE);
  }

  /** Returns whether no permit is available at this moment. */
  locked(): boolean {
    return this.value === 0;
  }
}

/**
 * A {@linkcode Semaphore} that never has more permits than it was created with.
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
  /** The type of the shared object behind an instance of this class. */
  protected static override readonly type: number = BOUNDED_TYPE;
}

function throwIfTimedOut(acquired: boolean, options?: WaitOptions): void {
  if (acquired) return;
  throw new TimeoutError(
    `Cannot acquire semaphore: no permit became available within ${options?.timeoutMs} ms`,
  );
}

function limitError(limit: number): RangeError {
  return new RangeError(
    limit === MAX_VALUE
      ? "Cannot release semaphore: it would have more than 2^31 - 1 permits"
      : `Cannot release semaphore: released more often than acquired (it has ${limit} permits). ` +
        "Release once for each acquire",
  );
}

showState(Semaphore, ({ value }) => ({ value }));
defineType(TYPE, "Semaphore", { revive: reviveAs<Semaphore>(Semaphore) });
defineType(BOUNDED_TYPE, "BoundedSemaphore", {
  revive: reviveAs<BoundedSemaphore>(BoundedSemaphore),
});
