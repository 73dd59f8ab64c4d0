import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { settledWithin } from "../../lib/sync/settled.ts";

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
