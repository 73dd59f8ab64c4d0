import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import fc from "fast-check";
import { DataCloneError, Event, TimeoutError } from "@sauropod/multiprocessing";
import {
  type Delayed,
  delayed,
  effectiveJobs,
  Parallel,
  type ParallelOptions,
  type ReturnAs,
} from "@sauropod/multiprocessing/joblib";
import { BatchSizer } from "../../lib/joblib/batch_sizer.ts";
import { fail, nested, untilSet } from "../fixtures/parallel_tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";

const square = delayed((x: number) => x * x);
const numbers = (n: number) => Array.from({ length: n }, (_, x) => x);

loopTest("Parallel() returns the results in the order of the calls, for any options", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 60 }),
      fc.constantFrom(1, 2, 3, -1),
      fc.constantFrom<number | "auto">("auto", 1, 7, 100),
      fc.constantFrom<number | "all" | "2 * nJobs">("all", 1, 5, "2 * nJobs"),
      async (n, nJobs, batchSize, preDispatch) => {
        const expected = numbers(n).map((x) => x * x);
        const calls = () => numbers(n).map((x) => square(x));
        const options = { nJobs, batchSize, preDispatch };
        assertEquals(await Parallel(options)(calls()), expected);
        const one = Parallel({ ...options, returnAs: "generator" })(calls());
        assertEquals(await Array.fromAsync(one), expected);
        const any = Parallel({ ...options, returnAs: "generator_unordered" })(calls());
        assertEquals((await Array.fromAsync(any)).sort((a, b) => a - b), expected);
      },
    ),
    { numRuns: 30 },
  );
});

loopTest("Parallel() can be called with new, and its function several times", async () => {
  const run = new Parallel({ nJobs: 2 });
  assertEquals(await run([square(2)]), [4]);
  assertEquals(await run([delayed(Math.max)(1, 3, 2), square(3)]), [3, 9]);
});

loopTest("Parallel() awaits promises of calls, and takes async iterables", async () => {
  async function* calls() {
    for (const x of numbers(5)) yield delayed((x: number) => Promise.resolve(1 - x))(x);
  }
  for (const nJobs of [1, 2]) {
    assertEquals(await Parallel({ nJobs })(calls()), [1, 0, -1, -2, -3]);
  }
});

loopTest("Parallel() takes no more calls than preDispatch allows", async () => {
  let taken = 0;
  function* endless() {
    for (;; taken++) yield square(taken);
  }
  const results = Parallel({ nJobs: 2, batchSize: 1, preDispatch: 4, returnAs: "generator" })(
    endless(),
  );
  const seen = [];
  for await (const result of results) {
    seen.push(result);
    assert(taken <= seen.length + 5, `${taken} taken for ${seen.length} results`);
    if (seen.length === 20) break;
  }
  assertEquals(seen, numbers(20).map((x) => x * x));
});

loopTest("Parallel() with generator_unordered yields results as they arrive", async () => {
  const go = new Event();
  const calls = numbers(4).map((at) => delayed(untilSet)(at, go));
  const results = Parallel({ nJobs: 2, batchSize: 1, returnAs: "generator_unordered" })(calls);
  const seen = [];
  for await (const result of results) {
    seen.push(result);
    if (seen.length === 3) go.set(); // the first call waits for the others
  }
  assertEquals(seen.at(-1), 0);
  assertEquals(seen.toSorted(), [0, 1, 2, 3]);
});

