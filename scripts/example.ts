/**
 * Runs an example by the id of its scenario or by its name, with the permissions that its help names:
 * `deno task example A6 --quick`. Arguments after the first are the example's.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Example, readExamples } from "./list_examples.ts";
import { ROOT } from "./source_files.ts";

/**
 * The examples that go by the name, or show the scenario: first those that name it first, and of
 * these, those that show little else.
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
    console.error(`Running ${first.name}; ${wanted} is shown by ${names} as well.`);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...first.permissions, fileURLToPath(new URL(first.path, ROOT)), ...args],
    // Where the caller is: a task itself runs at the root.
    cwd: Deno.env.get("INIT_CWD"),
  }).spawn();
  Deno.exit((await child.status).code);
}
