import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { DataCloneError, MaybeEncodingError, Pipe } from "@sauropod/multiprocessing";
import { storeThrown, takeThrown } from "../../lib/codec/message.ts";
import { CodedError, Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes } from "../fixtures/heap.ts";
import { sent } from "../fixtures/messages.ts";

/** An error with the properties that tests add. */
// deno-lint-ignore no-explicit-any
type Loose = any;

/** Returns what arrives of a thrown value. */
function arrived(thrown: unknown): Loose {
  const value = takeThrown(storeThrown(thrown));
  assertEquals(sent({ next: [1] }), { next: [1] }); // the encoder keeps nothing of it
  return value;
}

/** Returns the error with a property whose getter throws. */
function withGetter(error: Error, key: string, enumerable = false): Error {
  return Object.defineProperty(error, key, {
    enumerable,
    get() {
      throw new Error(`in getter of ${key}`);
    },
  });
}

const request = new Request("http://localhost/");

// Errors

test("a thrown error arrives with all that can cross, and names the rest", () => {
  const error = Object.assign(new TypeError("no answer", { cause: new RangeError("cause") }), {
    code: "ECONNREFUSED",
    request,
    response: { status: 500, body: [1, Symbol("s"), { fn: Math.max.bind(null) }] },
    point: new Point(1, 2),
  });
  const actual = arrived(error);
  assertStrictEquals(actual.constructor, TypeError);
  assertEquals([actual.message, actual.code], ["no answer", "ECONNREFUSED"]);
  assertEquals(actual.stack, error.stack);
  assertStrictEquals(actual.cause.constructor, RangeError);
  assertStrictEquals(actual.point.constructor, Point);
  assertEquals(actual.response, { status: 500, body: [1, undefined, { fn: undefined }] });
  assertEquals(Object.keys(actual), ["code", "response", "point", "omitted"]);
  assertEquals(actual.omitted, ["request", "response.body[1]", "response.body[2].fn"]);
});

test("what is omitted of a thrown error leaves nothing in the heap, and keeps no reference", () => {
  const [here, there] = Pipe<string>();
  const error = Object.assign(new Error("x"), {
    kept: here,
    lost: [new Map([["end", there], ["request", request as Loose]])],
  });
  arrived(error); // writes definitions
  const before = usedBytes();
  assertStrictEquals(arrived(error).kept, here);
  assertEquals(usedBytes(), before);
  here.sendSync("still open");
  assertEquals(there.recvSync(), "still open");
});

test("a thrown error that crosses whole has no list of what was omitted", () => {
  const actual = arrived(Object.assign(new Error("whole"), { code: 1 }));
  assertEquals(Object.keys(actual), ["code"]);
});

test("a thrown error of a registered class keeps its class without what cannot cross", () => {
  const actual = arrived(Object.assign(new CodedError("coded", 7), { request }));
  assertStrictEquals(actual.constructor, CodedError);
  assertEquals([actual.code, (actual as Loose).omitted], [7, ["request"]]);
});

test("an error that is sent on after a part was omitted names all that was omitted", () => {
  const first = arrived(Object.assign(new Error("first"), { request }));
  assertEquals(arrived(Object.assign(first, { again: Symbol() })).omitted, ["request", "again"]);
});

test("the causes of a thrown error, and the errors of an AggregateError, arrive as it does", () => {
  const inner = Object.assign(new RangeError("inner"), { request });
  const errors = [new TypeError("one"), Symbol("two"), inner, "three"];
  const actual = arrived(new AggregateError(errors, "all", { cause: Symbol("why") }));
  assertStrictEquals(actual.constructor, AggregateError);
  assertStrictEquals(actual.errors[0].constructor, TypeError);
  assertStrictEquals(actual.errors[1].constructor, MaybeEncodingError);
  assertEquals(
    actual.errors[1].message,
    "Cannot send back the thrown value, Symbol(two): a symbol has no meaning outside its isolate",
  );
  assertEquals([actual.errors[2].message, actual.errors[2].omitted], ["inner", ["request"]]);
  assertEquals(actual.errors[3], "three");
  assertStrictEquals(actual.cause.constructor, MaybeEncodingError);
  assertEquals(actual.omitted, undefined);
  const suppressed = arrived(new SuppressedError(inner, Symbol("first")));
  assertEquals(suppressed.error.omitted, ["request"]);
  assertStrictEquals(suppressed.suppressed.constructor, MaybeEncodingError);
});

