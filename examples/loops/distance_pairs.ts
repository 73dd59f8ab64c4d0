/**
 * C7: Computes each distance between 200 points as an item of its own, on 1 to 6 workers.
 *
 * There are 40,000 items, each so short that sending it costs more than the work. See
 * `distance_rows` for larger items.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { arrayEqual, fromArray } from "@sauropod/multiprocessing/ndarray";
import { runExample } from "../support/cli.ts";
import { counted, TimesTable, yesOrNo } from "../support/times.ts";
import { allDistances, distance, type Matrix, randomPoints, readSize } from "./distances.ts";

const HELP = `
Computes the distances between 200 points of 100 measurements with Pool.map, one task per pair, on 1
to N workers, and compares with a loop on one core.

deno run --allow-read examples/loops/distance_pairs.ts [--workers N] [--quick]
`;

/** The points, which each worker gets once when it starts. They are shared, not copied. */
let points: Matrix;
const usePoints = task(import.meta, (shared: Matrix) => {
  points = shared;
});

const distanceOfPair = task(import.meta, ([i, j]: [number, number]) => distance(points, i, j));

async function main(): Promise<void> {
  const { count, maxWorkers } = readSize(HELP, { count: 200, maxWorkers: 6 });
  const data = await randomPoints(count, 100);
  const pairs = Array.from(
    { length: count * count },
    (_, at): [number, number] => [Math.floor(at / count), at % count],
  );

  const table = new TimesTable(`${pairs.length} tasks`, { runs: 3 });
  const expected = await table.row("serial", () => allDistances(data));
  let same = true;
  for (let workers = 1; workers <= maxWorkers; workers++) {
    await using pool = new Pool({ processes: workers, initializer: usePoints, initargs: [data] });
    const map = () => pool.map(distanceOfPair, pairs);
    const distances = await table.row(counted(workers, "worker"), map);
    same &&= arrayEqual(fromArray(distances, [count, count]), expected);
  }
  console.log(`Same matrix: ${yesOrNo(same)}`);
}

if (import.meta.main) await runExample("distance_pairs", main);
