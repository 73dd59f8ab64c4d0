/**
 * What every lock promises, and a semaphore with one permit.
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
import { type Body, canDie, turn, waiters } from "./parties.ts";
import { ABORTED } from "./party.ts";

const kinds = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  "Condition of a Lock": () => new Condition(new Lock()),
  Condition: () => new Condition(),
  Semaphore: () => new Semaphore(1),
  BoundedSemaphore: () => new BoundedSemaphore(),
};

function waitersFor(lock: ReturnType<typeof kinds[keyof typeof kinds]>): number {
  return waiters(lock instanceof Condition ? lock.lock : lock);
}

/** The bodies. */
export const exclusion: readonly Body[] = Object.entries(kinds).flatMap(([of, make]) =>
  bodiesFor(of, make)
);

function bodiesFor(of: string, make: typeof kinds[keyof typeof kinds]): Body[] {
  const bodies: Body[] = [
    {
      name: `${of}.acquire() and release() take turns`,
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
      name: `${of}.tryAcquire() gives nothing while another has it`,
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
      name: `${of}.acquire() waits until it is released`,
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
      name: `${of}.acquire() throws TimeoutError, at once or when the time is up`,
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
      name: `${of}.acquire() with a timeout gets it if it is released before`,
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
      name: `${of}.acquire() is first come, first served`,
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
      name: `${of}.acquire() that gives up lets the next come first`,
      async run(world) {
        const [lock, [first, second, third]] = [make(), world.parties(3)];
        await first.do(lock, "acquire");
        const gaveUp = second.do(lock, "acquire", { timeoutMs: 30 });
        const acquired = third.do(lock, "acquire"); // behind the second, unless that was too slow
        await assertRejects(() => gaveUp, TimeoutError);
        await first.do(lock, "release");
        assertEquals(await acquired, "guard");
        await third.do(lock, "release");
      },
    },
    {
      name: `${of}.acquire() ends with the reason of a signal`,
      where: (world) => !world.setting.blocksAs(1),
      async run(world) {
        const [lock, abortedBy, [first, second]] = [make(), new Event(), world.parties(2)];
        await first.do(lock, "acquire");
        const { result } = await second.begin(lock, "acquire", { abortedBy });
        abortedBy.set();
        assertEquals(await result.catch((reason) => reason), ABORTED);
        assertEquals(waitersFor(lock), 0);
        await first.do(lock, "release");
        assertEquals(await second.do(lock, "acquire"), "guard"); // it is as good as new
        await second.do(lock, "release");
      },
    },
    {
      name: `${of} lets one at a time be inside`,
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
      name: `${of}.acquire() of one that dies takes nobody's turn along`,
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
  if (!of.endsWith("emaphore")) {
    for (const death of ["terminate", "kill"] as const) {
      bodies.push({
        name: `${of}.acquire() says that its holder died by ${death}(), once`,
        where: canDie,
        async run(world) {
          const [lock, [first, second, third, fourth]] = [make(), world.parties(4)];
          await second.do(lock, "acquire");
          const waiting = [await first.begin(lock, "acquire"), await third.begin(lock, "acquire")];
          await second.die(death);
          const [told, other] = await Promise.all(waiting.map(async ({ result }, at) => {
            const outcome = await result.catch((error) => error);
            await (at === 0 ? first : third).do(lock, "release");
            return outcome;
          }));
          const abandoned = [told, other].filter((it) => it instanceof AbandonedLockError);
          assertEquals(abandoned.length, 1);
          assertEquals(await fourth.do(lock, "acquire"), "guard");
          await fourth.do(lock, "release");
        },
      });
      bodies.push({
        name: `${of}.tryAcquire() says that its holder died by ${death}()`,
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
  return bodies;
}
