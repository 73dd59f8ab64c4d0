import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  ClosedError,
  type Connection,
  EOFError,
  Event,
  Lock,
  Pipe,
  Process,
  Queue,
  task,
  type Waitable,
  waitAny,
  waitAnySync,
  type WaitOptions,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, endedSync, guard, run, sharedWords, wordSet } from "../fixtures/workers.ts";

/** Both functions, as functions that return a promise. */
const ways: [
  name: string,
  wait: <T extends Waitable>(objects: Iterable<T>, options?: WaitOptions) => Promise<T[]>,
][] = [
  ["waitAny", waitAny],
  ["waitAnySync", (objects, options) => Promise.try(() => waitAnySync(objects, options))],
];

const now = { timeoutMs: 0 };

for (const [name, wait] of ways) {
  test(`${name}() returns all that are ready, in the order given`, async () => {
    const [here, there] = Pipe<number>();
    const [queue, empty] = [new Queue<string>(), new Queue<string>()];
    const [set, clear] = [new Event(), new Event()];
    const done = run(() => {});
    await ended(done);
    const objects = [clear, set, queue, empty, here, there, done];
    assertEquals(await wait([clear, empty, here], now), []);
    set.set();
    queue.putSync("item");
    there.sendSync(1);
    const ready: (Event | Queue<string> | Connection<number> | Process)[] = await wait(objects);
    assertEquals(ready.length, 4);
    [set, queue, here, done].forEach((object, at) => assertStrictEquals(ready[at], object));
    assertEquals(await wait(objects.reverse(), guard), [done, here, queue, set]);
    assertEquals(await wait(new Set([here, empty]), guard), [here]);
    assertEquals(await wait([here, queue, here]), [here, queue, here]);
  });

  test(`${name}() takes no item or message`, async () => {
    const [here, there] = Pipe<number>();
    const queue = new Queue<string>();
    queue.putSync("item");
    there.sendSync(1);
    there.sendSync(2);
    for (let times = 0; times < 3; times++) assertEquals(await wait([here, queue]), [here, queue]);
    assertEquals([here.recvSync(), here.recvSync()], [1, 2]);
    assertEquals(queue.size(), 1);
    assertEquals(await wait([here, queue]), [queue]);
  });

  // CPython TestWait.test_wait_timeout, test_neg_timeout
  test(`${name}() returns nothing on timeout`, async () => {
    const [a, b] = Pipe<string>();
    const objects = [a, b, new Queue(), new Event()];
    for (const timeoutMs of [-1, -Infinity, 0, 1, 20]) {
      const start = performance.now();
      assertEquals(await wait(objects, { timeoutMs }), []);
      assert(performance.now() - start >= timeoutMs - 1.5); // timers round
    }
    b.sendSync("hello");
    assertEquals(await wait([a, b], { timeoutMs: 20 }), [a]);
    assertEquals(await wait([a, b], { timeoutMs: -1 }), [a]);
  });

  test(`${name}() of an empty array returns at once`, async () => {
    assertEquals(await wait([]), []);
    assertEquals(await wait(new Set<Event>(), guard), []);
  });

  test(`${name}() counts closed objects as ready`, async () => {
    const [here, there] = Pipe();
    const [queue, event] = [new Queue(), new Event()];
    queue.close();
    there.close();
    assertEquals(await wait([event, here, queue], guard), [here, queue]);
    assertThrows(() => here.recvSync(), EOFError);
  });

  test(`${name}() rejects objects that cannot be waited for, by index`, async () => {
    const event = new Event();
    event.set();
    const bad: [unknown, string][] = [
      [
        new Lock(),
        "a Connection, a queue, an Event, a Process or a Listener, not an object of class Lock",
      ],
      [5, "or a Listener, not 5"],
      [null, "or a Listener, not null"],
      ["text", 'or a Listener, not "text"'],
      [Promise.resolve(), "class Promise. For promises there is Promise.race"],
    ];
    for (const [object, message] of bad) {
      const waiting = () => wait([event, object as Event]);
      const { message: text } = await assertRejects(waiting, TypeError, message);
      assertStringIncludes(text, "Cannot wait: objects[1] must be a Connection");
    }
    for (const objects of [event, undefined, 7]) {
      await assertRejects(
        () => wait(objects as unknown as Event[]),
        TypeError,
        "Cannot wait: objects must be an array or another iterable, not",
      );
    }
  });

  test(`${name}() checks its options, whatever the objects`, async () => {
    for (const objects of [[], [new Event()]]) {
      await assertRejects(() => wait(objects, { timeoutMs: NaN }), RangeError, "timeoutMs");
      const signal = AbortSignal.abort("enough");
      assertEquals(await wait(objects, { signal }).catch((reason) => reason), "enough");
    }
  });

  test(`${name}() rejects a connection that is closed here or only sends`, async () => {
    const [reader, writer] = Pipe({ duplex: false });
    await assertRejects(
      () => wait([reader, writer], now),
      TypeError,
      "Cannot wait: the pipe is one-way. Use the other one of its two ends",
    );
    reader.close();
    await assertRejects(
      () => wait([reader], now),
      ClosedError,
      "Cannot wait: this end of the pipe is closed",
    );
  });

  test(`${name}() rejects a process that was not started or is closed`, async () => {
    const process = new Process({ target: () => {}, name: "never" });
    await assertRejects(
      () => wait([process], now),
      Error,
      "Cannot wait for process never: it was not started",
    );
    process.start();
    await ended(process);
    assertEquals(await wait([process]), [process]);
    process.close();
    await assertRejects(
      () => wait([process]),
      Error,
      "Cannot wait for process never: it is closed",
    );
  });

  // CPython TestWait.test_wait_integer
  test(`${name}() returns the processes that have ended, in whatever way`, async () => {
    const go = new Event();
    const waiting = () => run((go: Event) => go.waitSync(), go);
    const processes = [
      run(() => {}),
      run(() => Deno.exit(7)),
      run(() => {
        console.error = () => {};
        throw new Error("dead");
      }),
      run(() => self.close()),
      waiting(),
      waiting(),
      waiting(),
    ];
    processes[5].terminate();
    processes[6].kill();
    const others = processes.filter((_, at) => at !== 4);
    for (let left = [...others]; left.length > 0;) {
      const ready = await wait([...left, processes[4]], guard);
      assert(ready.length > 0 && !ready.includes(processes[4]));
      left = left.filter((process) => !ready.includes(process));
    }
    assertEquals(others.map(({ exitCode }) => exitCode), [0, 7, 1, 0, -15, -9]);
    go.set();
    assertEquals(await wait([processes[4]], guard), [processes[4]]);
    for (const process of processes) await process.join(guard);
  });

  test(`${name}() opens a connection that was lent, unless the receiver closed it`, async () => {
    const [here, there] = Pipe<string>();
    const [go, its] = [new Event(), new Event()];
    const process = run(
      (_end: Connection<string>, go: Event, its: Event) => {
        its.set();
        go.waitSync();
      },
      there,
      go,
      its,
    );
    assert(await its.wait(guard));
    here.sendSync("hello");
    assertEquals(await wait([there], guard), [there]); // open here again
    go.set();
    await ended(process);
    assertEquals(there.recvSync(), "hello");
    here.sendSync("again");
    assertEquals(await wait([there], guard), [there]);
    await ended(run((_end: Connection<string>) => {}, there));
    await assertRejects(
      () => wait([there], now),
      ClosedError,
      "Cannot wait: this end was sent to a worker, which closed it or has ended",
    );
    assertEquals(await wait([here], guard), [here]);
  });

  test(`${name}() waits for more objects than an isolate has waiters initially`, async () => {
    const queues = Array.from({ length: 100 }, () => new Queue<number>());
    assertEquals(await wait(queues, { timeoutMs: 1 }), []);
    const process = run((queue: Queue<number>) => queue.putSync(1), queues[70]);
    assertEquals(await wait(queues, guard), [queues[70]]);
    await ended(process);
  });

  test(`${name}() is woken by each of its objects`, async () => {
    type Command = "send" | "put" | "set" | "close queue" | "close pipe" | "end";
    const command = new Queue<Command>();
    const [here, there] = Pipe<number>();
    const [queue, closing] = [new Queue<number>(), new Queue<number>()];
    const event = new Event();
    const process = run(
      (
        command: Queue<Command>,
        end: Connection<number>,
        queue: Queue<number>,
        closing: Queue<number>,
        event: Event,
      ) => {
        for (;;) {
          const wanted = command.getSync();
          if (wanted === "send") end.sendSync(1);
          else if (wanted === "put") queue.putSync(1);
          else if (wanted === "set") event.set();
          else if (wanted === "close queue") closing.close();
          else if (wanted === "close pipe") end.close();
          else return;
        }
      },
      command,
      there,
      queue,
      closing,
      event,
    );
    const all = () => [here, queue, closing, event, process].filter((it) => !known.has(it));
    const known = new Set<Waitable>();
    command.putSync("send");
    assertEquals(await wait(all(), guard), [here]);
    here.recvSync();
    command.putSync("put");
    assertEquals(await wait(all(), guard), [queue]);
    queue.getSync();
    command.putSync("set");
    assertEquals(await wait(all(), guard), [event]);
    known.add(event);
    command.putSync("close queue");
    assertEquals(await wait(all(), guard), [closing]);
    known.add(closing);
    command.putSync("close pipe");
    assertEquals(await wait(all(), guard), [here]);
    known.add(here);
    command.putSync("end");
    assertEquals(await wait(all(), guard), [process]);
    await ended(process);
  });

  // CPython TestWait.test_wait, test_wait_slow
  for (const slow of [false, true]) {
    test(`${name}() over four pipes receives everything that ${slow ? "slow" : "fast"} workers send`, async () => {
      const readers: Connection<[number, number]>[] = [];
      const processes: Process[] = [];
      for (let id = 0; id < 4; id++) {
        const [reader, writer] = Pipe<[number, number]>({ duplex: false });
        readers.push(reader);
        processes.push(run(
          async (writer: Connection<[number, number]>, id: number, slow: boolean) => {
            for (let at = 0; at < 10; at++) {
              if (slow) await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
              await writer.send([at, id]);
            }
            writer.close();
          },
          writer,
          id,
          slow,
        ));
      }
      const messages: number[][] = [];
      for (const open = new Set(readers); open.size > 0;) {
        const ready = await wait(open, guard);
        assert(ready.length > 0);
        for (const reader of ready) {
          try {
            messages.push(reader.recvSync(guard));
          } catch (error) {
            assert(error instanceof EOFError);
            open.delete(reader);
          }
        }
      }
      const expected = Array.from({ length: 40 }, (_, at) => [Math.floor(at / 4), at % 4]);
      assertEquals(messages.sort(([a, b], [c, d]) => a - c || b - d), expected);
      for (const process of processes) await ended(process);
    });
  }
}

