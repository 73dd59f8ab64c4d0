import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  AbandonedLockError,
  Condition,
  DeadlockError,
  Event,
  Lock,
  mutex,
  Queue,
  RLock,
  Semaphore,
  synchronized,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { count, record, Recorder } from "../fixtures/mutex_tasks.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** Two async functions under one lock that record their start and end, and yield in between. */
function recorder(lock: Lock | RLock | Semaphore | Condition) {
  const seen: string[] = [];
  const visit = async (name: string) => {
    seen.push(`${name} start`);
    await turn();
    seen.push(`${name} end`);
  };
  return { seen, one: mutex(lock, visit), two: mutex(lock, visit) };
}

/** Checks that each call ended before the next one started. */
function assertOneAtATime(seen: readonly string[], calls: number): void {
  assertEquals(seen.length, 2 * calls);
  for (let at = 0; at < seen.length; at += 2) {
    assertEquals(seen[at + 1], seen[at].replace("start", "end"), seen.join(", "));
  }
}

const locks = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  Semaphore: () => new Semaphore(1),
  Condition: () => new Condition(),
};
for (const [name, make] of Object.entries(locks)) {
  test(`mutex() runs async calls one at a time under a ${name}`, async () => {
    const { seen, one, two } = recorder(make());
    await Promise.all([one("a"), two("b"), one("c"), two("d")]);
    assertOneAtATime(seen, 4);
  });

  test(`mutex() under a ${name} allows nested calls, blocking and async`, async () => {
    const lock = make();
    const leaf = mutex(lock, (x: number) => x + 1);
    const branch = mutex(lock, (x: number) => leaf(x) + 10);
    const asyncLeaf = mutex(lock, async (x: number) => {
      await turn();
      return leaf(x);
    });
    const root = mutex(lock, async (x: number) => {
      const blocking = branch(x);
      await turn();
      return [blocking, await asyncLeaf(x), branch(x)];
    });
    assertEquals(branch(1), 12);
    assertEquals(await Promise.all([root(1), root(2)]), [[12, 2, 12], [13, 3, 13]]);
    lock.acquireSync({ timeoutMs: 0 });
    lock.release();
  });
}

test("mutex() passes this, arguments and results through, and keeps name and length", async () => {
  const lock = new Lock();
  const object = { base: 10 };
  const add = mutex(lock, function add(this: { base: number }, a: number, b: number) {
    return this.base + a + b;
  });
  assertEquals(add.call(object, 1, 2), 13);
  assertEquals([add.name, add.length], ["add", 2]);
  const addLater = mutex(lock, async function (this: { base: number }, a: number) {
    await turn();
    return this.base + a;
  });
  assertEquals(await addLater.call(object, 1), 11);
  addLater satisfies (this: { base: number }, a: number) => Promise<number>;
});

test("mutex() holds the lock during the call, and releases it when the call throws", async () => {
  const lock = new Lock();
  const failing = mutex(lock, () => {
    assert(lock.locked());
    throw new RangeError("blocking");
  });
  assertThrows(failing, RangeError, "blocking");
  assert(!lock.locked());
  const rejecting = mutex(lock, async () => {
    await turn();
    assert(lock.locked());
    throw new RangeError("async");
  });
  await assertRejects(rejecting, RangeError, "async");
  assert(!lock.locked());
});

test("mutex() throws TimeoutError after options.timeoutMs, and acquires nothing", async () => {
  const lock = new Lock();
  let calls = 0;
  const options = { timeoutMs: 1 };
  const blocking = mutex(lock, () => calls++, options);
  // deno-lint-ignore require-await
  const later = mutex(lock, async () => calls++, options);
  lock.acquireSync();
  assertThrows(blocking, TimeoutError);
  await assertRejects(later, TimeoutError);
  lock.release();
  assertEquals(calls, 0);
  assertEquals([blocking(), await later()], [0, 1]);
  assert(!lock.locked());
});

