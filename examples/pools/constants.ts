/**
 * A9: Each call looks up words in a large table: first the table is sent with each, then once to each worker.
 *
 * Python's tutorial lists it as not covered: avoiding copies of large amounts of data. joblib does this for
 * large arrays, which it maps into memory.
 *
 * @module
 */
import { constant, Pool, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";

const HELP = `
Scores 200 texts by a table of 20,000 words, which each task needs.

deno run --allow-read examples/pools/constants.ts [--workers N] [--quick]
`;

interface Scores {
  [word: string]: number;
}

const score = task(
  import.meta,
  (text: string, scores: Scores) =>
    text.split(" ").reduce((sum, word) => sum + (scores[word] ?? 0), 0),
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 2, { max: 64 });
  const words = options.quick ? 1000 : 20_000;
  const scores: Scores = {};
  for (let at = 0; at < words; at++) scores[`word${at}`] = at % 10;
  const texts = Array.from({ length: 200 }, (_, at) => `word${at} and word${at * 4}`);

  await using pool = new Pool(workers);
  await pool.starmap(score, [["", {}], ["", {}]], { chunkSize: 1 }); // starts the workers
  for (const [how, table] of [["sent", { ...scores }], ["constant", constant(scores)]] as const) {
    const { seconds, result } = await timed(async () => {
      const pairs = texts.map((text) => [text, table] as const);
      const sums = await pool.starmap(score, pairs, { chunkSize: 1 });
      return sums.reduce((a, b) => a + b);
    });
    console.log(`${how}: the texts score ${result}, after ${seconds.toFixed(3)} seconds`);
  }
}

if (import.meta.main) await runExample("constants", main);
