/**
 * A1: Prints the number of cores, which is the default number of workers of a Pool.
 *
 * Python: `multiprocessing.cpu_count()`.
 *
 * @module
 */
import { cpuCount, Pool } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Prints the number of cores that the program may use, and the workers of a default pool.

deno run --allow-read examples/processes/cpu_count.ts
`;

async function main(): Promise<void> {
  readOptions(HELP);
  console.log(`cores: ${cpuCount()}`);
  await using pool = new Pool();
  console.log(`workers of a pool: ${pool.processes}`);
}

if (import.meta.main) await runExample("cpu_count", main);
