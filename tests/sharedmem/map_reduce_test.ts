import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  ClosedError,
  DataCloneError,
  Event,
  Queue,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import {
  background,
  distribute,
  MapReduce,
  StopProcessGroup,
  WorkerException,
  type WorkTools,
} from "@sauropod/multiprocessing/sharedmem";
import {
  dieAtTen,
  dieWithTurns,
  failAtFive,
  failBeforeTurn,
  nameOnceBothAreHere,
  pointOf,
  stopAtOnce,
  stopBeforePassing,
  stopFirst,
  waitOrFail,
} from "../fixtures/map_reduce_tasks.ts";
import { countLevels } from "../../lib/threading/nesting.ts";
import { test } from "../fixtures/guarded.ts";
import { shared } from "../loops/loops.ts";

test("MapReduce.map() returns results in the order of the sequence", async () => {
  await using pool = new MapReduce({ np: 3 });
  for (const n of [0, 1, 2, 100, 500]) {
    const results = await pool.map((i: number) => i * i, Array(n).keys());
    assertEquals(results, Array.from({ length: n }, (_, i) => i * i));
  }
});

test("MapReduce.map() awaits promises of the work", async () => {
  await using pool = new MapReduce({ np: 2 });
  assertEquals(await pool.map((i: number) => Promise.resolve(-i), [1, 2, 3]), [-1, -2, -3]);
});

test("MapReduce.map() calls reduce once for each result, and returns its return values", async () => {
  await using pool = new MapReduce({ np: 2 });
  let sum = 0;
  const results = await pool.map((i: number) => i, Array(100).keys(), {
    reduce: (i) => {
      sum += i;
      return `${i}`;
    },
  });
  assertEquals(sum, 4950);
  assertEquals(results, Array.from({ length: 100 }, (_, i) => `${i}`));
});

test("MapReduce.critical admits one worker at a time", async () => {
  const counter = shared(1);
  await using pool = new MapReduce({ np: 4 });
  await pool.map(
    (i: number, { critical, context: { counter } }) => {
      using _ = critical.acquireSync();
      const before = counter[0];
      for (let spin = 0; spin < 1000; spin++) Math.sqrt(spin);
      counter[0] = before + i;
    },
    Array(200).keys(),
    { context: { counter } },
  );
  assertEquals(counter[0], 19900);
});

for (const way of ["blocking", "async"]) {
  test(`MapReduce's ordered section admits items in order, ${way}`, async () => {
    const log = shared(201);
    const work = way === "blocking"
      ? (i: number, { ordered, context: { log } }: Tools) => {
        for (let spin = (i * 7919) % 5000; spin > 0; spin--) Math.sqrt(spin);
        using _ = ordered.enterSync();
        log[1 + log[0]++] = i;
      }
      : async (i: number, { ordered, context: { log } }: Tools) => {
        using _ = await ordered.enter();
        log[1 + log[0]++] = i;
      };
    await using pool = new MapReduce({ np: 4 });
    await pool.map(work, Array(200).keys(), { context: { log } });
    assertEquals([...log], [200, ...Array(200).keys()]);
  });
}

type Tools = import("@sauropod/multiprocessing/sharedmem").WorkTools<{ log: Float64Array }>;

test("MapReduce's ordered section may be skipped by some items", async () => {
  const log = shared(201);
  await using pool = new MapReduce({ np: 3 });
  await pool.map(
    (i: number, { ordered, context: { log } }) => {
      if (i % 3 !== 0) return;
      using _ = ordered.enterSync();
      log[1 + log[0]++] = i;
    },
    Array(100).keys(),
    { context: { log } },
  );
  const passed = [...log.subarray(1, 1 + log[0])];
  assertEquals(passed, [...Array(100).keys()].filter((i) => i % 3 === 0));
});

test("MapReduce's workers have ranks from 0, and all take items", async () => {
  await using pool = new MapReduce({ np: 3 });
  // Each waits until all three work: one worker alone would wait forever.
  const here = [new Event(), new Event(), new Event()];
  const ranks = await pool.map(
    (_: number, { rank, np, context: { here } }) => {
      here[rank].set();
      for (const event of here) event.waitSync({ timeoutMs: 30_000 });
      return [rank, np];
    },
    Array(30).keys(),
    { context: { here } },
  );
  assertEquals(new Set(ranks.map(([rank]) => rank)), new Set([0, 1, 2]));
  assert(ranks.every(([, np]) => np === 3));
});

