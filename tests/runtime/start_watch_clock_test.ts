/**
 * When a worker that starts is reported and ended, by a clock of the test.
 *
 * @module
 */
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { stub } from "@std/testing/mock";
import { TimeoutError } from "@sauropod/multiprocessing";
import { functionAddress } from "../../lib/codec/functions.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  exitCodeOf,
  freeIsolateRecord,
  LIVE_WORKERS,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { msToNextAlarm, ringDueAlarms } from "../../lib/parking/alarms.ts";
import { ExitCode, freeError, stopIsolate, takeError } from "../../lib/runtime/lifecycle.ts";
import { endWatch, enterPhase, isReady, Phase, watchStart } from "../../lib/runtime/start_watch.ts";
import { PHASE, PHASE_OF } from "../../lib/runtime/words.ts";
import { test } from "../fixtures/guarded.ts";
import { square } from "../fixtures/pool_tasks.ts";

/** Watches the start of a worker, on a clock of the test; `until` counts from its start. */
function watched(timeoutMs: number) {
  ensureIsolate();
  const record = createIsolateRecord(0);
  Atomics.add(i32, LIVE_WORKERS, 1);
  const begin = 1000;
  let now = begin;
  const clock = stub(performance, "now", () => now);
  const warn = stub(console, "warn");
  const watch = watchStart(record, "PoolWorker-9", timeoutMs);
  return {
    record,
    watch,
    /** Lets time pass until then, from alarm to alarm. Returns the warnings, and the exit code. */
    until(ms: number) {
      while (now + msToNextAlarm() <= begin + ms) {
        now += Math.max(msToNextAlarm(), 0);
        ringDueAlarms();
      }
      now = begin + ms;
      return [warn.calls.length, exitCodeOf(record)];
    },
    /** What the last warning says. */
    warning: () => warn.calls.at(-1)!.args[0],
    enter(phase: number, address = 0) {
      i32[record + PHASE_OF] = address;
      i32[record + PHASE] = phase;
    },
    [Symbol.dispose]() {
      endWatch(watch);
      clock.restore();
      warn.restore();
      if (exitCodeOf(record) === undefined) Atomics.sub(i32, LIVE_WORKERS, 1);
      freeError(record);
      freeIsolateRecord(record);
    },
  };
}

test("a worker that is ready, or has ended, is neither reported nor ended", () => {
  for (const ends of [false, true]) {
    using worker = watched(20_000);
    if (ends) stopIsolate(worker.record, ExitCode.KILLED);
    else worker.enter(Phase.READY);
    assertEquals(isReady(worker.record), !ends);
    assertEquals(worker.until(100_000), [0, ends ? -9 : undefined]);
    assertEquals(msToNextAlarm(), Infinity);
  }
});

test("a worker whose initializer takes long is reported, and ended when its time is up", () => {
  using worker = watched(20_000);
  worker.enter(Phase.INITIALIZING, functionAddress(Math.sqrt));
  assertEquals(worker.until(9999), [0, undefined]);
  assertEquals(worker.until(10_000), [1, undefined]);
  assertEquals(
    worker.warning(),
    "PoolWorker-9 is not ready after 10 s: it is running the initializer Math.sqrt. " +
      "A startTimeoutMs would end it",
  );
  assertEquals(worker.until(19_999), [1, undefined]);
  assertEquals(worker.until(20_000), [1, 1]);
  const { error } = takeError(worker.record)!;
  assertInstanceOf(error, TimeoutError);
  assertEquals(
    error.message,
    "Cannot start worker: PoolWorker-9 was not ready within 20000 ms: " +
      "it is running the initializer Math.sqrt",
  );
});

test("a worker with little time is ended without a report", () => {
  for (const timeoutMs of [5000, 10_000]) {
    using worker = watched(timeoutMs);
    worker.enter(Phase.INITIALIZING, functionAddress(Math.sqrt));
    assertEquals(worker.until(timeoutMs - 1), [0, undefined]);
    assertEquals(worker.until(timeoutMs), [0, 1]);
  }
});

test("a worker without a limit is reported once, and may take any time once the package is loaded", () => {
  {
    using worker = watched(Infinity);
    worker.enter(Phase.INITIALIZING, functionAddress(Math.sqrt));
    assertEquals(worker.until(1e6), [1, undefined]);
    assertEquals(msToNextAlarm(), Infinity);
  }
  using loading = watched(Infinity);
  assertEquals(loading.until(30_000), [1, undefined]);
  loading.enter(Phase.IMPORTING, functionAddress(square));
  assertEquals(loading.until(1e6), [1, undefined]);
});

test("a worker has a minute to load the package, or less if its limit is lower", () => {
  for (const [timeoutMs, endMs] of [[100_000, 60_000], [Infinity, 60_000], [40_000, 40_000]]) {
    using worker = watched(timeoutMs);
    assertEquals(worker.until(endMs - 1), [1, undefined]);
    assertEquals(worker.until(endMs), [1, 1]);
    const { error } = takeError(worker.record)!;
    assertMatch((error as Error).message, new RegExp(`within ${endMs} ms: it is loading the`));
  }
});

test("a worker that imports a module is reported with its name", () => {
  using worker = watched(Infinity);
  worker.enter(Phase.IMPORTING, functionAddress(square));
  worker.until(10_000);
  assertMatch(worker.warning(), /it is importing file:.*pool_tasks\.ts, whose top level has not/);
});

test("endWatch() ends the watch, and does nothing without one", () => {
  using worker = watched(5000);
  endWatch(undefined);
  endWatch(worker.watch);
  assertEquals([msToNextAlarm(), worker.until(1e6)], [Infinity, [0, undefined]]);
});

test("enterPhase() says what this isolate does", () => {
  ensureIsolate();
  const before = i32[thisIsolate + PHASE];
  enterPhase(Phase.INITIALIZING, 7);
  assertEquals([isReady(thisIsolate), i32[thisIsolate + PHASE_OF]], [false, 7]);
  enterPhase(Phase.READY);
  assertEquals([isReady(thisIsolate), i32[thisIsolate + PHASE_OF]], [true, 0]);
  i32[thisIsolate + PHASE] = before;
});
