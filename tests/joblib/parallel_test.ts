import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import fc from "fast-check";
import {
  DataCloneError,
  Event,
  MaybeEncodingError,
  TimeoutError,
  Value,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import {
  type Delayed,
  delayed,
  effectiveJobs,
  Parallel,
  type ParallelOptions,
  type ReturnAs,
} from "@sauropod/multiprocessing/joblib";
import { BatchSizer } from "../../lib/joblib/batch_sizer.ts";
import { ProgressPrinter } from "../../lib/joblib/progress.ts";
import { test } from "../fixtures/guarded.ts";
import {
  count,
  dieAtTwo,
  fail,
  failAtFive,
  nested,
  untilLast,
  untilSet,
  untilSetLater,
} from "../fixtures/parallel_tasks.ts";
import { collectGarbage } from "../fixtures/heap.ts";
import { outcomes } from "../fixtures/pools.ts";
import { loopTest } from "../loops/loops.ts";

const square = delayed((x: number) => x * x);
const numbers = (n: number) => Array.from({ length: n }, (_, x) => x);

/** Returns all results, however they are returned. */
async function collect<R>(results: Promise<R[]> | AsyncIterable<R>): Promise<R[]> {
  return Symbol.asyncIterator in results ? await Array.fromAsync(results) : await results;
}

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

loopTest(
  "Parallel() takes no more of an endless list of calls once a call has failed",
  async () => {
    let left = 0;
    function* endless() {
      try {
        for (let at = 0;; at++) yield delayed(failAtFive)(at);
      } finally {
        left++;
      }
    }
    for (const batchSize of ["auto", 1] as const) {
      const run = Parallel({ nJobs: 2, batchSize, preDispatch: "all" });
      await assertRejects(() => run(endless()), RangeError, "five");
    }
    assertEquals(left, 2);
  },
);

loopTest(
  "Parallel() takes no more of an endless list of calls once its signal is aborted",
  async () => {
    const stop = new AbortController();
    function* endless() {
      for (let x = 0;; x++) {
        if (x === 1000) setTimeout(() => stop.abort(new RangeError("enough")), 0);
        yield square(x);
      }
    }
    const run = Parallel({ nJobs: 2, batchSize: 10, preDispatch: "all", signal: stop.signal });
    await assertRejects(() => run(endless()), RangeError, "enough");
  },
);

for (const taken of [0, 1]) {
  loopTest(
    `Parallel() ends the calls of a generator that is dropped after ${taken} results`,
    async () => {
      let isLeft = false;
      function* endless() {
        try {
          for (let x = 0;; x++) yield square(x);
        } finally {
          isLeft = true;
        }
      }
      const dropped = async () => {
        const results = Parallel({ nJobs: 2, returnAs: "generator" })(endless());
        for (let at = 0; at < taken; at++) await results.next();
      };
      await dropped();
      while (!isLeft) await collectGarbage();
    },
  );
}

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

loopTest(
  "Parallel() yields all earlier results before the error of the iterable of calls",
  async () => {
    function* failing() {
      for (const x of numbers(10)) yield square(x);
      throw new SyntaxError("no more");
    }
    async function* failingLater() {
      yield* failing();
    }
    let left = 0;
    function* notACall() {
      try {
        yield* numbers(10).map((x) => square(x));
        yield 5 as never;
      } finally {
        left++;
      }
    }
    for (const nJobs of [1, 2]) {
      for (const batchSize of ["auto", 1, 4] as const) {
        for (const calls of [failing, failingLater, notACall]) {
          const kind = calls === notACall ? TypeError : SyntaxError;
          const text = calls === notACall ? "calls[10] must be delayed(fn)(…), not 5" : "no more";
          await assertRejects(() => Parallel({ nJobs, batchSize })(calls()), kind, text);
          for (const returnAs of ["generator", "generator_unordered"] as const) {
            const found = await outcomes(Parallel({ nJobs, batchSize, returnAs })(calls()));
            assertInstanceOf(found.pop(), kind, text);
            assertEquals(new Set(found), new Set(numbers(10).map((x) => x * x)));
            if (returnAs === "generator") assertEquals(found, numbers(10).map((x) => x * x));
          }
        }
      }
    }
    assertEquals(left, 18);
  },
);

loopTest("Parallel() throws the error of a call at once, whatever calls before it do", async () => {
  for (const returnAs of ["list", "generator", "generator_unordered"] as const) {
    const go = new Event();
    const made = new Value("int32", 0);
    const calls = [
      delayed(untilSet)(0, go),
      delayed(fail)(5),
      ...numbers(50).map(() => delayed(count)(made)),
    ];
    const results = Parallel({ nJobs: 2, batchSize: 1, returnAs })(calls);
    await assertRejects(async () => await collect(results), RangeError, "five");
    const before = made.value;
    go.set();
    assertEquals(await Parallel({ nJobs: 2 })([square(2), square(3)]), [4, 9]);
    assert(made.value <= before + 1, `${made.value - before} calls were made after the error`);
  }
});

loopTest("Parallel() idles no worker because of one slow call", async () => {
  const options = [
    { returnAs: "list" },
    { returnAs: "generator" },
    { returnAs: "generator_unordered" },
    { returnAs: "list", batchSize: 1 },
  ] as const;
  for (const option of options) {
    for (const isList of [true, false]) {
      // From a generator, results that are taken in order must not run ahead without limit.
      if (!isList && option.returnAs === "generator") continue;
      const last = new Event();
      const calls = numbers(40).map((at) => delayed(untilLast)(at, 39, last)); // 0 waits for 39
      const results = Parallel<ReturnAs>({ nJobs: 2, ...option })(isList ? calls : calls.values());
      assertEquals((await collect(results)).toSorted(), numbers(40).toSorted());
    }
  }
});

loopTest(
  "Parallel() makes no more calls once its generator is left, and leaves its input",
  async () => {
    for (const nJobs of [1, 2]) {
      for (const returnAs of ["generator", "generator_unordered"] as const) {
        for (const isStarted of [true, false]) {
          const made = new Value("int32", 0);
          let returned = 0;
          const input: IterableIterator<Delayed<number>> = {
            next: () => ({ done: false, value: delayed(count)(made) }),
            return: () => (returned++, { done: true, value: undefined }),
            [Symbol.iterator]: () => input,
          };
          const results = Parallel({ nJobs, batchSize: 10, preDispatch: 8, returnAs })(input);
          if (isStarted) assertEquals((await results.next()).done, false);
          await results.return();
          assertEquals(await results.next(), { done: true, value: undefined });
          assertEquals(returned, 1);
          await Parallel({ nJobs: 2, batchSize: 1 })([square(1), square(2), square(3)]);
          const { value } = made;
          await Parallel({ nJobs: 2, batchSize: 1 })([square(1), square(2), square(3)]);
          assertEquals(made.value, value);
          assert(value <= 90, `${value} calls were made`); // the window, and the batch that was taken
        }
      }
    }
  },
);

loopTest("Parallel() generators can be disposed, and throw what throw() is given", async () => {
  for (const nJobs of [1, 2]) {
    let left = 0;
    const calls = function* () {
      try {
        for (let x = 0;; x++) yield square(x);
      } finally {
        left++;
      }
    };
    {
      await using results = Parallel({ nJobs, returnAs: "generator" })(calls());
      assertEquals((await results.next()).value, 0);
    }
    assertEquals(left, 1);
    const results = Parallel({ nJobs, returnAs: "generator" })(calls());
    await results.next();
    await assertRejects(() => results.throw(new RangeError("given")), RangeError, "given");
    assertEquals([left, (await results.next()).done], [2, true]);
  }
});

loopTest("Parallel() errors name the function, the call and the caller", async () => {
  for (const nJobs of [1, 2]) {
    for (const batchSize of ["auto", 1, 100] as const) {
      for (const isMixed of [false, true]) {
        const calls = numbers(20).map((at) =>
          isMixed && at % 2 === 0 ? square(at) : delayed(failAtFive)(at)
        );
        const error = await assertRejects(
          () => Parallel({ nJobs, batchSize })(calls),
          RangeError,
          "five",
        );
        const worker = nJobs === 1 ? "MainProcess" : "PoolWorker-\\d+";
        assertMatch(
          error.stack!,
          new RegExp(
            `--- in task failAtFive, call 5, run by ${worker}, called from:\n.*parallel_test\.ts`,
          ),
        );
      }
    }
  }
});

loopTest(
  "Parallel() gives the advice of a pool for a function that uses an outer variable",
  async () => {
    const outside = 5;
    const closure = delayed((x: number) => x + outside);
    for (const calls of [[closure(1)], [square(1), closure(1)]]) {
      await assertRejects(
        () => Parallel({ nJobs: 2, batchSize: 2 })(calls),
        ReferenceError,
        "outside is not defined. A function that is sent as source sees nothing outside itself",
      );
    }
  },
);

loopTest(
  "Parallel() rejects with a WorkerDiedError that names the call, and can be used again",
  async () => {
    const calls = numbers(4).map((at) => delayed(dieAtTwo)(at));
    const error = await assertRejects(
      () => Parallel({ nJobs: 2, batchSize: 1 })(calls),
      WorkerDiedError,
      "exit code 3 while it ran task dieAtTwo, call 2",
    );
    assertStringIncludes(error.stack!, "parallel_test.ts");
    assertEquals(await Parallel({ nJobs: 2 })([square(2)]), [4]);
  },
);

loopTest("Parallel() names the call whose result cannot cross", async () => {
  const odd = delayed((x: number): unknown => x === 7 ? Symbol("odd") : x);
  for (const isMixed of [false, true]) {
    const calls = numbers(20).map((x) => isMixed && x % 2 === 0 ? square(x) : odd(x));
    const error = await assertRejects(
      () => Parallel({ nJobs: 2, batchSize: 20 })(calls),
      MaybeEncodingError,
      "Cannot send back result: a symbol",
    );
    assertMatch(error.stack!, /, call 7, run by PoolWorker-\d+, called from:\n.*parallel_test\.ts/);
  }
});

loopTest("Parallel() ends with the reason of its signal", async () => {
  const reason = new SyntaxError("enough");
  const { stack } = reason;
  for (const nJobs of [1, 2]) {
    for (const returnAs of ["list", "generator", "generator_unordered"] as const) {
      const make = (
        signal: AbortSignal,
        calls: Iterable<Delayed<number>> | AsyncIterable<Delayed<number>>,
      ) => Parallel<ReturnAs>({ nJobs, returnAs, signal })(calls);
      const aborted = AbortSignal.abort(reason);
      await assertRejects(
        async () => await collect(make(aborted, [square(2)])),
        SyntaxError,
        "enough",
      );

      const waiting = new AbortController();
      const never = new Event();
      const outcome = assertRejects(
        async () => await collect(make(waiting.signal, [delayed(untilSetLater)(never)])),
        SyntaxError,
        "enough",
      );
      waiting.abort(reason);
      assertStrictEquals(await outcome, reason);
      assertEquals(reason.stack, stack); // it is not explained: no call has failed
      never.set();

      const { source, asked, left } = stuck([square(1)]);
      const stopped = new AbortController();
      const rest = assertRejects(
        async () => await collect(make(stopped.signal, source)),
        SyntaxError,
        "enough",
      );
      await asked;
      stopped.abort(reason);
      await rest;
      await left;
    }
  }
});

loopTest("Parallel() sends a batch that is not full when a worker is free", async () => {
  const taken: number[] = [];
  let wake = Promise.withResolvers<void>();
  async function* calls() {
    for (let x = 0; x < 50; x++) {
      while (taken.length < x) await wake.promise; // each call needs the result of the one before it
      yield square(x);
    }
  }
  for await (const y of Parallel({ nJobs: 2, returnAs: "generator" })(calls())) {
    taken.push(y);
    wake.resolve();
    wake = Promise.withResolvers();
  }
  assertEquals(taken, numbers(50).map((x) => x * x));
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

loopTest("Parallel() throws a TimeoutError if a call takes longer than timeoutMs", async () => {
  const never = new Event();
  for (const returnAs of ["list", "generator", "generator_unordered"] as const) {
    const calls = [delayed(untilSetLater)(never)];
    const error = await assertRejects(
      async () => await collect(Parallel<ReturnAs>({ nJobs: 2, returnAs, timeoutMs: 50 })(calls)),
      TimeoutError,
      "task untilSetLater, call 0 did not end within 50 ms",
    );
    assertMatch(error.stack!, /--- in task untilSetLater, call 0, run by .*\n.*parallel_test\.ts/);
  }
});

loopTest("Parallel() can be used again after calls that never end", async () => {
  const never = new Event();
  for (const call of [delayed(untilSetLater)(never), delayed(untilSet)(0, never)]) {
    for (let times = 0; times < 3; times++) { // more often than there are workers
      await assertRejects(
        () => Parallel({ nJobs: 2, timeoutMs: 20, batchSize: 1 })([call, square(1)]),
        TimeoutError,
      );
    }
    assertEquals(await Parallel({ nJobs: 2 })([square(2)]), [4]);
    for (let times = 0; times < 3; times++) {
      const results = Parallel({ nJobs: 2, returnAs: "generator", batchSize: 1 })([
        square(3),
        call,
      ]);
      assertEquals((await results.next()).value, 9);
      await results.return();
    }
    assertEquals(await Parallel({ nJobs: 2 })([square(2)]), [4]);
  }
});

loopTest("Parallel() in a worker makes the calls in that isolate", async () => {
  assertEquals(await Parallel({ nJobs: 2 })([delayed(nested)(4)]), [[0, 1, 2, 3]]);
});

loopTest("Parallel() prints progress, and the time left of a list, if verbose", async () => {
  using print = stub(console, "error");
  const lines = () =>
    print.calls.splice(0).map(({ args: [line] }) => line.replace(/\d\.\d s/g, "T"));
  const list = numbers(3).map((x) => square(x));
  await Parallel({ nJobs: 2, verbose: 10, batchSize: 1 })(list);
  assertEquals(lines(), [
    "[Parallel(nJobs=2)]: Done 1 of 3 calls | elapsed: T | left: T",
    "[Parallel(nJobs=2)]: Done 2 of 3 calls | elapsed: T | left: T",
    "[Parallel(nJobs=2)]: Done 3 of 3 calls | elapsed: T",
  ]);
  await Parallel({ nJobs: 1, verbose: 10 })(list.values());
  assertEquals(lines(), [
    "[Parallel(nJobs=1)]: Done 1 calls | elapsed: T",
    "[Parallel(nJobs=1)]: Done 2 calls | elapsed: T",
    "[Parallel(nJobs=1)]: Done 3 calls | elapsed: T",
    "[Parallel(nJobs=1)]: Done 3 of 3 calls | elapsed: T",
  ]);
  await Parallel({ nJobs: 2, verbose: 1, batchSize: 1 })(numbers(9).map((x) => square(x)));
  assertEquals(
    lines().map((line) => /Done \d/.exec(line)?.[0]),
    [1, 2, 4, 8, 9].map((n) => `Done ${n}`),
  );
  await Parallel({ nJobs: 2 })([square(1)]);
  assertEquals(lines(), []);
});

test("the progress of Parallel() prints nothing once the calls are done", () => {
  using print = stub(console, "error");
  const progress = new ProgressPrinter(2, 10, Infinity);
  progress.add(1);
  progress.end();
  assertEquals(print.calls.length, 2);
  progress.end();
  progress.add(1);
  assertEquals(print.calls.length, 2);
});

test("the progress of Parallel() has the time that has passed, and an estimate of what is left", () => {
  let ms = 5000;
  using _now = stub(performance, "now", () => ms);
  using print = stub(console, "error");
  const lines = () =>
    print.calls.splice(0).map(({ args }) => args[0].split(": ").slice(1).join(": "));
  const some = new ProgressPrinter(2, 1, 8);
  ms += 1000;
  some.add(1);
  some.add(0);
  ms += 1000;
  some.add(1);
  some.add(1);
  some.add(1);
  some.add(4);
  assertEquals(lines(), [
    "Done 1 of 8 calls | elapsed: 1.0 s | left: 7.0 s",
    "Done 2 of 8 calls | elapsed: 2.0 s | left: 6.0 s",
    "Done 4 of 8 calls | elapsed: 2.0 s | left: 2.0 s",
  ]);
  some.end();
  assertEquals(lines(), ["Done 8 of 8 calls | elapsed: 2.0 s"]);
  const all = new ProgressPrinter(1, 10, Infinity);
  for (const calls of [3, 1, 1]) all.add(calls);
  all.end();
  assertEquals(
    lines(),
    [3, 4, 5].map((n) => `Done ${n} calls | elapsed: 0.0 s`).concat(
      "Done 5 of 5 calls | elapsed: 0.0 s",
    ),
  );
  const silent = new ProgressPrinter(1, 0, 3);
  silent.add(1);
  silent.end();
  assertEquals(lines(), []);
});

test("effectiveJobs() counts negative numbers down from the number of cores", () => {
  const cores = navigator.hardwareConcurrency;
  assertEquals([1, 3, -1, -1000].map(effectiveJobs), [1, 3, cores, 1]);
  assertEquals(effectiveJobs(-2), Math.max(cores - 1, 1));
  assertThrows(() => effectiveJobs(0), RangeError, "must not be 0");
  assertThrows(() => effectiveJobs(1.5), RangeError, "must be an integer");
});

test("Parallel() throws if an option is out of range", () => {
  const make = (options: unknown) => () => Parallel(options as ParallelOptions<ReturnAs>);
  assertThrows(make({ nJobs: 0 }), RangeError, "nJobs must not be 0");
  assertThrows(make({ batchSize: 0 }), RangeError, "batchSize");
  assertThrows(make({ preDispatch: "n_jobs * 2" }), RangeError, "preDispatch");
  const number = (value: unknown) => typeof value === "number" ? RangeError : TypeError;
  for (const preDispatch of [0, -1, NaN, "5", "2 * cores"]) {
    assertThrows(make({ preDispatch }), RangeError, 'preDispatch must be "all", a number');
  }
  for (const preDispatch of [true, null, {}, 2n]) {
    assertThrows(make({ preDispatch }), TypeError, 'preDispatch must be "all", a number');
  }
  for (const batchSize of [NaN, -1, 1.5, true, null, "all", Infinity]) {
    const text = 'batchSize must be "auto" or an integer of at least 1';
    assertThrows(make({ batchSize }), number(batchSize), text);
  }
  for (const nJobs of [NaN, 1.5, true, "2"]) {
    assertThrows(make({ nJobs }), number(nJobs), "nJobs must be an integer up to 65536, not");
  }
  for (const timeoutMs of [NaN, 0, -1, true, "5", null]) {
    assertThrows(make({ timeoutMs }), number(timeoutMs), "timeoutMs must be ");
  }
  for (const verbose of [NaN, -1, true, "5"]) {
    assertThrows(make({ verbose }), number(verbose), "verbose must be a number of at least 0, not");
  }
  assertThrows(make({ signal: "x" }), TypeError, "signal must be an AbortSignal");
  assertThrows(make({ returnAs: "tuple" }), RangeError, "returnAs");
  assertThrows(() => delayed(5 as never), TypeError, "must be a function, not 5");
});

loopTest("Parallel() names the call and the path to what cannot cross", async () => {
  const run = (calls: Delayed<unknown>[]) => Parallel({ nJobs: 2, batchSize: 3 })(calls);
  const any = delayed((..._: unknown[]) => 1);
  const odd = { key: Symbol("odd") };
  const bound = delayed(Math.max.bind(null));
  const cases: [Delayed<unknown>[], string][] = [
    [[any(0), any(1), any(2), any(3), any(4, odd)], "Cannot send calls[4].args[1].key: a symbol"],
    [[any(0), any(1), any(2), bound(1)], "Cannot send calls[3].fn: a bound function"],
    [[any(0), bound(1)], "Cannot send calls[1].fn: a bound function"],
    [[any(0), square(1), any(2, odd)], "Cannot send calls[2].args[1].key: a symbol"],
  ];
  for (const [calls, text] of cases) await assertRejects(() => run(calls), DataCloneError, text);
  assertEquals(await run([square(2)]), [4]);
});

loopTest("Parallel() rejects unknown options and accepts all known ones", async () => {
  const make = (options: unknown) => () => Parallel(options as ParallelOptions<ReturnAs>);
  const list =
    "There are nJobs, batchSize, preDispatch, returnAs, timeoutMs, signal, verbose, onProgress";
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
    signal: new AbortController().signal,
    onProgress() {},
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

test("BatchSizer keeps the size of batches that take 0.2 or 2 seconds, and one call", () => {
  const [least, most, single] = [new BatchSizer(), new BatchSizer(), new BatchSizer()];
  least.measured(1, 200);
  most.measured(1, 100);
  most.measured(2, 2000);
  single.measured(1, 1e6);
  const smoothed = new BatchSizer();
  smoothed.measured(1, 100);
  smoothed.measured(2, 1000);
  smoothed.measured(2, 5900); // a fifth of it counts
  assertEquals(smoothed.size, 2);
  smoothed.measured(2, 5900);
  assertEquals(smoothed.size, 1);
  assertEquals([least.size, most.size, single.size], [1, 2, 1]);
});