test("MapReduce with np 0 runs a plain loop that rethrows errors unchanged", async () => {
  await using pool = new MapReduce({ np: 0 });
  let calls = 0;
  const results = await pool.map((i: number, { rank, np, ordered, critical }) => {
    using _ = critical.acquireSync();
    using _turn = ordered.enterSync();
    calls++;
    return [i, rank, np];
  }, [7, 8]);
  assertEquals([calls, results], [2, [[7, 0, 0], [8, 0, 0]]]);
  const error = new RangeError("raw");
  const thrown = await assertRejects(
    () =>
      pool.map(() => {
        throw error;
      }, [1]),
    RangeError,
  );
  assertEquals(thrown, error);
});

test("MapReduce.map() runs in the caller if there are fewer than minLength items", async () => {
  await using pool = new MapReduce({ np: 2 });
  let calls = 0;
  await pool.map(() => calls++, [1, 2, 3], { minLength: 4 });
  assertEquals(calls, 3);
});

test("MapReduce.map() rejects with a WorkerException that has the error of the work", async () => {
  await using pool = new MapReduce({ np: 2 });
  const error = await assertRejects(
    () =>
      pool.map((i: number) => {
        if (i === 5) throw new RangeError("bad item");
        return i;
      }, Array(1000).keys()),
    WorkerException,
    "RangeError: bad item",
  );
  assert(error.reason instanceof RangeError);
  assertStringIncludes(error.traceback, "bad item");
  assertEquals(await pool.map((i: number) => i, [1]), [1]); // still usable
});

test("MapReduce.map() errors name the work, the item and the caller", async () => {
  await using pool = new MapReduce({ np: 2 });
  const error = await assertRejects(
    () => pool.map(failAtFive, Array(1000).keys()),
    WorkerException,
    "The work of failAtFive failed at item 5: RangeError: five",
  );
  assertMatch(
    error.traceback,
    /--- in task failAtFive, item 5, run by PoolWorker-\d+, called from:\n.*map_reduce_test\.ts/,
  );
  const dead = await assertRejects(
    () => pool.map(dieAtTen, Array(100).keys()),
    WorkerException,
    "failed at item 10: WorkerDiedError: ",
  );
  assert(dead.reason instanceof WorkerDiedError);
});

test("MapReduce.map() gives the advice of a pool for work that uses an outer variable", async () => {
  await using pool = new MapReduce({ np: 1 });
  const outside = 5;
  await assertRejects(
    () => pool.map((x: number) => x + outside, [1]),
    WorkerException,
    "outside is not defined. A function that is sent as source sees nothing outside itself",
  );
  await assertRejects(
    () => pool.map(Math.abs.bind(null), [1]),
    DataCloneError,
    "Cannot send work: a bound function",
  );
  await assertRejects(
    () => pool.map((x: number) => x, [1], { context: { odd: Symbol("odd") } }),
    DataCloneError,
    "Cannot send context.odd: a symbol",
  );
  await assertRejects(
    () => pool.map((_: number): unknown => Symbol("odd"), [1]),
    WorkerException,
    "DataCloneError: Cannot send the result: a symbol",
  );
});

test("MapReduce.map() rejects at once if an item fails while another one never ends", async () => {
  await using pool = new MapReduce({ np: 2 });
  const [begun, go] = [new Event(), new Event()];
  const context = { begun, go };
  await assertRejects(
    () => pool.map(waitOrFail, [0, 1], { context }),
    WorkerException,
    "failed at item 1: RangeError: one",
  );
  assertEquals(await pool.map((i: number) => i, [7]), [7]); // by the other worker
  go.set();
});

test("MapReduce.map() ends with the reason of its signal", async () => {
  const reason = new SyntaxError("enough");
  for (const np of [0, 2]) {
    await using pool = new MapReduce({ np });
    const aborted = { signal: AbortSignal.abort(reason) };
    await assertRejects(() => pool.map((i: number) => i, [1], aborted), SyntaxError, "enough");
    const [begun, go] = [new Event(), new Event()];
    const controller = new AbortController();
    const options = { context: { begun, go }, signal: controller.signal };
    const outcome = assertRejects(
      () => pool.map(waitOrFail, [0, 0], options),
      SyntaxError,
      "enough",
    );
    await begun.wait();
    controller.abort(reason);
    await outcome;
    go.set();
    assertEquals(await pool.map((i: number) => i, [7]), [7]);
  }
});

test("MapReduce.map() rejects when a worker dies, also inside the ordered section", async () => {
  await using pool = new MapReduce({ np: 3 });
  const error = await assertRejects(() => pool.map(dieAtTen, Array(100).keys()), WorkerException);
  assert(error.reason instanceof WorkerDiedError);
  assertEquals((error.reason as WorkerDiedError).exitCode, 9);
  assertEquals(await pool.map((i: number) => i, [1, 2]), [1, 2]);
});

