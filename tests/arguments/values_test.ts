import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkIterable,
  checkMilliseconds,
  checkNotTransferred,
  checkNumber,
  checkOneOf,
  checkString,
  checkText,
  hasMethod,
  isArray,
  isInstance,
  isIterator,
  outOfRange,
  wrongType,
  wrongValue,
} from "../../lib/arguments/values.ts";

const trap = () => {
  throw new Error("in trap");
};
const hostile = new Proxy({}, {
  get: trap,
  has: trap,
  getPrototypeOf: trap,
  getOwnPropertyDescriptor: trap,
});
const { proxy: revoked, revoke } = Proxy.revocable([], {});
revoke();

/** Checks that a check refuses the values, by an error of this class and with this end of its message. */
function refuses(
  check: (value: unknown) => void,
  errorClass: typeof RangeError | typeof TypeError,
  requirement: string,
  values: [value: unknown, shown: string][],
): void {
  for (const [value, shown] of values) {
    const { message } = assertThrows(() => check(value), errorClass);
    assertEquals(message, `Cannot do it: n must be ${requirement}, not ${shown}`);
  }
}

Deno.test("errors of arguments say what was expected, what was given, and what to write", () => {
  const error = wrongType("do it", "n", "a number", "5", "Write 5");
  assert(error instanceof TypeError);
  assertEquals(error.message, 'Cannot do it: n must be a number, not "5". Write 5');
  const range = outOfRange("do it", "n", "at least 1", 0);
  assert(range instanceof RangeError);
  assertEquals(range.message, "Cannot do it: n must be at least 1, not 0");
  assert(wrongValue("number", "do it", "n", "positive", 0) instanceof RangeError);
  assert(wrongValue("number", "do it", "n", "positive", "0") instanceof TypeError);
  assert(wrongValue("string", "do it", "n", "full", "") instanceof RangeError);
  assert(wrongValue("string", "do it", "n", "full", 0) instanceof TypeError);
});

Deno.test("an argument that is given by its name as in Python is told from another object", () => {
  const advised = wrongType("do it", "n", "a number", { n: 5 });
  assertEquals(
    advised.message,
    "Cannot do it: n must be a number, not an object of class Object. " +
      "Pass the value itself, not { n }: only options have names",
  );
  for (const value of [{ m: 5 }, Object.assign(() => {}, { n: 5 }), null, hostile, revoked]) {
    assert(!wrongType("do it", "n", "a number", value).message.includes("Pass"));
  }
});

Deno.test("checkFunction() accepts only functions, and says what to write", () => {
  checkFunction("do it", "f", () => {});
  checkFunction("do it", "f", class {});
  const start = "Cannot do it: f must be a function, not 5. ";
  const check = (advice?: string) => () => checkFunction("do it", "f", 5, advice);
  assertEquals(
    assertThrows(check(), TypeError).message,
    `${start}Pass the function itself, without calling it`,
  );
  assertEquals(assertThrows(check("Write f"), TypeError).message, `${start}Write f`);
});

Deno.test("checkInteger() accepts the integers between its limits, both included", () => {
  const check = (min?: number, max?: number) => (value: unknown) =>
    checkInteger("do it", "n", value, min, max);
  for (const value of [-(2 ** 60), 0, 2 ** 60]) check()(value);
  for (const value of [3, 4, 5]) check(3, 5)(value);
  refuses(check(3, 5), RangeError, "an integer from 3 to 5", [[2, "2"], [6, "6"], [4.5, "4.5"]]);
  refuses(check(), RangeError, "an integer", [[NaN, "NaN"], [Infinity, "Infinity"], [0.5, "0.5"]]);
  refuses(check(), TypeError, "an integer", [["1", '"1"'], [1n, "1n"], [undefined, "undefined"]]);
  refuses(check(3), RangeError, "an integer of at least 3", [[2, "2"]]);
  refuses(check(-Infinity, 9), RangeError, "an integer up to 9", [[10, "10"]]);
});

Deno.test("checkInteger() writes large limits as powers of two", () => {
  for (
    const [max, shown] of [
      [2 ** 31, "2^31"],
      [2 ** 31 - 1, "2^31 - 1"],
      [2 ** 53, "2^53"],
      [2 ** 20 - 1, "2^20 - 1"],
      [2 ** 31 + 1, "2147483649"],
      [2 ** 31 - 2, "2147483646"],
    ] as const
  ) {
    const check = (min: number) => (value: unknown) => checkInteger("do it", "n", value, min, max);
    refuses(check(0), RangeError, `an integer from 0 to ${shown}`, [[-1, "-1"]]);
    refuses(check(-Infinity), RangeError, `an integer up to ${shown}`, [[0.5, "0.5"]]);
  }
});

