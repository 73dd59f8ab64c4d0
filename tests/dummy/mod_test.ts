import { assertEquals } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

/** The warning about a killed worker that did not end by itself in time. */
const ABANDONED = /^A terminated worker is still computing.*\n/;

Deno.test("./dummy runs a program with a changed import as the package does", async () => {
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
