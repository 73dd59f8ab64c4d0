import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  Event,
  Pool,
  TerminatedError,
  ThreadPool,
  type ThreadPoolOptions,
} from "@sauropod/multiprocessing";
import {
  currentThread,
  enumerate,
  getIdent,
  local,
  mainThread,
  Thread,
} from "@sauropod/multiprocessing/threading";
import { Process } from "@sauropod/multiprocessing/dummy";
import { test } from "../fixtures/guarded.ts";
import { guard, turn, upTo } from "../fixtures/pools.ts";

// What both kinds of pools promise is tested in the other files, slots in
// engines/same_isolate/same_isolate_engine_test.ts.

/** Waits until no thread of a pool is alive. */
async function noneAlive(): Promise<void> {
  while (enumerate().length > 1) await turn();
}

// Construction

test("new ThreadPool() rejects an invalid number of processes or initializer", () => {
  const make = (options: unknown) => () => new ThreadPool(options as ThreadPoolOptions);
  for (const processes of [0, -1, 1.5, 2 ** 33]) {
    assertThrows(make({ processes }), RangeError, `from 1 to 65536, not ${processes}`);
  }
  assertThrows(make({ processes: "2" }), TypeError, 'from 1 to 65536, not "2"');
  assertThrows(make(0), RangeError, "processes must be an integer");
  assertThrows(make({ initializer: 5 }), TypeError, "initializer must be a function, not 5");
});

test("new ThreadPool() accepts its own options and rejects others of Pool", () => {
  const all: Required<ThreadPoolOptions> = {
    processes: 3,
    initializer: () => {},
    initargs: [],
    graceMs: 1000,
    timeoutMs: 1000,
    retries: 1,
    retryOn: () => false,
  };
  assertEquals(new ThreadPool(all).processes, 3);
  const options = { maxTasksPerChild: 1 } as object;
  assertThrows(() => new ThreadPool(options), TypeError, "there is no option maxTasksPerChild");
});

test("a ThreadPool is a Pool", () => {
  assert(new ThreadPool(1) instanceof Pool);
});

test("ThreadPool works in a worker", async () => {
  await using pool = new Pool(1);
  const nested = async (url: string) => {
    const { ThreadPool } = await import(url);
    await using threads = new ThreadPool(2);
    return await threads.map((x: number) => x + 1, [1, 2]);
  };
  assertEquals(await pool.apply(nested, [import.meta.resolve("../../mod.ts")]), [2, 3]);
});

// The same isolate

test("ThreadPool tasks may be closures and pass objects by reference", async () => {
  await using pool = new ThreadPool(2);
  const [seen, socket]: [unknown[], object] = [[], { send: () => {}, symbol: Symbol("s") }];
  const pass = (value: unknown) => {
    seen.push(value);
    return value;
  };
  assertStrictEquals(await pool.apply(pass, [socket]), socket);
  assertStrictEquals((await pool.map(pass, [socket]))[0], socket);
  assertStrictEquals((await pool.starmap(pass, [[socket]]))[0], socket);
  assertStrictEquals((await Array.fromAsync(pool.imap(pass, [socket])))[0], socket);
  assertStrictEquals(await pool.applyAsync(pass, [socket]), socket);
  assertStrictEquals(pool.applySync(pass, [socket]), socket);
  assertStrictEquals(pool.mapSync(pass, [socket])[0], socket);
  assertEquals(seen.length, 7);
  assert(seen.every((value) => value === socket));
  assertEquals(await pool.apply(Math.max.bind(null, 5), [3]), 5);
});

