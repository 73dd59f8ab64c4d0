import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ClosedError,
  Process,
  Queue,
  type ShareableItem,
  ShareableList,
  SharedMemory,
} from "@sauropod/multiprocessing";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { attachList, attachMemory, keepAndDie } from "../fixtures/memory_tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes } from "../fixtures/heap.ts";
import { ended, run } from "../fixtures/workers.ts";

test("SharedMemory() creates a block of zeros that can be attached by its name", () => {
  using made = new SharedMemory({ create: true, size: 100 });
  assertEquals([made.size, made.buf.length], [100, 100]);
  assertEquals(made.buf.every((byte) => byte === 0), true);
  made.buf[3] = 9;
  using attached = new SharedMemory({ name: made.name, size: 5 }); // the size is ignored
  assertEquals([attached.size, attached.buf[3]], [100, 9]);
  made.unlink();
});

test("SharedMemory() accepts an unused name, and throws AlreadyExists for one in use", () => {
  using made = new SharedMemory({ create: true, size: 8, name: "täst" });
  assertEquals(made.name, "täst");
  assertThrows(
    () => new SharedMemory({ create: true, size: 8, name: "täst" }),
    Deno.errors.AlreadyExists,
    "Attach it, or unlink it first",
  );
  made.unlink();
  new SharedMemory({ create: true, size: 8, name: "täst" }).unlink();
});

test("SharedMemory() generates unique names", () => {
  const first = new SharedMemory({ create: true, size: 1 });
  const next = first.name.replace(/\d+$/, (n) => `${Number(n) + 1}`);
  const second = new SharedMemory({ create: true, size: 1, name: next });
  const third = new SharedMemory({ create: true, size: 1 });
  assertEquals(new Set([first.name, next, third.name]).size, 3);
  for (const memory of [first, second, third]) memory.unlink();
});

test("SharedMemory() rejects invalid sizes and names", () => {
  for (const size of [-1, 0, 1.5]) {
    assertThrows(
      () => new SharedMemory({ create: true, size }),
      RangeError,
      `size must be an integer of at least 1, not ${size}`,
    );
  }
  const create = () => new SharedMemory({ create: true });
  assertThrows(create, TypeError, "size must be an integer of at least 1, not undefined");
  const huge = () => new SharedMemory({ create: true, size: 2 ** 50 });
  assertThrows(huge, RangeError, "bytes of memory could not be allocated");
  assertThrows(() => new SharedMemory({}), TypeError, "no name was given. Pass its name");
  assertThrows(() => new SharedMemory({ name: "" }), RangeError, "a string that is not empty");
  assertThrows(() => new SharedMemory({ name: "unused" }), Deno.errors.NotFound, "unused");
});

test("SharedMemory throws ClosedError after close(), and NotFound after unlink()", () => {
  const memory = new SharedMemory({ create: true, size: 8 });
  const { buf } = memory;
  memory.close();
  memory.close();
  assertThrows(() => memory.buf, ClosedError, "closed here");
  memory.unlink();
  assertThrows(() => memory.unlink(), Deno.errors.NotFound);
  assertThrows(() => new SharedMemory({ name: memory.name }), Deno.errors.NotFound);
  buf[0] = 1; // the memory is still usable
});

test("SharedMemory can be written in a process, by name and by handle", async () => {
  const memory = new SharedMemory({ create: true, size: 16 });
  const process = run(attachMemory, memory.name, memory);
  await ended(process);
  assertEquals([...memory.buf.subarray(0, 3)], [7, 8, 0]);
  memory.unlink();
});

test("SharedMemory outlives the process that created it", async () => {
  const names = new Queue<string>();
  const process = run(keepAndDie, names);
  const memory = new SharedMemory({ name: await names.get() });
  await ended(process, 3);
  assertEquals(memory.buf[0], 5);
  memory.unlink();
  assertThrows(() => new SharedMemory({ name: memory.name }), Deno.errors.NotFound);
});

test("SharedMemory.unlink() frees the heap entry of the name", () => {
  const before = usedBytes();
  for (let at = 0; at < 2000; at++) {
    new SharedMemory({ create: true, size: 8, name: `block ${at}` }).unlink();
  }
  assertEquals(usedBytes(), before); // the objects of buffers are permanent, and not counted
});

