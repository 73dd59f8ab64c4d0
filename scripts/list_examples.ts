/**
 * Lists the examples, one per line: the file, the ids of its scenarios, and what it shows. All three come
 * from the file, which begins with `/**` and ` * A6, A8: What it shows. More …`. Files that do not are
 * parts of examples. The command that runs an example is in its help:
 * `deno run --allow-read examples/images/voxels_process.ts [--workers N]`.
 *
 * @module
 */
import { ROOT, sourceFiles } from "./source_files.ts";

/** A script that shows a scenario and runs alone. */
export interface Example {
  /** The file, from the root of the repository. */
  path: string;
  /** The file's name without `.ts`, which is unique. */
  name: string;
  /** The ids of its scenarios. */
  ids: string[];
  /** What it shows. */
  sentence: string;
  /** The flags of `deno run` that it needs. */
  permissions: string[];
}

/** Returns the ids and the first sentence of an example's header, or undefined if it has none. */
export function headerOf(source: string): { ids: string; sentence: string } | undefined {
  const comment = source.match(/^\/\*\*(.*?)\*\//s)?.[1].replaceAll(/\s*\n\s*\* ?/g, " ").trim();
  const [, ids, sentence] = comment?.match(/^([A-Z]+\d+(?:, [A-Z]+\d+)*): (.+?\.)(?= |$)/s) ?? [];
  return ids === undefined ? undefined : { ids, sentence };
}

/** Returns the flags between `deno run` and the path in a help text, or undefined if there is no such line. */
export function permissionsOf(path: string, help: string): string[] | undefined {
  for (const [, command] of help.matchAll(/^deno run (.*)$/gm)) {
    const words = command.split(" ");
    const at = words.indexOf(path);
    if (at !== -1) return words.slice(0, at);
  }
  return undefined;
}

/**
 * Reads all examples, sorted by path.
 *
 * @throws {Error} if a script does not name its scenario, or the command that runs it
 */
export async function readExamples(): Promise<Example[]> {
  const paths = await sourceFiles("examples");
  const sources = await Promise.all(paths.map((path) => Deno.readTextFile(new URL(path, ROOT))));
  const everything = sources.join("\n");
  return paths.flatMap((path, at): Example[] => {
    const header = headerOf(sources[at]);
    if (header === undefined) {
      if (!sources[at].includes("import.meta.main")) return [];
      throw new Error(`${path} does not begin with a comment like "A6, A8: What it shows."`);
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
