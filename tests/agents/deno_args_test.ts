import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../scripts/source_files.ts";
import { runProgram } from "../fixtures/programs.ts";
import { test } from "../fixtures/guarded.ts";

const HINT = "A process does not have --config, --import-map and other arguments of the program: " +
  'give it those that it needs, as in denoArgs: ["--config=deno.json"]';

const flags = ["--allow-run", "--allow-env"];

/** The errors of calls of a task in a process: with other arguments of Deno, and in a worker. */
const calls = (denoArgs: string[]) => `
  import { Pool, Process, task } from "@sauropod/multiprocessing";
  const increment = task(import.meta, (x) => x + 1);
  const unknown = import.meta.main ? task(import.meta, (x) => x + 2) : undefined;
  if (import.meta.main) {
    const denoArgs = ${JSON.stringify(denoArgs)};
    await using pool = new Pool({ processes: 1, startMethod: "process", denoArgs });
    await using workers = new Pool(1);
    const results = [];
    for (const call of [
      () => pool.apply(increment, [1]),
      () => pool.apply(unknown, [1]),
      () => workers.apply(unknown, [1]),
    ]) {
      results.push(await call().catch((error) => error.name + ": " + error.message));
    }
    console.log(JSON.stringify(results));
  }
`;

test("a process that cannot import by a name of the program's configuration is told of denoArgs", async () => {
  const { stdout } = await runProgram(calls([]), { flags });
  const [known] = JSON.parse(stdout);
  assertStringIncludes(known, "TaskLookupError: Cannot import file:");
  assertStringIncludes(known, 'Import "@sauropod/multiprocessing" not a dependency');
  assertEquals(known.split("\n").at(-1), HINT);
});

test("a process that is given the configuration by denoArgs imports by its names", async () => {
  const config = `--config=${fileURLToPath(new URL("deno.json", ROOT))}`;
  const { stdout } = await runProgram(calls([config]), { flags });
  const [known, unknown, inWorker] = JSON.parse(stdout);
  assertEquals(known, 2);
  assertStringIncludes(unknown, "did not register it, or registered another");
  assertStringIncludes(unknown, HINT);
  assertEquals(inWorker.includes("denoArgs"), false);
});
