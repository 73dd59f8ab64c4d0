/**
 * C9: Computes the distances between 500 points in a parallel loop over the rows of their matrix.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import { parallelFor, prange } from "@sauropod/multiprocessing/loops";
import { arrayEqual, zeros } from "@sauropod/multiprocessing/ndarray";
import { runExample } from "../support/cli.ts";
import { counted, TimesTable, yesOrNo } from "../support/times.ts";
import { allDistances, distance, type Matrix, randomPoints, readSize } from "./distances.ts";

const HELP = `
Computes the distances between 500 points of 100 measurements by parallelFor over the rows of the
matrix, on 1 to N workers, and compares with a loop on one core.

deno run --allow-read examples/loops/distance_prange.ts [--workers N] [--quick]
`;

/** The body of the loop. It is a task, since it calls a function of its module. */
const fillRow = task(
  import.meta,
  (i: number, { points, matrix }: { points: Matrix; matrix: Matrix }) => {
    for (let j = 0; j < matrix.shape[1]; j++) matrix.set(i, j, distance(points, i, j));
  },
);

async function main(): Promise<void> {
  const { count, maxWorkers } = readSize(HELP, { count: 500, maxWorkers: 4 });
  const points = await randomPoints(count, 100);

  const table = new TimesTable(`${count} rows`);
  const expected = await table.row("serial", () => allDistances(points));
  let same = true;
  for (let numThreads = 1; numThreads <= maxWorkers; numThreads++) {
    const matrix = zeros([count, count]);
    const loop = () =>
      parallelFor(prange(count), fillRow, { context: { points, matrix }, numThreads });
    await table.row(counted(numThreads, "thread"), loop);
    same &&= arrayEqual(matrix, expected);
  }
  console.log(`Same matrix: ${yesOrNo(same)}`);
}

if (import.meta.main) await runExample("distance_prange", main);
