/**
 * D7: A Process changes a Value and a SharedArray, and the main program sees the changes.
 *
 * Python: `num.value = 3.1415927` and `a[i] = -a[i]`, of a `Value('d', 0.0)` and an `Array('i', range(10))`.
 *
 * @module
 */
import { Process, SharedArray, task, Value } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets a process change a number and an array of numbers in shared memory.

deno run --allow-read examples/shared/shared_values.ts
`;

const change = task(import.meta, (number: Value<"d">, list: SharedArray<"i">) => {
  number.value = 3.1415927;
  for (let i = 0; i < list.length; i++) list[i] = -list[i];
});

async function main(): Promise<void> {
  readOptions(HELP);
  const number = new Value("d", 0);
  const list = new SharedArray("i", Array(10).keys());
  const process = new Process({ target: change, args: [number, list] });
  process.start();
  await process.join();
  console.log(number.value);
  console.log(`[${list.slice().join(", ")}]`);
}

if (import.meta.main) await runExample("shared_values", main);
