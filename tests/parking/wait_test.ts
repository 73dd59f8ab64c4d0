import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { abandonedWorkers, DeadlockError, Event, Queue } from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  publishEnd,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import {
  awaitOn,
  blockOn,
  blockOnAny,
  countParkedPromises,
  fiberKeepsAlive,
  ParkResult,
  type Steps,
} from "../../lib/parking/wait.ts";
import { parkBlockingAny } from "../../lib/parking/park_blocking.ts";
import { countWaiters, wakeAll, wakeOne, withQueueGuard } from "../../lib/parking/wait_queue.ts";
import { nodesOf, NodeState, nodeWord } from "../../lib/parking/waiter_node.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { ended, guard, run, sharedWords } from "../fixtures/workers.ts";
import { Word } from "./words.ts";

ensureIsolate();

for (
  const [name, wait] of [
    ["blockOn", (...args) => Promise.try(blockOn<ParkResult>, ...args)],
    ["awaitOn", (steps, options) => awaitOn<ParkResult>(steps, options)],
  ] as [string, (...args: Parameters<typeof blockOn<ParkResult>>) => Promise<ParkResult>][]
) {
  test(`${name}() does not sleep when the word has changed`, async () => {
    using word = new Word();
    i32[word.address] = 1;
    assertEquals(await wait(word.sleep()), ParkResult.CHANGED);
    assertEquals(await wait(word.sleep({ expected: 1, unless: word.address })), ParkResult.CHANGED);
  });

  test(`${name}() ends when the time-out has passed`, async () => {
    using word = new Word();
    for (const timeoutMs of [-1, 0, 0.1, 1, 20]) {
      const start = performance.now();
      assertEquals(await wait(word.sleep(), { timeoutMs }), ParkResult.TIMED_OUT);
      assert(performance.now() - start >= timeoutMs - 1.5); // timers are rounded
    }
  });

  test(`${name}() throws the reason of a signal that is aborted before the wait`, async () => {
    using word = new Word();
    const reason = new Error("enough");
    const options = { signal: AbortSignal.abort(reason) };
    assertStrictEquals(await assertRejects(() => wait(word.sleep(), options)), reason);
  });

  test(`${name}() throws the error of the steps`, async () => {
    const mistake = new Error("mistake");
    // deno-lint-ignore require-yield
    function* steps(): Steps<ParkResult> {
      throw mistake;
    }
    assertStrictEquals(await assertRejects(() => wait(steps())), mistake);
  });
}

test("awaitOn() throws the reason of a signal that is aborted during the wait", async () => {
  using word = new Word();
  const controller = new AbortController();
  const waiting = awaitOn(word.sleep(), { signal: controller.signal, ...guard });
  assert(countParkedPromises() > 0);
  controller.abort("enough");
  assertEquals(await waiting.catch((reason) => reason), "enough");
});

test("awaitOn() heeds neither time-out nor signal in an untimed sleep", async () => {
  using word = new Word();
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = awaitOn(word.sleep({ untimed: true }), { timeoutMs: 0, signal });
  controller.abort();
  wakeOne(word.queue);
  assertEquals(await waiting, ParkResult.WOKEN);
});

test("blockOn() heeds no time-out in an untimed sleep", () => {
  using word = new Word();
  const wait = () => blockOn(word.sleep({ untimed: true }), { timeoutMs: 0 });
  assertThrows(wait, DeadlockError); // as without a time-out
  word.value = 1;
  assertEquals(wait(), ParkResult.CHANGED);
});

test("awaitOn() uses a wake-up that precedes the abort", async () => {
  using word = new Word();
  const controller = new AbortController();
  const waiting = awaitOn(word.sleep(), { signal: controller.signal });
  wakeOne(word.queue);
  controller.abort("too late");
  assertEquals(await waiting, ParkResult.WOKEN);
});

test("awaitOn() leaves no listener on the signal", async () => {
  using word = new Word();
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
  const waiting = awaitOn(word.sleep(), { signal });
  assertEquals(listeners, 1);
  wakeOne(word.queue);
  await waiting;
  assertEquals(listeners, 0);
});

