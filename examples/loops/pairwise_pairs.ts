/**
 * C7: Computes the distances of 200 vectors to each other, each of the 40,000 pairs a task.
 *
 * In Python: `pool.map(pairwise_distance_from_indexes, list_of_tuples)` with the vectors in a global
 * variable, 238 ms serial, 177 ms with four workers. A pair is computed in a tenth of a microsecond here,
 * less than it takes to send it and its result: see pairwise_rows.ts for tasks that are worth it.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { counted, identical, TimesTable, yesOrNo } from "../support/times.ts";
import { allDistances, distanceOfPair, randomVectors, useVectors } from "./distances.ts";

const HELP = `
Computes the distances of 200 random vectors of 100 numbers to each other, a pair a task: serial, and in
Pools of 1 to 6 workers.

deno run --allow-read examples/loops/pairwise_pairs.ts [--workers MOST] [--quick]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"], flags: ["quick"] });
  const most = wholeNumber("workers", options.workers, 6, { most: 64 });
  const vectors = options.quick ? randomVectors(20, 10) : randomVectors(200, 100);
  const indices = Array.from({ length: vectors.count }, (_, i) => i);
  const pairs = indices.flatMap((i) => indices.map((j) => [i, j] as const));

  const table = new TimesTable(`${pairs.length} tasks`);
  const expected = await table.row("serial", () => allDistances(vectors));
  let same = true;
  for (let processes = 1; processes <= most; processes++) {
    await using pool = new Pool({ processes, initializer: useVectors, initargs: [vectors] });
    const name = counted(processes, "worker");
    const matrix = await table.row(name, () => pool.starmap(distanceOfPair, pairs));
    same &&= identical(matrix, expected);
  }
  console.log(`Same matrix: ${yesOrNo(same)}`);
}

if (import.meta.main) await runExample("pairwise_pairs", main);
