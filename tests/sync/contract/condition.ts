/**
 * The contract of a condition, besides that of its lock.
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
import { turn } from "../../fixtures/guarded.ts";
import { canDie, type Clause } from "./contract.ts";
import type { Party } from "./parties.ts";
import { ABORTED, atLeast, fails, Predicate } from "./party.ts";
import { untilWaiting, waiters } from "./waiters.ts";

interface Waiting {
  party: Party;
  result: Promise<unknown>;
}

/** Makes each party acquire the condition and wait. */
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

/** Waits until each party has returned and released the condition, and returns the outcomes. */
function endAll(condition: Condition<Lock | RLock>, waiting: Waiting[]): Promise<unknown[]> {
  return Promise.all(waiting.map(async ({ party, result }) => {
    const outcome = await result;
    await party.do(condition, "release");
    return outcome;
  }));
}

/** Calls a method of the condition while the party holds it. */
async function whileHeld(
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

function clausesFor(kind: string, make: () => Condition<Lock | RLock>): Clause[] {
  return [
    {
      name: `${kind}.notify() wakes exactly one waiter, the longest`,
      async run(world) {
        const [condition, [first, ...others]] = [make(), world.parties(4)];
        const waiting = await beginAll(condition, others);
        for (let left = 3; left > 0; left--) {
          assertEquals(waiters(condition), left); // no waiter wakes without a notification
          await whileHeld(condition, first, "notify");
          assertEquals(waiters(condition), left - 1);
          assertEquals(await endAll(condition, [waiting.shift()!]), [true]);
        }
        assertEquals(condition.locked(), false);
      },
    },
    {
      name: `${kind}.notify(n) wakes exactly n waiters, or all if there are fewer`,
      async run(world) {
        const [condition, [first, ...others]] = [make(), world.parties(7)];
        const ended = endAll(condition, await beginAll(condition, others));
        for (const [n, left] of [[0, 6], [2, 4], [4, 0], [3, 0]]) {
          await whileHeld(condition, first, "notify", n);
          assertEquals(waiters(condition), left);
        }
        assertEquals(await ended, [true, true, true, true, true, true]);
        // The notifications that found no waiter are not kept.
        assertEquals(await whileHeld(condition, others[0], "wait", { timeoutMs: 5 }), false);
      },
    },
    {
      name: `${kind}.notifyAll() wakes all waiters, also after others have timed out`,
      async run(world) {
        const [condition, [first, ...others]] = [make(), world.parties(7)];
        await Promise.all(others.map(async (party) => {
          assertEquals(await whileHeld(condition, party, "wait", { timeoutMs: 5 }), false);
        }));
        assertEquals(waiters(condition), 0);
        const waiting = await beginAll(condition, others);
        await whileHeld(condition, first, "notifyAll");
        assertEquals(waiters(condition), 0);
        assertEquals(await endAll(condition, waiting), [true, true, true, true, true, true]);
        assertEquals(waiters(condition.lock), 0);
      },
    },
    {
      name: `${kind}.wait() returns only after the notifier releases the lock`,
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
      name: `${kind}.wait() returns false with the lock held when it times out`,
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
      name: `${kind}.wait() with a timeout returns true when it is notified in time`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        const waiting = await beginAll(condition, [second], { timeoutMs: 60_000 });
        await whileHeld(condition, first, "notify");
        assertEquals(await endAll(condition, waiting), [true]);
      },
    },
    {
      name: `${kind}.wait() waits for the lock beyond its timeout`,
      async run(world) {
        const [condition, [first, second]] = [make(), world.parties(2)];
        await second.do(condition, "acquire");
        const result = second.do(condition, "wait", { timeoutMs: 20 });
        await first.do(condition, "acquire"); // the second party is in wait()
        await untilWaiting(condition.lock, 1); // it has timed out and wants the lock
        await first.do(condition, "release");
        assertEquals(await result, false);
        await second.do(condition, "release");
      },
    },
    {
      name: `${kind}.wait() and notify() throw when the lock is not held`,
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
        if (!canDie(world.setting)) return; // in one worker, every party holds the lock
        await second.do(condition, "acquire");
        await whenFree();
        await second.do(condition, "release");
      },
    },
    {
      name: `${kind}.waitFor() returns true once a change in any isolate makes the predicate true`,
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
          if (step < 4) await untilWaiting(condition, 1); // the predicate was false
        }
        assertEquals(await result, true);
        await second.do(condition, "release");
      },
    },
    {
      name: `${kind}.waitFor() returns the last result of the predicate when it times out`,
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
      name: `${kind}.waitFor() applies its timeout to all of its waits together`,
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
          await whileHeld(condition, first, "notify"); // none of these may restart the timeout
          await turn();
        }
        assertEquals(await released, false);
      },
    },
    {
      name: `${kind}.waitFor() throws what the predicate throws, with the lock held`,
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
      name: `${kind}.wait() throws the reason of its signal, with the lock held`,
      where: ({ blocksAs }) => !blocksAs(1),
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
      name: `${kind}.notify() skips a waiter that died`,
      where: canDie,
      async run(world) {
        const [condition, [first, second, third]] = [make(), world.parties(3)];
        const waiting = await beginAll(condition, [second, third]);
        await second.die("terminate");
        assertEquals(waiters(condition), 1);
        await whileHeld(condition, first, "notify");
        assertEquals(await endAll(condition, waiting.slice(1)), [true]);
      },
    },
    {
      name: `${kind}.wait() throws AbandonedLockError when the owner of the lock died`,
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

/** The clauses for a `Condition`, with each kind of lock. */
export const condition: readonly Clause[] = [
  ...clausesFor("Condition of an RLock", () => new Condition()),
  ...clausesFor("Condition of a Lock", () => new Condition(new Lock())),
  {
    name: "Condition.wait() releases a nested RLock and restores its depth",
    async run(world) {
      const [condition, [first, second]] = [new Condition(), world.parties(2)];
      for (let depth = 0; depth < 3; depth++) await second.do(condition, "acquire");
      const { result } = await second.begin(condition, "wait");
      assertEquals(condition.locked(), false);
      await whileHeld(condition, first, "notify");
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
    name: "Condition.wait() restores the depth of an RLock when it times out",
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
