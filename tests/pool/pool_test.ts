import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Barrier,
  CancelledError,
  ClosedError,
  DataCloneError,
  Event,
  getContext,
  InitializerError,
  Lock,
  MaybeEncodingError,
  Pool,
  type PoolOptions,
  type Progress,
  Queue,
  TaskLookupError,
  tasksOf,
  TerminatedError,
  ThreadPool,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

const guard = { timeoutMs: GUARD_MS };
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);
const squares = (n: number) => upTo(n).map((x) => x * x);

/** What an async iteration gives, errors included. */
async function outcomes(iterator: AsyncIterator<unknown>): Promise<unknown[]> {
  const found = [];
  for (;;) {
    try {
      const { done, value } = await iterator.next();
      if (done) return found;
      found.push(value);
    } catch (error) {
      found.push(error);
    }
  }
}

/** A test of what pools of either kind promise: `Pool` is one, then the other. */
function testEach(name: string, fn: (kind: typeof Pool) => void | Promise<void>): void {
  test(name, () => fn(Pool));
  const threads = name.includes("Pool")
    ? name.replaceAll("Pool", "ThreadPool")
    : `${name}, threads`;
  test(threads, () => fn(ThreadPool as typeof Pool));
}

// Construction

test("new Pool() rejects what is no number of processes, limit or initializer", () => {
  const make = (options: unknown) => () => new Pool(options as PoolOptions);
  for (const processes of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(make({ processes }), RangeError, `at least 1, not ${processes}`);
  }
  assertThrows(make({ processes: "2" }), RangeError, 'at least 1, not "2"');
  assertThrows(make(0), RangeError, "processes must be an integer");
  for (const maxTasksPerChild of [0, -1, 0.5, "12"]) {
    assertThrows(make({ maxTasksPerChild }), RangeError, "maxTasksPerChild must be an integer");
  }
  assertThrows(make({ initializer: "f" }), TypeError, "initializer must be a function, not string");
  assertThrows(make({ startMethod: "fork" }), RangeError, "fork");
});

testEach("new Pool() refuses what is no option, no options or no arguments", (Pool) => {
  const make = (options: unknown) => () => new Pool(options as PoolOptions);
  const list = "There are processes, initializer, initargs";
  assertThrows(make({ proceses: 1 }), TypeError, `Cannot make pool: there is no option proceses`);
  assertThrows(make({ maxWorkers: 2 }), TypeError, `there is no option maxWorkers. ${list}`);
  assertThrows(make({ init_args: [1] }), TypeError, "Write initargs");
  for (const [options, shown] of [["4", '"4"'], [null, "null"], [() => {}, "a function"]]) {
    const text = `options must be an object, such as { processes: … }, not ${shown}`;
    assertThrows(make(options), TypeError, text);
  }
  const text = "Cannot make pool: initargs must be an array. For one argument write initargs: [x]";
  assertThrows(make({ initializer: () => {}, initargs: 5 }), TypeError, text);
});

test("new Pool() takes all its options, in every context", async () => {
  const all: Required<PoolOptions> = {
    processes: 2,
    initializer: () => {},
    initargs: [],
    maxTasksPerChild: 2,
    startMethod: "spawn",
  };
  const { Pool: Warm } = getContext("forkserver");
  await using cold = new Pool(all);
  await using warm = new Warm(all);
  assertEquals([cold.processes, warm.processes], [2, 2]);
  assertThrows(() => new Warm("4" as never), TypeError, 'not "4"');
  assertThrows(() => new Warm({ proceses: 1 } as object), TypeError, "no option proceses");
  assertThrows(() => new Pool({ maxtasksperchild: 1 } as object), TypeError, "maxTasksPerChild");
});

testEach("Pool.processes is what was asked for, and all cores if nothing was", (Pool) => {
  assertEquals(new Pool(3).processes, 3);
  assertEquals(new Pool({ processes: 5 }).processes, 5);
  assertEquals(new Pool().processes, navigator.hardwareConcurrency);
});

// Calls

testEach("Pool.apply(), applySync() and applyAsync() give the result of one call", async (Pool) => {
  await using pool = new Pool(2);
  assertEquals(await pool.apply(Math.max, [1, 3, 2]), 3);
  assertEquals(await pool.apply(() => "nothing"), "nothing");
  assertEquals(pool.applySync(Math.max, [1, 3, 2]), 3);
  assertEquals(await pool.applyAsync(square, [7]), 49);
  assertEquals(await pool.apply(tasks.squareLater, [4]), 16);
});

testEach("Pool's calls refuse what is no option, and say how to limit their time", async (Pool) => {
  await using pool = new Pool(1);
  const call = async (name: string, options: unknown) => {
    const method: unknown = Reflect.get(pool, name);
    const items = name.startsWith("starmap") ? [[4]] : [4];
    return await Reflect.apply(method as () => unknown, pool, [square, items, options]);
  };
  const signal = "For a time limit write signal: AbortSignal.timeout(ms)";
  const later = `${signal}, or wait for the result by get({ timeoutMs: ms })`;
  const blocking = `${signal}, and await the call that is not named …Sync`;
  const chunks = "chunkSize, signal, onProgress";
  const calls: [names: string, list: string, advice: string][] = [
    ["apply", "There is signal", signal],
    ["applyAsync", "There are callback, errorCallback, signal", later],
    ["map starmap", `There are ${chunks}`, signal],
    ["mapSync starmapSync", `There are ${chunks}`, blocking],
    ["mapAsync starmapAsync", `There are ${chunks}, callback, errorCallback`, later],
    ["imap imapUnordered", "There are chunkSize, signal", signal],
  ];
  for (const [names, list, advice] of calls) {
    for (const name of names.split(" ")) {
      const verb = name.startsWith("apply") ? "apply" : "map";
      const refuses = async (options: unknown, text: string) => {
        await assertRejects(() => call(name, options), TypeError, `Cannot ${verb}: ${text}`);
      };
      await refuses({ timeoutMs: 50 }, `there is no option timeoutMs. ${list}. ${advice}`);
      await refuses({ timeout: 50 }, `there is no option timeout. ${list}. ${advice}`);
      await refuses({ other: 1 }, `there is no option other. ${list}`);
      await refuses(2, "options must be an object");
      await refuses(null, "options must be an object");
    }
  }
  for (const name of ["map", "imap", "starmapAsync"]) {
    await assertRejects(() => call(name, { chunksize: 2 }), TypeError, "Write chunkSize");
  }
  for (const name of ["applyAsync", "mapAsync"]) {
    await assertRejects(() => call(name, { error_callback() {} }), TypeError, "errorCallback");
  }
});

testEach("Pool's calls refuse what is no function or signal, and do nothing then", async (Pool) => {
  await using pool = new Pool(1);
  const queue = new Queue<number>();
  const call = async (name: string, options: unknown) => {
    const method: unknown = Reflect.get(pool, name);
    const args = name.startsWith("apply") ? [queue, 1] : [[queue, 1]];
    return await Reflect.apply(method as () => unknown, pool, [tasks.put, args, options]);
  };
  const refuses = async (name: string, options: object, text: string) => {
    await assertRejects(() => call(name, options), TypeError, text);
  };
  const signal = new AbortController();
  const text = "options.signal must be an AbortSignal, not an object of class AbortController";
  for (
    const name of [
      ...["apply", "applyAsync", "starmap", "starmapSync", "starmapAsync", "map", "mapAsync"],
      ...["mapSync", "imap", "imapUnordered"],
    ]
  ) {
    await refuses(name, { signal }, text);
  }
  for (const name of ["applyAsync", "starmapAsync", "mapAsync"]) {
    await refuses(name, { callback: 5 }, "options.callback must be a function, not 5");
    await refuses(name, { errorCallback: null }, "options.errorCallback must be a function");
  }
  for (const name of ["starmap", "starmapSync", "starmapAsync"]) {
    await refuses(name, { onProgress: "x" }, 'options.onProgress must be a function, not "x"');
  }
  await pool.apply(square, [1]);
  assert(queue.empty());
});

