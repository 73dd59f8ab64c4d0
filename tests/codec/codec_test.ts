import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  AbandonedLockError,
  DataCloneError,
  Empty,
  Event,
  Lock,
  MultiprocessingError,
  Pipe,
  Pool,
  Process,
  Queue,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { Thread, Timer } from "@sauropod/multiprocessing/threading";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { discardMessage, storeValue, takeValue } from "../../lib/codec/message.ts";
import { CodedError, extending, Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

/** Returns the value after a message has carried it. */
function sent<T>(value: T): T {
  return takeValue(storeValue(value, "value")) as T;
}

/** Asserts that the value comes back as `structuredClone()` would return it. */
function assertCloned(value: unknown): void {
  const expected = structuredClone(value);
  const actual = sent(value);
  assertEquals(actual, expected);
  assertSameGraph(actual, expected);
}

/** Asserts that two values refer to their parts in the same way: shared ones, cycles. */
function assertSameGraph(actual: unknown, expected: unknown, seen = new Map()): void {
  if (typeof expected !== "object" || expected === null) return;
  if (seen.has(expected)) return assertStrictEquals(actual, seen.get(expected));
  seen.set(expected, actual);
  if (expected instanceof Map) {
    assertSameGraph([...actual as Map<unknown, unknown>], [...expected], seen);
  } else if (expected instanceof Set) {
    assertSameGraph([...actual as Set<unknown>], [...expected], seen);
  } else if (ArrayBuffer.isView(expected)) {
    assertSameGraph((actual as ArrayBufferView).buffer, expected.buffer, seen);
  } else if (Array.isArray(expected) || Object.getPrototypeOf(expected) === Object.prototype) {
    for (const key of Object.keys(expected)) {
      assertSameGraph(Reflect.get(actual as object, key), Reflect.get(expected, key), seen);
    }
  }
}

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
  const graph = fc.tuple(
    fc.array(fc.constantFrom("array", "object", "map", "set"), { minLength: 1, maxLength: 30 }),
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

// Buffers

const viewClasses = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array],
];

for (const viewClass of viewClasses) {
  test(`${viewClass.name} comes back`, () => {
    for (const length of [0, 1, 3, 1000]) {
      const view = new viewClass(length);
      new Uint8Array(view.buffer).forEach((_, at, bytes) => bytes[at] = at % 100);
      assertEquals(sent(view as Uint8Array), view as Uint8Array);
    }
    assertEquals(sent([new viewClass(2), new viewClass(3)]).length, 2);
  });
}

test("DataView comes back with its position in the buffer", () => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const view = sent(new DataView(buffer, 2, 4));
  assertEquals([view.byteOffset, view.byteLength, view.getUint8(0)], [2, 4, 3]);
  assertEquals(view.buffer.byteLength, 8);
});

test("the only typed array on a buffer sends only its part of it", () => {
  const large = new Float64Array(1_000_000).fill(1);
  const part = sent(large.subarray(10, 13));
  assertEquals(part, new Float64Array([1, 1, 1]));
  assertEquals(part.buffer.byteLength, 24);
});

test("typed arrays that share a buffer share the copy", () => {
  const buffer = new ArrayBuffer(16);
  const value = { bytes: new Uint8Array(buffer, 4, 8), words: new Int32Array(buffer), buffer };
  for (const keys of [["bytes", "words"], ["buffer", "bytes"], ["bytes", "buffer"]]) {
    const actual = sent(Object.fromEntries(keys.map((key) => [key, Reflect.get(value, key)])));
    const [first, second] = Object.values(actual).map((it) =>
      ArrayBuffer.isView(it) ? it.buffer : it
    );
    assertStrictEquals(first, second);
    assertEquals(first.byteLength, 16);
  }
  const actual = sent(value);
  actual.words.fill(-1);
  assert(actual.bytes.every((byte) => byte === 255));
});

