import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  ClosedError,
  DeadlockError,
  Event,
  InitializerError,
  TerminatedError,
  ThreadPool,
} from "@sauropod/multiprocessing";
import { ApplyJob } from "../../../../lib/pool/calls/apply_job.ts";
import { SameIsolateEngine } from "../../../../lib/pool/engines/same_isolate/same_isolate_engine.ts";
import { CallMode } from "../../../../lib/pool/chunks/chunk.ts";
import { test } from "../../../fixtures/guarded.ts";
import { guard, turn, upTo } from "../../../fixtures/pools.ts";

test("SameIsolateEngine runs the initializer and tasks of a slot as its thread, to their end", async () => {
  const storage = new AsyncLocalStorage<number>();
  const initialized: unknown[] = [];
  const engine = new SameIsolateEngine(
    { size: 3, initializer: () => initialized.push(storage.getStore()), initargs: [], graceMs: 1 },
    {
      run: (place, code) => void storage.run(place, code),
      setTask: () => {},
      replace: () => {},
      abandon: () => {},
    },
  );
  const task = async () => {
    const before = storage.getStore();
    await delay(0);
    assertEquals(storage.getStore(), before);
    return before;
  };
  const run = () =>
    new Promise<unknown>((resolve, reject) => {
      engine.send(new ApplyJob(task, resolve, reject, false, undefined), CallMode.APPLY, []);
    });
  const places = await Promise.all(Array.from({ length: 9 }, run));
  assertEquals(initialized.toSorted(), [0, 1, 2]);
  assertEquals(new Set(places), new Set([0, 1, 2]));
  assert(storage.getStore() === undefined);
  engine.close();
  await engine.drain();
  await engine.join();
});

