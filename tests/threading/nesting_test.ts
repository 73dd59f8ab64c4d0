/**
 * Tasks of this isolate that are nested in each other: how deep, and which waits they refuse.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DeadlockError, TerminatedError, ThreadPool } from "@sauropod/multiprocessing";
import { ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { MapReduce } from "@sauropod/multiprocessing/sharedmem";
import { test } from "../fixtures/guarded.ts";
import {
  countLevels,
  currentLevel,
  isTaskOf,
  Level,
  levelForCall,
} from "../../lib/threading/nesting.ts";

/** Calls a function that calls itself in the same way, in this isolate, until `depth` calls are nested. */
const nestings: Record<string, (depth: number) => Promise<number>> = {
  "ThreadPool.apply()": async (depth) => {
    await using pool = new ThreadPool(1);
    const nest = async (level: number): Promise<number> => {
      if (level === depth) return level;
      await using inner = new ThreadPool(1);
      return await inner.apply(nest, [level + 1]);
    };
    return await pool.apply(nest, [1]);
  },
  "ThreadPool.map() of one pool": async (depth) => {
    await using pool = new ThreadPool(1000);
    const nest = async (level: number): Promise<number> =>
      level === depth ? level : (await pool.map(nest, [level + 1]))[0];
    return (await pool.map(nest, [1]))[0];
  },
  "ThreadPool.imap() of one pool": async (depth) => {
    await using pool = new ThreadPool(1000);
    const nest = async (level: number): Promise<number> =>
      level === depth ? level : (await Array.fromAsync(pool.imap(nest, [level + 1])))[0];
    return await nest(0);
  },
  "ThreadPoolExecutor.submit()": async (depth) => {
    await using executor = new ThreadPoolExecutor(1000);
    const nest = async (level: number): Promise<number> =>
      level === depth ? level : await executor.submit(nest, level + 1).result();
    return await executor.submit(nest, 1);
  },
  "MapReduce.map() in the caller": async (depth) => {
    await using reduce = new MapReduce({ np: 0 });
    const nest = async (level: number): Promise<number> => {
      await Promise.resolve();
      return level === depth ? level : (await reduce.map(nest, [level + 1]))[0];
    };
    return await nest(0);
  },
  "Parallel() in the caller": async (depth) => {
    const nest = async (level: number): Promise<number> => {
      await Promise.resolve();
      return level === depth ? level : (await Parallel()([delayed(nest)(level + 1)]))[0];
    };
    return await nest(0);
  },
};

for (const [what, nest] of Object.entries(nestings)) {
  test(`${what} that is nested without end throws RangeError at a depth of a hundred`, async () => {
    assertEquals(await nest(90), 90);
    await assertRejects(() => nest(Infinity), RangeError, "nested more than 100 deep");
    assertEquals(await nest(90), 90); // nothing is left of the calls that failed
  });
}

test("ThreadPool.applySync() that is nested without end throws RangeError at a depth of a hundred", () => {
  const pool = new ThreadPool(1);
  const nest = (): unknown => pool.applySync(nest);
  assertThrows(nest, RangeError, "nested more than 100 deep");
});

for (const kind of ["awaits before", "awaits after", "awaits nothing"]) {
  test(`a task of a ThreadPool may submit the next one without end: it ${kind}`, async () => {
    await using pool = new ThreadPool(2);
    const ended = Promise.withResolvers<void>();
    let count = 0;
    const next = () => void (++count === 500 ? ended.resolve() : pool.applyAsync(step));
    const step = {
      "awaits nothing": next,
      "awaits before": async () => {
        await Promise.resolve();
        next();
      },
      "awaits after": async () => {
        next();
        await Promise.resolve();
      },
    }[kind]!;
    pool.applyAsync(step);
    await ended.promise;
  });
}

