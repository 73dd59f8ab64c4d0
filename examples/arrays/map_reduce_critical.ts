/**
 * D13: Adds 0..9 to a shared counter in the critical section of a MapReduce, and no addition is lost.
 *
 * In Python: `with pool.critical: counter[:] += i` in `sharedmem.MapReduce().map(work, range(10))`.
 *
 * @module
 */
import { prange } from "@sauropod/multiprocessing/loops";
import { MapReduce, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Prints the sum of 0..9, to which workers have added one number at a time.

deno run --allow-read examples/arrays/map_reduce_critical.ts [--workers N]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const np = wholeNumber("workers", options.workers, 4, { most: 64 });
  await using pool = new MapReduce({ np });

  const counter = sharedArray("float64", 1);
  await pool.map(
    (i: number, { critical, context: { counter } }) => {
      using _ = critical.acquireSync();
      counter[0] += i;
    },
    prange(10),
    { context: { counter } },
  );
  console.log(counter[0]);
}

if (import.meta.main) await runExample("map_reduce_critical", main);
