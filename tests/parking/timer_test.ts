import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
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
