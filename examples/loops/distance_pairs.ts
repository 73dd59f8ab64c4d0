/**
 * C7: Computes each distance between 200 points as a task of its own, on 1 to 6 workers.
 *
 * There are 40,000 tasks, and each is so short that handing them out costs more than the work: see
 * `distance_rows` for larger ones.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { arrayEqual, fromArray } from "@sauropod/multiprocessing/ndarray";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { allDistances, best, distance, type Matrix, randomPoints, row } from "./distances.ts";

const HELP = `
Computes the distances between 200 points of 100 measurements with Pool.map, a pair a task, on 1 to N
workers, and compares with a loop on one core.

deno run --allow-read examples/loops/distance_pairs.ts [--workers N] [--quick]
`;

/** What a worker is given once, when it starts: a reference, since the points are shared. */
let points: Matrix;
const usePoints = task(import.meta, (shared: Matrix) => {
  points = shared;
});

const distanceOfPair = task(import.meta, ([i, j]: [number, number]) => distance(points, i, j));

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"], flags: ["quick"] });
  const most = wholeNumber("workers", options.workers, options.quick ? 2 : 6, { most: 64 });
  const count = options.quick ? 20 : 200;
  const data = await randomPoints(count, 100);
  const pairs = Array.from(
    { length: count * count },
    (_, at): [number, number] => [Math.floor(at / count), at % count],
  );
  console.log(`${pairs.length} tasks`);

  const serial = await best(() => allDistances(data));
  console.log(row("serial", serial.seconds));
  for (let workers = 1; workers <= most; workers++) {
    await using pool = new Pool({ processes: workers, initializer: usePoints, initargs: [data] });
    const { seconds, result } = await best(() => pool.map(distanceOfPair, pairs));
    const same = arrayEqual(fromArray(result, [count, count]), serial.result);
    console.log(`${row(`${workers} workers`, seconds)}  same matrix: ${same ? "yes" : "no"}`);
  }
}

if (import.meta.main) await runExample("distance_pairs", main);
