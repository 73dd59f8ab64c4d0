/**
 * D1: A Pool maps a function over numbers and over pairs, and computes single results in the background.
 *
 * Python: `p.map(f, range(8))`, `pool.starmap(f, zip(…))`, `pool.apply_async(math.sqrt, (x,))`.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Prints x*x+1 for 0..7 by map, x+y by starmap, and the square roots of 0..9 by applyAsync.

deno run --allow-read examples/pools/pool_map.ts [--workers N]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  await using pool = new Pool(readInteger("workers", options.workers, 4, { max: 64 }));
  const numbers = [...Array(8).keys()];

  // A function that sees nothing outside itself needs no task().
  const squares = await pool.map((x: number) => x * x + 1, numbers);
  console.log(squares.join(" "));

  const pairs = numbers.map((x): [number, number] => [x, x]);
  const sums = await pool.starmap((x: number, y: number) => x + y, pairs);
  console.log(sums.join(" "));

  // applyAsync returns at once; get() waits. Built-in functions are sent by their name.
  const results = [...Array(10).keys()].map((x) => pool.applyAsync(Math.sqrt, [x]));
  const roots: number[] = [];
  for (const result of results) roots.push(await result.get());
  console.log(roots.map((root) => root.toFixed(4)).join(" "));
}

if (import.meta.main) await runExample("pool_map", main);
