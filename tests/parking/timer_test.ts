import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { Event, Lock, Queue } from "@sauropod/multiprocessing";
import { callLater, DeadlineTimer, TIMEOUT_MAX } from "../../lib/parking/timer.ts";
import { settledWithin } from "../../lib/sync/settled.ts";

/** Time-outs, most of which are not a whole number of milliseconds. */
const TIMEOUTS = Array.from({ length: 60 }, (_, at) => 0.05 + at * 0.13);

const waits: Record<string, (timeoutMs: number) => Promise<unknown>> = {
  "Event.wait()": (timeoutMs) => new Event().wait({ timeoutMs }),
  "Queue.get()": (timeoutMs) => new Queue().get({ timeoutMs }),
  "Lock.acquire()": (timeoutMs) => {
    const lock = new Lock();
    lock.acquireSync();
    return lock.acquire({ timeoutMs });
  },
  "settledWithin()": (timeoutMs) => settledWithin(new Promise(() => {}), { timeoutMs }),
  "callLater()": (timeoutMs) =>
    deadline(new Promise<void>((resolve) => callLater(timeoutMs, resolve)), 60_000),
  "DeadlineTimer": (timeoutMs) =>
    new Promise<void>((resolve) => void new DeadlineTimer(performance.now() + timeoutMs, resolve)),
};

for (const [name, wait] of Object.entries(waits)) {
  Deno.test(`${name} never ends before its time-out`, async () => {
    for (const timeoutMs of TIMEOUTS) {
      const start = performance.now();
      await wait(timeoutMs).catch(() => {});
      const took = performance.now() - start;
      assert(took >= timeoutMs, `${took} ms instead of ${timeoutMs}`);
    }
  });
}

Deno.test("DeadlineTimer.cancel() prevents the call, and keeps no timer", () => {
  using time = new FakeTime();
  const timer = new DeadlineTimer(performance.now() + 100, () => {
    throw new Error("was called");
  });
  timer.cancel();
  timer.cancel();
  assertEquals(time.next(), false);
});

Deno.test("DeadlineTimer follows the fake time of a test", () => {
  using time = new FakeTime();
  let calls = 0;
  new DeadlineTimer(performance.now() + 60_000, () => calls++);
  time.tick(59_000);
  assertEquals(calls, 0);
  time.tick(1_001);
  assertEquals(calls, 1);
});

Deno.test("DeadlineTimer waits for longer than one timer of JavaScript can", () => {
  using time = new FakeTime();
  const timer = new DeadlineTimer(performance.now() + 2 * TIMEOUT_MAX, () => {
    throw new Error("was called");
  });
  time.tick(TIMEOUT_MAX);
  assertEquals(time.next(), true); // another timer for the rest
  timer.cancel();
});

Deno.test("TIMEOUT_MAX is the longest delay of a timer of JavaScript", () => {
  assertEquals(TIMEOUT_MAX, 0x7fff_ffff);
});

for (const [earlyMs, isCalled] of [[0, true], [1, false], [2, false], [3, true]] as const) {
  Deno.test(`DeadlineTimer ${isCalled ? "calls" : "waits on"} when its timer is ${earlyMs} ms early`, () => {
    using time = new FakeTime();
    const start = performance.now();
    let now = start;
    using _clock = stub(performance, "now", () => now);
    let calls = 0;
    new DeadlineTimer(start + 100, () => calls++);
    now += 100 - earlyMs; // earlier than by some milliseconds it follows another clock
    time.tick(100);
    assertEquals(calls, isCalled ? 1 : 0);
    now = start + 100;
    assertEquals(time.next(), !isCalled);
    assertEquals(calls, 1);
  });
}

Deno.test("DeadlineTimer keeps the program alive, unless it is told not to", () => {
  using time = new FakeTime();
  using unref = stub(Deno, "unrefTimer");
  const deadline = performance.now() + 100;
  for (const keepAlive of [undefined, true, false]) {
    const timer = new DeadlineTimer(deadline, () => {}, keepAlive);
    assertEquals(unref.calls.splice(0).length, keepAlive === false ? 1 : 0);
    timer.cancel();
  }
  assertEquals(time.next(), false);
});

Deno.test("callLater() calls once, after at least one millisecond", async () => {
  const { waitAsync } = Atomics;
  using sleeps = stub(
    Atomics,
    "waitAsync",
    ((...args: Parameters<typeof waitAsync>) => waitAsync(...args)) as typeof waitAsync,
  );
  for (const ms of [-5, 0, 0.5, 3]) {
    await deadline(new Promise<void>((resolve) => callLater(ms, resolve)), 60_000);
    assertEquals(sleeps.calls.splice(0).map(({ args }) => args[3]), [Math.max(ms, 1)]);
  }
});
