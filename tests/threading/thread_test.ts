import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  DataCloneError,
  DeadlockError,
  Event,
  Lock,
  Queue,
  sleep,
} from "@sauropod/multiprocessing";
import {
  activeCount,
  enumerate,
  getNativeId,
  setExcepthook,
  Thread,
  type ThreadOptions,
  TIMEOUT_MAX,
} from "@sauropod/multiprocessing/threading";
import { countParkedPromises } from "../../lib/parking/wait.ts";
import { finishThread, threadState } from "../../lib/threading/thread.ts";
import { GUARD_MS, test, turn } from "../fixtures/guarded.ts";

const guard = { timeoutMs: GUARD_MS };

function started<A extends readonly unknown[]>(options: ThreadOptions<A>): Thread<A> {
  const thread = new Thread(options);
  thread.start();
  return thread;
}

async function ended(thread: Thread): Promise<void> {
  assert(await thread.join(guard), `${thread.name} still runs`);
}

// Construction

test("new Thread() rejects invalid targets and arguments", () => {
  const make = (options: unknown) => () => new Thread(options as ThreadOptions);
  assertThrows(make({ target: "run" }), TypeError, 'target must be a function, not "run"');
  assertThrows(make({ target: null }), TypeError, "target must be a function");
  assertThrows(make({ args: "x" }), TypeError, 'args must be an array, not "x". For one argument');
  assertThrows(make({ args: { length: 1 } }), TypeError, "write args: [x]");
});

test("new Thread() rejects unknown options and a call in place of a target", () => {
  const make = (options: unknown) => () => new Thread(options as ThreadOptions);
  const list = "There are target, args, name, daemon";
  assertThrows(make({ kwargs: {} }), TypeError, `Cannot make thread: there is no option kwargs`);
  assertThrows(make({ arg: [1] }), TypeError, list);
  assertThrows(make(() => {}), TypeError, "such as { target: … }, not a function");
  assertThrows(make([]), TypeError, "options must be an object");
  const advice = "target must be a function, not undefined. Write target: fn, without calling it";
  assertThrows(make({ target: undefined }), TypeError, advice);
});

test("new Thread() accepts no target, and all its options", () => {
  class Mine extends Thread {
    override run() {}
  }
  for (const thread of [new Thread(), new Thread({}), new Mine({ target: undefined })]) {
    assertEquals(thread.isAlive(), false);
  }
  const all: Required<ThreadOptions<[number]>> = {
    target: Math.sqrt,
    args: [4],
    name: "root",
    daemon: true,
  };
  const { name, daemon } = new Thread(all);
  assertEquals([name, daemon], ["root", true]);
});

test("new Thread() is not alive and has no ident", () => {
  const thread = new Thread({ target: () => {} });
  assertEquals(
    [thread.isAlive(), thread.ident, thread.nativeId, thread.error, thread.daemon],
    [false, undefined, undefined, undefined, false],
  );
  assertEquals(activeCount(), 1);
});

test("Thread.name is Thread-N with the name of the target, with increasing N", () => {
  const numberIn = (name: string, pattern: RegExp) => Number(name.match(pattern)![1]);
  function reader() {}
  const first = numberIn(new Thread({ target: reader }).name, /^Thread-(\d+) \(reader\)$/);
  const nameless = [{}, { target: () => {} }, { target: (() => () => {})() }];
  for (const [at, options] of nameless.entries()) {
    assertEquals(numberIn(new Thread(options).name, /^Thread-(\d+)$/), first + 1 + at);
  }
  assertEquals(new Thread({ name: "mine" }).name, "mine");
  class Worker extends Thread {}
  assertEquals(new Worker().name, `Thread-${first + 4}`);
});

