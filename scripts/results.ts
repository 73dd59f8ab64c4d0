/**
 * Makes the tables of the documentation, and the plots in `docs/plots/`, from the measurements in `bench/results/`:
 * `deno task bench:tables`.
 *
 * A document has a place for each table. All rows and columns are in it, or those that it names:
 *
 * ```text
 * <!-- results: peers rows=start,awaited columns=ours,raw -->
 * <!-- end -->
 * ```
 *
 * @module
 */
import type { Cell, Column, Results, Row } from "../bench/results.ts";
import { linesOf } from "./line_plot.ts";
import { ROOT } from "./source_files.ts";
import { isMeasured, numberOf, plain, svgOf, text } from "./svg.ts";

/** The documents with tables. */
export const DOCUMENTS = ["README.md", "docs/performance.md"];
const RESULTS = new URL("bench/results/", ROOT);
/** The folder of the plots. */
export const PLOTS = new URL("docs/plots/", ROOT);

/** Reads all measurements, by the name of their file. */
export async function readResults(): Promise<Map<string, Results>> {
  const found = new Map<string, Results>();
  for await (const { name } of Deno.readDir(RESULTS)) {
    const text = await Deno.readTextFile(new URL(name, RESULTS));
    found.set(name.replace(".json", ""), JSON.parse(text));
  }
  return found;
}

/** Returns the document with the tables of these measurements, formatted. */
export async function withTables(
  text: string,
  all: ReadonlyMap<string, Results>,
): Promise<string> {
  const places =
    /(<!-- results: (\w+)(?: rows=([\w,]+))?(?: columns=([\w,]+))? -->).*?<!-- end -->/gs;
  const filled = text.replace(places, (_, marker, name, rows, columns) => {
    const results = all.get(name);
    if (results === undefined) throw new Error(`There is no bench/results/${name}.json`);
    return `${marker}\n\n${tableOf(select(results, rows, columns))}\n\n<!-- end -->`;
  });
  return await formatted(filled);
}

/** Returns the results with these rows and columns only, which commas separate. */
function select(results: Results, rows?: string, columns?: string): Results {
  const pick = <T extends { id: string }>(all: T[], ids?: string): T[] =>
    ids?.split(",").map((id) => {
      const found = all.find((one) => one.id === id);
      if (found === undefined) throw new Error(`"${results.title}" has no ${id}`);
      return found;
    }) ?? all;
  return { ...results, rows: pick(results.rows, rows), columns: pick(results.columns, columns) };
}

/** Returns the Markdown table of the results, and what is to be said about it. */
export function tableOf(results: Results): string {
  const { rows, columns } = results;
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const table = [
    line(["", ...columns.map(({ name }) => name)]),
    line(["---", ...columns.map(() => "---:")]),
    ...rows.map((row) => {
      const best = results.plots === undefined ? bestOf(row, columns) : NaN;
      return line([labelOf(row), ...columns.map(({ id }) => textOf(row.cells[id], best))]);
    }),
  ];
  return [table.join("\n"), factsOf(results), failuresOf(results)].filter((text) => text !== "")
    .join("\n\n");
}

function labelOf({ title, unit, better }: Row): string {
  return `${title}${unit && `, ${unit}`}${better === "more" ? " (more is better)" : ""}`;
}

/** Returns the best of the medians in these columns. */
function bestOf({ cells, better }: Row, columns: Column[]): number {
  const medians = columns.map(({ id }) => cells[id]).filter(isMeasured).map((cell) => cell.median);
  return better === "less" ? Math.min(...medians) : Math.max(...medians);
}

function textOf(cell: Cell | undefined, best: number): string {
  if (cell === undefined) return "";
  if ("failed" in cell) return cell.failed.startsWith("hung") ? "hung" : "failed";
  const number = numberOf(cell.median);
  const shown = cell.median === best ? `**${number}**` : number;
  return cell.note === undefined ? shown : `${shown} (${cell.note})`;
}

