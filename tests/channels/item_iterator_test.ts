import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ClosedError } from "../../lib/errors.ts";
import { itemIterator, type ItemSource } from "../../lib/channels/item_iterator.ts";
import { test } from "../fixtures/guarded.ts";

/** A source of the items, which fails with the error then. */
function sourceOf(items: number[], error: Error, isClosed: boolean) {
  const source = {
    left: 0,
    next: (_isOver: () => boolean) =>
      items.length > 0 ? Promise.resolve(items.shift()!) : Promise.reject(error),
    isClosed: () => isClosed,
    leave: () => void source.left++,
  };
  return source satisfies ItemSource<number>;
}

test("itemIterator() ends when the queue is closed and empty", async () => {
  const iterator = itemIterator(sourceOf([1, 2], new ClosedError("closed"), true));
  assertStrictEquals(iterator[Symbol.asyncIterator](), iterator);
  assertEquals(await Array.fromAsync(iterator), [1, 2]);
  assertEquals(await iterator.next(), { done: true, value: undefined });
});

test("itemIterator() throws other errors, also of a closed queue, and is over then", async () => {
  for (
    const [error, isClosed] of [
      [new RangeError("no such item"), true],
      [new RangeError("no such item"), false],
      [new ClosedError("something else is closed"), false],
    ] as const
  ) {
    const source = sourceOf([1], error, isClosed);
    const iterator = itemIterator(source);
    assertEquals(await iterator.next(), { done: false, value: 1 });
    assertStrictEquals(await assertRejects(() => iterator.next()), error);
    assertEquals(await iterator.next(), { done: true, value: undefined });
    assertEquals(source.left, 0);
  }
});

test("itemIterator() that is left tells its source, which can end the wait for an item", async () => {
  const { promise, reject } = Promise.withResolvers<number>();
  let isOver = () => false;
  let left = 0;
  const iterator = itemIterator({
    next: (isIterationOver) => {
      isOver = isIterationOver;
      return promise;
    },
    isClosed: () => false,
    leave: () => void left++,
  });
  const next = iterator.next();
  assertEquals([isOver(), left], [false, 0]);
  assertEquals(await iterator.return!(), { done: true, value: undefined });
  assertEquals([isOver(), left], [true, 1]);
  reject(new Error("the iteration was left"));
  assertEquals(await next, { done: true, value: undefined });
  assertEquals(await iterator.next(), { done: true, value: undefined });
});
