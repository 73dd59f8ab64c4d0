/**
 * What the main isolate does for workers.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { abandonedWorkers, Event, Process, Queue, task } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { allStopped } from "../fixtures/ended.ts";
import { compute } from "../fixtures/process_tasks.ts";
import { ended, endedSync, guard, run, sharedWords } from "../fixtures/workers.ts";

// The first test of this file: a warning that is printed once has not been printed before.
test("workers that compute after their end are reported once, by a warning", async () => {
  const warned = Promise.withResolvers<void>();
  using warn = stub(console, "warn", () => warned.resolve());
  const words = sharedWords();
  const begun = [1, 2].map(() => new Event());
  const processes = begun.map((event) => run(compute, event, words));
  for (const event of begun) assert(await event.wait(guard));
  for (const process of processes) process.terminate();
  for (const process of processes) await ended(process, -15);
  assertEquals(abandonedWorkers(), 2);
  await warned.promise;
  Atomics.store(words, 0, 1);
  await allStopped();
  assertEquals(warn.calls.length, 1);
  assertStringIncludes(warn.calls[0].args[0], "A terminated worker is still computing");
});

const makesMemory = task(import.meta, (queue: Queue<Int32Array>, out: Queue<number>) => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  queue.putSync(words);
  Atomics.wait(words, 0, 0); // Deno's own: the worker does not look at what it is sent
  out.putSync(words[0]);
});

const takesMemory = task(import.meta, (begun: Event, queue: Queue<Int32Array>) => {
  begun.set();
  const words = queue.getSync();
  Atomics.store(words, 0, 7);
  Atomics.notify(words, 0);
});

for (const how of ["awaits", "blocks"]) {
  test(`shared memory that a worker makes reaches another one while the main isolate ${how}`, async () => {
    const [begun, queue, out] = [new Event(), new Queue<Int32Array>(), new Queue<number>()];
    const taker = run(takesMemory, begun, queue);
    await begun.wait(guard); // it was there before the memory
    const maker = run(makesMemory, queue, out);
    for (const process of [taker, maker]) {
      if (how === "awaits") await ended(process);
      else endedSync(process);
    }
    assertEquals(await out.get(guard), 7);
  });
}

const startsAndComputes = task(
  import.meta,
  async (begun: Event, go: Event, out: Queue<string>, words: Int32Array) => {
    begun.set();
    go.waitSync();
    const process = new Process({
      target: (out: Queue<string>) => out.put("it runs"),
      args: [out],
    });
    process.start();
    while (Atomics.load(words, 0) === 0);
    await process.join();
  },
);

test("a worker that a worker asks for starts while that computes, and the main isolate blocks", async () => {
  const [begun, go, out, words] = [new Event(), new Event(), new Queue<string>(), sharedWords()];
  const process = run(startsAndComputes, begun, go, out, words);
  await begun.wait(guard);
  go.set();
  assertEquals(out.getSync(guard), "it runs");
  Atomics.store(words, 0, 1);
  await ended(process);
});
