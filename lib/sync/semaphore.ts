/**
 * Counters of permits.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `VALUE` | number of available permits | `acquire`, `release`, the end of a holder | waiters for a permit, in `QUEUE` | the same, one waiter for each permit |
 * | `LIMIT` | largest number of permits that may be available | the creator | | |
 * | `ABANDONED` | number of permits that were given back by the end of a holder, and not acquired since | the end of a holder, `acquire` | | |
 * | `IS_COUNTER` | 1 once an isolate has released a permit that it had not acquired: permits have no holders then | `release` | | |
 *
 * | transition of `VALUE` | meaning |
 * |---|---|
 * | v -> v - 1 | acquired; only if v > 0 |
 * | v -> v + n | released, or given back by the end of a holder |
 *
 * A waiter sleeps only while `VALUE` is 0. A waiter that was woken but found no permit, because
 * another caller was faster, returns to the front of the queue.
 *
 * The race to win: two releases must not both wake the same waiter, or one permit stays unused
 * while another waiter sleeps. Each wake-up removes its waiter from the queue, so the second one
 * reaches the next waiter.
 *
 * Holders: an isolate counts the permits that it has acquired and not released as its holdings of the
 * object. When it ends, they are given back, and the callers that acquire them are told. That is right
 * as long as each permit is released by the isolate that acquired it. A program may also count something
 * with a semaphore, and release in one isolate what another acquires. So the first release of a permit
 * that the isolate does not hold makes the semaphore a counter for good.
 *
 * The race to win: an isolate is ended while it acquires or releases. It takes a permit before it counts
 * it, and discounts a permit before it gives it back, so a permit is never counted by both sides; and
 * `addHoldings` sees the end of its isolate, or the isolate that ends it sees the holdings.
 *
 * @module
 */

