import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AbandonedLockError,
  DeadlockError,
  Event,
  LockOwner,
  Pool,
  Queue,
  RLock,
  RLockGuard,
  task,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

// Owners

test("RLock.acquireSync() can be nested in blocking code, and counts its depth", () => {
  const lock = new RLock();
  assertEquals([lock.locked(), lock.depth], [false, 0]);
  {
    using _outer = lock.acquireSync();
    using _middle = lock.acquireSync({ timeoutMs: 0 });
    using inner = lock.tryAcquire();
    assert(inner instanceof RLockGuard);
    assertEquals([lock.locked(), lock.depth], [true, 3]);
  }
  assertEquals([lock.locked(), lock.depth], [false, 0]);
});

test("RLock.acquire() has a new owner each time, unless one is given", async () => {
  const lock = new RLock();
  const first = await lock.acquire();
  await assertRejects(() => lock.acquire({ timeoutMs: 1 }), TimeoutError, "still held after 1 ms");
  assertEquals(lock.tryAcquire(), undefined);
  const second = await lock.acquire({ owner: first });
  const third = lock.acquireSync({ owner: second }); // a guard stands for its owner
  assertEquals(lock.tryAcquire({ owner: third }) instanceof RLockGuard, true);
  assertEquals(lock.depth, 4);
  for (let depth = 4; depth > 0; depth--) lock.release({ owner: first });
  assertEquals(lock.locked(), false);
});

test("RLock.acquire() can be nested across functions with a LockOwner", async () => {
  const [lock, owner, other] = [new RLock(), new LockOwner(), new LockOwner()];
  const inner = async () => {
    using _ = await lock.acquire({ owner });
    return lock.depth;
  };
  {
    using _ = await lock.acquire({ owner });
    assertEquals(await inner(), 2);
    await assertRejects(() => lock.acquire({ owner: other, timeoutMs: 1 }), TimeoutError);
    assertEquals(lock.tryAcquire({ owner: other }), undefined);
  }
  using _ = await lock.acquire({ owner: other });
  assertEquals(lock.depth, 1);
});

test("RLock.release() without an owner releases for the holder in this isolate", async () => {
  const lock = new RLock();
  await lock.acquire();
  lock.release();
  assertEquals(lock.locked(), false);
});

test("RLock.release() throws when another owner of this isolate holds the lock", async () => {
  const [lock, owner] = [new RLock(), new LockOwner()];
  const held = await lock.acquire();
  const message = "Cannot release lock: this owner does not hold it. The owner that acquired it " +
    "must release it, once for each acquire()";
  assertThrows(() => lock.release({ owner }), Error, message);
  lock.release({ owner: held });
  assertThrows(() => lock.release(), Error, message);
  lock.acquireSync();
  lock.release();
});

test("RLock methods reject an owner that is neither a guard nor a LockOwner", async () => {
  const lock = new RLock();
  const owner = {} as LockOwner;
  const message = "options.owner must be a guard or a LockOwner, not an object of class Object";
  await assertRejects(() => lock.acquire({ owner }), TypeError, message);
  assertThrows(() => lock.acquireSync({ owner }), TypeError, message);
  assertThrows(() => lock.tryAcquire({ owner }), TypeError, message);
  assertThrows(() => lock.release({ owner }), TypeError, message);
  await assertRejects(() => lock.acquire({ timeoutMs: NaN }), RangeError, "options.timeoutMs");
  assertThrows(() => lock.acquireSync({ timeoutMs: NaN }), RangeError, "options.timeoutMs");
  assertEquals(lock.locked(), false);
});

test("RLockGuard releases its own acquire once", async () => {
  const [lock, owner] = [new RLock(), new LockOwner()];
  {
    using outer = await lock.acquire({ owner });
    {
      using inner = await lock.acquire({ owner });
      inner.release();
      assertEquals(lock.depth, 1);
      inner.release();
      assertEquals(lock.depth, 1);
    }
    assertEquals(lock.depth, 1);
    outer.release();
    assertEquals(lock.locked(), false);
    lock.acquireSync();
  }
  assertEquals(lock.depth, 1); // the guard did not release the acquire of the blocking code
  lock.release();
  assertThrows(() => {
    using _ = lock.acquireSync();
    throw new RangeError("inside");
  }, RangeError);
  assertEquals(lock.locked(), false);
});

test("RLockGuard.release() throws when its owner no longer holds the lock", () => {
  const lock = new RLock();
  const guard = lock.acquireSync();
  lock.release();
  assertThrows(() => guard.release(), Error, "Cannot release lock");
  guard.release(); // idempotent
});

test("RLock.acquire() succeeds for the same owner while others wait", async () => {
  const [lock, owner] = [new RLock(), new LockOwner()];
  await lock.acquire({ owner });
  const other = lock.acquire(guard);
  (await lock.acquire({ owner, ...guard })).release();
  lock.release({ owner });
  (await other).release();
});

// An isolate that would wait for itself

test("RLock.acquireSync() throws DeadlockError when an async task of its isolate holds the lock", async () => {
  const lock = new RLock();
  const held = await lock.acquire();
  assertThrows(
    () => lock.acquireSync(),
    DeadlockError,
    "this isolate owns what this call waits for",
  );
  assertThrows(() => lock.acquireSync({ timeoutMs: Infinity }), DeadlockError);
  assertThrows(() => lock.acquireSync({ owner: new LockOwner() }), DeadlockError);
  assertThrows(() => lock.acquireSync({ timeoutMs: 2 }), TimeoutError);
  assertEquals(lock.tryAcquire(), undefined);
  held.release();
  lock.acquireSync().release();
});

