/**
 * D8: Workers take the square roots of slices of a shared array, and return them or write them in place.
 *
 * The tutorial's own script fails, since it passes the whole array to `apply_async` as the list of
 * arguments. This script does what its comments say.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { arange, arraySplit, copy, type NdArray, tolist } from "@sauropod/multiprocessing/ndarray";
import { distribute } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Takes the square roots of 0..99 in shared memory, slice by slice. First the workers return them and
the main program writes them back; then the workers write them in place.

deno run --allow-read examples/arrays/sqrt_slices.ts [--workers N]
`;

const rootsOf = task(
  import.meta,
  (data: Float64Array, from: number, to: number) => data.slice(from, to).map(Math.sqrt),
);

const takeRoots = task(import.meta, (part: NdArray) => {
  for (let i = 0; i < part.size; i++) part.set(i, Math.sqrt(part.get(i)));
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });
  const data = arange(100);
  const again = copy(data);
  await using pool = new Pool(workers);

  const slices = distribute(data.size, workers);
  console.log(slices.map(([from, to]) => `(${from}, ${to})`).join(" "));
  const results = slices.map(([from, to]) => pool.applyAsync(rootsOf, [data.data, from, to]));
  for (const [at, result] of results.entries()) data.data.set(await result.get(), slices[at][0]);
  print("returned", data);

  // A part is a view, so a worker writes to the array itself.
  await pool.map(takeRoots, arraySplit(again, workers));
  print("in place", again);
}

function print(how: string, roots: NdArray): void {
  const some = [tolist(roots.step(11))].flat() as number[];
  console.log(`${how}: ${some.map((root) => root.toFixed(4)).join(" ")}`);
}

if (import.meta.main) await runExample("sqrt_slices", main);