test("mutex() calls nested in one call exclude each other", async () => {
  const lock = new Lock();
  const { seen, one, two } = recorder(lock);
  const parent = mutex(lock, async () => {
    await Promise.all([one("a"), two("b"), one("c")]);
    seen.push("parent start", "parent end");
  });
  await Promise.all([parent(), one("d")]);
  assertOneAtATime(seen, 5);
  assertEquals(seen.slice(-4), ["parent start", "parent end", "d start", "d end"]);
});

test("mutex() releases the lock after a nested call that did not get its turn in time", async () => {
  for (const lock of [new Lock(), new RLock()]) {
    const go = Promise.withResolvers<void>();
    const slow = mutex(lock, async () => await go.promise);
    const options = { timeoutMs: 1 };
    const quick = mutex(lock, async () => await turn(), options);
    const quickSync = mutex(lock, () => {}, options);
    const parent = mutex(lock, async () => {
      const first = slow();
      await assertRejects(quick, TimeoutError);
      assertThrows(quickSync, TimeoutError);
      go.resolve();
      await first;
      assert(lock.locked());
    });
    await parent();
    assert(!lock.locked());
  }
});

test("mutex() keeps the lock until nested calls that were not awaited have ended", async () => {
  const lock = new Lock();
  const go = Promise.withResolvers<void>();
  let child: Promise<void>;
  const late = mutex(lock, async () => await go.promise);
  // deno-lint-ignore require-await
  const parent = mutex(lock, async () => {
    child = late();
  });
  await parent();
  assertThrows(() => lock.acquireSync({ timeoutMs: 0 }), TimeoutError);
  go.resolve();
  await child!;
  await turn();
  assert(!lock.locked());
});

test("mutex() acquires the lock again in async code that outlives its call", async () => {
  const lock = new Lock();
  const { seen, one, two } = recorder(lock);
  const later = Promise.withResolvers<void>();
  // deno-lint-ignore require-await
  const parent = mutex(lock, async () => {
    setTimeout(() => later.resolve(Promise.all([one("a"), two("b")]).then()), 0);
  });
  await parent();
  assert(!lock.locked());
  await Promise.all([later.promise, one("c")]);
  assertOneAtATime(seen, 3);
});

test("mutex() calls under two locks hold both, and can be nested in either", async () => {
  const [a, b] = [new Lock(), new Lock()];
  const leaf = mutex(a, () => [a.locked(), b.locked()]);
  const middle = mutex(b, async () => {
    await turn();
    return leaf();
  });
  const root = mutex(a, async () => await middle());
  assertEquals(await root(), [true, true]);
  assertEquals([a.locked(), b.locked()], [false, false]);
});

test("mutex() acquires the lock again when the outer call has ended before the inner one", async () => {
  const [a, b] = [new Lock(), new Lock()];
  const go = Promise.withResolvers<void>();
  let child: Promise<boolean>;
  const leaf = mutex(a, () => a.locked());
  const middle = mutex(b, async () => {
    await go.promise;
    return leaf();
  });
  // deno-lint-ignore require-await
  const root = mutex(a, async () => {
    child = middle();
  });
  await root();
  assert(!a.locked());
  go.resolve();
  assert(await child!);
});

test("mutex() throws DeadlockError when it blocks while an async call of this isolate holds the lock", async () => {
  const lock = new Lock();
  const go = Promise.withResolvers<void>();
  const waiting = mutex(lock, async () => await go.promise);
  const blocking = mutex(lock, () => 7);
  const parent = mutex(lock, async () => {
    const child = waiting();
    await turn();
    const error = assertThrows(blocking, DeadlockError); // the sibling cannot end while we block
    go.resolve();
    await child;
    assertEquals(blocking(), 7);
    return error;
  });
  const first = parent();
  await turn();
  assertThrows(blocking, DeadlockError);
  await first;
  assertEquals(blocking(), 7);
});

