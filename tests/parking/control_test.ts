/**
 * A worker that was told to end ends at its next operation, also one that need not wait.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Event, Lock, Queue, Semaphore } from "@sauropod/multiprocessing";
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
