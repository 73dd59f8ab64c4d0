/**
 * Lists the examples, one a line: file, ids of the scenarios that it shows, and what it does. All
 * three come from the file, which begins with `/**` and ` * A6, A8: What it does. More …`. Files
 * that do not are parts of examples, unless they ask for `import.meta.main`: then the header is
 * missing, which the exit code tells.
 *
 * @module
 */
import { ROOT, sourceFiles } from "./source_files.ts";

/** The ids and the first sentence of an example's header, or undefined if it has none. */
export function headerOf(source: string): { ids: string; sentence: string } | undefined {
  const comment = source.match(/^\/\*\*(.*?)\*\//s)?.[1].replaceAll(/\s*\n\s*\* ?/g, " ").trim();
  const [, ids, sentence] = comment?.match(/^([A-Z]+\d+(?:, [A-Z]+\d+)*): (.+?\.)(?= |$)/s) ?? [];
  return ids === undefined ? undefined : { ids, sentence };
}

if (import.meta.main) {
  const rows: { path: string; ids: string; sentence: string }[] = [];
  for (const path of await sourceFiles("examples")) {
    const source = await Deno.readTextFile(new URL(path, ROOT));
    const header = headerOf(source);
    if (header) rows.push({ path, ...header });
    else if (source.includes("import.meta.main")) {
      console.error(`${path} does not begin with a comment like "A6, A8: What it does."`);
      Deno.exitCode = 1;
    }
  }
  const wide = Math.max(0, ...rows.map(({ path }) => path.length));
  const narrow = Math.max(0, ...rows.map(({ ids }) => ids.length));
  for (const { path, ids, sentence } of rows) {
    console.log(`${path.padEnd(wide)}  ${ids.padEnd(narrow)}  ${sentence}`);
  }
}