test("mutex() throws AbandonedLockError once after the holder died, and the lock is free again", async () => {
  for (const make of [() => new Lock(), () => new RLock()]) {
    for (const how of ["blocking", "async"]) {
      const lock = make();
      const holding = new Event();
      const process = run(
        (lock: Lock | RLock, holding: Event) => {
          lock.acquireSync();
          holding.set();
          new Promise(() => {});
          Deno.exit(3);
        },
        lock,
        holding,
      );
      await ended(process, 3);
      let calls = 0;
      const call = how === "blocking"
        ? mutex(lock, () => ++calls)
        : mutex(lock, async () => await Promise.resolve(++calls));
      // deno-lint-ignore require-await
      await assertRejects(async () => call(), AbandonedLockError);
      assertEquals([calls, lock.locked()], [0, false]);
      assertEquals(await call(), 1);
    }
  }
});

test("mutex() excludes processes from each other", async () => {
  const lock = new Lock();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const processes = [1, 2, 3].map(() => run(count, lock, counter, 500));
  const step = mutex(lock, async () => {
    const before = counter[0];
    await turn();
    counter[0] = before + 1;
  });
  await Promise.all(Array.from({ length: 20 }, () => step()));
  for (const process of processes) await ended(process);
  assertEquals(counter[0], 1520);
});

test("mutex() rejects objects that are not locks, non-functions and generator functions", () => {
  const lock = new Lock();
  const message = "an object with the methods acquire, acquireSync and release";
  // @ts-expect-error not a lock
  assertThrows(() => mutex({}, () => {}), TypeError, message);
  // @ts-expect-error not a function
  assertThrows(() => mutex(lock, 7), TypeError, "must be a function, not 7");
  for (const generator of [function* () {}, async function* () {}]) {
    assertThrows(
      () => mutex(lock, generator),
      TypeError,
      "a generator function would not hold the lock",
    );
  }
});

test("mutex() throws TypeError when a function that is not async returns a promise", async () => {
  const lock = new Lock();
  const go = Promise.withResolvers<void>();
  const call = mutex(lock, function save() {
    return go.promise;
  });
  assertThrows(call, TypeError, "Cannot call save under a lock: it returned a promise");
  assert(lock.locked(), "the promise is pending, so the lock is still held");
  go.reject(new Error("and fails"));
  await turn();
  assert(!lock.locked());
});

test("mutex() calls a function without a name a function", async () => {
  const nameless = Object.defineProperty(() => Promise.resolve(), "name", { value: "" });
  const call = mutex(new Lock(), nameless);
  assertThrows(call, TypeError, "Cannot call function under a lock");
  await turn();
});

test("mutex() accepts any object that is acquired and released like a lock", async () => {
  const seen: string[] = [];
  const lock = {
    acquire: () => Promise.resolve(seen.push("acquire")),
    acquireSync: () => seen.push("acquireSync"),
    release: () => seen.push("release"),
  };
  mutex(lock, () => seen.push("blocking"))();
  await mutex(lock, async () => await Promise.resolve(seen.push("async")))();
  assertEquals(seen, ["acquireSync", "blocking", "release", "acquire", "async", "release"]);
});

// The decorator

const common = new Lock();

class Account {
  balance = 0;
  readonly lock = new Lock();

  @synchronized
  async deposit(amount: number): Promise<number> {
    const before = this.balance;
    await turn();
    return this.balance = before + amount;
  }

  @synchronized()
  async withdraw(amount: number): Promise<number> {
    await turn();
    return await this.deposit(-amount);
  }

  @synchronized(common)
  underCommon(): boolean {
    return common.locked();
  }

  @synchronized((self: Account) => self.lock)
  underOwn(): boolean {
    return this.lock.locked() && !common.locked();
  }
}

test("synchronized runs the methods of an object one at a time, and lets them call each other", async () => {
  const account = new Account();
  await Promise.all([account.deposit(50), account.withdraw(20), account.deposit(30)]);
  assertEquals(account.balance, 60);
});

test("synchronized uses a separate lock for each object", async () => {
  const [a, b] = [new Account(), new Account()];
  const go = Promise.withResolvers<void>();
  class Gate {
    @synchronized
    async wait(): Promise<void> {
      await go.promise;
    }
    @synchronized
    async pass(): Promise<void> {
      await turn();
    }
  }
  const [closed, open] = [new Gate(), new Gate()];
  const waiting = closed.wait();
  await open.pass(); // would hang under one lock
  go.resolve();
  await waiting;
  await Promise.all([a.deposit(1), b.deposit(2)]);
  assertEquals([a.balance, b.balance], [1, 2]);
});

