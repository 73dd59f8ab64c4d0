import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertSpyCalls, stub } from "@std/testing/mock";
import { Event, Queue, sleep, sleepSync } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { hooks } from "../../lib/heap/hooks.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

/** Far longer than waits that print no warning, however slowly the test runs. */
const LONG_MS = 100;

/** Returns the warnings while a thread runs and `others` threads wait for its end. */
async function warningsDuring(
  target: () => unknown,
  { name = "blocker", others = 0 } = {},
): Promise<string[]> {
  using warn = stub(console, "warn");
  const end = new Event();
  const waiting = Array.from(
    { length: others },
    (_, i) => new Thread({ target: () => end.wait(), name: `other ${i}` }),
  );
  const thread = new Thread({ target, name });
  for (const each of [...waiting, thread]) each.start();
  await thread.join();
  end.set();
  for (const each of waiting) await each.join();
  if (thread.error !== undefined) throw thread.error;
  return warn.calls.map(({ args: [line, ...rest] }) => {
    assertEquals(rest, []);
    return line as string;
  });
}

test("A blocking call in a thread prints one warning that names the blocked threads", async () => {
  const warnings = await warningsDuring(async () => {
    sleepSync(LONG_MS);
    await sleep(0);
    sleepSync(LONG_MS);
  }, { others: 2 });
  assertEquals(warnings, [
    "Thread blocker makes a blocking call (…Sync), and while it waits no other thread of this " +
    "process runs: MainThread, other 0, other 1. Await the form without Sync, such as " +
    "queue.get() for queue.getSync() (this warning is printed once for each thread)",
  ]);
});

test("A blocking call in each of two threads prints a warning for each", async () => {
  const block = () => sleepSync(LONG_MS);
  const [first] = await warningsDuring(block, { name: "first" });
  const [second] = await warningsDuring(block, { name: "second", others: 6 });
  assertStringIncludes(first, "Thread first makes");
  assertStringIncludes(first, "runs: MainThread. Await");
  assertStringIncludes(second, "Thread second makes");
  assertStringIncludes(second, "runs: MainThread, other 0, other 1 and 4 more. Await");
});

test("A blocking call of the main thread prints a warning only while threads are alive", async () => {
  using warn = stub(console, "warn");
  sleepSync(LONG_MS);
  assertSpyCalls(warn, 0);
  const thread = new Thread({ target: () => {}, name: "waiting" });
  thread.start();
  sleepSync(LONG_MS);
  await thread.join();
  assertStringIncludes(`${warn.calls[0].args}`, "Thread MainThread makes a blocking call");
  assertStringIncludes(`${warn.calls[0].args}`, "process runs: waiting. Await");
});

test("A call that does not block, or only briefly, prints no warning", async () => {
  const queue = new Queue<number>();
  const warnings = await warningsDuring(() => {
    queue.putSync(1);
    queue.getSync();
    queue.tryGet();
    sleepSync(2);
  });
  assertEquals(warnings, []);
});

test("A blocking call in a thread can be ended by a worker", async () => {
  const queue = new Queue<number>();
  const worker = run((queue: Queue<number>) => queue.putSync(5), queue);
  let got = 0;
  await warningsDuring(() => got = queue.getSync(guard));
  assertEquals(got, 5);
  await ended(worker);
});

test("A blocking call in a thread names all of four other threads", async () => {
  const [warning] = await warningsDuring(() => sleepSync(LONG_MS), { others: 3 });
  assertStringIncludes(warning, "runs: MainThread, other 0, other 1, other 2. Await");
});

test("A blocking call prints a warning if it may take 10 ms, and none if it takes less", async () => {
  const warnings = await warningsDuring(() => hooks.beforeBlock!(9.9));
  assertEquals(warnings, []);
  assertEquals((await warningsDuring(() => hooks.beforeBlock!(10))).length, 1);
});