test("Thread.name can be changed at any time", async () => {
  const go = new Event();
  const thread = new Thread({ target: () => go.wait(), name: "before" });
  thread.name = "made";
  assertEquals(thread.name, "made");
  thread.start();
  thread.name = "started";
  assertEquals(enumerate()[1].name, "started");
  go.set();
  await ended(thread);
  thread.name = "ended";
  assertThrows(() => thread.name = 5 as never, TypeError, "name must be a string, not 5");
  assertEquals(thread.name, "ended");
});

// Running

test("Thread.run() calls the target in the calling thread", () => {
  assertEquals(new Thread({ target: (a: number, b: number) => a + b, args: [1, 2] }).run(), 3);
  assertEquals(new Thread().run(), undefined);
});

test("Thread.start() begins the target when the caller awaits, with uncopied arguments", async () => {
  const list: string[] = [];
  const threads = ["a", "b"].map((name) =>
    started({ target: (to: string[]) => void to.push(name), args: [list] })
  );
  assertEquals(list, []);
  await null;
  assertEquals(list, ["a", "b"]);
  for (const thread of threads) await ended(thread);
});

test("Thread.start() may be called by the owner of a lock that the thread acquires", async () => {
  const lock = new Lock();
  let thread: Thread;
  {
    using _ = lock.acquireSync();
    thread = started({ target: () => lock.acquireSync().release() });
  }
  await ended(thread);
});

test("Thread without a target ends", async () => {
  await ended(started({}));
});

test("Thread.start() throws when called again", async () => {
  const thread = started({ target: () => sleep(1), name: "twice" });
  const message = "Cannot start thread twice: it was started before. Make a new one";
  assertThrows(() => thread.start(), Error, message);
  await ended(thread);
  assertThrows(() => thread.start(), Error, message);
});

test("Thread is alive, has an ident and is enumerated from start() until it ends", async () => {
  const end = new Event();
  const [one, two] = [started({ target: () => end.wait() }), started({ target: () => end.wait() })];
  assertEquals([one.isAlive(), two.isAlive(), activeCount()], [true, true, 3]);
  assertEquals(enumerate().slice(1), [one, two]);
  assert(one.ident !== two.ident && one.ident! > 0);
  assertEquals([one.nativeId, two.nativeId], [getNativeId(), getNativeId()]);
  const idents = [one.ident, two.ident];
  end.set();
  await ended(one);
  await ended(two);
  assertEquals([one.isAlive(), two.isAlive(), activeCount()], [false, false, 1]);
  assertEquals([one.ident, two.ident], idents);
});

test("Thread is not alive once join() has resolved or joinSync() returned true", async () => {
  for (let i = 0; i < 20; i++) {
    const thread = started({ target: () => i % 2 ? sleep(0) : undefined });
    while (!thread.joinSync({ timeoutMs: 0 })) await sleep(0);
    assertEquals([thread.isAlive(), enumerate().length], [false, 1]);
    assert(await thread.join({ timeoutMs: 0 }));
  }
});

test("Thread.start() can start many threads at once, which share variables", async () => {
  let count = 0;
  const threads = Array.from({ length: 100 }, (_, i) =>
    started({
      target: async () => {
        await sleep(i % 3);
        count++;
      },
    }));
  for (const thread of threads) await ended(thread);
  assertEquals(count, 100);
});

test("Thread releases target and arguments at its end", async () => {
  const thread = started({ target: (x: number) => x, args: [5] });
  await ended(thread);
  assertEquals(thread.run(), undefined);
});

// Joining

test("Thread.join() and joinSync() throw before start()", async () => {
  const thread = new Thread({ name: "early" });
  const message = "Cannot join thread early: it was not started";
  await assertRejects(() => thread.join(), Error, message);
  assertThrows(() => thread.joinSync(), Error, message);
});

test("Thread.join() and joinSync() of the calling thread throw DeadlockError", async () => {
  const thread: Thread = new Thread({
    name: "self",
    target: async () => {
      const message = "Cannot join thread self: it is the calling thread";
      await assertRejects(() => thread.join(), DeadlockError, message);
      assertThrows(() => thread.joinSync(), DeadlockError, message);
    },
  });
  thread.start();
  await ended(thread);
  if (thread.error !== undefined) throw thread.error;
});