test("RLock.acquireSync() waits for another worker while promises of its isolate wait too", async () => {
  const [lock, holding, until] = [new RLock(), new Event(), new Event()];
  const process = run(
    (lock: RLock, holding: Event, until: Event) => {
      using _ = lock.acquireSync();
      holding.set();
      until.waitSync();
    },
    lock,
    holding,
    until,
  );
  assert(await holding.wait(guard));
  const promised = [lock.acquire(guard), lock.acquire(guard)];
  until.set();
  lock.acquireSync(guard).release(); // forwarded, or handed off, by the promises before it
  for (const promise of promised) (await promise).release();
  assertEquals(lock.locked(), false);
  await ended(process);
});

// Death

test("RLock is not changed by a terminated holder that still runs", async () => {
  const [lock, holding, flags] = [
    new RLock(),
    new Event(),
    new Int32Array(new SharedArrayBuffer(8)),
  ];
  const process = run(
    (lock: RLock, holding: Event, flags: Int32Array) => {
      lock.acquireSync();
      lock.acquireSync();
      holding.set();
      while (Atomics.load(flags, 0) === 0); // spins without waiting
      for (let times = 0; times < 2; times++) lock.release();
      Atomics.store(flags, 1, 1);
    },
    lock,
    holding,
    flags,
  );
  assert(holding.waitSync(guard));
  process.terminate();
  assertThrows(() => lock.acquireSync(guard), AbandonedLockError);
  assertEquals(lock.depth, 1);
  Atomics.store(flags, 0, 1);
  while (Atomics.load(flags, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([lock.locked(), lock.depth], [true, 1]);
  lock.release();
  assertEquals(lock.locked(), false);
  await ended(process, -15);
});

test("RLock of a dead holder can be nested and released by the caller that got AbandonedLockError", async () => {
  const lock = new RLock();
  await ended(run((lock: RLock) => void lock.acquireSync(), lock));
  const owner = new LockOwner();
  await assertRejects(() => lock.acquire({ owner }), AbandonedLockError);
  (await lock.acquire({ owner })).release();
  assertEquals(lock.depth, 1);
  lock.release({ owner });
  assertEquals(lock.locked(), false);
});

// Sending

const increment = task(import.meta, async (lock: RLock, counter: Int32Array, times: number) => {
  const owner = new LockOwner();
  for (let at = 0; at < times; at++) {
    using _outer = at % 2 === 0 ? lock.acquireSync() : await lock.acquire({ owner });
    using _inner = at % 2 === 0 ? lock.acquireSync() : await lock.acquire({ owner });
    counter[0]++; // not atomic
  }
});

test("RLock can be an argument of a process and of a pool's task", async () => {
  const lock = new RLock();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const process = run(increment, lock, counter, 500);
  await using pool = new Pool(2);
  await pool.starmap(increment, Array.from({ length: 8 }, () => [lock, counter, 100]));
  await ended(process);
  assertEquals(counter[0], 1300);
  assertEquals(lock.locked(), false);
});

test("RLock can be nested in an item of a queue, and keeps its identity when it comes back", async () => {
  const lock = new RLock();
  const [there, back] = [new Queue<{ locks: RLock[] }>(), new Queue<Map<string, RLock>>()];
  const process = run(
    (there: Queue<{ locks: RLock[] }>, back: Queue<Map<string, RLock>>) => {
      const { locks } = there.getSync();
      if (locks[0] !== locks[1]) throw new Error("two handles for one lock");
      back.putSync(new Map([["lock", locks[0]]]));
    },
    there,
    back,
  );
  there.putSync({ locks: [lock, lock] });
  assertStrictEquals(back.getSync(guard).get("lock"), lock);
  await ended(process);
});

test("RLock is inspected with its state", () => {
  const lock = new RLock();
  assertEquals(Deno.inspect(lock), "RLock { locked: false, depth: 0 }");
  using _ = lock.acquireSync();
  assertEquals(Deno.inspect(lock), "RLock { locked: true, depth: 1 }");
});

test("RLock is owned by a thread, whatever it awaits, and by no other code", async () => {
  const lock = new RLock();
  const [held, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const owner = new Thread({
    target: async () => {
      await lock.acquire();
      await null;
      await lock.acquire(guard);
      lock.acquireSync();
      lock.tryAcquire();
      assertEquals(lock.depth, 4);
      for (let times = 0; times < 3; times++) lock.release();
      held.resolve();
      await go.promise;
      lock.release();
    },
  });
  const notHeld = "this owner does not hold it";
  const other = new Thread({
    target: async () => {
      await held.promise;
      assertEquals(lock.tryAcquire(), undefined);
      assertThrows(() => lock.release(), Error, notHeld);
      go.resolve();
      (await lock.acquire(guard)).release();
    },
  });
  owner.start();
  other.start();
  await held.promise;
  assertThrows(() => lock.release(), Error, notHeld);
  for (const thread of [owner, other]) await thread.join();
  assertEquals([lock.locked(), lock.depth], [false, 0]);
});

test("RLock that code outside of threads holds can be released by a thread", async () => {
  const lock = new RLock();
  for (const acquire of [() => lock.acquireSync(), () => lock.acquire()]) {
    await acquire();
    const thread = new Thread({ target: () => lock.release() });
    thread.start();
    await thread.join();
    assertEquals(lock.locked(), false);
  }
});
