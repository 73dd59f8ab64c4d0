/**
 * What an executor does with its calls and maps, over an engine that runs nothing.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, ClosedError, Pool, TimeoutError } from "@sauropod/multiprocessing";
import { BrokenExecutor, Executor, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { isFiniteZip, lengthOfZip, zip } from "../../lib/futures/map.ts";
import { setEngineFactory } from "../../lib/pool/engines/engine.ts";
import { FakeEngine } from "../pool/calls/fake_engine.ts";
import { turn } from "../fixtures/turn.ts";

const fn = (x: number) => x;

/** An executor over an engine that runs nothing. */
function makeExecutor() {
  const [fake, engine] = [new FakeEngine(), { ready: () => Promise.resolve() }];
  setEngineFactory(engine, () => fake);
  class TestExecutor extends Executor {}
  const executor = new (TestExecutor as unknown as new (pool: unknown) => Executor)(
    new Pool({ engine }),
  );
  /** The chunk with this number of a map comes back, with ten times its items. */
  const arrive = async (number: number) => {
    const { job, items } = fake.sent[number];
    job.onChunkDone(0, { results: items.map((x) => 10 * (x as number)), failures: [] });
    await turn();
  };
  return { fake, executor, arrive };
}

// Calls

Deno.test("submit() sends the call, and its future ends with the outcome", async () => {
  const { executor, fake } = makeExecutor();
  const [done, failed] = [executor.submit(fn, 1), executor.submit(fn, 2)];
  assertEquals(fake.sent.map(({ items }) => items), [[1], [2]]);
  fake.sent[0].job.onChunkDone(0, 7);
  fake.sent[1].job.fail(new RangeError("why"));
  assertEquals([await done, done.done()], [7, true]);
  await assertRejects(() => failed.result(), RangeError, "why");
});

Deno.test("a future of an executor can be cancelled until its task has begun", async () => {
  const { executor, fake } = makeExecutor();
  const future = executor.submit(fn, 1);
  fake.isWaiting = false;
  assertEquals([future.cancel(), future.running()], [false, true]);
  fake.isWaiting = true;
  assertEquals([future.running(), future.cancel(), future.cancelled()], [false, true, true]);
  assert(fake.takeSent().job.settled);
  await assertRejects(() => future.result(), CancelledError);
});

Deno.test("an executor that is broken fails its calls with one BrokenExecutor, and refuses others", async () => {
  const { executor, fake } = makeExecutor();
  const future = executor.submit(fn, 1);
  const results = executor.map(fn, [1]);
  const next = results.next();
  const cause = new RangeError("no model");
  fake.broken = fake.errors.checkUsable = cause;
  for (const { job } of fake.sent) job.fail(cause);
  const error = await assertRejects(() => future.result(), BrokenExecutor, "no model");
  assertStrictEquals(error.cause, cause);
  assertStrictEquals(await assertRejects(() => next), error);
  assertStrictEquals(assertThrows(() => executor.submit(fn, 1)), error);
  assertStrictEquals(assertThrows(() => executor.map(fn, [1])), error);
});

Deno.test("what cannot be submitted throws, and leaves no future", async () => {
  const { executor, fake } = makeExecutor();
  fake.errors.send = new RangeError("no");
  assertThrows(() => executor.submit(fn, 1), RangeError, "no");
  fake.broken = fake.errors.send = new SyntaxError("broken while it was sent");
  const error = assertThrows(() => executor.submit(fn, 1), BrokenExecutor, "while it was sent");
  assertStrictEquals(error.cause, fake.broken);
  await executor.shutdown({ cancelFutures: true });
});

// Maps

