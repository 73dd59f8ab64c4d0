import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { assertSpyCall, assertSpyCalls, spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { sleep } from "@sauropod/multiprocessing";
import {
  currentThread,
  enumerate,
  setExcepthook,
  Thread,
  Timer,
} from "@sauropod/multiprocessing/threading";
import { test } from "../fixtures/guarded.ts";

test("Timer calls the function once with its arguments, in its thread, after the interval", async () => {
  using time = new FakeTime();
  const fn = spy((_one: number, _two: string) => currentThread());
  const timer = new Timer(60_000, fn, [1, "two"]);
  assert(timer instanceof Thread && /^Thread-\d+$/.test(timer.name));
  timer.start();
  assertEquals(enumerate().slice(1), [timer]);
  await time.tickAsync(59_000);
  assertSpyCalls(fn, 0);
  assert(!timer.finished.isSet());
  await time.tickAsync(1_000);
  await timer.join();
  assertSpyCalls(fn, 1);
  assertSpyCall(fn, 0, { args: [1, "two"], returned: timer });
  assert(timer.finished.isSet());
});

test("Timer.cancel() before the call ends the timer immediately without calling the function", async () => {
  const fn = spy();
  const timer = new Timer(1e9, fn);
  timer.start();
  await sleep(0);
  timer.cancel();
  timer.cancel();
  await timer.join();
  const unstarted = new Timer(0, fn);
  unstarted.cancel();
  unstarted.start();
  await unstarted.join();
  assertSpyCalls(fn, 0);
});

test("Timer.cancel() after the call does nothing", async () => {
  const fn = spy();
  const timer = new Timer(0, fn);
  timer.start();
  await timer.join();
  timer.cancel();
  assertSpyCalls(fn, 1);
  assert(timer.finished.isSet());
});

test("Timer waits for the promise that the function returns", async () => {
  let done = false;
  const timer = new Timer(-5, async () => {
    await sleep(1);
    done = true;
  });
  timer.start();
  await timer.join();
  assert(done);
});

test("Timer with a function that throws is finished and has the error", async () => {
  const before = setExcepthook(() => {});
  const mistake = new Error("too late");
  const timer = new Timer(0, () => {
    throw mistake;
  });
  timer.start();
  await timer.join();
  setExcepthook(before);
  assertStrictEquals(timer.error, mistake);
  assert(timer.finished.isSet());
});

test("new Timer() rejects invalid intervals, functions and arguments", () => {
  const make = (...args: unknown[]) => () => new Timer(...args as [number, () => void]);
  assertThrows(make("1", () => {}), TypeError, "intervalMs must be a number of milliseconds");
  assertThrows(make(NaN, () => {}), RangeError, "not NaN");
  assertThrows(make(1, "f"), TypeError, 'fn must be a function, not "f"');
  assertThrows(make(1, () => {}, 5), TypeError, "args must be an array");
});
