import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { freeze, isObject } from "../../lib/memory/frozen.ts";

Deno.test("freeze() freezes plain objects and arrays, in each other to any depth", () => {
  const value = { list: [1, { deep: ["x"] }], text: "a", none: null };
  assertStrictEquals<unknown>(freeze(value), value);
  const parts = [value, value.list, value.list[1], (value.list[1] as { deep: string[] }).deep];
  for (const part of parts) assert(Object.isFrozen(part));
  const flat = [1, 2];
  assert(Object.isFrozen(freeze(flat)));
  const cycle: unknown[] = [{}];
  cycle.push(cycle, { cycle });
  freeze(cycle);
  assert(cycle.every((part) => Object.isFrozen(part)));
});

Deno.test("freeze() leaves other values as they are, and what is in them", () => {
  for (const value of [5, "text", null, undefined, 1n, true]) assertEquals(freeze(value), value);
  class Box {
    inner = { open: [1] };
  }
  class List extends Array<number> {}
  const others = [new Box(), new Map([["a", { open: 1 }]]), new Date(), Object.create(null)];
  for (const value of others) {
    assertStrictEquals(freeze(value), value);
    assert(!Object.isFrozen(value));
  }
  const box = freeze([new Box()])[0];
  assert(!Object.isFrozen(box) && !Object.isFrozen(box.inner));
  assert(Object.isFrozen(freeze(List.of(1))));
});

Deno.test("isObject() knows objects from other values", () => {
  for (const value of [{}, [], new Map()]) assert(isObject(value));
  for (const value of [null, undefined, 5, "x", () => {}]) assert(!isObject(value));
});
