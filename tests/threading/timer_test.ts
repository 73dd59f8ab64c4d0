import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
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
  const calls: unknown[] = [];
  const timer = new Timer(20, (...args: unknown[]) => void calls.push(currentThread(), ...args), [
    1,
    "two",
  ]);
  assert(timer instanceof Thread && /^Thread-\d+$/.test(timer.name));
  const start = performance.now();
  timer.start();
  assertEquals(enumerate().slice(1), [timer]);
  assertEquals([timer.finished.isSet(), calls], [false, []]);
  await timer.join();
  assert(performance.now() - start >= 18);
  assertEquals(calls, [timer, 1, "two"]);
  assert(timer.finished.isSet());
});

test("Timer.cancel() before it fires: it ends at once and calls nothing", async () => {
  let calls = 0;
  const timer = new Timer(1e9, () => calls++);
  timer.start();
  await sleep(0);
  timer.cancel();
  timer.cancel();
  await timer.join();
  assertEquals(calls, 0);
  const unstarted = new Timer(0, () => calls++);
  unstarted.cancel();
  unstarted.start();
  await unstarted.join();
  assertEquals(calls, 0);
});

test("Timer.cancel() after it fired does nothing", async () => {
  let calls = 0;
  const timer = new Timer(0, () => calls++);
  timer.start();
  await timer.join();
  timer.cancel();
  assertEquals([calls, timer.finished.isSet()], [1, true]);
});

test("Timer waits for a function that returns a promise", async () => {
  let done = false;
  const timer = new Timer(-5, async () => {
    await sleep(1);
    done = true;
  });
  timer.start();
  await timer.join();
  assert(done);
});

test("Timer whose function fails is finished, and has the error", async () => {
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

test("new Timer() rejects what is no interval, function or arguments", () => {
  const make = (...args: unknown[]) => () => new Timer(...args as [number, () => void]);
  assertThrows(make("1", () => {}), TypeError, "intervalMs must be a number of milliseconds");
  assertThrows(make(NaN, () => {}), TypeError, "not NaN");
  assertThrows(make(1, "f"), TypeError, "fn must be a function, not string");
  assertThrows(make(1, () => {}, 5), TypeError, "args must be an array");
});
