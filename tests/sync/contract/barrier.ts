/**
 * The contract of a barrier.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Barrier,
  type BarrierOptions,
  BrokenBarrierError,
  Event,
  TimeoutError,
  Value,
} from "@sauropod/multiprocessing";
import { canDie, type Clause } from "./contract.ts";
import type { Party, World } from "./parties.ts";
import {
  ABORTED,
  countAction,
  countLater,
  endlessAction,
  failingAction,
  prepareActions,
} from "./party.ts";

const N = 5;

/** Makes all parties arrive, in order, and returns their indexes. */
async function passAll(barrier: Barrier, parties: Party[]): Promise<unknown[]> {
  const waiting = await beginAll(barrier, parties.slice(0, -1));
  const last = parties.at(-1)!.do(barrier, "wait");
  return await Promise.all([...waiting, last]);
}

/** Makes parties arrive, too few for the barrier, and returns what they wait for. */
async function beginAll(
  barrier: Barrier,
  parties: Party[],
  ...args: unknown[]
): Promise<Promise<unknown>[]> {
  const waiting = [];
  for (const party of parties) waiting.push((await party.begin(barrier, "wait", ...args)).result);
  return waiting;
}

async function allBroken(waiting: Promise<unknown>[]): Promise<void> {
  for (const result of waiting) await assertRejects(() => result, BrokenBarrierError);
}

/** The indexes that the parties get when they arrive in order. */
const inOrder = Array.from({ length: N }, (_, at) => at);

/** Makes a barrier with an action, and gives each party what the action uses. */
async function withActions(
  world: World,
  action: BarrierOptions["action"],
  parties = N,
): Promise<{ barrier: Barrier; parties: Party[]; actions: Value<"i">; started: Event }> {
  const [actions, started] = [new Value("i"), new Event()];
  const all = world.parties(parties);
  for (const party of all) await party.run(prepareActions, actions, started, party.blocking);
  return { barrier: new Barrier(parties, { action }), parties: all, actions, started };
}

