import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import fc from "fast-check";
import {
  DataCloneError,
  Event,
  Lock,
  Queue,
  SharedList,
  SharedMap,
} from "@sauropod/multiprocessing";
import { appendAll, moveAll, raise } from "../fixtures/container_tasks.ts";
import { settledUse, usedBytes } from "../fixtures/heap.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

// Compared with Array

const item = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom("", "a", "long ".repeat(20), undefined, null, true, 0.5),
  fc.array(fc.integer(), { maxLength: 3 }),
);
const index = fc.integer({ min: -12, max: 12 });
type Step = (list: SharedList<unknown>, model: unknown[]) => void;

function inModel(model: unknown[], index: number): number | undefined {
  const at = index < 0 ? index + model.length : index;
  return at >= 0 && at < model.length ? at : undefined;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.array(item, { maxLength: 4 }).map((items): Step => (list, model) => {
    assertEquals(list.push(...items), model.push(...items));
  }),
  item.map((item): Step => (list, model) => {
    list.append(item);
    model.push(item);
  }),
  fc.array(item, { maxLength: 4 }).map((items): Step => (list, model) => {
    list.extend(items.values());
    model.push(...items);
  }),
  fc.tuple(index, item).map(([index, item]): Step => (list, model) => {
    list.insert(index, item);
    model.splice(index, 0, item);
  }),
  index.map((index): Step => (list, model) => {
    const at = inModel(model, index);
    if (at === undefined) assertThrows(() => list.pop(index), RangeError, "Cannot pop element");
    else assertEquals(list.pop(index), model.splice(at, 1)[0]);
  }),
  fc.tuple(index, item).map(([index, item]): Step => (list, model) => {
    const at = inModel(model, index);
    if (at === undefined) assertThrows(() => list.set(index, item), RangeError, "Cannot set");
    else {
      list.set(index, item);
      model[at] = item;
    }
  }),
  index.map((index): Step => (list, model) => {
    const at = inModel(model, index);
    if (at === undefined) {
      assertThrows(() => list.update(index, () => 1), RangeError, "Cannot update element");
    } else model[at] = list.update(index, (value) => [value, "!"]);
  }),
  fc.tuple(index, index, fc.array(item, { maxLength: 5 })).map(
    ([start, end, items]): Step => (list, model) => {
      list.setSlice(start, end, items);
      const from = Math.min(start < 0 ? Math.max(start + model.length, 0) : start, model.length);
      const to = Math.min(end < 0 ? Math.max(end + model.length, 0) : end, model.length);
      model.splice(from, Math.max(to - from, 0), ...items);
    },
  ),
  item.map((item): Step => (list, model) => {
    const at = model.findIndex((it) => Deno.inspect(it) === Deno.inspect(item));
    if (at < 0) {
      assertThrows(() => list.remove(item), RangeError, "Cannot remove value");
      assertThrows(() => list.index(item), RangeError, "Cannot find value");
    } else {
      assertEquals(list.index(item), at);
      list.remove(item);
      model.splice(at, 1);
    }
  }),
  fc.constant<Step>((list, model) => {
    assertStrictEquals(list.reverse(), list);
    model.reverse();
  }),
  fc.constant<Step>((list, model) => {
    const compare = (a: unknown, b: unknown) =>
      JSON.stringify([a]).length - JSON.stringify([b]).length;
    assertStrictEquals(list.sort(compare), list);
    model.splice(
      0,
      model.length,
      ...model.map((it) => [it]).sort(([a], [b]) => compare(a, b)).flat(1),
    );
  }),
  fc.tuple(index, index).map(([start, end]): Step => (list, model) => {
    assertEquals(list.slice(start, end), model.slice(start, end));
    assertEquals(list.slice(start), model.slice(start));
    assertEquals(list.at(start), model.at(start));
    const at = inModel(model, start);
    if (at === undefined) assertThrows(() => list.get(start), RangeError, "Cannot get element");
    else assertEquals(list.get(start), model[at]);
  }),
);

test("SharedList behaves as Array does, and leaves no memory in use", () => {
  const list = new SharedList<unknown>();
  list.extend(Array(1000));
  list.clear(); // keeps its capacity
  const before = usedBytes();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const model: unknown[] = [];
      list.clear();
      for (const step of steps) {
        step(list, model);
        assertEquals(list.length, model.length);
      }
      assertEquals(list.copy(), model);
      assertEquals([...list], model);
      list.clear();
      assertEquals(usedBytes(), before);
    }),
    { numRuns: 300 },
  );
});

