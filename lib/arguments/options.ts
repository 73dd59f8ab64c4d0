/**
 * Objects of options, checked where they are given: a name that does not exist would have no effect,
 * and nobody would know.
 *
 * @module
 */

import { describe } from "./describe.ts";

/**
 * The names of the options `T`, all and no other, in the order in which an error lists them, and which
 * of them are functions. One that is called `signal` is an `AbortSignal`.
 */
export type OptionNames<T> = Readonly<Record<keyof T, true | "function">>;

/** Whether it is what options are given as. */
export function isOptionsObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Checks that all options exist, and that functions and signals are what they should be.
 *
 * @param verb what cannot be done with others
 * @param advise what to do instead of giving an option of this name, if there is something to say
 * @throws {TypeError} if `options` is neither `undefined` nor an object, or has an unknown name, or
 * something else where a function or a signal should be
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
    if (names[name as keyof T] === "function" && typeof value !== "function") {
      throw new TypeError(
        `Cannot ${verb}: options.${name} must be a function, not ${describe(value)}. ` +
          `Write ${name}: fn, without calling it`,
      );
    }
  }
}

/**
 * Checks the signal that was given as an option.
 *
 * @throws {TypeError} if it is none
 */
export function checkSignal(verb: string, signal: unknown): asserts signal is AbortSignal {
  if (signal instanceof AbortSignal) return;
  throw new TypeError(
    `Cannot ${verb}: options.signal must be an AbortSignal, not ${describe(signal)}. ` +
      "Write signal: controller.signal, or AbortSignal.timeout(ms)",
  );
}

/** What says to write the known name that is meant: Python's, or one in other letters. */
function spelling(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.replaceAll("_", "").toLowerCase();
  if (/^(timeout(s|seconds?)?|ms)$/.test(plain(name)) && known.includes("timeoutMs")) {
    return "Write timeoutMs, in milliseconds";
  }
  const meant = known.find((one) => plain(one) === plain(name));
  return meant && `Write ${meant}`;
}

/** What to do about an option for the time: these calls end by a signal instead. */
export function adviseSignal(name: string): string | undefined {
  if (!/^timeout/i.test(name)) return;
  return "For a time limit write signal: AbortSignal.timeout(ms)";
}

/**
 * Checks the arguments that a function is to be called with.
 *
 * @param example how one argument is written
 * @throws {TypeError} if they are no array
 */
export function checkArguments(
  verb: string,
  name: string,
  args: unknown,
  example = `${name}: [x]`,
): void {
  if (Array.isArray(args)) return;
  throw new TypeError(
    `Cannot ${verb}: ${name} must be an array. For one argument write ${example}`,
  );
}

/**
 * Checks that a constructor was not given more than it has parameters.
 *
 * @param most how many those are
 * @param advice what to do instead, if there is something to say
 * @throws {TypeError} if there are more arguments
 */
export function checkArity(
  verb: string,
  args: ArrayLike<unknown>,
  most: 0 | 1 | 2,
  advice?: string,
): void {
  if (args.length <= most) return;
  const taken = [
    "no argument, but was given",
    "one argument, but was given a second,",
    "two arguments, but was given a third,",
  ];
  throw new TypeError(
    `Cannot ${verb}: it takes ${taken[most]} ${describe(args[most])}${
      advice === undefined ? "" : `. ${advice}`
    }`,
  );
}

/**
 * Checks a count.
 *
 * @throws {RangeError} if `value` is not an integer of at least 1
 */
export function checkPositiveInteger(verb: string, name: string, value: unknown): void {
  if (Number.isInteger(value) && value as number >= 1) return;
  throw new RangeError(
    `Cannot ${verb}: ${name} must be an integer of at least 1, not ${describe(value)}`,
  );
}

/** What a process or a thread is to run. */
interface TargetOptions {
  target?: unknown;
  args?: unknown;
}

/**
 * Checks what a process or a thread is to run.
 *
 * @param needsTarget whether a target that is given, but `undefined`, is a mistake: it runs nothing else
 * @throws {TypeError} if `target` is not a function, or `args` no array
 */
export function checkTarget(verb: string, options: TargetOptions, needsTarget: boolean): void {
  const { target, args = [] } = options;
  const isLeftOut = target === undefined && !(needsTarget && Object.hasOwn(options, "target"));
  if (!isLeftOut && typeof target !== "function") {
    throw new TypeError(
      `Cannot ${verb}: target must be a function, not ${
        target === null ? "null" : typeof target
      }. ` +
        "Write target: fn, without calling it",
    );
  }
  checkArguments(verb, "args", args);
}
