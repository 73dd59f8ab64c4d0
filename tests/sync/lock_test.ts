import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AbandonedLockError,
  DeadlockError,
  Event,
  Lock,
  LockGuard,
  Pool,
  type Process,
  Queue,
  task,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, endedSync, guard, run, sharedWords, wordSet } from "../fixtures/workers.ts";

/** Holds the lock until the event is set. */
const holder = (lock: Lock, holding: Event, until: Event) => {
  lock.acquireSync();
  holding.set();
  until.waitSync();
  lock.release();
};

/** Starts a worker that holds a lock until `free` is called. */
async function heldLock(): Promise<{ lock: Lock; free: () => void; process: Process }> {
  const [lock, holding, until] = [new Lock(), new Event(), new Event()];
  const process = run(holder, lock, holding, until);
  assert(await holding.wait(guard));
  return { lock, free: () => until.set(), process };
}

test("Lock.acquire() waits for release()", async () => {
  const lock = new Lock();
  assert(!lock.locked());
  const first = await lock.acquire();
  assert(first instanceof LockGuard);
  assert(lock.locked());
  lock.release();
  assert(!lock.locked());
  lock.acquireSync();
  assert(lock.locked());
  lock.release();
  assert(!lock.locked());
});

test("Lock.tryAcquire() returns a guard, or undefined when the lock is held", async () => {
  const lock = new Lock();
  const first = lock.tryAcquire();
  assert(first instanceof LockGuard);
  assertEquals(lock.tryAcquire(), undefined);
  first.release();
  const other = await heldLock();
  assertEquals(other.lock.tryAcquire(), undefined);
  other.free();
  await ended(other.process);
  other.lock.tryAcquire()!.release();
});

test("Lock.acquire() is not re-entrant", async () => {
  const lock = new Lock();
  using _ = lock.acquireSync();
  assertThrows(() => lock.acquireSync({ timeoutMs: 1 }), TimeoutError);
  await assertRejects(() => lock.acquire({ timeoutMs: 1 }), TimeoutError);
});

test("Lock.acquire() throws TimeoutError when the lock is still held", async () => {
  const other = await heldLock();
  for (const timeoutMs of [-1, 0, 5]) {
    const message = `Cannot acquire lock: still held after ${timeoutMs} ms`;
    await assertRejects(() => other.lock.acquire({ timeoutMs }), TimeoutError, message);
    assertThrows(() => other.lock.acquireSync({ timeoutMs }), TimeoutError, message);
  }
  other.free();
  using _ = await other.lock.acquire(guard);
  await ended(other.process);
});

test("Lock.acquire() acquires a free lock when timeoutMs is 0", async () => {
  const lock = new Lock();
  (await lock.acquire({ timeoutMs: 0 })).release();
  lock.acquireSync({ timeoutMs: 0 }).release();
});

test("Lock.acquire() rejects invalid options, and acquires nothing", async () => {
  const lock = new Lock();
  await assertRejects(() => lock.acquire({ timeoutMs: NaN }), RangeError);
  assertThrows(() => lock.acquireSync({ timeoutMs: NaN }), RangeError);
  assert(!lock.locked());
});

test("Lock.acquire() acquires nothing when the signal was aborted before", async () => {
  const lock = new Lock();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => lock.acquire({ signal }), Error), reason);
  assertStrictEquals(assertThrows(() => lock.acquireSync({ signal }), Error), reason);
  assert(!lock.locked());
});

test("Lock.acquire() throws the reason of a signal that is aborted during the wait", async () => {
  const lock = new Lock();
  const first = lock.acquireSync();
  const controller = new AbortController();
  const waiting = lock.acquire({ signal: controller.signal });
  const next = lock.acquire(guard);
  controller.abort("enough");
  assertEquals(await waiting.catch((reason) => reason), "enough");
  first.release();
  (await next).release(); // the aborted waiter did not consume the wake-up
  assert(!lock.locked());
});

test("Lock.release() hands off to a promise of a blocked isolate", async () => {
  const other = await heldLock();
  other.free();
  other.lock.acquireSync(guard).release();
  endedSync(other.process);
});

test("Lock.release() throws when the lock is not held", () => {
  const lock = new Lock();
  const message = "Cannot release lock: it is not held. Call release() once for each acquire()";
  assertThrows(() => lock.release(), Error, message);
  lock.acquireSync();
  lock.release();
  assertThrows(() => lock.release(), Error, message);
  using _ = lock.acquireSync(); // the lock still works
});

test("Lock.release() may be called by another worker", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const waiting = lock.acquire(guard);
  await ended(run((lock: Lock) => lock.release(), lock));
  (await waiting).release();
});

