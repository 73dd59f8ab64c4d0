/**
 * The part of JSR's `@std/cli/parse-args` that this repository uses, over minimist, from which the
 * original descends. Where the two differ (a repeated option, `--no-…`, aliases of booleans, lists)
 * this does what the original does. Not offered: `boolean: true`, `stopEarly`, `collect` of what
 * `string` does not name, and the second and third argument of `unknown`.
 *
 * @module
 */
// @ts-types="@types/minimist"
import minimist from "minimist";

/** Options of {@linkcode parseArgs}: `B`, `S`, `C`, `N` are the names that each option lists. */
export interface ParseOptions<
  B extends string = string,
  S extends string = string,
  C extends S = S,
  N extends B | S = B | S,
  D extends Record<string, unknown> = Record<string, unknown>,
  T extends boolean = boolean,
> {
  /** Names that take no value. False when not given. */
  boolean?: B | readonly B[];
  /** Names whose value stays a string even when it looks like a number. */
  string?: S | readonly S[];
  /** Names that gather every value into an array. Empty when not given. */
  collect?: C | readonly C[];
  /** Names for which `--no-<name>` means false. */
  negatable?: N | readonly N[];
  /** Values of what is not given. */
  default?: D;
  /** Other names of a name. */
  alias?: Record<string, string | readonly string[]>;
  /** Called with each argument that no option declares; false keeps it out of the result. */
  unknown?: (arg: string) => unknown;
  /** Put what follows `--` in `["--"]` instead of `_`. */
  "--"?: T;
}

/** The value that an option has when it is not given. */
type Otherwise<D, K, V> = K extends keyof D ? D[K] : V;

/** What {@linkcode parseArgs} returns: typed when names were declared, otherwise not. */
export type Args<
  B extends string = never,
  S extends string = never,
  C extends S = never,
  N extends B | S = never,
  D = unknown,
  T extends boolean = false,
> =
  & ([B | S] extends [never]
    // deno-lint-ignore no-explicit-any
    ? { [name: string]: any; _: (string | number)[] }
    :
      & { [name: string]: unknown }
      & { _: (string | number)[] }
      & { [K in B]: boolean | Otherwise<D, K, boolean> }
      & {
        [K in Exclude<S, C>]: string | (K extends N ? false : never) | Otherwise<D, K, undefined>;
      }
      & { [K in C]: string[] | Otherwise<D, K, never> })
  & (T extends true ? { "--": string[] } : unknown);

/**
 * Reads command line arguments. Options begin with `-` or `--` and take the next argument as their
 * value, or what follows `=`; the rest is in `_`. What looks like a number is one, unless `string`
 * names it. Of an option given twice the last counts, unless `collect` names it.
 */
export function parseArgs<
  B extends string = never,
  S extends string = never,
  C extends S = never,
  N extends B | S = never,
  D extends Record<string, unknown> = Record<never, never>,
  T extends boolean = false,
>(args: string[], options: ParseOptions<B, S, C, N, D, T> = {}): Args<B, S, C, N, D, T> {
  const namesOf = synonyms(options.alias ?? {});
  const listed = (names: string | readonly string[] = []) => [names].flat().flatMap(namesOf);
  const collected = new Set(listed(options.collect));
  const defaults = Object.entries(options.default ?? {})
    .flatMap(([name, value]) => namesOf(name).map((same) => [same, value] as const));
  const { unknown = () => true } = options;

  const parsed: Record<string, unknown> = minimist(
    hideNegations(args, new Set(listed(options.negatable))),
    {
      boolean: listed(options.boolean),
      string: listed(options.string),
      alias: options.alias as Record<string, string | string[]>,
      default: Object.fromEntries(defaults.filter(([name]) => !collected.has(name))),
      unknown: (arg) => unknown(arg.replace(HIDDEN, "")) !== false,
      "--": options["--"],
    },
  );

  const otherwise: Record<string, unknown> = Object.fromEntries(defaults);
  const result: Record<string, unknown> = {};
  for (const name of collected) result[name] = otherwise[name] ?? [];
  for (const [key, value] of Object.entries(parsed)) {
    const name = key.replace(HIDDEN, "");
    if (collected.has(name)) result[name] = [value].flat();
    else if (!Array.isArray(value) || value === otherwise[name]) result[name] = value;
    else result[name] = ["_", "--"].includes(name) ? value : value.at(-1);
  }
  return result as Args<B, S, C, N, D, T>;
}

/** Gives each name the list of all its names, itself first. */
function synonyms(alias: Record<string, string | readonly string[]>) {
  const groups = Object.entries(alias).map(([name, others]) => [name, ...[others].flat()]);
  const others = (name: string) => groups.filter((group) => group.includes(name)).flat();
  return (name: string): string[] => [...new Set([name, ...others(name)])];
}

/** Before a name that minimist must not take for a negation. No argument can contain it. */
const HIDDEN = "\0";

/** minimist negates every `--no-x`; the original only those that `negatable` names. */
function hideNegations(args: readonly string[], negatable: Set<string>): string[] {
  const end = args.indexOf("--");
  return args.map((arg, i) => {
    const isOption = arg.startsWith("--no-") && (end === -1 || i < end);
    return isOption && !negatable.has(arg.slice("--no-".length))
      ? `--${HIDDEN}${arg.slice(2)}`
      : arg;
  });
}