// Async only

test("waitAny() rejects with the reason of a signal, and leaves all wait queues", async () => {
  const [a, b] = [new Queue<number>(), new Queue<number>()];
  const controller = new AbortController();
  const waiting = waitAny([a, b], { signal: controller.signal });
  const getting = [a.get(guard), b.get(guard)]; // behind it
  controller.abort("enough");
  assertEquals(await waiting.catch((reason) => reason), "enough");
  a.putSync(1);
  b.putSync(2);
  assertEquals(await Promise.all(getting), [1, 2]);
});

test("waitAny() leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (...args: Parameters<typeof addEventListener>) {
    listeners++;
    addEventListener.apply(this, args);
  };
  signal.removeEventListener = function (...args: Parameters<typeof removeEventListener>) {
    listeners--;
    removeEventListener.apply(this, args);
  };
  const [a, b] = [new Event(), new Event()];
  const waiting = waitAny([a, b], { signal, ...guard });
  assertEquals(listeners, 1);
  b.set();
  assertEquals(await waiting, [b]);
  assertEquals(listeners, 0);
});

test("waitAny() forwards its wake-up to a receiver", async () => {
  const [queue, event] = [new Queue<number>(), new Event()];
  const waiting = [waitAny([queue, event], guard), waitAny([event, queue], guard)];
  const getting = queue.get(guard);
  queue.putSync(1);
  assertEquals(await getting, 1);
  for (const it of waiting) assertEquals(await it, [queue]);
});

