import { assertEquals } from "@std/assert";
import * as mp from "@sauropod/multiprocessing";
import * as dummy from "@sauropod/multiprocessing/dummy";
import { runProgram } from "../fixtures/program.ts";

/** What has no meaning without workers, and loops, whose options say that they run here. */
const WITHOUT = [
  ...["BaseManager", "BaseProxy", "MapReduce", "Parallel", "Range", "background", "callMethod"],
  ...["delayed", "effectiveJobs", "getContext", "getNumThreads", "lazy", "parallelFor"],
  ...["parallelForSync", "parallelReduce", "parallelReduceSync", "prange", "prefixSum"],
  ...["prefixSumSync", "setNumThreads", "stopTeam", "tagOutput"],
];

/** What is said of a worker that was not quick enough to end by itself when it was killed. */
const ABANDONED = /^A terminated worker is still computing.*\n/;

Deno.test("./dummy exports what the package does", () => {
  const missing = Object.keys(mp).filter((name) => !(name in dummy));
  assertEquals(missing.sort(), WITHOUT, "export the others from lib/dummy/mod.ts");
  assertEquals(Object.keys(dummy).filter((name) => !(name in mp)), []);
});

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
