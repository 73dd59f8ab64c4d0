import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Event, TerminatedError } from "@sauropod/multiprocessing";
import { activeCount, currentThread, enumerate, Thread } from "@sauropod/multiprocessing/threading";
import { PoolThread } from "../../lib/threading/pool_thread.ts";
import { threadState } from "../../lib/threading/thread.ts";
import { runAs } from "../../lib/threading/running.ts";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

test("a PoolThread is the current thread of its code, and alive while some of it runs", async () => {
  const thread = new PoolThread("worker");
  assertEquals([thread.isAlive(), thread.ident, thread.daemon], [false, undefined, true]);
  const [first, second] = [new Event(), new Event()];
  const seen: (Thread | undefined)[] = [];
  const code = (event: Event) => async () => {
    seen.push(currentThread() as Thread);
    await event.wait(guard);
    seen.push(currentThread() as Thread);
  };
  const running = [first, second].map((event) => thread.runCode(code(event)));
  assertEquals(seen.length, 2); // at once
  const { ident } = thread;
  assert(thread.isAlive() && ident !== undefined);
  assertEquals(enumerate().includes(thread), true);
  first.set();
  await running[0];
  assertEquals([enumerate().includes(thread), activeCount()], [true, 2]);
  second.set();
  await running[1];
  assertEquals([enumerate().includes(thread), activeCount()], [false, 1]);
  assertEquals(seen, Array(4).fill(thread));
  await thread.runCode(() => {});
  assertEquals(thread.ident, ident);
});

test("a PoolThread is alive while it runs a single task", async () => {
  const thread = new PoolThread("worker");
  const alive = () => enumerate().includes(thread);
  const seen: boolean[] = [];
  for (let times = 0; times < 2; times++) await thread.runCode(() => seen.push(alive()));
  assertEquals([seen, alive()], [[true, true], false]);
});

test("PoolThread.runCode() rejects with the error of the code, which has ended then", async () => {
  const thread = new PoolThread("worker");
  await assertRejects(() => thread.runCode(() => Promise.reject(new RangeError("no"))), RangeError);
  assertEquals(enumerate().includes(thread), false);
});

test("PoolThread.abandon() ends the waits of its code with an error that says why", async () => {
  const thread = new PoolThread("worker");
  const event = new Event();
  const running = thread.runCode(() => event.wait(guard));
  thread.abandon("it was given up");
  assertEquals(enumerate().includes(thread), false);
  await assertRejects(() => running, TerminatedError, "Cannot wait: it was given up");
  await assertRejects(() => thread.runCode(() => event.wait(guard)), TerminatedError);
});

test("a PoolThread stops waiting with the thread that made it", async () => {
  const controller = new AbortController();
  const maker = new Thread({});
  threadState(maker).signal = controller.signal;
  const threads = [0, 1].map(() => runAs(maker, () => new PoolThread("worker")));
  const event = new Event();
  const running = threads.map((thread) => thread.runCode(() => event.wait(guard)));
  threads[0].abandon("it was given up");
  await assertRejects(() => running[0], TerminatedError, "given up");
  controller.abort(new RangeError("the maker has ended"));
  await assertRejects(() => running[1], RangeError, "the maker has ended");
});

test("a PoolThread can neither be started nor joined", async () => {
  const thread = new PoolThread("worker");
  assertThrows(() => thread.start(), Error, "Cannot start thread worker: it belongs to a pool");
  assertThrows(() => thread.joinSync(), Error, "Cannot join thread worker");
  await assertRejects(() => thread.join(), Error, "Cannot join thread worker");
});