test("MapReduce.map() names the first item if its worker dies there", async () => {
  await using pool = new MapReduce({ np: 1 });
  const dies = () => Deno.exit(4);
  await assertRejects(() => pool.map(dies, [1, 2]), WorkerException, "of dies failed at item 0: ");
});

test("MapReduce.map() takes no result after its signal is aborted, though some have arrived", async () => {
  await using pool = new MapReduce({ np: 1 });
  const isThird = new Event();
  const reason = new SyntaxError("enough");
  const stop = new AbortController();
  const taken: number[] = [];
  const work = (i: number, { context: { isThird } }: WorkTools<{ isThird: Event }>) => {
    if (i === 2) isThird.set();
    return i;
  };
  const reduce = (i: number) => {
    taken.push(i);
    isThird.waitSync(); // then the second result has arrived already
    stop.abort(reason);
  };
  const options = { context: { isThird }, reduce, signal: stop.signal };
  assertStrictEquals(await assertRejects(() => pool.map(work, [0, 1, 2], options)), reason);
  assertEquals(taken, [0]);
});

test("MapReduce.map() that has failed keeps the workers that waited for their turn", async () => {
  await using pool = new MapReduce({ np: 2 });
  const names = async () => {
    const here = [new Event(), new Event()];
    return new Set(await pool.map(nameOnceBothAreHere, [0, 1], { context: { here } }));
  };
  const before = await names();
  const begun = new Event();
  await assertRejects(
    () => pool.map(failBeforeTurn, [0, 1], { context: { begun } }),
    WorkerException,
    "failed at item 0: RangeError: zero",
  );
  assertEquals(await names(), before);
});

test("MapReduce.map() continues when a worker stops, and rejects when all have stopped", async () => {
  await using pool = new MapReduce({ np: 2 });
  const taken = shared(1);
  const error = await assertRejects(
    () => pool.map(stopAtOnce, Array(10).keys()),
    WorkerException,
    "all workers have stopped",
  );
  assert(error.reason instanceof StopProcessGroup);
  // The item of the worker that stops is lost, so the map never completes, and ends with the workers.
  await assertRejects(
    () => pool.map(stopFirst, Array(10).keys(), { context: { taken } }),
    WorkerException,
  );
  assertEquals(taken[0], 9); // the other worker ran all other items
});

test("MapReduce.map() lets other items pass when a worker stops before its turn", async () => {
  await using pool = new MapReduce({ np: 2 });
  const taken = shared(1);
  await assertRejects(
    () => pool.map(stopBeforePassing, Array(10).keys(), { context: { taken } }),
    WorkerException,
    "all workers have stopped",
  );
  assertEquals(taken[0], 9);
});

test("MapReduce.map() rejects when a worker dies holding the lock of the ordered section", async () => {
  await using pool = new MapReduce({ np: 2 });
  const [isBlocked, isTaken, hasPassed] = [new Event(), new Event(), new Event()];
  const error = await assertRejects(
    () =>
      pool.map(dieWithTurns, [0, 1, 2, 3], {
        context: { isBlocked, isTaken, hasPassed },
        reduce: (i) => { // blocks, so that the other worker acquires the lock of the dead one
          if (i !== 0) return;
          isBlocked.set();
          hasPassed.waitSync();
        },
      }),
    WorkerException,
  );
  assert(error.reason instanceof WorkerDiedError);
  assertEquals(await pool.map((i: number) => i, [1, 2]), [1, 2]);
});

test("MapReduce.map() rejects if an item cannot cross", async () => {
  await using pool = new MapReduce({ np: 2 });
  const items: unknown[] = [...Array(100).keys(), Symbol("here")];
  await assertRejects(
    () => pool.map((item: unknown) => item, items),
    DataCloneError,
    "Cannot send items[100]: a symbol",
  );
  assertEquals(await pool.map((i: number) => i, [1]), [1]); // still usable
});

test("MapReduce.map() rejects with a ClosedError of the work", async () => {
  await using pool = new MapReduce({ np: 2 });
  const closed = new Queue<number>();
  closed.close();
  const error = await assertRejects(
    () =>
      pool.map((_: number, { context: { closed } }) => closed.getSync(), [1, 2], {
        context: { closed },
      }),
    WorkerException,
  );
  assert(error.reason instanceof ClosedError);
});

test("MapReduce.map() imports the modules of the classes of items and results", async () => {
  await using pool = new MapReduce({ np: 1 });
  const url = new URL("../fixtures/only_in_workers.ts?item", import.meta.url).href;
  const { Point } = await import(url) as typeof import("../fixtures/only_in_workers.ts");
  assertEquals(await pool.map((point) => point.sum(), [new Point(1, 2), new Point(3, 4)]), [3, 7]);
  const isThird = new Event();
  const sums = await pool.map(pointOf, [0, 1, 2], {
    context: { isThird },
    reduce: (point) => {
      isThird.waitSync(); // then the second result has arrived already
      return point.sum();
    },
  });
  assertEquals(sums, [0, 2, 4]);
});

