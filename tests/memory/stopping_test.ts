/**
 * An isolate that was told to end ends at its next operation of values and containers, whichever it is.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Namespace,
  RawArray,
  ShareableList,
  SharedList,
  SharedMap,
  TerminatedError,
  Value,
} from "@sauropod/multiprocessing";
import { Control, ensureIsolate, isolateWord, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { createEntry } from "../../lib/memory/map_entry.ts";
import { putEntry } from "../../lib/memory/hash_table.ts";
import { exchangeElement, unpinElement } from "../../lib/memory/stored_list.ts";
import { storeElement } from "../../lib/memory/list_elements.ts";
import { withMessage } from "../../lib/memory/container.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

/** Tells this isolate to end, until it is disposed of. */
function toldToEnd(): Disposable {
  const word = thisIsolate + isolateWord.CONTROL;
  Atomics.or(i32, word, Control.STOP);
  return { [Symbol.dispose]: () => Atomics.and(i32, word, ~Control.STOP) };
}

/** Checks that each call ends an isolate that was told to end. */
function assertEach(calls: (() => unknown)[]): void {
  using _ = toldToEnd();
  for (const call of calls) assertThrows(call, TerminatedError, undefined, String(call));
}

test("every operation of a value ends an isolate that was told to end", () => {
  const value = new Value("i", 6);
  assertEach([
    () => value.value,
    () => value.value = 1,
    () => value.add(1),
    () => value.sub(1),
    () => value.and(1),
    () => value.or(1),
    () => value.xor(1),
    () => value.exchange(1),
    () => value.compareExchange(6, 1),
    () => value.update(() => 1),
  ]);
  assertEquals(value.value, 6);
});

test("every operation of an array ends an isolate that was told to end", () => {
  const array = new RawArray("i", [6, 7]);
  assertEach([
    () => array[0],
    () => array[0] = 1,
    () => array.get(0),
    () => array.set(0, 1),
    () => array.slice(),
    () => [...array],
    () => array.setSlice(0, 1, [1]),
    () => array.setSlice(0, 1, Int32Array.of(1)),
    () => array.add(0, 1),
    () => array.and(0, 1),
    () => array.or(0, 1),
    () => array.xor(0, 1),
    () => array.exchange(0, 1),
    () => array.compareExchange(0, 6, 1),
  ]);
  assertEquals([...array], [6, 7]);
});

test("every operation of a map ends an isolate that was told to end", () => {
  const map = new SharedMap<string, number>({ a: 1 });
  assertEach([
    () => map.size,
    () => map.get("a"),
    () => map.get("b"),
    () => map.has("a"),
    () => map.set("a", 2),
    () => map.delete("a"),
    () => map.clear(),
    () => map.keys(),
    () => map.values(),
    () => map.entries(),
    () => [...map],
    () => map.forEach(() => {}),
    () => map.copy(),
    () => map.update("a", () => 2),
    () => map.update({ a: 2 }),
    () => map.setdefault("a", 2),
    () => map.setdefault("b", 2),
    () => map.pop("a"),
    () => map.pop("b", 5),
    () => map.popitem(),
  ]);
  assertEquals(map.copy(), new Map([["a", 1]]));
});

test("every operation of a list ends an isolate that was told to end", () => {
  const list = new SharedList([1, 3, 2]);
  assertEach([
    () => list.length,
    () => list.at(0),
    () => list.at(9),
    () => list.get(0),
    () => list.slice(),
    () => [...list],
    () => list.copy(),
    () => list.index(1),
    () => list.indexOf(1),
    () => list.includes(1),
    () => list.count(1),
    () => list.set(0, 2),
    () => list.update(0, () => 2),
    () => list.append(2),
    () => list.push(2),
    () => list.extend([2]),
    () => list.insert(0, 2),
    () => list.setSlice(0, 1, []),
    () => list.pop(),
    () => list.remove(1),
    () => list.clear(),
    () => list.sort(),
    () => list.reverse(),
  ]);
  assertEquals(list.copy(), [1, 3, 2]);
});

test("every operation of other containers ends an isolate that was told to end", () => {
  const namespace = new Namespace<{ a?: number }>({ a: 1 });
  const list = new ShareableList([1]);
  assertEach([
    () => namespace.a,
    () => namespace.a = 2,
    () => "a" in namespace,
    () => Object.keys(namespace),
    () => delete namespace.a,
    () => list.get(0),
    () => list.set(0, 2),
    () => list.count(1),
    () => list.index(1),
    () => [...list],
  ]);
  assertEquals([namespace.a, ...list], [1, 1]);
  list.shm.unlink();
});

test("a change that others keep from being made is not tried again by an isolate that was told to end", () => {
  const map = new SharedMap<string, unknown>({ a: 1 });
  const list = new SharedList<unknown>([1]);
  const told: Disposable[] = [];
  /** Changes what a function computes, as another isolate would, and tells this one to end. */
  const interfere = () => {
    const [tableOf, listOf] = [map, list].map((it) => addressOf(it)! + objectWord.FIRST);
    for (const key of ["a", "b"]) {
      putEntry(tableOf, withMessage(9, "value", (message) => createEntry(key, message)));
    }
    unpinElement(exchangeElement(listOf, 0, storeElement(9, "value")));
    told.push(toldToEnd());
  };
  const calls: Record<string, (count: () => void) => unknown> = {
    "SharedMap.update()": (count) => map.update("a", () => (count(), 2)),
    "SharedMap.setdefault()": (count) =>
      map.setdefault("b", {
        get value() {
          count();
          return 2;
        },
      }),
    "SharedList.update()": (count) => list.update(0, () => (count(), 2)),
    "SharedList.sort()": (count) => {
      list.push(5);
      list.sort(() => (count(), 1));
    },
  };
  for (const [name, call] of Object.entries(calls)) {
    map.delete("b");
    let times = 0;
    try {
      assertThrows(
        () => call(() => ++times === 1 && interfere()),
        TerminatedError,
        undefined,
        name,
      );
    } finally {
      told.splice(0).forEach((it) => it[Symbol.dispose]());
    }
    assertEquals([times, map.get("a"), map.get("b"), list.get(0)], [1, 9, 9, 9], name);
  }
});