test("SharedList grows at either end and in the middle", () => {
  const list = new SharedList<number>([0]);
  const model = [0];
  for (let at = 1; at < 2000; at++) {
    list.insert(0, at);
    list.append(at);
    list.insert(at, -at);
    model.unshift(at);
    model.push(at);
    model.splice(at, 0, -at);
  }
  assertEquals(list.copy(), model);
});

test("SharedList takes the first element out without moving the others, and uses its room again", () => {
  const list = new SharedList<number>(Array.from({ length: 1000 }, (_, at) => at));
  const { copyWithin } = Int32Array.prototype;
  let moved = 0;
  Int32Array.prototype.copyWithin = function (target, from, to) {
    moved += to! - from;
    return copyWithin.call(this, target, from, to);
  };
  let before = 0;
  try {
    for (let at = 0; at < 10_000; at++) {
      assertEquals(list.pop(0), at);
      list.append(1000 + at);
      if (at === 2000) before = usedBytes();
    }
  } finally {
    Int32Array.prototype.copyWithin = copyWithin;
  }
  assertEquals(usedBytes(), before);
  assertEquals(list.copy(), Array.from({ length: 1000 }, (_, at) => 10_000 + at));
  assert(moved <= 10_000, `${moved} elements were moved`);
});

test("SharedList.at() returns undefined and get() throws beyond the ends", () => {
  const list = new SharedList(["a", "b"]);
  assertEquals([list.at(-2), list.at(-1), list.at(0), list.at(1)], ["a", "b", "a", "b"]);
  for (const index of [2, -3, Infinity, -Infinity]) {
    assertEquals(list.at(index), undefined);
    assertThrows(
      () => list.get(index),
      RangeError,
      `Cannot get element ${index}: the list has 2 elements`,
    );
  }
  assertThrows(() => new SharedList().pop(), RangeError, "Cannot pop element -1: the list has 0");
});

test("SharedList methods reject invalid indices", () => {
  const list = new SharedList([1, 2, 3]);
  for (const bad of [0.5, NaN, "1", undefined]) {
    const index = bad as number;
    for (
      const use of [
        () => list.at(index),
        () => list.get(index),
        () => list.set(index, 1),
        () => list.insert(index, 1),
        () => list.update(index, () => 1),
        () => list.setSlice(index, 1, []),
      ]
    ) {
      assertThrows(
        use,
        typeof bad === "number" ? RangeError : TypeError,
        ` must be an integer, not ${describe(bad)}`,
      );
    }
  }
  assertEquals(list.copy(), [1, 2, 3]);
});

test("SharedList.indexOf() and includes() find values with the same encoding", () => {
  const [lock, inner] = [new Lock(), new SharedMap({ a: 1 })];
  const bytes = new Uint8Array(100).fill(7);
  const list = new SharedList<unknown>();
  list.push(
    1,
    "a",
    NaN,
    -0,
    [1, 2],
    { a: 1, b: [true] },
    lock,
    inner,
    bytes,
    [lock, "a"],
    1n,
    null,
  );
  const found = [1, "a", NaN, 0, [1, 2], { a: 1, b: [true] }, lock, inner, bytes.slice(), [
    lock,
    "a",
  ]];
  assertEquals(found.map((it) => list.indexOf(it)), [...found.keys()]);
  assertEquals([list.indexOf(-0), list.indexOf(1n), list.indexOf(null)], [3, 10, 11]);
  const others = [2, "b", [2, 1], { b: [true], a: 1 }, new Lock(), bytes.slice(1), undefined, [
    lock,
  ]];
  assertEquals(others.map((it) => list.indexOf(it)), others.map(() => -1));
  assert(list.includes(lock));
  assert(!list.includes(new Lock()));
});

test("SharedList.index() and indexOf() search from start up to end; count() searches all", () => {
  const list = new SharedList([1, 2, 1, 2, 1]);
  assertEquals([list.count(1), list.count(2), list.count(3)], [3, 2, 0]);
  assertEquals([list.indexOf(2, 2), list.indexOf(1, -1), list.indexOf(2, -1)], [3, 4, -1]);
  assertEquals([list.index(1, 1), list.index(2, -2), list.index(1, -3, -1)], [2, 3, 2]);
  assertThrows(
    () => list.index(2, 2, 3),
    RangeError,
    "Cannot find value: the list does not contain it",
  );
});

