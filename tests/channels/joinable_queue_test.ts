import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ClosedError,
  DataCloneError,
  Event,
  Full,
  JoinableQueue,
  LifoQueue,
  PriorityQueue,
  Process,
  Queue,
  ShutDown,
  task,
  TaskLookupError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, sharedWords, wordSet } from "../fixtures/workers.ts";

const kinds = { JoinableQueue, LifoQueue, PriorityQueue };
const times = <T>(length: number, make: (at: number) => T): T[] =>
  Array.from({ length }, (_, at) => make(at));

/** Does tasks until it gets a negative number. Counts each task before it marks the task done. */
const work = task(
  import.meta,
  (tasks: JoinableQueue<number>, finished: Int32Array<SharedArrayBuffer>) => {
    while (tasks.getSync() >= 0) {
      Atomics.add(finished, 0, 1);
      tasks.taskDone();
    }
    tasks.taskDone();
  },
);

const workAsync = task(
  import.meta,
  async (tasks: JoinableQueue<number>, finished: Int32Array<SharedArrayBuffer>) => {
    for await (const it of tasks) {
      if (it >= 0) Atomics.add(finished, 0, 1);
      tasks.taskDone();
      if (it < 0) break;
    }
  },
);

const sharedCount = () => new Int32Array(new SharedArrayBuffer(4));