testEach("Pool's calls take all their options", async (Pool) => {
  await using pool = new Pool(1);
  const { signal } = new AbortController();
  const later = { signal, callback() {}, errorCallback() {} };
  const many = { signal, chunkSize: 2, onProgress() {} };
  assertEquals(await pool.apply(square, [4], { signal }), 16);
  assertEquals(await pool.applyAsync(square, [4], later), 16);
  assertEquals(await pool.map(square, [4], many), [16]);
  assertEquals(await pool.starmap(square, [[4]], many), [16]);
  assertEquals(pool.mapSync(square, [4], many), [16]);
  assertEquals(pool.starmapSync(square, [[4]], many), [16]);
  assertEquals(await pool.mapAsync(square, [4], { ...many, ...later }), [16]);
  assertEquals(await pool.starmapAsync(square, [[4]], { ...many, ...later }), [16]);
  for (const imap of [pool.imap, pool.imapUnordered]) {
    const results = imap.call(pool, square as never, [4], { signal, chunkSize: 2 });
    assertEquals(await Array.fromAsync(results), [16]);
  }
});

testEach("Pool.map(), mapSync() and mapAsync() give the results in order", async (Pool) => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(square, upTo(10)), squares(10));
  assertEquals(await pool.map(square, upTo(100), { chunkSize: 20 }), squares(100));
  assertEquals(await pool.map(tasks.squareLater, upTo(10)), squares(10));
  assertEquals(pool.mapSync(square, upTo(10)), squares(10));
  assertEquals(pool.mapSync(square, upTo(100), { chunkSize: 7 }), squares(100));
  assertEquals(await pool.mapAsync(square, upTo(10)), squares(10));
  assertEquals(await pool.mapAsync(square, upTo(10), { chunkSize: 1 }).get(guard), squares(10));
});

test("Pool tasks that are generators fail, and the error says what to do instead", async () => {
  await using pool = new Pool(1);
  const message =
    "cannot cross: collect it first, with await Array.fromAsync(it), or put the items";
  await assertRejects(
    () =>
      pool.apply(async function* () {
        yield await 1;
      }),
    MaybeEncodingError,
    `Cannot send back result: an AsyncGenerator ${message}`,
  );
  await assertRejects(
    () =>
      pool.map(function* (x: number) {
        yield x;
      }, [1]),
    MaybeEncodingError,
    `a Generator ${message}`,
  );
});

test("Pool.applySync() and mapSync() wait for what tasks promise", async () => {
  await using pool = new Pool(2);
  assertEquals(pool.applySync(tasks.squareLater, [4]), 16);
  assertEquals(pool.mapSync(tasks.squareLater, upTo(10)), squares(10));
});

testEach("Pool.starmap(), starmapSync() and starmapAsync() spread the items", async (Pool) => {
  await using pool = new Pool(2);
  const items: [number, number][] = [[2, 3], [3, 2], [5, 0]];
  assertEquals(await pool.starmap(Math.pow, items), [8, 9, 1]);
  assertEquals(await pool.starmap(Math.pow, items, { chunkSize: 2 }), [8, 9, 1]);
  assertEquals(pool.starmapSync(Math.pow, items), [8, 9, 1]);
  assertEquals(await pool.starmapAsync(Math.pow, items), [8, 9, 1]);
});

testEach(
  "Pool.starmap() of an item that cannot be spread fails as the call would",
  async (Pool) => {
    await using pool = new Pool(1);
    await assertRejects(
      () => pool.starmap(Math.pow, [5 as unknown as [number, number]]),
      TypeError,
    );
    assertEquals(await pool.apply(square, [3]), 9);
  },
);

testEach("Pool.imap() and imapUnordered() give every result, the first in order", async (Pool) => {
  await using pool = new Pool(2);
  for (const chunkSize of [undefined, 1, 3, 100]) {
    const given = await Array.fromAsync(pool.imap(square, upTo(50), { chunkSize }));
    assertEquals(given, squares(50));
    const unordered = await Array.fromAsync(pool.imapUnordered(square, upTo(50), { chunkSize }));
    assertEquals(unordered.sort((a, b) => a - b), squares(50));
  }
});

testEach(
  "Pool.imap() of a thousand items in chunks of a hundred keeps their order",
  async (Pool) => {
    await using pool = new Pool(2);
    assertEquals(
      await Array.fromAsync(pool.imap(square, upTo(1000), { chunkSize: 100 })),
      squares(1000),
    );
  },
);

testEach("Pool of more workers than cores works", async (Pool) => {
  await using pool = new Pool(12);
  assertEquals(await pool.map(square, upTo(500)), squares(500));
  assertEquals(pool.mapSync(square, upTo(500)), squares(500));
});

testEach("Pool calls on nothing give nothing", async (Pool) => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(square, []), []);
  assertEquals(await pool.map(square, [], { chunkSize: 1 }), []);
  assertEquals(pool.mapSync(square, []), []);
  assertEquals(await pool.mapAsync(square, []).get(guard), []);
  assertEquals(await pool.starmap(Math.pow, []), []);
  assertEquals(await Array.fromAsync(pool.imap(square, [])), []);
  assertEquals(await Array.fromAsync(pool.imapUnordered(square, [])), []);
});

testEach("Pool.map() takes generators, sets, strings and typed arrays", async (Pool) => {
  await using pool = new Pool(2);
  function* generate() {
    yield* [1, 2, 3];
  }
  assertEquals(await pool.map(square, generate()), [1, 4, 9]);
  assertEquals(pool.mapSync(square, generate()), [1, 4, 9]);
  assertEquals(await pool.map(square, new Set([1, 2])), [1, 4]);
  assertEquals(await pool.map((c: string) => c + c, "abc"), ["aa", "bb", "cc"]);
  for (const array of [Float64Array.of(1.5, 2), Int32Array.of(-3, 4), Uint8Array.of(255, 2)]) {
    const expected = [...array].map((x) => x * x);
    assertEquals(await pool.map(square, array), expected);
    assertEquals(await pool.map(square, array, { chunkSize: 1 }), expected);
    assertEquals(pool.mapSync(square, array), expected);
    assertEquals(await Array.fromAsync(pool.imap(square, array)), expected);
  }
  const long = Float64Array.from(upTo(1000));
  assertEquals(await pool.map(square, long), squares(1000));
});

testEach("Pool.map() of values of every kind gives them back", async (Pool) => {
  await using pool = new Pool(2);
  const values = [
    ...[1, -0, NaN, 2 ** 40, "text", "", "ü\u{1F600}", true, null, undefined, 12n, [1, [2]]],
    ...[{ a: { b: [] } }, new Map([[1, new Set(["x"])]]), new Date(7), /x/gi, Uint8Array.of(1, 2)],
    ...[new RangeError("sent"), Float64Array.of(1.5)],
  ];
  assertEquals(await pool.map((value: unknown) => value, values, { chunkSize: 1 }), values);
  assertEquals(await pool.map((value: unknown) => value, values, { chunkSize: 5 }), values);
  assertEquals(pool.mapSync((value: unknown) => value, values), values);
});

test("Pool carries large arguments and results", async () => {
  await using pool = new Pool(2);
  const large = Float64Array.from({ length: 500_000 }, (_, at) => at);
  const double = (a: Float64Array) => a.map((x) => 2 * x);
  const doubled = await pool.map(double, [large, large, large], { chunkSize: 1 });
  for (const result of doubled) assertEquals([result.length, result[499_999]], [500_000, 999_998]);
  const text = "x".repeat(3_000_000);
  assertEquals((await pool.apply((text: string) => text + "y", [text])).length, 3_000_001);
});

