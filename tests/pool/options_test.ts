import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Pool, type PoolOptions, Queue } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { testEach } from "../fixtures/pools.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Options of a pool

test("new Pool() rejects an invalid number of processes, limit or initializer", () => {
  const make = (options: unknown) => () => new Pool(options as PoolOptions);
  for (const processes of [0, -1, 1.5, NaN, Infinity, 2 ** 33]) {
    assertThrows(make({ processes }), RangeError, `from 1 to 65536, not ${processes}`);
  }
  assertThrows(make({ processes: "2" }), TypeError, 'from 1 to 65536, not "2"');
  assertThrows(make(0), RangeError, "processes must be an integer");
  for (const maxTasksPerChild of [0, -1, 0.5]) {
    assertThrows(make({ maxTasksPerChild }), RangeError, "maxTasksPerChild must be an integer");
  }
  assertThrows(make({ initializer: "f" }), TypeError, 'initializer must be a function, not "f"');
  assertThrows(make({ startMethod: "fork" }), RangeError, "fork");
});

testEach("new Pool() rejects unknown options and non-array arguments", (Pool) => {
  const make = (options: unknown) => () => new Pool(options as PoolOptions);
  const list = "There are processes, initializer, initargs";
  assertThrows(make({ proceses: 1 }), TypeError, `Cannot make pool: there is no option proceses`);
  assertThrows(make({ maxWorkers: 2 }), TypeError, `there is no option maxWorkers. ${list}`);
  assertThrows(make({ init_args: [1] }), TypeError, "Write initargs");
  for (const [options, shown] of [["4", '"4"'], [null, "null"], [() => {}, "a function"]]) {
    const text = `options must be an object, such as { processes: … }, not ${shown}`;
    assertThrows(make(options), TypeError, text);
  }
  const text =
    "Cannot make pool: initargs must be an array, not 5. For one argument write initargs: [x]";
  assertThrows(make({ initializer: () => {}, initargs: 5 }), TypeError, text);
});

// Options and arguments of a call

testEach("Pool's calls reject unknown options and say how to set a time limit", async (Pool) => {
  await using pool = new Pool(1);
  const call = async (name: string, options: unknown) => {
    const method: unknown = Reflect.get(pool, name);
    const items = name.startsWith("starmap") ? [[4]] : [4];
    return await Reflect.apply(method as () => unknown, pool, [square, items, options]);
  };
  const chunks = "chunkSize, signal, onProgress";
  const task = "timeoutMs, retries, retryOn";
  const calls: [names: string, list: string][] = [
    ["apply", `There are signal, ${task}`],
    ["applyAsync", `There are callback, errorCallback, signal, ${task}`],
    ["applySync", `There are ${task}`],
    ["map starmap mapSync starmapSync", `There are ${chunks}, ${task}`],
    ["mapAsync starmapAsync", `There are ${chunks}, ${task}, callback, errorCallback`],
    ["imap imapUnordered", `There are ${chunks}, ${task}`],
  ];
  for (const [names, list] of calls) {
    for (const name of names.split(" ")) {
      const verb = name.startsWith("apply") ? "apply" : "map";
      const refuses = async (options: unknown, text: string) => {
        await assertRejects(() => call(name, options), TypeError, `Cannot ${verb}: ${text}`);
      };
      await refuses({ timeout: 50 }, `there is no option timeout. ${list}. Write timeoutMs`);
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

testEach(
  "Pool's calls reject invalid callbacks and signals without running the task",
  async (Pool) => {
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
    for (const name of ["starmap", "starmapSync", "starmapAsync", "imap", "imapUnordered"]) {
      await refuses(name, { onProgress: "x" }, 'options.onProgress must be a function, not "x"');
    }
    await pool.apply(square, [1]);
    assert(queue.empty());
  },
);

testEach("Pool's calls accept all their options", async (Pool) => {
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
    const results = imap.call(pool, square as never, [4], many);
    assertEquals(await Array.fromAsync(results), [16]);
  }
});

testEach(
  "Pool's calls reject non-functions, non-iterable items and non-array arguments",
  async (Pool) => {
    await using pool = new Pool(1);
    const any = (value: unknown) => value as never;
    await assertRejects(() => pool.map(any("f"), [1]), TypeError, "fn must be a function");
    await assertRejects(
      () => pool.map(any([1]), any(Math.sqrt)),
      TypeError,
      "fn must be a function, not an object of class Array. The function comes first, and then its items",
    );
    await assertRejects(() => pool.apply(any(null)), TypeError, "fn must be a function");
    await assertRejects(() => pool.apply(square, any(5)), TypeError, "args must be an array");
    for (const items of [5, null, undefined, {}, (async function* () {})()]) {
      await assertRejects(() => pool.map(square, any(items)), TypeError, "items must be an array");
    }
    assertThrows(() => pool.mapSync(square, any(5)), TypeError, "items must be an array");
    assertThrows(() => pool.imap(square, any(5)), TypeError, "items must be an array");
  },
);

testEach("Pool's calls reject a chunkSize that is not an integer of at least 1", async (Pool) => {
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

testEach(
  "Pool.starmap() rejects an item that is not iterable",
  async (Pool) => {
    await using pool = new Pool(1);
    await assertRejects(
      () => pool.starmap(Math.pow, [5 as unknown as [number, number]]),
      TypeError,
    );
    assertEquals(await pool.apply(square, [3]), 9);
  },
);

test("Pool.starmap() names the index of an item that is not an array of arguments", async () => {
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
