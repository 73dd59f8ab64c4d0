import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { test } from "../fixtures/guarded.ts";
import { isPromiseLike, orAborted, refusePromise, settledWithin } from "../../lib/sync/settled.ts";

Deno.test("settledWithin() resolves to true when the promise settles in time, and keeps no timer", async () => {
  using time = new FakeTime();
  for (const promise of [Promise.resolve(1), Promise.reject(new Error("no"))]) {
    assertEquals(await settledWithin(promise, { timeoutMs: 60_000 }), true);
  }
  assertEquals(time.next(), false);
});

Deno.test("settledWithin() resolves to false after timeoutMs, and not before", async () => {
  using time = new FakeTime();
  let result: boolean | undefined;
  settledWithin(new Promise(() => {}), { timeoutMs: 60_000 }).then((value) => result = value);
  await time.tickAsync(59_000);
  await time.runMicrotasks();
  assertEquals(result, undefined);
  await time.tickAsync(1_000);
  await time.runMicrotasks();
  assertEquals(result, false);
});

Deno.test("settledWithin() throws the reason of its signal", async () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(5);
  const settled = settledWithin(new Promise(() => {}), { timeoutMs: 60_000, signal });
  time.tick(5);
  assert(signal.aborted);
  await assertRejects(() => settled, DOMException, "timed out");
  assertEquals(time.next(), false);
});

Deno.test("orAborted() awaits a promise, unless its signal is aborted first", async () => {
  const never = new Promise<number>(() => {});
  const { signal } = new AbortController();
  for (const given of [undefined, signal]) {
    assertEquals(await orAborted(Promise.resolve(1), given), 1);
    await assertRejects(() => orAborted(Promise.reject(new RangeError("no")), given), RangeError);
  }
  const controller = new AbortController();
  const waiting = orAborted(never, controller.signal);
  controller.abort(new RangeError("left"));
  await assertRejects(() => waiting, RangeError, "left");
  await assertRejects(() => orAborted(never, controller.signal), RangeError, "left");
});

Deno.test("isPromiseLike() knows promises and objects like them, and calls nothing that throws", () => {
  const thenable = { then: () => {} };
  for (const value of [Promise.resolve(), thenable]) assert(isPromiseLike(value));
  const hostile = {
    get then() {
      throw new Error("no");
    },
  };
  for (const value of [null, undefined, 1, "then", {}, { then: 1 }, hostile, () => thenable]) {
    assert(!isPromiseLike(value));
  }
});

Deno.test("refusePromise() throws for a promise, whose rejection counts as handled", async () => {
  refusePromise({ value: 1 }, "a promise");
  const rejected = Promise.reject(new Error("no"));
  assertThrows(() => refusePromise(rejected, "a promise"), TypeError, "a promise");
  await new Promise((resolve) => setTimeout(resolve, 0)); // it would be reported by now
});

test("settledWithin() and orAborted() leave no listener on the signal, however they end", async () => {
  const { signal } = new AbortController();
  const never = new Promise(() => {});
  assertEquals(await settledWithin(Promise.resolve(), { signal }), true);
  assertEquals(await settledWithin(never, { signal, timeoutMs: 1 }), false);
  assertEquals(await orAborted(Promise.resolve(1), signal), 1);
});

Deno.test("settledWithin() waits without end if it has no limit", async () => {
  using time = new FakeTime();
  const { promise, resolve } = Promise.withResolvers<void>();
  let result: boolean | undefined;
  settledWithin(promise).then((value) => result = value);
  assertEquals(time.next(), false); // it keeps no timer
  await time.runMicrotasks();
  assertEquals(result, undefined);
  resolve();
  await time.runMicrotasks();
  assertEquals(result, true);
});
