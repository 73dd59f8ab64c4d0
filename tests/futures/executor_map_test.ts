import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Event, Queue, TimeoutError } from "@sauropod/multiprocessing";
import type { ExecutorMapOptions } from "@sauropod/multiprocessing/futures";
import { guard, occupy, squares, testEach, upTo } from "../fixtures/executors.ts";
import { collectGarbage } from "../fixtures/heap.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Tests of map() of both kinds of executors. Follows CPython's test_concurrent_futures/executor.py.

testEach(".map() accepts all its options", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1, initializer: () => {}, initargs: [] });
  const { signal } = new AbortController();
  const all: Required<ExecutorMapOptions> = {
    ...guard,
    signal,
    chunkSize: 2,
    bufferSize: 2,
    onProgress() {},
  };
  assertEquals(await Array.fromAsync(executor.map(square, [1, 2], all)), [1, 4]);
  await executor.shutdown({ wait: true, cancelFutures: true });
});

testEach(".map() yields the results in order", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  assertEquals(await Array.fromAsync(executor.map(square, upTo(30))), squares(30));
  assertEquals(await Array.fromAsync(executor.map(tasks.squareLater, new Set([1, 2]))), [1, 4]);
  for (const chunkSize of [1, 7, 100]) {
    const given = executor.map(Math.pow, upTo(10), Array(10).fill(2), { chunkSize });
    assertEquals(await Array.fromAsync(given), squares(10));
  }
});

testEach(".map() accepts an iterable for each parameter of the function", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  const join = (a: number, b: string, c: boolean) => `${a}${b}${c}`;
  assertEquals(await Array.fromAsync(executor.map(join, [1, 2], "xyz", [true, false, true])), [
    "1xtrue",
    "2yfalse",
  ]);
  assertEquals(await Array.fromAsync(executor.map(() => 1)), []);
  assertEquals(await Array.fromAsync(executor.map(() => 1, { bufferSize: 1 })), []);
  async function* letters() {
    yield* ["a", await "b"];
  }
  const given = executor.map((a: number, b: string) => b + a, upTo(10), letters());
  assertEquals(await Array.fromAsync(given), ["a0", "b1"]);
});

testEach(
  ".map() takes its options after the iterables of some optional parameters",
  async (Executor) => {
    await using executor = new Executor({ maxWorkers: 1 });
    const repeat = (text: string, times = 2, end = "") => text.repeat(times) + end;
    const collect = (all: AsyncIterable<string>) => Array.fromAsync(all);
    const options: ExecutorMapOptions = { chunkSize: 2 };
    assertEquals(await collect(executor.map(repeat, "ab", options)), ["aa", "bb"]);
    assertEquals(await collect(executor.map(repeat, "ab", [1, 3], options)), ["a", "bbb"]);
    assertEquals(await collect(executor.map(repeat, "ab", [1, 1], "!?", options)), ["a!", "b?"]);
    // @ts-expect-error: another type
    assertEquals(await collect(executor.map(repeat, "a", ["2"], options)), ["aa"]);
  },
);

testEach(".map() closes all iterables when one ends", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  const ended: string[] = [];
  function* endless(name: string) {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      ended.push(name);
    }
  }
  const sum = (a: number, b: number, c: number) => a + b + c;
  const given = executor.map(sum, endless("first"), [1, 2], endless("last"));
  assertEquals(await Array.fromAsync(given), [1, 4]);
  assertEquals(ended, ["first", "last"]);
});

testEach(".map() of empty inputs yields nothing", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  assertEquals(await Array.fromAsync(executor.map(square, [])), []);
  assertEquals(await Array.fromAsync(executor.map(square, [], { bufferSize: 3 })), []);
  assertEquals(await Array.fromAsync(executor.map(Math.pow, [1, 2], [])), []);
  assertEquals(await Array.fromAsync(executor.map(() => 1)), []); // as zip() of none
});

testEach(
  ".map() yields the results before an error, throws the error and ends",
  async (Executor) => {
    await using executor = new Executor({ maxWorkers: 2 });
    let taken = 0;
    function* generate() {
      for (; taken < 1000; taken++) yield taken;
    }
    const given: number[] = [];
    const iterator = executor.map(tasks.notThree, generate());
    await assertRejects(async () => {
      for await (const x of iterator) given.push(x);
    }, tasks.ModelError);
    assertEquals(given, [0, 1, 2]);
    assertEquals(await iterator.next(), { done: true, value: undefined });
    assert(taken < 100, `${taken} items were taken`);
    assertEquals(await executor.submit(square, 3), 9);
  },
);

testEach(".map() throws the error of its input after the results before it", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  function* fails(n: number) {
    yield* upTo(n);
    throw new SyntaxError("input fails");
  }
  for (const inputs of [[fails(3)], [upTo(9), fails(3)]]) {
    const given: unknown[] = [];
    await assertRejects(
      async () => {
        for await (const x of executor.map(Math.max, ...inputs)) given.push(x);
      },
      SyntaxError,
      "input fails",
    );
    assertEquals(given, [0, 1, 2]);
  }
});