for (const [name, Kind] of Object.entries(kinds)) {
  for (const sync of [false, true]) {
    const method = sync ? "joinSync" : "join";
    const join = (queue: JoinableQueue<number>) => sync ? queue.joinSync(guard) : queue.join(guard);

    test(`${name}.${method}() waits until 4 consumers have done 10 items`, async () => {
      const [tasks, finished] = [new Kind<number>(), sharedCount()];
      const consumers = times(4, (at) => run(at % 2 ? work : workAsync, tasks, finished));
      for (let item = 0; item < 10; item++) {
        tasks.putSync(item);
        if (item === 4) assert(await join(tasks));
      }
      assert(await join(tasks));
      assertEquals([finished[0], tasks.unfinishedTasks, tasks.size()], [10, 0, 0]);
      for (const _ of consumers) tasks.putSync(-1);
      assert(await join(tasks));
      for (const consumer of consumers) await ended(consumer);
    });

    test(`${name}.${method}() does not return before the last taskDone()`, async () => {
      const tasks = new Kind<number>();
      const [taken, goOn, finished] = [new Event(), new Event(), sharedCount()];
      const process = run(
        (
          tasks: JoinableQueue<number>,
          taken: Event,
          goOn: Event,
          finished: Int32Array<SharedArrayBuffer>,
        ) => {
          tasks.getSync();
          tasks.taskDone();
          tasks.getSync();
          taken.set();
          goOn.waitSync();
          finished[0] = 1;
          tasks.taskDone();
        },
        tasks,
        taken,
        goOn,
        finished,
      );
      tasks.putSync(1);
      tasks.putSync(2);
      assert(await taken.wait(guard));
      assertEquals([tasks.size(), tasks.unfinishedTasks], [0, 1]);
      assert(!await tasks.join({ timeoutMs: 0 }));
      assert(!tasks.joinSync({ timeoutMs: 5 }));
      assert(!await tasks.join({ timeoutMs: 5 }));
      goOn.set();
      assert(await join(tasks));
      assertEquals(finished[0], 1);
      await ended(process);
    });
  }

  test(`${name}.taskDone() throws RangeError when no task is unfinished`, async () => {
    const queue = new Kind<number>();
    const message = "Cannot mark task done: taskDone() was called more often than items were put";
    assertThrows(() => queue.taskDone(), RangeError, message);
    queue.putSync(1);
    await queue.put(2);
    queue.tryPut(3);
    assertEquals(queue.unfinishedTasks, 3);
    times(3, () => queue.getSync());
    assertEquals(queue.unfinishedTasks, 3);
    times(3, () => queue.taskDone());
    assertEquals(queue.unfinishedTasks, 0);
    assertThrows(() => queue.taskDone(), RangeError, message);
    assert(await queue.join({ timeoutMs: 0 })); // and is what it was
    queue.putSync(4);
    assertEquals(queue.unfinishedTasks, 1);
  });

  test(`${name}: a put that fails does not count`, async () => {
    const queue = new Kind<unknown>(1);
    const signal = AbortSignal.abort();
    await assertRejects(() => queue.put(1, { signal }), DOMException, "aborted");
    assertThrows(() => queue.putSync(1, { timeoutMs: NaN }), RangeError, "timeoutMs");
    assertThrows(() => queue.putSync([1, Symbol("x")]), DataCloneError);
    assert(queue.joinSync({ timeoutMs: 0 }));
    queue.putSync(1);
    assert(!queue.tryPut(2));
    assertThrows(() => queue.putSync(2, { timeoutMs: 1 }), Full);
    await assertRejects(() => queue.put(2, { timeoutMs: 1 }), Full);
    const controller = new AbortController();
    const putting = queue.put(2, { signal: controller.signal });
    controller.abort();
    await assertRejects(() => putting, DOMException, "aborted");
    queue.getSync();
    assertEquals(queue.unfinishedTasks, 1);
    queue.taskDone();
    queue.close();
    assertThrows(() => queue.putSync(3), ClosedError, "Put items before close()");
    assert(queue.joinSync({ timeoutMs: 0 }));
  });

  test(`${name}.join() rejects with the reason of a signal, and rejects invalid options`, async () => {
    const queue = new Kind<number>();
    queue.putSync(1);
    const reason = new Error("enough");
    const controller = new AbortController();
    const joining = queue.join({ signal: controller.signal });
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => joining), reason);
    await assertRejects(() => queue.join({ timeoutMs: NaN }), RangeError);
    assertThrows(() => queue.joinSync({ timeoutMs: NaN }), RangeError);
  });

  test(`${name}.join() returns for all joiners, here and in a worker`, async () => {
    const [tasks, answers] = [new Kind<number>(), new Queue<string>()];
    tasks.putSync(1);
    const process = run(
      async (tasks: JoinableQueue<number>, answers: Queue<string>) => {
        const joining = tasks.join();
        answers.putSync("joining");
        await joining;
        answers.putSync("joined");
        tasks.joinSync();
      },
      tasks,
      answers,
    );
    const here = times(3, () => tasks.join(guard));
    assertEquals(await answers.get(guard), "joining");
    tasks.getSync();
    tasks.taskDone();
    assertEquals(await Promise.all(here), [true, true, true]);
    assertEquals(await answers.get(guard), "joined");
    await ended(process);
  });

  test(`${name}.shutdown({ immediate: true }) marks the dropped items done`, async () => {
    const tasks = new Kind<number>();
    for (let at = 0; at < 5; at++) tasks.putSync(at);
    tasks.getSync();
    const joining = tasks.join(guard);
    tasks.shutdown({ immediate: true });
    assertEquals([tasks.size(), tasks.unfinishedTasks], [0, 1]); // what was got is still to be done
    assert(!await tasks.join({ timeoutMs: 0 }));
    tasks.taskDone();
    assert(await joining);
    assertThrows(() => tasks.taskDone(), RangeError);
  });

  test(`${name}.shutdown() wakes join() at once if no item is in hand`, async () => {
    const tasks = new Kind<number>();
    const answers = new Queue<boolean>();
    tasks.putSync(1);
    tasks.putSync(2);
    const process = run(
      (tasks: JoinableQueue<number>, answers: Queue<boolean>) => {
        answers.putSync(true);
        answers.putSync(tasks.joinSync());
      },
      tasks,
      answers,
    );
    assert(await answers.get(guard));
    const joining = tasks.join(guard);
    tasks.shutdown({ immediate: true });
    assert(await joining);
    assert(await answers.get(guard));
    await ended(process);
  });

  test(`${name}.shutdown() leaves the remaining items unfinished`, async () => {
    const tasks = new Kind<number>();
    tasks.putSync(1);
    tasks.shutdown();
    assert(!await tasks.join({ timeoutMs: 0 }));
    assertEquals(tasks.getSync(), 1);
    tasks.taskDone();
    assert(await tasks.join(guard));
    assertThrows(() => tasks.getSync(), ShutDown);
  });

  // Workers that die

  for (
    const [ending, [exitCode, target]] of Object.entries({
      "exits": [3, (tasks: JoinableQueue<number>, taken: Event) => {
        tasks.getSync();
        taken.set();
        Deno.exit(3);
      }],
      "throws": [1, async (tasks: JoinableQueue<number>, taken: Event) => {
        await tasks.get();
        taken.set();
        console.error = () => {};
        throw new Error("dead");
      }],
      "is terminated": [-15, (tasks: JoinableQueue<number>, taken: Event) => {
        tasks.tryGet();
        taken.set();
        tasks.joinSync();
      }],
      "is killed": [-9, async (tasks: JoinableQueue<number>, taken: Event) => {
        await tasks.get({ timeoutMs: 60_000 });
        taken.set();
        await tasks.join();
      }],
    } as Record<string, [number, (tasks: JoinableQueue<number>, taken: Event) => void]>)
  ) {
    test(`${name}.join() throws WorkerDiedError when a worker ${ending} with an item`, async () => {
      const [tasks, taken, another] = [new Kind<number>(), new Event(), new Event()];
      tasks.putSync(1);
      tasks.putSync(2);
      const message = `ended with exit code ${exitCode} without marking an item done`;
      const joining = times(2, () => assertRejects(() => tasks.join(guard), WorkerDiedError));
      const process = run(target, tasks, taken);
      assert(await taken.wait(guard));
      if (exitCode === -15) process.terminate();
      if (exitCode === -9) process.kill();
      for (const error of await Promise.all(joining)) {
        assert(error.message.includes(message), error.message);
        assertEquals(error.exitCode, exitCode);
      }
      await ended(process, exitCode).catch((error) => assertEquals(error.message, "dead"));
      assertEquals(tasks.unfinishedTasks, 2); // nothing else was changed
      assert(!await tasks.join({ timeoutMs: 0 })); // told once
      tasks.taskDone();
      const other = run(
        (tasks: JoinableQueue<number>, another: Event) => {
          tasks.getSync();
          another.waitSync();
          tasks.taskDone();
        },
        tasks,
        another,
      );
      another.set();
      assert(tasks.joinSync(guard));
      await ended(other);
    });
  }

  test(`${name}.joinSync() throws WorkerDiedError for a worker that died before`, async () => {
    const tasks = new Kind<number>();
    for (let at = 0; at < 5; at++) tasks.putSync(at);
    const process = run((tasks: JoinableQueue<number>) => {
      for (let at = 0; at < 4; at++) tasks.getSync();
      tasks.taskDone();
      Deno.exit(7);
    }, tasks);
    assert(await process.join(guard));
    const error = assertThrows(() => tasks.joinSync(guard), WorkerDiedError);
    assert(error.message.includes(`process ${process.name} ended with exit code 7`), error.message);
    assert(error.message.includes("without marking 3 items done"), error.message);
    assert(!tasks.joinSync({ timeoutMs: 0 }));
  });

  test(`${name}.join() ignores workers that died without an item`, async () => {
    const tasks = new Kind<number>();
    for (let at = 0; at < 3; at++) tasks.putSync(at);
    const waiting = new Event();
    const blocked = run(
      (tasks: JoinableQueue<number>, waiting: Event) => {
        tasks.getSync();
        tasks.taskDone();
        waiting.set();
        new Event().waitSync(); // until it is terminated
      },
      tasks,
      waiting,
    );
    assert(await waiting.wait(guard));
    const joining = tasks.join(guard);
    blocked.terminate();
    await ended(blocked, -15);
    assert(!await tasks.join({ timeoutMs: 0 }));
    for (let at = 0; at < 2; at++) {
      tasks.getSync();
      tasks.taskDone();
    }
    assert(await joining);
  });

  test(`${name}.join() throws WorkerDiedError when a worker returned with an item`, async () => {
    const tasks = new Kind<number>();
    tasks.putSync(1);
    const joining = assertRejects(() => tasks.join(guard), WorkerDiedError, "exit code 0");
    await ended(run((tasks: JoinableQueue<number>) => void tasks.getSync(), tasks));
    assertEquals((await joining).exitCode, 0);
    tasks.taskDone(); // for the one that returned
    assert(await tasks.join(guard));
    tasks.putSync(2);
    const again = assertRejects(() => tasks.join(guard), WorkerDiedError, "exit code 0");
    await ended(run((tasks: JoinableQueue<number>) => void tasks.getSync(), tasks));
    await again; // giving an item up hands none on
  });

  test(`${name}.join() waits for items that a worker handed on before it returned`, async () => {
    const [tasks, handed, next] = [new Kind<number>(), new Queue<number>(), new Event()];
    for (let item = 1; item <= 2; item++) tasks.putSync(item);
    const joining = tasks.join(guard);
    const process = run(
      (tasks: JoinableQueue<number>, handed: Queue<number>, next: Event) => {
        handed.putSync(tasks.getSync());
        next.waitSync();
        handed.putSync(tasks.getSync());
      },
      tasks,
      handed,
      next,
    );
    await handed.get(guard);
    tasks.taskDone(); // by another than the one that got it
    next.set();
    await handed.get(guard);
    await ended(process);
    assert(!await tasks.join({ timeoutMs: 0 }));
    tasks.taskDone();
    assert(await joining);
    // The queue works as before.
    const waiting = [tasks.get(guard), tasks.get(guard)];
    for (const item of [3, 4]) tasks.putSync(item);
    assertEquals((await Promise.all(waiting)).sort(), [3, 4]);
    for (let done = 0; done < 2; done++) tasks.taskDone();
    assert(await tasks.join(guard));
  });

  test(`${name}.join() returns if another worker marked the items of a dead one`, async () => {
    const tasks = new Kind<number>();
    tasks.putSync(1);
    const process = run((tasks: JoinableQueue<number>) => {
      tasks.getSync();
      Deno.exit(3);
    }, tasks);
    assert(await process.join(guard));
    tasks.taskDone();
    assert(await tasks.join(guard));
    tasks.putSync(2);
    assert(!await tasks.join({ timeoutMs: 0 })); // and it is over and done with
  });

  test(`${name}: an item that cannot be read counts as done`, async () => {
    const tasks = new Kind<[number, object]>();
    const url = new URL(`../fixtures/only_in_workers.ts?joinable${name}`, import.meta.url).href;
    await ended(run(putPoints, tasks, url));
    assertThrows(() => tasks.getSync(), TaskLookupError);
    assertThrows(() => tasks.tryGet(), TaskLookupError);
    assert(await tasks.join({ timeoutMs: 0 }));
  });
}