test("wakeOne() wakes waiters in the order of arrival", async () => {
  using word = new Word();
  const woken: number[] = [];
  const waiting = Array.from(
    { length: 100 }, // more than one slab of nodes
    (_, at) => awaitOn(word.sleep()).then(() => woken.push(at)),
  );
  for (let at = 0; at < 50; at++) {
    wakeOne(word.queue);
    await waiting[at];
  }
  for (let at = 50; at < 100; at++) wakeOne(word.queue);
  await Promise.all(waiting);
  assertEquals(woken, Array.from({ length: 100 }, (_, at) => at));
});

test("wakeOne() skips waiters that were aborted or timed out", async () => {
  using word = new Word();
  const controller = new AbortController();
  const first = awaitOn(word.sleep(), { signal: controller.signal });
  const second = awaitOn(word.sleep());
  const third = awaitOn(word.sleep(), { timeoutMs: 0.1 });
  controller.abort();
  await assertRejects(() => first, DOMException);
  assertEquals(await third, ParkResult.TIMED_OUT);
  wakeOne(word.queue);
  assertEquals(await second, ParkResult.WOKEN);
});

test("wakeAll() wakes all waiters", async () => {
  using word = new Word();
  const waiting = Array.from({ length: 40 }, () => awaitOn(word.sleep()));
  wakeAll(word.queue);
  assertEquals(new Set(await Promise.all(waiting)), new Set([ParkResult.WOKEN]));
});

test("awaitOn() puts an overtaken waiter first in the queue", async () => {
  using word = new Word();
  const woken: string[] = [];
  const late = awaitOn(word.sleep()).then(() => woken.push("late"));
  const overtaken = awaitOn(word.sleep({ overtaken: true })).then(() => woken.push("overtaken"));
  wakeOne(word.queue);
  await overtaken;
  wakeOne(word.queue);
  await late;
  assertEquals(woken, ["overtaken", "late"]);
});

test("awaitOn() resumes all woken steps before any promise callback runs", async () => {
  using word = new Word();
  const order: string[] = [];
  function* steps(name: string): Steps<void> {
    yield* word.sleep();
    order.push(`${name} resumed`);
  }
  const first = awaitOn(steps("first")).then(() => order.push("first resolved"));
  const second = awaitOn(steps("second")).then(() => order.push("second resolved"));
  wakeAll(word.queue);
  await Promise.all([first, second]);
  assertEquals(order.slice(0, 2), ["first resumed", "second resumed"]);
});

const producer = (queue: Queue<number>, ready: Event, count: number) => {
  ready.waitSync();
  for (let at = 0; at < count; at++) queue.putSync(at);
};

test("a blocked isolate uses the wake-up of its promise in the same queue", async () => {
  const queue = new Queue<number>();
  const ready = new Event();
  const process = run(producer, queue, ready, 2);
  const promised = queue.get(guard);
  ready.set();
  assertEquals(queue.getSync(guard), 0);
  assertEquals(await promised, 1);
  await ended(process);
});

test("a blocked isolate forwards each of several wake-ups", async () => {
  const queue = new Queue<number>();
  const [ready, started] = [new Event(), new Event()];
  const results = new Queue<number>();
  const promised = [queue.get(guard), queue.get(guard)];
  // It is queued behind the two promises of this isolate, which the two items wake first.
  const consumer = run(
    (queue: Queue<number>, started: Event, results: Queue<number>) => {
      started.set();
      results.putSync(queue.getSync());
    },
    queue,
    started,
    results,
  );
  const process = run(producer, queue, ready, 2);
  started.waitSync(guard);
  ready.set();
  const here = queue.getSync(guard);
  const there = results.getSync(guard);
  assertEquals([here, there].sort(), [0, 1]);
  for (const item of [2, 3]) queue.putSync(item);
  assertEquals((await Promise.all(promised)).sort(), [2, 3]);
  await ended(consumer);
  await ended(process);
});

test("a blocked isolate forwards the wake-ups of promises in other queues", async () => {
  const [queue, results] = [new Queue<number>(), new Queue<number>()];
  const ready = new Event();
  const promised = queue.get(guard);
  const consumer = run(
    (queue: Queue<number>, ready: Event, results: Queue<number>) => {
      ready.set();
      results.putSync(queue.getSync() + 100);
    },
    queue,
    ready,
    results,
  );
  ready.waitSync(guard);
  queue.putSync(1); // wakes the promise here, which cannot run
  assertEquals(results.getSync(guard), 101);
  queue.putSync(2);
  assertEquals(await promised, 2);
  await ended(consumer);
});