test("typed arrays share the copy of a buffer that occurs earlier in the message", () => {
  const buffer = new ArrayBuffer(8);
  const nested = [[{ a: new Uint8Array(buffer) }], "x", new Map([[1, new Uint16Array(buffer)]])];
  const actual = sent(nested) as [[{ a: Uint8Array }], string, Map<number, Uint16Array>];
  assertStrictEquals(actual[0][0].a.buffer, actual[2].get(1)!.buffer);
});

test("ArrayBuffer comes back, and stays resizable", () => {
  assertCloned(new Uint8Array([1, 2, 3]).buffer);
  assertCloned(new ArrayBuffer(0));
  const resizable = new ArrayBuffer(5, { maxByteLength: 100 });
  new Uint8Array(resizable).set([1, 2, 3, 4, 5]);
  const actual = sent(resizable);
  assert(actual.resizable);
  assertEquals([actual.byteLength, actual.maxByteLength], [5, 100]);
  assertEquals(new Uint8Array(actual), new Uint8Array([1, 2, 3, 4, 5]));
  const view = sent(new Uint8Array(resizable, 1, 2));
  assertEquals([...view], [2, 3]);
});

test("a detached ArrayBuffer is rejected", () => {
  const buffer = new ArrayBuffer(8);
  buffer.transfer();
  const message = "Cannot send value.buffer: its contents have been transferred";
  assertThrows(() => sent({ buffer }), DataCloneError, message);
});

test("a typed array on a detached ArrayBuffer is rejected", () => {
  const view = new Uint8Array(8);
  view.buffer.transfer();
  const message = "its contents have been transferred";
  assertThrows(() => sent({ view }), DataCloneError, message);
});

test("SharedArrayBuffer is shared, and the same object in an isolate that has it", () => {
  const shared = new SharedArrayBuffer(16);
  assertStrictEquals(sent(shared), shared);
  const [first, second] = sent([new Int32Array(shared), new Uint8Array(shared, 4, 8)]);
  assertStrictEquals(first.buffer, shared as ArrayBufferLike);
  assertStrictEquals(second.buffer, shared as ArrayBufferLike);
  assertEquals([second.byteOffset, second.length], [4, 8]);
  first[1] = 7;
  assertEquals(second[0], 7);
});

test("a SharedArrayBuffer costs the same, however many were sent before", () => {
  const buffers = Array.from({ length: 5000 }, () => new SharedArrayBuffer(1));
  const { load } = Atomics;
  let loads = 0;
  try {
    Atomics.load = ((array: Int32Array, at: number) => {
      loads++;
      return load(array, at);
    }) as typeof load;
    assertEquals(sent(buffers), buffers);
  } finally {
    Atomics.load = load;
  }
  assert(loads < 5000 * 100, `${loads} loads`); // 12 million if each looks at all
});

// Errors

/** Returns the parts of an error that are compared. */
function partsOf(error: Error) {
  return {
    class: error.constructor,
    name: error.name,
    message: error.message,
    stack: error.stack,
    own: Object.entries(error).filter(([key]) => key !== "name"),
  };
}

for (
  const error of [
    new Error("plain"),
    new Error(""),
    new RangeError("range"),
    new TypeError("type", { cause: "a text" }),
    new SyntaxError("syntax"),
    new ReferenceError("reference"),
    new EvalError("eval"),
    new URIError("uri"),
    new TimeoutError("ours"),
    new Empty(),
    new AbandonedLockError("ours", { cause: null }),
    new MultiprocessingError("base"),
    Object.assign(new Error("with properties"), { code: 17, list: [1, { a: 2 }] }),
    Object.assign(new Error("renamed"), { name: "Other" }),
    Object.assign(new Error("with errors"), { errors: ["one", { two: 2 }] }),
    Object.assign(new Deno.errors.NotFound("no file"), { code: "ENOENT" }),
    new WebAssembly.RuntimeError("unreachable"),
    new CodedError("registered", 5),
  ]
) {
  test(`${error.constructor.name} "${error.message}" comes back unchanged`, () => {
    const actual = sent(error);
    assertEquals(partsOf(actual), partsOf(error));
    assertEquals(actual.cause, error.cause);
    assertEquals(Object.hasOwn(actual, "cause"), Object.hasOwn(error, "cause"));
    assert(Error.isError(actual));
  });
}

