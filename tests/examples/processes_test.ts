import { assert, assertEquals, assertMatch } from "@std/assert";
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

Deno.test("start_methods starts processes by both methods, and prints the error of fork", async () => {
  const { code, lines, errors } = await runExample("start_methods", "--quick");
  assertEquals([code, errors, lines.length], [0, [], 8]);
  for (const [at, method] of ["spawn", "forkserver", "spawn", "forkserver"].entries()) {
    assertMatch(
      lines[at],
      new RegExp(`^${method}: hello from .*Process-${at + 1} after [0-9.]+ ms$`),
    );
  }
  assertEquals(lines.slice(4, 7), [
    "default: spawn",
    "default: forkserver",
    "hello from the new default",
  ]);
  assertMatch(lines[7], /^RangeError: .*"fork"\. A worker cannot be made a copy/);
});
