/**
 * What the calls of a pool send, over an engine that runs nothing.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ClosedError, Pool, type PoolOptions, TerminatedError } from "@sauropod/multiprocessing";
import type { Job } from "../../lib/pool/calls/job.ts";
import { CallMode } from "../../lib/pool/chunks/chunk.ts";
import { ENGINE, type EngineChoice, setEngineFactory } from "../../lib/pool/engines/engine.ts";
import { checkEngine } from "../../lib/pool/options.ts";
import { FakeEngine } from "./calls/fake_engine.ts";

const fn = (x: number) => x;

/** A pool over an engine that runs nothing. */
function makePool(options: Partial<PoolOptions> = {}) {
  const [fake, engine] = [new FakeEngine(), { ready: () => Promise.resolve() }];
  setEngineFactory(engine, () => fake);
  return { fake, engine, pool: new Pool({ ...options, engine }) as Pool };
}

/** Ends the only job of an engine with a result. */
function succeed(job: Job, result: unknown): void {
  job.onChunkDone(0, job.storeResult(0, result));
}

Deno.test("a pool with an engine has its options of tasks, and runs lost tasks again once", () => {
  const { pool, engine, fake } = makePool();
  assertStrictEquals(pool.engine, engine);
  assertEquals([pool.processes, new Pool(3).processes, new Pool(3).engine], [1, 3, undefined]);
  Object.assign(fake, { slots: 9 });
  assertEquals(pool.processes, 9);
  pool.apply(fn, [1]);
  assertEquals(fake.takeSent().job.policy?.retries, 1);
  const other = makePool({ retries: 0, timeoutMs: 5 });
  other.pool.apply(fn, [1]);
  const { retries, timeoutMs } = other.fake.takeSent().job.policy!;
  assertEquals([retries, timeoutMs], [0, 5]);
});

Deno.test("a pool refuses an engine that is none, and options that have no effect with one", () => {
  const make = (options: unknown) => () => new Pool(options as PoolOptions);
  for (const engine of [5, {}, null]) {
    const message = "Cannot make pool: engine must be a cluster of";
    assertThrows(make({ engine }), TypeError, message);
    assertThrows(() => checkEngine("make pool", { engine }), TypeError, message);
  }
  const { engine } = makePool();
  assertThrows(
    make({ engine, processes: 2 }),
    TypeError,
    "Cannot make pool: processes has no effect with an engine",
  );
  const allowed = { processes: undefined, retries: 2, retryOn: () => true, timeoutMs: 7 };
  assertEquals((make({ engine, ...allowed })() as Pool).engine, engine);
});

Deno.test("apply() and its variants send their arguments, none by default", async () => {
  const { pool, fake } = makePool();
  const calls = [
    () => pool.apply(fn as () => number),
    () => pool.applyAsync(fn as () => number),
    () => pool.apply(fn, [7]),
    () => pool.applyAsync(fn, [7]).get(),
  ];
  for (const [at, call] of calls.entries()) {
    const result = call();
    const { job, mode, items } = fake.takeSent();
    assertEquals([mode, items], [CallMode.APPLY, at < 2 ? [] : [7]]);
    succeed(job, at);
    assertEquals(await result as unknown, at);
  }
  fake.whileBlocked = (job) => succeed(job, 8);
  assertEquals(pool.applySync(fn, [7]), 8);
  assertEquals(fake.takeSent().items, [7]);
  fake.whileBlocked = (job) => job.fail("why");
  try {
    pool.applySync(fn, [7]);
    throw new Error("not reached");
  } catch (error) {
    assertEquals(error, "why");
  }
});

Deno.test("calls without a policy may be cancelled if their callers can do so", () => {
  const fake = new FakeEngine();
  const setup: PoolOptions & EngineChoice = { processes: 3, [ENGINE]: () => fake };
  const pool = new Pool(setup);
  const isCancellable = (call: () => unknown) => {
    call();
    return fake.takeSent().job.cancellable;
  };
  const { signal } = new AbortController();
  fake.whileBlocked = (job) => succeed(job, 1);
  assertEquals(pool.processes, 3);
  assertEquals(isCancellable(() => pool.apply(fn, [1])), false);
  assertEquals(isCancellable(() => pool.apply(fn, [1], {})), false);
  assertEquals(isCancellable(() => pool.apply(fn, [1], { signal })), true);
  assertEquals(isCancellable(() => pool.applyAsync(fn, [1])), true);
  assertEquals(isCancellable(() => pool.applySync(fn, [1])), true);
  assertEquals(isCancellable(() => pool.map(fn, [1])), true);
});

