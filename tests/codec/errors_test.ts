import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  AbandonedLockError,
  Empty,
  MultiprocessingError,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { CodedError } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";

import { sent } from "../fixtures/messages.ts";

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
