/**
 * Checks of options and arguments, made by the call that takes them.
 *
 * An option with an unknown name would have no effect, and the caller would not notice.
 *
 * @module
 */

import { describe } from "./describe.ts";
import {
  checkFunction,
  checkInteger,
  checkMilliseconds,
  isArray,
  isInstance,
  outOfRange,
  wrongType,
} from "./values.ts";

/**
 * The names of all options of `T`, in the order in which an error lists them. The value is the type that
 * the option must have, or `true` if the caller checks that. An option named `signal` must be an
 * `AbortSignal`, and one named `timeoutMs` a number.
 */
export type OptionNames<T> = Readonly<Record<keyof T, OptionType>>;

type OptionType = true | keyof typeof requirements;

/** The types of options, as errors say it. */
const requirements = {
  function: "a function",
  boolean: "a boolean",
  string: "a string",
} as const;

/** Whether a value can be an object of options. Never throws. */
export function isOptionsObject(value: unknown): value is object {
  try {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false; // a Proxy that was revoked
  }
}

/**
 * Checks the names of options, and the types that `names` states.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @param advise returns what to write instead of an unknown option; `undefined` if it has no advice
 * @throws {TypeError} if `options` is neither `undefined` nor an object, has an unknown name, or has
 * a value of the wrong type
 * @throws {RangeError} if `timeoutMs` is NaN
 */
export function checkOptions<T extends object>(
  verb: string,
  options: T | undefined,
  names: OptionNames<NoInfer<T>>,
  advise?: (name: string) => string | undefined,
): void {
  if (options === undefined) return;
  if (!isOptionsObject(options)) {
    throw new TypeError(
      `Cannot ${verb}: options must be an object, such as { ${Object.keys(names)[0]}: … }, not ${
        describe(options)
      }`,
    );
  }
  for (const name in options) { // waits come here: this is faster than Object.keys
    if (Object.hasOwn(names, name) || !Object.hasOwn(options, name)) continue;
    const known = Object.keys(names);
    const advice = spelling(name, known) ?? advise?.(name);
    throw new TypeError(
      `Cannot ${verb}: there is no option ${name}. There ${known.length === 1 ? "is" : "are"} ${
        known.join(", ")
      }${advice === undefined ? "" : `. ${advice}`}`,
    );
  }
  for (const name in names) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined) continue;
    if (name === "signal") checkSignal(verb, value);
    if (name === "timeoutMs") checkMilliseconds(verb, "options.timeoutMs", value);
    const type: OptionType = names[name as keyof T];
    if (type === true || typeof value === type) continue;
    const advice = type === "function" ? `Write ${name}: fn, without calling it` : undefined;
    throw wrongType(verb, `options.${name}`, requirements[type], value, advice);
  }
}

/**
 * Checks an option that is a signal.
 *
 * @throws {TypeError} if `signal` is not an `AbortSignal`
 */
export function checkSignal(verb: string, signal: unknown): asserts signal is AbortSignal {
  if (isInstance(signal, AbortSignal)) return;
  const advice = "Write signal: controller.signal, or AbortSignal.timeout(ms)";
  throw wrongType(verb, "options.signal", "an AbortSignal", signal, advice);
}

/** Returns advice for an option that is written as in Python, or with another capitalization. */
function spelling(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase();
  if (/^(timeout(s|seconds?)?|ms)$/.test(plain(name)) && known.includes("timeoutMs")) {
    return "Write timeoutMs, in milliseconds";
  }
  if (/^kw(arg)?s$|^kwds$/.test(name)) {
    return `Functions here have no keyword arguments. Put the values into ${
      known.includes("args") ? "args" : "the arguments"
    }, for instance as an object`;
  }
  const meant = known.find((candidate) => plain(candidate) === plain(name));
  return meant && `Write ${meant}`;
}

/** Returns advice for a time-out option, for calls that take a signal instead. */
export function adviseSignal(name: string): string | undefined {
  if (!/^timeout/i.test(name)) return;
  return "For a time limit write signal: AbortSignal.timeout(ms)";
}

/**
 * Checks an option that is a list of arguments.
 *
 * @param example how one argument is written, for the error message
 * @throws {TypeError} if `args` is not an array
 */
export function checkArguments(
  verb: string,
  name: string,
  args: unknown,
  example = `${name}: [x]`,
): void {
  if (isArray(args)) return;
  throw wrongType(verb, name, "an array", args, `For one argument write ${example}`);
}

/**
 * Checks an option that is an array of strings.
 *
 * @throws {TypeError} if it is not
 */
export function checkStrings(verb: string, name: string, values: unknown): void {
  if (!isArray(values)) throw wrongType(verb, name, "an array of strings", values);
  values.forEach((value, at) => {
    if (typeof value !== "string") throw wrongType(verb, `${name}[${at}]`, "a string", value);
  });
}

/**
 * Checks the number of arguments of a constructor.
 *
 * @param max the number of its parameters
 * @param advice what to write instead, for the error message
 * @throws {TypeError} if there are more arguments than parameters
 */
export function checkArity(
  verb: string,
  args: ArrayLike<unknown>,
  max: 0 | 1 | 2,
  advice?: string,
): void {
  if (args.length <= max) return;
  const taken = [
    "no argument, but was given",
    "one argument, but was given a second,",
    "two arguments, but was given a third,",
  ];
  throw new TypeError(
    `Cannot ${verb}: it takes ${taken[max]} ${describe(args[max])}${
      advice === undefined ? "" : `. ${advice}`
    }`,
  );
}

/**
 * Checks a count.
 *
 * @throws {TypeError} if `value` is not a number
 * @throws {RangeError} if it is not an integer of at least 1
 */
export function checkPositiveInteger(verb: string, name: string, value: unknown): void {
  checkInteger(verb, name, value, 1);
}

/**
 * Checks a time limit.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is not greater than 0, or NaN
 */
export function checkTimeLimit(verb: string, name: string, value: unknown): void {
  checkMilliseconds(verb, name, value);
  if (value > 0) return;
  throw outOfRange(verb, name, "greater than 0", value, "Leave it out for no limit");
}

/** Options with a function to run, and its arguments. */
interface TargetOptions {
  target?: unknown;
  args?: unknown;
}

/**
 * Checks a function to run and its arguments.
 *
 * @param needsTarget whether an explicit `target: undefined` is an error
 * @throws {TypeError} if `target` is not a function, or `args` is not an array
 */
export function checkTarget(verb: string, options: TargetOptions, needsTarget: boolean): void {
  const { target, args = [] } = options;
  const isOmitted = target === undefined && !(needsTarget && Object.hasOwn(options, "target"));
  if (!isOmitted) checkFunction(verb, "target", target, "Write target: fn, without calling it");
  checkArguments(verb, "args", args);
}
