import { assert, assertEquals } from "@std/assert";
import { MultiprocessingError, TimeoutError } from "@sauropod/multiprocessing";
import {
  classNameOf,
  describe,
  describeThrown,
  isError,
  isErrorOf,
  messageOf,
  prototypesOf,
} from "../../lib/arguments/describe.ts";

const trap = () => {
  throw new Error("in trap");
};
const hostile = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap });
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const endless: object = new Proxy({}, { getPrototypeOf: () => endless });

const errors = {
  plain: new RangeError("too far"),
  unreadable: Object.defineProperty(new Error("x"), "message", { get: trap }),
  unnamed: Object.defineProperty(new Error("x"), "name", { get: trap }),
  long: new Error("x".repeat(1_000_000)),
  derived: Object.setPrototypeOf(new TimeoutError("x"), hostile),
  endless: Object.setPrototypeOf(new TimeoutError("x"), endless),
};

Deno.test("describe() and describeThrown() describe anything in a few words", () => {
  for (
    const value of [
      ...[undefined, null, true, 1.5, 10n, 2n ** 100_000n, "text", "x".repeat(1e6), Symbol("s")],
      ...[Symbol("x".repeat(1e6)), () => 1, class {}, {}, [], Object.create(null), new Map()],
      ...[hostile, revoked, endless, ...Object.values(errors)],
    ]
  ) {
    for (const text of [describe(value), describeThrown(value), messageOf(value)]) {
      assert(text.length > 0 && text.length < 1000 || value === errors.long, text.slice(0, 1000));
    }
  }
  assertEquals(describeThrown(errors.plain), "RangeError: too far");
  assertEquals(describeThrown(errors.unreadable), "Error, whose message cannot be read");
  assertEquals(describeThrown(errors.unnamed), "Error: x");
  assertEquals(describeThrown(new Error("")), "Error");
  assertEquals(messageOf(errors.plain), "too far");
  assertEquals(messageOf("text"), '"text"');
});

Deno.test("isErrorOf() and instanceof of the package's errors never throw", () => {
  const error = new TimeoutError("late");
  assert(isErrorOf(error, TimeoutError) && isErrorOf(error, Error));
  assert(error instanceof TimeoutError && error instanceof MultiprocessingError);
  for (
    const value of [hostile, revoked, errors.derived, errors.endless, new Error("x"), {}, null]
  ) {
    assert(!isErrorOf(value, TimeoutError));
    assert(!((value as unknown) instanceof TimeoutError));
  }
  const lookalike = Object.create(TimeoutError.prototype); // no error, though it inherits from one
  assert(!isErrorOf(lookalike, TimeoutError));
  assert(!isErrorOf(errors.plain, TypeError) && isErrorOf(errors.plain, RangeError));
});

Deno.test("prototypesOf() ends", () => {
  assertEquals(prototypesOf([]), [Array.prototype, Object.prototype]);
  assertEquals(prototypesOf(endless).length, 100);
});

Deno.test("describe() shows short values in full, and the beginning of a long text", () => {
  const cases: [unknown, string][] = [
    ["x".repeat(40), `"${"x".repeat(40)}"`],
    ["x".repeat(41), `"${"x".repeat(37)}..."`],
    [10n, "10n"],
    [2n ** 127n - 1n, `${2n ** 127n - 1n}n`],
    [2n ** 127n, "a large bigint"],
    [-(2n ** 127n), `${-(2n ** 127n)}n`],
    [-(2n ** 127n) - 1n, "a large bigint"],
    [class {}, "a function"],
    [null, "null"],
    [undefined, "undefined"],
    [true, "true"],
    [Symbol("x".repeat(200 - "Symbol()".length)), `Symbol(${"x".repeat(192)})`],
    [Symbol("x".repeat(200)), `Symbol(${"x".repeat(192)}…`],
    [new Map(), "an object of class Map"],
    [Object.create(null), "an object without a class"],
    [hostile, "an object without a class"],
    [{ constructor: { name: "" } }, "an object without a class"],
    [{ constructor: undefined }, "an object without a class"],
    [revoked, "a revoked Proxy"],
  ];
  for (const [value, shown] of cases) assertEquals(describe(value), shown);
});

Deno.test("describeThrown() and messageOf() shorten what an error says, and describe other values", () => {
  const named = Object.defineProperty(new Error("x"), "name", { value: "N".repeat(201) });
  assertEquals(describeThrown(named), `${"N".repeat(199)}…: x`);
  assertEquals(describeThrown(errors.long), `Error: ${"x".repeat(199)}…`);
  assertEquals(describeThrown(new Error("x".repeat(200))), `Error: ${"x".repeat(200)}`);
  assertEquals(describeThrown({ name: "Error", message: "x" }), "an object of class Object");
  assertEquals(messageOf({ message: "x" }), "an object of class Object");
  assertEquals(messageOf(new Error("")), "");
  assertEquals(messageOf(errors.unreadable), "Error, whose message cannot be read");
});

Deno.test("isError() and classNameOf() run no trap that throws", () => {
  assert(isError(errors.derived) && isError(new DOMException("x")));
  for (const value of [hostile, revoked, { name: "Error" }, null, "x"]) assert(!isError(value));
  assertEquals(classNameOf([]), "Array");
  assertEquals(classNameOf(hostile), "");
  assertEquals(classNameOf(Object.create(null)), "");
});