testEach(
  ".map() throws TimeoutError after timeoutMs, and cancels the calls that have not begun",
  async (Executor) => {
    const [queue, go] = [new Queue<number>(), new Event()];
    await using executor = new Executor({ maxWorkers: 1 });
    const occupied = await occupy(executor, 1, go);
    for (const timeoutMs of [0, 3]) {
      const iterator = executor.map(tasks.put<number>, [queue, queue], [1, 2], { timeoutMs });
      await assertRejects(() => iterator.next(), TimeoutError, `${timeoutMs} ms after the call`);
      assertEquals((await iterator.next()).done, true);
    }
    go.set();
    await Promise.all(occupied);
    await executor.submit(square, 1);
    assert(queue.empty());
  },
);

testEach(
  ".map() cancels the calls that have not begun when the iteration is left",
  async (Executor) => {
    const queue = new Queue<number>();
    await using executor = new Executor({ maxWorkers: 1 });
    const go = new Event();
    for (const leave of ["return", "abort"]) {
      go.clear();
      const occupied = await occupy(executor, 1, go);
      const controller = new AbortController();
      const { signal } = controller;
      const iterator = executor.map(tasks.put<number>, Array(9).fill(queue), upTo(9), { signal });
      if (leave === "return") {
        await iterator.return!();
        assertEquals((await iterator.next()).done, true);
      } else {
        controller.abort(new RangeError("enough"));
        await assertRejects(() => iterator.next(), RangeError, "enough");
      }
      go.set();
      await Promise.all(occupied);
      await executor.submit(square, 1);
      assert(queue.empty(), leave);
    }
  },
);

testEach(".map() reads its input at most bufferSize chunks ahead", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  for (const [bufferSize, chunkSize] of [[1, 1], [3, 1], [2, 4], [undefined, 1]] as const) {
    let taken = 0;
    const endless = function* () {
      for (;;) yield taken++;
    };
    const ahead = (bufferSize ?? 4) * chunkSize;
    const iterator = executor.map(square, endless(), { bufferSize, chunkSize });
    assertEquals(taken, ahead);
    let given = 0;
    for await (const x of iterator) {
      assertEquals(x, given ** 2);
      given++;
      assert(taken <= given + ahead, `${taken} taken for ${given}`);
      if (given === 40) break;
    }
  }
});

testEach(".map() rejects inputs that are not iterable and invalid sizes", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  const any = (value: unknown) => value as number[];
  assertThrows(
    () => executor.map(square, any(5)),
    TypeError,
    "items must be an array or another iterable, not 5",
  );
  assertThrows(() => executor.map(Math.pow, [1], any(5)), TypeError, "argument 2 after fn must be");
  assertThrows(() => executor.map(Math.pow, any(null), [1]), TypeError, "iterable, not null");
  for (const size of [0, -1, 1.5, NaN]) {
    for (const name of ["chunkSize", "bufferSize"]) {
      const options = { [name]: size } as ExecutorMapOptions;
      const message = `${name} must be an integer of at least 1, not ${size}`;
      assertThrows(() => executor.map(square, [1], options), RangeError, message);
    }
  }
  assertThrows(() => executor.map(square, [1], { timeoutMs: NaN }), RangeError, "timeoutMs");
});

testEach(".map() can be left while an input is pending", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  const asked = Promise.withResolvers<void>();
  const left = Object.fromEntries(
    ["first", "second", "third", "late"].map((name) => [name, Promise.withResolvers<void>()]),
  );
  const stuck = (name: string, count: number) => ({
    async next() {
      if (count-- > 0) return { done: false as const, value: count };
      asked.resolve();
      return await new Promise<never>(() => {});
    },
    async return() {
      left[name].resolve();
      if (count < 0) await new Promise<never>(() => {});
      return { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  });
  const given = executor.map(Math.max, stuck("first", 9), stuck("second", 2), stuck("third", 9));
  for await (const x of given) {
    await asked.promise;
    if (x === 7) break;
  }
  await Promise.all([left.first.promise, left.second.promise, left.third.promise]);
  const late = executor.map(square, stuck("late", 0), { timeoutMs: 1 });
  await assertRejects(() => late.next(), TimeoutError);
  await left.late.promise;
});

testEach(
  ".map() results are collected that have ended, were left or have failed",
  async (Executor) => {
    await using executor = new Executor({ maxWorkers: 1 });
    const fail = () => {
      throw new RangeError("no");
    };
    const refs = await Promise.all([
      (async () => {
        const map = executor.map(Math.sqrt, [1, 4]);
        await Array.fromAsync(map);
        return new WeakRef(map);
      })(),
      (async () => {
        const map = executor.map(Math.sqrt, [1, 4]);
        for await (const _ of map) break;
        return new WeakRef(map);
      })(),
      (async () => {
        const map = executor.map(fail, [1, 4]);
        await Array.fromAsync(map).catch(() => {});
        return new WeakRef(map);
      })(),
    ]);
    const kept = () => refs.filter((ref) => ref.deref() !== undefined).length;
    for (let times = 0; times < 10 && kept() > 0; times++) await collectGarbage();
    assertEquals(kept(), 0);
  },
);
