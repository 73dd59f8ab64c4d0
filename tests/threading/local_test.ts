import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { sleep } from "@sauropod/multiprocessing";
import { currentThread, local, Thread } from "@sauropod/multiprocessing/threading";
import { test } from "../fixtures/guarded.ts";

/** Runs each function in a thread, concurrently. */
async function inThreads(...targets: (() => unknown)[]): Promise<void> {
  const threads = targets.map((target) => new Thread({ target }));
  for (const thread of threads) thread.start();
  for (const thread of threads) {
    await thread.join();
    if (thread.error !== undefined) throw thread.error;
  }
}

test("local() separates the properties of threads", async () => {
  const data = local<{ x: number }>();
  data.x = -1;
  const seen: unknown[] = [];
  const use = (x: number) => async () => {
    assertEquals(data.x, undefined);
    data.x = x;
    for (let i = 0; i < 5; i++) {
      await sleep(1);
      assertEquals(data.x, x);
    }
    seen.push(data.x);
  };
  await inThreads(use(1), use(2), use(3));
  assertEquals(seen.sort(), [1, 2, 3]);
  assertEquals(data.x, -1);
});

test("local() calls its initializer once in each thread that uses the object", async () => {
  const made: string[] = [];
  const data = local(() => {
    made.push(currentThread().name);
    return { list: [] as number[], n: 0 };
  });
  assertEquals(made, []);
  const use = async () => {
    data.n++;
    await sleep(0);
    data.list.push(data.n);
    assertEquals([data.list, data.n], [[1], 1]);
  };
  await inThreads(use, () => {}, use);
  assertEquals(made.length, 2);
  assertEquals(new Set(made).size, 2);
  assertEquals(data.n, 0);
  assertEquals(made.at(-1), "MainThread");
});

test("local() returns a separate object for each call", () => {
  const [one, two] = [local<{ x: number }>(), local<{ x: number }>()];
  one.x = 1;
  assertEquals([one.x, two.x], [1, undefined]);
});

test("local() returns an object with normal property behaviour", () => {
  class Point {
    constructor(public x: number, public y: number) {}
    get sum() {
      return this.x + this.y;
    }
    double() {
      this.x *= 2;
    }
  }
  const data: Point & { z?: number } = local(() => new Point(1, 2));
  assert(data instanceof Point);
  data.double();
  assertEquals([data.x, data.sum, "y" in data, "z" in data], [2, 4, true, false]);
  data.z = 3;
  assertEquals([Object.keys(data), { ...data }], [["x", "y", "z"], { x: 2, y: 2, z: 3 }]);
  delete data.z;
  Object.defineProperty(data, "w", { value: 4, enumerable: true, configurable: true });
  assertEquals(JSON.stringify(data), '{"x":2,"y":2,"w":4}');
});

test("local() releases the properties of a thread when it ends", async () => {
  const data = local(() => ({ x: 0 }));
  let left = (): number => -1;
  const thread = new Thread({
    target: () => {
      data.x = 5;
      const after = Promise.withResolvers<void>();
      const read = after.promise.then(() => data.x);
      left = () => {
        after.resolve();
        return read as unknown as number;
      };
    },
  });
  thread.start();
  await thread.join();
  assertEquals(await left(), 0);
});

test("local() throws the error of its initializer, and calls it again later", () => {
  let calls = 0;
  const data = local(() => {
    if (calls++ === 0) throw new Error("not yet");
    return { x: 1 };
  });
  assertThrows(() => data.x, Error, "not yet");
  assertStrictEquals(data.x, 1);
});

test("local() rejects other initializers than functions", () => {
  assertThrows(() => local({ x: 1 } as never), TypeError, "local(() => ({ … }))");
});

test("local() rejects an initializer that returns a promise", () => {
  const data = local(() => Promise.resolve({ x: 1 }));
  assertThrows(() => "x" in data, TypeError, "initialize returned a promise. Await it before");
});
