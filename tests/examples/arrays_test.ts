import { assert, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

for (const name of ["distance_pairs", "distance_rows", "distance_prange"]) {
  Deno.test(`${name} computes the same matrix on any number of workers`, async () => {
    const { code, lines, errors } = await runExample(name, "--quick", "--workers", "3");
    assertEquals([code, errors], [0, []]);
    const tasks = { distance_pairs: ["400 tasks"], distance_rows: ["20 tasks"] }[name] ?? [];
    assertEquals(lines.slice(0, tasks.length), tasks);
    const table = lines.slice(tasks.length);
    assertEquals(table.map((line) => line.replace(/ +[0-9.]+ ms/, "")), [
      "serial",
      "1 workers  same matrix: yes",
      "2 workers  same matrix: yes",
      "3 workers  same matrix: yes",
    ]);
  });
}

Deno.test("integral_prange gives the integral, on every number of threads", async () => {
  const { code, lines, errors } = await runExample("integral_prange", "--quick");
  assertEquals([code, errors], [0, []]);
  // From the left: 2/3 less half of dx times what f grows by, dx being 2e-5.
  const expected = (2 / 3 - 2e-5).toFixed(6);
  assertEquals(lines.map((line) => line.replace(/ +[0-9.]+ ms/, "")), [
    `serial     ${expected}`,
    `1 threads  ${expected}`,
    `2 threads  ${expected}`,
  ]);
});

Deno.test("sqrt_slices takes the roots, returned and in place", async () => {
  const roots = Array.from({ length: 10 }, (_, i) => Math.sqrt(11 * i).toFixed(4)).join(" ");
  const { code, lines, errors } = await runExample("sqrt_slices", "--workers", "3");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, [
    "(0, 34) (34, 68) (68, 100)",
    `returned: ${roots}`,
    `in place: ${roots}`,
  ]);
});

Deno.test("monte_carlo_pi gives the same estimate on any number of workers", async () => {
  const estimates = async (...args: string[]) => {
    const name = "monte_carlo_pi";
    const { code, lines, errors } = await runExample(name, "--quick", "--workers", "3", ...args);
    assertEquals([code, errors, lines.length], [0, [], 3]);
    return new Set(lines.map((line) => line.match(/pi: ([0-9.]+), time: [0-9.]+ s$/)![1]));
  };
  const [one] = [await estimates()];
  assertEquals(one.size, 1);
  assert(Math.abs(Number([...one][0]) - Math.PI) < 0.03, `${[...one]}`);
  const other = await estimates("--seed", "2");
  assert(other.size === 1 && !other.has([...one][0]));
});

Deno.test("the examples of arrays tell about themselves, and refuse what they do not know", async () => {
  const names = [
    ...["distance_pairs", "distance_rows", "distance_prange"],
    ...["integral_prange", "sqrt_slices", "monte_carlo_pi"],
  ];
  for (const name of names) {
    const help = await runExample(name, "--help");
    assertEquals([help.code, help.errors], [0, []], name);
    assert(help.lines.some((line) => line.includes(`/${name}.ts`)), name);
    const { code, lines, errors } = await runExample(name, "--nonsense");
    assertEquals([code, lines], [2, []], name);
    assertEquals(errors, [`${name}: unknown option "--nonsense"`]);
  }
});
