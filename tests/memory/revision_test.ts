/**
 * Changes in several steps, as the program makes them for a process that computes the new value.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  DataCloneError,
  MemoryError,
  SharedList,
  SharedMap,
  TaskLookupError,
  tasksOf,
} from "@sauropod/multiprocessing";
import { functionAddress } from "../../lib/codec/functions.ts";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { reviseElement, reviseOrder } from "../../lib/memory/shared_list.ts";
import { reviseMap } from "../../lib/memory/shared_map.ts";
import { leaveRoom, usedBytes } from "../fixtures/heap.ts";
import { test } from "../fixtures/guarded.ts";

test("an element of a list is revised if nobody has changed it meanwhile", () => {
  const list = new SharedList<unknown>(["a", "b", "c"]);
  const before = usedBytes();
  const [last, negative] = [reviseElement(list, 2), reviseElement(list, -3)];
  assertEquals([last.value, negative.value], ["c", "a"]);
  assertEquals(last.store("C"), true);
  assertEquals(list.copy(), ["a", "b", "C"]);
  list.set(0, "changed");
  assertEquals(negative.store("A"), false);
  assertEquals(list.copy(), ["changed", "b", "C"]);
  for (const revision of [last, negative]) revision.release();
  list.set(0, "a");
  list.set(2, "c");
  assertEquals(usedBytes(), before);
  for (const index of [3, -4]) {
    assertThrows(
      () => reviseElement(list, index),
      RangeError,
      `Cannot update element ${index}: the`,
    );
  }
  assertThrows(() => reviseElement(list, "0"), TypeError, "index must be an integer");
  const bad = reviseElement(list, 1);
  assertThrows(() => bad.store(Symbol()), DataCloneError);
  bad.release();
  assertEquals([list.copy(), usedBytes()], [["a", "b", "c"], before] as never);
});

test("an element that has left its place is revised when it is there again", () => {
  const list = new SharedList<unknown>([1, 2]);
  const revision = reviseElement(list, 0);
  list.reverse();
  assertEquals(revision.store(5), false);
  list.reverse();
  assertEquals(revision.store(5), true);
  revision.release();
  assertEquals(list.copy(), [5, 2]);
});

test("the order of a list is revised if nobody has changed the list meanwhile", () => {
  const list = new SharedList<unknown>(["a", "b", "c"]);
  const before = usedBytes();
  const [first, second] = [reviseOrder(list), reviseOrder(list)];
  assertEquals(first.value, ["a", "b", "c"]);
  const wrong = [[0, 1], [0, 1, 2, 3], [0, 1, 1], [0, 1, 3], ["0", 1, 2], [], undefined, null, 5];
  for (const order of [...wrong, { length: 3 }, "012"]) {
    assertThrows(() => first.store(order), TypeError, "the index of each element once");
  }
  assertEquals(list.copy(), ["a", "b", "c"]);
  assertEquals(first.store([2, 0, 1]), true);
  assertEquals(list.copy(), ["c", "a", "b"]);
  assertEquals(second.store([0, 1, 2]), false);
  assertEquals(list.copy(), ["c", "a", "b"]);
  for (const revision of [first, second]) revision.release();
  assertEquals(usedBytes(), before);
  const empty = reviseOrder(new SharedList());
  assertEquals([empty.value, empty.store([])], [[], true]);
  empty.release();
});

test("a key of a map is revised if nobody has changed it meanwhile, also one that it does not have", () => {
  const map = new SharedMap<string, unknown>({ a: 1 });
  const before = usedBytes();
  const [there, again, missing, other] = ["a", "a", "b", "b"].map((key) =>
    reviseMap(map as never, key)
  );
  assertEquals([there.value, missing.value], [1, undefined]);
  assertEquals([there.store(2), again.store(3)], [true, false]);
  assertEquals([missing.store(4), other.store(5)], [true, false]);
  assertEquals(map.copy(), new Map([["a", 2], ["b", 4]]));
  for (const revision of [there, again, missing, other]) revision.release();
  map.delete("b");
  map.set("a", 1);
  assertEquals(usedBytes(), before);
  assertThrows(() => reviseMap(map as never, {}), TypeError, "use key");
  const bad = reviseMap(map as never, "a");
  assertThrows(() => bad.store(Symbol()), DataCloneError);
  bad.release();
  assertEquals([map.get("a"), usedBytes()], [1, before]);
});

test("a value that cannot be read here is not revised, and not kept", () => {
  const elsewhere = tasksOf<{ f(): void }>("file:///nowhere.ts").f;
  functionAddress(elsewhere); // names of functions are stored for good
  const map = new SharedMap<string, unknown>({ f: 1 });
  const list = new SharedList<unknown>([1, 2]);
  const before = usedBytes();
  map.set("f", elsewhere);
  list.set(1, elsewhere);
  for (
    const revise of [
      () => reviseMap(map as never, "f"),
      () => reviseElement(list, 1),
      () => reviseOrder(list),
    ]
  ) {
    assertThrows(revise, TaskLookupError, "file:///nowhere.ts is not imported here");
  }
  map.set("f", 1);
  list.set(1, 2);
  assertEquals(usedBytes(), before);
});

test("a map for whose buckets there is no room leaves nothing", () => {
  const bytes = 128; // of a map, and of its first buckets
  new SharedMap(); // so that there is a heap
  using _ = leaveRoom(bytes);
  assertThrows(() => new SharedMap(), MemoryError);
  free(allocate(bytes - 8)); // is there still
});
