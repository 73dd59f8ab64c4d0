import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("cpu_count prints the number of cores, and the same number of workers", async () => {
  const { code, lines, errors } = await runExample("cpu_count", "--quick");
  assertEquals([code, errors], [0, []]);
  const cores = navigator.hardwareConcurrency;
  assertEquals(lines, [`cores: ${cores}`, `workers of a pool: ${cores}`]);
});

Deno.test("process_ids prints five distinct ids", async () => {
  const { code, lines, errors } = await runExample("process_ids", "--quick");
  assertEquals([code, errors], [0, []]);
  const found = new Map(lines.map((line) => line.split(": ") as [string, string]));
  const names = ["Main process", ...[0, 1, 2, 3].map((n) => `Sub-process ${n}`)];
  assertEquals([...found.keys()].sort(), names);
  assertEquals(new Set(found.values()).size, 5);
  assert([...found.values()].every((id) => /^\d+$/.test(id)));
});

Deno.test("doubler prints the names of processes, given and default ones", async () => {
  const { code, lines, errors } = await runExample("doubler", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(
    lines.toSorted(),
    [
      "5 doubled to 10 by: Process-2",
      "10 doubled to 20 by: Process-3",
      "15 doubled to 30 by: Process-4",
      "20 doubled to 40 by: Process-5",
      "25 doubled to 50 by: Process-6",
      "2 doubled to 4 by: Test",
    ].sort(),
  );
});

Deno.test("start_methods starts processes by each method, and prints the error of fork", async () => {
  const { code, lines, errors } = await runExample("start_methods", "--quick");
  assertEquals([code, errors, lines.length], [0, [], 10]);
  const methods = ["spawn", "forkserver", "process"];
  for (const [at, method] of [...methods, ...methods].entries()) {
    assertMatch(
      lines[at],
      new RegExp(`^${method}: hello from .*Process-${at + 1} after [0-9.]+ ms$`),
    );
  }
  assertEquals(lines.slice(6, 9), [
    "default: spawn",
    "default: forkserver",
    "hello from the new default",
  ]);
  assertMatch(lines[9], /^RangeError: .*"fork"\. A worker cannot be made a copy/);
});

Deno.test("kill_pattern kills the process of the match that does not end, and matches the rest", async () => {
  const { code, lines, errors } = await runExample("kill_pattern", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines.slice(0, 4).map((line) => line.replace(/ after [0-9.]+ s$/, "")), [
    "aaaa: true",
    "aab: false",
    "aaaa…aaab: TimeoutError",
    "aaaa…aaaa: true",
  ]);
  const [, killed, next] = lines[4].match(/^process (\d+) was killed, process (\d+) has/)!;
  assertNotEquals(killed, next);
});

Deno.test("out_of_memory ends the process of one task, and its pool goes on", async () => {
  const { code, lines, errors } = await runExample("out_of_memory", "--quick");
  assertEquals(code, 0);
  const [cause] = lines.splice(3, 1);
  assertEquals(lines, [
    "1 MiB: done",
    "10 MiB: done",
    "1000 MiB: WorkerDiedError, exit code 133",
    "20 MiB: done",
    "the pool still works: 5 MiB",
  ]);
  assertMatch(cause, /^ {2}caused by MemoryError: PoolWorker-\d ran out of memory/);
  assert(errors.some((line) => line.includes("JavaScript out of memory")), "V8 says so as well");
});

Deno.test("sandbox lets plug-ins compute, and do nothing else", async () => {
  const { code, lines } = await runExample("sandbox");
  assertEquals(code, 0);
  assertEquals(lines, [
    "doubles: 2 4 6",
    "reads a file: NotCapable",
    "connects: NotCapable",
    "reads the environment: NotCapable",
    "loops for ever: TimeoutError",
    "fills its memory: WorkerDiedError, exit code 133",
    "changes arrays: not numbers: refused",
    "the program: 2 4 6",
  ]);
});
