/**
 * Functions and methods that run under a lock. How they call each other: `call.ts`.
 *
 * @module
 */

import { checkWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import type { AnyFunction } from "../codec/task.ts";
import { type Lockable, LockedCall, runAsync, runBlocking } from "./call.ts";
import { Lock } from "./lock.ts";

/**
 * A function that calls `fn` under a lock, which it acquires before and releases afterwards.
 *
 * - If `fn` is async, the lock is awaited, and held until the promise of `fn` has settled. If it is
 *   not, the thread blocks until the lock is free.
 * - The lock is released if `fn` fails.
 * - `fn` may call other functions under the same lock, directly or after an `await`: they have it
 *   already, one at a time. The lock is held until they have ended too.
 * - If the lock's holder died, the call fails with {@linkcode AbandonedLockError} without calling
 *   `fn`, and the lock is free again: look at what it protects, then call again.
 * - The function stays in its worker. To exclude between workers send the lock, and call `mutex` there.
 *
 * Follows what tutorials on Python write by hand, `with lock: func(*args)` in a wrapper, and Java's
 * `synchronized`, where calls may be nested.
 *
 * @typeParam F the function's type
 * @param lock a `Lock`, or anything that is acquired and released like one
 * @param fn the function, async or not; `this` and arguments are passed on
 * @param options how long a call waits for the lock; without them for ever
 * @returns a function of the same type
 * @throws {TypeError} if `lock` is no lock, or `fn` no function, or a generator function
 *
 * @example One at a time
 * ```ts
 * import { Lock, mutex } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const visit = mutex(new Lock(), async (name: string) => {
 *   seen.push(`${name} comes`);
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   seen.push(`${name} goes`);
 * });
 * await Promise.all([visit("a"), visit("b")]);
 * assertEquals(seen, ["a comes", "a goes", "b comes", "b goes"]);
 * ```
 */
export function mutex<F extends AnyFunction>(lock: Lockable, fn: F, options?: WaitOptions): F {
  checkLock(lock, "make mutex");
  checkWaitOptions("make mutex", options);
  return wrap(fn, () => lock, options, "make mutex");
}

/**
 * A decorator: the method runs under a lock of its object, as all methods of it that are decorated so.
 *
 * - `@synchronized`: under a lock that each object is given when it is first needed. It excludes in
 *   this worker only, since an object that is sent is copied.
 * - `@synchronized(lock)`: under this lock, for all objects.
 * - `@synchronized((self: Account) => self.lock)`: under a lock that the object has. If that is a
 *   `Lock` of this package, it excludes between workers too, wherever the object is sent. (A private
 *   field `#lock` cannot be named there.)
 *
 * Otherwise as {@linkcode mutex}: methods may call each other.
 *
 * @throws {TypeError} if it does not decorate a method, or a generator method
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
 *     await this.deposit(-amount); // has the lock already
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
 * A decorator: the method runs under the lock, or the one that `lock` gives for the object.
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
  given?: unknown,
  context?: unknown,
): AnyFunction | ((method: AnyFunction, context: unknown) => AnyFunction) {
  if (typeof context === "string" || typeof context === "symbol") {
    throw new TypeError(
      `Cannot synchronize ${String(context)}: this is a decorator of the standard. ` +
        `Remove "experimentalDecorators" from the compiler's options`,
    );
  }
  if (isDecoratorContext(context)) return decorate(given, context, lockOf, undefined);
  if (given !== undefined && typeof given !== "function") checkLock(given, "synchronize");
  checkWaitOptions("synchronize", context as WaitOptions | undefined);
  const choose = given === undefined
    ? lockOf
    : typeof given === "function"
    ? given as (self: object) => Lockable
    : () => given as Lockable;
  return (method: AnyFunction, itsContext: unknown) =>
    decorate(method, itsContext, choose, context as WaitOptions | undefined);
}

function isDecoratorContext(value: unknown): value is DecoratorContext {
  return typeof value === "object" && value !== null && "kind" in value;
}

function decorate(
  method: unknown,
  context: unknown,
  choose: (self: object) => Lockable,
  options: WaitOptions | undefined,
): AnyFunction {
  if (!isDecoratorContext(context) || context.kind !== "method") {
    throw new TypeError("Cannot synchronize: @synchronized stands before a method of a class");
  }
  const name = `synchronize ${String(context.name)}`;
  return wrap(
    method as AnyFunction,
    (self) => {
      if ((typeof self !== "object" || self === null) && typeof self !== "function") {
        throw new TypeError(
          `Cannot call ${
            String(context.name)
          }: it was called without its object, whose lock it needs`,
        );
      }
      const lock = choose(self);
      checkLock(lock, name);
      return lock;
    },
    options,
    name,
  );
}

const locks = new WeakMap<object, Lock>();

/** The lock of an object that has none of its own. */
function lockOf(self: object): Lock {
  const lock = locks.get(self) ?? new Lock();
  locks.set(self, lock);
  return lock;
}

/** A function with the lock for its calls. */
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
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot ${verb}: it must be a function, not ${typeof fn}`);
  }
  const kind = Object.prototype.toString.call(fn).slice(8, -1);
  if (kind.endsWith("GeneratorFunction")) {
    throw new TypeError(
      `Cannot ${verb}: a generator does not hold a lock while it is not running. ` +
        `Acquire the lock inside of it`,
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
    call.leave();
  }
}

function callSync({ fn, lockFor, options }: Guarded, self: unknown, args: unknown[]): unknown {
  const call = new LockedCall(lockFor(self));
  call.acquireSync(options);
  let result: unknown;
  try {
    result = runBlocking(call, () => Reflect.apply(fn, self, args));
  } catch (error) {
    call.leave();
    throw error;
  }
  if (!isPromiseLike(result)) {
    call.leave();
    return result;
  }
  const leave = () => call.leave();
  result.then(leave, leave);
  throw new TypeError(
    `Cannot call ${fn.name || "function"} under a lock: it gave a promise and is not async. ` +
      `Write async before it, so that it waits for the lock without blocking`,
  );
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

function checkLock(lock: unknown, verb: string): asserts lock is Lockable {
  const parts = ["acquire", "acquireSync", "release"] as const;
  const given = lock as Partial<Lockable> | null | undefined;
  if (parts.every((part) => typeof given?.[part] === "function")) return;
  throw new TypeError(
    `Cannot ${verb}: the lock must have acquire, acquireSync and release, as a Lock has`,
  );
}
