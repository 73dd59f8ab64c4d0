/**
 * D8: Distributes slices of a shared array over workers, which compute the square roots of their own.
 *
 * In Python: `slices = distribute(len(data), nprocs)`, then
 * `pool.apply_async(apply_sqrt, (data, imin, imax))` for each. The tutorial's script gives the whole
 * array to one call as its arguments, and fails.
 *
 * @module
 */
import { distribute, Pool, sharedArray } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Prints the square roots of 0..99, computed in slices of a shared array, and what the slices are.

deno run --allow-read examples/arrays/distribute.ts [--workers N]
`;

const applySqrt = (data: Float64Array, from: number, to: number) =>
  data.subarray(from, to).map(Math.sqrt);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = wholeNumber("workers", options.workers, 4, { most: 64 });
  await using pool = new Pool(workers);

  const data = sharedArray("float64", Array(100).keys());
  const slices = distribute(data.length, workers);
  const results = slices.map(([from, to]) => pool.applyAsync(applySqrt, [data, from, to]));
  for (const [at, [from]] of slices.entries()) data.set(await results[at].get(), from);

  console.log([...data].map((root) => root.toFixed(4)).join(" "));
  console.log(slices.map(([from, to]) => `(${from}, ${to})`).join(" "));
}

if (import.meta.main) await runExample("distribute", main);
