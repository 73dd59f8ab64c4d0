/**
 * Checks of single arguments. Each throws
 * `Cannot <verb>: <name> must be <requirement>, not <value>. <advice>`: a `TypeError` if the value has the
 * wrong type, a `RangeError` if it has the right type and is out of range.
 *
 * @module
 */

import { describe } from "./describe.ts";

/** Advice for a function. */
const WITHOUT_CALLING = "Pass the function itself, without calling it";

/** Returns the message of an error of an argument. */
function messageOf(
  verb: string,
  name: string,
  requirement: string,
  value: unknown,
  advice: string | undefined = adviceForNamed(name, value),
): string {
  return `Cannot ${verb}: ${name} must be ${requirement}, not ${describe(value)}${
    advice === undefined ? "" : `. ${advice}`
  }`;
}

/** Returns advice if the argument was given by its name, as in Python. */
function adviceForNamed(name: string, value: unknown): string | undefined {
  const isNamed = typeof value === "object" && hasProperty(value, name);
  return isNamed ? `Pass the value itself, not { ${name} }: only options have names` : undefined;
}

function hasProperty(value: object | null, name: string): boolean {
  try {
    return value !== null && Object.hasOwn(value, name);
  } catch {
    return false; // the trap of a Proxy threw
  }
}

/** Makes the error of an argument of the wrong type. */
export function wrongType(
  verb: string,
  name: string,
  requirement: string,
  value: unknown,
  advice?: string,
): TypeError {
  return new TypeError(messageOf(verb, name, requirement, value, advice));
}

/** Makes the error of an argument that is out of range. */
export function outOfRange(
  verb: string,
  name: string,
  requirement: string,
  value: unknown,
  advice?: string,
): RangeError {
  return new RangeError(messageOf(verb, name, requirement, value, advice));
}

/** Makes the error of an argument that is not one of the values of a type. */
export function wrongValue(
  type: "number" | "string",
  ...[verb, name, requirement, value, advice]: Parameters<typeof wrongType>
): Error {
  const isOfType = type === "number" ? typeof value === "number" : typeof value === "string";
  const make = isOfType ? outOfRange : wrongType;
  return make(verb, name, requirement, value, advice);
}

/**
 * Checks a function.
 *
 * @throws {TypeError} if `value` is not a function
 */
export function checkFunction(
  verb: string,
  name: string,
  value: unknown,
  advice: string = WITHOUT_CALLING,
): asserts value is (...args: never) => unknown {
  if (typeof value !== "function") throw wrongType(verb, name, "a function", value, advice);
}

/**
 * Checks an integer.
 *
 * @throws {TypeError} if `value` is not a number
 * @throws {RangeError} if it is not an integer from `min` to `max`
 */
export function checkInteger(
  verb: string,
  name: string,
  value: unknown,
  min = -Infinity,
  max = Infinity,
  advice?: string,
): asserts value is number {
  const number = value as number; // if it is an integer
  if (Number.isInteger(value) && number >= min && number <= max) return;
  throw wrongValue("number", verb, name, integersBetween(min, max), value, advice);
}

/** What {@linkcode checkInteger} requires. */
function integersBetween(min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return "an integer";
  if (max === Infinity) return `an integer of at least ${min}`;
  if (min === -Infinity) return `an integer up to ${textOf(max)}`;
  return `an integer from ${min} to ${textOf(max)}`;
}

/** Writes large limits as powers. */
function textOf(limit: number): string {
  for (const exponent of [20, 30, 31, 32, 53]) {
    if (limit === 2 ** exponent) return `2^${exponent}`;
    if (limit === 2 ** exponent - 1) return `2^${exponent} - 1`;
  }
  return String(limit);
}

/**
 * Checks a number.
 *
 * @param requirement what it must be, for the error message
 * @param accepts whether it takes the number, which is not NaN
 * @throws {TypeError} if `value` is not a number
 * @throws {RangeError} if it is NaN, or not accepted
 */