/** Puts two instances of a class that this module does not import. */
const putPoints = task(
  import.meta,
  async (queue: Queue<[number, object]>, url: string) => {
    const { Point } = await import(url) as typeof import("../fixtures/only_in_workers.ts");
    for (let at = 0; at < 2; at++) queue.putSync([1, new Point(1, 2)]);
  },
);

test("JoinableQueue.taskDone() has no effect in a worker that was terminated", async () => {
  const [tasks, taken, terminated] = [new JoinableQueue<number>(), new Event(), sharedCount()];
  tasks.putSync(1);
  tasks.putSync(2);
  const process = run(
    (
      tasks: JoinableQueue<number>,
      taken: Event,
      terminated: Int32Array<SharedArrayBuffer>,
    ) => {
      tasks.getSync();
      taken.set();
      while (Atomics.load(terminated, 0) === 0); // it computes, and does not notice
      tasks.taskDone();
      Atomics.store(terminated, 0, 2);
    },
    tasks,
    taken,
    terminated,
  );
  assert(await taken.wait(guard));
  process.terminate();
  await assertRejects(() => tasks.join(guard), WorkerDiedError, "exit code -15");
  Atomics.store(terminated, 0, 1); // now that it was given up
  while (Atomics.load(terminated, 0) !== 2); // the worker computes on another core
  assertEquals(tasks.unfinishedTasks, 2);
  await ended(process, -15);
});

