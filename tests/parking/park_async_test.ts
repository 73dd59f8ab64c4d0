/**
 * Promises that wait: how they are put to sleep, and resumed.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { TerminatedError } from "@sauropod/multiprocessing";
import {
  Control,
  ensureIsolate,
  postControl,
  thisIsolate,
  unpark,
} from "../../lib/heap/isolate_record.ts";
import { arm, asyncParker } from "../../lib/parking/park_async.ts";
import { awaitOn, ParkResult, type Steps } from "../../lib/parking/wait.ts";
import { hasWaiters, wakeAll, wakeOne } from "../../lib/parking/wait_queue.ts";
import { countNodesInUse } from "../../lib/parking/waiter_node.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { controlBits, replacedHooks } from "../fixtures/control_bits.ts";
import { Word } from "./words.ts";

ensureIsolate();

/** Gives the event loop turns until the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

test("awaitOn() sleeps once for all its promises, and no more when none is left", async () => {
  using word = new Word();
  const { waitAsync } = Atomics;
  using sleeps = stub(
    Atomics,
    "waitAsync",
    ((...args: Parameters<typeof waitAsync>) => waitAsync(...args)) as typeof waitAsync,
  );
  const waits = [1, 2, 3].map(() => awaitOn(word.sleep()));
  assertEquals([sleeps.calls.length, asyncParker.isArmed], [1, true]);
  wakeAll(word.queue);
  await Promise.all(waits);
  assertEquals([sleeps.calls.length, asyncParker.isArmed], [1, false]);
});

test("awaitOn() tells when it is in the queue, and only then", async () => {
  using word = new Word();
  let told = 0;
  const onQueued = () => {
    told++;
    assert(hasWaiters(word.queue));
  };
  const waiting = awaitOn(word.sleep({ onQueued }));
  assertEquals(told, 1);
  wakeOne(word.queue);
  await waiting;
  assertEquals(await awaitOn(word.sleep({ expected: 1, onQueued })), ParkResult.CHANGED);
  assertEquals(told, 1);
});

test("awaitOn() leaves the queue if its isolate is told to end while it joins", async () => {
  using word = new Word();
  using _ = controlBits(0);
  const inUse = countNodesInUse();
  const waiting = awaitOn(word.sleep({ onQueued: () => postControl(thisIsolate, Control.STOP) }));
  assertEquals([hasWaiters(word.queue), countNodesInUse()], [false, inUse]);
  await assertRejects(() => waiting, TerminatedError);
});

test("awaitOn() resumes a promise that was woken before its isolate could sleep", async () => {
  using word = new Word();
  const { waitAsync } = Atomics;
  let sleeps = 0;
  using _ = stub(
    Atomics,
    "waitAsync",
    ((...args: Parameters<typeof waitAsync>) => {
      if (++sleeps > 1) return waitAsync(...args);
      wakeOne(word.queue);
      return { async: false, value: "not-equal" };
    }) as typeof waitAsync,
  );
  assertEquals(await awaitOn(word.sleep()), ParkResult.WOKEN);
  assertEquals(sleeps, 1);
});

test("awaitOn() resumes a promise that the steps of another one wake", async () => {
  using first = new Word();
  using second = new Word();
  function* steps(): Steps<string> {
    yield* first.sleep();
    wakeOne(second.queue);
    return "woke another";
  }
  const waits = [awaitOn(steps()), awaitOn(second.sleep())];
  wakeOne(first.queue);
  assertEquals(await Promise.all(waits), ["woke another", ParkResult.WOKEN]);
});

test("awaitOn() rejects with what the steps throw after a sleep, however it ended", async () => {
  using word = new Word();
  const mistake = new Error("mistake");
  function* steps(): Steps<never> {
    try {
      yield* word.sleep();
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw mistake;
    }
  }
  const controller = new AbortController();
  const woken = awaitOn(steps());
  wakeOne(word.queue);
  const aborted = awaitOn(steps(), { signal: controller.signal });
  controller.abort("enough");
  for (const waiting of [woken, aborted, awaitOn(steps(), { timeoutMs: 0 })]) {
    assertStrictEquals(await assertRejects(() => waiting), mistake);
  }
});

test("awaitOn() lets the steps go on that catch an abort before their next sleep", async () => {
  using word = new Word();
  const controller = new AbortController();
  function* steps(): Steps<unknown> {
    yield* word.sleep();
    controller.abort("enough");
    try {
      return yield* word.sleep();
    } catch (reason) {
      return [reason, yield* word.sleep({ untimed: true })];
    }
  }
  const waiting = awaitOn(steps(), { signal: controller.signal });
  wakeOne(word.queue);
  await until(() => controller.signal.aborted && hasWaiters(word.queue));
  wakeOne(word.queue);
  assertEquals(await waiting, ["enough", ParkResult.WOKEN]);
});

test("an isolate that awaits nothing serves requests, one after the other", async () => {
  let served = 0;
  using _hooks = replacedHooks({ serveRequests: () => void served++ });
  postControl(thisIsolate, Control.SERVICE); // before it listens
  arm();
  for (let requests = 1; requests <= 3; requests++) {
    await until(() => served === requests);
    if (requests < 3) postControl(thisIsolate, Control.SERVICE);
  }
  await turn();
  assertEquals(served, 3);
});

test("a worker that awaits nothing learns that it is to end", async () => {
  let ends = 0;
  using _control = controlBits(0);
  using _hooks = replacedHooks({ onStop: () => void ends++, serveRequests: undefined });
  arm();
  unpark(thisIsolate); // there is nothing to do
  for (let turns = 0; turns < 3; turns++) await turn();
  assertEquals([ends, asyncParker.isArmed], [0, true]);
  postControl(thisIsolate, Control.STOP);
  await until(() => ends > 0);
  await turn();
  assertEquals(ends, 1);
});

test("a worker that was told to end resumes no promise", async () => {
  using word = new Word();
  let ends = 0;
  const resumed: unknown[] = [];
  const waiting = awaitOn(word.sleep()).then((result) => resumed.push(result));
  {
    using _control = controlBits(0);
    using _hooks = replacedHooks({ onStop: () => void ends++, serveRequests: undefined });
    postControl(thisIsolate, Control.STOP);
    wakeOne(word.queue);
    await until(() => ends > 0);
    await turn();
    assertEquals([ends, resumed], [1, []]);
  }
  arm(); // as if it had not been told
  await waiting;
  assertEquals(resumed, [ParkResult.WOKEN]);
});

test("awaitOn() looks at the time before each sleep, also of steps that never get to sleep", async () => {
  using word = new Word();
  let now = performance.now();
  using _clock = stub(performance, "now", () => now++);
  function* steps(): Steps<number> {
    for (let sleeps = 0; sleeps < 1000; sleeps++) {
      const outcome = yield { queue: word.queue, word: word.address, expected: 1 };
      if (outcome === ParkResult.TIMED_OUT) return sleeps;
    }
    throw new Error("the time is up");
  }
  const sleeps = await awaitOn(steps(), { timeoutMs: 100 });
  assert(sleeps > 50 && sleeps <= 100, `${sleeps}`);
});