test("the cause of an error may be an error, or the error itself", () => {
  const error = new Error("outer", { cause: new RangeError("inner", { cause: 1 }) });
  const actual = sent(error);
  assertInstanceOf(actual.cause, RangeError);
  assertEquals((actual.cause as Error).cause, 1);
  const circular = new Error("circular");
  circular.cause = circular;
  const back = sent(circular);
  assertStrictEquals(back.cause, back);
});

test("AggregateError keeps its errors", () => {
  const errors = [new TypeError("one"), "two", new AggregateError([3])];
  const actual = sent(new AggregateError(errors, "several"));
  assertInstanceOf(actual, AggregateError);
  assertEquals(actual.message, "several");
  assertEquals(actual.errors.length, 3);
  assertInstanceOf(actual.errors[0], TypeError);
  assertEquals(actual.errors[2].errors, [3]);
  assert(!Object.keys(actual).includes("errors"));
});

test("SuppressedError keeps both errors", () => {
  const actual = sent(new SuppressedError(new TypeError("later"), "first", "two"));
  assertInstanceOf(actual, SuppressedError);
  assertInstanceOf(actual.error, TypeError);
  assertEquals([actual.suppressed, actual.message], ["first", "two"]);
  assertEquals(Object.keys(actual), []);
});

test("DOMException keeps name, message and code", () => {
  const actual = sent(new DOMException("stopped", "AbortError"));
  assertInstanceOf(actual, DOMException);
  assertEquals([actual.name, actual.message, actual.code], ["AbortError", "stopped", 20]);
});

test("WorkerDiedError keeps its exit code", () => {
  const actual = sent(new WorkerDiedError("died", { exitCode: -9 }));
  assertInstanceOf(actual, WorkerDiedError);
  assertEquals(actual.exitCode, -9);
});