const items: ShareableItem[] = [
  "howdy",
  -273.154,
  100,
  true,
  false,
  null,
  42n,
  new Uint8Array([1, 0, 2, 0]),
  "",
];

test("ShareableList contains its initial items", () => {
  const list = new ShareableList(items);
  assertEquals([...list], items);
  assertEquals(list.length, items.length);
  assertEquals(list.get(-1), "");
  assertEquals(list.get(0), "howdy");
  for (const at of [9, -10]) {
    assertThrows(() => list.get(at), RangeError, "the list has 9 items");
    assertThrows(() => list.set(at, null), RangeError, "the list has 9 items");
  }
  list.shm.unlink();
});

test("ShareableList.set() replaces items by any that fit into their slots", () => {
  const list = new ShareableList(["a".repeat(10), 1, 2]);
  assertThrows(
    () => list.set(0, "öööööx"),
    RangeError,
    "takes 11 bytes, and its slot has room for 10",
  );
  list.set(0, "ööööö");
  list.set(1, "8 bytes!");
  assertThrows(() => list.set(1, "9 bytes!!"), RangeError, "room for 8");
  assertEquals([...list], ["ööööö", "8 bytes!", 2]); // the neighbours are unchanged
  list.set(0, null);
  list.set(1, 2n ** 63n - 1n);
  assertEquals([...list], [null, 2n ** 63n - 1n, 2]);
  assertThrows(() => list.set(1, 2n ** 63n), RangeError, "64 bits");
  assertThrows(() => list.set(1, {} as never), TypeError, "or null, not an object");
  list.shm.unlink();
});

test("ShareableList refuses text with lone surrogates, which would not come back as it was", () => {
  const list = new ShareableList(["😀"]);
  const text = "must be text without lone surrogates";
  assertThrows(() => new ShareableList(["a", "\ud800x"]), RangeError, `sequence[1] ${text}`);
  assertThrows(() => list.set(0, "\ude00"), RangeError, `item ${text}`);
  assertEquals([list.get(0), list.count("\ud83d")], ["😀", 0]);
  list.shm.unlink();
  const marked = new ShareableList(["\ufeffabc"]); // a byte order mark is a character
  assertEquals([marked.get(0), marked.count("\ufeffabc")], ["\ufeffabc", 1]);
  marked.shm.unlink();
});

test("ShareableList.index() and count() compare items", () => {
  const list = new ShareableList([1, "1", 1, null, new Uint8Array([1])]);
  assertEquals([list.index("1"), list.count(1), list.count(2)], [1, 2, 0]);
  assertEquals(list.index(new Uint8Array([1])), 4);
  assertThrows(() => list.index(7), RangeError, "not in the list");
  list.shm.unlink();
});

test("ShareableList() of no items is empty, and of no arguments throws TypeError", () => {
  const list = new ShareableList([]);
  assertEquals([list.length, list.count(1), [...list]], [0, 0, []]);
  assertThrows(() => list.index(1), RangeError);
  list.shm.unlink();
  assertThrows(() => new ShareableList(), TypeError, "neither items nor a name were given");
  assertThrows(() => new ShareableList([Symbol() as never]), TypeError, "sequence[0] must be");
});

test("ShareableList can be changed in a process, by name and by handle; a copy is independent", async () => {
  const list = new ShareableList([1, 2, 3]);
  const copy = list.copy({ name: "the copy" });
  assertEquals(copy.shm.name, "the copy");
  await ended(run(attachList, list.shm.name, list));
  assertEquals([...list], [10, 20, 3]);
  assertEquals([...copy], [1, 2, 3]);
  list.shm.unlink();
  copy.shm.unlink();
});

