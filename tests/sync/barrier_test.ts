import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import {
  Barrier,
  BrokenBarrierError,
  DataCloneError,
  DeadlockError,
  Event,
  parentProcess,
  Pool,
  Queue,
  task,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import { barrierWord } from "../../lib/sync/barrier_protocol.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

/** Waits with a promise, and keeps its isolate busy until the flag is set. */
const awaitAndCompute = async (barrier: Barrier, waits: Event, flag: Int32Array) => {
  const waiting = barrier.wait();
  waits.set();
  while (Atomics.load(flag, 0) === 0);
  await waiting;
};

function makeFlag(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}

test("Barrier is not broken by the death of a party after all have passed", async () => {
  const [barrier, waits, flag] = [new Barrier(2), new Event(), makeFlag()];
  const process = run(awaitAndCompute, barrier, waits, flag);
  assert(await waits.wait(guard));
  assertEquals(await barrier.wait(guard), 1);
  process.terminate(); // its promise is resolved, but has not run yet
  assert(!barrier.broken);
  Atomics.store(flag, 0, 1);
  await ended(process, -15);
  assert(!barrier.broken);
});

test("Barrier.reset() is not undone by the later death of a party that waited before", async () => {
  const [barrier, waits, flag] = [new Barrier(2), new Event(), makeFlag()];
  const process = run(awaitAndCompute, barrier, waits, flag);
  assert(await waits.wait(guard));
  barrier.reset();
  process.terminate();
  assert(!barrier.broken);
  Atomics.store(flag, 0, 1);
  await ended(process, -15);
  assert(!barrier.broken);
});

for (const ending of ["terminate", "kill"] as const) {
  test(`Barrier.reset() is not undone after ${ending}() of a waiting party`, async () => {
    const barrier = new Barrier(2);
    for (let turn = 0; turn < 5; turn++) {
      const waits = new Event();
      const process = run(
        (barrier: Barrier, waits: Event) => {
          waits.set();
          barrier.waitSync();
        },
        barrier,
        waits,
      );
      assert(await waits.wait(guard));
      while (barrier.nWaiting === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      process[ending]();
      assert(barrier.broken);
      barrier.reset();
      await ended(process, ending === "kill" ? -9 : -15);
      assert(!barrier.broken, "the dead worker broke it again");
    }
    assertEquals((await Promise.all([barrier.wait(guard), barrier.wait(guard)])).sort(), [0, 1]);
  });
}

test("Barrier is broken by the death of a waiting party", async () => {
  const [barrier, waits] = [new Barrier(3), new Event()];
  const process = run(
    (barrier: Barrier, waits: Event) => {
      waits.set();
      barrier.waitSync();
    },
    barrier,
    waits,
  );
  const waiting = barrier.wait(guard);
  assert(await waits.wait(guard));
  while (barrier.nWaiting < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  process.terminate();
  await assertRejects(() => waiting, BrokenBarrierError);
  await assertRejects(() => barrier.wait(guard), BrokenBarrierError);
  await ended(process, -15);
});

/** An action that never ends in a worker. */
const endlessInWorkers = task(
  import.meta,
  () => parentProcess() === undefined ? undefined : new Promise(() => {}),
);

test("Barrier.reset() is not undone by the death of the party that ran the action", async () => {
  const barrier = new Barrier(2, { action: endlessInWorkers });
  const first = assertRejects(() => barrier.wait(guard), BrokenBarrierError);
  const process = run((barrier: Barrier) => barrier.wait(), barrier);
  while (barrier.nWaiting < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  barrier.reset();
  await first;
  const next = [barrier.wait(guard), barrier.wait(guard)]; // wait for the action to end
  process.terminate();
  assertEquals((await Promise.all(next)).sort(), [0, 1]);
  await ended(process, -15);
});

test("Barrier() rejects invalid parties, actions and timeouts", () => {
  for (
    const parties of [0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32 + 1, "2" as unknown as number]
  ) {
    assertThrows(
      () => new Barrier(parties),
      typeof parties === "number" ? RangeError : TypeError,
      `Cannot make barrier: parties must be an integer from 1 to 2^31 - 1, not ${
        describe(parties)
      }`,
    );
  }
  assertThrows(
    () => new Barrier(2, { action: "go" as unknown as () => void }),
    TypeError,
    'Cannot make barrier: options.action must be a function, not "go"',
  );
  assertThrows(
    () => new Barrier(2, { action: countAction.bind(null) }),
    DataCloneError,
    "Cannot make barrier: a bound function",
  );
  assertThrows(() => new Barrier(2, { timeoutMs: NaN }), RangeError, "options.timeoutMs");
});

test("Barrier() keeps its default timeout, rounded up, and as long as a word can hold", async () => {
  const timeouts: [given: number | undefined, kept: number][] = [
    ...[[undefined, -1], [Infinity, -1], [-5, 0], [0, 0], [0.2, 1], [7, 7]] as [number, number][],
    ...[[2 ** 31 - 1, 2 ** 31 - 1], [2 ** 40, 2 ** 31 - 1]] as [number, number][],
  ];
  for (const [timeoutMs, kept] of timeouts) {
    const barrier = new Barrier(2, { timeoutMs });
    assertEquals(i32[addressOf(barrier)! + barrierWord.TIMEOUT], kept);
  }
  const message = "the barrier is broken";
  for (const timeoutMs of [0, 1]) {
    const options = { timeoutMs };
    assertThrows(() => new Barrier(2, options).waitSync(), BrokenBarrierError, message);
    await assertRejects(() => new Barrier(2, options).wait({}), BrokenBarrierError, message);
    const barrier = new Barrier(2, options); // a timeout of the call goes before it
    assertEquals((await Promise.all([barrier.wait(guard), barrier.wait()])).sort(), [0, 1]);
  }
  assertEquals(new Barrier(2 ** 31 - 1).parties, 2 ** 31 - 1);
});

test("Barrier.wait() rejects invalid options and aborted signals, and breaks nothing", async () => {
  const [barrier, reason] = [new Barrier(2), new Error("enough")];
  await assertRejects(() => barrier.wait({ timeoutMs: NaN }), RangeError);
  assertThrows(() => barrier.waitSync({ timeoutMs: NaN }), RangeError);
  const aborted = { signal: AbortSignal.abort(reason) };
  assertStrictEquals(await assertRejects(() => barrier.wait(aborted), Error), reason);
  assertStrictEquals(assertThrows(() => barrier.waitSync(aborted), Error), reason);
  assertEquals([barrier.broken, barrier.nWaiting], [false, 0]);
});

test("Barrier.wait() throws BrokenBarrierError with the reason and the advice", async () => {
  const barrier = new Barrier(2);
  const error = await assertRejects(() => barrier.wait({ timeoutMs: 1 }), BrokenBarrierError);
  assertEquals(
    error.message,
    "Cannot wait: the barrier is broken, or was reset. A party timed out, failed or died, or called " +
      "abort() or reset(). Call reset() to use the barrier again",
  );
});

test("Barrier calls a local action with its closure in the isolate that created the barrier", async () => {
  const calls: string[] = [];
  const barrier = new Barrier(2, { action: () => calls.push("called") });
  await Promise.all([barrier.wait(), barrier.wait()]);
  const process = run((barrier: Barrier) => barrier.wait(), barrier);
  while (barrier.nWaiting === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  barrier.waitSync();
  await ended(process);
  assertEquals(calls, ["called", "called"]);
});

const countAction = task(import.meta, () => {});

test("Barrier.waitSync() runs an action of an imported module", async () => {
  const barrier = new Barrier(2, { action: countAction });
  const process = run(
    (barrier: Barrier) => {
      barrier.waitSync();
    },
    barrier,
  );
  while (barrier.nWaiting === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(barrier.waitSync(), 1);
  await ended(process);
});

test("Barrier.waitSync() throws TaskLookupError when the action's module is not imported; wait() imports it", async () => {
  const barrier = new Barrier(2, { action: countAction });
  const outcomes = new Queue<string>();
  for (const blocking of [true, false]) {
    const first = barrier.wait(guard).then(String, (error: Error) => error.name);
    const process = run(
      async (barrier: Barrier, outcomes: Queue<string>, blocking: boolean) => {
        try {
          outcomes.putSync(String(blocking ? barrier.waitSync() : await barrier.wait()));
        } catch (error) {
          outcomes.putSync(String(error));
        }
      },
      barrier,
      outcomes,
      blocking,
    );
    const outcome = await outcomes.get(guard);
    if (blocking) {
      assertStringIncludes(outcome, "TaskLookupError: Cannot run action");
      assertStringIncludes(outcome, "its module is not imported here");
      assertEquals(await first, "BrokenBarrierError");
      barrier.reset();
    } else {
      assertEquals([await first, outcome], ["0", "1"]);
    }
    await ended(process);
  }
});

test("Barrier.waitSync() throws DeadlockError when its own isolate still runs the action", async () => {
  let end = () => {};
  const barrier = new Barrier(1, { action: () => new Promise<void>((resolve) => end = resolve) });
  const first = barrier.wait();
  await new Promise((resolve) => setTimeout(resolve, 0)); // the action is called
  assertThrows(() => barrier.waitSync(), DeadlockError);
  assertThrows(() => barrier.waitSync({ timeoutMs: 2 }), TimeoutError, "still running");
  assertEquals(barrier.broken, false);
  const second = barrier.wait(guard); // a promise may wait for the action
  end();
  assertEquals(await first, 0);
  while (barrier.nWaiting === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
  end();
  assertEquals(await second, 0);
});

test("Barrier.reset() during an action fails its caller, and later parties wait for the action to end", async () => {
  let end = () => {};
  const barrier = new Barrier(2, { action: () => new Promise<void>((resolve) => end = resolve) });
  const gone = [barrier.wait(), barrier.wait()].map((wait) =>
    assertRejects(() => wait, BrokenBarrierError)
  );
  await new Promise((resolve) => setTimeout(resolve, 0));
  barrier.reset();
  await gone[0];
  const next = [barrier.wait(guard), barrier.wait(guard)];
  assertEquals([barrier.broken, barrier.nWaiting], [false, 0]);
  end();
  await gone[1];
  while (barrier.nWaiting < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
  end();
  assertEquals((await Promise.all(next)).sort(), [0, 1]);
});

/** Passes `times` times, and checks after each pass how many passes all parties have begun. */
const passOften = task(
  import.meta,
  async (barrier: Barrier, passes: Int32Array, times: number, blocking: boolean) => {
    const parties = barrier.parties;
    for (let pass = 0; pass < times; pass++) {
      Atomics.add(passes, 0, 1);
      if (blocking) barrier.waitSync();
      else await barrier.wait();
      const begun = Atomics.load(passes, 0);
      if (begun < (pass + 1) * parties || begun > (pass + 2) * parties) {
        throw new Error(`pass ${pass}: ${begun} have begun`);
      }
    }
  },
);

test("Barrier keeps five parties in step a thousand times", async () => {
  const barrier = new Barrier(5);
  const passes = new Int32Array(new SharedArrayBuffer(4));
  const processes = [true, true, false].map((blocking) =>
    run(passOften, barrier, passes, 1000, blocking)
  );
  await Promise.all([
    passOften(barrier, passes, 1000, false),
    passOften(barrier, passes, 1000, false),
  ]);
  for (const process of processes) await ended(process);
  assertEquals([passes[0], barrier.nWaiting, barrier.broken], [5000, 0, false]);
});

test("Barrier can be an argument of a pool's task and an item of a queue, and keeps its identity", async () => {
  const barrier = new Barrier(3);
  const queue = new Queue<Barrier[]>();
  queue.putSync([barrier]);
  assertStrictEquals(queue.getSync()[0], barrier);
  await using pool = new Pool(2);
  const numbers = [pool.apply(waitThere, [barrier]), pool.apply(waitThere, [barrier])];
  const all = [await barrier.wait(guard), ...await Promise.all(numbers)];
  assertEquals(all.sort(), [0, 1, 2]);
});

const waitThere = task(import.meta, (barrier: Barrier) => barrier.waitSync());

test("Barrier is inspected with its state", () => {
  assertEquals(
    Deno.inspect(new Barrier(2)),
    "Barrier { parties: 2, nWaiting: 0, broken: false }",
  );
});
