/**
 * A9: Submits calls to workers, takes each result as soon as it is ready, and loses no error.
 *
 * Python: `concurrent.futures.as_completed()`, where `future.result()` raises the error.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import { asCompleted, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Prints which of some numbers are prime, in the order in which workers find out. One of them is not an
integer, and only its call fails.

deno run --allow-read examples/pools/futures.ts [--workers N]
`;

const NUMBERS = [112272535095293, 112582705942171, 1099726899285419, 7, NaN, 115280095190773];

const isPrime = task(import.meta, (n: number) => {
  if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is not an integer`);
  for (let divisor = 2; divisor * divisor <= n; divisor++) {
    if (n % divisor === 0) return false;
  }
  return n > 1;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const maxWorkers = readInteger("workers", options.workers, 2, { max: 64 });
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
