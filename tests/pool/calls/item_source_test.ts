import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { TimeoutError } from "@sauropod/multiprocessing";
import {
  hasKnownEnd,
  ItemSource,
  knownLength,
  MAX_RETURN_MS,
} from "../../../lib/pool/calls/item_source.ts";
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

test("ItemSource takes the items of any input, and does not ask it again after the end", async () => {
  for (const items of ["ab", ["a", "b"], new Set("ab"), ["a", "b"].values()]) {
    const [source, now] = [new ItemSource(items), new ItemSource([..."ab"])];
    assertEquals([source.isAsync, now.nextNow()], [false, { done: false, value: "a" }]);
    assertEquals([(await source.next()).value, (await source.next()).value], ["a", "b"]);
    assertEquals([(await source.next()).done, (await source.next()).done], [true, true]);
  }
  for (const how of ["next", "nextNow"] as const) {
    let asked = 0;
    const next = () => ({ done: ++asked > 1, value: asked });
    const source = new ItemSource<number>({ [Symbol.iterator]: () => ({ next }) });
    const found = [];
    for (let count = 0; count < 3; count++) found.push((await source[how]()).done);
    assertEquals([found, asked], [[false, true, true], 2]);
  }
});

test("ItemSource of an input that has a sync and an async iterator is async", async () => {
  const items = Object.assign(input(), { [Symbol.iterator]: () => [7].values() });
  const source = new ItemSource(items);
  assertEquals([source.isAsync, (await source.next()).value], [true, 1]);
});

test("ItemSource refuses what is not iterable, and typed arrays that were transferred", () => {
  for (const items of [5, null, {}]) {
    const error = assertThrows(() => new ItemSource(items as number[], "argument 2"), TypeError);
    assertMatch(error.message, /^Cannot map: argument 2 must be .*For one item write \[item\]/);
  }
  const bytes = new Uint8Array(4);
  bytes.buffer.transfer();
  assertThrows(() => new ItemSource(bytes), TypeError, "Cannot map: items");
});

test("ItemSource ends after the first error of its input", async () => {
  for (const how of ["next", "nextNow"] as const) {
    let asked = 0;
    const next = () => {
      throw new RangeError(`error ${++asked}`);
    };
    const source = new ItemSource<number>({ [Symbol.iterator]: () => ({ next }) });
    await assertRejects(async () => await source[how](), RangeError, "error 1");
    assertEquals([(await source[how]()).done, asked], [true, 1]);
  }
});

test("ItemSource.nextNow() finds the end when the input leaves itself", () => {
  for (const fails of [false, true]) {
    const next = () => {
      void source.leave();
      if (fails) throw new RangeError("nobody wants it");
      return { done: false, value: 1 };
    };
    const source: ItemSource<number> = new ItemSource({ [Symbol.iterator]: () => ({ next }) });
    assertEquals(source.nextNow(), { done: true, value: undefined });
  }
});

test("ItemSource.leave() waits for return() after a next() that has ended", async () => {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
  const source = new ItemSource(input({ return: () => promise }));
  await source.next();
  let left = 0;
  const leaving = [1, 2].map(() => source.leave().then(() => left++));
  await turn();
  assertEquals(left, 0);
  resolve({ done: true, value: undefined });
  await Promise.all(leaving);
  assertEquals(left, 2);
  await source.leave();
});

test("ItemSource.leave() throws the error of return(), to the first caller", async () => {
  const source = new ItemSource(input({ return: () => Promise.reject(new RangeError("untidy")) }));
  const again = assertRejects(() => source.leave(), RangeError, "untidy").then(() =>
    source.leave()
  );
  await again;
});

test("ItemSource.leave() does not call return() of an input that ends meanwhile", async () => {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
  const items = input({ next: () => promise });
  const source = new ItemSource(items);
  const next = source.next();
  resolve({ done: true, value: undefined });
  const left = source.leave();
  await next;
  await left;
  assertEquals(items.left, 0);
});

test("knownLength() is the length or the size of inputs that have one", () => {
  const sync = { [Symbol.iterator]: () => [1].values() };
  const known = new Map<unknown, number>([
    ...[["abc", 3], [[1, 2], 2], [[], 0], [new Set([1]), 1]] as [unknown, number][],
    ...[[new Map(), 0], [new Float64Array(5), 5], [{ ...sync, size: 4 }, 4]] as [unknown, number][],
    [{ ...sync, length: "3", size: 2 }, 2],
    [{ ...sync, length: 0, size: 9 }, 0],
  ]);
  for (const [items, length] of known) {
    assertEquals([knownLength(items as []), hasKnownEnd(items as [])], [length, true]);
  }
  const unknown: unknown[] = [
    ...[[1].values(), sync, { length: 3 }, 5, null, input()],
    ...[{ ...sync, length: Infinity }, { ...sync, size: NaN }],
    { ...sync, length: 3, [Symbol.asyncIterator]: () => input() },
  ];
  for (const items of unknown) {
    assertEquals([knownLength(items as []), hasKnownEnd(items as [])], [Infinity, false]);
  }
  assert(!hasKnownEnd((function* () {})()));
});