test("a thrown error keeps cycles and what is shared", () => {
  const shared = { name: "shared" };
  const error: Loose = new Error("cyclic");
  Object.assign(error, { shared, again: [shared, Symbol()], self: error, cause: error });
  const actual = arrived(error);
  assertStrictEquals(actual.self, actual);
  assertStrictEquals(actual.cause, actual);
  assertStrictEquals(actual.again[0], actual.shared);
});

test("what was written of a part that cannot cross is not referred to later", () => {
  const shared = Array.from({ length: 20 }, (_, at) => ({ at }));
  const error = Object.assign(new Error("shared"), {
    first: [new Map([["list", shared], ["no", request as Loose]])],
    second: shared,
    third: [new Uint8Array(4).fill(5), shared[3]],
  });
  const actual = arrived(error);
  assertEquals(actual.omitted, ["first[0]"]);
  assertEquals(actual.second, shared);
  assertStrictEquals(actual.third[1], actual.second[3]);
  assertEquals([...actual.third[0]], [5, 5, 5, 5]);
});

test("views of one buffer in a thrown error share a buffer", () => {
  const bytes = new Uint8Array(8).fill(1);
  const error = Object.assign(new Error("views"), { request, a: bytes, b: bytes.subarray(2) });
  const actual = arrived(error);
  assertStrictEquals(actual.a.buffer, actual.b.buffer);
  assertEquals(actual.omitted, ["request"]);
});

// Hostile errors

for (const key of ["name", "message"] as const) {
  test(`an error whose ${key} cannot be read is the cause of a MaybeEncodingError`, () => {
    const error = withGetter(Object.assign(new RangeError("original"), { code: 5 }), key);
    const actual = arrived(error);
    assertStrictEquals(actual.constructor, MaybeEncodingError);
    assertEquals(
      actual.message,
      `Cannot send back an error of class RangeError: its ${key} cannot be read. ` +
        "The rest of it is the cause",
    );
    const { cause } = actual as Loose;
    assertStrictEquals(cause.constructor, RangeError);
    assertEquals([cause.code, cause.omitted], [5, [key]]);
    assertEquals(cause.message, key === "message" ? "" : "original");
  });
}

for (const key of ["stack", "cause", "extra"]) {
  test(`a thrown error whose ${key} cannot be read arrives without it`, () => {
    const actual = arrived(withGetter(new RangeError("original"), key, true));
    assertStrictEquals(actual.constructor, RangeError);
    assertEquals([actual.message, (actual as Loose).omitted], ["original", [key]]);
    if (key === "stack") assertEquals(actual.stack, "RangeError: original");
  });
}

test("an error with odd texts, a hostile class or a hostile prototype arrives", () => {
  assertEquals(arrived(Object.assign(new Error("x"), { name: Symbol("n") })).name, "Symbol(n)");
  const hostile = {
    toString() {
      throw new Error("in toString");
    },
  };
  const named = Object.assign(new Error("x"), { name: hostile });
  assertStrictEquals(arrived(named).constructor, MaybeEncodingError);
  const constructed = withGetter(new TypeError("constructed"), "constructor");
  assertEquals(arrived(constructed).message, "constructed");
  const trap = () => {
    throw new Error("in trap");
  };
  const derived = Object.setPrototypeOf(
    new Error("derived"),
    new Proxy(Error.prototype, { getPrototypeOf: trap }),
  );
  assertEquals([arrived(derived).constructor, arrived(derived).message], [Error, "derived"]);
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless });
  assertEquals(arrived(Object.setPrototypeOf(new Error("endless"), endless)).message, "endless");
  assertEquals(arrived(Object.freeze(new Error("frozen"))).message, "frozen");
});

test("each property of a thrown error is read once, its name and message to check them too", () => {
  const reads: string[] = [];
  const error = new Error("counted");
  for (const key of ["name", "message", "stack", "cause", "errors", "a", "b"]) {
    const value = key === "b" ? Symbol() : key;
    Object.defineProperty(error, key, {
      enumerable: true,
      get() {
        reads.push(key);
        return value;
      },
    });
  }
  assertEquals(arrived(error).omitted, ["b"]);
  const counts = Object.groupBy(reads, (key) => key);
  assertEquals(counts.name!.length + counts.message!.length, 4);
  for (const key of ["stack", "cause", "errors", "a", "b"]) assertEquals(counts[key]!.length, 1);
});

