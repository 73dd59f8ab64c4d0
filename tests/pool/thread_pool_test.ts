import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ClosedError,
  DeadlockError,
  Event,
  InitializerError,
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
import { GUARD_MS, test } from "../fixtures/guarded.ts";

// What pools of both kinds promise is in pool_test.ts.

const guard = { timeoutMs: GUARD_MS };
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Waits until no thread of a pool runs a task. */
async function noneAlive(): Promise<void> {
  while (enumerate().length > 1) await turn();
}

/** A task that begins, waits to be let go, and ends; with counts of how many are under way. */
function gate() {
  const state = { open: 0, most: 0, begun: [] as number[] };
  const go = Promise.withResolvers<void>();
  const enter = async (x: number) => {
    state.begun.push(x);
    state.most = Math.max(state.most, ++state.open);
    await go.promise;
    state.open--;
    return x;
  };
  return { state, enter, letGo: () => go.resolve() };
}

// Construction

test("new ThreadPool() rejects what is no number of processes or initializer", () => {
  const make = (options: unknown) => () => new ThreadPool(options as ThreadPoolOptions);
  for (const processes of [0, -1, 1.5]) {
    assertThrows(make({ processes }), RangeError, `at least 1, not ${processes}`);
  }
  assertThrows(make({ processes: "2" }), RangeError, 'at least 1, not "2"');
  assertThrows(make(0), RangeError, "processes must be an integer");
  assertThrows(make({ initializer: 5 }), TypeError, "initializer must be a function, not number");
});

test("new ThreadPool() takes all its options, and none of Pool's besides", () => {
  const all: Required<ThreadPoolOptions> = { processes: 3, initializer: () => {}, initargs: [] };
  assertEquals(new ThreadPool(all).processes, 3);
  const options = { maxTasksPerChild: 1 } as object;
  assertThrows(() => new ThreadPool(options), TypeError, "there is no option maxTasksPerChild");
});

test("a ThreadPool is a Pool", () => {
  assert(new ThreadPool(1) instanceof Pool);
});

// The same isolate

test("ThreadPool tasks are closures, and get and give the objects themselves", async () => {
  await using pool = new ThreadPool(2);
  const [seen, socket]: [unknown[], object] = [[], { send: () => {}, symbol: Symbol("s") }];
  const keep = (value: unknown) => {
    seen.push(value);
    return value;
  };
  assertStrictEquals(await pool.apply(keep, [socket]), socket);
  assertStrictEquals((await pool.map(keep, [socket]))[0], socket);
  assertStrictEquals((await pool.starmap(keep, [[socket]]))[0], socket);
  assertStrictEquals((await Array.fromAsync(pool.imap(keep, [socket])))[0], socket);
  assertStrictEquals(await pool.applyAsync(keep, [socket]), socket);
  assertStrictEquals(pool.applySync(keep, [socket]), socket);
  assertStrictEquals(pool.mapSync(keep, [socket])[0], socket);
  assertEquals(seen.length, 7);
  assert(seen.every((value) => value === socket));
  assertEquals(await pool.apply(Math.max.bind(null, 5), [3]), 5);
});

