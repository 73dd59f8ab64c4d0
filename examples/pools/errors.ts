/**
 * A9: An error in a worker is thrown where its result is asked for, or printed: no error is lost.
 *
 * Python's tutorial says that errors are easily lost: workers should catch all of them, and return a
 * value that signals the failure. Here an error crosses with its class, message and stack.
 *
 * @module
 */
import { Pool, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets tasks fail in several ways, and shows how the main program learns of each.

deno run --allow-read examples/pools/errors.ts
`;

const invert = task(import.meta, (x: number) => {
  if (x === 0) throw new RangeError("0 has no inverse");
  return 1 / x;
});

const leave = task(import.meta, () => Deno.exit(3));

async function main(): Promise<void> {
  readOptions(HELP);
  await using pool = new Pool(2);

  try {
    await pool.map(invert, [1, 0, 4]);
  } catch (error) {
    console.log(`map threw ${error}, a RangeError: ${error instanceof RangeError}`);
  }

  const results = [1, 0, 4].map((x) => pool.applyAsync(invert, [x]));
  const settled = await Promise.allSettled(results);
  for (const result of settled) {
    console.log(result.status === "fulfilled" ? `got ${result.value}` : `got ${result.reason}`);
  }

  const done = Promise.withResolvers<void>();
  const errorCallback = (error: unknown) => {
    console.log(`errorCallback got ${error}`);
    done.resolve();
  };
  pool.applyAsync(invert, [0], { errorCallback });
  await done.promise;

  try {
    await pool.apply(leave);
  } catch (error) {
    console.log(`apply threw ${(error as Error).name}`); // the pool starts another worker
  }
  console.log(`the pool still works: ${await pool.apply(invert, [2])}`);

  const process = new Process({ target: invert, args: [0] });
  process.start();
  await process.join();
  console.log(`the process ended with exit code ${process.exitCode}: ${process.error}`);
}

if (import.meta.main) await runExample("errors", main);