test("waitAny() leaves the other wait queues when one object wakes it", async () => {
  const [first, second] = [new Queue<number>(), new Queue<number>()];
  const waiting = waitAny([first, second], guard);
  const getting = second.get(guard); // behind it
  first.putSync(1);
  assertEquals(await waiting, [first]);
  second.putSync(2);
  assertEquals(await getting, 2);
});

test("waitAny() returns all objects that become ready in the same turn", async () => {
  const [a, b, c] = [new Queue<number>(), new Event(), new Event()];
  const waiting = waitAny([a, b, c], guard);
  a.putSync(1);
  b.set();
  assertEquals(await waiting, [a, b]);
});

test("waitAny() counts an event that is set and cleared during the wait", async () => {
  const [pulse, never] = [new Event(), new Event()];
  const waiting = waitAny([never, pulse], guard);
  pulse.set();
  pulse.clear();
  assertEquals(await waiting, [pulse]);
  assertEquals(await waitAny([never, pulse], now), []);
});

test("waitAny() copies its array at the call", async () => {
  const [a, b] = [new Event(), new Event()];
  const objects = [a, b];
  const waiting = waitAny(objects, guard);
  objects.reverse();
  objects.length = 1;
  a.set();
  const [ready] = await waiting;
  assertStrictEquals(ready, a);
});