test("LockGuard releases the lock once, at the end of its scope", async () => {
  const lock = new Lock();
  {
    using guard = await lock.acquire();
    assert(lock.locked());
    guard.release();
    assert(!lock.locked());
    guard.release();
    lock.acquireSync();
  }
  assert(lock.locked()); // the guard had released its own acquire already
  lock.release();
  {
    using _ = lock.tryAcquire();
    using second = lock.tryAcquire();
    assertEquals(second, undefined);
  }
  assert(!lock.locked());
  assertThrows(() => {
    using _ = lock.acquireSync();
    throw new RangeError("inside");
  }, RangeError);
  assert(!lock.locked());
});

test("Lock.acquire() serves promises first come, first served", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const order: number[] = [];
  const waiting = Array.from({ length: 20 }, async (_, at) => {
    using _guard = await lock.acquire(guard);
    order.push(at);
  });
  lock.release();
  await Promise.all(waiting);
  assertEquals(order, Array.from({ length: 20 }, (_, at) => at));
});

test("Lock.acquire() serves workers first come, first served", async () => {
  const [lock, order] = [new Lock(), new Queue<number>()];
  lock.acquireSync();
  const processes = [];
  for (let at = 0; at < 3; at++) {
    const asking = new Event();
    processes.push(run(
      async (lock: Lock, order: Queue<number>, asking: Event, at: number) => {
        const acquired = lock.acquire(); // is queued when the call returns
        asking.set();
        using _ = await acquired;
        order.putSync(at);
      },
      lock,
      order,
      asking,
      at,
    ));
    assert(await asking.wait(guard));
  }
  lock.release();
  for (const process of processes) await ended(process);
  assertEquals([order.getSync(), order.getSync(), order.getSync()], [0, 1, 2]);
});

test("Lock.release() hands off to a waiter that was overtaken", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const waiting = lock.acquire(guard);
  lock.release(); // wakes the waiter
  const overtaker = lock.tryAcquire(); // before the waiter runs
  assert(overtaker !== undefined);
  await Promise.resolve();
  // Until the waiter has found the lock held again.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  overtaker.release();
  assert(lock.locked()); // handed off: no other caller can acquire it
  assertEquals(lock.tryAcquire(), undefined);
  (await waiting).release();
});

test("Lock.acquireSync() throws DeadlockError when its own isolate holds the lock", async () => {
  const lock = new Lock();
  const message = "Cannot block: this isolate owns what this call waits for";
  for (const acquire of [() => lock.acquire(), () => lock.acquireSync()]) {
    using _ = await acquire();
    assertThrows(() => lock.acquireSync(), DeadlockError, message);
    assertThrows(() => lock.acquireSync({ timeoutMs: Infinity }), DeadlockError, message);
    assertThrows(() => lock.acquireSync({ timeoutMs: 2 }), TimeoutError); // another isolate may release it
  }
  lock.acquireSync().release();
});

test("Lock.acquireSync() takes over a lock that was handed off to a promise of its isolate", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const promised = lock.acquire(guard);
  lock.release(); // wakes the promise
  lock.tryAcquire(); // overtakes it
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  lock.release(); // hands it off to the promise, which has not run yet
  assert(lock.locked());
  lock.acquireSync().release();
  (await promised).release();
  assert(!lock.locked());
});

test("Lock is inspected with its state", () => {
  const lock = new Lock();
  assertEquals(Deno.inspect(lock), "Lock { locked: false }");
  using _ = lock.acquireSync();
  assertEquals(Deno.inspect([lock]), "[ Lock { locked: true } ]");
  assertEquals(Deno.inspect(Lock.prototype), "Lock.prototype");
});

// Death of the holder

const fates = {
  "returned": (lock: Lock) => {
    lock.acquireSync();
  },
  "threw": (lock: Lock) => {
    lock.acquireSync();
    console.error = () => {};
    throw new Error("dead");
  },
  "called Deno.exit()": (lock: Lock) => {
    lock.acquireSync();
    Deno.exit(7);
  },
  "called self.close()": (lock: Lock) => {
    lock.acquireSync();
    self.close();
  },
};

for (const [fate, target] of Object.entries(fates)) {
  test(`Lock.acquire() throws AbandonedLockError when the holder ${fate}`, async () => {
    const lock = new Lock();
    const process = run(target, lock);
    assert(await process.join(guard));
    assert(lock.locked());
    await assertRejects(
      () => lock.acquire(guard),
      AbandonedLockError,
      "The lock was acquired, but the worker that held it ended without releasing it. Check",
    );
    assert(lock.locked());
    assertEquals(lock.tryAcquire(), undefined); // the lock is acquired
    lock.release();
    using _ = lock.acquireSync(guard);
  });

  test(`Lock.acquireSync() throws AbandonedLockError when the holder ${fate} during the wait`, async () => {
    const lock = new Lock();
    const process = run(target, lock);
    while (!lock.locked()) await new Promise((resolve) => setTimeout(resolve, 0));
    assertThrows(() => lock.acquireSync(guard), AbandonedLockError);
    lock.release();
    assert(await process.join(guard));
  });
}

