/**
 * Runs an example by the id of a scenario or by its name, with the permissions of its help:
 * `deno task example A6 --quick`. The arguments after the first are the example's.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Example, readExamples } from "./list_examples.ts";
import { ROOT } from "./source_files.ts";

/**
 * Returns the examples of this name or scenario. Those that name the scenario first come first, and among
 * these, those with fewer other scenarios.
 */
export function matching(examples: Example[], wanted: string): Example[] {
  const named = examples.filter(({ name }) => name === wanted);
  if (named.length > 0) return named;
  const id = wanted.toUpperCase();
  return examples.filter(({ ids }) => ids.includes(id))
    .sort((a, b) => a.ids.indexOf(id) - b.ids.indexOf(id) || a.ids.length - b.ids.length);
}

if (import.meta.main) {
  const [wanted = "", ...args] = Deno.args;
  const examples = await readExamples();
  const [first, ...others] = matching(examples, wanted);
  if (first === undefined) {
    console.error(wanted === "" ? "Which example?" : `No example shows "${wanted}".`);
    console.error("deno task example ID|NAME [OPTIONS], where ID and NAME are one of:");
    const lines = examples.map(({ name, ids, sentence }) =>
      `${ids.join(", ")}: ${name}: ${sentence}`
    );
    for (const line of lines.sort((a, b) => a.localeCompare(b, "en", { numeric: true }))) {
      console.error(`  ${line}`);
    }
    Deno.exit(2);
  }
  if (others.length > 0) {
    const names = others.map(({ name }) => name).join(", ");
    console.error(`Running ${first.name}; ${wanted} is also shown by ${names}.`);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...first.permissions, fileURLToPath(new URL(first.path, ROOT)), ...args],
    // The caller's directory: a task runs at the root.
    cwd: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
  }).spawn();
  Deno.exit((await child.status).code);
}