export function checkNumber(
  verb: string,
  name: string,
  value: unknown,
  requirement = "a number",
  accepts?: (value: number) => boolean,
  advice?: string,
): asserts value is number {
  const isNumber = typeof value === "number" && !Number.isNaN(value);
  if (isNumber && (accepts === undefined || accepts(value))) return;
  throw wrongValue("number", verb, name, requirement, value, advice);
}

/**
 * Checks a time.
 *
 * @throws {TypeError} if `value` is not a number
 * @throws {RangeError} if it is NaN
 */
export function checkMilliseconds(
  verb: string,
  name: string,
  value: unknown,
): asserts value is number {
  checkNumber(verb, name, value, "a number of milliseconds");
}

/**
 * Checks a string.
 *
 * @throws {TypeError} if `value` is not a string
 */
export function checkString(
  verb: string,
  name: string,
  value: unknown,
  advice?: string,
): asserts value is string {
  if (typeof value !== "string") throw wrongType(verb, name, "a string", value, advice);
}

/**
 * Checks a boolean.
 *
 * @throws {TypeError} if `value` is neither `true` nor `false`
 */
export function checkBoolean(
  verb: string,
  name: string,
  value: unknown,
): asserts value is boolean {
  if (typeof value !== "boolean") throw wrongType(verb, name, "a boolean", value);
}

/**
 * Checks a string that must not be empty.
 *
 * @throws {TypeError} if `value` is not a string
 * @throws {RangeError} if it is empty
 */
export function checkText(
  verb: string,
  name: string,
  value: unknown,
): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  throw wrongValue("string", verb, name, "a string that is not empty", value);
}

/**
 * Checks a string that is one of a few.
 *
 * @throws {TypeError} if `value` is not a string
 * @throws {RangeError} if it is another string
 */
export function checkOneOf(
  verb: string,
  name: string,
  value: unknown,
  strings: readonly string[],
  advice?: string,
): void {
  if (strings.includes(value as string)) return;
  const quoted = strings.map((it) => JSON.stringify(it));
  const last = quoted.pop();
  throw wrongValue("string", verb, name, `${quoted.join(", ")} or ${last}`, value, advice);
}

/**
 * Checks an iterable. A string is none, since that would be a mistake where a list is expected.
 *
 * @throws {TypeError} if `value` is not an iterable object
 */
export function checkIterable(
  verb: string,
  name: string,
  value: unknown,
  advice?: string,
): asserts value is Iterable<unknown> {
  if (isIterable(value)) return;
  throw wrongType(verb, name, "an array or another iterable", value, advice);
}

/** Whether a value is an iterable object. Never throws. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  return hasMethod(value, Symbol.iterator);
}

/** Whether a value is an iterator that can be iterated over, of either kind. Never throws. */
export function isIterator(
  value: unknown,
): value is IterableIterator<unknown> | AsyncIterableIterator<unknown> {
  return !isArray(value) && hasMethod(value, "next") &&
    (hasMethod(value, Symbol.iterator) || hasMethod(value, Symbol.asyncIterator));
}

/** As `Array.isArray`, but never throws. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false; // a Proxy that was revoked
  }
}

/** Whether a value is an object that has a method. Never throws. */
export function hasMethod(value: unknown, name: PropertyKey): value is object {
  try {
    return typeof value === "object" && value !== null &&
      typeof Reflect.get(value, name) === "function";
  } catch {
    return false; // a getter or the trap of a Proxy threw
  }
}

/**
 * Checks that the memory of a buffer, or of a view of one, is still there.
 *
 * @throws {TypeError} if it was transferred
 */
export function checkNotTransferred(verb: string, name: string, memory: unknown): void {
  const buffer = ArrayBuffer.isView(memory) ? memory.buffer : memory;
  if (!isInstance(buffer, ArrayBuffer) || !buffer.detached) return;
  throw new TypeError(`Cannot ${verb}: ${name} has been transferred. Copy it before the transfer`);
}

/** As `value instanceof type`, but never throws. */
export function isInstance<T>(
  value: unknown,
  // deno-lint-ignore no-explicit-any -- of any class
  type: abstract new (...args: any[]) => T,
): value is T {
  try {
    return value instanceof type;
  } catch {
    return false; // the trap of a Proxy threw
  }
}
