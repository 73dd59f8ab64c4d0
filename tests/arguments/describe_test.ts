import { assert, assertEquals } from "@std/assert";
import { MultiprocessingError, TimeoutError } from "@sauropod/multiprocessing";
import {
  describe,
  describeThrown,
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
  assert(!isErrorOf(errors.plain, TypeError) && isErrorOf(errors.plain, RangeError));
});

Deno.test("prototypesOf() ends", () => {
  assertEquals(prototypesOf([]), [Array.prototype, Object.prototype]);
  assertEquals(prototypesOf(endless).length, 100);
});
