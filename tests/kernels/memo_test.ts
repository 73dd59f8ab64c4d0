import { assertEquals, assertStrictEquals } from "@std/assert";
import { Memo } from "../../lib/kernels/memo.ts";
import { test } from "../fixtures/guarded.ts";

test("a Memo computes a result once, and keeps the last 256", () => {
  const memo = new Memo<number, { key: number }>();
  const computed: number[] = [];
  const get = (key: number) =>
    memo.get(key, () => {
      computed.push(key);
      return { key };
    });
  assertStrictEquals(get(0), get(0));
  for (let key = 1; key < 256; key++) assertEquals(get(key), { key });
  get(0);
  assertEquals(computed.length, 256); // all are kept
  get(256); // takes the place of the oldest
  get(1);
  assertEquals(computed.length, 257);
  get(0);
  assertEquals(computed.slice(-2), [256, 0]);
});
