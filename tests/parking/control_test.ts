/**
 * A worker that was told to end ends at its next operation, also one that need not wait.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { abandonedWorkers, Event, Lock, Queue, Semaphore } from "@sauropod/multiprocessing";
import { makeObjects, operations, repeatOperation } from "../fixtures/ended_tasks.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { ended, run, sharedWords, wordSet } from "../fixtures/workers.ts";

/** Waits until no worker that was told to end runs any more. */
async function allStopped(): Promise<void> {
  while (abandonedWorkers() > 0) await turn();
}

for (const name of Object.keys(operations)) {
  for (const catches of [false, true]) {
    test(`${name} in a loop${catches ? " that catches all errors" : ""} ends when its worker is terminated`, async () => {
      const words = sharedWords();
      const objects = makeObjects();
      const process = run(repeatOperation, name, catches, objects, words);
      await wordSet(words);
      process.terminate();
      await ended(process, -15);
      await allStopped();
      objects.shareable.shm.unlink();
    });
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