testEach("Pool carries handles in arguments and results", async (Pool) => {
  await using pool = new Pool(2);
  const queue = new Queue<number>();
  await pool.starmap(tasks.put<number>, upTo(10).map((x) => [queue, x] as const));
  assertEquals(upTo(10).map(() => queue.getSync(guard)).sort(), upTo(10));
  const { lock, event } = await pool.apply(tasks.makeHandles);
  assertInstanceOf(lock, Lock);
  using _held = lock.acquireSync(guard);
  assertEquals(event.isSet(), false);
});

testEach("Pool rejects what is no function, items or arguments", async (Pool) => {
  await using pool = new Pool(1);
  const any = (value: unknown) => value as never;
  await assertRejects(() => pool.map(any("f"), [1]), TypeError, "fn must be a function");
  await assertRejects(() => pool.apply(any(null)), TypeError, "fn must be a function");
  await assertRejects(() => pool.apply(square, any(5)), TypeError, "args must be an array");
  for (const items of [5, null, undefined, {}, (async function* () {})()]) {
    await assertRejects(() => pool.map(square, any(items)), TypeError, "items must be iterable");
  }
  assertThrows(() => pool.mapSync(square, any(5)), TypeError, "items must be iterable");
  assertThrows(() => pool.imap(square, any(5)), TypeError, "items must be iterable");
});

// Chunks

testEach("Pool.map() makes four chunks for each worker, as onProgress tells", async (Pool) => {
  await using pool = new Pool(2);
  for (const [items, chunks] of [[100, 8], [17, 6], [8, 8], [3, 3], [1, 1], [0, 0]]) {
    const seen: Progress[] = [];
    await pool.map(square, upTo(items), { onProgress: (progress) => seen.push(progress) });
    assertEquals(seen.length, chunks, `${items} items`);
    assertEquals(
      seen.map(({ done }) => done),
      seen.map(({ done }) => done).toSorted((a, b) => a - b),
    );
    if (chunks > 0) assertEquals(seen.at(-1), { done: items, total: items });
  }
});

testEach("Pool.map() makes chunks of chunkSize, as onProgress tells", async (Pool) => {
  await using pool = new Pool(2);
  const seen: number[] = [];
  const onProgress = ({ done }: Progress) => seen.push(done);
  await pool.map(square, upTo(10), { chunkSize: 5, onProgress });
  assertEquals(seen, [5, 10]);
  seen.length = 0;
  pool.mapSync(square, upTo(10), { chunkSize: 100, onProgress });
  assertEquals(seen, [10]);
});

testEach("Pool calls reject a chunkSize that is no whole number of at least 1", async (Pool) => {
  await using pool = new Pool(1);
  for (const chunkSize of [0, -1, 1.5, NaN]) {
    const message = `at least 1, not ${chunkSize}`;
    await assertRejects(() => pool.map(square, [1], { chunkSize }), RangeError, message);
    await assertRejects(() => pool.map(square, [], { chunkSize }), RangeError, message);
    assertThrows(() => pool.mapSync(square, [1], { chunkSize }), RangeError, message);
    assertThrows(() => pool.mapAsync(square, [1], { chunkSize }), RangeError, message);
    assertThrows(() => pool.imap(square, [1], { chunkSize }), RangeError, message);
  }
});

testEach("Pool.map() ends with the error of onProgress", async (Pool) => {
  await using pool = new Pool(1);
  const onProgress = () => {
    throw new Error("no terminal");
  };
  await assertRejects(() => pool.map(square, upTo(10), { onProgress }), Error, "no terminal");
  assertThrows(() => pool.mapSync(square, upTo(10), { onProgress }), Error, "no terminal");
  assertEquals(await pool.apply(square, [3]), 9);
});

// Inputs that fail

function* failsAt(n: number): Generator<number> {
  for (let at = 0; at < n; at++) yield at;
  throw new SyntaxError(`input fails at ${n}`);
}

testEach("Pool.map() rejects with the error of its input, again and again", async (Pool) => {
  await using pool = new Pool(2);
  for (const n of [0, 0, 3, 3]) {
    await assertRejects(() => pool.map(square, failsAt(n)), SyntaxError, `input fails at ${n}`);
    assertThrows(() => pool.mapSync(square, failsAt(n)), SyntaxError, `input fails at ${n}`);
    assertThrows(() => pool.mapAsync(square, failsAt(n)), SyntaxError, `input fails at ${n}`);
  }
  const sized = {
    length: 10,
    [Symbol.iterator]: () => ({
      next(): IteratorResult<number> {
        throw new RangeError("no first item");
      },
    }),
  };
  const error = await assertRejects(() => pool.map(square, sized), RangeError, "no first item");
  assert(!error.stack!.includes("in task"), "it did not come from a worker");
  assertEquals(await pool.map(square, [1, 2]), [1, 4]);
});

testEach("Pool.imap() gives all results before the error of its input", async (Pool) => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 2, 4, 20]) {
    const found = await outcomes(pool.imap(square, failsAt(7), { chunkSize }));
    assertEquals(found.slice(0, -1), squares(7));
    assertInstanceOf(found.at(-1), SyntaxError);
  }
});

testEach(
  "Pool.imapUnordered() gives the error of its input and only valid results",
  async (Pool) => {
    await using pool = new Pool(2);
    const found = await outcomes(pool.imapUnordered(square, failsAt(7)));
    assertEquals(found.filter((it) => it instanceof SyntaxError).length, 1);
    const results = found.filter((it) => typeof it === "number");
    assertEquals(results.sort((a, b) => a - b), squares(7));
  },
);

// imap

testEach("Pool.imap() takes async iterables", async (Pool) => {
  await using pool = new Pool(2);
  async function* generate(n: number) {
    for (const x of upTo(n)) {
      if (x % 3 === 0) await null;
      yield x;
    }
  }
  for (const chunkSize of [1, 3, 50]) {
    assertEquals(
      await Array.fromAsync(pool.imap(square, generate(20), { chunkSize })),
      squares(20),
    );
    const unordered = await Array.fromAsync(
      pool.imapUnordered(square, generate(20), { chunkSize }),
    );
    assertEquals(unordered.sort((a, b) => a - b), squares(20));
  }
  async function* fails() {
    yield* [1, 2];
    await null;
    throw new SyntaxError("input fails");
  }
  const found = await outcomes(pool.imap(square, fails()));
  assertEquals(found.slice(0, 2), [1, 4]);
  assertInstanceOf(found[2], SyntaxError);
});

testEach("Pool.imap() takes its input only two chunks for each worker ahead", async (Pool) => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 3]) {
    for (const isAsync of [false, true]) {
      let taken = 0;
      const generate = function* () {
        for (; taken < 100; taken++) yield taken;
      };
      const input = isAsync
        ? (async function* () {
          yield* generate();
        })()
        : generate();
      let given = 0;
      for await (const _ of pool.imap(square, input, { chunkSize })) {
        given++;
        assert(taken <= given + 4 * chunkSize + 1, `${taken} taken for ${given}`);
      }
      assertEquals([taken, given], [100, 100]);
    }
  }
});

testEach("Pool.imap() is taken by several at once", async (Pool) => {
  await using pool = new Pool(2);
  const iterator = pool.imap(square, upTo(6));
  const given = await Promise.all(upTo(8).map(() => iterator.next()));
  assertEquals(given.slice(0, 6).map(({ value }) => value), squares(6));
  assertEquals(given.slice(6).map(({ done }) => done), [true, true]);
});

