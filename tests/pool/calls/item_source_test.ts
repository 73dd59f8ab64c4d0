import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { TimeoutError } from "@sauropod/multiprocessing";
import { ItemSource, MAX_RETURN_MS } from "../../../lib/pool/calls/item_source.ts";
import { test, turn } from "../../fixtures/guarded.ts";

/** An async input of numbers that does what the parts say, and counts calls of `return()`. */
function input(parts: Partial<AsyncIterator<number>> = {}) {
  const it = {
    left: 0,
    next: () => Promise.resolve({ done: false, value: 1 } as IteratorResult<number>),
    ...parts,
    return(): Promise<IteratorResult<number>> {
      it.left++;
      return parts.return?.() ?? Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return it;
    },
  };
  return it;
}

test("ItemSource.leave() calls return() once, and no item comes afterwards", async () => {
  const items = input();
  const source = new ItemSource(items);
  assertEquals(await source.next(), { done: false, value: 1 });
  await Promise.all([source.leave(), source.leave()]);
  assertEquals(await source.next(), { done: true, value: undefined });
  assertEquals(items.left, 1);
});

test("ItemSource.leave() does not call return() of an input that has ended or failed", async () => {
  for (const fails of [false, true]) {
    const items = input({
      next: () =>
        fails ? Promise.reject(new RangeError()) : Promise.resolve({ done: true, value: 0 }),
    });
    const source = new ItemSource(items);
    await source.next().catch(() => {});
    await source.leave();
    assertEquals(items.left, 0);
  }
});

test("ItemSource.next() that was pending when the input was left finds the end", async () => {
  for (const outcome of ["an item", "an error"] as const) {
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<number>>();
    const source = new ItemSource(input({ next: () => promise }));
    const next = source.next();
    await source.leave();
    if (outcome === "an item") resolve({ done: false, value: 1 });
    else reject(new RangeError("too late"));
    assertEquals(await next, { done: true, value: undefined });
  }
});

test("ItemSource.leave() throws a TimeoutError if return() never resolves", async () => {
  using time = new FakeTime();
  const items = input({ return: () => new Promise<never>(() => {}) });
  const source = new ItemSource(items);
  const left = assertRejects(
    () => source.leave(),
    TimeoutError,
    `Cannot leave input: its return() has not ended after ${MAX_RETURN_MS} ms`,
  );
  const again = source.leave();
  await time.tickAsync(MAX_RETURN_MS);
  await left;
  await again; // the error belongs to the first call
  assertEquals(items.left, 1);
});

test("ItemSource.leave() does not wait for return() while a next() is pending", async () => {
  using report = stub(console, "error");
  const { promise, reject } = Promise.withResolvers<never>();
  const source = new ItemSource(input({ next: () => promise, return: () => promise }));
  const next = source.next();
  await source.leave();
  reject(new RangeError("cannot tidy up"));
  assertEquals((await next).done, true);
  await turn();
  assertEquals(report.calls.map(({ args }) => args[0]), ["Uncaught in an input that was left:"]);
});

test("ItemSource.next() throws if the input's next() returns no object", async () => {
  const text = "Cannot take item: next() of the input must return an object, not undefined";
  const source = new ItemSource(input({ next: () => Promise.resolve(undefined as never) }));
  await assertRejects(() => source.next(), TypeError, text);
});