Deno.test("map() tells its options from its inputs", async () => {
  const cases: [args: unknown[], items: unknown[][], chunks: number][] = [
    [[[1, 2]], [[1], [2]], 2],
    [[[1, 2], undefined], [[1], [2]], 2],
    [[[1, 2], { chunkSize: 2 }], [[1, 2]], 1],
    [[[1, 2], [3, 4]], [[[1, 3]], [[2, 4]]], 2],
    [[[1, 2], [3, 4], { chunkSize: 2 }], [[[1, 3], [2, 4]]], 1],
    [[new Set([1]), "ab"], [[[1, "a"]]], 1],
    [[], [], 0],
  ];
  for (const [args, items, chunks] of cases) {
    const { executor, fake } = makeExecutor();
    const results = Reflect.apply(executor.map, executor, [fn, ...args]);
    assertEquals([fake.sent.map((sent) => sent.items), fake.sent.length], [items, chunks]);
    await results.return();
  }
  const { executor, fake } = makeExecutor();
  const later = (async function* () {
    yield await 5;
  })();
  const results = executor.map(fn, later);
  await turn();
  assertEquals(fake.takeSent().items, [5]);
  await results.return!();
  const map = (...args: unknown[]) => () => Reflect.apply(executor.map, executor, [fn, ...args]);
  assertThrows(map([1], { bufferSize: 0 }), RangeError, "bufferSize");
  assertThrows(map([1], { chunkSize: 0 }), RangeError, "chunkSize");
  assertThrows(map([1], { chunksize: 1 }), TypeError, "there is no option chunksize");
  assertThrows(map([1], 5), TypeError, "argument 2 after fn");
});

Deno.test("map() has bufferSize chunks at most, which are running or not consumed", async () => {
  const { executor, fake, arrive } = makeExecutor();
  const results = executor.map(fn, [1, 2, 3, 4], { bufferSize: 1 });
  assertEquals(fake.sent.length, 1);
  await arrive(0);
  assertEquals(fake.sent.length, 1);
  assertEquals([(await results.next()).value, fake.sent.length], [10, 2]);
  await results.return!();
});

