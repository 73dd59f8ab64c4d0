/**
 * What a condition promises beyond what its lock does.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  Condition,
  Event,
  Lock,
  type RLock,
  Value,
} from "@sauropod/multiprocessing";
import { type Body, canDie, type Party, turn, untilWaiting, waiters } from "./parties.ts";
import { ABORTED, atLeast, fails, Predicate } from "./party.ts";

interface Waiting {
  party: Party;
  result: Promise<unknown>;
}

/** Has each party acquire the condition and wait. */
async function beginAll(
  condition: Condition<Lock | RLock>,
  parties: Party[],
  ...args: unknown[]
): Promise<Waiting[]> {
  const waiting = [];
  for (const party of parties) {
    await party.do(condition, "acquire");
    waiting.push({ party, ...await party.begin(condition, "wait", ...args) });
  }
  return waiting;
}

/** Waits until each has waited, one after the other: the outcomes. */
function endAll(condition: Condition<Lock | RLock>, waiting: Waiting[]): Promise<unknown[]> {
  return Promise.all(waiting.map(async ({ party, result }) => {
    const outcome = await result;
    await party.do(condition, "release");
    return outcome;
  }));
}

async function held(
  condition: Condition<Lock | RLock>,
  party: Party,
  method: string,
  ...args: unknown[]
): Promise<unknown> {
  await party.do(condition, "acquire");
  const result = await party.do(condition, method, ...args);
  await party.do(condition, "release");
  return result;
}

function bodiesFor(of: string, make: () => Condition<Lock | RLock>): Body[] {
  return [
    {
      name: `${of}.notify() wakes exactly one, the one that has waited longest`,
      async run(world) {
        const [condition, [first, ...others]] = [make(), world.parties(4)];
        const waiting = await beginAll(condition, others);
        for (let left = 3; left > 0; left--) {
          assertEquals(waiters(condition), left); // nobody wakes by itself
          await held(condition, first, "notify");
          assertEquals(waiters(condition), left - 1);
          assertEquals(await endAll(condition, [waiting.shift()!]), [true]);
        }
        assertEquals(condition.locked(), false);
      },
    },
    {
      name: `${of}.notify(n) wakes exactly n, or as many as wait`,
      async run(world) {
        const [condition, [first, ...others]] = [make(), world.parties(7)];
        const ended = endAll(condition, await beginAll(condition, others));
        for (const [n, left] of [[0, 6], [2, 4], [4, 0], [3, 0]]) {
          await held(condition, first, "notify", n);
          assertEquals(waiters(condition), left);
        }
        assertEquals(await ended, [true, true, true, true, true, true]);
        // Nothing of the notification in vain is left over.
        assertEquals(await held(condition, others[0], "wait", { timeoutMs: 5 }), false);
      },
    },
    {
      name: `${of}.notifyAll() wakes all, also after others have timed out`,
      async run(world) {
        const [condition, [first, ...others]] = [make(), world.parties(7)];
        await Promise.all(others.map(async (party) => {
          assertEquals(await held(condition, party, "wait", { timeoutMs: 5 }), false);
        }));
        assertEquals(waiters(condition), 0);
        const waiting = await beginAll(condition, others);
        await held(condition, first, "notifyAll");
        assertEquals(waiters(condition), 0);
        assertEquals(await endAll(condition, waiting), [true, true, true, true, true, true]);
        assertEquals(waiters(condition.lock), 0);
      },
    },
    {
      name: `${of}.wait() goes on only once the one that notified releases`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        const waiting = await beginAll(condition, [second]);
        await first.do(condition, "acquire");
        await first.do(condition, "notify");
        await untilWaiting(condition.lock, 1);
        assertEquals(second.pending, 1);
        await first.do(condition, "release");
        assertEquals(await endAll(condition, waiting), [true]);
      },
    },
    {
      name: `${of}.wait() is false when the time is up, and holds the lock again`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        await first.do(condition, "acquire");
        for (const timeoutMs of [-1000, 0, 0.5, 30]) {
          assertEquals(await first.do(condition, "wait", { timeoutMs }), false);
          assert(first.ms >= timeoutMs - 1.5, `${first.ms} ms`); // timers round
          assertEquals(await second.do(condition, "tryAcquire"), undefined);
        }
        assertEquals(waiters(condition), 0);
        await first.do(condition, "release");
      },
    },
    {
      name: `${of}.wait() with a timeout is true if it is notified before`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        const waiting = await beginAll(condition, [second], { timeoutMs: 60_000 });
        await held(condition, first, "notify");
        assertEquals(await endAll(condition, waiting), [true]);
      },
    },
    {
      name: `${of}.wait() with a timeout waits for the lock however long that takes`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        await second.do(condition, "acquire");
        const result = second.do(condition, "wait", { timeoutMs: 20 });
        await first.do(condition, "acquire"); // the second has begun to wait
        await untilWaiting(condition.lock, 1); // its time is up
        await first.do(condition, "release");
        assertEquals(await result, false);
        await second.do(condition, "release");
      },
    },
    {
      name: `${of}.wait() and notify() without the lock are errors`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        const message = "the lock is not held here. Acquire the condition first";
        const whenFree = async () => {
          for (const method of ["wait", "notify", "notifyAll"]) {
            await assertRejects(() => first.do(condition, method), Error, message);
          }
          const predicate = new Predicate(fails, []);
          await assertRejects(() => first.do(condition, "waitFor", predicate), Error, message);
        };
        await whenFree();
        if (!canDie(world)) return; // whoever is in the worker of the holder may do it
        await second.do(condition, "acquire");
        await whenFree();
        await second.do(condition, "release");
      },
    },
    {
      name: `${of}.waitFor() is true once the predicate is, in whatever worker it changes`,
      async run(world) {
        const [condition, state, [first, second]] = [make(), new Value("i"), world.parties(2)];
        await second.do(condition, "acquire");
        const { result } = await second.begin(
          condition,
          "waitFor",
          new Predicate(atLeast, [state, 4]),
        );
        for (let step = 1; step <= 4; step++) {
          await first.do(condition, "acquire");
          state.add(1);
          await first.do(condition, "notify");
          await first.do(condition, "release");
          if (step < 4) await untilWaiting(condition, 1); // it looked in vain
        }
        assertEquals(await result, true);
        await second.do(condition, "release");
      },
    },
    {
      name: `${of}.waitFor() gives what the predicate gives last when the time is up`,
      async run(world) {
        const [condition, state, [first]] = [make(), new Value("i", 3), world.parties(1)];
        const predicate = new Predicate(atLeast, [state, 4]);
        await first.do(condition, "acquire");
        for (const timeoutMs of [-1, 0, 30]) {
          assertEquals(await first.do(condition, "waitFor", predicate, { timeoutMs }), false);
          assert(first.ms >= timeoutMs - 1.5, `${first.ms} ms`);
        }
        state.add(1);
        assertEquals(await first.do(condition, "waitFor", predicate, { timeoutMs: 0 }), true);
        await first.do(condition, "release");
      },
    },
    {
      name: `${of}.waitFor() has one time for all of its waits`,
      async run(world) {
        const [condition, state, [first, second]] = [make(), new Value("i"), world.parties(2)];
        await second.do(condition, "acquire");
        const result = second.do(
          condition,
          "waitFor",
          new Predicate(atLeast, [state, 1]),
          { timeoutMs: 50 },
        );
        let ended = false;
        const released = result.finally(() => {
          ended = true;
          return second.do(condition, "release");
        });
        while (!ended) {
          await held(condition, first, "notify"); // each would begin the time anew
          await turn();
        }
        assertEquals(await released, false);
      },
    },
    {
      name: `${of}.waitFor() throws what the predicate throws, and holds the lock`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        await first.do(condition, "acquire");
        const predicate = new Predicate(fails, []);
        await assertRejects(
          () => first.do(condition, "waitFor", predicate),
          RangeError,
          "no predicate",
        );
        assertEquals(await second.do(condition, "tryAcquire"), undefined);
        await first.do(condition, "release");
      },
    },
    {
      name: `${of}.wait() ends with the reason of a signal, and holds the lock again`,
      where: (world) => !world.setting.blocksAs(1),
      async run(world) {
        const [condition, abortedBy, [first, second]] = [make(), new Event(), world.parties(2)];
        const [{ result }] = await beginAll(condition, [second], { abortedBy });
        await first.do(condition, "acquire");
        abortedBy.set();
        await untilWaiting(condition.lock, 1);
        assertEquals(waiters(condition), 0);
        await first.do(condition, "release");
        assertEquals(await result.catch((reason) => reason), ABORTED);
        assertEquals(await first.do(condition, "tryAcquire"), undefined);
        await second.do(condition, "release");
      },
    },
    {
      name: `${of}.notify() passes over one that died`,
      where: canDie,
      async run(world) {
        const [condition, [first, second, third]] = [make(), world.parties(3)];
        const waiting = await beginAll(condition, [second, third]);
        await second.die("terminate");
        assertEquals(waiters(condition), 1);
        await held(condition, first, "notify");
        assertEquals(await endAll(condition, waiting.slice(1)), [true]);
      },
    },
    {
      name: `${of}.wait() is told that a holder of the lock died`,
      where: canDie,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        const [{ result }] = await beginAll(condition, [first]);
        await second.do(condition, "acquire");
        await second.die("kill");
        await assertRejects(() => result, AbandonedLockError);
        await first.do(condition, "release");
        assertEquals(condition.locked(), false);
      },
    },
  ];
}

