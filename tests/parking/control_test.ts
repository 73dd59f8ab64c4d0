/**
 * A worker that was told to end ends at its next operation, also one that need not wait.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  Event,
  InterruptedError,
  Lock,
  Queue,
  Semaphore,
  task,
  TerminatedError,
  waitAnySync,
} from "@sauropod/multiprocessing";
import { Control, ensureIsolate, isolateWord, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import {
  checkControl,
  hasControl,
  hasInterrupt,
  isStopping,
  neverSettled,
  serveRequests,
  takeInterrupt,
  throwIfStopping,
  unlessStopped,
} from "../../lib/parking/control.ts";
import { ParkResult } from "../../lib/parking/park.ts";
import { dequeue, enqueue, hasWaiters, wakeOne } from "../../lib/parking/wait_queue.ts";
import {
  acquireNode,
  countNodesInUse,
  NodeState,
  nodeWord,
  returnNode,
} from "../../lib/parking/waiter_node.ts";
import { allStopped, endsInLoop } from "../fixtures/ended.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { ended, run, sharedWords, wordSet } from "../fixtures/workers.ts";
import { controlBits, controlBitsNow, replacedHooks } from "../fixtures/control_bits.ts";
import { Word } from "./words.ts";

// Those of each class are in the folder of the class.
const names = [
  ...["Queue.putSync", "Queue.put, get", "Lock.acquireSync, release", "Lock.acquire, release"],
  ...["Semaphore.value", "Event.set, waitSync", "Event.wait", "Value.value", "sleepSync", "sleep"],
];
for (const name of names) {
  for (const catches of [false, true]) {
    test(`${name} in a loop${catches ? " that catches all errors" : ""} ends when its worker is terminated`, () =>
      endsInLoop(name, catches));
  }
}

const blocks = task(
  import.meta,
  (how: string, event: Event, other: Event, words: Int32Array) => {
    Atomics.store(words, 0, 1);
    if (how === "in several queues") waitAnySync([event, other]);
    else event.waitSync(how === "with a time-out" ? { timeoutMs: 600_000 } : {});
  },
);
for (const how of ["in a queue", "in several queues", "with a time-out"]) {
  test(`A worker that blocks ${how} ends when it is terminated`, async () => {
    const words = sharedWords();
    const process = run(blocks, how, new Event(), new Event(), words);
    await wordSet(words);
    process.terminate();
    await ended(process, -15);
    await allStopped();
  });
}

/** Calls a function after a signal was received. */
function interrupted<T>(call: () => T): T {
  const word = thisIsolate + isolateWord.CONTROL;
  i32[word] |= Control.INTERRUPT;
  try {
    return call();
  } finally {
    assertEquals(i32[word], 0);
  }
}

test("A signal interrupts one wait that blocks, and no other", () => {
  ensureIsolate();
  const [event, other] = [new Event(), new Event()];
  const options = { timeoutMs: 1 };
  const waits: (() => unknown)[] = [
    () => event.waitSync(options),
    () => waitAnySync([event, other], options),
  ];
  for (const wait of waits) {
    assertThrows(() => interrupted(wait), InterruptedError, "the program received a signal");
    wait();
  }
  event.set(); // a wait that need not sleep takes no note of it
  const word = thisIsolate + isolateWord.CONTROL;
  i32[word] |= Control.INTERRUPT;
  assertEquals([event.waitSync(), hasInterrupt(), takeInterrupt()], [true, true, true]);
  assertEquals([hasInterrupt(), takeInterrupt()], [false, false]);
});

test("A worker that was told to end runs catch and finally of its next operation", async () => {
  const [ready, queue, words] = [new Event(), new Queue<number>(), sharedWords(4)];
  const process = run(
    (ready: Event, queue: Queue<number>, words: Int32Array) => {
      ready.set();
      while (Atomics.load(words, 0) === 0);
      try {
        queue.putSync(1);
      } catch (error) {
        if ((error as Error).name === "TerminatedError") words[1] = 1;
        throw error;
      } finally {
        Atomics.store(words, 2, 1);
      }
    },
    ready,
    queue,
    words,
  );
  await ready.wait();
  process.terminate();
  Atomics.store(words, 0, 1);
  await ended(process, -15);
  await allStopped();
  assertEquals([...words], [1, 1, 1, 0]);
  assertEquals(queue.size(), 0);
});

test("Guards of a worker that was told to end throw nothing at the end of their scopes", async () => {
  const [ready, lock, semaphore, words] = [
    new Event(),
    new Lock(),
    new Semaphore(1),
    sharedWords(2),
  ];
  const process = run(
    (ready: Event, lock: Lock, semaphore: Semaphore, words: Int32Array) => {
      try {
        using _lock = lock.acquireSync();
        using _permit = semaphore.acquireSync();
        ready.set();
        while (Atomics.load(words, 0) === 0);
        ready.set();
      } catch (error) {
        Atomics.store(words, 1, (error as Error).name === "TerminatedError" ? 1 : 2);
        throw error;
      }
    },
    ready,
    lock,
    semaphore,
    words,
  );
  await ready.wait();
  process.terminate();
  Atomics.store(words, 0, 1);
  await ended(process, -15);
  await wordSet(words, 1);
  assertEquals(words[1], 1); // not a SuppressedError
  await allStopped();
});