Deno.test("the first error ends a map, which cancels the others and leaves the input", async () => {
  const { executor, fake } = makeExecutor();
  let left = 0;
  const input = {
    next: () => ({ done: false, value: 1 }),
    return: () => ({ done: ++left > 0, value: 1 }),
    [Symbol.iterator]: () => input,
  };
  const results = executor.map(fn, input);
  const next = results.next();
  const failures = [{ error: new RangeError("why"), index: 0 }];
  fake.sent[0].job.onChunkDone(0, { results: [undefined], failures });
  await assertRejects(() => next, RangeError, "why");
  assertEquals([left, fake.sent[1].job.settled], [1, true]);
  assertEquals([await results.next(), await results.return!()], [
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  assertEquals(left, 1);
});

Deno.test("the time limit of a map counts from its call, for all results", async () => {
  const { executor, fake } = makeExecutor();
  const results = executor.map(fn, [1, 2], { timeoutMs: 0 });
  await assertRejects(
    () => results.next(),
    TimeoutError,
    "Cannot get next result of map: not available 0 ms after the call",
  );
  assert(fake.sent[1].job.settled);
  assertEquals((await results.next()).done, true);
});

Deno.test("a map that has ended is over, and its input is not asked again", async () => {
  const { executor, arrive } = makeExecutor();
  const results = executor.map(fn, [1]);
  await arrive(0);
  assertEquals([(await results.next()).value, (await results.next()).done], [10, true]);
  assertEquals((await results.next()).done, true);
  const left = executor.map(fn, [1, 2]);
  await left.return!();
  assertEquals((await left.next()).done, true);
});

Deno.test("the end of a map waits until its inputs have been closed", async () => {
  for (const how of ["return", "end"] as const) {
    const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
    const { executor, fake } = makeExecutor();
    const slow = {
      next: () => Promise.resolve({ done: false, value: 1 }),
      return: () => promise,
      [Symbol.asyncIterator]: () => slow,
    };
    const results = executor.map(
      (a: number, b: number) => a + b,
      slow,
      how === "end" ? [] : [1, 1],
    );
    await turn();
    if (how !== "end") assertEquals(fake.sent[0].items, [[1, 1]]);
    let ended: unknown;
    const next = how === "return" ? results.return!() : results.next();
    const ending = next.then(() => ended = "ended");
    await turn();
    assertEquals(ended, undefined);
    resolve({ done: true, value: undefined });
    await ending;
    assertEquals(ended, "ended");
  }
});

// Shutdown

Deno.test("shutdown() refuses other calls, and waits for the engine unless it is told not to", async () => {
  for (const wait of [true, false, undefined]) {
    const { executor, fake } = makeExecutor();
    const { promise, resolve } = Promise.withResolvers<void>();
    fake.join = () => promise;
    let isDown = false;
    const down = executor.shutdown(wait === undefined ? undefined : { wait })
      .then(() => isDown = true);
    await turn();
    assertEquals(isDown, wait === false);
    const message = "Cannot submit: the executor was shut down. Submit before shutdown()";
    assertThrows(() => executor.submit(fn, 1), ClosedError, message);
    assertThrows(() => executor.map(fn, [1]), ClosedError, message);
    resolve();
    await down;
  }
  const { executor, fake } = makeExecutor();
  await executor[Symbol.asyncDispose]();
  assertEquals(fake.calls.map(([name]) => name), ["close", "checkJoin", "drain", "close", "join"]);
});

Deno.test("shutdown() cancels the futures that have not begun, if it is told to", async () => {
  for (const cancelFutures of [true, false]) {
    const { executor } = makeExecutor();
    const future = executor.submit(fn, 1);
    await executor.shutdown({ cancelFutures });
    assertEquals(future.cancelled(), cancelFutures);
  }
  const { executor, fake } = makeExecutor();
  const future = executor.submit(fn, 1);
  fake.isWaiting = false;
  await executor.shutdown({ cancelFutures: true });
  assertEquals(future.cancelled(), false);
});

Deno.test("shutdown() takes finite inputs to their ends, and leaves others or those with a bufferSize", async () => {
  const { executor, fake, arrive } = makeExecutor();
  const maps = [
    executor.map(fn, [1, 2, 3, 4]),
    executor.map(fn, [1, 2, 3, 4].values()),
    executor.map(fn, [1, 2, 3, 4], { bufferSize: 2 }),
  ];
  assertEquals(fake.sent.length, 6); // two of each
  const down = executor.shutdown();
  await turn();
  for (const number of [0, 1, 2, 3, 4, 5]) await arrive(number);
  assertEquals(fake.sent.length, 8);
  for (const number of [6, 7]) await arrive(number);
  await down;
  assertEquals(await Array.fromAsync(maps[0]), [10, 20, 30, 40]);
  for (const map of maps.slice(1)) {
    assertEquals([(await map.next()).value, (await map.next()).value], [10, 20]);
    await assertRejects(() => map.next(), ClosedError, "Cannot submit the rest of map");
  }
});

Deno.test("shutdown() with cancelFutures withdraws the chunks of maps, and throws what closing an input does", async () => {
  for (const wait of [true, false]) {
    const { executor, fake } = makeExecutor();
    const input = {
      length: 9,
      next: () => ({ done: false, value: 1 }),
      return: () => {
        throw new RangeError("untidy");
      },
      [Symbol.iterator]: () => input,
    };
    const results = executor.map(fn, input);
    const { error } = console;
    const printed: unknown[] = [];
    console.error = (text: unknown) => printed.push(text);
    try {
      const down = executor.shutdown({ cancelFutures: true, wait });
      if (wait) await assertRejects(() => down, RangeError, "untidy");
      else await down;
      await turn();
    } finally {
      console.error = error;
    }
    assertEquals(printed, wait ? [] : ["Uncaught in an input that was left:"]);
    assert(fake.sent.every(({ job }) => job.settled));
    assertEquals(fake.calls.some(([name]) => name === "join"), wait);
    await assertRejects(() => results.next(), CancelledError);
  }
});

for (const [end, exitCode] of [["terminateWorkers", -15], ["killWorkers", -9]] as const) {
  Deno.test(`${end}() cancels what has not begun, and ends the engine without waiting`, async () => {
    const [fake, engine] = [new FakeEngine(), { ready: () => Promise.resolve() }];
    setEngineFactory(engine, () => fake);
    const executor = new ProcessPoolExecutor({ engine });
    const [waiting, begun] = [executor.submit(fn, 1), executor.submit(fn, 2)];
    fake.withdraw = () => fake.sent.filter(({ job }) => job.settled).length === 0; // the first one
    executor[end]();
    assertEquals([waiting.cancelled(), begun.cancelled()], [true, false]);
    await turn();
    assertEquals(fake.calls, [["close"], ["terminate", exitCode]]);
    assertThrows(() => executor.submit(fn, 3), ClosedError);
  });
}

Deno.test("a ProcessPoolExecutor refuses an engine that is none, and options that have no effect with one", () => {
  const make = (options: object) => () => new ProcessPoolExecutor(options);
  assertThrows(make({ engine: 5 }), TypeError, "Cannot make executor: engine must be a cluster of");
  const engine = { ready: () => Promise.resolve() };
  setEngineFactory(engine, () => new FakeEngine());
  const message = "Cannot make executor: maxWorkers has no effect with an engine";
  assertThrows(make({ engine, maxWorkers: 2 }), TypeError, message);
  make({ engine, retries: 3 })();
});

Deno.test("an executor refuses options that are none, and more arguments than one", () => {
  const make = (...args: unknown[]) => () => Reflect.construct(ProcessPoolExecutor, args);
  assertThrows(make({ maxWorkers: 0 }), RangeError, "Cannot make executor: maxWorkers must be");
  assertThrows(make(0), RangeError, "Cannot make executor: maxWorkers must be an integer");
  assertThrows(make(2 ** 16 + 1), RangeError, "from 1 to 65536");
  assertThrows(make({ processes: 2 }), TypeError, "Cannot make executor: there is no option");
  assertThrows(make({ initializer: 5 }), TypeError, "initializer must be a function");
  assertThrows(make(2, () => {}), TypeError, "Write { maxWorkers: 2, initializer: fn }");
  assert(make(2 ** 16)() instanceof Executor);
});

// Inputs of several parameters

Deno.test("zip() yields until an input ends, and closes the others", async () => {
  for (const isAsync of [false, true]) {
    const closed: string[] = [];
    const make = (name: string, count: number) => {
      let at = 0;
      const step = () => ({ done: at >= count, value: at++ });
      const input = {
        next: () => isAsync ? Promise.resolve(step()) : step(),
        return: () => {
          closed.push(name);
          return isAsync ? Promise.resolve({ done: true }) : { done: true };
        },
        [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => input,
      };
      return input as unknown as Iterable<number>;
    };
    const all = await Array.fromAsync(zip([make("a", 3), make("b", 2), make("c", 9)]));
    assertEquals([all, closed], [[[0, 0, 0], [1, 1, 1]], ["a", "c"]]);
    const left = zip([make("d", 3), make("e", 3)]);
    for await (const item of left) {
      assertEquals(item, [0, 0]);
      break;
    }
    assertEquals(closed, ["a", "c", "d", "e"]);
  }
  assertEquals(await Array.fromAsync(zip([])), []);
  assertThrows(() => zip([[1], 5 as never]), TypeError, "argument 2 after fn");
});

Deno.test("zip() closes the other inputs when one fails", async () => {
  for (const isAsync of [false, true]) {
    let closed = 0;
    const fails = () => {
      throw new RangeError("why");
    };
    const good = {
      next: () => ({ done: false, value: 1 }),
      return: () => ({ done: ++closed > 0 }),
    };
    const bad = { next: fails, return: () => ({ done: (closed += 100) > 0 }) };
    const key = isAsync ? Symbol.asyncIterator : Symbol.iterator;
    const inputs = [good, bad].map((it) => ({ ...it, [key]: () => it })) as never[];
    await assertRejects(() => Array.fromAsync(zip(inputs)), RangeError, "why");
    assertEquals(closed, 1);
  }
});

Deno.test("zip() is finite if one input is, and none is async", () => {
  const endless = { [Symbol.iterator]: () => [1].values() };
  const later = { length: 3, [Symbol.asyncIterator]: () => ({ next: () => null }) };
  const cases: [inputs: unknown[], isFinite: boolean, length: number][] = [
    [[[1, 2, 3], new Set([1])], true, 1],
    [[[1, 2], endless], true, Infinity],
    [[endless], false, Infinity],
    [[[1, 2], later], false, Infinity],
    [[[]], true, 0],
  ];
  for (const [inputs, isFinite, length] of cases) {
    assertEquals([isFiniteZip(inputs as []), lengthOfZip(inputs as [])], [isFinite, length]);
  }
});
