import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { assertSpyCall, assertSpyCalls, spy } from "@std/testing/mock";
import fc from "fast-check";
import {
  DataCloneError,
  Event,
  Lock,
  Pipe,
  Queue,
  type SharedKey,
  SharedList,
  SharedMap,
} from "@sauropod/multiprocessing";
import { usedBytes } from "../fixtures/heap.ts";
import { Point } from "../fixtures/functions/tasks.ts";
import { describe } from "../../lib/arguments/describe.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

// Compared with Map

const key = fc.oneof(
  { withCrossShrink: true },
  fc.constantFrom<SharedKey>("a", "b", "ab", "", 0, -0, 1, 1n, true, false, null, NaN, Infinity),
  fc.integer({ min: -300, max: 300 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.double(),
  fc.bigInt(),
);
const value = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constant(undefined),
  fc.array(fc.integer()),
  fc.record({ a: fc.string({ maxLength: 100 }), b: fc.boolean() }, { noNullPrototype: true }),
  fc.uint8Array({ maxLength: 200 }),
);
type Step = (map: SharedMap<SharedKey, unknown>, model: Map<SharedKey, unknown>) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(key, value).map(([key, value]): Step => (map, model) => {
      assertStrictEquals(map.set(key, value), map);
      model.set(key, value);
    }),
  },
  {
    weight: 3,
    arbitrary: key.map((key): Step => (map, model) => {
      assertEquals(map.delete(key), model.delete(key));
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(key, value).map(([key, next]): Step => (map, model) => {
      if (next === undefined) return;
      map.update(key, (value) => [value, next].flat(Infinity).length);
      model.set(key, [model.get(key), next].flat(Infinity).length);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(key, value).map(([key, value]): Step => (map, model) => {
      if (!model.has(key)) model.set(key, value);
      assertEquals(map.setdefault(key, value), model.get(key));
    }),
  },
  {
    weight: 2,
    arbitrary: key.map((key): Step => (map, model) => {
      assertEquals(map.pop(key, "none"), model.has(key) ? model.get(key) : "none");
      model.delete(key);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Step>((map, model) => {
      const last = [...model].at(-1);
      if (last === undefined) assertThrows(() => map.popitem(), RangeError);
      else {
        assertEquals(map.popitem(), last);
        model.delete(last[0]);
      }
    }),
  },
  {
    weight: 2,
    arbitrary: fc.array(fc.tuple(key, value)).map((pairs): Step => (map, model) => {
      map.update(pairs);
      for (const [key, value] of pairs) model.set(key, value);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>((map, model) => {
      map.clear();
      model.clear();
    }),
  },
);

function assertSame(map: SharedMap<SharedKey, unknown>, model: Map<SharedKey, unknown>): void {
  assertEquals(map.size, model.size);
  assertEquals([...map.keys()], [...model.keys()]); // and in this order
  assertEquals([...map.values()], [...model.values()]);
  assertEquals([...map], [...model]);
  for (const [key, value] of model) {
    assert(map.has(key));
    assertEquals(map.get(key), value);
  }
}

test("SharedMap behaves as Map does, and leaves no memory in use", () => {
  const steps = fc.array(step, { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const map = new SharedMap<SharedKey, unknown>();
      const before = usedBytes();
      const model = new Map<SharedKey, unknown>();
      for (const step of steps) step(map, model);
      assertSame(map, model);
      map.clear();
      assertEquals(usedBytes(), before);
    }),
    { numRuns: 300 },
  );
});

test("SharedMap finds all keys after it has grown", () => {
  const map = new SharedMap<number, number>();
  const before = usedBytes();
  for (let key = 0; key < 5000; key++) {
    map.set(key, -key);
    if (key % 7 === 0) assert(map.delete(key));
  }
  for (let key = 0; key < 5000; key++) assertEquals(map.get(key), key % 7 === 0 ? undefined : -key);
  assertEquals(map.size, 5000 - Math.ceil(5000 / 7));
  map.clear();
  assertEquals([map.size, [...map]], [0, []]);
  assertEquals(usedBytes(), before);
  map.set(1, 1);
  assertEquals([...map], [[1, 1]]);
});

test('SharedMap treats -0 as 0 and all NaN as equal, and distinguishes 1, 1n, true and "1"', () => {
  const map = new SharedMap<SharedKey, string>([[-0, "zero"], [NaN, "nan"]]);
  assertEquals([map.get(0), map.get(-0)], ["zero", "zero"]);
  assert(Object.is([...map.keys()][0], 0));
  const [otherNaN] = new Float64Array(new BigUint64Array([0xfff8dead00000001n]).buffer);
  assertEquals(map.get(otherNaN), "nan");
  map.clear();
  for (const key of [1, 1n, true, "1"]) map.set(key, typeof key);
  assertEquals([...map.values()], ["number", "bigint", "boolean", "string"]);
});

test("SharedMap methods reject values that cannot be keys", () => {
  const map = new SharedMap<SharedKey, number>();
  const bad = {
    "Array": [1],
    "Object": {},
    "undefined": undefined,
    "symbol": Symbol("s"),
    "Lock": new Lock(),
  };
  for (const key of Object.values(bad)) {
    for (
      const use of [
        () => map.get(key as SharedKey),
        () => map.set(key as SharedKey, 1),
        () => map.has(key as SharedKey),
        () => map.delete(key as SharedKey),
        () => map.pop(key as SharedKey, 1),
        () => map.setdefault(key as SharedKey, 1),
        () => map.update(key as SharedKey, () => 1),
        () => map.update([[key as SharedKey, 1]]),
      ]
    ) {
      assertThrows(use, TypeError, `bigint, boolean or null, not ${describe(key)}`);
    }
  }
  assertEquals(map.size, 0);
});

test("SharedMap accepts keys of any length", () => {
  const map = new SharedMap<string, number>();
  for (let length = 0; length < 200; length++) {
    map.set("x".repeat(length), length);
    map.set("ä".repeat(length) + "→", length);
    map.set("\ud800".repeat(length) + ".", length);
  }
  for (let length = 0; length < 200; length++) {
    assertEquals(map.get("x".repeat(length)), length);
    assertEquals(map.get("ä".repeat(length) + "→"), length);
    assertEquals(map.get("\ud800".repeat(length) + "."), length);
  }
  assertEquals(map.size, 600);
});

test("SharedMap.forEach() passes value, key and map", () => {
  const map = new SharedMap({ a: 1, b: 2 });
  const callback = spy();
  map.forEach(callback, "this");
  assertSpyCalls(callback, 2);
  assertSpyCall(callback, 0, { self: "this", args: [1, "a", map] });
  assertSpyCall(callback, 1, { self: "this", args: [2, "b", map] });
});

test("SharedMap iterates over the entries at the time of the call", () => {
  const map = new SharedMap({ a: 1, b: 2 });
  const seen: unknown[] = [];
  for (const [key, value] of map) {
    seen.push([key, value]);
    map.set(`${key}${key}`, value);
    map.delete("b");
  }
  assertEquals(seen, [["a", 1], ["b", 2]]);
  assertEquals([...map.keys()], ["a", "aa", "bb"]);
});

test("SharedMap is inspected with its entries, also when it contains itself", () => {
  const map = new SharedMap<string, unknown>({ a: 1, b: [true] });
  assertEquals(String(map), 'SharedMap(2) { "a" => 1, "b" => [ true ] }');
  map.set("self", map);
  map.set("list", new SharedList([map]));
  assertEquals(
    Deno.inspect(map, { breakLength: Infinity, compact: true }),
    'SharedMap(4) { "a" => 1, "b" => [ true ], "self" => [Circular SharedMap], ' +
      '"list" => SharedList(1) [ [Circular SharedMap] ] }',
  );
  map.clear();
});

// Compared with Python's dict

test("SharedMap.get() returns the fallback when the key is missing", () => {
  const map = new SharedMap<string, number | undefined>({ a: undefined });
  assertEquals(map.get("b"), undefined);
  assertEquals(map.get("b", 5), 5);
  assertEquals(map.get("a", 5), undefined);
});

test("SharedMap.pop() removes the key, and throws without a fallback when it is missing", () => {
  const map = new SharedMap<string, number>({ a: 1 });
  assertEquals(map.pop("a"), 1);
  assertEquals(map.pop("a", undefined), undefined);
  assertThrows(
    () => map.pop("a"),
    RangeError,
    'Cannot pop "a": the map has no such key. Pass a fallback if it may be missing',
  );
});

test("SharedMap.popitem() removes the newest key", () => {
  const map = new SharedMap({ a: 1, b: 2 });
  map.set("a", 3); // keeps its place in the order
  assertEquals(map.popitem(), ["b", 2]);
  assertEquals(map.popitem(), ["a", 3]);
  assertThrows(() => map.popitem(), RangeError, "Cannot pop item: the map is empty");
});

test("SharedMap.setdefault() sets the value only when the key is missing", () => {
  const map = new SharedMap<string, number[]>();
  assertEquals(map.setdefault("a", [1]), [1]);
  assertEquals(map.setdefault("a", [2]), [1]);
  assert(Object.isFrozen(map.setdefault("a", [])));
});

test("SharedMap.update() accepts maps, pairs and objects", () => {
  const map = new SharedMap<string, number>();
  map.update({ a: 1 });
  map.update([["b", 2]]);
  map.update(new Map([["c", 3]]));
  map.update(new SharedMap({ a: 4 }));
  assertEquals(map.copy(), new Map([["a", 4], ["b", 2], ["c", 3]]));
  map.update(map);
  assertEquals(map.size, 3);
});

test("SharedMap.update() of several keys sets all or none", async () => {
  const map = new SharedMap<string, unknown>({ a: 1 });
  const [mine, other] = Pipe<string>();
  const before = usedBytes();
  assertThrows(
    () => map.update({ a: 2, pipe: mine, list: [0, { bad: Promise.resolve() }] }),
    DataCloneError,
    'Cannot send value of "list"[1].bad: a Promise cannot cross',
  );
  assertEquals([...map], [["a", 1]]);
  assertEquals(usedBytes(), before);
  mine.sendSync("still open");
  assertEquals(await other.recv(guard), "still open");
});

test("SharedMap.update() rejects invalid arguments with advice", () => {
  const map = new SharedMap<string, number>();
  // deno-lint-ignore no-explicit-any
  const update = (...args: any[]) => (map.update as any)(...args);
  const message = "To change the value of a key write update(key, fn)";
  assertThrows(() => update("a"), TypeError, message);
  assertThrows(() => update(null), TypeError, message);
  assertThrows(
    () => update("a", 5),
    TypeError,
    'Cannot update "a": fn must be a function, not 5',
  );
});

test("SharedMap.copy() returns a Map with copies that are not frozen", () => {
  const map = new SharedMap<string, number[]>({ a: [1] });
  const copy = map.copy();
  assert(copy instanceof Map);
  copy.get("a")!.push(2);
  copy.set("b", []);
  assertEquals([...map], [["a", [1]]]);
});

// SharedMap.update()

test("SharedMap.update() passes a copy that is not frozen, and returns the new value", () => {
  const map = new SharedMap<string, number[]>();
  assertEquals(map.update("a", (list = []) => [...list, 1]), [1]);
  map.update("a", (list) => {
    list!.push(2);
    return list!;
  });
  assertEquals(map.get("a"), [1, 2]);
});

test("SharedMap.update() changes nothing when its function throws or returns undefined", () => {
  const map = new SharedMap<string, number>({ a: 1 });
  const before = usedBytes();
  const thrown = new Error("no");
  assertStrictEquals(
    assertThrows(() =>
      map.update("a", () => {
        throw thrown;
      }), Error),
    thrown,
  );
  assertThrows(
    () => map.update("a", (() => {}) as unknown as () => number),
    TypeError,
    "Cannot update value: the function returned undefined. Return the new value",
  );
  assertThrows(
    () => map.update("a", (async () => await 1) as unknown as () => number),
    TypeError,
    "Cannot update value: the function returned a promise",
  );
  assertEquals([...map], [["a", 1]]);
  assertEquals(usedBytes(), before);
});

test("SharedMap.update() calls its function again when the value was changed meanwhile", async () => {
  const map = new SharedMap<string, number | string>({ a: 1 });
  const [go, done] = [new Event(), new Event()];
  const process = run(
    (map: SharedMap<string, number | string>, go: Event, done: Event) => {
      go.waitSync();
      map.set("a", 10);
      done.set();
      go.clear();
    },
    map,
    go,
    done,
  );
  const seen: unknown[] = [];
  map.update("a", (value) => {
    seen.push(value);
    if (value === 1) {
      go.set();
      done.waitSync(guard);
    }
    return `${value}!`;
  });
  assertEquals(seen, [1, 10]);
  assertEquals(map.get("a"), "10!");
  await ended(process);
});

test("SharedMap.update() notices that its key was set to an equal value, deleted or added meanwhile", async () => {
  const map = new SharedMap<string, number>({ same: 1, gone: 1 });
  const [asked, answers] = [new Queue<string>(), new Queue<null>()];
  const process = run(
    async (map: SharedMap<string, number>, asked: Queue<string>, answers: Queue<null>) => {
      for await (const key of asked) {
        if (key === "gone") map.delete(key);
        else map.set(key, 1);
        answers.putSync(null);
      }
    },
    map,
    asked,
    answers,
  );
  for (
    const [key, expected] of [["same", [1, 1]], ["gone", [1, undefined]], ["new", [
      undefined,
      1,
    ]]] as const
  ) {
    const seen: unknown[] = [];
    map.update(key, (value) => {
      if (seen.push(value) === 1) {
        asked.putSync(key);
        answers.getSync(guard);
      }
      return 5;
    });
    assertEquals(seen, [...expected], key);
    assertEquals(map.get(key), 5);
  }
  asked.close();
  await ended(process);
});

test("SharedMap rejects changes by the function that computes a value; other maps accept them", () => {
  const map = new SharedMap<string, number>({ a: 1 });
  const other = new SharedMap<string, number>();
  const changes = [
    () => map.set("b", 1),
    () => map.delete("a"),
    () => map.clear(),
    () => map.update("b", () => 1),
    () => map.update({ b: 1 }),
    () => map.pop("a"),
    () => map.popitem(),
    () => map.setdefault("b", 1),
  ];
  for (const change of changes) {
    assertThrows(
      () =>
        map.update("a", () => {
          change();
          return 2;
        }),
      Error,
      "Return the new value instead",
    );
  }
  map.update("a", (value) => other.update("a", (n = 0) => n + value! + map.get("a")!));
  assertEquals([map.get("a"), other.get("a")], [2, 2]);
  map.set("b", 3); // allowed again afterwards
});

// Frozen copies

test("SharedMap.get() returns frozen copies, recursively", () => {
  const map = new SharedMap<string, { list: number[][]; date: Date; bytes: Uint8Array }>();
  const value = { list: [[1]], date: new Date(0), bytes: new Uint8Array(1) };
  map.set("a", value);
  value.list.push([2]);
  const read = map.get("a")!;
  // @ts-expect-error: the type is readonly
  assertThrows(() => read.list[0].push(2), TypeError, "object is not extensible");
  // @ts-expect-error: the type is readonly
  assertThrows(() => read.list = [], TypeError, "read only");
  read.bytes[0] = 1; // cannot be frozen
  for (const value of [map.get("a"), [...map.values()][0], [...map][0][1]]) {
    assert(Object.isFrozen(value!.list[0]));
    assertEquals(value, { list: [[1]], date: new Date(0), bytes: new Uint8Array(1) });
  }
  assert(!Object.isFrozen(map.copy().get("a")));
  assert(!Object.isFrozen(map.pop("a")));
});

test("SharedMap.get() freezes cyclic values, but not instances of classes", () => {
  const cycle: { self?: unknown; point: Point } = { point: new Point(1, 2) };
  cycle.self = cycle;
  const map = new SharedMap<string, typeof cycle>({ cycle });
  const read = map.get("cycle")!;
  assertStrictEquals(read.self, read);
  assert(read.point instanceof Point);
  assert(!Object.isFrozen(read.point));
});

test("SharedMap.update() and SharedMap() refuse what is no pair", () => {
  const map = new SharedMap<string, number>({ a: 1 });
  for (const entry of ["ab", 5, null, { 0: "b", 1: 2 }, new Set(["b", 2])]) {
    const entries = [["b", 2], entry] as unknown as [string, number][];
    const message = "Cannot update map: entries[1] must be a pair, not ";
    assertThrows(() => map.update(entries), TypeError, message);
    assertThrows(() => new SharedMap(entries), TypeError, message);
  }
  for (const entries of [5, "ab", null, () => {}] as unknown as [string, number][][]) {
    assertThrows(
      () => new SharedMap(entries),
      TypeError,
      "entries must be a map, pairs, or an object",
    );
  }
  assertEquals(map.copy(), new Map([["a", 1]]));
});
