/**
 * C9: Computes the distances between 500 points in a parallel loop over the rows of their matrix.
 *
 * @module
 */
import { explainLoop, parallelFor, prange } from "@sauropod/multiprocessing/loops";
import { allClose, zeros } from "@sauropod/multiprocessing/ndarray";
import { runExample } from "../support/cli.ts";
import { counted, TimesTable, yesOrNo } from "../support/times.ts";
import { allDistances, type Matrix, randomPoints, readSize } from "./distances.ts";

const HELP = `
Computes the distances between 500 points of 100 measurements by parallelFor over the rows of the
matrix, on 1 to N workers, and compares with a loop on one core.

deno run --allow-read examples/loops/distance_prange.ts [--workers N] [--quick]
`;

/**
 * The body of the loop. It is plain arithmetic and calls no function of its own, so that it runs as WebAssembly
 * with vectors.
 */
function fillRow(i: number, { points, matrix }: { points: Matrix; matrix: Matrix }): void {
  for (let j = 0; j < matrix.shape[1]; j++) {
    let sum = 0;
    for (let k = 0; k < points.shape[1]; k++) sum += (points.get(i, k) - points.get(j, k)) ** 2;
    matrix.set(i, j, Math.sqrt(sum));
  }
}

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
    same &&= allClose(matrix, expected); // vectors add up in another order
  }
  console.log(`Same matrix, but for the last digits: ${yesOrNo(same)}`);
  const context = { points, matrix: zeros([count, count]) };
  console.log(String(explainLoop(count, fillRow, { context })));
}

if (import.meta.main) await runExample("distance_prange", main);
