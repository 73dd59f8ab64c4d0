/**
 * Constants as an isolate reads them that did not make them. The last ones stay, so the memory in use is not compared.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { constant, Lock, MemoryError } from "@sauropod/multiprocessing";
import { storeValue } from "../../lib/codec/message.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { constantOf, messageOfConstant } from "../../lib/memory/constant.ts";
import {
  addressOf,
  handleFor,
  hasValueHandles,
  isSharedObject,
  objectWord,
} from "../../lib/objects/shared_object.ts";
import { collectGarbage, useUpHeap } from "../fixtures/heap.ts";

ensureIsolate();

const references = (address: number) => i32[address + objectWord.REFERENCES];

Deno.test("a constant that is read is frozen, and the same object as long as it is in use", () => {
  const lock = new Lock();
  const date = new Date(5);
  const value = { rows: [1, [2]], lock, date, list: ["a", "b"], map: new Map([["a", [1]]]) };
  const address = constantOf(storeValue(value, "value"));
  const read = handleFor(address) as typeof value;
  assertEquals(read, value);
  assert(hasValueHandles);
  assertEquals([addressOf(read), references(address)], [address, 1]);
  assertStrictEquals(handleFor(address), read);
  for (const part of [read, read.rows, read.rows[1], read.list]) assert(Object.isFrozen(part));
  for (const part of [read.lock, read.date, read.map, read.map.get("a")]) {
    assert(!Object.isFrozen(part));
  }
  assert(!Object.isFrozen(value));
  assertStrictEquals(read.lock, lock);
});

Deno.test("an isolate keeps the last eight constants that it has read, and no more", async () => {
  const addresses = Array.from({ length: 9 }, (_, at) => constantOf(storeValue({ at }, "value")));
  for (const address of addresses) handleFor(address);
  await collectGarbage();
  await collectGarbage();
  assertEquals(addresses.map(isSharedObject), [false, ...Array(8).fill(true)]);
  for (const [at, address] of addresses.entries()) {
    if (at > 0) assertEquals(handleFor(address), { at });
  }
});

Deno.test("messageOfConstant() knows the message of a constant, and of nothing else", () => {
  const message = storeValue([1, 2], "value");
  const address = constantOf(message);
  assertEquals(messageOfConstant(address), message);
  assertEquals(messageOfConstant(addressOf(new Lock())!), undefined);
  const made = constant({ x: 1 });
  assert(messageOfConstant(addressOf(made)!) !== undefined);
  handleFor(address);
});

Deno.test("a constant for which there is no room leaves nothing", () => {
  const lock = new Lock();
  const message = storeValue([lock], "value");
  assertEquals(references(addressOf(lock)!), 2);
  {
    using _ = useUpHeap(32);
    assertThrows(() => constantOf(message), MemoryError);
  }
  assertEquals(references(addressOf(lock)!), 1);
});

Deno.test("constant() freezes plain objects and arrays, and neither handles nor what is in them", () => {
  const inner = { open: [1] };
  class Box {
    inner = inner;
  }
  const cycle: Record<string, unknown> = { box: new Box(), none: null, text: "a" };
  cycle.self = [cycle];
  assertStrictEquals(constant(cycle), cycle);
  assert(Object.isFrozen(cycle) && Object.isFrozen(cycle.self));
  assert(!Object.isFrozen(cycle.box) && !Object.isFrozen(inner));
  const numbers = constant([1, 2]);
  assert(Object.isFrozen(numbers));
  for (const wrong of [5, null, undefined, true, 1n, Symbol()] as unknown as object[]) {
    assertThrows(() => constant(wrong), TypeError, "value must be an object, not ");
  }
});
