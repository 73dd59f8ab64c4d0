import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import {
  compute,
  computeNext,
  throwIfNotChangeable,
  withMessage,
} from "../../lib/memory/container.ts";

ensureIsolate();

const MESSAGE = "Cannot change shared container in a function that computes its new contents";

Deno.test("a container cannot be changed while its contents are computed, others can", () => {
  throwIfNotChangeable(1);
  const result = compute(1, () => {
    assertThrows(() => throwIfNotChangeable(1), Error, MESSAGE);
    throwIfNotChangeable(2);
    compute(2, () => {
      for (const container of [1, 2]) {
        assertThrows(() => throwIfNotChangeable(container), Error, MESSAGE);
      }
      throwIfNotChangeable(3);
    });
    throwIfNotChangeable(2);
    assertThrows(() => throwIfNotChangeable(1), Error, MESSAGE);
    return "computed";
  });
  throwIfNotChangeable(1);
  assertEquals(result, "computed");
  const fails = () => compute(1, () => assertEquals(1, 2));
  assertThrows(fails, Error);
  throwIfNotChangeable(1);
});

Deno.test("computeNext() returns what the function returns, unless it returns nothing", () => {
  assertEquals(computeNext(1, (value: number) => value + 1, 5), 6);
  assertEquals(computeNext(1, () => null, 5), null);
  assertThrows(() => computeNext(1, () => undefined, 5), TypeError, "returned undefined");
  assertThrows(() => computeNext(1, () => Promise.resolve(), 5), TypeError, "returned a promise");
  throwIfNotChangeable(1);
});

Deno.test("withMessage() uses one encoder again, also after an error", () => {
  const first = withMessage(1, "value", (message) => message);
  assertThrows(
    () =>
      withMessage(2, "value", (message) => {
        assertStrictEquals(message, first);
        throw new RangeError("full");
      }),
    RangeError,
    "full",
  );
  assertStrictEquals(withMessage("text", "value", (message) => message), first);
  const inner = withMessage(1, "value", () => withMessage(2, "value", (message) => message));
  assertEquals(inner === first, false); // the first one is in use
});