/** Returns what the numbers are, and what they were measured on. */
function factsOf({ command, date, machine, versions, columns, rows, plots }: Results): string {
  const cells = rows.flatMap((row) => columns.map(({ id }) => row.cells[id]));
  const rounds = Math.max(...cells.filter(isMeasured).map(({ samples }) => samples));
  const { cpu, cores, memoryGiB, os, load } = machine;
  const measured = Object.entries(versions).map((version) => version.join(" ")).join(", ");
  const isComparison = plots === undefined;
  return `Medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}` +
    (isComparison ? "; the best of a row is bold." : ".") +
    (isComparison && cells.some((cell) => cell === undefined)
      ? " An empty cell: it does not offer this."
      : "") +
    ` Measured on ${date} with ${measured}, on ${cores} cores (${cpu}, ${memoryGiB} GiB, ${os}),` +
    (load > cores / 4
      ? ` which other programs used too (load ${load}): small differences mean nothing.`
      : " which had nothing else to do.") +
    ` \`${command}\` measures it on your machine.`;
}

/** Returns the list of what failed, and how. */
function failuresOf({ rows, columns }: Results): string {
  return rows.flatMap(({ title, cells }) =>
    columns.flatMap(({ id, name }) => {
      const cell = cells[id];
      return cell !== undefined && "failed" in cell ? [`- ${name}, ${title}: ${cell.failed}`] : [];
    })
  ).join("\n");
}

/** Returns Markdown as `deno fmt` formats it. */
async function formatted(text: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext=md", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = process.output();
  const input = process.stdin.getWriter();
  await input.write(new TextEncoder().encode(text));
  await input.close();
  const { success, stdout } = await output;
  if (!success) throw new Error("deno fmt failed");
  return new TextDecoder().decode(stdout);
}

/** Returns the plots of all measurements, by the name of their file. */
export function plotsOf(all: ReadonlyMap<string, Results>): Map<string, string> {
  const svgs = new Map<string, string>();
  for (const [name, { rows, columns, plots }] of all) {
    if (plots === undefined) {
      for (const row of rows) svgs.set(`${name}_${row.id}.svg`, barsOf(row, columns));
    } else {
      for (const plot of plots) svgs.set(`${name}_${plot.id}.svg`, linesOf(plot, rows, columns));
    }
  }
  return svgs;
}

const BAR_LEFT = 190;
const BAR_WIDTH = 340;
const LINE = 24;
const TOP = 40;

/** Draws a bar for each contender, the best one first, with a line from the lowest to the highest number. */
export function barsOf(row: Row, columns: Column[]): string {
  const { cells, better, unit } = row;
  const order = (cell: Cell) =>
    !isMeasured(cell) ? Infinity : better === "less" ? cell.median : -cell.median;
  const shown = columns.filter(({ id }) => cells[id] !== undefined)
    .toSorted((a, b) => order(cells[a.id]) - order(cells[b.id]) || 0);
  const longest = Math.max(
    ...shown.map(({ id }) => cells[id]).filter(isMeasured).map((c) => c.max),
  );
  const bars = shown.map(({ id, name }, at) => {
    const y = TOP + at * LINE;
    const kind = id === columns[0].id ? "bar first" : "bar";
    return text(BAR_LEFT - 8, y + 15, plain(name), ' text-anchor="end"') +
      barOf(cells[id], y, longest, unit, kind);
  });
  const height = TOP + shown.length * LINE + 8;
  return svgOf(plain(labelOf(row)), height, bars.join(""));
}

function barOf(cell: Cell, y: number, longest: number, unit: string, kind: string): string {
  if (!isMeasured(cell)) return text(BAR_LEFT, y + 15, textOf(cell, NaN));
  const length = (value: number) => Number((value / longest * BAR_WIDTH).toFixed(1));
  const [from, to] = [BAR_LEFT + length(cell.min), BAR_LEFT + length(cell.max)];
  const label = `${numberOf(cell.median)} ${unit}${cell.note ? ` (${cell.note})` : ""}`.trim();
  return `<rect class="${kind}" x="${BAR_LEFT}" y="${y + 3}" ` +
    `width="${length(cell.median)}" height="${LINE - 8}"/>\n` +
    `<line class="spread" x1="${from}" x2="${to}" y1="${y + 11}" y2="${y + 11}"/>\n` +
    text(to + 6, y + 15, label);
}

/** Writes all tables and plots. */
export async function writeDocuments(): Promise<void> {
  const all = await readResults();
  for (const path of DOCUMENTS) {
    const url = new URL(path, ROOT);
    await Deno.writeTextFile(url, await withTables(await Deno.readTextFile(url), all));
  }
  await Deno.remove(PLOTS, { recursive: true });
  await Deno.mkdir(PLOTS);
  for (const [name, svg] of plotsOf(all)) await Deno.writeTextFile(new URL(name, PLOTS), svg);
}

if (import.meta.main) await writeDocuments();
