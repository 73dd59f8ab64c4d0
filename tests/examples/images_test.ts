import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { randomInteger } from "../../examples/support/random.ts";
import { runExample } from "./run_example.ts";

const padded = (n: number) => String(n).padStart(2, "0");

/** Returns the numbers by file, of lines such as `07.nii.gz: 42`. */
function byFile(lines: string[]): Map<string, number> {
  const found = lines.flatMap((line) => [...line.matchAll(/^(\S+\.nii\.gz): (\d+)$/g)]);
  return new Map(found.map(([, file, number]) => [file, Number(number)]));
}

Deno.test("randomInteger() is uniformly distributed, and equal for the same seed and stream", () => {
  const counts = Array(99).fill(0);
  for (let stream = 0; stream < 99_000; stream++) counts[randomInteger(7, stream, 1, 100) - 1]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert(chiSquare < 98 + 5 * Math.sqrt(2 * 98), `${chiSquare}`); // 5 standard deviations
  const draw = (seed: number) => [0, 1, 2, 3].map((stream) => randomInteger(seed, stream, 0, 1e9));
  assertEquals(draw(1), draw(1));
  assertNotEquals(draw(1), draw(2));
  assertEquals(draw(0).filter((number) => draw(1).includes(number)), []);
});

Deno.test("crunch_images gives each file its number, with any number of workers", async () => {
  const run = (...args: string[]) => runExample("crunch_images", "--quick", ...args);
  const { code, lines, errors } = await run();
  assertEquals([code, errors, lines[0]], [0, [], "Crunching images..."]);
  const numbers = byFile(lines);
  const files = Array.from({ length: 20 }, (_, i) => `${padded(i)}.nii.gz`);
  assertEquals([...numbers.keys()].sort(), files);
  assert([...numbers.values()].every((number) => 1 <= number && number <= 99));
  assert(new Set(numbers.values()).size > 10, "they differ");
  assertEquals(lines.at(-2), `Results: ${files.map((file) => numbers.get(file)).join(" ")}`);
  assertMatch(lines.at(-1)!, /^Total execution time: \d+\.\d\d seconds$/);
  assertEquals((await run("--workers", "3")).lines.at(-2), lines.at(-2));
  assertNotEquals((await run("--seed", "2", "--workers", "3")).lines.at(-2), lines.at(-2));
});

Deno.test("crunch_modalities draws from 1 to 99 for t1 and from 100 to 199 for t2", async () => {
  const { code, lines, errors } = await runExample("crunch_modalities", "--quick");
  assertEquals([code, errors], [0, []]);
  const numbers = byFile(lines);
  assertEquals(numbers.size, 20);
  for (let i = 0; i < 10; i++) {
    const [t1, t2] = ["t1", "t2"].map((it) => numbers.get(`${it}_${padded(i)}.nii.gz`)!);
    assert(1 <= t1 && t1 <= 99 && 100 <= t2 && t2 <= 199, `${t1} ${t2}`);
  }
  assertMatch(lines.at(-1)!, /^Total execution time: \d+\.\d\d seconds$/);
});

Deno.test("registration passes the affine matrices of the first stage to the second", async () => {
  const { code, lines, errors } = await runExample(
    ...["registration", "--quick", "--seed", "5", "--workers", "4"] as const,
  );
  assertEquals([code, errors], [0, []]);
  assertEquals(lines[0], "Running structural-to-standard registration on 20 subjects...");
  assertMatch(lines[1], /^Linear registrations completed in \d+\.\d\d seconds$/);
  assertMatch(lines[2], /^Non-linear registrations completed in \d+\.\d\d seconds$/);
  const expected = Array.from({ length: 20 }, (_, i) => {
    const [shift, warp] = [randomInteger(5, i, 1, 100), randomInteger(6, i, 1, 100)];
    return `${padded(i)}_t1.nii.gz: shift ${shift}, warp ${warp}`;
  });
  assertEquals(lines.slice(4), expected);
});

Deno.test("voxels_starmap computes the same by starmap as by map", async () => {
  const { code, lines, errors } = await runExample("voxels_starmap", "--quick");
  assertEquals([code, errors, lines.length], [0, [], 3]);
  assertMatch(lines[0], /^map: data processing took \d+\.\d\d seconds$/);
  assertMatch(lines[1], /^starmap: data processing took \d+\.\d\d seconds$/);
  assertEquals(lines[2], "same result: yes");
});