test("ThreadPool errors are the objects that were thrown, untouched", async () => {
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

test("ThreadPool.apply() takes its arguments at the call", async () => {
  await using pool = new ThreadPool(1);
  const [args, items] = [[1], [1, 2]] as [[number], number[]];
  const one = pool.apply((x: number) => x, args);
  const many = pool.map((x: number) => x, items);
  args[0] = items[0] = items[1] = 9;
  assertEquals([await one, await many], [1, [1, 2]]);
});

// Threads

test("ThreadPool tasks see a thread of the pool, to their end", async () => {
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

test("ThreadPool tasks find what the initializer has put into local()", async () => {
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

test("ThreadPool tasks are not those of the thread that submits them", async () => {
  await using pool = new ThreadPool(1);
  const names: string[] = [];
  const tell = async () => {
    await turn();
    names.push(currentThread().name);
  };
  for (const name of ["a", "b"]) {
    await using thread = new Thread({ name, target: () => void pool.apply(tell) });
    thread.start();
  }
  await pool.apply(tell);
  assertEquals(new Set(names).size, 1);
  assertMatch(names[0], /^ThreadPoolWorker/);
});

test("ThreadPool of a dummy process has its tasks' waits ended with it", async () => {
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

// How many at once

test("ThreadPool has as many tasks under way as asked for, and no more", async () => {
  await using pool = new ThreadPool(3);
  const { state, enter, letGo } = gate();
  const singles = upTo(5).map((x) => pool.apply(enter, [x]));
  const many = pool.map(enter, upTo(7), { chunkSize: 1 });
  await turn();
  assertEquals([state.open, state.begun], [3, [0, 1, 2]]);
  letGo();
  assertEquals(await Promise.all(singles), upTo(5));
  assertEquals(await many, upTo(7));
  assertEquals([state.most, state.begun], [3, [...upTo(5), ...upTo(7)]]);
});

test("ThreadPool tasks of one chunk run one after the other", async () => {
  await using pool = new ThreadPool(3);
  let [open, most] = [0, 0];
  await pool.map(
    async () => {
      most = Math.max(most, ++open);
      await turn();
      open--;
    },
    upTo(6),
    { chunkSize: 6 },
  );
  assertEquals(most, 1);
});

test("ThreadPool tasks begin when the caller has gone on", async () => {
  await using pool = new ThreadPool(1);
  let begun = false;
  const result = pool.apply(() => void (begun = true));
  assertEquals(begun, false);
  await result;
  assertEquals(begun, true);
});

test("ThreadPool.map() of tasks that compute leaves turns to the event loop", async () => {
  await using pool = new ThreadPool(2);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const spin = () => {
    const end = performance.now() + 10;
    while (performance.now() < end);
    return ticks;
  };
  const seen = await pool.map(spin, upTo(20), { chunkSize: 1 });
  clearInterval(timer);
  assert(new Set(seen).size > 1, "the timer had no turn");
});

test("ThreadPool.imap() of tasks that compute leaves turns to the event loop", async () => {
  await using pool = new ThreadPool(2);
  let enough = false;
  setTimeout(() => enough = true, 0);
  let taken = 0;
  function* generate() {
    while (taken < 60_000) yield taken++;
  }
  for await (const _ of pool.imap((x: number) => x, generate())) {
    if (enough) break;
  }
  assert(enough, "the timer had no turn");
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

// Blocking calls

test("ThreadPool blocking calls run at once, whatever else is under way", async () => {
  await using pool = new ThreadPool(1);
  const { state, enter, letGo } = gate();
  const first = pool.apply(enter, [1]);
  const second = pool.apply(enter, [2]);
  assertEquals(pool.applySync((x: number) => x + 1, [1]), 2); // before anything has begun
  await turn();
  assertEquals(state.begun, [1]);
  assertEquals(pool.mapSync((x: number) => [x, state.open], [5, 6]), [[5, 1], [6, 1]]);
  assertEquals(pool.starmapSync(Math.pow, [[2, 3]]), [8]);
  assertEquals(state.begun, [1]);
  letGo();
  assertEquals(await Promise.all([first, second]), [1, 2]);
});

test("ThreadPool blocking calls of a task that returns a promise throw DeadlockError", async () => {
  await using pool = new ThreadPool(2);
  const begun: number[] = [];
  const later = async (x: number) => {
    begun.push(x);
    await turn();
    if (x === 1) throw new Error("nobody hears of it");
    return x;
  };
  assertThrows(() => pool.applySync(later, [0]), DeadlockError, "Await the call");
  assertThrows(() => pool.applySync(later, [1]), DeadlockError, "Await the call");
  assertThrows(() => pool.mapSync(later, [2, 3, 4]), DeadlockError, "Await the call");
  assertThrows(() => pool.starmapSync(later, [[5]]), DeadlockError, "Await the call");
  pool.close();
  await pool.join();
  assertEquals(begun, [0, 1, 2, 5]); // what was given up does not go on with the next item
});

// Initializer

test("ThreadPool initializer runs once for each place, even without a task", async () => {
  for (const later of [false, true]) {
    const seen: unknown[][] = [];
    const initializer = (...args: [string, object]) => {
      seen.push(args);
      if (later) return turn();
    };
    const shared = {};
    await using pool = new ThreadPool({ processes: 3, initializer, initargs: ["a", shared] });
    await turn();
    assertEquals(seen, [["a", {}], ["a", {}], ["a", {}]]);
    assertStrictEquals(seen[2][1], shared);
    await pool.map(() => {}, upTo(10));
    assertEquals(seen.length, 3);
  }
});

test("ThreadPool tasks wait for the initializer", async () => {
  const ready = Promise.withResolvers<void>();
  await using pool = new ThreadPool({ processes: 2, initializer: () => ready.promise });
  let begun = false;
  const result = pool.apply(() => begun = true);
  await turn();
  assertEquals(begun, false);
  assertThrows(() => pool.applySync(() => begun = true), DeadlockError, "the initializer awaits");
  ready.resolve();
  assertEquals(await result, true);
});

test("ThreadPool blocking calls run the initializer first", async () => {
  let ready = 0;
  await using pool = new ThreadPool({ processes: 2, initializer: () => ready++ });
  assertEquals(pool.applySync(() => ready), 2);
  assertEquals(await pool.apply(() => ready), 2);
});

test("ThreadPool initializer that fails fails all tasks, and is not called again", async () => {
  for (const later of [false, true]) {
    let calls = 0;
    const failure = new RangeError("no device");
    const initializer = () => {
      calls++;
      if (later) return turn().then(() => Promise.reject(failure));
      throw failure;
    };
    await using pool = new ThreadPool({ processes: 2, initializer });
    for (const call of [() => pool.map((x) => x, upTo(9)), () => pool.apply(() => 1)]) {
      const error = await assertRejects(call, InitializerError, "no device");
      assertStrictEquals(error.cause, failure);
    }
    assertThrows(() => pool.applySync(() => 1), InitializerError);
    assertEquals(calls, later ? 2 : 1);
  }
  await using pool = new ThreadPool({
    processes: 1,
    initializer: () => {
      throw new RangeError("no device");
    },
  });
  assertThrows(() => pool.mapSync((x: number) => x, [1]), InitializerError, "no device");
});

// Its end

test("ThreadPool.terminate() fails what has not ended, and cannot stop what runs", async () => {
  const pool = new ThreadPool(1);
  const { state, enter, letGo } = gate();
  const calls = [
    pool.map(enter, [1, 2, 3], { chunkSize: 3 }),
    pool.apply(enter, [4]),
    pool.applyAsync(enter, [5]).get(guard),
    pool.imap(enter, [6]).next(),
  ];
  const outcome = Promise.allSettled(calls);
  await turn();
  pool.terminate();
  pool.terminate();
  for (const result of await outcome) {
    assert(result.status === "rejected" && result.reason instanceof TerminatedError);
  }
  await pool.join(); // does not wait for the task that runs
  assertEquals(state.open, 1);
  letGo();
  await turn();
  assertEquals([state.open, state.begun], [0, [1]]);
  await assertRejects(() => pool.apply(enter, [7]), ClosedError, "terminated");
  assertThrows(() => pool.mapSync(() => 1, [1]), ClosedError, "terminated");
});

test("ThreadPool.terminate() ends the waits of what runs", async () => {
  const pool = new ThreadPool(2);
  const [begun, never] = [new Event(), new Event()];
  const seen = Promise.withResolvers<unknown>();
  const result = pool.apply(async () => {
    begun.set();
    await never.wait().catch(seen.resolve);
  });
  assert(await begun.wait(guard));
  pool.terminate();
  await assertRejects(() => result, TerminatedError, "the pool was terminated");
  assert(await seen.promise instanceof TerminatedError);
  await pool.join();
});

test("ThreadPool.join() waits for what runs after its call was given up", async () => {
  const pool = new ThreadPool(2);
  const { state, enter, letGo } = gate();
  const result = pool.applyAsync(enter, [1]);
  await turn();
  assert(result.cancel());
  pool.close();
  const joined = pool.join().then(() => state.open);
  await turn();
  letGo();
  assertEquals(await joined, 0);
});

test("ThreadPool tasks wait for shared objects without holding each other up", async () => {
  await using pool = new ThreadPool(2);
  const [there, back] = [new Event(), new Event()];
  const [a, b] = await Promise.all([
    pool.apply(async () => {
      there.set();
      return await back.wait(guard);
    }),
    pool.apply(async () => {
      await there.wait(guard);
      back.set();
      return true;
    }),
  ]);
  assertEquals([a, b], [true, true]);
});

test("ThreadPool tasks that wait for what cannot come do not keep a program alive", async () => {
  const program = `
    import { ThreadPool } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    const pool = new ThreadPool(1);
    pool.apply(() => new Promise(() => {}));
    pool.apply(() => console.log("never"));
    console.log("end");
  `;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
  }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "end\n"]);
});
