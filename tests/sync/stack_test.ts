/**
 * Operations where a recursion has left too little of the stack for all their steps: they do not begin.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Barrier,
  BrokenBarrierError,
  Event,
  Lock,
  RLock,
  Semaphore,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { whereStackIsShort } from "../fixtures/stack.ts";
import { guard } from "../fixtures/workers.ts";

test("Event.set() where the stack is short sets nothing", async () => {
  const event = new Event();
  const first = event.wait(guard);
  event.set();
  await first;
  event.clear();
  const waiting = event.wait(guard);
  assertThrows(() => whereStackIsShort(event, "set"), RangeError);
  assertEquals(event.isSet(), false);
  event.set();
  assertEquals(await waiting, true);
});

for (const Kind of [Lock, RLock]) {
  const name = Kind.name;

  test(`${name}.acquireSync(), tryAcquire() and release() where the stack is short change nothing`, async () => {
    const lock: Lock | RLock = new Kind();
    lock.acquireSync();
    const first = lock.acquire(guard);
    lock.release();
    (await first).release();
    lock.tryAcquire()!.release();
    for (const method of ["acquireSync", "tryAcquire"] as const) {
      assertThrows(() => whereStackIsShort(lock as Lock, method), RangeError);
      assertEquals(lock.locked(), false);
    }
    lock.acquireSync();
    assertThrows(() => whereStackIsShort(lock, "release"), RangeError);
    assertEquals(lock.locked(), true);
    const waiting = lock.acquire(guard);
    assertThrows(() => whereStackIsShort(lock, "release"), RangeError);
    assertEquals(lock.locked(), true);
    lock.release();
    (await waiting).release();
  });
}

test("RLock.acquireSync() and tryAcquire() of its owner, where the stack is short, count nothing", () => {
  const lock = new RLock();
  using _first = lock.acquireSync();
  using _second = lock.acquireSync();
  using _third = lock.tryAcquire();
  for (const method of ["acquireSync", "tryAcquire"] as const) {
    assertThrows(() => whereStackIsShort(lock, method), RangeError);
    assertEquals(lock.depth, 3);
  }
});

test("Semaphore.acquireSync(), tryAcquire() and release() where the stack is short change nothing", async () => {
  const semaphore = new Semaphore(1);
  semaphore.acquireSync();
  const first = semaphore.acquire(guard);
  semaphore.release();
  (await first).release();
  semaphore.tryAcquire()!.release();
  for (const method of ["acquireSync", "tryAcquire"] as const) {
    assertThrows(() => whereStackIsShort(semaphore, method), RangeError);
    assertEquals(semaphore.value, 1);
  }
  semaphore.acquireSync();
  assertThrows(() => whereStackIsShort(semaphore, "release"), RangeError);
  assertEquals(semaphore.value, 0);
  const waiting = semaphore.acquire(guard);
  assertThrows(() => whereStackIsShort(semaphore, "release"), RangeError);
  semaphore.release();
  await waiting;
  assertThrows(() => whereStackIsShort(semaphore, "release"), RangeError);
  assertEquals(semaphore.value, 0);
  semaphore.release();
});

test("Barrier.abort() and reset() where the stack is short break nothing", async () => {
  const barrier = new Barrier(2);
  for (const method of ["abort", "reset"] as const) {
    const broken = barrier.wait(guard).catch((error) => error);
    barrier[method]();
    assertEquals(await broken instanceof BrokenBarrierError, true);
    barrier.reset();
    const waiting = barrier.wait(guard);
    assertThrows(() => whereStackIsShort(barrier, method), RangeError);
    assertEquals([barrier.broken, barrier.nWaiting], [false, 1]);
    await barrier.wait(guard);
    await waiting;
  }
});
