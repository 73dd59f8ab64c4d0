/**
 * What the command lines of the examples have in common: `--help`, `--quick`, strict options, and a
 * mistake of the caller's answered by one line and exit code 2.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";

/** What the caller gave cannot be used. The message is one line and says what and why. */
export class BadInputError extends Error {
  override name = "BadInputError";
}

/** The names of the options that an example takes, besides `--help` and `--quick`. */
export interface OptionNames<V extends string, F extends string> {
  /** Options that take a value, as text. */
  values?: readonly V[];
  /** Options that are there or not. */
  flags?: readonly F[];
}

/** What {@linkcode readOptions} found. */
export type Options<V extends string, F extends string> =
  & { [name in V]: string | undefined }
  & { [name in F]: boolean }
  & { quick: boolean };

/**
 * Reads `Deno.args`. `--help` prints the text and ends the program. `--quick` is always among the
 * flags; an example that takes but a moment does the same with it.
 *
 * @throws {BadInputError} for an option that is unknown or lacks its value, and for anything else
 * that is not an option.
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
 * The whole number that an option gives.
 *
 * @throws {BadInputError} when the text is anything but digits, or the number is not within
 * `least..most`.
 */
export function wholeNumber(
  name: string,
  text: string | undefined,
  fallback: number,
  { least = 1, most = Number.MAX_SAFE_INTEGER }: { least?: number; most?: number } = {},
): number {
  if (text === undefined) return fallback;
  const number = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw new BadInputError(`--${name} must be a whole number ${range}, not "${text}"`);
}

/** Runs an example: a {@linkcode BadInputError} becomes one line on stderr and exit code 2. */
export async function runExample(name: string, main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    console.error(`${name}: ${error.message.replaceAll(/\s*\n\s*/g, " ")}`);
    Deno.exit(2);
  }
}

/** The seconds that `work` takes, and what it returns. */
export async function timed<T>(
  work: () => T | Promise<T>,
): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}
