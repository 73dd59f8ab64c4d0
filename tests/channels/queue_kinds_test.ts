/**
 * What queues of every kind do alike, in order or not. The items are numbers, which are their own
 * priorities.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ClosedError,
  DataCloneError,
  Empty,
  Event,
  Full,
  getContext,
  JoinableQueue,
  LifoQueue,
  MemoryError,
  PriorityQueue,
  Process,
  Queue,
  ShutDown,
  SimpleQueue,
  task,
  TaskLookupError,
} from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes, useUpHeap } from "../fixtures/heap.ts";
import { ended, guard, run } from "../fixtures/workers.ts";
import { receivedAtImport } from "../fixtures/queues_at_import.ts";

const kinds = { Queue, JoinableQueue, LifoQueue, PriorityQueue };
const times = <T>(length: number, make: (at: number) => T): T[] =>
  Array.from({ length }, (_, at) => make(at));

/** Returns the number of isolates and messages that can reach an object. */
function referencesTo(handle: object): number {
  return Atomics.load(i32, addressOf(handle)! + objectWord.REFERENCES);
}

const refill = task(import.meta, (queue: Queue<number>, from: number, to: number) => {
  for (let item = from; item < to; item++) queue.putSync(item);
});

const drain = task(import.meta, (queue: Queue<number>, answers: Queue<number[]>) => {
  const items: number[] = [];
  for (let next = queue.tryGet(); next !== undefined; next = queue.tryGet()) items.push(next.value);
  answers.putSync(items);
});

const waitForAll = task(
  import.meta,
  async (queue: Queue<number>, full: Queue<number>, answers: Queue<string>) => {
    const waiting = [queue.get(), queue.get(), full.put(2)];
    answers.putSync("waiting");
    for (const it of waiting) answers.putSync(await it.then(() => "", (error) => error.name));
  },
);

const blockIn = task(
  import.meta,
  (verb: "getSync" | "putSync", queue: Queue<number>, answers: Queue<string>) => {
    answers.putSync("waiting");
    try {
      if (verb === "getSync") queue.getSync();
      else queue.putSync(2);
    } catch (error) {
      answers.putSync((error as Error).name);
    }
  },
);