for (const ending of ["terminate", "kill"] as const) {
  test(`Lock.acquire() throws AbandonedLockError when the holder ends by ${ending}() during the wait`, async () => {
    const { lock, process } = await heldLock();
    const waiting = assertRejects(() => lock.acquire(guard), AbandonedLockError);
    process[ending]();
    await waiting;
    lock.release();
    await ended(process, ending === "kill" ? -9 : -15);
  });

  test(`Lock.tryAcquire() throws AbandonedLockError when the holder ended by ${ending}()`, async () => {
    const { lock, process } = await heldLock();
    process[ending]();
    assertThrows(() => lock.tryAcquire(), AbandonedLockError);
    assertEquals(lock.tryAcquire(), undefined);
    lock.release();
    await ended(process, ending === "kill" ? -9 : -15);
  });
}

test("Lock.acquire() of many waiters succeeds in turn for an abandoned lock, and one throws AbandonedLockError", async () => {
  const { lock, process } = await heldLock();
  let abandoned = 0;
  const waiting = Array.from({ length: 5 }, async () => {
    try {
      await lock.acquire(guard);
    } catch (error) {
      assert(error instanceof AbandonedLockError);
      abandoned++;
    }
    lock.release();
  });
  process.terminate();
  await Promise.all(waiting);
  assertEquals(abandoned, 1);
  await ended(process, -15);
});

test("Lock.release() does nothing while its worker is being terminated", async () => {
  const [lock, holding, never] = [new Lock(), new Event(), new Event()];
  const released = sharedWords();
  const process = run(
    (lock: Lock, holding: Event, never: Event, released: Int32Array) => {
      lock.acquireSync();
      try {
        holding.set();
        never.waitSync();
      } finally {
        lock.release();
        Atomics.store(released, 0, 1);
      }
    },
    lock,
    holding,
    never,
    released,
  );
  assert(holding.waitSync(guard));
  process.terminate();
  await wordSet(released);
  assert(lock.locked());
  assertThrows(() => lock.acquireSync(guard), AbandonedLockError);
  lock.release();
  await ended(process, -15);
});

test("Lock.acquire() of the next waiter succeeds when a waiter is terminated", async () => {
  const lock = new Lock();
  lock.acquireSync();
  const asking = new Event();
  const process = run(
    (lock: Lock, asking: Event) => {
      const waiting = lock.acquire();
      asking.set();
      return waiting;
    },
    lock,
    asking,
  );
  assert(await asking.wait(guard));
  const next = lock.acquire(guard);
  process.terminate();
  lock.release();
  (await next).release();
  await ended(process, -15);
});

// Sending

const increment = task(import.meta, (lock: Lock, counter: Int32Array, times: number) => {
  for (let at = 0; at < times; at++) {
    using _ = lock.acquireSync();
    counter[0]++; // not atomic
  }
});

const incrementAsync = task(
  import.meta,
  async (lock: Lock, counter: Int32Array, times: number) => {
    for (let at = 0; at < times; at++) {
      using _ = await lock.acquire();
      const value = counter[0];
      if (at % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      counter[0] = value + 1;
    }
  },
);

test("Lock excludes workers and promises alike", async () => {
  const lock = new Lock();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const processes = [
    run(increment, lock, counter, 2000),
    run(incrementAsync, lock, counter, 500),
    run(increment, lock, counter, 2000),
  ];
  await Promise.all([
    incrementAsync(lock, counter, 500),
    incrementAsync(lock, counter, 500),
  ]);
  for (const process of processes) await ended(process);
  assertEquals(counter[0], 5500);
});

test("Lock can be an argument of a pool's task", async () => {
  const lock = new Lock();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  await using pool = new Pool(2);
  await pool.starmap(increment, Array.from({ length: 8 }, () => [lock, counter, 100]));
  assertEquals(counter[0], 800);
});

test("Lock can be nested in an item of a queue, and keeps its identity when it comes back", async () => {
  const lock = new Lock();
  const [there, back] = [new Queue<{ locks: Lock[] }>(), new Queue<Map<string, Lock>>()];
  const process = run(
    (there: Queue<{ locks: Lock[] }>, back: Queue<Map<string, Lock>>) => {
      const { locks } = there.getSync();
      if (locks[0] !== locks[1]) throw new Error("two handles for one lock");
      locks[0].acquireSync();
      back.putSync(new Map([["lock", locks[0]]]));
      locks[0].release();
    },
    there,
    back,
  );
  there.putSync({ locks: [lock, lock] });
  assertStrictEquals(back.getSync(guard).get("lock"), lock);
  (await lock.acquire(guard)).release();
  await ended(process);
});

test("Lock stays alive in a worker when the handle of its creator is collected", async () => {
  const queue = new Queue<Lock>();
  queue.putSync(new Lock());
  await ended(run((queue: Queue<Lock>) => {
    using _ = queue.getSync().acquireSync();
  }, queue));
});