test("an error of an unregistered class becomes one of its nearest known ancestor class, with its name", () => {
  class HttpError extends TypeError {
    override name = "HttpError";
    status = 404;
  }
  const actual = sent(new HttpError("not found"));
  assertStrictEquals(actual.constructor, TypeError);
  assertEquals([actual.name, actual.message, actual.status], ["HttpError", "not found", 404]);
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

test("a message can be discarded unread", () => {
  const queue = new Queue<unknown>();
  discardMessage(storeValue([1, queue, new Point(1, 2), { queue }], "value"));
  queue.putSync("still here");
  assertEquals(queue.getSync(), "still here");
});

// Values that are rejected

const bound = Math.max.bind(null, 1);
class Unregistered {}

for (
  const [what, value, expected] of [
    ["a symbol", [{ s: Symbol("x") }], "Cannot send args[0].s: a symbol has no meaning outside"],
    ["a method", [{ model: { predict: bound } }], "Cannot send args[0].model.predict: "],
    ["a class", [{ odd: { "key with blank": Unregistered } }], 'args[0].odd["key with blank"]: '],
    ["a value in a Map", [new Map([["k", [bound]]])], 'Cannot send args[0].get("k")[0]: '],
    ["a key of a Map", [new Map([[bound, 1]])], "Cannot send args[0].keys(): bound max"],
    ["a member of a Set", [new Set([{ f: bound }])], "Cannot send args[0].values(): {Object}.f: "],
    ["a cause", [new Error("x", { cause: bound })], "Cannot send args[0].cause: "],
    ["one of several errors", [new AggregateError([0, { s: Symbol() }])], "args[0].errors[1].s: "],
    ["a Promise", [Promise.resolve()], "Cannot send args[0]: a Promise cannot cross: await it"],
    ["a WeakMap", [1, new WeakMap()], "Cannot send args[1]: a WeakMap has no meaning outside"],
    ["a WeakRef", [new WeakRef({})], "Cannot send args[0]: a WeakRef has no meaning outside"],
    ["a Blob", [new Blob(["x"])], "args[0]: a Blob cannot cross: send its bytes"],
    ["a URL", [new URL("http://a.b")], "Cannot send args[0]: a URL cannot cross: send its href"],
    ["an AbortSignal", [{ signal: AbortSignal.abort() }], "Cannot send args[0].signal: "],
    ["a generator", [(function* () {})()], "Cannot send args[0]: "],
    ["an async generator", [(async function* () {})()], "args[0]: an AsyncGenerator cannot cross"],
    ["a registered EventTarget", [new extending.Emitter()], "args[0]: an EventTarget has no"],
    ["a boxed symbol", [Object(Symbol())], "Cannot send args[0]: "],
    ["an iterator", [[1].values()], "args[0]: an Array Iterator cannot cross"],
    ["an object with a then method", [
      new (class AsyncThing {
        then() {}
      })(),
    ], "args[0]: an AsyncThing may still be pending"],
    ["a Response", [new Response("x")], "Cannot send args[0]: a Response has no meaning outside"],
  ] as [string, unknown[], string][]
) {
  test(`${what} is rejected, with its path`, () => {
    const error = assertThrows(() => storeValue(value, "args"), DataCloneError, expected);
    assertEquals(error.name, "DataCloneError");
    assertEquals(sent([1, { a: 2 }]), [1, { a: 2 }]); // the encoder keeps nothing of it
  });
}

test("a rejected value keeps no reference to a shared object", () => {
  const [here, there] = Pipe<string>();
  assertThrows(() => storeValue([there, Symbol()], "args"), DataCloneError);
  here.sendSync("still open");
  assertEquals(there.recvSync(), "still open");
});

test("a value that is nested too deeply is rejected with the path", () => {
  let list: { next: unknown } = { next: undefined };
  for (let at = 0; at < 100_000; at++) list = { next: list };
  const assertRejected = (value: unknown, name: string, path: string) =>
    assertThrows(
      () => storeValue(value, name),
      DataCloneError,
      `Cannot send ${path}: it is nested too deeply`,
    );
  assertRejected([{ a: [1] }, list], "args", "args[1].next.next…");
  assertRejected({ target: 1, args: [new Map([["k", list]])] }, "", 'args[0].get("k")…');
  // Two steps away from the first, but the encoder follows the links.
  const items: { left?: unknown; right?: unknown }[] = Array.from({ length: 100_000 }, () => ({}));
  items.forEach((item, at) => [item.left, item.right] = [items[at - 1], items[at + 1]]);
  assertRejected([{ a: { b: { c: {} } } }, items], "args", "args[1][0].right…");
});

test("a process, a thread and a timer are rejected, not copied as empty objects", () => {
  const path = "Cannot send args[0]: a ";
  for (
    const [value, name] of [
      [new Process(), "Process"],
      [new Thread(), "Thread"],
      [new Timer(1, () => {}), "Timer"],
    ] as const
  ) {
    assertThrows(
      () => storeValue([value], "args"),
      DataCloneError,
      `${path}${name} holds what cannot be copied`,
    );
  }
});

test("a generator or another iterator is rejected, and the error says what to send", () => {
  async function* later() {
    yield await 1;
  }
  function* now() {
    yield 1;
  }
  for (
    const [value, name] of [
      [later(), "an AsyncGenerator"],
      [now(), "a Generator"],
      [new Map().keys(), "a Map Iterator"],
    ] as const
  ) {
    assertThrows(
      () => storeValue([value], "args"),
      DataCloneError,
      `Cannot send args[0]: ${name} cannot cross: collect it first, with await Array.fromAsync(it), ` +
        "or put the items into a queue",
    );
  }
});

test("an object that holds a resource is rejected, not copied as an empty object", async () => {
  ensureIsolate();
  await using pool = new Pool(1);
  assertThrows(() => storeValue({ pool }, "value"), DataCloneError, "value.pool: a Pool holds");
  using file = await Deno.open(new URL(import.meta.url));
  assertThrows(() => storeValue([file], "value"), DataCloneError, "value[0]: a FsFile holds");
});
