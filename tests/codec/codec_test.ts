import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { DataCloneError, Event, Lock, Pipe, Queue } from "@sauropod/multiprocessing";
import { discardMessage, storeValue } from "../../lib/codec/message.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { randomValue } from "../../scripts/fuzz/values.ts";
import { Random } from "../../scripts/stress/random.ts";
import { extending, Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";

import { assertCloned, assertSameGraph, sent } from "../fixtures/messages.ts";

// Properties

const anything = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  stringUnit: "binary",
});

test("a message returns what structuredClone() returns", () => {
  fc.assert(fc.property(anything, assertCloned), { numRuns: 1000 });
});

test("a message returns any string, lone surrogates included", () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 });
  fc.assert(
    fc.property(units, (units) => assertCloned(String.fromCharCode(...units))),
    { numRuns: 1000 },
  );
});

test("a message returns arrays of numbers", () => {
  const numbers = fc.oneof(
    fc.array(fc.integer()),
    fc.array(fc.integer({ min: -130, max: 130 })),
    fc.array(fc.double()),
    fc.array(fc.oneof(fc.double(), fc.integer(), fc.string())),
  );
  fc.assert(fc.property(numbers, assertCloned), { numRuns: 500 });
});

test("a message returns any graph of objects, cycles included", () => {
  // Arrays of more than 31 plain objects have a way of their own.
  const kinds = fc.oneof(
    fc.array(fc.constantFrom("array", "object", "map", "set"), { minLength: 1, maxLength: 30 }),
    fc.array(fc.constantFrom("array", "object"), { minLength: 32, maxLength: 60 }),
  );
  const graph = fc.tuple(
    kinds,
    fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 60 }),
  );
  fc.assert(
    fc.property(graph, ([kinds, edges]) => {
      const nodes = kinds.map((kind) =>
        kind === "array" ? [] : kind === "object" ? {} : kind === "map" ? new Map() : new Set()
      );
      for (const [from, to] of edges) {
        const [node, target] = [nodes[from % nodes.length], nodes[to % nodes.length]];
        if (Array.isArray(node)) (node as unknown[]).push(target);
        else if (node instanceof Map) node.set(target, from);
        else if (node instanceof Set) node.add(target);
        else Object.assign(node, { [`to ${to}`]: target });
      }
      assertSameGraph(sent(nodes), structuredClone(nodes));
    }),
    { numRuns: 500 },
  );
});

test("a long array returns each object once, wherever it turns up again", () => {
  const rows = () => Array.from({ length: 100 }, (_, id): Record<string, unknown> => ({ id }));
  const changes: Record<string, (rows: Record<string, unknown>[]) => unknown> = {
    "as an element": (rows) => rows[70] = rows[3],
    "in an element before it": (rows) => rows[50].next = rows[99],
    "in an element behind it": (rows) => rows[99].first = rows[0],
    "in a list in an element": (rows) => rows[1].rest = rows.slice(2),
    "in itself": (rows) => rows[20].self = rows[20],
    "as a date": (rows) => rows[40].at = rows[99] = new Date(1e12) as never,
    "as the array": (rows) => rows[60] = rows as never,
    "before the array": (rows) => rows[60] = Object.assign(rows, { length: 100 })[5],
  };
  for (const [how, change] of Object.entries(changes)) {
    const value = rows();
    change(value);
    const wrapped = { first: value[5], value, again: [value[98], value] };
    assertSameGraph(sent(value), structuredClone(value));
    assertSameGraph(sent(wrapped), structuredClone(wrapped));
    assertEquals(sent(wrapped), structuredClone(wrapped), how);
  }
});

test("an error names the element of a long array that cannot cross", () => {
  const rows = Array.from({ length: 100 }, (_, id) => id === 50 ? { bad: Symbol() } : { id });
  assertThrows(() => sent(rows), DataCloneError, "[50].bad");
});

