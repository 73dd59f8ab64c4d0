/**
 * Functions and classes that are declared in a cell of a notebook or at a REPL, where no module can
 * register them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { runCells } from "../../scripts/notebook.ts";
import { ROOT } from "../../scripts/source_files.ts";

const IMPORT = 'import { Pool, Process, tasksOf } from "@sauropod/multiprocessing";';

/** Returns the lines that the cells print. */
async function outputOf(...cells: string[]): Promise<string[]> {
  const how = { stdout: "piped", signal: AbortSignal.timeout(120_000) } as const;
  const { stdout } = await runCells([IMPORT, ...cells], ROOT, how);
  return stdout.split("\n").filter((line) => line !== "" && !line.startsWith("--- cell"));
}

Deno.test("functionAddress() sends functions of a cell as source, and built-ins by their path", async () => {
  const lines = await outputOf(
    "function square(x: number): number { return x * x; }\n" +
      "async function cube(x: number): Promise<number> { return await Promise.resolve(x ** 3); }\n" +
      "var next = (x: number) => x + 1;\n" +
      "const last = (x: number) => x - 1;",
    "await using pool = new Pool(1);\n" +
      "for (const fn of [square, cube, next, last, Math.sqrt, structuredClone]) {\n" +
      "  console.log(await pool.apply(fn as (x: number) => unknown, [4]));\n" +
      "}",
  );
  assertEquals(lines, ["16", "64", "5", "3", "2", "4"]);
});

Deno.test("Process and tasksOf() reject what a cell cannot register, and say what to do", async () => {
  const attempts = [
    "new Mine().start()",
    "new Process({ target: Mine as never }).start()",
    'tasksOf("./mine.ts")',
  ];
  const lines = await outputOf(
    "class Mine extends Process { override run() {} }",
    ...attempts.map((code) => `try { ${code} } catch (error) { console.log(error.message); }`),
  );
  const register = "task(import.meta, Mine) at the top level of its module. " +
    "A cell of a notebook or a line of a REPL is not a module: " +
    "write Mine into a file, and import it from there";
  assertEquals(lines, [
    `Cannot start process Mine-1: register its class with ${register}`,
    `Cannot send target: the class Mine cannot be sent unregistered: write ${register}`,
    'Cannot make tasks: url must be an absolute URL, not "./mine.ts". ' +
    'Use new URL("./mine.ts", Deno.mainModule)',
  ]);
});

Deno.test("tasksOf() and import resolve from the folder of the notebook", async () => {
  const folder = "./tests/fixtures/functions";
  const lines = await outputOf(
    `import { shift } from "${folder}/tasks.ts";`,
    `const { double } = tasksOf(new URL("${folder}/plain.ts", Deno.mainModule));`,
    "await using pool = new Pool(1);",
    "console.log(await pool.map(shift, [1, 2]));",
    "console.log(await pool.map(double, [1, 2]));",
  );
  assertEquals(lines, ["[ 101, 102 ]", "[ 2, 4 ]"]);
});
