/**
 * The contract of a semaphore, besides that of a lock.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  BoundedSemaphore,
  Semaphore,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { turn } from "../../fixtures/guarded.ts";
import { canDie, type Clause } from "./contract.ts";
import { waiters } from "./waiters.ts";

function clausesFor(semaphoreClass: typeof Semaphore): Clause[] {
  const kind = semaphoreClass.name;
  return [
    {
      name: `${kind}.acquire() hands out as many permits as there are`,
      async run(world) {
        const [semaphore, parties] = [new semaphoreClass(2), world.parties(3)];
        assertEquals(semaphore.value, 2);
        for (const [at, party] of parties.entries()) {
          assertEquals(await party.do(semaphore, "tryAcquire"), at < 2 ? "guard" : undefined);
          assertEquals(semaphore.value, at === 0 ? 1 : 0);
        }
        await assertRejects(
          () => parties[2].do(semaphore, "acquire", { timeoutMs: 5 }),
          TimeoutError,
        );
        await parties[2].do(semaphore, "release"); // a permit has no owner
        assertEquals(semaphore.value, 1);
        await parties[0].do(semaphore, "release");
        assertEquals(semaphore.value, 2);
      },
    },
    {
      name: `${kind} admits as many parties as it has permits`,
      async run(world) {
        const semaphore = new semaphoreClass(3);
        let [inside, maxInside] = [0, 0];
        await Promise.all(
          world.parties(5).map(async (party) => {
            for (let times = 0; times < 10; times++) {
              await party.do(semaphore, "acquire");
              maxInside = Math.max(maxInside, ++inside);
              await turn();
              inside--;
              await party.do(semaphore, "release");
            }
          }),
        );
        assertEquals(semaphore.value, 3);
        assert(maxInside <= 3, `${maxInside} were inside`);
      },
    },
    {
      name: `${kind}.release(n) wakes the n longest waiters`,
      async run(world) {
        const semaphore = new semaphoreClass(4);
        const [first, ...others] = world.parties(5);
        for (let permit = 0; permit < 4; permit++) await first.do(semaphore, "acquire");
        const waiting = [];
        for (const party of others) waiting.push(await party.begin(semaphore, "acquire"));
        await first.do(semaphore, "release", 3);
        assertEquals(await Promise.all(waiting.slice(0, 3).map(({ result }) => result)), [
          "guard",
          "guard",
          "guard",
        ]);
        assertEquals(waiters(semaphore), 1);
        assertEquals(semaphore.value, 0);
        await first.do(semaphore, "release");
        assertEquals(await waiting[3].result, "guard");
      },
    },
    {
      name: `${kind} gives the permit of a party that died to the next caller, who is told`,
      where: canDie,
      async run(world) {
        const [semaphore, [first, second]] = [new semaphoreClass(1), world.parties(2)];
        await second.do(semaphore, "acquire");
        await second.die("kill");
        await assertRejects(() => first.do(semaphore, "tryAcquire"), AbandonedLockError, MESSAGE);
        assertEquals(semaphore.value, 0); // it is acquired
        await first.do(semaphore, "release");
        assertEquals(semaphore.value, 1);
        assertEquals(await first.do(semaphore, "acquire"), "guard"); // told once
        await first.do(semaphore, "release");
      },
    },
    {
      name: `${kind} tells as many waiters as a party held permits when it died`,
      where: canDie,
      async run(world) {
        const [semaphore, [first, second, third]] = [new semaphoreClass(3), world.parties(3)];
        for (let permit = 0; permit < 2; permit++) await second.do(semaphore, "acquire");
        await first.do(semaphore, "acquire");
        const waiting = [];
        for (const party of [first, third]) waiting.push(await party.begin(semaphore, "acquire"));
        await second.die("terminate");
        for (const { result } of waiting) {
          await assertRejects(() => result, AbandonedLockError, MESSAGE);
        }
        assertEquals(semaphore.value, 0);
        for (const party of [first, first, third]) await party.do(semaphore, "release");
        assertEquals(semaphore.value, 3);
      },
    },
    {
      name: `${kind} is a counter once another party releases a permit: it gets none back`,
      where: canDie,
      async run(world) {
        const [semaphore, [first, second]] = [new semaphoreClass(1), world.parties(2)];
        await second.do(semaphore, "acquire");
        await first.do(semaphore, "release");
        assertEquals(await second.do(semaphore, "acquire"), "guard");
        await second.die("terminate");
        assertEquals(await first.do(semaphore, "tryAcquire"), undefined);
        await first.do(semaphore, "release");
        assertEquals(semaphore.value, 1);
      },
    },
  ];
}

const MESSAGE =
  "The permit was acquired, but a worker that held it ended without releasing it. Check";

/** The clauses for both semaphores. */
export const semaphore: readonly Clause[] = [
  ...clausesFor(Semaphore),
  ...clausesFor(BoundedSemaphore),
  {
    name: "Semaphore.release() may raise the permits above the initial number",
    async run(world) {
      const [semaphore, [first, second]] = [new Semaphore(0), world.parties(2)];
      const { result } = await second.begin(semaphore, "acquire");
      await first.do(semaphore, "release", 5);
      assertEquals(await result, "guard");
      assertEquals(semaphore.value, 4);
    },
  },
  {
    name: "BoundedSemaphore.release() throws RangeError above the initial number of permits",
    async run(world) {
      const [semaphore, [first, second]] = [new BoundedSemaphore(2), world.parties(2)];
      const assertThrowsFor = (n: number) =>
        assertRejects(
          () => second.do(semaphore, "release", n),
          RangeError,
          "Cannot release semaphore: released more often than acquired (it has 2 permits)",
        );
      await assertThrowsFor(1);
      await first.do(semaphore, "acquire");
      await assertThrowsFor(2);
      assertEquals(semaphore.value, 1);
      await second.do(semaphore, "release");
      await assertThrowsFor(1);
      assertEquals(semaphore.value, 2);
    },
  },
];
