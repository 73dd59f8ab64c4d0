/**
 * What workers leave in the shared heap is freed once it cannot be used any more.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Event, Process, Queue, task } from "@sauropod/multiprocessing";
import { hostedWorkers, waitForAllCleanUps, waitForReclaim } from "../../lib/runtime/host.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { frees } from "../fixtures/heap.ts";
import { ended, ending, guard, run, sharedWords } from "../fixtures/workers.ts";

const fails = task(import.meta, () => {
  console.error = () => {};
  throw new Error("an error that is not read".repeat(99));
});

test("the error of a process is freed if nobody reads it", async () => {
  await frees(async () => assertEquals(await ending(run(fails)), 1));
});

test("the error of a process is freed if nobody joins it, when the next one starts", async () => {
  await frees(async () => {
    const end = new Event();
    const process = new Process({ target: fails });
    process.start();
    while (process.isAlive()) await end.wait({ timeoutMs: 1 });
  });
});

const joinsOneThatFails = task(import.meta, async (joined: Event, go: Event) => {
  const process = new Process({ target: fails });
  process.start();
  await process.join();
  joined.set();
  await go.wait();
});

const leavesOneThatFails = task(import.meta, (go: Event) => {
  const target = async (go: Event) => {
    await go.wait();
    console.error = () => {};
    throw new Error("an error whose reader has ended".repeat(99));
  };
  new Process({ target, args: [go] }).start();
});

test("an error that a worker did not read is freed when the worker ends", async () => {
  await frees(async () => {
    const [joined, go] = [new Event(), new Event()];
    const process = run(joinsOneThatFails, joined, go);
    await joined.wait(guard);
    await waitForAllCleanUps();
    await waitForReclaim();
    go.set();
    await ended(process);
  });
});

test("the error of a process is freed if the worker that started it has ended", async () => {
  await frees(async () => {
    const go = new Event();
    await ended(run(leavesOneThatFails, go));
    go.set();
    while (hostedWorkers().length > 0) await turn();
  });
});

const terminatesAtOnce = task(import.meta, (queue: Queue<string>, words: Int32Array) => {
  const process = new Process({ target: (queue: Queue<string>) => queue, args: [queue] });
  process.start();
  process.terminate();
  Atomics.store(words, 0, 1);
});

test("the start request of a process that a worker terminates at once is freed", async () => {
  await frees(async () => {
    const queue = new Queue<string>();
    queue.putSync("an item of the queue that only the start request names");
    const words = sharedWords();
    const process = run(terminatesAtOnce, queue, words);
    while (Atomics.load(words, 0) === 0); // the main isolate serves no requests meanwhile
    await ended(process);
  });
});

test("the items of puts that are pending when their worker is terminated are freed", async () => {
  await frees(async () => {
    const queue = new Queue<unknown>(1);
    const begun = new Event();
    const puts = async (queue: Queue<unknown>, begun: Event) => {
      const pending = [1, 2, 3].map((item) => queue.put([item, begun]));
      begun.set();
      await Promise.all(pending);
    };
    const process = run(puts, queue, begun);
    await begun.wait(guard);
    process.terminate();
    await ended(process, -15);
  });
});

const putsAndExits = task(
  import.meta,
  (queue: Queue<unknown>, exit: Event, words: Int32Array) => {
    void exit.wait().then(() => Deno.exit(3));
    const put = queue.put("an item that has room when its worker is about to end");
    Atomics.store(words, 0, 1);
    while (Atomics.load(words, 1) === 0); // both waits end in the same turn of the event loop
    return put;
  },
);

test("the item of a put that had room arrives although its worker ends in the same turn", async () => {
  const [queue, exit, words] = [new Queue<unknown>(1), new Event(), sharedWords(2)];
  queue.putSync("first");
  const process = run(putsAndExits, queue, exit, words);
  while (Atomics.load(words, 0) === 0) await turn();
  exit.set();
  assertEquals(await queue.get(guard), "first");
  Atomics.store(words, 1, 1);
  await ended(process, 3);
  await waitForAllCleanUps();
  await waitForReclaim();
  const others = Array.from(
    { length: 20 },
    (_, at) => `another item, number ${at}, of this length`,
  );
  const another = new Queue<unknown>();
  for (const item of others) another.putSync(new Map([[item, [item]]])); // takes what was freed
  assertEquals(
    await queue.get(guard),
    "an item that has room when its worker is about to end",
  );
});