test("a message returns views with their positions in their buffers", () => {
  const views = fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.nat(4), fc.nat(4)), { maxLength: 6 });
  fc.assert(
    fc.property(views, (chosen) => {
      const buffers = [64, 128, 0].map((length) => new Uint8Array(length).fill(length).buffer);
      const value = chosen.map(([which, kind, offset, length]) => {
        const viewClass = [
          Uint8Array,
          Int16Array,
          Float64Array,
          DataView,
        ][kind] as typeof Uint8Array;
        const buffer = buffers[which];
        return buffer.byteLength === 0
          ? new viewClass(buffer)
          : new viewClass(buffer, offset * 8, length);
      });
      const actual = sent(value);
      const expected = structuredClone(value);
      assertEquals(actual, expected);
      const identity = (list: ArrayBufferView[]) =>
        list.map(({ buffer }) => list.findIndex((it) => it.buffer === buffer));
      assertEquals(identity(actual), identity(expected));
    }),
    { numRuns: 500 },
  );
});

// Primitives

test("numbers keep their sign and their kind", () => {
  const numbers = [
    ...[0, -0, 1, -1, 127, 128, -128, -129, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1],
    ...[0.5, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, 1e300],
  ];
  for (const number of numbers) assertStrictEquals(sent(number), number);
  assertEquals(sent(numbers), numbers);
  for (const number of numbers) assertEquals(sent([number, "x"]), [number, "x"]);
});

test("other primitives come back", () => {
  for (const value of [undefined, null, true, false, "", 0n, -1n, 2n ** 64n, -(2n ** 200n)]) {
    assertStrictEquals(sent(value), value);
  }
});

for (
  const [kind, text] of [
    ["of 47 characters", "a".repeat(47)],
    ["of 48 characters", "a".repeat(48)],
    ["of Latin letters", "Grüße, ÿ\x80\xff"],
    ["of other letters", "λόγος, 言葉, слово"],
    ["with emoji", "🦕".repeat(100)],
    ["with a byte order mark", "\ufeffbegin"],
    ["with a zero", "a\0b"],
    ["with lone surrogates", "\ud800 and \udfff"],
    ["with a long lone surrogate", "x".repeat(10_000) + "\ud83e" + "y".repeat(10_000)],
    ["of a million letters", "x".repeat(1_000_000)],
    ["of a million others", "言".repeat(1_000_000)],
  ]
) {
  test(`a string ${kind} comes back`, () => {
    assertStrictEquals(sent(text), text);
    assertEquals(sent({ [text]: [text] }), { [text]: [text] });
  });
}

// Containers

test("sparse arrays keep their holes", () => {
  // deno-lint-ignore no-sparse-arrays
  for (const array of [[, 1], [1, , 3], [, ,], ["a", , undefined], new Array(5)]) {
    assertCloned(array);
    assertEquals(Object.keys(sent(array)), Object.keys(array));
  }
});

test("an array that is nearly empty is encoded in proportion to its elements, not its length", () => {
  const value: unknown[] = [1];
  value[4] = undefined;
  value[2 ** 32 - 2] = { last: true }; // one byte for each hole would be 4 GiB
  const actual = sent(value);
  assertEquals(actual.length, value.length);
  assertEquals(Object.entries(actual), Object.entries(value));
});

test("a getter that changes its array leaves the message consistent", () => {
  const value: unknown[] = [];
  value[1] = {
    get it() {
      delete value[3];
      value[5] = "later";
      return "it";
    },
  };
  value[3] = "gone";
  assertEquals(sent([value, "next"]), [[, { it: "it" }, , undefined], "next"]);
});

test("a result of RegExp.exec() keeps index, input, groups and indices", () => {
  for (const match of [/(?<a>b)c/d.exec("abc")!, /x(y)?/.exec("ax")!, "1-2".match(/-/)!]) {
    assertCloned(match);
    const actual = sent(match);
    assertEquals(Object.keys(actual), Object.keys(match));
    assertEquals([actual.index, actual.input], [match.index, match.input]);
    assertEquals({ ...actual.groups }, { ...match.groups });
    assertEquals(actual.indices?.groups, structuredClone(match.indices?.groups));
  }
});

test("cycles and shared parts are kept", () => {
  const shared = { name: "shared" };
  const value: Record<string, unknown> = { first: shared, second: [shared, shared] };
  value.self = value;
  value.map = new Map<unknown, unknown>([[shared, value]]);
  value.set = new Set([value, shared]);
  const actual = sent(value);
  assertStrictEquals(actual.self, actual);
  assertSameGraph(actual, structuredClone(value));
  assert(actual !== value && actual.first !== shared);
});