Deno.test("checkNumber() accepts numbers, except NaN and those that its function refuses", () => {
  for (const value of [0, -1.5, Infinity]) checkNumber("do it", "n", value);
  const isSmall = (value: number) => value < 10;
  const check = (value: unknown) => checkNumber("do it", "n", value, "below 10", isSmall);
  check(9);
  refuses(check, RangeError, "below 10", [[10, "10"], [NaN, "NaN"]]);
  refuses(check, TypeError, "below 10", [["1", '"1"'], [null, "null"]]);
  const checkAny = (value: unknown) => checkNumber("do it", "n", value);
  refuses(checkAny, RangeError, "a number", [[NaN, "NaN"]]);
  refuses(checkAny, TypeError, "a number", [[1n, "1n"]]);
});

Deno.test("the checks of single types refuse values of other types", () => {
  checkMilliseconds("do it", "n", -1);
  const checkMs = (value: unknown) => checkMilliseconds("do it", "n", value);
  refuses(checkMs, RangeError, "a number of milliseconds", [[NaN, "NaN"]]);
  refuses(checkMs, TypeError, "a number of milliseconds", [["1", '"1"']]);

  checkString("do it", "n", "");
  refuses((it) => checkString("do it", "n", it), TypeError, "a string", [[1, "1"]]);

  for (const value of [true, false]) checkBoolean("do it", "n", value);
  const checkFlag = (value: unknown) => checkBoolean("do it", "n", value);
  refuses(checkFlag, TypeError, "a boolean", [[0, "0"], ["true", '"true"'], [null, "null"]]);

  checkText("do it", "n", "x");
  const checkFull = (value: unknown) => checkText("do it", "n", value);
  refuses(checkFull, RangeError, "a string that is not empty", [["", '""']]);
  refuses(checkFull, TypeError, "a string that is not empty", [[1, "1"]]);

  for (const value of ["a", "b", "c"]) checkOneOf("do it", "n", value, ["a", "b", "c"]);
  const checkLetter = (value: unknown) => checkOneOf("do it", "n", value, ["a", "b", "c"]);
  refuses(checkLetter, RangeError, '"a", "b" or "c"', [["d", '"d"']]);
  refuses(checkLetter, TypeError, '"a", "b" or "c"', [[1, "1"]]);

  for (const value of [[], new Set(), new Map().values()]) checkIterable("do it", "n", value);
  const checkList = (value: unknown) => checkIterable("do it", "n", value);
  const noLists: [unknown, string][] = [["ab", '"ab"'], [{}, "an object of class Object"]];
  refuses(checkList, TypeError, "an array or another iterable", [...noLists, [null, "null"]]);
});

Deno.test("isIterator() says which objects are iterators that can be iterated over", () => {
  const iterators = [
    [].values(),
    (function* () {})(),
    (async function* () {})(),
  ];
  for (const value of iterators) assert(isIterator(value));
  const others = [
    ...[[], Object.assign([], { next: () => {} }), new Set(), { next: () => {} }],
    ...[{ next: 5, [Symbol.iterator]: () => {} }, "text", null, undefined, hostile, revoked],
  ];
  for (const value of others) assert(!isIterator(value));
});

Deno.test("isArray(), hasMethod() and isInstance() look at any value and never throw", () => {
  assert(isArray([]) && isArray(new Proxy([], {})));
  for (const value of [{ length: 0 }, "ab", null, revoked]) assert(!isArray(value));

  assert(hasMethod({ get: () => {} }, "get") && hasMethod(new Map(), "get"));
  for (const value of [{ get: 5 }, {}, Map, "text", null, undefined, hostile, revoked]) {
    assert(!hasMethod(value, "get") && !hasMethod(value, "call"));
  }

  assert(isInstance(new Map(), Map) && isInstance([], Object));
  for (const value of [{}, 5, null, hostile, revoked]) assert(!isInstance(value, Map));
});

Deno.test("checkNotTransferred() refuses a buffer that was transferred, and views on it", () => {
  const [buffer, other] = [new ArrayBuffer(8), new ArrayBuffer(8)];
  const view = new Uint8Array(buffer);
  const values = [buffer, view, new DataView(buffer)];
  for (const value of [...values, new SharedArrayBuffer(8), other, {}, null]) {
    checkNotTransferred("do it", "n", value);
  }
  buffer.transfer();
  for (const value of values) {
    const { message } = assertThrows(() => checkNotTransferred("do it", "n", value), TypeError);
    assertEquals(
      message,
      "Cannot do it: n has been transferred. Copy it before the transfer",
    );
  }
  checkNotTransferred("do it", "n", other);
  checkNotTransferred("do it", "n", new Uint8Array(new SharedArrayBuffer(8)));
});
