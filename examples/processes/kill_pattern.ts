/**
 * A9: A pattern that would try to match a text for hours is stopped: its process is killed.
 *
 * A match cannot be interrupted, so a worker that matches goes on until the program ends. With
 * `startMethod: "process"`, each worker of the pool is a process of the operating system. When the time of
 * a task is up, its process is killed, and another one takes its place.
 *
 * Python: `result.get(timeout)` ends the wait, not the task.
 *
 * @module
 */
import process from "node:process";
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, timed } from "../support/cli.ts";

const HELP = `
Matches four texts with the pattern /^(a+)+$/, with a time limit for each of them.

deno run --allow-read --allow-run --allow-env examples/processes/kill_pattern.ts [--quick]
`;

/** Tries 2^n ways to match n letters "a" and another letter. */
const PATTERN = /^(a+)+$/;
const TEXTS = ["aaaa", "aab", "a".repeat(50) + "b", "a".repeat(50)];

const matches = task(import.meta, (text: string) => PATTERN.test(text));
const pidOf = task(import.meta, () => Deno.pid);

/** Returns whether the operating system has a process with this number. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0); // only looks for it
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const { quick } = readOptions(HELP);
  const timeoutMs = quick ? 500 : 2000;
  await using pool = new Pool({ processes: 1, startMethod: "process", timeoutMs, graceMs: 100 });
  const first = await pool.apply(pidOf);

  for (const text of TEXTS) {
    const { seconds, result } = await timed(() =>
      pool.apply(matches, [text]).catch((error: Error) => error.name)
    );
    const shown = text.length < 10 ? text : `${text.slice(0, 4)}…${text.slice(-4)}`;
    console.log(`${shown}: ${result} after ${seconds.toFixed(2)} s`);
  }

  while (isRunning(first)) await sleep(1); // the task has its graceMs to end by itself
  console.log(`process ${first} was killed, process ${await pool.apply(pidOf)} has its place`);
}

if (import.meta.main) await runExample("kill_pattern", main);