test("Pool.imap() gives an error where its result would be, and goes on", async () => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 2, 3, 10]) {
    const found = await outcomes(pool.imap(tasks.notThree, upTo(8), { chunkSize }));
    assertInstanceOf(found[3], tasks.ModelError);
    assertStringIncludes(found[3].stack!, "item 3");
    assertEquals(found.toSpliced(3, 1), [0, 1, 2, 4, 5, 6, 7]);
  }
});

testEach("Pool.imap() that is left early ends its input, and the pool goes on", async (Pool) => {
  await using pool = new Pool(2);
  let ended = false;
  function* generate() {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      ended = true;
    }
  }
  for await (const x of pool.imap(square, generate())) {
    if (x === 9) break;
  }
  assert(ended);
  assertEquals(await pool.apply(square, [3]), 9);
});

testEach("Pool.imap() that is left by an error takes no more of its input", async (Pool) => {
  let taken = 0;
  function* generate() {
    for (; taken < 10_000; taken++) yield taken;
  }
  {
    await using pool = new Pool(2);
    await assertRejects(async () => {
      for await (const _ of pool.imap(tasks.notThree, generate())) { /* until it fails */ }
    }, tasks.ModelError);
  }
  assert(taken < 100, `${taken} items were taken`);
});

test("Pool.imap() with a chunk that cannot be sent gives the error in its place", async () => {
  await using pool = new Pool(2);
  const items = [1, Symbol("odd"), 3];
  const found = await outcomes(pool.imap((x: unknown) => x, items));
  assertEquals([found[0], found[2], found.length], [1, 3, 3]);
  assertInstanceOf(found[1], DataCloneError);
});

// Errors

test("Pool.map() rejects with the error of the task, as it was, with its whole story", async () => {
  await using pool = new Pool(2);
  const calls = {
    map: () => pool.map(tasks.notThree, upTo(8)),
    mapSync: async () => pool.mapSync(tasks.notThree, upTo(8), await { chunkSize: 2 }),
    starmap: () => pool.starmap(tasks.notThree, upTo(8).map((x) => [x] as const)),
    mapAsync: () => pool.mapAsync(tasks.notThree, upTo(8)),
    apply: () => pool.apply(tasks.notThree, [3]),
    applyAsync: () => pool.applyAsync(tasks.notThree, [3]).get(guard),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await assertRejects(call, tasks.ModelError, "three!", name);
    assertEquals([error.name, error.code], ["ModelError", 33]);
    assertInstanceOf(error.cause, TypeError);
    assertStringIncludes(error.stack!, "pool_tasks.ts");
    assertStringIncludes(error.stack!, "pool_test.ts");
    assertMatch(error.stack!, /PoolWorker-\d+/);
    if (name.includes("map")) assertStringIncludes(error.stack!, "item 3");
  }
  assertEquals(await pool.map(square, [1, 2]), [1, 4]);
});

test("Pool errors name a function that has a name", async () => {
  await using pool = new Pool(1);
  const error = await assertRejects(() =>
    pool.apply(function explode() {
      throw new Error("x");
    })
  );
  assertStringIncludes((error as Error).stack!, "explode");
});

testEach("Pool calls reject with what was thrown, whatever it is", async (Pool) => {
  await using pool = new Pool(2);
  const rethrow = (thrown: unknown) => {
    throw thrown;
  };
  for (const thrown of ["text", 7, null, undefined, { reason: ["a"] }]) {
    assertEquals(await pool.apply(rethrow, [thrown]).catch((it) => [it]), [thrown]);
    assertEquals(await pool.map(rethrow, [thrown]).catch((it) => [it]), [thrown]);
    assertEquals(await outcomes(pool.imap(rethrow, [thrown])), [thrown]);
    try {
      pool.applySync(rethrow, [thrown]);
      assert(false, "nothing was thrown");
    } catch (it) {
      assertEquals(it, thrown);
    }
  }
});

test("Pool.map() begins nothing more after the first error", async () => {
  await using pool = new Pool(1);
  const [queue, go] = [new Queue<number>(), new Event()];
  const work = (queue: Queue<number>, go: Event, x: number) => {
    if (x === 2) throw new RangeError("two");
    if (x === 3) go.waitSync();
    queue.putSync(x);
  };
  const items = upTo(50).map((x) => [queue, go, x] as const);
  await assertRejects(() => pool.starmap(work, items, { chunkSize: 1 }), RangeError);
  go.set();
  await pool.apply(square, [1]); // what was not begun by now never will be
  const begun = upTo(queue.size()).map(() => queue.getSync(guard));
  assertEquals(begun.filter((x) => x > 3), []); // the third may have begun before the error was known
});

testEach("Pool.map() rejects with a large error, and ends", async (Pool) => {
  await using pool = new Pool(2);
  const fail = (_: number) => {
    throw new Error("x".repeat(1 << 20));
  };
  const error = await assertRejects(() => pool.map(fail, upTo(40)), Error);
  assertEquals(error.message.length, 1 << 20);
});

test("an inline function that sees what is outside says what to do", async () => {
  await using pool = new Pool(1);
  const outside = 5;
  await assertRejects(
    () => pool.map((x: number) => x + outside, [1]),
    ReferenceError,
    "task(import.meta, fn)",
  );
});

test("a function that cannot be found rejects with TaskLookupError, and the pool goes on", async () => {
  await using pool = new Pool(2);
  const nowhere = tasksOf<{ f(x: number): number }>(new URL("./nowhere.ts", import.meta.url));
  await assertRejects(() => pool.map(nowhere.f, [1, 2, 3]), TaskLookupError, "nowhere.ts");
  assertThrows(() => pool.mapSync(nowhere.f, [1, 2, 3]), TaskLookupError, "nowhere.ts");
  const here = tasksOf<{ f(): number }>(new URL("../fixtures/pool_tasks.ts", import.meta.url));
  await assertRejects(() => pool.apply(here.f), TaskLookupError, "does not export it");
  assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
});

test("a result that cannot be sent is a MaybeEncodingError, and its worker lives on", async () => {
  await using pool = new Pool(1);
  const worker = await pool.apply(tasks.pid);
  for (const result of ["Symbol('s')", "new WeakMap()", "{ a: [Math.max.bind(null)] }"]) {
    const make = (text: string) => (0, eval)(`(${text})`);
    for (let round = 0; round < 5; round++) {
      await assertRejects(() => pool.apply(make, [result]), MaybeEncodingError, "result");
      await assertRejects(() => pool.map(make, [result, "1"]), MaybeEncodingError, "result");
      assertThrows(() => pool.applySync(make, [result]), MaybeEncodingError, "result");
    }
    const found = await outcomes(pool.imap(make, ["1", result, "2"]));
    assertEquals([found[0], found[2]], [1, 2]);
    assertInstanceOf(found[1], MaybeEncodingError);
  }
  const error = await assertRejects(
    () =>
      pool.apply(() => {
        throw Object.assign(new Error("with a symbol"), { odd: Symbol("s") });
      }),
    MaybeEncodingError,
    "with a symbol",
  );
  assertInstanceOf(error.cause, DataCloneError);
  assertEquals(await pool.apply(tasks.pid), worker);
});

// 166
test("a result that cannot be sent goes to the errorCallback, and to no callback", async () => {
  await using pool = new Pool(1);
  const calls: unknown[] = [];
  const options = {
    callback: (result: unknown) => calls.push(result),
    errorCallback: (error: unknown) => calls.push(error),
  };
  for (let round = 0; round < 3; round++) {
    const one = pool.applyAsync(() => Symbol("odd"), [], options);
    const error = await assertRejects(() => one.get(guard), MaybeEncodingError);
    assertStrictEquals(calls.splice(0).at(0), error);
    const many = pool.mapAsync((x: number) => x === 2 ? new WeakMap() : x, [1, 2, 3], options);
    await assertRejects(() => many.get(guard), MaybeEncodingError);
    assertInstanceOf(calls.splice(0).at(0), MaybeEncodingError);
    assertEquals(calls, []);
  }
});