test("synchronized(lock) and synchronized(fn) use the given lock", () => {
  assert(new Account().underCommon());
  assert(new Account().underOwn());
  assert(!common.locked());
});

test("synchronized static methods share a lock of the class", async () => {
  class Counter {
    static count = 0;

    @synchronized
    static async add(): Promise<void> {
      const before = Counter.count;
      await turn();
      Counter.count = before + 1;
    }
  }
  await Promise.all([Counter.add(), Counter.add(), Counter.add()]);
  assertEquals(Counter.count, 3);
});

test("synchronized keeps the type, the name and the this of the method", async () => {
  const account = new Account();
  (await account.deposit(1)) satisfies number;
  // @ts-expect-error the argument is a number
  void (() => account.deposit("1"));
  assertEquals(account.deposit.name, "deposit");
  const { deposit } = account;
  await assertRejects(() => deposit(1), TypeError, "Cannot call deposit: `this` is not an object");
});

test("synchronized applies to an overriding method and to the overridden one", async () => {
  class Savings extends Account {
    @synchronized
    override async deposit(amount: number): Promise<number> {
      return await super.deposit(amount * 2);
    }
  }
  const savings = new Savings();
  await Promise.all([savings.deposit(1), savings.deposit(2)]);
  assertEquals(savings.balance, 6);
});

test("synchronized rejects elements that are not methods", () => {
  const message = "can only decorate a method of a class";
  const decorator = synchronized as unknown as (value: unknown, context: unknown) => unknown;
  for (const kind of ["class", "field", "getter", "accessor"]) {
    assertThrows(() => decorator(() => {}, { kind, name: "x" }), TypeError, message);
  }
  assertThrows(
    () => {
      class Walker {
        @synchronized
        *walk() {}
      }
      return Walker;
    },
    TypeError,
    "Cannot synchronize walk: a generator function",
  );
  assertThrows(() => decorator({}, "walk"), TypeError, "experimentalDecorators");
  assertThrows(
    () => decorator({}, undefined),
    TypeError,
    "the methods acquire, acquireSync and release",
  );
  class Broken {
    // deno-lint-ignore no-explicit-any
    @synchronized((self: any) => self.nothing)
    call() {}
  }
  assertThrows(
    () => new Broken().call(),
    TypeError,
    "Cannot synchronize call: lock must be a lock",
  );
});

test("synchronized under a lock that the object holds excludes processes and tasks from each other", async () => {
  const out = new Queue<string>();
  const recorder = new Recorder(out);
  const processes = ["a", "b", "c"].map((who) => run(record, recorder, who));
  for (const process of processes) await ended(process);
  const seen: string[] = [];
  while (seen.length < 36) seen.push(await out.get(guard));
  assertOneAtATime(seen, 18);
});

test("synchronized methods can wait for a condition of their lock", async () => {
  class Mailbox {
    readonly condition = new Condition(new Lock());
    readonly #items: number[] = [];
    @synchronized((self: Mailbox) => self.condition)
    async get(): Promise<number> {
      await this.condition.waitFor(() => this.#items.length > 0, guard);
      return this.#items.shift()!;
    }
    @synchronized((self: Mailbox) => self.condition)
    // deno-lint-ignore require-await
    async put(item: number): Promise<void> {
      this.#items.push(item);
      this.condition.notify();
    }
  }
  const mailbox = new Mailbox();
  const gotten = Promise.all([mailbox.get(), mailbox.get()]);
  await turn();
  await mailbox.put(1);
  await mailbox.put(2);
  assertEquals((await gotten).sort(), [1, 2]); // the second may get the lock first
});

test("mutex() throws the reason of a signal that is aborted while it waits for the lock", async () => {
  const lock = new Lock();
  const controller = new AbortController();
  const call = mutex(lock, async () => await turn(), { signal: controller.signal });
  lock.acquireSync();
  const reason = new Error("enough");
  const waiting = call();
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting, Error), reason);
  lock.release();
  assertInstanceOf(await call().catch((error) => error), Error);
});