test("Thread.join() can be called several times by several threads", async () => {
  const end = new Event();
  const thread = started({ target: () => end.wait() });
  const other = started({ target: () => thread.join() });
  const joins = [thread.join(guard), thread.join(), thread.join(guard)];
  end.set();
  assertEquals(await Promise.all(joins), [true, true, true]);
  assert(await thread.join());
  assert(thread.joinSync());
  assert(await other.join(guard));
});

test("Thread.join() returns false after timeoutMs", async () => {
  const end = new Event();
  const thread = started({ target: () => end.wait() });
  for (const timeoutMs of [0, -1, 5]) assertEquals(await thread.join({ timeoutMs }), false);
  const longest = [TIMEOUT_MAX, Infinity].map((timeoutMs) => thread.join({ timeoutMs }));
  assert(thread.isAlive());
  await assertRejects(() => thread.join({ timeoutMs: NaN }), RangeError, "timeoutMs");
  assertThrows(() => thread.joinSync({ timeoutMs: NaN }), RangeError, "timeoutMs");
  end.set();
  await ended(thread);
  assertEquals(await Promise.all(longest), [true, true]);
});

test("Thread.join() rejects with the reason of its signal", async () => {
  const end = new Event();
  const thread = started({ target: () => end.wait() });
  const controller = new AbortController();
  const joining = thread.join({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => joining, Error, "enough");
  await assertRejects(() => thread.join({ signal: controller.signal }), Error, "enough");
  end.set();
  await ended(thread);
});

test("Thread.joinSync() throws immediately if the thread has not ended", async () => {
  const end = new Event();
  const thread = started({ target: () => end.wait(), name: "sleeper" });
  const message = "Cannot block until thread sleeper has ended";
  assertThrows(() => thread.joinSync(), DeadlockError, message);
  assertThrows(() => thread.joinSync(guard), DeadlockError, "Use await thread.join()");
  assertEquals(thread.joinSync({ timeoutMs: 0 }), false);
  end.set();
  await ended(thread);
});

test("Thread is awaited at the end of an await using scope", async () => {
  let done = false;
  {
    await using thread = new Thread({
      target: async () => {
        await sleep(1);
        done = true;
      },
    });
    thread.start();
    await using _never = new Thread();
  }
  assert(done);
});

// Daemons

test("Thread.daemon can be set before start() and not after", async () => {
  const thread = new Thread({ target: () => {}, name: "late" });
  thread.daemon = true;
  assertEquals([thread.daemon, new Thread({ daemon: true }).daemon], [true, true]);
  thread.daemon = false;
  thread.start();
  const message = "Cannot set daemon of thread late: it was started before";
  assertThrows(() => thread.daemon = true, Error, message);
  await ended(thread);
  assertThrows(() => thread.daemon = true, Error, message);
  assertEquals(thread.daemon, false);
});

test("Thread.daemon defaults to the flag of the creator", async () => {
  for (const daemon of [true, false]) {
    const flags: boolean[] = [];
    const make = async () => {
      await sleep(0);
      flags.push(new Thread().daemon, new Thread({ daemon: !daemon }).daemon);
    };
    await ended(started({ target: make, daemon }));
    assertEquals(flags, [daemon, !daemon]);
  }
  assertEquals(new Thread().daemon, false);
});

// Errors

test("Thread.error is the uncaught error, which join() does not throw", async () => {
  const before = setExcepthook(() => {});
  try {
    const mistake = new RangeError("too far");
    const fails = [
      () => {
        throw mistake;
      },
      () => Promise.reject(mistake),
      async () => {
        await sleep(1);
        throw mistake;
      },
    ];
    for (const target of fails) {
      const thread = started({ target });
      assertEquals(thread.error, undefined);
      await ended(thread);
      assertStrictEquals(thread.error, mistake);
    }
  } finally {
    setExcepthook(before);
  }
});

test("Thread that was ended from outside keeps no error, and ends once", async () => {
  const go = new Event();
  using print = stub(console, "error");
  let ends = 0;
  for (const keepAlive of [true, false]) {
    const target = async () => {
      await go.wait();
      throw new RangeError("too late");
    };
    const thread = started({ target, daemon: !keepAlive });
    threadState(thread).onEnd = () => ends++;
    finishThread(thread);
    assertEquals([thread.isAlive(), activeCount(), await thread.join(guard)], [false, 1, true]);
    go.set();
    for (let turns = 0; turns < 3; turns++) await turn();
    assertEquals([thread.error, print.calls.length], [undefined, 0]);
    finishThread(thread);
    go.clear();
  }
  assertEquals(ends, 2);
});

test("Thread that was not constructed says so", () => {
  const text = "Cannot use thread: its constructor did not run";
  assertThrows(() => Object.create(Thread.prototype).name, TypeError, text);
});

// Subclasses

class Adder extends Thread {
  sum = 0;
  readonly #numbers: readonly number[];
  constructor(numbers: readonly number[], options?: ThreadOptions) {
    super(options);
    this.#numbers = numbers;
  }
  override async run(): Promise<void> {
    for (const number of this.#numbers) {
      await sleep(0);
      this.sum += number;
    }
  }
}

test("Thread subclass executes its run() with its properties", async () => {
  const adder = new Adder([1, 2, 3], { name: "adder", daemon: true });
  assertEquals([adder.name, adder.daemon], ["adder", true]);
  adder.start();
  await ended(adder);
  assertEquals(adder.sum, 6);
  assertInstanceOf(adder, Thread);
});

// With the rest of the package

test("Thread can wait for a lock, an event and a queue while others run", async () => {
  const [lock, event, queue] = [new Lock(), new Event(), new Queue<number>()];
  const held = await lock.acquire();
  const done: string[] = [];
  const threads = [
    started({ target: async () => void done.push((await lock.acquire(guard), "lock")) }),
    started({ target: async () => void done.push((await event.wait(guard), "event")) }),
    started({ target: async () => void done.push(`queue ${await queue.get(guard)}`) }),
  ];
  await sleep(0);
  assertEquals(done, []);
  await queue.put(5);
  await ended(threads[2]);
  event.set();
  await ended(threads[1]);
  held.release();
  await ended(threads[0]);
  assertEquals(done, ["queue 5", "event", "lock"]);
  lock.release();
});

test("Thread as a daemon leaves no pending wait behind", async () => {
  const before = countParkedPromises();
  const queue = new Queue();
  const thread = started({ target: () => queue.get(), daemon: true });
  await sleep(0);
  assertEquals(countParkedPromises(), before + 1);
  await queue.put(1);
  await ended(thread);
});

test("Thread shows its name, and whether it was started or has ended", async () => {
  const thread = new Thread({ name: "shown", daemon: true });
  const shown = () => Deno.inspect(thread).replace(/\d+/, "N");
  assertEquals(shown(), 'Thread { name: "shown", daemon: true, state: "initial" }');
  thread.start();
  assertEquals(shown(), 'Thread { name: "shown", ident: N, daemon: true, state: "started" }');
  await ended(thread);
  assertEquals(shown(), 'Thread { name: "shown", ident: N, daemon: true, state: "stopped" }');
});

test("Thread cannot be sent", () => {
  const queue = new Queue<unknown>();
  assertThrows(() => queue.tryPut(new Thread()), DataCloneError, "a Thread holds what cannot");
});

test("new Thread() rejects Python's positional arguments", () => {
  assertThrows(
    () => new Thread((() => {}) as never),
    TypeError,
    "such as { target: … }, not a function",
  );
});
