import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { TimeoutError } from "@sauropod/multiprocessing";
import {
  builtinNameOf,
  classOf,
  emptyError,
  errorFrom,
  type ErrorParts,
  errorPartsOf,
  hasNames,
  isErrorParts,
} from "../../lib/codec/error_parts.ts";

const good: ErrorParts = {
  class: "RangeError",
  name: "RangeError",
  message: "too far",
  stack: "RangeError: too far\n    at here",
  cause: undefined,
  hasCause: false,
  hidden: {},
  own: {},
};

/** Makes the error of parts, as a message does. */
function made(parts: Partial<ErrorParts>): Error {
  const all = { ...good, ...parts };
  return errorFrom(all, emptyError(all.class, all.name, all.message));
}

Deno.test("isErrorParts() and hasNames() accept parts of the right types, and nothing else", () => {
  assert(isErrorParts(good) && hasNames({ ...good }));
  for (const parts of [{ stack: undefined }, { omitted: [] }, { omitted: ["a"] }, { cause: 5 }]) {
    assert(isErrorParts({ ...good, ...parts }));
  }
  for (const key of ["class", "name", "message"]) {
    for (const value of [undefined, null, 5]) {
      assert(!hasNames({ ...good, [key]: value }) && !isErrorParts({ ...good, [key]: value }), key);
    }
  }
  for (
    const wrong of [
      ...[{ stack: 5 }, { stack: null }, { hasCause: undefined }, { hasCause: 1 }],
      ...[{ hidden: null }, { hidden: "x" }, { hidden: undefined }],
      ...[{ own: null }, { own: "x" }, { own: undefined }],
      ...[{ omitted: null }, { omitted: "a" }, { omitted: ["a", 5] }, { omitted: {} }],
    ]
  ) {
    assert(!isErrorParts({ ...good, ...wrong }), JSON.stringify(wrong));
  }
});

Deno.test("errorPartsOf() tells the nearest class that every isolate has", () => {
  class HttpError extends TypeError {}
  const cases: [Error, string][] = [
    [new Error(), "Error"],
    [new HttpError(), "TypeError"],
    [new TimeoutError("x"), "TimeoutError"],
    [new Deno.errors.NotFound(), "Deno.errors.NotFound"],
    [new WebAssembly.RuntimeError(), "WebAssembly.RuntimeError"],
    [new DOMException(), "DOMException"],
    [new AggregateError([]), "AggregateError"],
    [new SuppressedError(1, 2), "SuppressedError"],
    [Object.setPrototypeOf(new TypeError(), null), "Error"],
  ];
  for (const [error, name] of cases) assertEquals(errorPartsOf(error).class, name);
  assertEquals(errorPartsOf(new HttpError("x")).name, "TypeError");
});

Deno.test("errorPartsOf() reads what an error has itself", () => {
  const error = Object.assign(new AggregateError([1], "all", { cause: undefined }), { code: 5 });
  const parts = errorPartsOf(error);
  assertEquals([parts.hasCause, parts.cause], [true, undefined]);
  assertEquals([parts.hidden, parts.own], [{ errors: [1] }, { code: 5 }]);
  const visible = Object.assign(new Error("x"), { errors: [2], name: "Other", message: "y" });
  assertEquals(errorPartsOf(visible).hidden, {});
  assertEquals(errorPartsOf(visible).own, { errors: [2] });
  assertEquals([errorPartsOf(visible).name, errorPartsOf(visible).message], ["Other", "y"]);
  const inherits = Object.setPrototypeOf(
    new Error("x"),
    Object.assign(Object.create(Error.prototype), { cause: 1, errors: [3], name: undefined }),
  );
  const { hasCause, hidden, name } = errorPartsOf(inherits);
  assertEquals([hasCause, hidden, name], [false, {}, "Error"]);
  assertEquals(errorPartsOf(Object.assign(new Error("x"), { stack: 5 })).stack, undefined);
});

Deno.test("errorPartsOf() leaves out what cannot be read if there is a list for it, and else throws", () => {
  const failing = (key: string) =>
    Object.defineProperty(new RangeError("x"), key, {
      enumerable: true,
      get: () => {
        throw new TypeError(`no ${key}`);
      },
    });
  for (const key of ["name", "message", "stack", "cause", "code"]) {
    assertThrows(() => errorPartsOf(failing(key)), TypeError, `no ${key}`);
    const omitted: string[] = [];
    const parts = errorPartsOf(failing(key), omitted);
    assertEquals(omitted, [key]);
    assertEquals([parts.class, parts.name, parts.hasCause], ["RangeError", "RangeError", false]);
    assertEquals(parts.message, key === "message" ? "" : "x");
    assertEquals([parts.own, parts.hidden], [{}, {}]);
  }
});