test("SharedMemory and ShareableList can be sent to a blocked worker", async () => {
  const queue = new Queue<SharedMemory | ShareableList>();
  const process = new Process({
    target: (queue: Queue<SharedMemory | ShareableList>) => {
      (queue.getSync() as SharedMemory).buf[0] = 3;
      (queue.getSync() as ShareableList).set(0, 4);
    },
    args: [queue],
  });
  process.start();
  const memory = new SharedMemory({ create: true, size: 4 });
  const list = new ShareableList([0]);
  await queue.put(memory);
  await queue.put(list);
  await ended(process);
  assertEquals([memory.buf[0], list.get(0)], [3, 4]);
  memory.unlink();
  list.shm.unlink();
});

test("sharedArray() creates typed arrays of every type", () => {
  const array = sharedArray("float64", 3);
  assertEquals([array.length, array.buffer instanceof SharedArrayBuffer], [3, true]);
  assertEquals([...sharedArray("i", [1, 2])], [1, 2]);
  assertEquals([...sharedArray("uint64", new Set([5n]))], [5n]);
  assertStrictEquals(sharedArray("uint8", new Float64Array([1.5]))[0], 1);
  for (const length of [-1, 1.5, NaN]) {
    assertThrows(() => sharedArray("int8", length), RangeError, `not ${length}`);
  }
  assertThrows(() => sharedArray("complex" as "d", 1), TypeError);
});

test("SharedMemory and ShareableList are shown by their names and items", () => {
  const memory = new SharedMemory({ create: true, size: 8, name: "shown" });
  assertEquals(Deno.inspect(memory), 'SharedMemory { name: "shown", size: 8 }');
  assertEquals(Deno.inspect(SharedMemory.prototype), "SharedMemory.prototype");
  assertEquals(Deno.inspect(Object.create(SharedMemory.prototype)), "SharedMemory.prototype");
  memory.unlink();
  const list = new ShareableList([1, "a"]);
  assertEquals(Deno.inspect(list), 'ShareableList [ 1, "a" ]');
  assertEquals(Deno.inspect(ShareableList.prototype), "ShareableList.prototype");
  assertEquals(Deno.inspect(Object.create(ShareableList.prototype)), "ShareableList.prototype");
  list.shm.unlink();
});

test("SharedMemory is closed at the end of its block", () => {
  let memory: SharedMemory;
  {
    using made = new SharedMemory({ create: true, size: 8 });
    memory = made;
    assertEquals(made.buffer.byteLength, 8);
  }
  assertThrows(() => memory.buffer, ClosedError, "Attach it again by its name");
  memory.unlink();
});

test("SharedMemory() rejects what is no option, or no options", () => {
  const make = (options: unknown) => () => new SharedMemory(options as { name: string });
  assertThrows(make(undefined), TypeError, "options must be an object, not undefined. Write {");
  assertThrows(make({ create: true, bytes: 5 }), TypeError, "there is no option bytes");
  assertThrows(make({ create: 1, size: 5 }), TypeError, "options.create must be a boolean, not 1");
  assertThrows(make({ name: 5 }), TypeError, "name must be a string that is not empty, not 5");
});

test("blocks are found by their whole names, and unlinked in any order", () => {
  const names = ["ab", "abc", "abd", "a", "bb"];
  const sizes = () =>
    names.map((name) => {
      try {
        return new SharedMemory({ name }).size;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        return 0;
      }
    });
  const blocks = names.map((name, at) => new SharedMemory({ create: true, size: at + 1, name }));
  assertEquals(sizes(), [1, 2, 3, 4, 5]);
  const left = [1, 2, 3, 4, 5];
  for (const at of [2, 4, 0, 3, 1]) {
    blocks[at].unlink();
    left[at] = 0;
    assertEquals(sizes(), left);
  }
});

test("a block that was unlinked is kept by those who have it, and its name is free", () => {
  const first = new SharedMemory({ create: true, size: 8, name: "again" });
  first.buf[0] = 1;
  first.unlink();
  const second = new SharedMemory({ create: true, size: 16, name: "again" });
  assertEquals([second.size, second.buf[0], first.buf[0]], [16, 0, 1]);
  second.unlink();
});

