/**
 * What an `RLock` promises beyond exclusion. A party that awaits is an owner of its own, by a
 * `LockOwner`; one that blocks is the blocking code of its worker.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { AbandonedLockError, RLock, TimeoutError } from "@sauropod/multiprocessing";
import { type Body, canDie } from "./parties.ts";

/** The bodies. */
export const rlock: readonly Body[] = [
  {
    name: "RLock.acquire() may be nested by its owner, and is released as often",
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
    name: "RLock.release() of a lock that nobody holds is an error",
    async run(world) {
      const [lock, [first]] = [new RLock(), world.parties(1)];
      const refused = () => first.do(lock, "release");
      await assertRejects(refused, Error, "Cannot release lock: this owner does not hold it");
      for (let depth = 0; depth < 3; depth++) await first.do(lock, "acquire");
      for (let depth = 0; depth < 3; depth++) await first.do(lock, "release");
      await assertRejects(refused, Error, "Cannot release lock");
    },
  },
  {
    name: "RLock.release() by another than its owner is an error, and releases nothing",
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
    name: "RLock of a holder that died deep inside is acquired once by the next",
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