Deno.test("errorFrom() makes an error with the properties that the first one has", () => {
  const plain = made({});
  assertEquals([plain.constructor, plain.name, plain.message], [
    RangeError,
    "RangeError",
    "too far",
  ]);
  assertEquals(Object.hasOwn(plain, "name"), false);
  assertEquals([plain.stack, Object.hasOwn(plain, "cause")], [good.stack, false]);
  assertEquals(Object.keys(plain), []);
  const renamed = made({ name: "Other", cause: 5, hasCause: true });
  assertEquals([renamed.name, renamed.cause, Object.keys(renamed)], ["Other", 5, []]);
  assertEquals(made({ stack: undefined }).stack, "RangeError: too far");
  assertEquals(made({ stack: undefined, message: "" }).stack, "RangeError");
  const full = made({ own: { code: 1, message: "own" }, hidden: { errors: [2] } });
  const flags = (key: string) => Object.getOwnPropertyDescriptor(full, key);
  const common = { writable: true, configurable: true };
  assertEquals(flags("code"), { ...common, value: 1, enumerable: true });
  assertEquals(flags("errors"), { ...common, value: [2], enumerable: false });
  assertEquals(flags("stack"), { ...common, value: good.stack, enumerable: false });
  const exception = made({ class: "DOMException", name: "AbortError" });
  assertEquals([exception.constructor, exception.name], [DOMException, "AbortError"]);
  assertEquals(Object.hasOwn(exception, "name"), false);
  const changed = errorFrom(good, new RangeError("of another text"));
  assertEquals([changed.message, Object.keys(changed)], ["too far", []]);
  const text = made({ class: "NoSuchError", name: "NoSuchError", message: "x" });
  assertEquals([text.constructor, text.name], [Error, "NoSuchError"]);
});

Deno.test("errorFrom() names what was omitted, and leaves it out", () => {
  const omitted = made({ own: { request: undefined, code: 1 }, omitted: ["request", "cause.x"] });
  assertEquals(Object.entries(omitted), [["code", 1], ["omitted", ["request", "cause.x"]]]);
  const { value: _, ...flags } = Object.getOwnPropertyDescriptor(omitted, "omitted")!;
  assertEquals(flags, { writable: true, configurable: true, enumerable: true });
  const again = made({ own: { omitted: ["first"] }, omitted: ["second"] });
  assertEquals(Object.entries(again), [["omitted", ["first", "second"]]]);
  const other = made({ own: { omitted: "text" }, omitted: ["second"] });
  assertEquals(Object.entries(other), [["omitted", ["second"]]]);
  assertEquals(Object.entries(made({ own: { omitted: "text" } })), [["omitted", "text"]]);
  assertEquals(Object.keys(made({ omitted: [] })), []);
});

Deno.test("builtinNameOf() and classOf() know the built-in class that an object is of, or extends", () => {
  class Tags extends Set {}
  class Point {}
  const Imitation = { Map: class Map {} }.Map;
  const named: [object, string | undefined][] = [
    [new Map(), "Map"],
    [new Tags(), "Set"],
    [new Point(), undefined],
    [new Imitation(), undefined],
    [Object.create(Map.prototype), "Map"],
    [Object.create(null), undefined],
    [new RangeError(), "Error"],
    [[].values(), "Array Iterator"],
    [(function* () {})(), "Iterator"],
    [new Request("http://a/"), "Request"],
    [Object.create({ [Symbol.toStringTag]: "mine", constructor: Point }), undefined],
    [Object.create(Object.create(null, { constructor: { value: Map } })), undefined],
  ];
  for (const [value, name] of named) assertEquals(builtinNameOf(value), name);
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless });
  assertEquals(builtinNameOf(Object.create(endless)), undefined);
  let map: object = new Map();
  for (let depth = 0; depth < 90; depth++) map = Object.create(map);
  assertEquals(builtinNameOf(map), "Map");
  assertStrictEquals(classOf(new Point()), Point);
  const unreadable = {
    get constructor() {
      throw new Error("no");
    },
  };
  assertEquals([classOf(unreadable), classOf(Object.create(null))], [undefined, undefined]);
});