/** Puts a waiter into the queue of a word. */
function joined(word: Word): number {
  const node = acquireNode();
  assert(enqueue(node, { queue: word.queue, word: word.address, expected: 0 }, 0));
  return node;
}

/** Returns the state of a waiter. */
const stateOf = (node: number) => i32[node + nodeWord.STATE];

test("isStopping(), hasControl() and throwIfStopping() tell what the isolate was told", () => {
  ensureIsolate();
  assertEquals([isStopping(), hasControl()], [false, false]);
  throwIfStopping();
  {
    using _ = controlBits(Control.SERVICE);
    assertEquals([isStopping(), hasControl()], [false, true]);
    throwIfStopping();
  }
  using _ = controlBits(Control.STOP);
  assertEquals([isStopping(), hasControl()], [true, true]);
  assertThrows(throwIfStopping, TerminatedError, "this worker was told to end");
});

test("neverSettled() returns a promise that stays pending in a worker, and throws elsewhere", async () => {
  assertThrows(neverSettled, TerminatedError);
  using _ = replacedHooks({ onStop() {} });
  const settled = neverSettled().then(() => "settled", () => "settled");
  assertEquals(await Promise.race([settled, turn()]), undefined);
});

test("checkControl() ends the sleep of an isolate that was told to end, and hands a wake-up on", () => {
  ensureIsolate();
  using word = new Word();
  const [woken, queued, other] = [joined(word), joined(word), joined(word)];
  const inUse = countNodesInUse();
  wakeOne(word.queue);
  using _ = controlBits(Control.STOP);
  assertThrows(() => checkControl(woken), TerminatedError);
  assertEquals([stateOf(queued), stateOf(other)], [NodeState.WOKEN, NodeState.QUEUED]);
  assertThrows(() => checkControl(other), TerminatedError); // was not woken: it leaves its queue
  assertEquals([hasWaiters(word.queue), countNodesInUse()], [false, inUse - 2]);
  assertThrows(() => checkControl(), TerminatedError);
  returnNode(queued);
});

test("checkControl() wakes nobody for a waiter that was not woken", () => {
  ensureIsolate();
  using word = new Word();
  const [first, second] = [joined(word), joined(word)];
  using _ = controlBits(Control.STOP);
  assertThrows(() => checkControl(first), TerminatedError);
  assertEquals(stateOf(second), NodeState.QUEUED);
  assert(dequeue(second));
  returnNode(second);
});

test("checkControl() ends the sleep of a waiter that a signal interrupts, unless it was woken", () => {
  ensureIsolate();
  using word = new Word();
  const [woken, queued] = [joined(word), joined(word)];
  const inUse = countNodesInUse();
  wakeOne(word.queue);
  using _ = controlBits(Control.INTERRUPT);
  checkControl(queued, false); // it is not interruptible
  checkControl(woken);
  assertEquals([controlBitsNow(), countNodesInUse()], [Control.INTERRUPT, inUse]);
  assertEquals([stateOf(woken), stateOf(queued)], [NodeState.WOKEN, NodeState.QUEUED]);
  assertThrows(() => checkControl(queued), InterruptedError);
  assertEquals([controlBitsNow(), countNodesInUse(), hasWaiters(word.queue)], [
    0,
    inUse - 1,
    false,
  ]);
  checkControl(woken); // the signal is taken
  returnNode(woken);
});

test("unlessStopped() throws in an isolate that was told to end, unless it owns what it waited for", () => {
  ensureIsolate();
  using word = new Word();
  const results = Object.values(ParkResult);
  for (const result of results) assertStrictEquals(unlessStopped(result, word.queue), result);
  // The isolate of a skipped waiter has ended, although it may not have been told yet.
  assertThrows(() => unlessStopped(NodeState.SKIPPED as never, word.queue), TerminatedError);
  using _ = controlBits(Control.STOP);
  const next = joined(word);
  for (const result of results.filter((result) => result !== ParkResult.WOKEN)) {
    if (result === ParkResult.OWNER) assertEquals(unlessStopped(result, word.queue), result);
    else assertThrows(() => unlessStopped(result, word.queue), TerminatedError);
  }
  assertEquals(stateOf(next), NodeState.QUEUED);
  assertThrows(() => unlessStopped(ParkResult.WOKEN, word.queue), TerminatedError);
  assertEquals(stateOf(next), NodeState.WOKEN); // the wake-up goes to the next waiter
  returnNode(next);
});

test("serveRequests() serves requests once, if there are any", () => {
  ensureIsolate();
  let served = 0;
  using _hooks = replacedHooks({ serveRequests: () => void served++ });
  serveRequests();
  assertEquals(served, 0);
  using _ = controlBits(Control.SERVICE | Control.INTERRUPT);
  serveRequests();
  serveRequests();
  assertEquals([served, controlBitsNow()], [1, Control.INTERRUPT]);
});

test("A worker that catches each error of an operation is ended in the one after the hundredth", async () => {
  const { stopError } = await import("../../lib/parking/control.ts?worker");
  let ends = 0;
  using _ = replacedHooks({ onStop: () => void ends++ });
  for (let errors = 0; errors < 100; errors++) stopError();
  assertEquals(ends, 0);
  stopError();
  assertEquals(ends, 1);
});