/** The bodies. */
export const condition: readonly Body[] = [
  ...bodiesFor("Condition of an RLock", () => new Condition()),
  ...bodiesFor("Condition of a Lock", () => new Condition(new Lock())),
  {
    name: "Condition.wait() frees an RLock held several times, and restores how often",
    async run(world) {
      const [condition, [first, second]] = [new Condition(), world.parties(2)];
      for (let depth = 0; depth < 3; depth++) await second.do(condition, "acquire");
      const { result } = await second.begin(condition, "wait");
      assertEquals(condition.locked(), false);
      await held(condition, first, "notify");
      assertEquals(await result, true);
      for (let depth = 3; depth > 0; depth--) {
        assertEquals(await first.do(condition, "tryAcquire"), undefined);
        await second.do(condition, "release");
      }
      assertEquals(condition.locked(), false);
      await assertRejects(() => second.do(condition, "release"), Error, "Cannot release lock");
    },
  },
  {
    name: "Condition.wait() that times out restores how often an RLock was held",
    async run(world) {
      const [condition, [first, second]] = [new Condition(), world.parties(2)];
      for (let depth = 0; depth < 2; depth++) await first.do(condition, "acquire");
      assertEquals(await first.do(condition, "wait", { timeoutMs: 5 }), false);
      await first.do(condition, "release");
      assertEquals(await second.do(condition, "tryAcquire"), undefined);
      await first.do(condition, "release");
      assertEquals(await second.do(condition, "tryAcquire"), "guard");
      await second.do(condition, "release");
    },
  },
];