test("ShareableList compares bytes by their contents, and other items by their values", () => {
  const list = new ShareableList([
    null,
    new Uint8Array([1, 2]),
    new Uint8Array([2, 1]),
    new Uint8Array([1]),
    new Uint8Array([]),
    "1",
    NaN,
    0,
  ]);
  const found: [ShareableItem, number][] = [
    [new Uint8Array([1]), 3],
    [new Uint8Array([2, 1]), 2],
    [new Uint8Array([]), 4],
    [null, 0],
    [NaN, 6],
    [0, 7],
  ];
  for (const [item, index] of found) assertEquals([list.index(item), list.count(item)], [index, 1]);
  for (const item of [new Uint8Array([2]), -0, "", false, 1n]) assertEquals(list.count(item), 0);
  for (const use of [() => list.index({} as never), () => list.count({} as never)]) {
    assertThrows(use, TypeError, "Cannot store item: value must be a number, bigint");
  }
  assertThrows(() => list.index(2n ** 64n), RangeError, "value must be a bigint of 64 bits");
  list.shm.unlink();
});

test("ShareableList returns copies of bytes, and keeps each kind of item", () => {
  const list = new ShareableList([new Uint8Array([1, 2, 3]), "text", false, true]);
  const bytes = list.get(0) as Uint8Array;
  bytes[0] = 9;
  assertEquals(list.get(0), new Uint8Array([1, 2, 3]));
  list.set(0, new Uint8Array([7]));
  list.set(1, "");
  list.set(2, true);
  list.set(3, -(2n ** 63n));
  assertEquals([...list], [new Uint8Array([7]), "", true, -(2n ** 63n)]);
  assertThrows(() => list.get(0.5), RangeError, "index must be an integer, not 0.5");
  assertThrows(() => list.get("0" as never), TypeError, "index must be an integer");
  assertThrows(() => list.get(4), RangeError, "Cannot use item 4: the list has 4 items");
  list.shm.unlink();
});

test("ShareableList() rejects what is no list and no option", () => {
  const make = (...args: unknown[]) => () => new ShareableList(...(args as [ShareableItem[]]));
  assertThrows(make(5), TypeError, "sequence must be an array or another iterable, not 5. For one");
  assertThrows(make([1], { size: 5 }), TypeError, "there is no option size. There is name");
  assertThrows(make([1], { name: 5 }), TypeError, "options.name must be a string, not 5");
  assertThrows(make(undefined, { name: "none" }), Deno.errors.NotFound, "none");
});

test("sharedArray() checks its elements, their number and its options", () => {
  const make = (...args: unknown[]) => () =>
    (sharedArray as (...args: unknown[]) => unknown)(...args);
  assertThrows(make("i", [1, "2"]), TypeError, "Cannot set element 1: int32 takes a number");
  assertThrows(make("i", [1, 2n]), TypeError, "Cannot set element 1: int32 takes a number");
  assertThrows(make("int64", Float64Array.of(1)), TypeError, "Cannot set element 0: int64 takes a");
  assertThrows(make("i", new DataView(new ArrayBuffer(8))), TypeError, "a number of elements or a");
  assertThrows(make("i", { length: -1 }), TypeError, "a number of elements or a sequence");
  assertThrows(make("i", 1, { name: "x" }), TypeError, "there is no option name");
  assertThrows(make("i", 1, { processes: 1 }), TypeError, "options.processes must be a boolean");
  assertEquals([...sharedArray("int64", new Float64Array(0))], []);
  assertEquals([...sharedArray("int16", Float64Array.of(1, 2, 3))], [1, 2, 3]);
  assertEquals([...sharedArray("uint8", { length: 2, 0: 7, 1: 8 })], [7, 8]);
  assertEquals(sharedArray("uint8", 5).length, 5);
});

test("a name refers to its block as an isolate does that has it", () => {
  const memory = new SharedMemory({ create: true, size: 8 });
  const address = addressOf(memory.buffer)!;
  const references = () => i32[address + objectWord.REFERENCES];
  assertEquals(references(), 2);
  assertThrows(() => new SharedMemory({ create: true, size: 8, name: memory.name }));
  assertStrictEquals(new SharedMemory({ name: memory.name }).buffer, memory.buffer);
  assertEquals(references(), 2);
  memory.unlink();
  assertEquals(references(), 1);
});