test("SharedList.sort() compares by < without a function, and is stable with one", () => {
  assertEquals(new SharedList([10, 9, -1, 1.5]).sort().copy(), [-1, 1.5, 9, 10]);
  assertEquals(new SharedList(["b", "a", "C", ""]).sort().copy(), ["", "C", "a", "b"]);
  assertEquals(new SharedList([3n, 1, 2n]).sort().copy(), [1, 2n, 3n]);
  const words = ["bb", "a", "aa", "b", "cc"];
  const byLength = new SharedList(words).sort((a, b) => a.length - b.length);
  assertEquals(byLength.copy(), ["a", "b", "bb", "aa", "cc"]);
});

test("SharedList.sort() changes nothing when its function throws", () => {
  const list = new SharedList([2, 1]);
  const before = usedBytes();
  assertThrows(
    () =>
      list.sort(() => {
        throw new RangeError("no");
      }),
    RangeError,
    "no",
  );
  assertThrows(
    () => list.sort(() => list.push(3)),
    Error,
    "Cannot change shared container in a function",
  );
  assertEquals(list.copy(), [2, 1]);
  assertEquals(usedBytes(), before);
});

test("SharedList is not changed by the function of sort(), in whatever way it tries", () => {
  const list = new SharedList([2, 1]);
  const changes: Record<string, () => unknown> = {
    push: () => list.push(3),
    append: () => list.append(3),
    extend: () => list.extend([3]),
    insert: () => list.insert(0, 3),
    set: () => list.set(0, 3),
    setSlice: () => list.setSlice(0, 1, [3]),
    pop: () => list.pop(),
    remove: () => list.remove(1),
    update: () => list.update(0, () => 3),
    reverse: () => list.reverse(),
    sort: () => list.sort(),
    clear: () => list.clear(),
  };
  for (const [name, change] of Object.entries(changes)) {
    assertThrows(
      () => list.sort(() => change() as number),
      Error,
      "Cannot change shared container in a function",
      name,
    );
    assertEquals(list.copy(), [2, 1], name);
  }
});

test("SharedList.sort() starts again when the list was changed meanwhile", async () => {
  const list = new SharedList([3, 1, 2]);
  const [go, done] = [new Event(), new Event()];
  const process = run(
    (list: SharedList<number>, go: Event, done: Event) => {
      go.waitSync();
      list.append(0);
      done.set();
    },
    list,
    go,
    done,
  );
  list.sort((a, b) => {
    go.set();
    done.waitSync(guard);
    return a - b;
  });
  assertEquals(list.copy(), [0, 1, 2, 3]);
  await ended(process);
});

test("SharedList.push(), extend() and setSlice() store all items or none", () => {
  const list = new SharedList<unknown>([1]);
  const before = usedBytes();
  const bad = [2, new Lock(), { x: () => list }.x, Symbol("s")];
  for (
    const put of [() => list.push(...bad), () => list.extend(bad), () => list.setSlice(0, 1, bad)]
  ) {
    assertThrows(put, DataCloneError, "Cannot send items[3]: a symbol has no meaning");
  }
  assertThrows(
    () =>
      list.extend(function* () {
        yield 2;
        throw new RangeError("no more");
      }()),
    RangeError,
    "no more",
  );
  assertEquals(list.copy(), [1]);
  assert(usedBytes() - before < 2000); // only the lock and the name of the function are new
});

test("SharedList returns frozen copies, and from copy(), update() and pop() copies that are not frozen", () => {
  const list = new SharedList<number[]>([[1], [2]]);
  for (const read of [list.at(0)!, list.get(0), list.slice()[0], [...list][0]]) {
    // @ts-expect-error: the type is readonly
    assertThrows(() => read.push(2), TypeError, "object is not extensible");
  }
  list.copy()[0].push(2);
  list.update(0, (it) => (it.push(3), it));
  assertEquals(list.copy(), [[1, 3], [2]]);
  list.pop().push(4);
  assertEquals(list.copy(), [[1, 3]]);
});

test("SharedList is inspected with its elements, also when it contains itself", () => {
  const list = new SharedList<unknown>([1, "a"]);
  assertEquals(String(list), 'SharedList(2) [ 1, "a" ]');
  list.push(list);
  assertEquals(String(list), 'SharedList(3) [ 1, "a", [Circular SharedList] ]');
  list.clear();
});

// CPython _TestContainers