test("a promise that was woken while its isolate blocked is resumed afterwards", async () => {
  const [event, other] = [new Event(), new Event()];
  const promised = event.wait(guard);
  const process = run(
    (event: Event, other: Event) => {
      event.set();
      other.set();
    },
    event,
    other,
  );
  assert(other.waitSync(guard));
  assert(await promised);
  await ended(process);
});

test("blockOn() throws TypeError for invalid options before it waits", () => {
  using word = new Word();
  assertThrows(() => blockOn(word.sleep(), { timeoutMs: NaN }), RangeError);
});

test("awaitOn() never settles in a worker that was told to end", async () => {
  const words = sharedWords(3);
  const [started, happened] = [new Event(), new Event()];
  happened.set();
  const process = run(
    async (started: Event, happened: Event, words: Int32Array) => {
      started.set();
      while (Atomics.load(words, 0) === 0);
      const wait = happened.wait().finally(() => Atomics.store(words, 1, 1));
      Atomics.store(words, 2, 1);
      await wait;
    },
    started,
    happened,
    words,
  );
  assert(started.waitSync(guard));
  process.terminate();
  Atomics.store(words, 0, 1);
  await ended(process, -15);
  while (abandonedWorkers() > 0) await turn();
  assertEquals([...words], [1, 0, 1]);
});

test("countWaiters() leaves out waiters whose isolates have ended", async () => {
  using word = new Word();
  const count = () => withQueueGuard(word.queue, () => countWaiters(word.queue));
  const waits = [1, 2, 3].map(() => awaitOn(word.sleep()));
  assertEquals(count(), 3);
  const dead = createIsolateRecord(thisIsolate);
  const isOfQueue = (node: number) =>
    i32[node + nodeWord.QUEUE] === word.queue && i32[node + nodeWord.STATE] === NodeState.QUEUED;
  const owner = [...nodesOf(thisIsolate)].find(isOfQueue)! + nodeWord.ISOLATE;
  i32[owner] = dead;
  assertEquals(count(), 3, "it has not ended yet");
  publishEnd(dead, 1);
  assertEquals(count(), 2);
  i32[owner] = thisIsolate;
  freeIsolateRecord(dead);
  wakeAll(word.queue);
  assertEquals(await Promise.all(waits), waits.map(() => ParkResult.WOKEN));
});

test("all promises of an isolate sleep in one Atomics.waitAsync", async () => {
  using word = new Word();
  const { waitAsync } = Atomics;
  using calls = stub(
    Atomics,
    "waitAsync",
    ((...args: Parameters<typeof waitAsync>) => waitAsync(...args)) as typeof waitAsync,
  );
  const waits = [1, 2, 3].map(() => awaitOn(word.sleep()));
  assert(calls.calls.length <= 1);
  wakeAll(word.queue);
  await Promise.all(waits);
});

test("blockOnAny() ends with those that are ready, and abandons the others", () => {
  using first = new Word();
  using second = new Word();
  const left: string[] = [];
  function* steps(word: Word, name: string): Steps<void> {
    try {
      while (i32[word.address] === 0) yield* word.sleep();
    } finally {
      left.push(name);
    }
  }
  const all = () => [steps(first, "first"), steps(second, "second")];
  assertEquals(blockOnAny(all(), { timeoutMs: 1 }, [0, 0]), []);
  assertEquals(left.splice(0), ["first", "second"]);
  i32[second.address] = 1;
  assertEquals(blockOnAny(all(), undefined, [0, 0]), [1]);
  assertEquals(left.sort(), ["first", "second"]);
});

test("parkBlockingAny() does not sleep when one of the words has changed", () => {
  using first = new Word();
  using second = new Word();
  i32[second.address] = 1;
  const parks = [first, second, first].map(({ queue, address }) => ({
    queue,
    word: address,
    expected: 0,
  }));
  const results = parkBlockingAny(parks, Infinity, [0, 0, 0]);
  assertEquals(results, parks.map(() => ParkResult.CHANGED));
  const timedOut = parks.map(() => ParkResult.TIMED_OUT);
  assertEquals(
    parkBlockingAny([parks[0], parks[2]], performance.now() + 1, [0, 0]),
    timedOut.slice(1),
  );
  assertEquals(parkBlockingAny(parks, 0, [0, 0, 0]), timedOut);
});

test("waits outside of threads keep the program alive", () => {
  assert(fiberKeepsAlive());
});