import { AbandonedLockError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import type { Word } from "../heap/address.ts";
import { hasEnded, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import {
  addHoldings,
  createObject,
  defineType,
  dropHoldings,
  type HolderEnd,
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
  stopError,
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
const ABANDONED = LIMIT + 1;
const IS_COUNTER = LIMIT + 2;
const WORDS = LIMIT + 3;

const MAX_VALUE = 2 ** 31 - 1;

function createSemaphore(type: number, value: number): ObjectAddress {
  checkInteger("make semaphore", "value", value, 0, MAX_VALUE);
  const address = createObject(type, WORDS);
  i32[address + VALUE] = value;
  i32[address + LIMIT] = type === BOUNDED_TYPE ? value : MAX_VALUE;
  return address;
}

/** How an attempt to acquire a permit ended. */
type Acquisition = "acquired" | "abandoned" | "none" | "timed out";

/** Takes a permit if there is one. */
function tryTake(semaphore: ObjectAddress): Acquisition {
  ensureStackToRelease();
  if (!decrement(semaphore + VALUE)) return "none"; // v -> v - 1
  // Before this isolate counts its own permit, which its end gives back.
  const isAbandoned = i32[semaphore + ABANDONED] !== 0 && decrement(semaphore + ABANDONED);
  if (i32[semaphore + IS_COUNTER] === 0 && !addHoldings(semaphore)) throw stopError(); // it has ended
  return isAbandoned ? "abandoned" : "acquired";
}

/** Decrements a word that is not 0, and returns whether it did. */
function decrement(word: Word): boolean {
  let found = i32[word] || Atomics.load(i32, word); // a plain read is faster, and may be out of date
  while (found !== 0) {
    const now = Atomics.compareExchange(i32, word, found, found - 1);
    if (now === found) return true;
    found = now;
  }
  return false;
}

function* taking(semaphore: ObjectAddress): Steps<Acquisition> {
  let overtaken = false;
  for (;;) {
    const how = tryTake(semaphore);
    if (how !== "none") return how;
    const outcome = yield {
      queue: semaphore + QUEUE,
      word: semaphore + VALUE,
      expected: 0,
      overtaken,
    };
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
    if (outcome === ParkResult.WOKEN) overtaken = true;
  }
}

function hasRoomFor(semaphore: ObjectAddress, count: number): boolean {
  return Atomics.load(i32, semaphore + VALUE) + count <= i32[semaphore + LIMIT];
}

/** Adds permits and wakes as many waiters. Returns false, with nothing done, if there would be too many. */
function give(semaphore: ObjectAddress, count: number): boolean {
  const word = semaphore + VALUE;
  let found = i32[word];
  for (;;) {
    const isTooMany = found + count > i32[semaphore + LIMIT];
    const now = isTooMany
      ? Atomics.load(i32, word)
      : Atomics.compareExchange(i32, word, found, found + count); // v -> v + n
    if (now === found && isTooMany) return false;
    if (now === found) break;
    found = now;
  }
  for (let woken = 0; woken < count; woken++) wakeOne(semaphore + QUEUE);
  return true;
}

function hasHolders(semaphore: ObjectAddress): boolean {
  return Atomics.load(i32, semaphore + IS_COUNTER) === 0;
}

/** Gives back the permits that an isolate held when it ended. */
function giveBack(semaphore: ObjectAddress, { holdings }: HolderEnd): void {
  if (holdings === 0 || !hasHolders(semaphore)) return;
  Atomics.add(i32, semaphore + ABANDONED, holdings); // first, so that who acquires one of them knows
  give(semaphore, holdings);
}

/**
 * A number of permits that isolates acquire and release.
 *
 * - A caller that finds no permit waits for one. Waiters are served first come, first served.
 * - If a worker ends that holds permits, they do not stay acquired: the next callers acquire them, and get
 *   {@linkcode AbandonedLockError}.
 * - Any isolate may release a permit. As soon as one releases a permit that it did not acquire, the
 *   semaphore is a counter: its permits have no holders, and those that a worker acquired before it ended
 *   stay acquired, as in Python.
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
   * @throws {AbandonedLockError} if a holder of the permit died; the permit is acquired
   * @throws the reason of `signal`, if it is aborted first
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    let how = options === undefined && !isStopping() ? tryTake(this.address) : "none";
    if (how === "none") how = await awaitOn(taking(this.address), options);
    if (how !== "acquired") throwFor(how, options);
    return new LockGuard(this);
  }

  /**
   * Acquires a permit, blocking the isolate while none is available.
   *
   * @returns a guard that releases the permit at the end of its scope; {@linkcode
   *   Semaphore.release} does too
   * @throws {TimeoutError} if no permit becomes available within `timeoutMs`
   * @throws {AbandonedLockError} if a holder of the permit died; the permit is acquired
   * @throws {DeadlockError} if no other isolate could release one and `timeoutMs` is not given
   * @throws {TerminatedError} if this worker is terminated
   */
  acquireSync(options?: WaitOptions): LockGuard {
    let how = options === undefined && !isStopping() ? tryTake(this.address) : "none";
    if (how === "none") how = blockOn(taking(this.address), options, this.address);
    if (how !== "acquired") throwFor(how, options);
    return new LockGuard(this);
  }

  /**
   * Acquires a permit if one is available.
   *
   * @returns a guard, or `undefined` if no permit is available
   * @throws {AbandonedLockError} if a holder of the permit died; the permit is acquired
   * @throws {TerminatedError} if this worker is terminated
   */
  tryAcquire(): LockGuard | undefined {
    throwIfStopping();
    const how = tryTake(this.address);
    if (how === "none") return undefined;
    if (how !== "acquired") throwFor(how);
    return new LockGuard(this);
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
    const { address } = this;
    let given = n;
    if (i32[address + IS_COUNTER] === 0) {
      // First, so that a permit is either released or given back by the end of this isolate.
      const held = dropHoldings(address, n);
      if (held < n && hasEnded(thisIsolate)) given = held; // its end has given the others back
      else if (held < n && hasRoomFor(address, n)) Atomics.store(i32, address + IS_COUNTER, 1);
      if (!give(address, given)) {
        if (held > 0) addHoldings(address, held);
        throw limitError(i32[address + LIMIT]);
      }
    } else if (!give(address, n)) {
      throw limitError(i32[address + LIMIT]);
    }
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

/** Throws the error for an acquisition that was not an ordinary one. */
function throwFor(how: Acquisition, options?: WaitOptions): never {
  if (how === "abandoned") {
    throw new AbandonedLockError(
      "The permit was acquired, but a worker that held it ended without releasing it. Check the data " +
        "that the semaphore protects, then call release()",
    );
  }
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
defineType(TYPE, "Semaphore", {
  crosses: true,
  revive: reviveAs<Semaphore>(Semaphore),
  onHolderEnd: giveBack,
  hasHolders,
});
defineType(BOUNDED_TYPE, "BoundedSemaphore", {
  crosses: true,
  revive: reviveAs<BoundedSemaphore>(BoundedSemaphore),
  onHolderEnd: giveBack,
  hasHolders,
});
