import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { clearAlarm, msToNextAlarm, ringDueAlarms, setAlarm } from "../../lib/parking/alarms.ts";
import { blockOn, blockOnAny, ParkResult, type Steps } from "../../lib/parking/wait.ts";
import { QUEUE_WORDS, wakeOne } from "../../lib/parking/wait_queue.ts";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

ensureIsolate();

/** Sets an alarm after some milliseconds. */
const after = (ms: number, ring: () => void) => setAlarm(performance.now() + ms, ring);

Deno.test("setAlarm() rings alarms when they are due, whatever the order in which they were set", () => {
  using time = new FakeTime();
  let now = performance.now();
  using _clock = stub(performance, "now", () => now);
  const rung: number[] = [];
  for (const ms of [12, 2, 7, 2]) after(ms, () => rung.push(ms));
  const rungAfter = [[], [2, 2], [2, 2], [2, 2, 7], [2, 2, 7, 12]];
  for (const [at, ms] of [1, 1, 4, 1, 5].entries()) {
    now += ms;
    time.tick(ms);
    assertEquals<number[]>(rung, rungAfter[at]);
  }
  assertEquals(msToNextAlarm(), Infinity);
});

Deno.test("an alarm whose timer is early rings when it is due", () => {
  using time = new FakeTime();
  let now = performance.now();
  using _clock = stub(performance, "now", () => now);
  let rung = 0;
  after(1000, () => rung++);
  time.tick(1000); // the clock has not moved
  assertEquals(rung, 0);
  now += 1000;
  assertEquals(time.next(), true);
  assertEquals([rung, msToNextAlarm()], [1, Infinity]);
});

Deno.test("an alarm can clear another that is due at the same time", () => {
  using time = new FakeTime();
  let now = performance.now();
  using _clock = stub(performance, "now", () => now);
  const rung: string[] = [];
  after(5, () => {
    rung.push("first");
    clearAlarm(other);
  });
  const other = after(5, () => rung.push("second"));
  now += 5;
  time.tick(5);
  assertEquals([rung, msToNextAlarm()], [["first"], Infinity]);
});

test("an alarm can set the next one", async () => {
  await new Promise<void>((resolve) => after(1, () => after(1, resolve)));
  assertEquals(msToNextAlarm(), Infinity);
});

Deno.test("clearAlarm() prevents the call, and keeps no timer", () => {
  using time = new FakeTime();
  const rings = () => {
    throw new Error("was called");
  };
  const [first, second, third] = [1000, 20_000, 300_000].map((ms) => after(ms, rings));
  assert(msToNextAlarm() <= 1000);
  clearAlarm(second);
  assert(msToNextAlarm() <= 1000);
  clearAlarm(first);
  clearAlarm(first);
  clearAlarm(undefined);
  assert(msToNextAlarm() > 20_000 && msToNextAlarm() <= 300_000);
  ringDueAlarms(); // none is
  clearAlarm(third);
  assertEquals(msToNextAlarm(), Infinity);
  assertEquals(time.next(), false);
});

Deno.test("an alarm does not keep the program alive", () => {
  using time = new FakeTime();
  using unref = stub(Deno, "unrefTimer");
  const alarm = after(1000, () => {});
  assertEquals(unref.calls.length, 1);
  clearAlarm(alarm);
  assertEquals(time.next(), false);
});

/** Steps that sleep in a queue once. */
function* sleep(queue: number, word: number): Steps<ParkResult> {
  return yield { queue, word, expected: 0 };
}

const blocking: Record<string, (steps: Steps<unknown>) => unknown> = {
  blockOn: (steps) => blockOn(steps, guard),
  blockOnAny: (steps) => blockOnAny([steps], guard, [0])[0],
};

for (const [name, block] of Object.entries(blocking)) {
  test(`alarms ring while the isolate blocks in ${name}()`, () => {
    const word = allocate((1 + QUEUE_WORDS) * 4);
    i32.fill(0, word, word + 1 + QUEUE_WORDS);
    const rung: string[] = [];
    const cleared = after(60_000, () => rung.push("cleared"));
    after(1, () => {
      rung.push("first");
      clearAlarm(cleared);
      after(1, () => {
        rung.push("last");
        wakeOne(word + 1); // ends the wait
      });
    });
    assertEquals(block(sleep(word + 1, word)), name === "blockOn" ? ParkResult.WOKEN : 0);
    assertEquals(rung, ["first", "last"]);
    assertEquals(msToNextAlarm(), Infinity);
    free(word);
  });
}
