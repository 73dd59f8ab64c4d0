/**
 * Lists the examples, one a line: file, ids of the scenarios that it shows, and what it does. All
 * three come from the file, which begins with `/**` and ` * A6, A8: What it does. More …`. Files
 * that do not are parts of examples. How an example is run stands once too, in its help:
 * `deno run --allow-read examples/images/voxels_process.ts [--workers N]`.
 *
 * @module
 */
import { ROOT, sourceFiles } from "./source_files.ts";

/** A script that shows something and can be run alone. */
export interface Example {
  /** The file, from the root of the repository. */
  path: string;
  /** The file's name without `.ts`; no two examples have the same. */
  name: string;
  /** The scenarios that it shows. */
  ids: string[];
  /** What it does. */
  sentence: string;
  /** The flags of `deno run` that it needs. */
  permissions: string[];
}

/** The ids and the first sentence of an example's header, or undefined if it has none. */
export function headerOf(source: string): { ids: string; sentence: string } | undefined {
  const comment = source.match(/^\/\*\*(.*?)\*\//s)?.[1].replaceAll(/\s*\n\s*\* ?/g, " ").trim();
  const [, ids, sentence] = comment?.match(/^([A-Z]+\d+(?:, [A-Z]+\d+)*): (.+?\.)(?= |$)/s) ?? [];
  return ids === undefined ? undefined : { ids, sentence };
}

/** The flags between `deno run` and the path, where a help text shows how to run it. */
export function permissionsOf(path: string, help: string): string[] | undefined {
  for (const [, command] of help.matchAll(/^deno run (.*)$/gm)) {
    const words = command.split(" ");
    const at = words.indexOf(path);
    if (at !== -1) return words.slice(0, at);
  }
}

/**
 * All examples, by path.
 *
 * @throws {Error} when a script does not say which scenario it shows, or how it is run.
 */
export async function readExamples(): Promise<Example[]> {
  const paths = await sourceFiles("examples");
  const sources = await Promise.all(paths.map((path) => Deno.readTextFile(new URL(path, ROOT))));
  const everything = sources.join("\n");
  return paths.flatMap((path, at): Example[] => {
    const header = headerOf(sources[at]);
    if (header === undefined) {
      if (!sources[at].includes("import.meta.main")) return [];
      throw new Error(`${path} does not begin with a comment like "A6, A8: What it does."`);
    }
    const permissions = permissionsOf(path, everything);
    if (permissions === undefined) throw new Error(`no help text says "deno run … ${path}"`);
    const name = path.slice(path.lastIndexOf("/") + 1, -".ts".length);
    return [{ path, name, ids: header.ids.split(", "), sentence: header.sentence, permissions }];
  });
}

if (import.meta.main) {
  const rows = (await readExamples()).map(({ path, ids, sentence }) => [
    path.slice("examples/".length),
    ids.join(", "),
    sentence,
  ]);
  const [wide, narrow] = [0, 1].map((at) => Math.max(0, ...rows.map((row) => row[at].length)));
  for (const [path, ids, sentence] of rows) {
    console.log(`${path.padEnd(wide)}  ${ids.padEnd(narrow)}  ${sentence}`);
  }
}