test("SharedList of shared lists contains them by reference", () => {
  const a = new SharedList<number>([0, 1]);
  const b = new SharedList<number>([2]);
  const outer = new SharedList<SharedList<number>>([a, b]);
  a.append(5);
  assertStrictEquals(outer.at(0), a);
  assertEquals(outer.copy().map((it) => it.copy()), [[0, 1, 5], [2]]);
  outer.at(1)!.append(6);
  assertEquals(b.copy(), [2, 6]);
});

test("SharedList can contain other lists and itself, and is freed with them", async () => {
  const before = await settledUse();
  (() => {
    const list = new SharedList<unknown>(["a"]);
    const outer = new SharedList<unknown>([list, list]);
    outer.pop();
    list.append("b");
    assertEquals((outer.at(0) as SharedList).copy(), ["a", "b"]);
    outer.append(outer);
    assertStrictEquals((outer.at(-1) as SharedList).at(-1), outer);
    assertEquals(outer.length, 2);
    outer.clear();
  })();
  assertEquals(await settledUse(), before);
});

test("SharedList can contain queues", async () => {
  const queues = new SharedList([new Queue<number>(), new Queue<number>()]);
  const process = run((queues: SharedList<Queue<number>>) => {
    queues.at(1)!.putSync(queues.at(0)!.getSync() + 1);
  }, queues);
  queues.at(0)!.putSync(1);
  assertEquals(queues.at(-1)!.getSync(guard), 2);
  await ended(process);
});

test("SharedList iterates over the elements at the time of the call", () => {
  const list = new SharedList([1, 2, 3]);
  const seen: number[] = [];
  for (const item of list) {
    seen.push(item);
    list.remove(item);
    list.append(item * 10);
  }
  assertEquals(seen, [1, 2, 3]);
  assertEquals(list.copy(), [10, 20, 30]);
});

test("SharedList can be changed by a process", async () => {
  const list = new SharedList([2, 3, 1, 2]);
  await ended(run((list: SharedList<number>) => {
    const found = [list.count(2), list.index(3), list.pop(), ...list];
    if (String(found) !== "2,1,2,2,3,1") throw new Error(String(found));
    list.sort();
    list.reverse();
  }, list));
  assertEquals(list.copy(), [3, 2, 1]);
});

// Several workers

test("SharedList.update() loses no change of several workers", async () => {
  const list = new SharedList([0, 0]);
  const processes = Array.from({ length: 4 }, () => run(raise, list, 3000));
  raise(list, 3000);
  for (const process of processes) await ended(process);
  assertEquals(list.copy(), [7500, 7500]);
});

test("SharedList.append() keeps the order of each of several workers", async () => {
  const list = new SharedList<[id: number, number: number]>();
  const processes = Array.from({ length: 3 }, (_, id) => run(appendAll, list, id, 2000));
  appendAll(list, 3, 2000);
  for (const process of processes) await ended(process);
  assertEquals(list.length, 8000);
  for (let id = 0; id < 4; id++) {
    const numbers = list.copy().filter((it) => it[0] === id).map((it) => it[1]);
    assertEquals(numbers, Array.from({ length: 2000 }, (_, at) => at));
  }
});

test("SharedList.pop() and remove() return each element to one worker", async () => {
  const from = new SharedList(Array.from({ length: 4000 }, (_, at) => at));
  const to = new SharedList<number>();
  const processes = Array.from({ length: 3 }, () => run(moveAll, from, to));
  moveAll(from, to);
  for (const process of processes) await ended(process);
  assertEquals(from.length, 0);
  assertEquals(to.sort().copy(), Array.from({ length: 4000 }, (_, at) => at));
});

test("SharedList.indexOf() compares bytes and buffers by their contents", () => {
  const bytes = (last: number) => new Uint8Array(100).fill(7, 0, 99).fill(last, 99);
  const list = new SharedList<unknown>([bytes(1), bytes(2), [bytes(3), bytes(4)], bytes(2).buffer]);
  assertEquals([1, 2, 3].map((last) => list.indexOf(bytes(last))), [0, 1, -1]);
  assertEquals(list.indexOf([bytes(3), bytes(4)]), 2);
  for (const other of [[bytes(3), bytes(5)], [bytes(5), bytes(4)]]) {
    assertEquals(list.indexOf(other), -1);
  }
  assertEquals([list.indexOf(bytes(2).buffer), list.indexOf(bytes(1).buffer)], [3, -1]);
});