// 152
test("Pool of forty workers maps a thousand items", async () => {
  await using pool = new Pool(40);
  assertEquals(await pool.apply(square, [3]), 9); // the first that starts has the types checked
  const barrier = new Barrier(40); // so all of them start
  const arrive = (barrier: Barrier) => barrier.waitSync();
  const numbers = await pool.starmap(arrive, Array(40).fill([barrier]), { chunkSize: 1 });
  assertEquals(new Set(numbers).size, 40);
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  assertEquals(sum(await pool.map(square, upTo(1000))), 332833500);
});

test("Pool calls name the path to an argument that cannot be sent, and the pool goes on", async () => {
  await using pool = new Pool(2);
  const predict = Math.max.bind(null);
  const model = { model: { predict } };
  const identity = (x: unknown) => x;
  const path = "args[0].model.predict";
  await assertRejects(() => pool.apply(identity, [model]), DataCloneError, path);
  assertThrows(() => pool.applySync(identity, [model]), DataCloneError, path);
  assertThrows(() => pool.applyAsync(identity, [model]), DataCloneError, path);
  const items = [...upTo(19), model];
  const itemPath = "items[19].model.predict";
  await assertRejects(() => pool.map(identity, items), DataCloneError, itemPath);
  await assertRejects(() => pool.map(identity, items, { chunkSize: 1 }), DataCloneError, itemPath);
  assertThrows(() => pool.mapSync(identity, items), DataCloneError, itemPath);
  assertThrows(() => pool.mapAsync(identity, items), DataCloneError, itemPath);
  await assertRejects(() => pool.apply(predict), DataCloneError, "Cannot send fn");
  assertEquals(await pool.map(square, upTo(20)), squares(20));
});

test("Pool.applyAsync() of what cannot be sent throws alike with a signal", async () => {
  await using pool = new Pool(1);
  const { signal } = new AbortController();
  const identity = (x: unknown) => x;
  assertThrows(() => pool.applyAsync(identity, [Symbol()], { signal }), DataCloneError);
});

// Workers that die

const deaths: [how: string, die: () => unknown, exitCode: number][] = [
  ["Deno.exit(3)", () => Deno.exit(3), 3],
  ["Deno.exit(0)", () => Deno.exit(0), 0],
  // deno-lint-ignore no-process-global
  ["process.exit(7)", () => process.exit(7), 7],
  ["self.close()", () => self.close(), 0],
  ["self.close() and a wait", async () => {
    self.close();
    await new Promise(() => {});
  }, 0],
  ["Deno.exit(4) in a timer", () => {
    setTimeout(() => Deno.exit(4), 0);
    return new Promise(() => {});
  }, 4],
];

for (const [how, die, exitCode] of deaths) {
  test(`a worker that ends by ${how} fails its task, and is replaced`, async () => {
    await using pool = new Pool(2);
    const [begun, go] = [new Event(), new Event()];
    const other = pool.apply(tasks.afterEvent<string>, [begun, go, "other"]);
    assert(await begun.wait(guard));
    for (let round = 0; round < 2; round++) {
      for (
        const call of [
          () => pool.apply(die),
          () => pool.map(die, [1, 2, 3]),
          () => pool.applyAsync(die).get(guard),
          async () => pool.applySync(die, await []),
          async () => pool.mapSync(die, await [1, 2, 3]),
          async () => {
            for await (const _ of pool.imap(die, [1])) { /* never */ }
          },
        ]
      ) {
        const error = await assertRejects(call, WorkerDiedError, `exit code ${exitCode}`);
        assertEquals(error.exitCode, exitCode);
        assertMatch(error.stack!, /run by PoolWorker-\d+, called from:\n.*pool_test.ts/);
      }
    }
    go.set();
    assertEquals(await other, "other");
    assertEquals(await pool.map(square, upTo(20)), squares(20));
    assertEquals(pool.mapSync(square, upTo(20)), squares(20));
  });
}

test("a worker that dies between tasks is replaced", async () => {
  await using pool = new Pool(1);
  for (let round = 0; round < 3; round++) {
    const first = await pool.apply(tasks.pid);
    await pool.apply(() => void setTimeout(() => Deno.exit(5), 0));
    let now = first;
    while (now === first) { // a task that the dying worker takes with it is lost
      now = await pool.apply(tasks.pid).catch((error) => {
        assertInstanceOf(error, WorkerDiedError);
        return first;
      });
    }
  }
});

test("an error outside of a task is reported, and its worker lives on", async () => {
  await using pool = new Pool(1);
  const worker = await pool.apply(tasks.pid);
  await pool.apply(() => {
    console.error = () => {};
    setTimeout(() => {
      throw new Error("late");
    }, 0);
    Promise.reject(new Error("unhandled"));
  });
  await pool.apply(() => new Promise((resolve) => setTimeout(resolve, 0)));
  assertEquals(await pool.apply(tasks.pid), worker);
});

test("workers that all die while main blocks are replaced", async () => {
  for (const processes of [1, 2, 4]) {
    await using pool = new Pool(processes);
    const dying = upTo(8).map(() => pool.applyAsync(() => Deno.exit(3)));
    assertEquals(pool.applySync(square, [3]), 9);
    for (const result of dying) {
      await assertRejects(() => result.get(guard), WorkerDiedError);
    }
  }
});

// Initializer

test("Pool initializer runs once in each worker, even without a task", async () => {
  const queue = new Queue<number>();
  {
    await using _pool = new Pool({
      processes: 2,
      initializer: tasks.putPid,
      initargs: [queue],
    });
    assertNotEquals(await queue.get(guard), await queue.get(guard));
  }
  assert(queue.empty());
});

test("Pool initializer runs before the first task, with its arguments", async () => {
  for (
    const initializer of [tasks.initialize, async (...args: unknown[]) => {
      await null;
      (globalThis as Record<string, unknown>).later = args;
    }]
  ) {
    await using pool = new Pool({ processes: 2, initializer, initargs: ["a", { b: 1 }] });
    const task = initializer === tasks.initialize
      ? tasks.whatWasInitialized
      : () => (globalThis as Record<string, unknown>).later;
    assertEquals(await pool.map(task, upTo(8)), upTo(8).map(() => ["a", { b: 1 }]));
    assertEquals(pool.applySync(task), ["a", { b: 1 }]);
  }
});

const failing: [how: string, initializer: (queue: Queue<number>) => unknown][] = [
  ["throws", (queue) => {
    queue.putSync(1);
    throw new RangeError("no device");
  }],
  ["rejects", async (queue) => {
    await queue.put(1);
    throw new RangeError("no device");
  }],
];
for (const [how, initializer] of failing) {
  test(`Pool initializer that ${how} fails all tasks, and no worker is made again`, async () => {
    const queue = new Queue<number>();
    const options = { processes: 2, initializer, initargs: [queue] as [Queue<number>] };
    {
      await using pool = new Pool(options);
      const error = await assertRejects(
        () => pool.map(square, upTo(10)),
        InitializerError,
        "no device",
      );
      assertInstanceOf(error.cause, RangeError);
      await assertRejects(() => pool.apply(square, [1]), InitializerError, "no device");
      assertThrows(() => pool.applySync(square, [1]), InitializerError, "no device");
    }
    {
      await using pool = new Pool(options);
      assertThrows(() => pool.mapSync(square, upTo(10)), InitializerError, "no device");
    }
    {
      await using pool = new Pool(options);
      await assertRejects(async () => {
        for await (const _ of pool.imap(square, upTo(10))) { /* never */ }
      }, InitializerError);
    }
    assert(queue.size() <= 6, `${queue.size()} workers ran it`);
  });
}

