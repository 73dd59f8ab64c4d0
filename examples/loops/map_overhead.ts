/**
 * C1: Maps a small function over a million numbers: slower in a Pool, fast with shared arrays.
 *
 * Python: `with mp.Pool(2) as pool: result = pool.map(f2, data)`, 196 ms against 146 ms of `map`.
 * There each number is sent to a worker and back. Slices of shared arrays are not sent.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { distribute, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample } from "../support/cli.ts";
import { TimesTable } from "../support/times.ts";

const HELP = `
Integrates x*x - x from 0 to 2 by a map over 1,000,000 points, in a list and in a shared array: on one
core, and in a Pool.

deno run --allow-read examples/loops/map_overhead.ts [--workers N] [--points N] [--quick]
`;

const [a, b] = [0, 2];

const f = task(import.meta, (x: number) => x * x - x);

const mapSlice = task(
  import.meta,
  (from: number, to: number, xs: Float64Array, result: Float64Array) => {
    for (let i = from; i < to; i++) result[i] = f(xs[i]);
  },
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "points"] });
  const workers = readInteger("workers", options.workers, 2, { max: 64 });
  const points = readInteger("points", options.points, options.quick ? 10_000 : 1_000_000);

  const dx = (b - a) / points;
  const list = Array.from({ length: points }, (_, i) => a + i * dx);
  const xs = sharedArray("float64", list);
  const result = sharedArray("float64", points);
  await using pool = new Pool(workers);

  const table = new TimesTable("map", { width: 40 });
  const integrals = [
    sum(await table.row("list, a loop", () => mapList(list))),
    sum(await table.row("list, Array.map", () => list.map(f))),
    sum(await table.row("list, Pool.map", () => pool.map(f, list))),
    sum(await table.row("shared array, Pool.map", () => pool.map(f, xs))),
  ];

  await table.row("shared arrays, a loop", () => mapSlice(0, points, xs, result));
  integrals.push(sum(result));
  result.fill(0);
  const slices = distribute(points, 4 * workers);
  await table.row("slices of shared arrays, Pool.starmap", async () => {
    await pool.starmap(mapSlice, slices.map(([from, to]) => [from, to, xs, result] as const));
  });
  integrals.push(sum(result));
  console.log(`Integrals: ${integrals.map((sum) => sum * dx).join(" ")}`);
}

function mapList(list: number[]): number[] {
  const result = new Array<number>(list.length);
  for (let i = 0; i < list.length; i++) result[i] = f(list[i]);
  return result;
}

function sum(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

if (import.meta.main) await runExample("map_overhead", main);