test("waitAny() is woken while this isolate blocks on the same queue", async () => {
  const [first, second, go] = [new Queue<number>(), new Queue<number>(), new Event()];
  const waiting = waitAny([first, second], guard);
  const process = run(
    (first: Queue<number>, go: Event) => {
      first.putSync(1);
      go.waitSync();
      first.putSync(2);
    },
    first,
    go,
  );
  assertEquals(first.getSync(guard), 1); // its wake-up came to the promise, which lends it
  go.set();
  assertEquals(await waiting, [first]);
  assertEquals(first.getSync(), 2);
  await ended(process);
});

// Blocking only

test("waitAnySync() is woken though promises of this isolate wait before it", async () => {
  const [queue, event] = [new Queue<number>(), new Event()];
  const getting = [queue.get(guard), queue.get(guard)];
  const process = run((queue: Queue<number>) => queue.putSync(1), queue);
  assertEquals(waitAnySync([event, queue], guard), [queue]);
  queue.putSync(2);
  assertEquals((await Promise.all(getting)).sort(), [1, 2]);
  await ended(process);
});

test("waitAnySync() in the main isolate serves workers that start processes", () => {
  const [queue, event] = [new Queue<string>(), new Event()];
  const process = run(async (queue: Queue<string>) => {
    const { Process } = await import("@sauropod/multiprocessing");
    const inner = new Process({
      target: (queue: Queue<string>) => queue.putSync("from the inner one"),
      args: [queue],
    });
    inner.start();
    inner.joinSync();
  }, queue);
  assertEquals(waitAnySync([event, queue], guard), [queue]);
  assertEquals(queue.getSync(), "from the inner one");
  endedSync(process);
});

const waitForInner = task(import.meta, (results: Queue<string>, blocking: boolean) => {
  const go = new Event();
  const target = (go: Event) => go.waitSync();
  const inner = [1, 2].map(() => new Process({ target, args: [go] }));
  for (const process of inner) process.start();
  const check = (ready: Process<[Event]>[]) => {
    if (ready.length !== 1 || ready[0] !== inner[1]) throw new Error("not the second");
    results.putSync("the second has ended");
    go.set();
    inner[0].joinSync();
  };
  inner[1].terminate();
  return blocking ? check(waitAnySync(inner)) : waitAny(inner).then(check);
});

for (const blocking of [true, false]) {
  test(`waitAny() in a worker waits for its processes, ${blocking ? "blocking" : "async"}`, async () => {
    const results = new Queue<string>();
    const process = run(waitForInner, results, blocking);
    assertEquals(await results.get(guard), "the second has ended");
    await ended(process);
  });
}