test("JoinableQueue.getSync() takes no item in a worker that was terminated", async () => {
  const [tasks, ready, turn] = [new JoinableQueue<number>(), new Event(), sharedCount()];
  for (let at = 0; at < 3; at++) tasks.putSync(at);
  const process = run(
    (tasks: JoinableQueue<number>, ready: Event, turn: Int32Array<SharedArrayBuffer>) => {
      tasks.getSync();
      tasks.getSync();
      ready.set();
      while (Atomics.load(turn, 0) === 0); // it computes, and does not notice
      tasks.taskDone();
      tasks.taskDone();
      try {
        tasks.getSync();
      } finally {
        Atomics.store(turn, 0, 2);
      }
    },
    tasks,
    ready,
    turn,
  );
  assert(await ready.wait(guard));
  process.terminate();
  await assertRejects(() => tasks.join(guard), WorkerDiedError, "2 items");
  Atomics.store(turn, 0, 1);
  while (Atomics.load(turn, 0) !== 2); // the worker computes on another core
  assertEquals([tasks.size(), tasks.unfinishedTasks], [1, 3]);
  await ended(process, -15);
});

test("JoinableQueue.joinSync() throws TerminatedError in a worker that is terminated", async () => {
  const [tasks, joining, words] = [new JoinableQueue<number>(), new Event(), sharedWords()];
  tasks.putSync(1);
  const process = run(
    (tasks: JoinableQueue<number>, joining: Event, words: Int32Array) => {
      joining.set();
      try {
        tasks.joinSync();
      } catch (error) {
        if ((error as Error).name === "TerminatedError") Atomics.store(words, 0, 1);
      }
    },
    tasks,
    joining,
    words,
  );
  assert(await joining.wait(guard));
  process.terminate();
  await wordSet(words);
  await ended(process, -15);
});

