/**
 * A9: Tasks that hang, compute too long or end their worker, and a pool that is whole after each of them.
 *
 * Python: `result.get(timeout)` ends the wait, not the task; a worker that dies hangs `Pool.map()`.
 *
 * @module
 */
import {
  currentTask,
  Pool,
  task,
  type TimeoutError,
  type WorkerDiedError,
} from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Calls tasks that do not end as they should, with a time limit for each task, and with retries.

deno run --allow-read examples/pools/limits.ts [--quick]
`;

/** Waits for an answer that never comes. */
const hang = task(import.meta, () => new Promise<never>(() => {}));

/** Computes until nobody waits for the result any more. */
const search = task(import.meta, (start: number) => {
  const { signal } = currentTask()!;
  let tries = start;
  while (!signal.aborted) tries++;
  return tries;
});

/** Ends its worker the first time it is run, as a library that fails would. */
const unreliable = task(import.meta, (x: number) => {
  if (currentTask()!.attempt === 0 && x === 3) Deno.exit(7);
  return x * x;
});

async function main(): Promise<void> {
  const { quick } = readOptions(HELP, {});
  const timeoutMs = quick ? 100 : 1000;
  await using pool = new Pool({ processes: 2, timeoutMs, graceMs: 100 });

  const failure = await pool.apply(hang).catch((error: unknown) => error);
  console.log(`a task that hangs: ${(failure as TimeoutError).name}`);

  const giveUp = AbortSignal.timeout(timeoutMs / 2);
  const searching = pool.map(search, [0, 1000], { signal: giveUp, timeoutMs: Infinity });
  const aborted = await searching.catch((error: unknown) => error);
  console.log(`a search that was given up: ${(aborted as DOMException).name}`);

  const died = await pool.map(unreliable, [1, 2, 3]).catch((error: unknown) => error);
  const { exitCode, item } = died as WorkerDiedError;
  console.log(`a worker that ended: exit code ${exitCode}, at item ${item}`);

  const squares = await pool.map(unreliable, [1, 2, 3], { retries: 1 });
  console.log(`the same with a retry: ${squares.join(" ")}`);
}

if (import.meta.main) await runExample("limits", main);
