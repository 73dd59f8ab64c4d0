/**
 * D13: Adds 0..9 to a shared counter in the critical section of a MapReduce; no addition is lost.
 *
 * Python: `with pool.critical: counter[:] += i` in `sharedmem.MapReduce().map(work, range(10))`.
 *
 * @module
 */
import { prange } from "@sauropod/multiprocessing/loops";
import { MapReduce, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets workers add 0..9 to a shared counter, and prints the sum.

deno run --allow-read examples/arrays/map_reduce_critical.ts [--workers N]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const np = readInteger("workers", options.workers, 4, { max: 64 });
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