for (const [name, Kind] of Object.entries(kinds)) {
  test(`new ${name}() rejects an invalid maxsize`, () => {
    for (const maxsize of [0.5, NaN, 2 ** 31]) {
      assertThrows(() => new Kind(maxsize), RangeError, "Cannot make queue: maxsize");
    }
    const notNumbers: [unknown, string][] = [["3", '"3"'], [{}, "an object of class Object"]];
    for (const [maxsize, shown] of notNumbers) {
      assertThrows(() => new Kind(maxsize as number), TypeError, `up to 2^30, not ${shown}`);
    }
    assertEquals([new Kind().maxsize, new Kind(-1).maxsize, new Kind(7).maxsize], [0, 0, 7]);
  });

  test(`Deno.inspect() shows the state of a ${name}`, () => {
    const queue = new Kind<number>(6);
    queue.putSync(1);
    assertEquals(Deno.inspect(queue), `${name} { size: 1, maxsize: 6, closed: false }`);
    assertEquals(Deno.inspect(Kind.prototype), `${name}.prototype`);
  });

  test(`${name} fills up and empties: size, empty, full`, async () => {
    const queue = new Kind<number>(6);
    const state = () => [queue.size(), queue.empty(), queue.full()];
    assertEquals(state(), [0, true, false]);
    await queue.put(1);
    assertEquals(state(), [1, false, false]);
    await queue.put(2, { timeoutMs: 1000 });
    await queue.put(3, { timeoutMs: 0 });
    queue.putSync(4);
    queue.putSync(5, { timeoutMs: 0 });
    assert(queue.tryPut(6));
    assertEquals(state(), [6, false, true]);
    for (const timeoutMs of [-1, 0, 5]) {
      const message = `Cannot put item: the queue still holds 6 items after ${timeoutMs} ms`;
      await assertRejects(() => queue.put(7, { timeoutMs }), Full, message);
      assertThrows(() => queue.putSync(7, { timeoutMs }), Full, message);
    }
    assert(!queue.tryPut(7));
    assertEquals(state(), [6, false, true]);
    queue.getSync();
    assertEquals(state(), [5, false, false]);
  });

  test(`${name} is filled here and emptied by a process`, async () => {
    const [queue, answers] = [new Kind<number>(6), new Queue<number[]>()];
    for (let item = 0; item < 6; item++) queue.putSync(item);
    await ended(run(drain, queue, answers));
    assertEquals(answers.getSync().sort(), [0, 1, 2, 3, 4, 5]);
    assertEquals([queue.empty(), queue.full()], [true, false]);
  });

  test(`${name}.get() throws Empty on timeout, and returns an item that is there`, async () => {
    const queue = new Kind<number>();
    for (const timeoutMs of [-1, 0, 5]) {
      const message = `Cannot get item: the queue is still empty after ${timeoutMs} ms`;
      await assertRejects(() => queue.get({ timeoutMs }), Empty, message);
      assertThrows(() => queue.getSync({ timeoutMs }), Empty, message);
    }
    assertEquals(queue.tryGet(), undefined);
    for (const get of [() => queue.get(), () => queue.get({ timeoutMs: 0 })]) {
      queue.putSync(1);
      assertEquals(await get(), 1);
    }
    for (const options of [undefined, { timeoutMs: 0 }]) {
      queue.putSync(2);
      assertEquals(queue.getSync(options), 2);
    }
    queue.putSync(3);
    assertEquals(queue.tryGet(), { value: 3 });
    assert(queue.empty());
  });

  test(`${name} waits for room and for items, in this isolate and across`, async () => {
    const queue = new Kind<number>(1);
    const puts = times(10, (at) => queue.put(at, guard)); // first come, first served
    for (let at = 0; at < 10; at++) assertEquals(await queue.get(guard), at);
    await Promise.all(puts);
    const gets = times(10, () => queue.get(guard));
    const process = run(refill, queue, 0, 10);
    assertEquals((await Promise.all(gets)).sort(), times(10, (at) => at));
    await ended(process);
    const another = run(refill, queue, 0, 10);
    assertEquals(times(10, () => queue.getSync(guard)).sort(), times(10, (at) => at));
    await ended(another);
  });

  test(`${name} rejects waiting calls with the reason of a signal`, async () => {
    const queue = new Kind<number>(1);
    const reason = new Error("enough");
    const aborted = { signal: AbortSignal.abort(reason) };
    assertStrictEquals(await assertRejects(() => queue.put(1, aborted)), reason);
    assertStrictEquals(assertThrows(() => queue.putSync(1, aborted)), reason);
    assertStrictEquals(await assertRejects(() => queue.get(aborted)), reason);
    assert(queue.empty());
    const controller = new AbortController();
    const getting = queue.get({ signal: controller.signal });
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => getting), reason);
    queue.putSync(1);
    const second = new AbortController();
    const putting = queue.put(2, { signal: second.signal });
    second.abort(reason);
    assertStrictEquals(await assertRejects(() => putting), reason);
    assertEquals([queue.getSync(), queue.tryGet()], [1, undefined]);
  });

  test(`${name} rejects invalid options and items that cannot cross, and keeps working`, async () => {
    const queue = new Kind<unknown>(1);
    await assertRejects(() => queue.put(1, { timeoutMs: NaN }), RangeError);
    assertThrows(() => queue.putSync(1, { timeoutMs: NaN }), RangeError);
    await assertRejects(() => queue.get({ timeoutMs: NaN }), RangeError);
    const item = [1, Symbol("x")];
    const message = "Cannot send item[1]: a symbol";
    await assertRejects(() => queue.put(item), DataCloneError, message);
    assertThrows(() => queue.putSync(item), DataCloneError, message);
    assertThrows(() => queue.tryPut(item), DataCloneError, message);
    assertEquals([queue.size(), queue.full()], [0, false]);
    queue.putSync(1);
    assertEquals([queue.full(), queue.getSync(), queue.empty()], [true, 1, true]);
  });

  test(`${name}.put() copies the item at the call`, async () => {
    const queue = new Kind<number[]>(1);
    const item = [1];
    await queue.put(item);
    const waiting = queue.put(item);
    item.push(2);
    assertEquals([await queue.get(), await queue.get()], [[1], [1]]);
    await waiting;
  });

  test(`${name} carries messages of every size, and shared objects`, async () => {
    const queue = new Kind<unknown>();
    for (let length = 0; length < 120; length++) {
      const item = [length, "x".repeat(length * length)];
      queue.putSync(item);
      assertEquals(queue.getSync(), item);
    }
    const event = new Event();
    queue.putSync([1, event, queue]);
    assertEquals(referencesTo(event), 2);
    assertEquals(await queue.get(), [1, event, queue]);
    assertEquals(referencesTo(event), 1);
  });

  test(`${name} crosses, and keeps its class there and back`, async () => {
    const [queue, answers] = [new Kind<number>(3), new Queue<unknown>()];
    const process = run(
      (queue: Queue<number>, answers: Queue<unknown>) => {
        answers.putSync([queue.constructor.name, queue.maxsize, queue]);
        queue.putSync(5);
      },
      queue,
      answers,
    );
    const [nameThere, maxsize, back] = await answers.get(guard) as unknown[];
    assertEquals([nameThere, maxsize], [name, 3]);
    assertStrictEquals(back, queue);
    assertEquals(await queue.get(guard), 5);
    await ended(process);
  });

  test(`${name} keeps the items of a worker that exits at once`, async () => {
    const queue = new Kind<unknown>();
    const process = run((queue: Queue<unknown>) => {
      queue.put([1, "x".repeat(100_000)]);
      Deno.exit(7);
    }, queue);
    assert(await process.join(guard)); // before anything is got
    assertEquals(queue.getSync(), [1, "x".repeat(100_000)]);
  });

  test(`${name}.get() in a worker that is terminated leaves the item to others`, async () => {
    const [queue, waiting] = [new Kind<number>(), new Event()];
    const process = run(
      (queue: Queue<number>, waiting: Event) => {
        const gets = [queue.get(), queue.get()];
        waiting.set();
        return Promise.all(gets);
      },
      queue,
      waiting,
    );
    assert(await waiting.wait(guard));
    process.terminate();
    queue.putSync(1);
    assertEquals(await queue.get(guard), 1);
    await ended(process, -15);
  });

  test(`${name}.getSync() names the module that an item needs, and get() imports it`, async () => {
    const queue = new Kind<[number, { sum(): number }]>();
    const url = new URL(`../fixtures/only_in_workers.ts?${name}`, import.meta.url).href;
    await ended(run(putPoints, queue, url));
    assertThrows(() => queue.getSync(), TaskLookupError, "Point");
    assertThrows(() => queue.tryGet(), TaskLookupError, "Point");
    const [, point] = await queue.get();
    assertEquals([point.sum(), queue.empty()], [3, true]);
  });

  // Closing

  test(`${name}.close() ends puts at once, and gets when the queue is empty`, async () => {
    const queue = new Kind<number>();
    queue.close();
    assert(queue.empty()); // an unused one too
    const used = new Kind<number>();
    used.putSync(1);
    used.putSync(1);
    used.close();
    used.close();
    assert(used.closed);
    const cannotPut = "Cannot put item: the queue is closed";
    assertNotShutDown(await assertRejects(() => used.put(3), ClosedError, cannotPut));
    assertNotShutDown(assertThrows(() => used.putSync(3), ClosedError, cannotPut));
    assertNotShutDown(assertThrows(() => used.tryPut(3), ClosedError, cannotPut));
    assertEquals([await used.get(), used.getSync(), used.empty()], [1, 1, true]);
    const cannotGet = "Cannot get item: the queue is closed and empty";
    assertNotShutDown(await assertRejects(() => used.get(), ClosedError, cannotGet));
    assertNotShutDown(assertThrows(() => used.getSync(), ClosedError, cannotGet));
    assertNotShutDown(assertThrows(() => used.tryGet(), ClosedError, cannotGet));
  });

  test(`${name} is iterated until it is closed and empty`, async () => {
    const queue = new Kind<number>(2);
    const process = run((queue: Queue<number>) => {
      for (let at = 0; at < 100; at++) queue.putSync(at);
      queue.close();
    }, queue);
    const parts = await Promise.all(times(3, () => Array.fromAsync(queue)));
    assertEquals(parts.flat().sort((a, b) => a - b), times(100, (at) => at));
    await ended(process);
  });

  // Shutting down

  test(`${name}.shutdown() ends puts at once, and gets when the queue is empty`, async () => {
    const queue = new Kind<number>();
    queue.putSync(1);
    queue.putSync(1);
    queue.putSync(1);
    queue.shutdown();
    queue.shutdown();
    assert(queue.closed);
    const cannotPut = "Cannot put item: the queue was shut down";
    await assertRejects(() => queue.put(3), ShutDown, cannotPut);
    assertThrows(() => queue.putSync(3), ShutDown, cannotPut);
    assertThrows(() => queue.tryPut(3), ShutDown, cannotPut);
    assertEquals([await queue.get(), queue.getSync(), queue.tryGet()], [1, 1, { value: 1 }]);
    const cannotGet = "Cannot get item: the queue was shut down and is empty";
    await assertRejects(() => queue.get(), ShutDown, cannotGet);
    assertThrows(() => queue.getSync(), ShutDown, cannotGet);
    assertThrows(() => queue.tryGet(), ShutDown, cannotGet);
    await assertRejects(() => queue.get({ timeoutMs: 5 }), ClosedError); // which it extends
  });

  test(`${name}.shutdown() ends iterations, and takes effect after close() too`, async () => {
    const queue = new Kind<number>();
    queue.putSync(1);
    queue.close();
    queue.shutdown();
    queue.close();
    assertThrows(() => queue.putSync(2), ShutDown);
    assertEquals(await Array.fromAsync(queue), [1]);
    assertThrows(() => queue.getSync(), ShutDown);
  });

  test(`${name}.shutdown({ immediate: true }) drops the items, and their references`, async () => {
    const queue = new Kind<unknown>();
    const event = new Event();
    for (let at = 0; at < 300; at++) queue.putSync([at, event, "x".repeat(at)]);
    queue.putSync(7);
    assertEquals(referencesTo(event), 301);
    queue.shutdown({ immediate: true });
    assertEquals([queue.size(), referencesTo(event)], [0, 1]);
    await assertRejects(() => queue.get(), ShutDown);
    assertThrows(() => queue.putSync(1), ShutDown);
    assertEquals(await Array.fromAsync(queue), []);
    queue.shutdown({ immediate: true });
  });

  for (const immediate of [false, true]) {
    test(`${name}.shutdown({ immediate: ${immediate} }) wakes all waiters`, async () => {
      const [queue, full] = [new Kind<number>(), new Kind<number>(1)];
      const answers = new Queue<string>();
      full.putSync(1);
      const processes = [
        run(waitForAll, queue, full, answers),
        run(blockIn, "getSync", queue, answers),
        run(blockIn, "putSync", full, answers),
      ];
      const here = [
        assertRejects(() => queue.get(guard), ShutDown),
        assertRejects(() => full.put(2, guard), ShutDown),
      ];
      for (let at = 0; at < 3; at++) assertEquals(await answers.get(guard), "waiting");
      queue.shutdown({ immediate });
      full.shutdown({ immediate });
      await Promise.all(here);
      for (let at = 0; at < 5; at++) assertEquals(await answers.get(guard), "ShutDown");
      for (const process of processes) await ended(process);
      assertEquals(full.size(), immediate ? 0 : 1);
    });
  }
}

