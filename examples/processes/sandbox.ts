/**
 * A9: Plug-ins that nobody trusts run in processes without permissions, with limits of time and memory.
 *
 * A plug-in is a text, the source of a function. Each call of one has a process of its own, so that nothing that
 * a plug-in changes is there for the next one. What it returns may be anything: the program checks it.
 *
 * @module
 */
import { Pool, task, type WorkerDiedError } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Runs plug-ins that compute, read a file, connect, loop for ever, fill their memory, and change arrays.

deno run --allow-read --allow-run --allow-env examples/processes/sandbox.ts
`;

/** What users have written, by what it tries. */
const PLUG_INS: Readonly<Record<string, string>> = {
  "doubles": "(numbers) => numbers.map((x) => 2 * x)",
  "reads a file": "() => Deno.readTextFileSync('/etc/passwd')",
  "connects": "() => Deno.connect({ hostname: 'localhost', port: 80 })",
  "reads the environment": "() => Deno.env.get('HOME')",
  "loops for ever": "() => { for (;;); }",
  "fills its memory": "() => { const kept = []; for (;;) kept.push(new Array(1e5).fill(0.5)); }",
  "changes arrays":
    "(numbers) => { Array.prototype.map = () => 'mine'; return numbers.map(String); }",
};

/** Calls a function, given its source. */
const call = task(
  import.meta,
  (source: string, numbers: number[]): unknown => new Function(`return (${source})`)()(numbers),
);

/** Calls a plug-in in a process that may do nothing, for five seconds at most. */
async function runPlugIn(source: string, numbers: number[]): Promise<unknown> {
  const pool = new Pool({
    processes: 1,
    startMethod: "process",
    permissions: {},
    maxOldSpaceMb: 64,
    timeoutMs: 5000,
    graceMs: 100,
  });
  try {
    return await pool.apply(call, [source, numbers]);
  } finally {
    pool.terminate();
    await pool.join();
  }
}

/** Whether a result is what plug-ins are to return. */
function isNumbers(result: unknown): result is number[] {
  return Array.isArray(result) && result.every((item) => typeof item === "number");
}

async function main(): Promise<void> {
  readOptions(HELP);
  for (const [what, source] of Object.entries(PLUG_INS)) {
    try {
      const result = await runPlugIn(source, [1, 2, 3]);
      console.log(`${what}: ${isNumbers(result) ? result.join(" ") : "not numbers: refused"}`);
    } catch (error) {
      const { name, exitCode } = error as WorkerDiedError;
      console.log(`${what}: ${name}${exitCode === undefined ? "" : `, exit code ${exitCode}`}`);
    }
  }
  console.log(`the program: ${[1, 2, 3].map((x) => 2 * x).join(" ")}`);
}

if (import.meta.main) await runExample("sandbox", main);
