/**
 * Measures how costs grow: with the number of items, calls, objects, workers and indices.
 *
 *     deno task bench:growth [--quick] [--only=id,id] [--rounds=3]
 *
 * Each point of a curve is measured in a process of its own. The points take turns, several times, so that a
 * change in the speed of the machine affects all of them.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { fileURLToPath } from "node:url";
import { denoArgs } from "../../scripts/process_args.ts";
import { writeDocuments } from "../../scripts/results.ts";
import { ROOT } from "../../scripts/source_files.ts";
import {
  type Cell,
  cellOf,
  type Machine,
  type Results,
  thisMachine,
  writeResults,
} from "../results.ts";
import type { Curve } from "./curve.ts";
import { CURVES, PLOTS } from "./curves.ts";
import { RESULT } from "./run.ts";

const HELP = `
Measures how costs grow with the number of items, calls, objects, workers and indices.

deno task bench:growth [--quick] [--only=id,id] [--rounds=3]

--quick   the smallest sizes, and one round: whether it runs, not how fast
--only    only the curves whose id contains one of these
--rounds  how often the points take turns, 3 by default
--output  where the results go. By default, if all is measured, they go to bench/results/growth.json, and
          the tables and plots of the documentation are made from them`;

const SCRIPT = fileURLToPath(import.meta.resolve("./run.ts"));
/** How long one run may take. */
const LIMIT_MS = 60_000;

/** A point of a curve. */
interface Point {
  readonly curve: Curve;
  readonly size: number;
  readonly samples: number[];
  /** Why there is no number. */
  failed?: string;
}

async function main(): Promise<void> {
  const { help, quick, only, rounds, output } = parseArgs(Deno.args, {
    boolean: ["help", "quick"],
    string: ["only", "rounds", "output"],
    default: { rounds: "3" },
  });
  if (help) return console.log(HELP.trim());
  const machine = thisMachine();
  const words = only?.split(",");
  const curves = CURVES.filter(({ id }) => words?.some((word) => id.includes(word)) ?? true);
  const points = curves.flatMap((curve) => pointsOf(curve, quick));
  for (let round = 0; round < (quick ? 1 : Number(rounds)); round++) {
    for (const point of points) await measure(point, quick);
  }
  for (const curve of curves) print(curve, points);
  const results = resultsOf(curves, points, machine);
  if (output !== undefined) return await writeResults(output, results);
  if (quick || only !== undefined) return;
  await writeResults(new URL("bench/results/growth.json", ROOT), results);
  await writeDocuments();
}

function pointsOf(curve: Curve, quick: boolean): Point[] {
  const sizes = quick ? curve.sizes.slice(0, 1) : curve.sizes;
  return sizes.map((size) => ({ curve, size, samples: [] }));
}

/** Measures a point once, unless it has failed before. */
async function measure(point: Point, quick: boolean): Promise<void> {
  if (point.failed !== undefined) return;
  const { curve, size, samples } = point;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...denoArgs, "--no-check", "--allow-all", SCRIPT, curve.id, String(size)]
      .concat(quick ? "--quick" : []),
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const { stdout, stderr } = await child.output();
  clearTimeout(limit);
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const line = printed.split("\n").find((line) => line.startsWith(RESULT));
  if (line !== undefined) samples.push(Number(line.slice(RESULT.length)));
  else if (isLate) point.failed = `hung: no result within ${LIMIT_MS / 1000} s`;
  else point.failed = errors.trim().split("\n")[0];
}

function print({ id, title, unit }: Curve, points: Point[]): void {
  console.log(`\n${title} (${unit})`);
  for (const { curve, size, samples, failed } of points) {
    if (curve.id !== id) continue;
    const { median, min, max } = cellOf(samples);
    console.log(`  ${String(size).padStart(10)} ${failed ?? `${median} (${min} to ${max})`}`);
  }
}

function resultsOf(curves: Curve[], points: Point[], machine: Machine): Results {
  const sizes = [...new Set(points.map(({ size }) => size))].toSorted((a, b) => a - b);
  return {
    title: "How costs grow",
    command: "deno task bench:growth",
    date: new Date().toISOString().slice(0, "2000-01-01".length),
    machine,
    versions: { Deno: Deno.version.deno },
    columns: sizes.map((size) => ({ id: String(size), name: size.toLocaleString("en") })),
    rows: curves.map(({ id, title, unit }) => ({
      id,
      title,
      unit,
      better: "less",
      cells: Object.fromEntries(
        points.filter(({ curve }) => curve.id === id)
          .map((point) => [String(point.size), cellAt(point)]),
      ),
    })),
    plots: PLOTS.map((plot) => ({
      ...plot,
      rows: curves.filter((curve) => curve.plot === plot.id).map(({ id }) => id),
    })).filter(({ rows }) => rows.length > 0),
  };
}

function cellAt({ samples, failed }: Point): Cell {
  return failed === undefined ? cellOf(samples) : { failed };
}

if (import.meta.main) await main();
