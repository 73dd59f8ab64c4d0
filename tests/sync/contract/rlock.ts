/**
 * The contract of an `RLock`, besides exclusion. An awaiting party owns the lock through its own
 * `LockOwner`; a blocking party owns it as the blocking code of its worker.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { AbandonedLockError, RLock, TimeoutError } from "@sauropod/multiprocessing";
import { canDie, type Clause } from "./contract.ts";

/** The clauses for an `RLock`. */
export const rlock: readonly Clause[] = [
  {
    name: "RLock.acquire() nests for its owner, and release() must be called as often",
    async run(world) {
      const [lock, [first, second]] = [new RLock(), world.parties(2)];
      for (let depth = 1; depth <= 3; depth++) {
        assertEquals(await first.do(lock, depth === 2 ? "tryAcquire" : "acquire"), "guard");
      }
      const { result } = await second.begin(lock, "acquire");
      for (let depth = 3; depth >= 1; depth--) {
        assertEquals(lock.locked(), true);
        await first.do(lock, "release");
      }
      assertEquals(await result, "guard"); // only now
      await second.do(lock, "release");
      assertEquals(lock.locked(), false);
    },
  },
  {
    name: "RLock.release() throws when the lock is free",
    async run(world) {
      const [lock, [first]] = [new RLock(), world.parties(1)];
      const release = () => first.do(lock, "release");
      await assertRejects(release, Error, "Cannot release lock: this owner does not hold it");
      for (let depth = 0; depth < 3; depth++) await first.do(lock, "acquire");
      for (let depth = 0; depth < 3; depth++) await first.do(lock, "release");
      await assertRejects(release, Error, "Cannot release lock");
    },
  },
  {
    name: "RLock.release() throws and releases nothing when the caller is not the owner",
    async run(world) {
      const [lock, [first, second]] = [new RLock(), world.parties(2)];
      await first.do(lock, "acquire");
      await assertRejects(() => second.do(lock, "release"), Error, "this owner does not hold it");
      assertEquals(await second.do(lock, "tryAcquire"), undefined);
      await assertRejects(() => second.do(lock, "acquire", { timeoutMs: 5 }), TimeoutError);
      await first.do(lock, "release");
      assertEquals(lock.locked(), false);
    },
  },
  {
    name: "RLock is acquired once by the next waiter when its owner died with it nested",
    where: canDie,
    async run(world) {
      const [lock, [first, second]] = [new RLock(), world.parties(2)];
      for (let depth = 0; depth < 3; depth++) await second.do(lock, "acquire");
      const { result } = await first.begin(lock, "acquire");
      await second.die("terminate");
      await assertRejects(() => result, AbandonedLockError);
      await first.do(lock, "release");
      assertEquals(lock.locked(), false);
      await assertRejects(() => first.do(lock, "release"), Error, "Cannot release lock");
    },
  },
];
