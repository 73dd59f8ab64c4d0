/**
 * A worker that was told to end ends at its next operation, also one that need not wait.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Event,
  InterruptedError,
  Lock,
  Queue,
  Semaphore,
  task,
  waitAnySync,
} from "@sauropod/multiprocessing";
import { Control, ensureIsolate, isolateWord, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { hasInterrupt, takeInterrupt } from "../../lib/parking/control.ts";
import { allStopped, endsInLoop } from "../fixtures/ended.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, run, sharedWords, wordSet } from "../fixtures/workers.ts";

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