/** Yields the calls, then never settles; resolves `asked` at a further next(), `left` at return(). */
function stuck<R>(calls: Delayed<R>[]) {
  const [asked, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const never = new Promise<never>(() => {});
  const source: AsyncIterableIterator<Delayed<R>> = {
    async next() {
      const value = calls.shift();
      if (value !== undefined) return { done: false, value };
      asked.resolve();
      return await never;
    },
    async return() {
      left.resolve();
      return await never; // as an async generator does, since its next() is pending
    },
    [Symbol.asyncIterator]: () => source,
  };
  return { source, asked: asked.promise, left: left.promise };
}

loopTest(
  "Parallel() yields results while it waits for calls, and can be left meanwhile",
  async () => {
    for (const returnAs of ["generator", "generator_unordered"] as const) {
      const { source, asked, left } = stuck([1, 2, 3].map((x) => square(x)));
      const seen = [];
      for await (const x of Parallel({ nJobs: 2, batchSize: 1, returnAs })(source)) {
        await asked;
        seen.push(x);
        if (seen.length === 3) break;
      }
      assertEquals(seen.toSorted(), [1, 4, 9]);
      await left;
    }
  },
);

loopTest("Parallel() throws an error of a call while it waits for another call", async () => {
  for (const returnAs of ["generator", "generator_unordered"] as const) {
    const { source, left } = stuck([delayed(fail)(5)]);
    const results = Parallel({ nJobs: 2, batchSize: 1, returnAs })(source);
    await assertRejects(() => Array.fromAsync(results), RangeError, "five");
    await left;
  }
});

loopTest("Parallel() throws an error of the iterable of calls", async () => {
  async function* calls() {
    yield square(2);
    await null;
    throw new SyntaxError("no more");
  }
  await assertRejects(() => Parallel({ nJobs: 2 })(calls()), SyntaxError, "no more");
});

loopTest("Parallel() rethrows the first error unchanged, and takes no more calls", async () => {
  for (const nJobs of [1, 2]) {
    let taken = 0;
    const calls = function* () {
      for (; taken < 1000; taken++) yield delayed(fail)(taken);
    };
    await assertRejects(
      () => Parallel({ nJobs, batchSize: 1 })(calls()),
      RangeError,
      "five",
    );
    assert(taken < 1000);
  }
  assertEquals(await Parallel({ nJobs: 2 })([square(2)]), [4]); // still usable
});

loopTest("Parallel() throws a TimeoutError if no result arrives within timeoutMs", async () => {
  const go = new Event();
  await assertRejects(
    () => Parallel({ nJobs: 2, timeoutMs: 20 })([delayed(untilSet)(0, go)]),
    TimeoutError,
    "no result came in 20 ms",
  );
  go.set();
});

loopTest("Parallel() in a worker makes the calls in that isolate", async () => {
  assertEquals(await Parallel({ nJobs: 2 })([delayed(nested)(4)]), [[0, 1, 2, 3]]);
});

loopTest("Parallel() prints progress if verbose", async () => {
  using print = stub(console, "error");
  await Parallel({ nJobs: 2, verbose: 10, batchSize: 1 })(numbers(3).map((x) => square(x)));
  await Parallel({ nJobs: 1 })([square(1)]);
  assertEquals(print.calls.map(({ args: [line] }) => line.replace(/elapsed: .*/, "")), [
    "[Parallel(nJobs=2)]: Done 1 calls | ",
    "[Parallel(nJobs=2)]: Done 2 calls | ",
    "[Parallel(nJobs=2)]: Done 3 calls | ",
    "[Parallel(nJobs=2)]: Done 3 out of 3 | ",
  ]);
});

test("effectiveJobs() counts negative numbers down from the number of cores", () => {
  const cores = navigator.hardwareConcurrency;
  assertEquals([1, 3, -1, -1000].map(effectiveJobs), [1, 3, cores, 1]);
  assertEquals(effectiveJobs(-2), Math.max(cores - 1, 1));
  assertThrows(() => effectiveJobs(0), RangeError, "must not be 0");
  assertThrows(() => effectiveJobs(1.5), TypeError, "must be an integer");
});

loopTest("Parallel() throws if an option is out of range or an argument cannot cross", async () => {
  const make = (options: unknown) => () => Parallel(options as ParallelOptions<ReturnAs>);
  assertThrows(make({ nJobs: 0 }), RangeError, "nJobs must not be 0");
  assertThrows(make({ batchSize: 0 }), RangeError, "batchSize");
  assertThrows(make({ preDispatch: "n_jobs * 2" }), RangeError, "preDispatch");
  assertThrows(make({ preDispatch: 0 }), RangeError, "preDispatch");
  assertThrows(make({ returnAs: "tuple" }), RangeError, "returnAs");
  assertThrows(() => delayed(5 as never), TypeError, "must be a function, not number");
  await assertRejects(
    () => Parallel({ nJobs: 2 })([delayed((_: symbol) => 1)(Symbol("s"))]),
    DataCloneError,
    "args[0]",
  );
});

loopTest("Parallel() rejects unknown options and accepts all known ones", async () => {
  const make = (options: unknown) => () => Parallel(options as ParallelOptions<ReturnAs>);
  const list = "There are nJobs, batchSize, preDispatch, returnAs, timeoutMs, verbose";
  const text = `Cannot make calls: there is no option n_jobs. ${list}. Write nJobs`;
  assertThrows(make({ n_jobs: 2 }), TypeError, text);
  assertThrows(make({ backend: "loky" }), TypeError, `there is no option backend. ${list}`);
  assertThrows(make({ timeout: 5 }), TypeError, "Write timeoutMs, in milliseconds");
  assertThrows(make(2), TypeError, "options must be an object, such as { nJobs: … }, not 2");
  const all: Required<ParallelOptions<"list">> = {
    nJobs: 1,
    batchSize: 1,
    preDispatch: "all",
    returnAs: "list",
    timeoutMs: Infinity,
    verbose: 0,
  };
  assertEquals(await Parallel(all)([square(3)]), [9]);
});

loopTest("Parallel() throws if an element is not a delayed() call", async () => {
  for (const nJobs of [1, 2]) {
    const run = async (calls: unknown) => await Parallel({ nJobs })(calls as never);
    const cases: [unknown, string][] = [
      [2, "2"],
      [undefined, "undefined"],
      ["x", '"x"'],
      [Math.sqrt, "a function"],
      [delayed(Math.sqrt), "a function"],
      [{ fn: Math.sqrt, args: 4 }, "an object of class Object"],
    ];
    for (const [call, description] of cases) {
      await assertRejects(
        () => run([square(1), square(2), call]),
        TypeError,
        `Cannot make calls: calls[2] must be delayed(fn)(…), not ${description}`,
      );
    }
    for (const calls of [square(2), Math.sqrt, 5, null]) {
      await assertRejects(
        () => run(calls),
        TypeError,
        "calls must be an array or another iterable of delayed(fn)(…), not ",
      );
    }
    assertEquals(await run([]), []);
  }
});

test("BatchSizer doubles the size while batches are short, and reduces it when they are long", () => {
  const sizer = new BatchSizer();
  for (const size of [1, 2, 4, 8, 16]) {
    assertEquals(sizer.size, size);
    sizer.measured(size, size * 0.1);
  }
  assertEquals(sizer.size, 32);
  sizer.measured(7, 1e6); // of another size: ignored
  assertEquals(sizer.size, 32);
  sizer.measured(32, 32 * 100);
  assertEquals(sizer.size, 4); // 2 * 32 * 200 / 3200
  sizer.measured(4, 4 * 100);
  assertEquals(sizer.size, 4); // between 0.2 and 2 seconds
});