for (const exitCode of [0, 3]) {
  test(`Pool initializer that ends its worker with ${exitCode} fails all tasks`, async () => {
    for (const call of ["map", "mapSync"] as const) {
      await using pool = new Pool({
        processes: 2,
        initializer: (code: number) => Deno.exit(code),
        initargs: [exitCode],
      });
      await assertRejects(
        async () => await pool[call](square, upTo(10)),
        WorkerDiedError,
        `exit code ${exitCode}`,
      );
    }
  });
}

test("Pool initializer that cannot be found fails all tasks", async () => {
  const nowhere = tasksOf<{ f(): void }>(new URL("./nowhere.ts", import.meta.url));
  for (const call of ["map", "mapSync"] as const) {
    await using pool = new Pool({ processes: 2, initializer: nowhere.f });
    await assertRejects(async () => await pool[call](square, upTo(10)), Error, "nowhere.ts");
  }
});

test("Pool initargs that cannot be sent fail all tasks with the path", async () => {
  await using pool = new Pool({
    processes: 1,
    initializer: tasks.initialize,
    initargs: [Symbol("s")],
  });
  await assertRejects(() => pool.map(square, upTo(10)), DataCloneError, "initargs[0]");
});

// maxTasksPerChild

test("Pool maxTasksPerChild replaces workers after as many chunks", async () => {
  for (const processes of [1, 2, 4]) {
    await using pool = new Pool({ processes, maxTasksPerChild: 1 });
    const pids = await pool.map(tasks.pid, upTo(6), { chunkSize: 1 });
    assertEquals(new Set(pids).size, 6);
    assertEquals(new Set(await pool.map(tasks.pid, upTo(6), { chunkSize: 6 })).size, 1);
  }
  await using pool = new Pool({ processes: 2, maxTasksPerChild: 10 });
  assertEquals(await pool.map(square, upTo(60), { chunkSize: 1 }), squares(60));
});

test("Pool maxTasksPerChild replaces workers while main blocks", async () => {
  for (const processes of [1, 2, 4]) {
    await using pool = new Pool({ processes, maxTasksPerChild: 1 });
    assertEquals(new Set(pool.mapSync(tasks.pid, upTo(6), { chunkSize: 1 })).size, 6);
    assertEquals(pool.applySync(square, [3]), 9);
  }
});

test("Pool maxTasksPerChild and close() before the tasks are done give all results", async () => {
  const pool = new Pool({ processes: 2, maxTasksPerChild: 1 });
  const results = upTo(6).map((x) => pool.applyAsync(square, [x]));
  pool.close();
  await pool.join();
  assert(results.every((result) => result.ready()));
  assertEquals(await Promise.all(results), squares(6));
});

// Its end

testEach("Pool.close() lets what was asked for be done, and takes nothing more", async (Pool) => {
  const pool = new Pool(2);
  const results = pool.mapAsync(square, upTo(100));
  pool.close();
  pool.close();
  const closed = "it is closed";
  await assertRejects(() => pool.map(square, [1]), ClosedError, closed);
  await assertRejects(() => pool.apply(square, [1]), ClosedError, closed);
  assertThrows(() => pool.mapSync(square, [1]), ClosedError, closed);
  assertThrows(() => pool.applySync(square, [1]), ClosedError, closed);
  assertThrows(() => pool.mapAsync(square, [1]), ClosedError, closed);
  assertThrows(() => pool.imap(square, [1]), ClosedError, closed);
  await pool.join();
  await pool.join();
  assert(results.ready());
  assertEquals(await results, squares(100));
});

testEach("Pool.join() of an open pool throws", async (Pool) => {
  await using pool = new Pool(1);
  await assertRejects(() => pool.join(), Error, "it is still running. Call close() or terminate()");
  await pool.apply(square, [1]);
  await assertRejects(() => pool.join(), Error, "it is still running");
});

testEach("Pool.close() and join() of a pool that was never used are done at once", async (Pool) => {
  const pool = new Pool(2);
  pool.close();
  await pool.join();
  const other = new Pool(2);
  other.terminate();
  await other.join();
});

test("Pool.terminate() ends outstanding calls with TerminatedError", async () => {
  const pool = new Pool(2);
  const [begun, never] = [new Event(), new Event()];
  const calls = [
    pool.apply(tasks.afterEvent<number>, [begun, never, 1]),
    pool.applyAsync(tasks.afterEventSync<number>, [begun, never, 1]).get(guard),
    pool.map(square, upTo(10)),
    pool.mapAsync(square, upTo(10)).get(guard),
    pool.imap(square, upTo(10)).next(),
  ];
  const outcome = Promise.allSettled(calls);
  assert(await begun.wait(guard));
  pool.terminate();
  pool.terminate();
  for (const result of await outcome) {
    assertEquals(result.status, "rejected");
    assertInstanceOf((result as PromiseRejectedResult).reason, TerminatedError);
  }
  await assertRejects(() => pool.apply(square, [1]), ClosedError, "terminated");
  assertThrows(() => pool.mapSync(square, [1]), ClosedError, "terminated");
  await pool.join();
});

testEach("Pool.terminate() drops ten thousand tasks that would never end", async (Pool) => {
  const pool = new Pool(2);
  const forever = () => new Promise(() => {});
  const result = pool.mapAsync(forever, upTo(10_000), { chunkSize: 1 });
  const outcome = assertRejects(() => result.get(guard), TerminatedError);
  await new Promise((resolve) => setTimeout(resolve, 0));
  pool.terminate();
  await outcome;
  await pool.join();
});

test("Pool.terminate() does not wait for a task that computes", async () => {
  const pool = new Pool(1);
  const [begun, stop] = [new Event(), new Event()];
  const result = pool.apply(tasks.compute, [begun, stop]);
  assert(await begun.wait(guard));
  pool.terminate();
  await assertRejects(() => result, TerminatedError);
  await pool.join();
  stop.set();
});

testEach("Pool.terminate() right after the first call is safe", async (Pool) => {
  for (const processes of [1, 4]) {
    const pool = new Pool(processes);
    const outcome = assertRejects(() => pool.map(square, upTo(100)), TerminatedError);
    pool.terminate();
    await outcome;
    await pool.join();
  }
});

testEach("await using a Pool waits for what was asked for", async (Pool) => {
  const queue = new Queue<number>();
  let result, iterator;
  {
    await using pool = new Pool(2);
    result = pool.applyAsync(tasks.squareLater, [5]);
    iterator = pool.imap(tasks.squareLater, upTo(30));
    void pool.starmap(tasks.put<number>, upTo(20).map((x) => [queue, x] as const));
  }
  assert(result.ready());
  assertEquals(queue.size(), 20);
  assertEquals(await Array.fromAsync(iterator), squares(30));
});

testEach("Pool.join() works off the input of imap() and leaves turns to others", async (Pool) => {
  const pool = new Pool(2);
  let [taken, enough] = [0, false];
  const untilEnough = {
    length: 1e6, // at most
    *[Symbol.iterator]() {
      for (; !enough; taken++) yield taken;
    },
  };
  const iterator = pool.imap(square, untilEnough);
  pool.close();
  const joined = pool.join();
  while (taken < 50) await new Promise((resolve) => setTimeout(resolve, 0));
  enough = true; // nobody could say so if it took all at once
  await joined;
  assertEquals(await Array.fromAsync(iterator), squares(taken));
});

