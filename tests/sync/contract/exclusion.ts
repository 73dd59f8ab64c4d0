/**
 * The contract of every lock, and of a semaphore with one permit.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  RawValue,
  RLock,
  Semaphore,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { turn } from "../../fixtures/guarded.ts";
import { canDie, type Clause } from "./contract.ts";
import { ABORTED } from "./party.ts";
import { waiters } from "./waiters.ts";

/** Makes each kind of lock. */
const makers = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  "Condition of a Lock": () => new Condition(new Lock()),
  Condition: () => new Condition(),
  Semaphore: () => new Semaphore(1),
  BoundedSemaphore: () => new BoundedSemaphore(),
};

function waitersFor(lock: ReturnType<typeof makers[keyof typeof makers]>): number {
  return waiters(lock instanceof Condition ? lock.lock : lock);
}

/** The clauses for each kind of lock. */
export const exclusion: readonly Clause[] = Object.entries(makers).flatMap(([kind, make]) =>
  clausesFor(kind, make)
);

function clausesFor(kind: string, make: typeof makers[keyof typeof makers]): Clause[] {
  const clauses: Clause[] = [
    {
      name: `${kind}.acquire() and release() take turns`,
      async run(world) {
        const lock = make();
        for (const party of world.parties(3)) {
          assertEquals(lock.locked(), false);
          assertEquals(await party.do(lock, "acquire"), "guard");
          assertEquals(lock.locked(), true);
          assertEquals(await party.do(lock, "release"), undefined);
        }
        assertEquals(lock.locked(), false);
      },
    },
    {
      name: `${kind}.tryAcquire() returns undefined while another party holds the lock`,
      async run(world) {
        const [lock, [first, second]] = [make(), world.parties(2)];
        assertEquals(await first.do(lock, "tryAcquire"), "guard");
        assertEquals(await second.do(lock, "tryAcquire"), undefined);
        await first.do(lock, "release");
        assertEquals(await second.do(lock, "tryAcquire"), "guard");
        assertEquals(await first.do(lock, "tryAcquire"), undefined);
        await second.do(lock, "release");
      },
    },
    {
      name: `${kind}.acquire() waits until the lock is released`,
      async run(world) {
        const [lock, [first, second]] = [make(), world.parties(2)];
        await first.do(lock, "acquire");
        const { result } = await second.begin(lock, "acquire");
        await first.do(lock, "release");
        assertEquals(await result, "guard");
        await second.do(lock, "release");
        assertEquals(lock.locked(), false);
      },
    },
    {
      name: `${kind}.acquire() throws TimeoutError when the lock is not released in time`,
      async run(world) {
        const [lock, [first, second]] = [make(), world.parties(2)];
        await first.do(lock, "acquire");
        for (const timeoutMs of [-1000, -1, 0, 0.5, 30]) {
          await assertRejects(() => second.do(lock, "acquire", { timeoutMs }), TimeoutError);
          assert(second.ms >= timeoutMs - 1.5, `${second.ms} ms`); // timers round
        }
        assertEquals(waitersFor(lock), 0);
        await first.do(lock, "release");
        assertEquals(await second.do(lock, "acquire", { timeoutMs: 0 }), "guard");
        await second.do(lock, "release");
      },
    },
    {
      name: `${kind}.acquire() with a timeout acquires the lock when it is released in time`,
      async run(world) {
        const [lock, [first, second]] = [make(), world.parties(2)];
        await first.do(lock, "acquire");
        const { result } = await second.begin(lock, "acquire", { timeoutMs: 60_000 });
        await first.do(lock, "release");
        assertEquals(await result, "guard");
        await second.do(lock, "release");
      },
    },
    {
      name: `${kind}.acquire() is first come, first served`,
      async run(world) {
        const lock = make();
        const [first, ...others] = world.parties(5);
        await first.do(lock, "acquire");
        const order: number[] = [];
        const turns = [];
        for (const [at, party] of others.entries()) {
          const { result } = await party.begin(lock, "acquire");
          turns.push(result.then(async () => {
            order.push(at);
            assertEquals(waitersFor(lock), others.length - 1 - at);
            await party.do(lock, "release");
          }));
        }
        await first.do(lock, "release");
        await Promise.all(turns);
        assertEquals(order, [0, 1, 2, 3]);
      },
    },
    {
      name: `${kind}.acquire() passes its turn on when it times out`,
      async run(world) {
        const [lock, [first, second, third]] = [make(), world.parties(3)];
        await first.do(lock, "acquire");
        const gaveUp = second.do(lock, "acquire", { timeoutMs: 30 });
        const acquired = third.do(lock, "acquire"); // queued behind the second party, unless that has timed out already
        await assertRejects(() => gaveUp, TimeoutError);
        await first.do(lock, "release");
        assertEquals(await acquired, "guard");
        await third.do(lock, "release");
      },
    },
    {
      name: `${kind}.acquire() throws the reason of its signal`,
      where: ({ blocksAs }) => !blocksAs(1),
      async run(world) {
        const [lock, abortedBy, [first, second]] = [make(), new Event(), world.parties(2)];
        await first.do(lock, "acquire");
        const { result } = await second.begin(lock, "acquire", { abortedBy });
        abortedBy.set();
        assertEquals(await result.catch((reason) => reason), ABORTED);
        assertEquals(waitersFor(lock), 0);
        await first.do(lock, "release");
        assertEquals(await second.do(lock, "acquire"), "guard"); // the aborted call has left no trace
        await second.do(lock, "release");
      },
    },
    {
      name: `${kind} admits one party at a time`,
      async run(world) {
        const [lock, inside] = [make(), new RawValue("i")];
        await Promise.all(
          world.parties(4).map(async (party) => {
            for (let times = 0; times < 10; times++) {
              await party.do(lock, "acquire");
              assertEquals(inside.add(1), 0);
              await turn();
              inside.sub(1);
              await party.do(lock, "release");
            }
          }),
        );
        assertEquals(lock.locked(), false);
      },
    },
    {
      name: `${kind}.acquire() passes its turn on when its party dies`,
      where: canDie,
      async run(world) {
        const [lock, [first, second, third]] = [make(), world.parties(3)];
        await first.do(lock, "acquire");
        await second.begin(lock, "acquire");
        const { result } = await third.begin(lock, "acquire");
        await second.die("terminate");
        await first.do(lock, "release");
        assertEquals(await result, "guard");
        await third.do(lock, "release");
      },
    },
  ];
  if (!kind.endsWith("emaphore")) {
    for (const death of ["terminate", "kill"] as const) {
      clauses.push({
        name: `${kind}.acquire() throws AbandonedLockError once when the owner died by ${death}()`,
        where: canDie,
        async run(world) {
          const [lock, [first, second, third, fourth]] = [make(), world.parties(4)];
          await second.do(lock, "acquire");
          const waiting = [await first.begin(lock, "acquire"), await third.begin(lock, "acquire")];
          await second.die(death);
          const outcomes = await Promise.all(waiting.map(async ({ result }, at) => {
            const outcome = await result.catch((error) => error);
            await (at === 0 ? first : third).do(lock, "release");
            return outcome;
          }));
          const abandoned = outcomes.filter((outcome) => outcome instanceof AbandonedLockError);
          assertEquals(abandoned.length, 1);
          assertEquals(await fourth.do(lock, "acquire"), "guard");
          await fourth.do(lock, "release");
        },
      });
      clauses.push({
        name: `${kind}.tryAcquire() throws AbandonedLockError when the owner died by ${death}()`,
        where: canDie,
        async run(world) {
          const [lock, [first, second]] = [make(), world.parties(2)];
          await second.do(lock, "acquire");
          await second.die(death);
          assertEquals(lock.locked(), true);
          await assertRejects(() => first.do(lock, "tryAcquire"), AbandonedLockError);
          assertEquals(lock.locked(), true); // acquired
          await first.do(lock, "release");
          assertEquals(lock.locked(), false);
        },
      });
    }
  }
  return clauses;
}
