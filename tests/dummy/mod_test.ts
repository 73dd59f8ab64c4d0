import { assertEquals } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

/** What is said of a worker that was not quick enough to end by itself when it was killed. */
const ABANDONED = /^A terminated worker is still computing.*\n/;

Deno.test("./dummy runs a program as the package does, after a change of the import", async () => {
  const url = new URL("../fixtures/either_way.ts", import.meta.url);
  const program = await Deno.readTextFile(url);
  const changed = program.replace(
    '"@sauropod/multiprocessing"',
    '"@sauropod/multiprocessing/dummy"',
  );
  const [onWorkers, onThreads] = [
    await runProgram(program),
    await runProgram(changed, { check: true }),
  ];
  onWorkers.stderr = onWorkers.stderr.replace(ABANDONED, "");
  assertEquals(onThreads, onWorkers);
  assertEquals([onWorkers.code, onWorkers.stderr], [0, ""]);
  assertEquals(onWorkers.stdout.split("\n").slice(-3), [
    "doubler of 21 42 true 0",
    "main ends",
    "",
  ]);
});
