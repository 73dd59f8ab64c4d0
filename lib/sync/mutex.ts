/**
 * Functions and methods that run under a lock. How nested calls work is in `call.ts`.
 *
 * @module
 */

import { checkWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, hasMethod, wrongType } from "../arguments/values.ts";
import type { AnyFunction } from "../codec/task.ts";
import { type Lockable, LockedCall, runAsync, runBlocking } from "./call.ts";
import { Lock } from "./lock.ts";
import { isPromiseLike } from "./settled.ts";

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
export function mutex<F extends (...args: never[]) => unknown>(
  lock: Lockable,
  fn: F,
  options?: WaitOptions,
): F {
  checkLock(lock, "make mutex");
  checkWaitOptions("make mutex", options);
  return wrap(fn, () => lock, options, "make mutex");
}

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
export function synchronized<This extends object, F extends AnyFunction>(
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
export function synchronized<This extends object = object>(
  lock?: Lockable | ((self: This) => Lockable),
  options?: WaitOptions,
): <T extends This, F extends AnyFunction>(
  method: F,
  context: ClassMethodDecoratorContext<T, F>,
) => F;
export function synchronized(
  methodOrLock?: unknown,
  contextOrOptions?: unknown,
): AnyFunction | ((method: AnyFunction, context: unknown) => AnyFunction) {
  if (typeof contextOrOptions === "string" || typeof contextOrOptions === "symbol") {
    throw new TypeError(
      `Cannot synchronize ${String(contextOrOptions)}: this is a standard decorator. ` +
        `Remove "experimentalDecorators" from the compiler options`,
    );
  }
  if (isDecoratorContext(contextOrOptions)) {
    return decorate(methodOrLock, contextOrOptions, lockOf, undefined);
  }
  if (methodOrLock !== undefined && typeof methodOrLock !== "function") {
    checkLock(methodOrLock, "synchronize");
  }
  const options = contextOrOptions as WaitOptions | undefined;
  checkWaitOptions("synchronize", options);
  const lockFor = methodOrLock === undefined
    ? lockOf
    : typeof methodOrLock === "function"
    ? methodOrLock as (self: object) => Lockable
    : () => methodOrLock as Lockable;
  return (method: AnyFunction, context: unknown) => decorate(method, context, lockFor, options);
}

function isDecoratorContext(value: unknown): value is DecoratorContext {
  return isOptionsObject(value) && "kind" in value;
}

function decorate(
  method: unknown,
  context: unknown,
  lockFor: (self: object) => Lockable,
  options: WaitOptions | undefined,
): AnyFunction {
  if (!isDecoratorContext(context) || context.kind !== "method") {
    throw new TypeError("Cannot synchronize: @synchronized can only decorate a method of a class");
  }
  const name = `synchronize ${String(context.name)}`;
  checkFunction(name, "method", method);
  return wrap(
    method as AnyFunction,
    (self) => {
      if ((typeof self !== "object" || self === null) && typeof self !== "function") {
        throw new TypeError(
          `Cannot call ${String(context.name)}: \`this\` is not an object, and the method needs ` +
            "the lock of its object. Call it as a method",
        );
      }
      const lock = lockFor(self);
      checkLock(lock, name);
      return lock;
    },
    options,
    name,
  );
}

const locks = new WeakMap<object, Lock>();

/** Returns the lock of an object for plain `@synchronized`. */
function lockOf(self: object): Lock {
  const lock = locks.get(self) ?? new Lock();
  locks.set(self, lock);
  return lock;
}

/** A function that runs under a lock. */
interface Guarded {
  fn: AnyFunction;
  lockFor(self: unknown): Lockable;
  options: WaitOptions | undefined;
}

function wrap<F extends AnyFunction>(
  fn: F,
  lockFor: (self: unknown) => Lockable,
  options: WaitOptions | undefined,
  verb: string,
): F {
  checkFunction(verb, "fn", fn);
  const kind = Object.prototype.toString.call(fn).slice(8, -1);
  if (kind.endsWith("GeneratorFunction")) {
    throw new TypeError(
      `Cannot ${verb}: a generator function would not hold the lock while it is suspended. ` +
        "Acquire the lock inside it",
    );
  }
  const guarded: Guarded = { fn, lockFor, options };
  const call = kind === "AsyncFunction" ? callAsync : callSync;
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    return call(guarded, this, args);
  };
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(wrapped, property, { value: fn[property], configurable: true });
  }
  return wrapped as unknown as F;
}

async function callAsync(
  { fn, lockFor, options }: Guarded,
  self: unknown,
  args: unknown[],
): Promise<unknown> {
  const call = new LockedCall(lockFor(self));
  await call.acquire(options);
  try {
    return await runAsync(call, () => Reflect.apply(fn, self, args));
  } finally {
    call.end();
  }
}

function callSync({ fn, lockFor, options }: Guarded, self: unknown, args: unknown[]): unknown {
  const call = new LockedCall(lockFor(self));
  call.acquireSync(options);
  let result: unknown;
  try {
    result = runBlocking(call, () => Reflect.apply(fn, self, args));
  } catch (error) {
    call.end();
    throw error;
  }
  if (!isPromiseLike(result)) {
    call.end();
    return result;
  }
  const end = () => call.end();
  result.then(end, end);
  throw new TypeError(
    `Cannot call ${
      fn.name || "function"
    } under a lock: it returned a promise, but is not an async ` +
      "function. Declare it async, so that a call awaits the lock instead of blocking",
  );
}

function checkLock(lock: unknown, verb: string): asserts lock is Lockable {
  if (["acquire", "acquireSync", "release"].every((method) => hasMethod(lock, method))) return;
  const advice = "Pass a Lock, or an object with the methods acquire, acquireSync and release";
  throw wrongType(verb, "lock", "a lock", lock, advice);
}
