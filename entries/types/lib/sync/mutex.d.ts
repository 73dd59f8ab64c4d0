// The declarations of lib/sync/mutex.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { AnyFunction } from "../codec/task.d.ts";
import type { Lockable } from "./call.d.ts";

/**
 * Returns a function that calls `fn` under a lock.
 *
 * - The lock is acquired before the call and released after it, also if `fn` throws.
 * - If `fn` is async, the call awaits the lock, and holds it until the promise of `fn` is settled.
 *   If not, the call blocks the isolate until the lock is acquired.
 * - `fn` may call other functions under the same lock, directly or after an `await`. They run under
 *   the lock of the outer call, one at a time, and the lock is held until all of them have ended.
 * - If the holder of the lock died, the call throws {@linkcode AbandonedLockError} without calling
 *   `fn`, and the lock is released: check the data that it protects, then call again.
 * - The function cannot be sent. For exclusion between isolates, send the lock and call `mutex`
 *   there.
 *
 * Follows the wrapper with `with lock: func(*args)` that Python programs write by hand, and Java's
 * `synchronized`, whose calls may be nested.
 *
 * @typeParam F the type of the function
 * @param lock a `Lock`, or any object that is acquired and released like one
 * @param fn the function, async or not; it is called with the `this` and the arguments of the call
 * @param options the timeout and the signal with which each call waits for the lock
 * @returns a function of the same type
 * @throws {TypeError} if `lock` is not a lock, or `fn` is not a function, or is a generator
 *   function
 *
 * @example One at a time
 * ```ts
 * import { Lock, mutex } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const visit = mutex(new Lock(), async (name: string) => {
 *   seen.push(`${name} enters`);
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   seen.push(`${name} leaves`);
 * });
 * await Promise.all([visit("a"), visit("b")]);
 * assertEquals(seen, ["a enters", "a leaves", "b enters", "b leaves"]);
 * ```
 */
export declare function mutex<F extends (...args: never[]) => unknown>(
  lock: Lockable,
  fn: F,
  options?: WaitOptions,
): F;

/**
 * A decorator that runs a method under a lock, together with all methods that share the lock.
 *
 * - `@synchronized`: under a lock of the object, created when it is first needed. It excludes calls
 *   of this isolate only, since an object that is sent is copied.
 * - `@synchronized(lock)`: under this lock, for all objects.
 * - `@synchronized((self: Account) => self.lock)`: under a lock that the object holds. If that is a
 *   `Lock` of this package, it also excludes calls in other isolates, wherever the object is sent.
 *   (A private field `#lock` cannot be named there.)
 *
 * Otherwise the method behaves as a function of {@linkcode mutex}: synchronized methods may call
 * each other.
 *
 * @throws {TypeError} if the decorated element is not a method, or is a generator method
 *
 * @example Two methods of one object
 * ```ts
 * import { synchronized } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * class Account {
 *   balance = 0;
 *   @synchronized
 *   async deposit(amount: number) {
 *     const before = this.balance;
 *     await new Promise((resolve) => setTimeout(resolve, 1));
 *     this.balance = before + amount;
 *   }
 *   @synchronized
 *   async moveTo(other: Account, amount: number) {
 *     await this.deposit(-amount); // runs under the lock of this call
 *     await other.deposit(amount);
 *   }
 * }
 *
 * const [a, b] = [new Account(), new Account()];
 * await Promise.all([a.deposit(50), a.moveTo(b, 20), a.deposit(30)]);
 * assertEquals([a.balance, b.balance], [60, 20]);
 * ```
 */
export declare function synchronized<This extends object, F extends AnyFunction>(
  method: F,
  context: ClassMethodDecoratorContext<This, F>,
): F;

/**
 * A decorator that runs a method under `lock`, or under the lock that `lock` returns for the
 * object.
 *
 * @example A lock that is sent with the object
 * ```ts
 * import { Lock, Pool, synchronized, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * class Account {
 *   lock = new Lock();
 *   @synchronized((self: Account) => self.lock)
 *   report() {
 *     return this.lock.locked();
 *   }
 * }
 * task(import.meta, Account);
 *
 * assertEquals(new Account().report(), true);
 * ```
 */
export declare function synchronized<This extends object = object>(
  lock?: Lockable | ((self: This) => Lockable),
  options?: WaitOptions,
): <T extends This, F extends AnyFunction>(
  method: F,
  context: ClassMethodDecoratorContext<T, F>,
) => F;

export {};
