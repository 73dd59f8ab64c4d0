/**
 * Compares the package with other pools, and with those of Python.
 *
 *     deno task bench:peers [--quick] [--only=name,name] [--contender=name,name] [--python=python3]
 *
 * Each run of a contender is a process of its own. The contenders take turns, several times, so that a
 * change in the speed of the machine affects all of them. A contender that fails, or does not end in
 * time, has the reason in place of a number, and does not run in later rounds of that scenario.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { writeDocuments } from "../../scripts/results.ts";
import { ROOT } from "../../scripts/source_files.ts";
import {
  type Cell,
  cellOf,
  type Results,
  type Row,
  thisMachine,
  writeResults,
} from "../results.ts";
import { type Contender, denoContenders, pythonContenders } from "./contenders.ts";
import { RESULT, type Result } from "./run.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";

const HELP = `
Compares the package with other pools, and with those of Python.

deno task bench:peers [--quick] [--only=name,name] [--contender=name,name] [--python=python3]

--quick      small sizes and one round: whether it runs, not how fast
--only       only the scenarios whose name or title contains one of these
--contender  only the contenders whose name contains one of these
--rounds     how often the contenders take turns, 5 by default
--python     a Python to compare with, which may have joblib and numpy
--output     where the results go. By default, if all is measured, they go to bench/results/peers.json,
             and the tables and plots of the documentation are made from them`;

/** How long one run may take. */
const LIMIT_MS = 60_000;

async function main(): Promise<void> {
  const { help, quick, only, contender, rounds, python, output } = parseArgs(Deno.args, {
    boolean: ["help", "quick"],
    string: ["only", "contender", "rounds", "python", "output"],
    default: { python: "python3", rounds: "5" },
  });
  if (help) return console.log(HELP.trim());
  const machine = thisMachine();
  const ofPython = await pythonContenders(python);
  const contenders = [...denoContenders(), ...ofPython.contenders]
    .filter(({ id, name }) => matches(contender, id, name));
  const scenarios = SCENARIOS.filter(({ id, title }) => matches(only, id, title));
  const rows: Row[] = [];
  for (const scenario of scenarios) {
    rows.push(await compare(scenario, contenders, quick ? 1 : Number(rounds), quick));
  }
  const results: Results = {
    title: "Pools for JavaScript and Python",
    command: "deno task bench:peers",
    date: new Date().toISOString().slice(0, "2000-01-01".length),
    machine,
    versions: { Deno: Deno.version.deno, ...versionsOf(contenders), ...ofPython.versions },
    columns: contenders.map(({ id, name }) => ({ id, name })),
    rows,
  };
  if (output !== undefined) return await writeResults(output, results);
  if (quick || only !== undefined || contender !== undefined) return;
  await writeResults(new URL("bench/results/peers.json", ROOT), results);
  await writeDocuments();
}

/** Returns whether one of the words is in one of the texts, or there are none. */
function matches(words: string | undefined, ...texts: string[]): boolean {
  return words === undefined ||
    words.split(",").some((word) => texts.some((text) => text.includes(word)));
}

function versionsOf(contenders: Contender[]): Record<string, string> {
  return Object.fromEntries(
    contenders.flatMap(({ package: name, version }) =>
      name === undefined ? [] : [[name, version!]]
    ),
  );
}

/** Runs a scenario with each contender, in turns. */
async function compare(
  scenario: Scenario,
  contenders: Contender[],
  rounds: number,
  quick: boolean,
): Promise<Row> {
  const { id, title, unit, better } = scenario;
  console.log(`\n${title}${unit && ` (${unit})`}`);
  const samples: number[][] = contenders.map(() => []);
  const results: Result[] = contenders.map(() => ({}));
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      if (samples[at].length < round) continue; // it has failed, or does not offer this
      const result = results[at] = await run(contender.command(scenario, quick));
      if ("value" in result && result.value !== undefined) samples[at].push(result.value);
    }
  }
  const cells: Record<string, Cell> = {};
  for (const [at, contender] of contenders.entries()) {
    const cell = cellFor(samples[at], results[at]);
    if (cell !== undefined) cells[contender.id] = cell;
    console.log(`  ${contender.name.padEnd(26)} ${shown(cell)}`);
  }
  return { id, title, unit, better, cells };
}

/** Returns the cell of the rounds and the result of the last one. */
function cellFor(samples: number[], last: Result): Cell | undefined {
  if ("failed" in last) return last;
  if (last.value === undefined) return undefined;
  return cellOf(samples, last.note);
}

function shown(cell: Cell | undefined): string {
  if (cell === undefined) return "not offered";
  if ("failed" in cell) return cell.failed;
  const { median, min, max, note } = cell;
  return `${median} (${min} to ${max})${note === undefined ? "" : `, ${note}`}`;
}

/** Runs a program and returns the result that it prints. */
async function run([program, ...args]: string[]): Promise<Result> {
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(limit);
  if (isLate) return { failed: `hung: no result within ${LIMIT_MS / 1000} s` };
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const line = printed.split("\n").findLast((line) => line.startsWith(RESULT));
  if (line !== undefined) return JSON.parse(line.slice(RESULT.length));
  return { failed: `the program ended with code ${code}: ${errors.trim().split("\n")[0]}` };
}

if (import.meta.main) await main();