testEach("await using a Pool lets an error through after its tasks", async (Pool) => {
  const queue = new Queue<number>();
  await assertRejects(
    async () => {
      await using pool = new Pool(2);
      void pool.starmap(tasks.put<number>, upTo(20).map((x) => [queue, x] as const));
      throw new RangeError("in the block");
    },
    RangeError,
    "in the block",
  );
  assertEquals(queue.size(), 20);
});

test("Pool workers stay for the next call", async () => {
  await using pool = new Pool(2);
  const pids = new Set<number>();
  for (let round = 0; round < 10; round++) {
    for (const pid of await pool.map(tasks.pid, upTo(8))) pids.add(pid);
    for (const pid of pool.mapSync(tasks.pid, upTo(8))) pids.add(pid);
  }
  assert(pids.size <= 2, `${pids.size} workers`);
});

// Signals and cancel

testEach(
  "Pool calls with an aborted signal do nothing and reject with its reason",
  async (Pool) => {
    await using pool = new Pool(1);
    const queue = new Queue<number>();
    const signal = AbortSignal.abort(new RangeError("too late"));
    const args = [queue, 1] as [Queue<number>, number];
    const late = "too late";
    await assertRejects(
      async () => await pool.apply(tasks.put<number>, args, { signal }),
      RangeError,
      late,
    );
    await assertRejects(
      async () => await pool.applyAsync(tasks.put<number>, args, { signal }),
      RangeError,
      late,
    );
    await assertRejects(
      async () => await pool.starmap(tasks.put<number>, [args], { signal }),
      RangeError,
      late,
    );
    await assertRejects(
      async () => await pool.starmapAsync(tasks.put<number>, [args], { signal }),
      RangeError,
      late,
    );
    assertThrows(() => pool.starmapSync(tasks.put<number>, [args], { signal }), RangeError, late);
    assertThrows(() => pool.imap(square, [1], { signal }), RangeError, late);
    await pool.apply(square, [1]);
    assert(queue.empty());
  },
);

testEach("Pool calls end with the reason of their signal, and begin nothing more", async (Pool) => {
  await using pool = new Pool(1);
  const queue = new Queue<number>();
  const args = [queue, 1] as [Queue<number>, number];
  const calls: ((signal: AbortSignal) => PromiseLike<unknown>)[] = [
    (signal) => pool.apply(tasks.put<number>, args, { signal }),
    (signal) => pool.applyAsync(tasks.put<number>, args, { signal }),
    (signal) => pool.starmap(tasks.put<number>, [args, args], { signal }),
    (signal) => pool.starmapAsync(tasks.put<number>, [args, args], { signal }),
    (signal) => pool.imap(square, upTo(5), { signal }).next(),
  ];
  for (const call of calls) {
    const [begun, go] = [new Event(), new Event()];
    const first = pool.apply(tasks.afterEvent<number>, [begun, go, 1]);
    assert(await begun.wait(guard));
    const controller = new AbortController();
    const outcome = assertRejects(
      async () => await call(controller.signal),
      RangeError,
      "enough",
    );
    controller.abort(new RangeError("enough"));
    await outcome;
    go.set();
    assertEquals(await first, 1);
    await pool.apply(square, [1]);
    assert(queue.empty());
  }
});

test("Pool calls whose signal is aborted leave off before the next item of a chunk", async () => {
  await using pool = new Pool(1);
  const work = (begun: Event, go: Event, calls: Int32Array) => {
    calls[0]++;
    begun.set();
    go.waitSync();
  };
  const [begun, go] = [new Event(), new Event()];
  const calls = new Int32Array(new SharedArrayBuffer(4));
  const items = Array.from({ length: 20 }, (): Parameters<typeof work> => [begun, go, calls]);
  const controller = new AbortController();
  const { signal } = controller;
  const outcome = assertRejects(
    () => pool.starmap(work, items, { signal, chunkSize: 20 }),
    RangeError,
    "enough",
  );
  assert(await begun.wait(guard));
  controller.abort(new RangeError("enough"));
  await outcome;
  go.set();
  await pool.apply(square, [1]);
  assertEquals(calls[0], 1);
});

testEach("Pool calls that have ended do not mind their signal", async (Pool) => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const result = pool.applyAsync(square, [3], { signal });
  assertEquals(await result, 9);
  assertEquals(await pool.map(square, [1, 2], { signal }), [1, 4]);
  controller.abort();
  assertEquals(await result, 9);
});

testEach("AsyncResult.cancel() gives up a task that has not begun", async (Pool) => {
  await using pool = new Pool(1);
  const queue = new Queue<number>();
  const [begun, go] = [new Event(), new Event()];
  const first = pool.applyAsync(tasks.afterEvent<number>, [begun, go, 1]);
  assert(await begun.wait(guard));
  const single = pool.applyAsync(tasks.put<number>, [queue, 1]);
  const many = pool.starmapAsync(tasks.put<number>, [[queue, 1], [queue, 2]]);
  for (const result of [single, many]) {
    assertEquals(result.cancel(), true);
    assertEquals(result.cancel(), false);
    await assertRejects(() => result.get(guard) as Promise<unknown>, CancelledError);
    assertEquals([result.ready(), result.successful()], [true, false]);
  }
  go.set();
  assertEquals(await first, 1);
  assertEquals(first.cancel(), false);
  assertEquals(await first, 1);
  await pool.apply(square, [1]);
  assert(queue.empty());
});

testEach(
  "AsyncResult.cancel() of a task that runs lets it run, and the pool goes on",
  async (Pool) => {
    await using pool = new Pool(1);
    const [begun, go] = [new Event(), new Event()];
    const result = pool.applyAsync(tasks.afterEvent<number>, [begun, go, 1]);
    assert(await begun.wait(guard));
    assertEquals(result.cancel(), true);
    await assertRejects(() => result.get(guard), CancelledError);
    go.set();
    assertEquals(await pool.apply(square, [3]), 9);
  },
);

// AsyncResult

testEach(
  "AsyncResult.get() and wait() end when their time is up, and the task goes on",
  async (Pool) => {
    await using pool = new Pool(1);
    const [begun, go] = [new Event(), new Event()];
    const result = pool.applyAsync(tasks.afterEvent<string>, [begun, go, "there"]);
    assertEquals(result.ready(), false);
    assertThrows(() => result.successful(), Error, "it is not ready");
    for (const timeoutMs of [0, -1, 5]) {
      await assertRejects(() => result.get({ timeoutMs }), TimeoutError);
      assertEquals(await result.wait({ timeoutMs }), false);
    }
    await assertRejects(() => result.get({ timeoutMs: NaN }), TypeError, "timeoutMs");
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => result.get({ signal }), RangeError, "enough");
    go.set();
    assertEquals(await result.wait(guard), true);
    assertEquals(await result.get({ timeoutMs: 0 }), "there");
    assertEquals([result.ready(), result.successful(), await result], [true, true, "there"]);
  },
);

testEach("AsyncResult of an error is ready, not successful, and throws each time", async (Pool) => {
  await using pool = new Pool(1);
  const result = pool.applyAsync(tasks.notThree, [3]);
  assertEquals(await result.wait(guard), true);
  assertEquals([result.ready(), result.successful()], [true, false]);
  await assertRejects(() => result.get(guard), tasks.ModelError);
  await assertRejects(async () => await result, tasks.ModelError);
});