/** The clauses for a `Barrier`. */
export const barrier: readonly Clause[] = [
  {
    name: "Barrier.wait() returns a different index to each party once all have arrived",
    async run(world) {
      const [barrier, parties] = [new Barrier(N), world.parties(N)];
      const waiting = await beginAll(barrier, parties.slice(1));
      assertEquals(barrier.nWaiting, N - 1);
      assertEquals(parties.map(({ pending }) => pending), [0, 1, 1, 1, 1]);
      waiting.push(parties[0].do(barrier, "wait"));
      assertEquals(await Promise.all(waiting), inOrder);
      assertEquals([barrier.nWaiting, barrier.broken, barrier.parties], [0, false, N]);
    },
  },
  {
    name: "Barrier.wait() keeps the parties in lock step over ten passes",
    async run(world) {
      const barrier = new Barrier(N);
      const arrived = Array.from({ length: 10 }, () => 0);
      const indexesOf: number[][] = arrived.map(() => []);
      await Promise.all(
        world.parties(N).map(async (party) => {
          for (let pass = 0; pass < 10; pass++) {
            arrived[pass]++;
            const index = await party.do(barrier, "wait");
            assertEquals(arrived[pass], N);
            if (pass < 8) assertEquals(arrived[pass + 2], 0); // no party is two passes ahead
            indexesOf[pass].push(index as number);
          }
        }),
      );
      for (const indexes of indexesOf) assertEquals(indexes.toSorted(), inOrder);
      assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
    },
  },
  {
    name: "Barrier.wait() returns at once when the barrier is for one party",
    async run(world) {
      const [barrier, [first]] = [new Barrier(1), world.parties(1)];
      assertEquals(await first.do(barrier, "wait"), 0);
      assertEquals(await first.do(barrier, "wait", { timeoutMs: 0 }), 0);
    },
  },
  {
    name: "Barrier.wait() releases callers in groups when more call than it has parties",
    async run(world) {
      const [barrier, parties] = [new Barrier(2), world.parties(6)];
      const indexes = await Promise.all(parties.map((party) => party.do(barrier, "wait")));
      assertEquals(indexes.toSorted(), [0, 0, 0, 1, 1, 1]);
      assertEquals(barrier.nWaiting, 0);
    },
  },
  {
    name: "Barrier calls its action once, before any party is released",
    async run(world) {
      const { barrier, parties, actions } = await withActions(world, countAction);
      for (let pass = 1; pass <= 3; pass++) {
        const waiting = await beginAll(barrier, parties.slice(1));
        assertEquals(actions.value, pass - 1);
        waiting.push(parties[0].do(barrier, "wait"));
        for (const result of waiting) result.then(() => assertEquals(actions.value, pass));
        assertEquals(await Promise.all(waiting), inOrder);
      }
    },
  },
  {
    name: "Barrier waits for the promise of its action when wait() is async",
    async run(world) {
      const { barrier, parties, actions } = await withActions(world, countLater);
      const waiting = await beginAll(barrier, parties.slice(1));
      const last = parties[0].do(barrier, "wait");
      if (!parties[0].blocking) {
        for (const result of waiting) result.then(() => assertEquals(actions.value, 1));
        waiting.push(last);
        assertEquals(await Promise.all(waiting), inOrder);
      } else {
        await assertRejects(() => last, TypeError, "the action returned a promise");
        await allBroken(waiting);
        assertEquals(barrier.broken, true);
      }
    },
  },
  {
    name: "Barrier breaks when its action throws, and the party that called it gets the error",
    async run(world) {
      const { barrier, parties, actions } = await withActions(world, failingAction);
      for (let times = 1; times <= 2; times++) {
        const waiting = await beginAll(barrier, parties.slice(1));
        await assertRejects(() => parties[0].do(barrier, "wait"), RangeError, "no action");
        await allBroken(waiting);
        assertEquals([barrier.broken, actions.value], [true, times]);
        barrier.reset();
      }
    },
  },
  {
    name: "Barrier.abort() breaks the barrier for present and later waiters until reset()",
    async run(world) {
      const [barrier, [first, ...others]] = [new Barrier(N), world.parties(N)];
      const waiting = await beginAll(barrier, others);
      await first.do(barrier, "abort");
      await allBroken(waiting);
      assertEquals([barrier.broken, barrier.nWaiting], [true, 0]);
      await allBroken([first.do(barrier, "wait")]);
      await others[0].do(barrier, "reset");
      assertEquals(barrier.broken, false);
      assertEquals(await passAll(barrier, [first, ...others]), inOrder);
    },
  },
  {
    name: "Barrier.reset() breaks the barrier for present waiters only",
    async run(world) {
      const [barrier, [first, ...others]] = [new Barrier(N), world.parties(N)];
      for (let times = 0; times < 3; times++) {
        const waiting = await beginAll(barrier, others);
        await first.do(barrier, "reset");
        assertEquals([barrier.broken, barrier.nWaiting], [false, 0]);
        await allBroken(waiting);
      }
      assertEquals(await passAll(barrier, [...others, first]), inOrder);
    },
  },
  {
    name: "Barrier.wait() breaks the barrier for all parties when it times out",
    async run(world) {
      const [barrier, [first, second, ...others]] = [new Barrier(N), world.parties(N)];
      const waiting = await beginAll(barrier, others); // one is late
      await allBroken([second.do(barrier, "wait", { timeoutMs: 20 })]);
      assert(second.ms >= 18.5, `${second.ms} ms`);
      await allBroken(waiting);
      assertEquals(barrier.broken, true);
      await allBroken([first.do(barrier, "wait")]);
    },
  },
  {
    name: "Barrier.wait() with a timeout of 0 passes when it arrives last",
    async run(world) {
      const [barrier, [first, second]] = [new Barrier(2), world.parties(2)];
      const waiting = await beginAll(barrier, [second]);
      assertEquals(await first.do(barrier, "wait", { timeoutMs: 0 }), 1);
      assertEquals(await waiting[0], 0);
      await allBroken([first.do(barrier, "wait", { timeoutMs: -1 })]);
      assertEquals(barrier.broken, true);
    },
  },
  {
    name: "Barrier applies its timeoutMs to waits that have none",
    async run(world) {
      const barrier = new Barrier(2, { timeoutMs: 20 });
      const [first, second] = world.parties(2);
      await allBroken([second.do(barrier, "wait")]);
      assert(second.ms >= 18.5, `${second.ms} ms`);
      barrier.reset();
      const waiting = await beginAll(barrier, [second], { timeoutMs: Infinity });
      assertEquals(await first.do(barrier, "wait"), 1);
      assertEquals(await waiting[0], 0);
    },
  },
  {
    name: "Barrier.wait() throws the reason of its signal and breaks the barrier",
    where: ({ blocksAs }) => !blocksAs(1),
    async run(world) {
      const [barrier, abortedBy] = [new Barrier(3), new Event()];
      const [first, second] = world.parties(2);
      const [aborted] = await beginAll(barrier, [second], { abortedBy });
      const waiting = await beginAll(barrier, [first]);
      abortedBy.set();
      assertEquals(await aborted.catch((reason) => reason), ABORTED);
      await allBroken(waiting);
      assertEquals(barrier.broken, true);
    },
  },
  {
    name:
      "Barrier makes a party that arrives during the action wait, and its timeout breaks nothing",
    where: canDie,
    async run(world) {
      const { barrier, parties, started } = await withActions(world, endlessAction, 2);
      const [early] = world.parties(1);
      const [first, second] = parties;
      const waiting = await beginAll(barrier, [first]);
      second.do(barrier, "wait");
      assert(await started.wait());
      await assertRejects(() => early.do(barrier, "wait", { timeoutMs: 5 }), TimeoutError);
      assertEquals([barrier.broken, first.pending], [false, 1]);
      waiting.push(early.do(barrier, "wait"));
      barrier.abort();
      await allBroken(waiting); // though the action still runs
      await second.die("terminate");
    },
  },
  ...(["terminate", "kill"] as const).flatMap((death): Clause[] => [
    {
      name: `Barrier breaks when a party that has waited before dies by ${death}()`,
      where: canDie,
      async run(world) {
        const [barrier, parties] = [new Barrier(N), world.parties(N)];
        const [first, second, ...others] = parties;
        await passAll(barrier, parties);
        const waiting = await beginAll(barrier, others);
        await second.die(death);
        await allBroken(waiting);
        assertEquals(barrier.broken, true);
        await allBroken([first.do(barrier, "wait")]);
      },
    },
    {
      name:
        `Barrier breaks at the next arrival when a party died by ${death}() that nobody waited for`,
      where: canDie,
      async run(world) {
        const [barrier, parties] = [new Barrier(N), world.parties(N)];
        const [first, second] = parties;
        await passAll(barrier, parties);
        await second.die(death);
        assertEquals(barrier.broken, false);
        await allBroken([first.do(barrier, "wait")]);
        barrier.reset();
        const next = [...parties.filter((party) => party !== second), ...world.parties(1)];
        assertEquals((await passAll(barrier, next)).length, N);
      },
    },
    {
      name: `Barrier breaks when a waiter dies by ${death}()`,
      where: canDie,
      async run(world) {
        const [barrier, [first, second, ...others]] = [new Barrier(N), world.parties(N)];
        const waiting = await beginAll(barrier, others);
        await beginAll(barrier, [second]);
        await second.die(death);
        await allBroken(waiting);
        assertEquals(barrier.broken, true);
        await allBroken([first.do(barrier, "wait")]);
      },
    },
    {
      name: `Barrier breaks when the party that runs its action dies by ${death}()`,
      where: canDie,
      async run(world) {
        const { barrier, parties, started } = await withActions(world, endlessAction, 3);
        const [first, second, third] = parties;
        const waiting = await beginAll(barrier, [first, third]);
        second.do(barrier, "wait");
        assert(await started.wait());
        assertEquals(barrier.nWaiting, 3);
        await second.die(death);
        await allBroken(waiting);
        assertEquals(barrier.broken, true);
      },
    },
  ]),
];
