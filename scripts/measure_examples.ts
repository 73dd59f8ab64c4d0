/**
 * Runs the examples whose speed-up curves `deno task plot` draws, at their full size, several times:
 * `deno task measure`. Writes the shortest of the printed times to `docs/speedups.json`, since other
 * programs on the machine only make times longer.
 *
 * @module
 */
import { readExamples } from "./list_examples.ts";
import { ROOT } from "./source_files.ts";

/** A row of a table of times, in milliseconds. */
export interface Row {
  name: string;
  /** The first run, in which workers start. */
  first: number;
  best: number;
}

/** The measured times, and the machine. */
export interface Speedups {
  machine: string;
  cores: number;
  deno: string;
  scenarios: { id: string; title: string; rows: Row[] }[];
}

/** The examples, with the titles of their curves. */
const CURVES: Record<string, string> = {
  long_tasks: "C2: 100 integrals",
  distance_pairs: "C7: 40,000 tiny tasks",
  distance_rows: "C8: 500 rows of distances",
  monte_carlo_pi: "D9: Monte-Carlo pi",
};

/** Returns the rows of the tables in the output of an example. */
export function rowsOf(lines: readonly string[]): Row[] {
  return lines.flatMap((line) => {
    const [, name, first, best] = line.match(/^(.+?) +([0-9.]+) ms +([0-9.]+) ms +[0-9.]+ x$/) ??
      [];
    return name === undefined ? [] : [{ name, first: Number(first), best: Number(best) }];
  });
}

/** The number of runs of each example. */
const RUNS = 7;

/** Returns the rows with the shortest times of several runs. */
export function shortest(runs: readonly Row[][]): Row[] {
  return runs[0].map(({ name }, at) => ({
    name,
    first: Math.min(...runs.map((rows) => rows[at].first)),
    best: Math.min(...runs.map((rows) => rows[at].best)),
  }));
}

async function main(): Promise<void> {
  const examples = await readExamples();
  const scenarios: Speedups["scenarios"] = [];
  for (const [name, title] of Object.entries(CURVES)) {
    const { path, permissions, ids } = examples.find((example) => example.name === name)!;
    const runs: Row[][] = [];
    for (let run = 0; run < RUNS; run++) {
      const { success, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", ...permissions, path],
        cwd: ROOT,
        stderr: "inherit",
      }).output();
      if (!success) throw new Error(`${name} failed`);
      runs.push(rowsOf(new TextDecoder().decode(stdout).split("\n")));
    }
    const rows = shortest(runs);
    console.log(title, ...rows.map(({ name, best }) => `\n  ${name}: ${best} ms`));
    scenarios.push({ id: ids[0], title, rows });
  }
  const speedups: Speedups = {
    machine: Deno.build.target,
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    scenarios,
  };
  await Deno.writeTextFile(
    new URL("docs/speedups.json", ROOT),
    JSON.stringify(speedups, null, 2) + "\n",
  );
}

if (import.meta.main) await main();
