import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe } from "../../../lib/arguments/describe.ts";
import {
  checkChunkSize,
  checkSpread,
  defaultChunkSize,
  withLength,
} from "../../../lib/pool/calls/chunks.ts";

Deno.test("defaultChunkSize() returns ceil(n / (4 * workers)), at least 1", () => {
  const expected: [items: number, workers: number, chunkSize: number][] = [
    ...[[0, 2, 1], [1, 2, 1], [8, 2, 1], [9, 2, 2], [16, 2, 2], [17, 2, 3], [100, 2, 13]],
    ...[[1, 1, 1], [4, 1, 1], [5, 1, 2], [1000, 4, 63], [3, 64, 1]],
  ] as [number, number, number][];
  for (const [items, workers, chunkSize] of expected) {
    assertEquals(defaultChunkSize(items, workers), chunkSize, `${items} items, ${workers} workers`);
  }
});

Deno.test("checkChunkSize() accepts undefined and integers of at least 1", () => {
  for (const chunkSize of [undefined, 1, 20, 1e9]) checkChunkSize(chunkSize);
  for (const chunkSize of [0, -1, 1.5, NaN, Infinity, "2", null]) {
    assertThrows(
      () => checkChunkSize(chunkSize as number),
      typeof chunkSize === "number" ? RangeError : TypeError,
      `at least 1, not ${describe(chunkSize)}`,
    );
  }
});

Deno.test("withLength() returns arrays and typed arrays unchanged, and copies other iterables", () => {
  const array = [1, 2];
  assertStrictEquals(withLength(array), array);
  const floats = Float64Array.of(1, 2);
  assertStrictEquals(withLength(floats), floats);
  assertEquals(withLength(new Set([1, 2])), [1, 2]);
  assertEquals(withLength("ab"), ["a", "b"]);
  assertEquals(withLength(new Map([[1, 2]])), [[1, 2]]);
});

Deno.test("withLength() rejects items that are not iterable", () => {
  for (const items of [1, null, undefined, {}, new DataView(new ArrayBuffer(1))]) {
    assertThrows(
      () => withLength(items as number[]),
      TypeError,
      "items must be an array or another iterable, not ",
    );
  }
});

Deno.test("withLength() says what to do about items that are async, or none", () => {
  const wrong = (items: unknown) => () => withLength(items as number[]);
  assertThrows(wrong(5), TypeError, "not 5. For one item write [item]");
  const later = (async function* () {})();
  assertThrows(wrong(later), TypeError, "For an async iterable use imap()");
});

Deno.test("withLength() refuses a typed array whose memory was transferred", () => {
  const bytes = new Uint8Array(4);
  bytes.buffer.transfer();
  assertThrows(() => withLength(bytes), TypeError, "Cannot map: items");
});

Deno.test("checkSpread() accepts items that can be spread, and names the first that cannot", () => {
  checkSpread([[], [1, 2], new Set([1]), "ab", "", Uint8Array.of(1)]);
  for (const [at, item] of [5, null, {}].entries()) {
    const items = Array.from({ length: 3 }, (_, index) => index === at ? item : [index]);
    assertThrows(
      () => checkSpread(items),
      TypeError,
      `Cannot map: items[${at}] must be an array of arguments, not ${describe(item)}. ` +
        "For functions of one argument use map()",
    );
  }
});