// Without end

class Endless extends Error {
  constructor() {
    super("endless");
    for (const key of ["cause", "errors", "left", "right"]) {
      Object.defineProperty(this, key, {
        enumerable: true,
        get: () => key === "errors" ? [new Endless(), new Endless()] : new Endless(),
      });
    }
  }
}

test("errors whose getters return further errors without end arrive in part", () => {
  const actual = arrived(new Endless());
  assertEquals(actual.message, "endless");
  let levels = 0;
  for (let at = actual; Error.isError(at); at = at.cause as Loose) levels++;
  assertEquals(levels, 100);
});

test("a property of a thrown error that is nested without end is omitted", () => {
  const node = (): object => ({
    get left() {
      return node();
    },
    get right() {
      return [node()];
    },
  });
  const actual = arrived(Object.assign(new Error("deep"), { code: 1, tree: node(), last: 2 }));
  assertEquals([actual.code, actual.last, actual.omitted], [1, 2, ["tree"]]);
});

test("a chain of causes that is too long is cut", () => {
  let error = new Error("first");
  for (let at = 0; at < 5_000; at++) error = new Error(`error ${at}`, { cause: error });
  const actual = arrived(error);
  assertEquals(actual.message, "error 4999");
  let last = actual;
  let levels = 1;
  for (; last.cause !== undefined; levels++) last = last.cause;
  assertEquals([levels, last.omitted], [100, ["cause"]]);
});

// Other thrown values

test("thrown values that can cross arrive as they are", () => {
  for (const value of [undefined, null, 0, "text", 5n, { reason: ["a"] }, Math.sqrt]) {
    assertEquals(arrived(value), value);
  }
});

const revoked = Proxy.revocable({}, {});
revoked.revoke();

for (
  const [what, thrown, message] of [
    ["symbol", Symbol("odd"), "Symbol(odd): a symbol has no meaning outside its isolate"],
    ["function", Math.max.bind(null), "a function: a bound function (bound max) cannot be sent"],
    ["revoked Proxy", revoked.proxy, "it is a Proxy that has been revoked"],
    ["hostile Proxy", withTraps(), "Error: in trap"],
    ["object", { a: [request] }, "an object of class Object: value.a[0]: a Request has no meaning"],
    ["object without a class", Object.assign(Object.create(null), { s: Symbol() }), "value.s: a"],
  ] as const
) {
  test(`a thrown ${what} that cannot cross arrives as an error that describes it`, () => {
    const actual = arrived(thrown);
    assertStrictEquals(actual.constructor, MaybeEncodingError);
    assert(actual.message.startsWith("Cannot send back the thrown value, "), actual.message);
    assert(actual.message.includes(message), actual.message);
    if (what === "hostile Proxy") assertStrictEquals(actual.cause.constructor, Error);
    else assertStrictEquals(actual.cause.constructor, DataCloneError);
  });
}

function withTraps(): object {
  const trap = () => {
    throw new Error("in trap");
  };
  return new Proxy({}, { getPrototypeOf: trap, get: trap, has: trap, ownKeys: trap });
}

test("the errors of a thrown AggregateError may be seen elsewhere in it, and have holes", () => {
  const errors: unknown[] = [new RangeError("one"), Symbol("two")];
  errors[4] = "five";
  const error = Object.assign(new AggregateError([], "all"), { errors });
  const actual = arrived(error);
  assertEquals(Object.keys(actual.errors), ["0", "1", "4"]);
  assertEquals([actual.errors.length, actual.errors[0].message], [5, "one"]);
  assertStrictEquals(actual.errors[1].constructor, MaybeEncodingError);
  assertEquals(actual.errors[4], "five");
  const list = [new RangeError("one")];
  const twice = arrived(new AggregateError([], "all", { cause: list }));
  assertEquals(twice.cause.length, 1);
  const same = new AggregateError([], "all", { cause: list });
  same.errors = list;
  const back = arrived(same);
  assertStrictEquals(back.errors, back.cause);
  assertEquals(back.errors[0].message, "one");
});