Deno.test("applySync() keeps what a task returns or throws, undefined too", () => {
  const { pool, fake } = makePool();
  fake.whileBlocked = (job) => succeed(job, undefined);
  assertEquals(pool.applySync(() => {}), undefined);
  fake.whileBlocked = (job) => job.fail(undefined);
  let thrown = false;
  try {
    pool.applySync(() => {});
  } catch (error) {
    thrown = error === undefined;
  }
  assert(thrown);
});

Deno.test("calls are aborted by their signal, and are not sent if it is aborted before", async () => {
  const { pool, fake } = makePool();
  const calls: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => pool.apply(fn, [1], { signal }),
    async (signal) => await pool.applyAsync(fn, [1], { signal }),
    (signal) => pool.map(fn, [1], { signal }),
    (signal) => pool.starmap(fn, [[1]], { signal }),
    async (signal) => await pool.mapAsync(fn, [1], { signal }),
    async (signal) => await pool.starmapAsync(fn, [[1]], { signal }),
    async (signal) => await pool.imap(fn, [1], { signal }).next(),
  ];
  const reason = new SyntaxError("enough");
  for (const call of calls) {
    await assertRejects(() => call(AbortSignal.abort(reason)), SyntaxError, "enough");
    assertEquals(fake.sent, []);
    const controller = new AbortController();
    const result = call(controller.signal);
    assert(fake.takeSent().job.cancellable);
    controller.abort(reason);
    await assertRejects(() => result, SyntaxError, "enough");
  }
});

Deno.test("maps send their items, to be spread or not, and give the results of the chunks", async () => {
  const { pool, fake } = makePool();
  const { MAP, STARMAP } = CallMode;
  const maps: [mode: CallMode, map: () => PromiseLike<unknown>][] = [
    [MAP, () => pool.map(fn, [1, 2])],
    [MAP, () => pool.mapAsync(fn, [1, 2])],
    [STARMAP, () => pool.starmap(fn, [[1], [2]])],
    [STARMAP, () => pool.starmapAsync(fn, [[1], [2]])],
  ];
  for (const [mode, map] of maps) {
    const results = map();
    const sent = fake.takeSent();
    assertEquals([sent.mode, sent.items.length], [mode, 2]);
    sent.job.onChunkDone(0, sent.job.storeResult(0, [3]));
    sent.job.onChunkDone(1, sent.job.storeResult(1, [4]));
    assertEquals(await results, [3, 4]);
  }
  fake.whileBlocked = (job) => {
    for (const chunk of [0, 1]) job.onChunkDone(chunk, job.storeResult(chunk, [chunk]));
  };
  assertEquals(pool.mapSync(fn, [1, 2]), [0, 1]);
  assertEquals(fake.takeSent().mode, MAP);
  assertEquals(pool.starmapSync(fn, [[1], [2]]), [0, 1]);
  assertEquals(fake.takeSent().mode, STARMAP);
});

Deno.test("iterations give results in the order of the items, or as they arrive", async () => {
  for (const imap of ["imap", "imapUnordered"] as const) {
    const { pool, fake } = makePool();
    const results = pool[imap](fn, [1, 2]);
    const next = [results.next(), results.next()];
    for (const at of [1, 0]) {
      fake.sent[at].job.onChunkDone(0, { results: [at + 1], failures: [] });
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const values = (await Promise.all(next)).map(({ value }) => value);
    assertEquals(values, imap === "imap" ? [1, 2] : [2, 1]);
    assertEquals((await results.next()).done, true);
  }
});

Deno.test("close(), terminate() and join() end the engine", async () => {
  const { pool, fake } = makePool();
  await assertRejects(() => pool.join(), Error, "it is still running");
  {
    await using _ = pool;
  }
  const names = () => fake.calls.map(([name]) => name);
  assertEquals(names(), ["close", "checkJoin", "drain", "close", "join"]);
  assertThrows(() => pool.mapAsync(fn, [1]), ClosedError);
  await assertRejects(() => pool.apply(fn, [1]), ClosedError);
  const other = makePool();
  const next = other.pool.imap(fn, [1]).next();
  other.pool.terminate();
  assertEquals(other.fake.calls, [["terminate", -15]]);
  await assertRejects(() => next, TerminatedError);
});

Deno.test("waiting for the end of a pool waits for its engine", async () => {
  const { pool, fake } = makePool();
  const { promise, resolve } = Promise.withResolvers<void>();
  fake.join = () => promise;
  pool.close();
  let ended = 0;
  const waits = [pool.join(), pool[Symbol.asyncDispose]()].map((wait) => wait.then(() => ended++));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(ended, 0);
  resolve();
  await Promise.all(waits);
});
