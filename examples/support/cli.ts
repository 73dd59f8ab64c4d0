/**
 * The command line that all examples share: `--help`, `--quick`, strict options, and for wrong input
 * one line on stderr and exit code 2.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";

/** Thrown for wrong input of the user. The message is one line that says what is wrong. */
export class BadInputError extends Error {
  override name = "BadInputError";
}

/** The names of the options of an example, besides `--help` and `--quick`. */
export interface OptionNames<V extends string, F extends string> {
  /** Options that take a value, as text. */
  values?: readonly V[];
  /** Options without a value. */
  flags?: readonly F[];
}

/** The options that {@linkcode readOptions} read. */
export type Options<V extends string, F extends string> =
  & { [name in V]: string | undefined }
  & { [name in F]: boolean }
  & { quick: boolean };

/**
 * Reads `Deno.args`. `--help` prints the text and ends the program. Every example accepts `--quick`;
 * one that takes only a moment ignores it.
 *
 * @throws {BadInputError} if an option is unknown or lacks its value, or an argument is not an option
 */
export function readOptions<V extends string = never, F extends string = never>(
  help: string,
  { values = [], flags = [] }: OptionNames<V, F> = {},
  args: readonly string[] = Deno.args,
): Options<V, F> {
  const parsed: Record<string, unknown> = parseArgs(joinNegative(args, values), {
    string: [...values],
    boolean: ["help", "quick", ...flags],
    unknown: (arg) => {
      throw new BadInputError(`unknown ${arg.startsWith("-") ? "option" : "argument"} "${arg}"`);
    },
  });
  if (parsed.help) {
    console.log(help.trim());
    Deno.exit(0);
  }
  const missing = values.find((name) => parsed[name] === "");
  if (missing !== undefined) throw new BadInputError(`option --${missing} needs a value`);
  return parsed as Options<V, F>;
}

/** Makes `--size -3` an option with a value rather than two options. */
function joinNegative(args: readonly string[], values: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    const isValue = /^-[0-9.]/.test(arg) && values.some((name) => last === `--${name}`);
    if (isValue) joined[joined.length - 1] = `${last}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/**
 * Returns the integer value of an option, or `fallback` if the option is missing.
 *
 * @throws {BadInputError} if the text has other characters than digits, or the number is not within
 * `min..max`
 */
export function readInteger(
  name: string,
  text: string | undefined,
  fallback: number,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number {
  if (text === undefined) return fallback;
  const number = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new BadInputError(`--${name} must be an integer ${range}, not "${text}"`);
}

/** Runs an example. A {@linkcode BadInputError} becomes one line on stderr and exit code 2. */
export async function runExample(name: string, main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    console.error(`${name}: ${error.message.replaceAll(/\s*\n\s*/g, " ")}`);
    Deno.exit(2);
  }
}

/** Measures the seconds that `work` takes, and returns them with its result. */
export async function timed<T>(
  work: () => T | Promise<T>,
): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}