for (const ending of ["terminate", "kill"] as const) {
  test(`waitAnySync() throws TerminatedError in a worker that ends by ${ending}()`, async () => {
    const [first, second] = [new Queue<number>(), new Queue<number>()];
    const [waiting, words] = [new Event(), sharedWords()];
    const process = run(
      async (
        first: Queue<number>,
        second: Queue<number>,
        waiting: Event,
        words: Int32Array,
      ) => {
        const { waitAnySync } = await import("@sauropod/multiprocessing");
        waiting.set();
        try {
          waitAnySync([first, second]);
        } catch (error) {
          if ((error as Error).name === "TerminatedError") Atomics.store(words, 0, 1);
        }
      },
      first,
      second,
      waiting,
      words,
    );
    assert(await waiting.wait(guard));
    const getting = [first.get(guard), second.get(guard)];
    process[ending]();
    await wordSet(words);
    first.putSync(1);
    second.putSync(2);
    assertEquals(await Promise.all(getting), [1, 2]);
    await ended(process, ending === "kill" ? -9 : -15);
  });
}

// Everything at the same time

interface Shared {
  queues: Queue<number>[];
  /** How often each item was got. */
  got: Int32Array<SharedArrayBuffer>;
  /** Waiters that have begun. */
  begun: Queue<number>;
}

const produceAll = task(import.meta, (shared: Shared, first: number, items: number) => {
  for (let at = 0; at < items; at++) shared.queues[(first + at) % 3].putSync(first + at);
});

/** Takes items until its queues are closed, and never waits for a single queue. */
const consumeAll = task(
  import.meta,
  async (shared: Shared, which: number[], blocking: boolean) => {
    const open = new Set(which.map((at) => shared.queues[at]));
    shared.begun.putSync(1);
    while (open.size > 0) {
      const ready = blocking ? waitAnySync(open) : await waitAny(open);
      if (ready.length === 0) throw new Error("nothing is ready");
      for (const queue of ready) {
        try {
          const found = queue.tryGet();
          if (found !== undefined) Atomics.add(shared.got, found.value, 1);
        } catch (error) {
          if (!(error instanceof ClosedError)) throw error;
          open.delete(queue);
        }
      }
    }
  },
);

test("waitAny() and waitAnySync() on overlapping queues get every item once, though some waiters die", async () => {
  const items = 600;
  const shared: Shared = {
    // With room for one item, a producer goes on only if somebody is awake to take it.
    queues: [new Queue(1), new Queue(1), new Queue(1)],
    got: new Int32Array(new SharedArrayBuffer(items * 4)),
    begun: new Queue(),
  };
  const sets: [which: number[], blocking: boolean][] = [
    [[0, 1], true],
    [[1, 2], true],
    [[2, 0], false],
    [[0, 1, 2], false],
  ];
  const lasting = sets.map((set) => run(consumeAll, shared, ...set));
  const dying = sets.slice(1, 3).map((set) => run(consumeAll, shared, ...set));
  const here = consumeAll(shared, [0, 1, 2], false);
  for (let left = sets.length + dying.length + 1; left > 0; left--) await shared.begun.get(guard);
  const producers = [0, 1, 2].map((at) => run(produceAll, shared, at * 200, 200));
  const middle = () => shared.got.reduce((a, b) => a + b, 0) >= items / 3;
  while (!middle()) await new Promise((resolve) => setTimeout(resolve, 1));
  dying[0].terminate();
  dying[1].kill();
  for (const process of producers) await ended(process);
  while (shared.queues.some((queue) => !queue.empty())) {
    await new Promise((resolve) => setTimeout(resolve, 1)); // nothing wakes them but the items
  }
  for (const queue of shared.queues) queue.close();
  await here;
  for (const process of lasting) await ended(process);
  for (const process of dying) await process.join(guard);
  assertEquals(shared.got.findIndex((times) => times > 1), -1, "an item came twice");
  const lost = shared.got.filter((times) => times === 0).length;
  assert(lost <= dying.length, `${lost} items are lost, and only ${dying.length} waiters died`);
});
