import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Event, Pool, Queue, task } from "@sauropod/multiprocessing";
import { addressOf } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, sharedWords, wordSet } from "../fixtures/workers.ts";

test("Event is clear at first", async () => {
  const event = new Event();
  assert(!event.isSet());
  assertEquals(await event.wait({ timeoutMs: 0 }), false);
  assertEquals(event.waitSync({ timeoutMs: 0 }), false);
});

test("Event.set() and clear() may be repeated", async () => {
  const event = new Event();
  event.clear();
  assert(!event.isSet());
  for (let turns = 0; turns < 3; turns++) {
    event.set();
    event.set();
    assert(event.isSet());
    assertEquals(await event.wait(), true);
    assertEquals(event.waitSync(), true);
    assertEquals(await event.wait({ timeoutMs: 0 }), true);
    event.clear();
    event.clear();
    assert(!event.isSet());
  }
});

test("Event.wait() returns false when timeoutMs has passed", async () => {
  const event = new Event();
  for (const timeoutMs of [-1, 0, 0.5, 10]) {
    assertEquals(await event.wait({ timeoutMs }), false);
    assertEquals(event.waitSync({ timeoutMs }), false);
  }
});

test("Event.wait() rejects invalid options", async () => {
  const event = new Event();
  await assertRejects(() => event.wait({ timeoutMs: NaN }), RangeError);
  assertThrows(() => event.waitSync({ timeoutMs: NaN }), RangeError);
});

test("Event.wait() throws the reason of a signal that is aborted before or during the wait", async () => {
  const event = new Event();
  const reason = new Error("enough");
  const before = { signal: AbortSignal.abort(reason) };
  assertStrictEquals(await assertRejects(() => event.wait(before), Error), reason);
  assertStrictEquals(assertThrows(() => event.waitSync(before), Error), reason);
  const controller = new AbortController();
  const waiting = event.wait({ signal: controller.signal });
  const other = event.wait(guard);
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting, Error), reason);
  event.set();
  assert(await other);
});

test("Event.set() wakes every promise of its own isolate", async () => {
  const event = new Event();
  const waiting = Array.from({ length: 50 }, () => event.wait(guard));
  event.set();
  assertEquals(new Set(await Promise.all(waiting)), new Set([true]));
});

test("Event.set() wakes every promise when clear() follows at once", async () => {
  const event = new Event();
  for (let turns = 0; turns < 20; turns++) {
    const waiting = [event.wait(guard), event.wait(guard)];
    event.set();
    event.clear();
    assertEquals(await Promise.all(waiting), [true, true]);
    assert(!event.isSet());
  }
});

test("Event.set() wakes every worker that awaits it when clear() follows at once", async () => {
  const event = new Event();
  const waiting = new Queue<number>();
  const next = [new Queue<number>(), new Queue<number>()];
  const processes = next.map((next) =>
    run(
      async (event: Event, waiting: Queue<number>, next: Queue<number>) => {
        for await (const turn of next) {
          const woken = [event.wait(), event.wait()];
          waiting.putSync(turn); // both are queued by now
          await Promise.all(woken);
        }
      },
      event,
      waiting,
      next,
    )
  );
  for (let turn = 0; turn < 20; turn++) {
    for (const queue of next) queue.putSync(turn);
    assertEquals([await waiting.get(guard), await waiting.get(guard)], [turn, turn]);
    event.set();
    event.clear();
  }
  for (const queue of next) queue.close();
  for (const process of processes) await ended(process);
});

test("Event.set() wakes blocked workers", async () => {
  const [event, ready] = [new Event(), new Queue<boolean>()];
  const processes = [0, 1, 2].map(() =>
    run(
      (event: Event, ready: Queue<boolean>) => {
        ready.putSync(false);
        ready.putSync(event.waitSync());
      },
      event,
      ready,
    )
  );
  for (let at = 0; at < 3; at++) assertEquals(await ready.get(guard), false);
  event.set();
  for (let at = 0; at < 3; at++) assertEquals(await ready.get(guard), true);
  for (const process of processes) await ended(process);
});

test("Event.waitSync() of the main isolate is woken by a worker", async () => {
  const event = new Event();
  const process = run((event: Event) => event.set(), event);
  assert(event.waitSync(guard));
  await ended(process);
});

test("Event.waitSync() and wait() can wait at the same time in one isolate", async () => {
  const event = new Event();
  const promised = [event.wait(guard), event.wait(guard)];
  const process = run((event: Event) => event.set(), event);
  assert(event.waitSync(guard));
  assertEquals(await Promise.all(promised), [true, true]);
  await ended(process);
});

test("Event.waitSync() throws TerminatedError in a worker that is terminated", async () => {
  const [event, ready] = [new Event(), new Event()];
  const words = sharedWords();
  const process = run(
    (event: Event, ready: Event, words: Int32Array) => {
      ready.set();
      try {
        event.waitSync();
      } catch (error) {
        if ((error as Error).name === "TerminatedError") Atomics.store(words, 0, 1);
      }
    },
    event,
    ready,
    words,
  );
  assert(await ready.wait(guard));
  process.terminate();
  await wordSet(words);
  await ended(process, -15);
});

test("Event.wait() keeps the event alive during the wait", async () => {
  const waiting = Array.from({ length: 100 }, () => new Event().wait({ timeoutMs: 50 }));
  const others = Array.from({ length: 100 }, () => new Event());
  for (const event of others) event.set();
  assertEquals(new Set(await Promise.all(waiting)), new Set([false]));
  assert(others.every((event) => event.isSet()));
});

const setIt = task(import.meta, (event: Event) => {
  const before = event.isSet();
  event.set();
  return before;
});

test("Event can be an argument and a result of a pool's task", async () => {
  const event = new Event();
  await using pool = new Pool(1);
  assertEquals(await pool.apply(setIt, [event]), false);
  assert(event.isSet());
  assertStrictEquals(await pool.apply((event: Event) => event, [event]), event);
});

test("Event is inspected with its flag", () => {
  const event = new Event();
  assertEquals(Deno.inspect(event), "Event { isSet: false }");
  event.set();
  assertEquals(Deno.inspect(event), "Event { isSet: true }");
});

test("Event can be an item of a queue", async () => {
  const [event, events] = [new Event(), new Queue<[Event, Event]>()];
  const answer = new Event();
  const process = run((events: Queue<[Event, Event]>) => {
    const [event, answer] = events.getSync();
    event.waitSync();
    answer.set();
  }, events);
  events.putSync([event, answer]);
  event.set();
  assert(await answer.wait(guard));
  await ended(process);
});

test("Event.neededToSet() names an event that was sent, since others can set only that", () => {
  const [event, queue] = [new Event(), new Queue<Event>()];
  assertEquals(Event.neededToSet(event), 0);
  queue.putSync(event);
  queue.getSync();
  assertEquals(Event.neededToSet(event), addressOf(event));
});