test("objects keep the order of their keys, and equal shapes", () => {
  const records = Array.from({ length: 50 }, (_, at) => ({ b: at, a: -at, ["k" + at % 3]: at }));
  assertEquals(sent(records).map(Object.keys), records.map(Object.keys));
  assertCloned(records);
  assertCloned({ 2: "two", 1: "one", "": "none", "a b": 1 });
});

test("__proto__ is an ordinary key", () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "x": 1}');
  const actual = sent(value);
  assertEquals(Object.keys(actual), ["__proto__", "x"]);
  assertStrictEquals(Object.getPrototypeOf(actual), Object.prototype);
  assertEquals(actual.polluted, undefined);
  assertEquals(Object.getOwnPropertyDescriptor(actual, "__proto__")!.value, { polluted: true });
});

test("getters are read; symbols and non-enumerable properties are omitted", () => {
  const value = Object.defineProperty(
    {
      get five() {
        return 5;
      },
      [Symbol("s")]: 1,
    },
    "hidden",
    { value: 1 },
  );
  assertEquals(Object.entries(sent(value)), [["five", 5]]);
});

test("an error thrown by a getter is thrown to the caller", () => {
  const mistake = new Error("getter");
  const value = {
    get it() {
      throw mistake;
    },
  };
  assertStrictEquals(assertThrows(() => sent(value)), mistake);
  assertEquals(sent(1), 1);
});

test("a getter may send a value itself", () => {
  const value = {
    before: [1],
    get it() {
      return sent({ inner: "x" });
    },
    after: [2],
  };
  assertEquals(sent(value), { before: [1], it: { inner: "x" }, after: [2] });
});

test("dates of any order that occur again, among other objects, stay the same dates", () => {
  const parts = fc.array(fc.oneof(fc.integer({ min: -3, max: 30 }), fc.constant(NaN)), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(fc.property(parts, fc.array(fc.nat(29), { maxLength: 80 }), (times, picks) => {
    const pool = times.map((time, at) => at % 4 === 3 ? { at } : new Date(time));
    assertCloned(picks.map((pick) => pool[pick % pool.length]));
  }));
});

test("Date, RegExp and boxed primitives come back", () => {
  for (const time of [0, -1, NaN, 8.64e15]) assertCloned(new Date(time));
  for (const pattern of [/a/, /[/]\n"ü"/gimsuyd, /(?:)/, /\p{L}/v]) assertCloned(pattern);
  for (const value of [true, 1.5, "text", 10n]) assertCloned(Object(value));
  const date = new Date();
  assertCloned([date, date]);
});

test("instances of unregistered classes become plain objects, as in a structured clone", () => {
  class Temperature {
    #secret = 1;
    constructor(public degrees: number) {}
    get secret() {
      return this.#secret;
    }
  }
  assertCloned(new Temperature(21));
  assertEquals(Object.getPrototypeOf(sent(new Temperature(21))), Object.prototype);
  class List extends Array {}
  assertCloned(List.from([1, 2]));
  class Dictionary extends Map<number, number> {}
  assertCloned(new Dictionary([[1, 2]]));
});

test("instances of registered classes keep their class", () => {
  const point = sent(new Point(3, 4));
  assert(point instanceof Point);
  assertEquals(point.length, 5);
  const [first, second] = sent([point, point]);
  assertStrictEquals(first, second);
});

test("instances of registered classes keep the content of the built-in class that they extend", () => {
  const { Counter, Tags, Rows, Numbers, Samples, Moment, Pattern } = extending;
  const counter = Object.assign(new Counter([["a", 1]]), { total: 1 });
  const actual = sent(counter);
  assertInstanceOf(actual, Counter);
  assertEquals([[...actual], actual.total], [[["a", 1]], 1]);
  assertStrictEquals(actual.self, actual);
  const rows = Object.assign(Rows.of("a", "b"), { title: "t" });
  const shared = new Samples([1, 2, 3]);
  for (
    const value of [
      ...[
        new Tags(["a", "b"]),
        rows,
        Numbers.of(1, 2),
        shared,
        new Moment(5),
        new Pattern("a/b", "g"),
      ],
    ]
  ) {
    const [first, second] = sent([value, value]);
    assertStrictEquals(second, first);
    assertStrictEquals(Object.getPrototypeOf(first), Object.getPrototypeOf(value));
    assertEquals(first, value);
    assertEquals(Object.entries(first), Object.entries(value));
  }
  const [part, whole] = sent([shared.subarray(1), shared]);
  assertStrictEquals(part.buffer, whole.buffer);
  discardMessage(storeValue([counter, rows, shared], "value"));
});

test("an array of a million numbers, and one of a million objects", () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, at) => at / 3);
  assertEquals(sent(numbers), numbers);
  const records = Array.from({ length: 100_000 }, (_, id) => ({ id, name: `n${id}` }));
  assertEquals(sent(records), records);
});

