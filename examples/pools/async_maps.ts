/**
 * B11: mapAsync and starmapAsync return at once; the main program gets the results later.
 *
 * Python: `pool.map_async(f, items)`, `pool.starmap_async(f, pairs)`, then `result.get()`.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Starts two maps over eight items of a second each, does something else, and waits for the results.

deno run --allow-read examples/pools/async_maps.ts [--workers N] [--quick]
`;

const square = task(import.meta, async ([x, ms]: [number, number]) => {
  await sleep(ms);
  return x * x;
});

const power = task(import.meta, async (x: number, y: number, ms: number) => {
  await sleep(ms);
  return x ** y;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 8, { max: 64 });
  const ms = options.quick ? 50 : 1000;
  const numbers = [...Array(8).keys()];

  await using pool = new Pool(workers);
  const squares = pool.mapAsync(square, numbers.map((x): [number, number] => [x, ms]));
  const powers = pool.starmapAsync(
    power,
    numbers.map((x): [number, number, number] => [2, x, ms]),
  );
  console.log(`both maps still run: ${!squares.ready() && !powers.ready()}`);
  console.log("the main program does something else");

  console.log(`squares: ${(await squares.get()).join(" ")}`);
  console.log(`ready after 0 ms: ${await powers.wait({ timeoutMs: 0 })}`);
  console.log(`powers: ${(await powers.get()).join(" ")}`);
}

if (import.meta.main) await runExample("async_maps", main);
