import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { MemoryError } from "@sauropod/multiprocessing";
import { hasHeap, reserveHeap } from "../../lib/heap/views.ts";

/** Makes `SharedArrayBuffer` small, and to throw what the function returns for a size, if it returns something. */
function refusing(errorFor: (size: number) => Error | undefined) {
  const sizes: number[] = [];
  const small = stub(
    globalThis,
    "SharedArrayBuffer",
    function (size: number) {
      sizes.push(size);
      const error = errorFor(size);
      if (error !== undefined) throw error;
      return { size };
    } as never,
  );
  return { sizes, [Symbol.dispose]: () => small.restore() };
}

Deno.test("hasHeap() is false while the isolate has not used shared memory", () => {
  assertEquals(hasHeap(), false);
});

Deno.test("reserveHeap() takes the largest size that the machine allows", () => {
  for (const max of [2 ** 40, 2 ** 30, 2 ** 26]) {
    using refused = refusing((size) => size > max ? new RangeError("too large") : undefined);
    const { size } = reserveHeap() as unknown as { size: number };
    assertEquals(size, refused.sizes.at(-1));
    assertEquals(refused.sizes, [...refused.sizes].sort((a, b) => b - a));
    assertEquals(refused.sizes.filter((size) => size <= max), [size]);
  }
});

Deno.test("reserveHeap() throws MemoryError when the machine allows none", () => {
  using refused = refusing(() => new RangeError("too large"));
  assertThrows(() => reserveHeap(), MemoryError, "Cannot reserve shared memory");
  assertEquals(refused.sizes.at(-1), 2 ** 26);
});

Deno.test("reserveHeap() throws other errors", () => {
  const error = new TypeError("no");
  using _ = refusing(() => error);
  assertStrictEquals(assertThrows(() => reserveHeap()), error);
});
