/**
 * A8: Shows in one line how far a map, a loop over results and a parallel loop are, and the time left.
 *
 * Python: `process_map(f, xs)` of `tqdm.contrib.concurrent`, `tqdm(pool.imap(f, xs), total=len(xs))`.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { parallelReduce } from "@sauropod/multiprocessing/loops";
import { progress, progressBar } from "@sauropod/multiprocessing/progress";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Takes the square roots of a hundred numbers in three ways, each with a progress bar on stderr: a bar on a
terminal, lines in a file.

deno run --allow-read examples/pools/progress.ts [--workers N] [--quick]
`;

const slowRoot = task(import.meta, async (x: number, ms: number) => {
  await sleep(ms);
  return Math.sqrt(x);
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });
  const ms = options.quick ? 1 : 100;
  const items = [...Array(100).keys()];

  await using pool = new Pool(workers);
  const pairs = items.map((x): [number, number] => [x, ms]);
  const onProgress = progressBar({ label: "map", unit: "roots" });
  const roots = await pool.starmap(slowRoot, pairs, { chunkSize: 1, onProgress });
  console.log(`the largest root: ${roots.at(-1)?.toFixed(3)}`);

  let sum = 0;
  const results = pool.imapUnordered(Math.sqrt, items);
  for await (const root of progress(results, { label: "imapUnordered" })) sum += root;
  console.log(`the sum of the results: ${sum.toFixed(3)}`);

  const length = options.quick ? 10 ** 6 : 10 ** 9;
  const total = await parallelReduce(length, (i) => Math.sqrt(i % 100), {
    combine: "+",
    numThreads: workers,
    onProgress: progressBar({ label: "parallelReduce", unit: "indices" }),
  });
  console.log(`the mean in the loop: ${(total / length).toFixed(3)}`);
}

if (import.meta.main) await runExample("progress", main);
