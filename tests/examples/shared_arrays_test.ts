import { assertEquals, assertMatch } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("map_reduce_critical loses no addition", async () => {
  for (const workers of ["1", "4"]) {
    const outcome = await runExample("map_reduce_critical", "--workers", workers);
    assertEquals(outcome, { code: 0, lines: ["45"], errors: [] });
  }
});

Deno.test("map_reduce_chunks reduces each chunk once, copies all numbers and adds them up", async () => {
  const { code, lines, errors } = await runExample("map_reduce_chunks", "--quick");
  assertEquals([code, errors], [0, []]);
  const chunks = lines.slice(0, -3).map((line) => Number(line.match(/^chunk (\d+) done$/)?.[1]));
  assertEquals(chunks.toSorted((a, b) => a - b), Array.from({ length: 128 }, (_, i) => 1024 * i));
  const length = 128 * 1024;
  assertEquals(lines.slice(-3, -1), [`${length * (length - 1) / 2}`, "Same numbers: yes"]);
  assertMatch(lines.at(-1)!, /^Copying and adding, in 2 MiB, took \d+\.\d\d seconds$/);
});

Deno.test("shared_grid gives the same grid in parts and at once", async () => {
  for (const workers of [1, 2]) {
    const args = ["--quick", "--workers", `${workers}`];
    const { code, lines, errors } = await runExample("shared_grid", ...args);
    assertEquals([code, errors], [0, []]);
    const [first, second] = lines.flatMap((line, at) => /^done in \d\.\d+ s$/.test(line) ? at : []);
    assertEquals(lines.slice(0, first).toSorted(), ["0-3", "3-6", "6-9", "9-10"].map(doing));
    assertEquals(lines.slice(first + 1, second), [doing("0-10")]);

    let last = 0;
    for (let i = 0; i < 1000; i++) last += 0.000001 * 9 + 9;
    assertEquals(lines.slice(second + 1, second + 3), ["Same grid: yes", `Last element: ${last}`]);
    assertEquals(lines.slice(second + 3), Array(workers).fill("(sub-process ends)"));
  }
});

Deno.test("examples of shared arrays reject a number of workers that is not a number", async () => {
  for (const name of ["map_reduce_critical", "map_reduce_chunks", "shared_grid"]) {
    const { code, lines, errors } = await runExample(name, "--workers", "many");
    assertEquals([code, lines], [2, []]);
    assertEquals(errors, [`${name}: --workers must be an integer from 1 to 64, not "many"`]);
  }
});

function doing(rows: string): string {
  return `Doing ${rows}`;
}