test("calls of Parallel() that run side by side are not nested", async () => {
  const calls = Array.from({ length: 300 }, (_, x) =>
    Parallel()([
      delayed(async (x: number) => {
        await Promise.resolve();
        return (await Parallel()([delayed((x: number) => x + 1)(x)]))[0];
      })(x),
    ]));
  const results = await Promise.all(calls);
  assertEquals(results.flat(), Array.from({ length: 300 }, (_, x) => x + 1));
});

test("a level is that of the code after each await, until it has ended", async () => {
  await using pool = new ThreadPool(1);
  await pool.apply(() => {}); // from here on, the async context is followed
  const runner = {};
  const outer = new Level(undefined, runner);
  const inner = new Level(outer);
  await inner.run(async () => {
    await Promise.resolve();
    assertEquals(currentLevel() === inner, true);
    assertEquals(isTaskOf(runner), true);
    inner.end();
    assertEquals(levelForCall("test") === outer, true);
    outer.end();
    assertEquals([currentLevel(), isTaskOf(runner)], [undefined, false]);
  });
});

test("a call may be made in 99 tasks that are nested, and in a hundred not", () => {
  const levels: Level[] = [];
  for (let depth = 1; depth <= 100; depth++) levels.push(new Level(levels.at(-1)));
  levels[98].run(() => assertEquals(levelForCall("test") === levels[98], true));
  levels[99].run(() => {
    assertThrows(() => levelForCall("test"), RangeError, "Cannot test: calls would be nested");
    levels[50].end();
    assertEquals(levelForCall("test") === levels[99], true); // one of them has ended
  });
  for (const level of levels) level.end();
});

test("a level that is ended again counts once", () => {
  const before = countLevels();
  const [level, other] = [new Level(undefined), new Level(undefined)];
  assertEquals(countLevels(), before + 2);
  level.end();
  level.end();
  assertEquals(countLevels(), before + 1);
  other.end();
  assertEquals(countLevels(), before);
});

test("ThreadPool.join() throws DeadlockError in a task of the pool", async () => {
  const pool = new ThreadPool(2);
  const joinHere = async () => {
    pool.close();
    await pool.join();
  };
  await assertRejects(() => pool.apply(joinHere), DeadlockError, "Cannot join pool");
  await pool.join();
});

test("ThreadPool.join() throws DeadlockError in a call of Parallel() that a task of the pool makes", async () => {
  const pool = new ThreadPool(2);
  const joinHere = async () => {
    pool.close();
    await Parallel()([delayed(() => pool.join())()]);
  };
  await assertRejects(() => pool.apply(joinHere), DeadlockError, "Cannot join pool");
  await pool.join();
});

test("ThreadPool.join() waits in a task of another pool, and after the task has ended", async () => {
  const [pool, other] = [new ThreadPool(1), new ThreadPool(1)];
  const joined = Promise.withResolvers<string>();
  pool.apply(() => {
    setTimeout(async () => {
      pool.close();
      await pool.join();
      joined.resolve("joined");
    }, 1);
  });
  assertEquals(await joined.promise, "joined");
  const joinHere = async () => {
    await pool.join();
    return "joined";
  };
  assertEquals(await other.apply(joinHere), "joined");
  other.close();
  await other.join();
});

test("ThreadPool.join() returns in a task of the pool after terminate()", async () => {
  const pool = new ThreadPool(1);
  const joined = Promise.withResolvers<string>();
  const joinHere = async () => {
    pool.terminate();
    await pool.join();
    joined.resolve("joined");
  };
  await assertRejects(() => pool.apply(joinHere), TerminatedError);
  assertEquals(await joined.promise, "joined");
});

test("ThreadPoolExecutor.shutdown() throws DeadlockError in a task of the executor if it waits", async () => {
  const executor = new ThreadPoolExecutor(1);
  await executor.submit(() => executor.shutdown({ wait: false }));
  await executor.shutdown();
  const another = new ThreadPoolExecutor(1);
  const future = another.submit(() => another.shutdown());
  await assertRejects(() => future.result(), DeadlockError, "Cannot join pool");
  await another.shutdown();
});
