/**
 * C9: Computes the distances of 500 vectors to each other in a parallel loop over the rows.
 *
 * In Python: `for i in prange(num_vectors)` under `@njit(parallel=True)`, 22.6 ms.
 *
 * @module
 */
import { parallelFor, prange, sharedArray, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { counted, identical, TimesTable, yesOrNo } from "../support/times.ts";
import { allDistances, randomVectors, setRow, type Vectors } from "./distances.ts";

const HELP = `
Computes the distances of 500 random vectors of 100 numbers to each other: in a plain loop, and in a
parallel loop over the rows of the matrix.

deno run --allow-read examples/loops/pairwise_prange.ts [--workers N] [--quick]
`;

interface Context {
  vectors: Vectors;
  matrix: Float64Array;
}

const computeRow = task(
  import.meta,
  (i: number, { vectors, matrix }: Context) => setRow(vectors, matrix, i),
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"], flags: ["quick"] });
  const numThreads = wholeNumber("workers", options.workers, 2, { most: 64 });
  const vectors = options.quick ? randomVectors(50, 10) : randomVectors(500, 100);
  const matrix = sharedArray("float64", vectors.count ** 2);

  const table = new TimesTable("distances", { width: 20 });
  const expected = await table.row("plain loop", () => allDistances(vectors));
  const context = { vectors, matrix };
  const loop = () => parallelFor(prange(vectors.count), computeRow, { context, numThreads });
  await table.row(`prange, ${counted(numThreads, "thread")}`, loop);
  console.log(`Same matrix: ${yesOrNo(identical(matrix, expected))}`);
}

if (import.meta.main) await runExample("pairwise_prange", main);