test("Pool.applyAsync() and mapAsync() call back once, before the result is given", async () => {
  await using pool = new Pool(2);
  const calls: unknown[] = [];
  const callback = (result: unknown) => calls.push(result);
  const errorCallback = (error: unknown) => calls.push((error as Error).name);
  const options = { callback, errorCallback };
  await pool.applyAsync(square, [3], options);
  assertEquals(calls.splice(0), [9]);
  await pool.mapAsync(square, [1, 2, 3], options);
  assertEquals(calls.splice(0), [[1, 4, 9]]);
  await pool.mapAsync(square, [], options);
  assertEquals(calls.splice(0), [[]]);
  await assertRejects(() => pool.applyAsync(tasks.notThree, [3], options).get(guard));
  assertEquals(calls.splice(0), ["ModelError"]);
  await assertRejects(() => pool.mapAsync(tasks.notThree, upTo(9), options).get(guard));
  assertEquals(calls.splice(0), ["ModelError"]);
  await assertRejects(() => pool.applyAsync(() => Deno.exit(2), [], options).get(guard));
  assertEquals(calls.splice(0), ["WorkerDiedError"]);
});

testEach("a callback that raises is reported, and the pool goes on", async (Pool) => {
  await using pool = new Pool(1);
  const reports: unknown[][] = [];
  const { error: original } = console;
  console.error = (...report) => reports.push(report);
  try {
    const raise = () => {
      throw new RangeError("in the callback");
    };
    assertEquals(await pool.applyAsync(square, [3], { callback: raise }), 9);
    const failed = pool.applyAsync(tasks.notThree, [3], { errorCallback: raise });
    await assertRejects(() => failed.get(guard), tasks.ModelError);
    assertEquals(await pool.map(square, upTo(20)), squares(20));
  } finally {
    console.error = original;
  }
  assertEquals(reports.map(([, error]) => (error as Error).message), [
    "in the callback",
    "in the callback",
  ]);
});

// Together

testEach("two pools work at the same time", async (Pool) => {
  await using first = new Pool(2);
  await using second = new Pool(2);
  const [a, b] = await Promise.all([
    first.map(square, upTo(100), { chunkSize: 1 }),
    second.map(tasks.squareLater, upTo(100), { chunkSize: 1 }),
  ]);
  assertEquals([a, b], [squares(100), squares(100)]);
  assertEquals(second.mapSync(square, first.mapSync(square, [1, 2])), [1, 16]);
});

testEach("many calls at once give each its own results", async (Pool) => {
  await using pool = new Pool(2);
  const calls = upTo(40).map((n) => pool.map(square, upTo(n), { chunkSize: 3 }));
  const singles = upTo(100).map((n) => pool.apply(square, [n]));
  assertEquals(await Promise.all(calls), upTo(40).map(squares));
  assertEquals(await Promise.all(singles), squares(100));
});

testEach("a blocking call takes the results of others along", async (Pool) => {
  await using pool = new Pool(2);
  const later = pool.mapAsync(square, upTo(200), { chunkSize: 1 });
  const one = pool.apply(tasks.squareLater, [4]);
  const iterator = pool.imap(square, upTo(20));
  assertEquals(pool.mapSync(square, upTo(50)), squares(50));
  assertEquals(pool.applySync(square, [3]), 9);
  assertEquals(await later, squares(200));
  assertEquals(await one, 16);
  assertEquals(await Array.fromAsync(iterator), squares(20));
  assertEquals(pool.applySync(square, [3]), 9);
});

testEach("a blocking call fails for itself, and others go on", async (Pool) => {
  await using pool = new Pool(2);
  const later = pool.mapAsync(square, upTo(50), { chunkSize: 1 });
  assertThrows(() => pool.mapSync(tasks.notThree, upTo(10)), tasks.ModelError);
  assertEquals(await later, squares(50));
});

test("a Pool in a worker of a Pool works, awaited and blocking", async () => {
  await using pool = new Pool(2);
  for (const task of [tasks.nestedMap, tasks.nestedMapSync]) {
    const expected = [[1, 4], [9, 16], [25]];
    assertEquals(await pool.map(task, [[1, 2], [3, 4], [5]]), expected);
    assertEquals(pool.mapSync(task, [[1, 2], [3, 4], [5]]), expected);
  }
});

test("a Process in a worker of a Pool that blocks is started by main, free or blocked", async () => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(tasks.nestedProcess, [3, 4]), [3, 4]);
  assertEquals(pool.mapSync(tasks.nestedProcess, [5, 6]), [5, 6]);
});

test("Pool tasks meet at a lock that main holds", async () => {
  await using pool = new Pool(2);
  const lock = new Lock();
  const count = new Int32Array(new SharedArrayBuffer(4));
  const work = (lock: Lock, count: Int32Array) => {
    for (let round = 0; round < 50; round++) {
      using _ = lock.acquireSync();
      count[0] = count[0] + 1;
    }
  };
  const held = lock.acquireSync();
  const done = pool.starmap(work, upTo(4).map(() => [lock, count] as const), { chunkSize: 1 });
  held[Symbol.dispose]();
  await done;
  assertEquals(count[0], 200);
});

// Start methods

test("Pool of the start method forkserver works", async () => {
  const { Pool: WarmPool } = getContext("forkserver");
  for (const pool of [new WarmPool(3), new Pool({ processes: 3, startMethod: "forkserver" })]) {
    assertEquals(pool.processes, 3);
    assertEquals(await pool.map(square, upTo(20)), squares(20));
    assertEquals(pool.mapSync(square, upTo(20)), squares(20));
    await assertRejects(() => pool.apply(() => Deno.exit(3)), WorkerDiedError);
    assertEquals(pool.mapSync(square, upTo(20)), squares(20));
    pool.close();
    await pool.join();
  }
}, { reserve: true });

// Results that need more than the heap

test("a result whose class main has not imported is imported for it", async () => {
  const url = new URL("../fixtures/only_in_workers.ts", import.meta.url);
  const { pointAt } = tasksOf<typeof import("../fixtures/only_in_workers.ts")>(url);
  await using pool = new Pool(2);
  assertThrows(() => pool.applySync(pointAt, [2]), TaskLookupError, "Import the module first");
  const point = await pool.apply(pointAt, [2]);
  assertEquals([point.constructor.name, point.sum()], ["Point", 4]);
  const points = await pool.map(pointAt, upTo(10));
  assertEquals(points.map((point) => point.sum()), upTo(10).map((x) => 2 * x));
  assertEquals(pool.applySync(pointAt, [3]).sum(), 6);
});

test("await using a Pool waits for a result whose class must be imported", async () => {
  const url = new URL("../fixtures/only_in_workers.ts?again", import.meta.url);
  const { pointAt } = tasksOf<typeof import("../fixtures/only_in_workers.ts")>(url);
  let result;
  {
    await using pool = new Pool(1);
    result = pool.applyAsync(pointAt, [2]);
  }
  assert(result.ready());
  assertEquals((await result).sum(), 4);
});

test("shared memory that a worker makes is shared with main, free or blocked", async () => {
  await using pool = new Pool(2);
  const shared = await pool.map(tasks.makeShared, upTo(10), { chunkSize: 1 });
  assertEquals(shared.map((array) => array[0]), upTo(10));
  const sync = pool.mapSync(tasks.makeShared, upTo(10), { chunkSize: 1 });
  assertEquals(sync.map((array) => array[0]), upTo(10));
  sync[4][1] = 44;
  assertEquals(await pool.apply((array: Int32Array) => array[1], [sync[4]]), 44);
  assertEquals(pool.applySync((array: Int32Array) => ++array[1], [shared[5]]), 1);
  assertEquals(shared[5][1], 1);
});

test("Pool.starmap() refuses items that are no arguments, by their index", async () => {
  await using pool = new Pool(1);
  for (const item of [1, null, undefined, {}]) {
    await assertRejects(
      () => pool.starmap((x: number) => x, [[0], item] as [number][]),
      TypeError,
      "items[1] must be an array of arguments",
    );
  }
  assertThrows(() => pool.starmapSync((x: number) => x, [1] as never), TypeError, "items[0]");
});