test("JoinableQueue works for many short-lived workers, some of which die", async () => {
  const tasks = new JoinableQueue<number>();
  let died = 0;
  for (let turn = 0; turn < 10; turn++) {
    for (let at = 0; at < 3; at++) tasks.putSync(at);
    const processes = times(3, (at) =>
      run(
        (tasks: JoinableQueue<number>, exitCode: number) => {
          tasks.getSync();
          if (exitCode === 0) tasks.taskDone();
          Deno.exit(exitCode);
        },
        tasks,
        at === 0 && turn % 3 === 0 ? 9 : 0,
      ));
    for (;;) {
      try {
        assert(await tasks.join(guard));
        break;
      } catch (error) {
        if (!(error instanceof WorkerDiedError)) throw error;
        died++;
        tasks.taskDone();
      }
    }
    for (const process of processes) assert(await process.join(guard));
  }
  assertEquals(died, 4);
});

test("JoinableQueue can be created in a worker and joined here", async () => {
  const queues = new Queue<JoinableQueue<number>>();
  const process = new Process({ target: makeTasks, args: [queues] });
  process.start();
  const tasks = await queues.get(guard);
  assertEquals([tasks.constructor, tasks.unfinishedTasks, tasks.maxsize], [JoinableQueue, 2, 5]);
  for (let at = 0; at < 2; at++) {
    assertEquals(tasks.getSync(), at);
    tasks.taskDone();
  }
  assert(tasks.joinSync(guard));
  await ended(process as unknown as Process);
});
const makeTasks = task(import.meta, (queues: Queue<JoinableQueue<number>>) => {
  const tasks = new JoinableQueue<number>(5);
  tasks.putSync(0);
  tasks.putSync(1);
  queues.putSync(tasks);
  tasks.joinSync();
});
