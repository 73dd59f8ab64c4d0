/**
 * The part of JSR's `@std/assert` that this repository uses, over `node:assert`, so that tests run
 * where JSR cannot be reached. Names, signatures and results are the original's, with one
 * difference: `assertEquals` compares as `node:util`'s `isDeepStrictEqual` does and is a little
 * stricter (it tells 0 from -0, and compares the messages of errors).
 *
 * @module
 */
import { deepStrictEqual } from "node:assert";
import { inspect, isDeepStrictEqual, stripVTControlCharacters } from "node:util";

// deno-lint-ignore no-explicit-any
type Constructor<T> = abstract new (...args: any[]) => T;

/** What every assertion here throws. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Throws always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (difference) {
    throw new AssertionError(
      `Values are not equal${suffix(msg)}\n${(difference as Error).message}`,
    );
  }
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!isDeepStrictEqual(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${inspect(actual)} not to be: ${inspect(expected)}${suffix(msg)}`,
  );
}

/** Asserts that two values are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const [left, right] = [inspect(actual), inspect(expected)];
  throw new AssertionError(
    left === right
      ? `Values have the same structure but are not reference-equal${suffix(msg)}\n${left}`
      : `Values are not strictly equal${suffix(msg)}\n  actual: ${left}\n  expected: ${right}`,
  );
}

/** Asserts that two numbers differ by at most `tolerance`, 1e-7 of `expected` if not given. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  if (delta <= tolerance) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to be close to "${expected}": ` +
      `delta "${delta}" is greater than "${tolerance}"${suffix(msg)}`,
  );
}

/** Asserts `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  throw new AssertionError(`Expect ${inspect(actual)} > ${inspect(expected)}${suffix(msg)}`);
}

/** Asserts `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  throw new AssertionError(`Expect ${inspect(actual)} < ${inspect(expected)}${suffix(msg)}`);
}

/** Asserts that a value is neither null nor undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`,
  );
}

/** Asserts that `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: Constructor<T>,
  msg?: string,
): asserts actual is T {
  if (actual instanceof expectedType) return;
  const found = actual instanceof Object ? actual.constructor?.name ?? "Object" : inspect(actual);
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was "${found}"${suffix(msg)}`,
  );
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/** Asserts that `actual` matches a regular expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`);
}

/** Asserts that `error` is an `ErrorClass` whose message has `msgIncludes` in it. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: Constructor<E>,
  msgIncludes?: string,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${suffix(msg)}`);
  }
  checkError(error, "thrown", ErrorClass ?? Error, msgIncludes, msg);
}

/** Asserts that `fn` throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that `fn` throws an `ErrorClass` whose message has `msgIncludes` in it, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Constructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...expected: Expected): unknown {
  const { ErrorClass, msgIncludes, msg } = expectation(expected);
  try {
    fn();
  } catch (error) {
    return checkError(error, "thrown", ErrorClass, msgIncludes, msg);
  }
  throw new AssertionError(`Expected function to throw${suffix(msg)}`);
}

/** Asserts that the promise which `fn` returns rejects, and resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Asserts that `fn` rejects with an `ErrorClass` whose message has `msgIncludes` in it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Constructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  ...expected: Expected
): Promise<unknown> {
  const { ErrorClass, msgIncludes, msg } = expectation(expected);
  const promise = startOf(fn, msg);
  try {
    await promise;
  } catch (error) {
    return checkError(error, "rejected", ErrorClass, msgIncludes, msg);
  }
  throw new AssertionError(`Expected function to reject${suffix(msg)}`);
}

/** Calls `fn`, which must give a promise: what it throws before that is not a rejection. */
function startOf(fn: () => PromiseLike<unknown>, msg?: string): PromiseLike<unknown> {
  let thrown: unknown;
  try {
    const promise = fn();
    if (typeof promise?.then === "function") return promise;
  } catch (error) {
    thrown = error;
  }
  throw new AssertionError(`Function throws when expected to reject${suffix(msg)}`, {
    cause: thrown,
  });
}

/** The arguments after `fn`: a message alone, or a class and what its message contains. */
type Expected = [ErrorClassOrMsg?: Constructor<Error> | string, msgIncludes?: string, msg?: string];

function expectation([classOrMsg, msgIncludes, msg]: Expected) {
  return typeof classOrMsg === "string"
    ? { msg: classOrMsg }
    : { ErrorClass: classOrMsg, msgIncludes, msg };
}

function checkError(
  error: unknown,
  happened: string,
  ErrorClass?: Constructor<unknown>,
  msgIncludes = "",
  msg?: string,
): unknown {
  if (ErrorClass === undefined) return error;
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${happened}${suffix(msg)}`);
  }
  if (!(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", ` +
        `but was "${error.constructor.name}"${suffix(msg)}`,
      { cause: error },
    );
  }
  const [message, part] = [error.message, msgIncludes].map(stripVTControlCharacters);
  if (!message.includes(part)) {
    throw new AssertionError(
      `Expected error message to include ${JSON.stringify(part)}, ` +
        `but got ${JSON.stringify(message)}${suffix(msg)}`,
      { cause: error },
    );
  }
  return error;
}

function suffix(msg?: string): string {
  return msg ? `: ${msg}` : ".";
}