test("SameIsolateEngine knows which jobs have begun, and lets the others be withdrawn", async () => {
  const engine = new SameIsolateEngine(
    { size: 1, initializer: undefined, initargs: [], graceMs: 1000 },
    { run: (_, code) => void code(), setTask: () => {}, replace: () => {}, abandon: () => {} },
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const ignore = () => {};
  const jobs = [1, 2].map(() => new ApplyJob(() => promise, ignore, ignore, true, undefined));
  for (const job of jobs) engine.send(job, CallMode.APPLY, []);
  const states = () => jobs.map((job) => [engine.hasBegun(job), engine.withdraw(job)]);
  assertEquals(states(), [[false, true], [false, true]]);
  await turn();
  assertEquals(states(), [[true, false], [false, true]]);
  jobs[1].fail("withdrawn");
  resolve();
  await engine.drain();
  assertEquals(states(), [[false, false], [false, false]]);
  engine.close();
  await engine.join();
});

// Slots

/** Makes a task that waits for `release`, and counts the tasks that are open. */
function gate() {
  const state = { open: 0, maxOpen: 0, begun: [] as number[] };
  const go = Promise.withResolvers<void>();
  const enter = async (x: number) => {
    state.begun.push(x);
    state.maxOpen = Math.max(state.maxOpen, ++state.open);
    await go.promise;
    state.open--;
    return x;
  };
  return { state, enter, release: () => go.resolve() };
}

test("ThreadPool runs exactly the requested number of tasks at a time", async () => {
  await using pool = new ThreadPool(3);
  const { state, enter, release } = gate();
  const singles = upTo(5).map((x) => pool.apply(enter, [x]));
  const many = pool.map(enter, upTo(7), { chunkSize: 1 });
  await turn();
  assertEquals([state.open, state.begun], [3, [0, 1, 2]]);
  release();
  assertEquals(await Promise.all(singles), upTo(5));
  assertEquals(await many, upTo(7));
  assertEquals([state.maxOpen, state.begun], [3, [...upTo(5), ...upTo(7)]]);
});

test("ThreadPool tasks of one chunk run one after the other", async () => {
  await using pool = new ThreadPool(3);
  let [open, maxOpen] = [0, 0];
  await pool.map(
    async () => {
      maxOpen = Math.max(maxOpen, ++open);
      await turn();
      open--;
    },
    upTo(6),
    { chunkSize: 6 },
  );
  assertEquals(maxOpen, 1);
});

test("ThreadPool tasks begin after the caller has continued", async () => {
  await using pool = new ThreadPool(1);
  let begun = false;
  const result = pool.apply(() => void (begun = true));
  assertEquals(begun, false);
  await result;
  assertEquals(begun, true);
});

test("ThreadPool tasks that wait begin when one that does not end is given up", async () => {
  await using pool = new ThreadPool({ processes: 1, graceMs: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const endless = pool.apply(() => new Promise<never>(() => {}), [], { signal });
  const next = pool.apply(() => 7);
  await turn();
  controller.abort(new RangeError("enough"));
  await assertRejects(() => endless, RangeError, "enough");
  assertEquals(await next, 7);
});

test("ThreadPool tasks wait for shared objects without blocking each other", async () => {
  await using pool = new ThreadPool(2);
  const [there, back] = [new Event(), new Event()];
  const [a, b] = await Promise.all([
    pool.apply(async () => {
      there.set();
      return await back.wait(guard);
    }),
    pool.apply(async () => {
      await there.wait(guard);
      back.set();
      return true;
    }),
  ]);
  assertEquals([a, b], [true, true]);
});

// Turns of the event loop

test("ThreadPool.map() yields to the event loop between computing tasks", async () => {
  await using pool = new ThreadPool(2);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const spin = () => {
    const end = performance.now() + 10;
    while (performance.now() < end);
    return ticks;
  };
  const seen = await pool.map(spin, upTo(20), { chunkSize: 1 });
  clearInterval(timer);
  assert(new Set(seen).size > 1, "the timer had no turn");
});

test("ThreadPool.imap() yields to the event loop between computing tasks", async () => {
  await using pool = new ThreadPool(2);
  let enough = false;
  setTimeout(() => enough = true, 0);
  let taken = 0;
  function* generate() {
    while (taken < 60_000) yield taken++;
  }
  for await (const _ of pool.imap((x: number) => x, generate())) {
    if (enough) break;
  }
  assert(enough, "the timer had no turn");
});

// Blocking calls

test("ThreadPool blocking calls run at once, whatever else is running", async () => {
  await using pool = new ThreadPool(1);
  const { state, enter, release } = gate();
  const first = pool.apply(enter, [1]);
  const second = pool.apply(enter, [2]);
  assertEquals(pool.applySync((x: number) => x + 1, [1]), 2); // before any task has begun
  await turn();
  assertEquals(state.begun, [1]);
  assertEquals(pool.mapSync((x: number) => [x, state.open], [5, 6]), [[5, 1], [6, 1]]);
  assertEquals(pool.starmapSync(Math.pow, [[2, 3]]), [8]);
  assertEquals(state.begun, [1]);
  release();
  assertEquals(await Promise.all([first, second]), [1, 2]);
});

test("ThreadPool blocking calls of a task that returns a promise throw DeadlockError", async () => {
  await using pool = new ThreadPool(2);
  const begun: number[] = [];
  const later = async (x: number) => {
    begun.push(x);
    await turn();
    if (x === 1) throw new Error("not reported");
    return x;
  };
  assertThrows(() => pool.applySync(later, [0]), DeadlockError, "Await the call");
  assertThrows(() => pool.applySync(later, [1]), DeadlockError, "Await the call");
  assertThrows(() => pool.mapSync(later, [2, 3, 4]), DeadlockError, "Await the call");
  assertThrows(() => pool.starmapSync(later, [[5]]), DeadlockError, "Await the call");
  pool.close();
  await pool.join();
  assertEquals(begun, [0, 1, 2, 5]); // a call that failed does not continue with the next item
});

// Initializer

test("ThreadPool initializer runs once for each slot, even without a task", async () => {
  for (const later of [false, true]) {
    const seen: unknown[][] = [];
    const initializer = (...args: [string, object]) => {
      seen.push(args);
      return later ? turn() : undefined;
    };
    const shared = {};
    await using pool = new ThreadPool({ processes: 3, initializer, initargs: ["a", shared] });
    await turn();
    assertEquals(seen, [["a", {}], ["a", {}], ["a", {}]]);
    assertStrictEquals(seen[2][1], shared);
    await pool.map(() => {}, upTo(10));
    assertEquals(seen.length, 3);
  }
});

test("ThreadPool tasks wait for the initializer", async () => {
  const ready = Promise.withResolvers<void>();
  await using pool = new ThreadPool({ processes: 2, initializer: () => ready.promise });
  let begun = false;
  const result = pool.apply(() => begun = true);
  await turn();
  assertEquals(begun, false);
  assertThrows(() => pool.applySync(() => begun = true), DeadlockError, "the initializer awaits");
  ready.resolve();
  assertEquals(await result, true);
});

test("ThreadPool blocking calls run the initializer first", async () => {
  let ready = 0;
  await using pool = new ThreadPool({ processes: 2, initializer: () => ready++ });
  assertEquals(pool.applySync(() => ready), 2);
  assertEquals(await pool.apply(() => ready), 2);
});

test("ThreadPool initializer that fails fails all tasks and is not called again", async () => {
  for (const later of [false, true]) {
    let calls = 0;
    const failure = new RangeError("no device");
    const initializer = () => {
      calls++;
      if (later) return turn().then(() => Promise.reject(failure));
      throw failure;
    };
    await using pool = new ThreadPool({ processes: 2, initializer });
    for (const call of [() => pool.map((x) => x, upTo(9)), () => pool.apply(() => 1)]) {
      const error = await assertRejects(call, InitializerError, "no device");
      assertStrictEquals(error.cause, failure);
    }
    assertThrows(() => pool.applySync(() => 1), InitializerError);
    assertEquals(calls, later ? 2 : 1);
  }
  await using pool = new ThreadPool({
    processes: 1,
    initializer: () => {
      throw new RangeError("no device");
    },
  });
  assertThrows(() => pool.mapSync((x: number) => x, [1]), InitializerError, "no device");
});

// End

test("ThreadPool.terminate() fails pending calls and does not stop running tasks", async () => {
  const pool = new ThreadPool(1);
  const { state, enter, release } = gate();
  const calls = [
    pool.map(enter, [1, 2, 3], { chunkSize: 3 }),
    pool.apply(enter, [4]),
    pool.applyAsync(enter, [5]).get(guard),
    pool.imap(enter, [6]).next(),
  ];
  const outcome = Promise.allSettled(calls);
  await turn();
  pool.terminate();
  pool.terminate();
  for (const result of await outcome) {
    assert(result.status === "rejected" && result.reason instanceof TerminatedError);
  }
  await pool.join(); // does not wait for the running task
  assertEquals(state.open, 1);
  release();
  await turn();
  assertEquals([state.open, state.begun], [0, [1]]);
  await assertRejects(() => pool.apply(enter, [7]), ClosedError, "terminated");
  assertThrows(() => pool.mapSync(() => 1, [1]), ClosedError, "terminated");
});

test("ThreadPool.terminate() ends the waits of running tasks", async () => {
  const pool = new ThreadPool(2);
  const [begun, never] = [new Event(), new Event()];
  const seen = Promise.withResolvers<unknown>();
  const result = pool.apply(async () => {
    begun.set();
    await never.wait().catch(seen.resolve);
  });
  assert(await begun.wait(guard));
  pool.terminate();
  await assertRejects(() => result, TerminatedError, "the pool was terminated");
  assert(await seen.promise instanceof TerminatedError);
  await pool.join();
});

test("ThreadPool.join() waits for a running task whose call was cancelled", async () => {
  const pool = new ThreadPool(2);
  const { state, enter, release } = gate();
  const result = pool.applyAsync(enter, [1]);
  await turn();
  assert(result.cancel());
  pool.close();
  const joined = pool.join().then(() => state.open);
  await turn();
  release();
  assertEquals(await joined, 0);
});

test("ThreadPool tasks that wait for ever do not keep a program alive", async () => {
  const program = `
    import { ThreadPool } from ${JSON.stringify(import.meta.resolve("../../../../mod.ts"))};
    const pool = new ThreadPool(1);
    pool.apply(() => new Promise(() => {}));
    pool.apply(() => console.log("never"));
    console.log("end");
  `;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
  }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "end\n"]);
});