test("MapReduce.map() rejects with the error that reduce throws", async () => {
  await using pool = new MapReduce({ np: 2 });
  const error = new SyntaxError("in reduce");
  const thrown = await assertRejects(
    () =>
      pool.map((i: number) => i, Array(500).keys(), {
        reduce: () => {
          throw error;
        },
      }),
    SyntaxError,
  );
  assertEquals(thrown, error);
});

test("MapReduce() and map() throw if an argument is invalid", async () => {
  for (const np of [-1, 1.5, NaN, 2 ** 33]) {
    assertThrows(() => new MapReduce({ np }), RangeError, `from 0 to 65536, not ${np}`);
  }
  await using pool = new MapReduce({ np: 1 });
  await assertRejects(() => pool.map("x" as never, [1]), TypeError, "work must be a function");
  const identity = (i: number) => i;
  for (const sequence of [5, null, undefined, {}, identity]) {
    await assertRejects(
      () => pool.map(identity, sequence as never),
      TypeError,
      "sequence must be an array or another iterable, not ",
    );
  }
  for (const context of [5, null, "x"]) {
    const options = { context: context as never };
    await assertRejects(
      () => pool.map(identity, [1], options),
      TypeError,
      "context must be an object",
    );
  }
  for (const minLength of [NaN, -1, true, "5"]) {
    const options = { minLength: minLength as never };
    await assertRejects(
      () => pool.map(identity, [1], options),
      typeof minLength === "number" ? RangeError : TypeError,
      "minLength must be a number",
    );
  }
});

test("MapReduce() and map() reject unknown options and accept all known ones", async () => {
  const make = (options: unknown) => () => new MapReduce(options as { np?: number });
  const text = "Cannot make workers: there is no option nJobs. There is np";
  assertThrows(make({ nJobs: 2 }), TypeError, text);
  assertThrows(make(2), TypeError, "such as { np: … }, not 2");
  await using pool = new MapReduce({ np: 0 });
  const map = (options: object) => () => pool.map((x: number) => x + 1, [1], options);
  const list = "There are reduce, context, minLength, signal";
  await assertRejects(map({ ctx: {} }), TypeError, `there is no option ctx. ${list}`);
  await assertRejects(map({ min_length: 3 }), TypeError, "Write minLength");
  assertEquals(await map({ reduce: (x: number) => x * 2, context: {}, minLength: 3 })(), [4]);
});

test("background() returns the result of the function, or throws its error", async () => {
  assertEquals(await background((a: number, b: number) => a + b, 2, 3).wait(), 5);
  const failing = background(() => {
    throw new TypeError("no");
  });
  const error = await assertRejects(() => failing.wait(), WorkerException, "TypeError: no");
  assert(error.reason instanceof TypeError);
});

test("distribute() returns slices of equal length", () => {
  assertEquals(distribute(100, 4), [[0, 25], [25, 50], [50, 75], [75, 100]]);
  assertEquals(distribute(10, 4), [[0, 3], [3, 6], [6, 9], [9, 10]]);
  assertEquals(distribute(2, 4), [[0, 1], [1, 2]]);
  assertEquals(distribute(0, 4), []);
  assertThrows(() => distribute(-1, 4), RangeError, "nItems");
  assertThrows(() => distribute(1.5, 4), RangeError, "nItems");
  assertThrows(() => distribute(10, 0), RangeError, "nProcs");
});

test("MapReduce.map() throws the reason of a signal that is aborted before, and reads no items", async () => {
  let reads = 0;
  function* items() {
    reads++;
    yield* [] as number[];
  }
  for (const np of [0, 1]) {
    await using pool = new MapReduce({ np });
    for (const sequence of [items(), [], [1]]) {
      const signal = AbortSignal.abort(new RangeError("enough"));
      await assertRejects(() => pool.map(Math.abs, sequence, { signal }), RangeError, "enough");
    }
  }
  assertEquals(reads, 0);
});

test("MapReduce.map() in the caller ends its level, also if it fails", async () => {
  await using pool = new MapReduce({ np: 0 });
  const before = countLevels();
  assertEquals(await pool.map(countLevels, [1, 2]), [before + 1, before + 1]);
  const fails = () => {
    throw new RangeError("no");
  };
  await assertRejects(() => pool.map(fails, [1]), RangeError, "no");
  assertEquals(countLevels(), before);
});
