import { assertEquals, assertMatch } from "@std/assert";
import { matching } from "../../scripts/example.ts";
import { type Example, readExamples } from "../../scripts/list_examples.ts";
import { linesOf, type Outcome, ROOT, runExample } from "./run_example.ts";

/** Runs `deno task example` with the arguments. */
async function runTask(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "example", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, lines: linesOf(stdout), errors: linesOf(stderr) };
}

Deno.test("every example prints how to run it, and rejects an unknown option", async () => {
  for (const { name, path, permissions } of await readExamples()) {
    const help = await runExample(name, "--help");
    assertEquals([help.code, help.errors], [0, []], name);
    const command = ["deno", "run", ...permissions, path].join(" ");
    assertEquals(help.lines.some((line) => line.startsWith(command)), true, name);
    const { code, lines, errors } = await runExample(name, "--nonsense");
    assertEquals([code, lines], [2, []], name);
    assertEquals(errors, [`${name}: unknown option "--nonsense"`]);
  }
});

Deno.test("matching() sorts by how early and how exclusively an example names the scenario", () => {
  const example = (name: string, ...ids: string[]): Example => (
    { name, ids, path: "", sentence: "", permissions: [] }
  );
  const all = [example("all", "A6", "A8"), example("late", "A1", "A6"), example("only", "A6")];
  const names = (wanted: string) => matching(all, wanted).map(({ name }) => name);
  assertEquals(names("A6"), ["only", "all", "late"]);
  assertEquals(names("a8"), ["all"]);
  assertEquals(names("late"), ["late"]);
  assertEquals(names("A7"), []);
  assertEquals(names(""), []);
});

Deno.test("deno task example runs the example of a scenario, and forwards options and exit code", async () => {
  assertEquals(await runTask("D2", "--to", "eve"), { code: 0, lines: ["hello eve"], errors: [] });
  const rejected = { code: 2, lines: [], errors: ['hello: unknown option "--nonsense"'] };
  assertEquals(await runTask("hello", "--nonsense"), rejected);
});

Deno.test("deno task example names the other examples of the scenario", async () => {
  const { code, errors } = await runTask("D5", "--help");
  assertEquals(code, 0);
  assertEquals(errors, ["Running pipe; D5 is also shown by wait_for_several."]);
});

Deno.test("deno task example lists all examples if it does not find the example", async () => {
  const { code, lines, errors } = await runTask("Z9");
  assertEquals([code, lines], [2, []]);
  assertMatch(errors[0], /^No example shows "Z9"\.$/);
  const listed = (await readExamples()).every(({ ids, name }) =>
    errors.some((line) => line.startsWith(`  ${ids.join(", ")}: ${name}: `))
  );
  assertEquals(listed, true);
});
