/**
 * C8: Computes the distances of each point to all others as one item, on 1 to 6 workers.
 *
 * There are 500 items instead of 250,000, so that sending them costs little.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { arrayEqual, zeros } from "@sauropod/multiprocessing/ndarray";
import { runExample } from "../support/cli.ts";
import { counted, TimesTable, yesOrNo } from "../support/times.ts";
import { allDistances, distance, type Matrix, randomPoints, readSize } from "./distances.ts";

const HELP = `
Computes the distances between 500 points of 100 measurements with Pool.starmap, one task per row of
the matrix, on 1 to N workers, and compares with a loop on one core.

deno run --allow-read examples/loops/distance_rows.ts [--workers N] [--quick]
`;

/** Writes to a row, which is a view of the matrix, so nothing is sent back. */
const distancesOfPoint = task(import.meta, (i: number, points: Matrix, row: Matrix) => {
  for (let j = 0; j < row.size; j++) row.set(j, distance(points, i, j));
});

async function main(): Promise<void> {
  const { count, maxWorkers } = readSize(HELP, { count: 500, maxWorkers: 6 });
  const points = await randomPoints(count, 100);

  const table = new TimesTable(`${count} tasks`);
  const expected = await table.row("serial", () => allDistances(points));
  let same = true;
  for (let workers = 1; workers <= maxWorkers; workers++) {
    const matrix = zeros([count, count]);
    const tasks = Array.from(
      { length: count },
      (_, i): [number, Matrix, Matrix] => [i, points, matrix.pick(i, null)],
    );
    await using pool = new Pool(workers);
    await table.row(counted(workers, "worker"), () => pool.starmap(distancesOfPoint, tasks));
    same &&= arrayEqual(matrix, expected);
  }
  console.log(`Same matrix: ${yesOrNo(same)}`);
}

if (import.meta.main) await runExample("distance_rows", main);