test("ThreadPool errors are the thrown objects, unchanged", async () => {
  await using pool = new ThreadPool(2);
  const thrown = new RangeError("as it is");
  const { stack } = thrown;
  const fail = (): number => {
    throw thrown;
  };
  const rejects = [
    () => pool.apply(fail),
    () => pool.applyAsync(fail).get(guard),
    () => pool.map(fail, [1, 2]),
    () => pool.starmap(fail, [[], []]),
    () => pool.imap(fail, [1]).next(),
    () => pool.apply(() => Promise.reject(thrown)),
  ];
  for (const call of rejects) assertStrictEquals(await call().then(() => 0, (it) => it), thrown);
  assertStrictEquals(assertThrows(() => pool.applySync(fail)), thrown);
  assertStrictEquals(assertThrows(() => pool.mapSync(fail, [1])), thrown);
  assertEquals(thrown.stack, stack);
});

test("ThreadPool.apply() copies the list of arguments at the call", async () => {
  await using pool = new ThreadPool(1);
  const [args, items] = [[1], [1, 2]] as [[number], number[]];
  const one = pool.apply((x: number) => x, args);
  const many = pool.map((x: number) => x, items);
  args[0] = items[0] = items[1] = 9;
  assertEquals([await one, await many], [1, [1, 2]]);
});

// Threads

test("ThreadPool tasks run in a thread of the pool until they end", async () => {
  const seen = new Set<Thread>();
  {
    await using pool = new ThreadPool(2);
    const task = async () => {
      const thread = currentThread();
      seen.add(thread);
      assertEquals([thread.isAlive(), thread.daemon, thread.ident === getIdent()], [
        true,
        true,
        true,
      ]);
      assert(enumerate().includes(thread));
      await turn();
      assertStrictEquals(currentThread(), thread);
    };
    await pool.map(task, upTo(9), { chunkSize: 1 });
    await pool.apply(task);
  }
  assertEquals(seen.size, 2);
  assertEquals(new Set([...seen].map(({ ident }) => ident)).size, 2);
  for (const thread of seen) {
    assertMatch(thread.name, /^ThreadPoolWorker-\d+$/);
    assertThrows(() => thread.start(), Error, "it belongs to a pool");
    assertThrows(() => thread.joinSync(), Error, "it belongs to a pool");
    await assertRejects(() => thread.join(), Error, "it belongs to a pool");
  }
  await noneAlive();
  assertStrictEquals(currentThread(), mainThread());
});

test("ThreadPool tasks see what the initializer stored in local()", async () => {
  let opened = 0;
  const mine = local(() => ({ connection: 0, uses: 0 }));
  const initializer = async () => {
    await turn();
    mine.connection = ++opened;
  };
  await using pool = new ThreadPool({ processes: 3, initializer });
  const use = async () => {
    await turn();
    return [mine.connection, ++mine.uses];
  };
  const used = await pool.map(use, upTo(12), { chunkSize: 1 });
  assertEquals(new Set(used.map(([connection]) => connection)), new Set([1, 2, 3]));
  assertEquals(opened, 3);
  for (const connection of [1, 2, 3]) {
    const uses = used.filter(([it]) => it === connection).map(([, uses]) => uses);
    assertEquals(uses, uses.map((_, at) => at + 1));
  }
  assertEquals(mine.connection, 0);
});

test("ThreadPool tasks do not run in the thread that submits them", async () => {
  await using pool = new ThreadPool(1);
  const names: string[] = [];
  const addName = async () => {
    await turn();
    names.push(currentThread().name);
  };
  for (const name of ["a", "b"]) {
    await using thread = new Thread({ name, target: () => void pool.apply(addName) });
    thread.start();
  }
  await pool.apply(addName);
  assertEquals(new Set(names).size, 1);
  assertMatch(names[0], /^ThreadPoolWorker/);
});

test("ThreadPool tasks of a dummy process stop waiting when the process is terminated", async () => {
  const [never, begun] = [new Event(), new Event()];
  const outcome = Promise.withResolvers<unknown>();
  const process = new Process({
    target: async () => {
      const pool = new ThreadPool(1);
      const task = async () => {
        begun.set();
        await never.wait();
      };
      await pool.apply(task).catch(outcome.resolve);
    },
  });
  process.start();
  assert(await begun.wait(guard));
  process.terminate();
  assert(await outcome.promise instanceof TerminatedError);
  await process.join();
  await noneAlive();
});
