import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

/** Returns the names of the rows of a table of times. The first row is the baseline of the speed-ups. */
function rowsOf(lines: readonly string[]): string[] {
  const rows = lines.flatMap((line) => {
    const row = line.match(/^(.+?) +([0-9.]+) ms +([0-9.]+) ms +([0-9.]+) x$/);
    return row === null ? [] : [{ name: row[1], first: +row[2], best: +row[3], speedUp: +row[4] }];
  });
  assertEquals(rows[0]?.speedUp, 1);
  for (const { first, best } of rows) assert(best <= first, lines.join("\n"));
  return rows.map(({ name }) => name);
}

/** Returns the numbers of the lines that begin with "Integrals: ". */
function integralsOf(lines: readonly string[]): number[] {
  return lines.filter((line) => line.startsWith("Integrals: "))
    .flatMap((line) => line.split(" ").slice(1).map(Number));
}

/** Returns the sum over points from the left: 2/3 less half of dx times the increase of x² - x. */
function leftSum(points: number): number {
  return 2 / 3 - 2 / points + 4 / (3 * points ** 2);
}

Deno.test("map_overhead gives the same integral in each way", async () => {
  for (const workers of ["1", "3"]) {
    const args = ["--quick", "--workers", workers];
    const { code, lines, errors } = await runExample("map_overhead", ...args);
    assertEquals([code, errors], [0, []]);
    assertEquals(rowsOf(lines), [
      "list, a loop",
      "list, Array.map",
      "list, Pool.map",
      "shared array, Pool.map",
      "shared arrays, a loop",
      "slices of shared arrays, Pool.starmap",
    ]);
    const integrals = integralsOf(lines);
    assertEquals(integrals, Array(6).fill(integrals[0]));
    assertAlmostEquals(integrals[0], leftSum(10_000), 1e-12);
  }
});

Deno.test("long_tasks gives the same integrals with 1, 2, 4 and 8 workers", async () => {
  const { code, lines, errors } = await runExample("long_tasks", "--quick");
  assertEquals([code, errors], [0, []]);
  const names = ["1 worker", "2 workers", "4 workers", "8 workers"];
  assertEquals(rowsOf(lines), ["serial", ...names]);
  const [integral, same] = lines.slice(-2);
  // Here dx is 0.1, and x² - x increases by 9900.
  const expected = 100 ** 3 / 3 - 100 ** 2 / 2 - 9900 * 0.1 / 2 + 100 * 0.1 ** 2 / 6;
  assertAlmostEquals(Number(integral.match(/^From 0 to 100: (.+)$/)![1]), expected, 1e-6);
  assertEquals(same, "Same results: yes");
});

Deno.test("long_tasks uses no more workers than --workers allows", async () => {
  const { lines } = await runExample("long_tasks", "--quick", "--workers", "3", "--points", "10");
  assertEquals(rowsOf(lines), ["serial", "1 worker", "2 workers"]);
});

Deno.test("few_large_tasks gives the integral with any number of parts", async () => {
  for (const workers of ["2", "7"]) {
    const args = ["--quick", "--workers", workers];
    const { code, lines, errors } = await runExample("few_large_tasks", ...args);
    assertEquals([code, errors], [0, []]);
    const sizes = [10_000, 1_000_000];
    assertEquals(rowsOf(lines), sizes.flatMap(() => ["serial", `${workers} workers`]));
    for (const [at, integral] of integralsOf(lines).entries()) {
      assertAlmostEquals(integral, leftSum(sizes[at >> 1]), 1e-12);
    }
    assertEquals(integralsOf(lines).length, 4);
  }
});

Deno.test("joblib_parallel prints the same squares in a loop and in parallel", async () => {
  for (const workers of ["1", "2"]) {
    const { code, lines, errors } = await runExample("joblib_parallel", "--workers", workers);
    assertEquals([code, errors], [0, []]);
    assertEquals(lines, Array(2).fill("[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]"));
  }
});

Deno.test("examples of loops reject wrong numbers of workers and points", async () => {
  for (const name of ["map_overhead", "long_tasks", "few_large_tasks", "joblib_parallel"]) {
    const { code, lines, errors } = await runExample(name, "--workers", "0");
    assertEquals([code, lines], [2, []]);
    assertEquals(errors, [`${name}: --workers must be an integer from 1 to 64, not "0"`]);
  }
  for (const name of ["map_overhead", "long_tasks", "few_large_tasks"]) {
    const { code, lines, errors } = await runExample(name, "--points", "-5");
    assertEquals([code, lines], [2, []]);
    assertEquals(errors, [`${name}: --points must be an integer of at least 1, not "-5"`]);
  }
});

for (const name of ["distance_pairs", "distance_rows", "distance_prange"]) {
  Deno.test(`${name} computes the same matrix on any number of workers`, async () => {
    const { code, lines, errors } = await runExample(name, "--quick", "--workers", "3");
    assertEquals([code, errors], [0, []]);
    const thing = name === "distance_prange" ? "thread" : "worker";
    const rows = ["serial", `1 ${thing}`, `2 ${thing}s`, `3 ${thing}s`];
    const isLoop = name === "distance_prange";
    assertEquals(rowsOf(lines.slice(0, 6)), rows);
    assertEquals(lines[5], `Same matrix${isLoop ? ", but for the last digits" : ""}: yes`);
    assertEquals(lines.length > 6, isLoop); // how it runs
  });
}

Deno.test("integral_prange gives the integral with any number of threads", async () => {
  const { code, lines, errors } = await runExample("integral_prange", "--quick");
  assertEquals([code, errors], [0, []]);
  const rows = ["serial", "1 thread", "2 threads"];
  assertEquals(rowsOf(lines.slice(0, 5)), rows);
  assertEquals(rowsOf(lines.slice(5)), rows);
  const expected = [10_000, 100_000].flatMap((points) => Array(3).fill(leftSum(points).toFixed(9)));
  assertEquals(integralsOf(lines).map((it) => it.toFixed(9)), expected);
});

Deno.test("monte_carlo_pi gives the same estimate on any number of workers", async () => {
  const estimates = async (...args: string[]) => {
    const name = "monte_carlo_pi";
    const { code, lines, errors } = await runExample(name, "--quick", "--workers", "3", ...args);
    assertEquals([code, errors], [0, []]);
    assertEquals(rowsOf(lines), ["1 worker", "2 workers", "3 workers"]);
    return lines.at(-1)!.replace("Estimates of pi: ", "").split(" ").map(Number);
  };
  const [one, ...same] = await estimates();
  assertEquals(same, [one, one]);
  assert(Math.abs(one - Math.PI) < 0.03, `${one}`);
  const [other] = await estimates("--seed", "2");
  assert(other !== one);
});