function assertNotShutDown(error: unknown): void {
  assert(!(error instanceof ShutDown));
}

/** Puts three instances of a class that this module does not import. */
const putPoints = task(
  import.meta,
  async (queue: Queue<[number, { sum(): number }]>, url: string) => {
    const { Point } = await import(url) as typeof import("../fixtures/only_in_workers.ts");
    for (let at = 0; at < 3; at++) queue.putSync([1, new Point(1, 2)]);
  },
);

test("queues work while a module is imported, in this isolate and in a worker", async () => {
  const heard = ["Queue", "JoinableQueue", "LifoQueue", "PriorityQueue", "SimpleQueue"]
    .flatMap((name) => [name, name]);
  const answers = new Queue<string[]>();
  receivedAtImport(answers);
  assertEquals(answers.getSync(), heard);
  const process = new Process({ target: receivedAtImport, args: [answers] });
  process.start();
  assertEquals(await answers.get(guard), heard);
  await ended(process as unknown as Process);
});

test("getContext() has the queues of Python's contexts", () => {
  const context = getContext("forkserver");
  assertStrictEquals(context.JoinableQueue, JoinableQueue);
  assertStrictEquals(context.SimpleQueue, SimpleQueue);
});

test("Queue.put() frees the item when the shared heap is full", () => {
  const queue = new Queue<[Event, string]>();
  const event = new Event();
  const item: [Event, string] = [event, "too long for a place".repeat(10)];
  const blocks = () => [referencesTo(event), usedBytes()];
  const early = 250;
  for (let put = 0; put < early; put++) queue.putSync(item);
  {
    using _ = useUpHeap(2 ** 14); // there is room for items, but not for more places for them
    for (let put = early;; put++) {
      const before = blocks();
      assertEquals(queue.size(), put);
      try {
        queue.putSync(item);
      } catch (error) {
        assert(error instanceof MemoryError, String(error));
        assertEquals(blocks(), before);
        break;
      }
    }
  }
  while (queue.size() > 0) assertStrictEquals(queue.getSync()[0], event);
  assertEquals(referencesTo(event), 1);
  queue.putSync(item);
  assertStrictEquals(queue.getSync()[0], event);
});