test("deeply nested values cross, or are rejected with the path", () => {
  let deep: unknown[] = [];
  for (let level = 0; level < 500; level++) deep = [deep];
  let levels = 0;
  for (let at = sent(deep); at.length > 0; at = at[0] as unknown[]) levels++;
  assertEquals(levels, 500);
  for (let level = 0; level < 100_000; level++) deep = [deep];
  assertThrows(
    () => sent(deep),
    DataCloneError,
    "Cannot send value[0][0][0]…: it is nested too deeply",
  );
  assertEquals(sent([1]), [1]);
});

// Shared objects

test("shared objects come back as themselves", () => {
  const [here, there] = Pipe();
  for (const shared of [new Lock(), new Event(), new Queue(), here, there]) {
    assertStrictEquals(sent(shared) as unknown, shared);
    const nested = sent({ a: [shared, shared], b: new Map([["x", shared]]) });
    assertStrictEquals(nested.a[1] as unknown, shared);
    assertStrictEquals(nested.b.get("x") as unknown, shared);
  }
});

test("a message is passed over, whatever is in it, to find its shared objects", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  const event = new Event();
  const references = () => i32[addressOf(event)! + objectWord.REFERENCES];
  for (let times = 0; times < 2000; times++) {
    const message = storeValue([randomValue(random, true), event], "value");
    assert(references() > 1);
    discardMessage(message);
    assertEquals(references(), 1);
  }
});

test("a message with keys of any length is discarded with its references", () => {
  const queue = new Queue();
  const references = () => i32[addressOf(queue)! + objectWord.REFERENCES];
  const before = references();
  for (const key of ["short", "x".repeat(300), "語".repeat(300), "\ud800"]) {
    const texts = Array.from({ length: 20 }, (_, at) => `${key} and number ${at}`);
    const objects = texts.map((text) => ({ [text]: text, queue }));
    for (const value of [{ [key]: queue }, objects, [texts.map((text) => [text]), objects]]) {
      const message = storeValue(value, "value");
      assert(references() > before);
      discardMessage(message);
      assertEquals(references(), before);
    }
  }
});

test("a message can be discarded unread", () => {
  const queue = new Queue<unknown>();
  discardMessage(storeValue([1, queue, new Point(1, 2), { queue }], "value"));
  queue.putSync("still here");
  assertEquals(queue.getSync(), "still here");
});

test("an array with holes and further properties arrives without these", () => {
  // deno-lint-ignore no-sparse-arrays
  const list = Object.assign([, 1, , 3], { note: "mine" });
  const actual = sent([list, "next"]) as [unknown[], string];
  assertEquals(Object.entries(actual[0]), [["1", 1], ["3", 3]]);
  assertEquals([actual[0].length, actual[1]], [4, "next"]);
  const grows: unknown[] = [
    {
      get it() {
        grows[9] = "later";
        return "it";
      },
    },
    ,
    3,
  ];
  // deno-lint-ignore no-sparse-arrays
  assertEquals(sent([grows, "next"]), [[{ it: "it" }, , 3], "next"]);
});

test("an array of more than eight million numbers arrives, and one in which the last is none", () => {
  const numbers: unknown[] = Array(2 ** 23 + 1).fill(7);
  const last = numbers.length - 1;
  const actual = sent(numbers);
  assertEquals([actual.length, actual[0], actual[last]], [last + 1, 7, 7]);
  numbers[last] = "none";
  const mixed = sent(numbers);
  assertEquals([mixed.length, mixed[0], mixed[last]], [last + 1, 7, "none"]);
});
