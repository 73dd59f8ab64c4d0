/**
 * The options of the scripts that try things at random.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

/** The options of a script, by name. */
export type ScriptOptions<Text extends string, Flag extends string> =
  & { readonly [Name in Text]?: string | undefined }
  & { readonly [Name in Flag]: boolean };

/**
 * Returns the options that the script was given.
 *
 * Prints `usage` and ends the program if they are asked for by `--help`, or if there is one that the script
 * does not have.
 */
export function readScriptOptions<Text extends string, Flag extends string = never>(
  usage: string,
  texts: readonly Text[],
  flags: readonly Flag[] = [],
): ScriptOptions<Text, Flag> {
  const options = parseArgs(Deno.args, {
    string: [...texts] as string[],
    boolean: ["help", ...flags] as string[],
    unknown(option) {
      console.error(`Unknown option: ${option}\n${usage}`);
      Deno.exit(2);
    },
  });
  if (options.help) {
    console.log(usage);
    Deno.exit(0);
  }
  return options as unknown as ScriptOptions<Text, Flag>;
}
