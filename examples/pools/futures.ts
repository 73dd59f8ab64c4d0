/**
 * A9: Submits calls to workers, takes each result as soon as it is there, and loses no error.
 *
 * Python: `concurrent.futures.as_completed()`, where `future.result()` throws what went wrong.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import { asCompleted, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Tells which of some numbers are prime, in the order in which workers find out. One is no number, and
fails alone.

deno run --allow-read examples/pools/futures.ts [--workers N]
`;

const NUMBERS = [112272535095293, 112582705942171, 1099726899285419, 7, NaN, 115280095190773];

const isPrime = task(import.meta, (n: number) => {
  if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is no whole number`);
  for (let divisor = 2; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0) return false;
  }
  return n > 1;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const maxWorkers = wholeNumber("workers", options.workers, 2, { most: 64 });
  await using executor = new ProcessPoolExecutor({ maxWorkers });
  const futures = NUMBERS.map((n) => executor.submit(isPrime, n));

  for await (const { future, index } of asCompleted(futures)) {
    try {
      console.log(`${NUMBERS[index]} is ${await future ? "prime" : "not prime"}`);
    } catch (error) {
      console.log((error as Error).message);
    }
  }
}

if (import.meta.main) await runExample("futures", main);
