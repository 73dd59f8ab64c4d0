/**
 * Plots of costs against sizes, both on logarithmic axes: a cost that does not grow is a level line.
 *
 * @module
 */

import type { Column, Plot, Row } from "../bench/results.ts";
import { isMeasured, numberOf, plain, svgOf, text, WIDTH } from "./svg.ts";

const [LEFT, RIGHT] = [72, WIDTH - 24];
const LEGEND_LINE = 20;
const LEGEND_TOP = 48;
const HEIGHT = 180;

const STYLE = `
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .line { fill: none; stroke-width: 2 }
  .range { stroke-width: 1.5; opacity: 0.5 }
  .s0 { stroke: #2f81f7 } .s1 { stroke: #d4690f } .s2 { stroke: #2da44e }
  .s3 { stroke: #a371f7 } .s4 { stroke: #8b949e }
  @media (prefers-color-scheme: dark) { .grid { stroke: #30363d } }`;

/** Draws a line for each row of the plot, with a stroke from the lowest to the highest number of each point. */
export function linesOf(plot: Plot, rows: Row[], columns: Column[]): string {
  const shown = plot.rows.map((id) => rows.find((row) => row.id === id)!);
  const sizes = columns.map(({ id }) => Number(id))
    .filter((size) => shown.some(({ cells }) => isMeasured(cells[size])));
  const costs = shown.flatMap(({ cells }) => Object.values(cells).filter(isMeasured))
    .flatMap(({ min, max }) => [min, max]);
  const top = LEGEND_TOP + shown.length * LEGEND_LINE;
  const x = scaleOf(Math.min(...sizes), Math.max(...sizes), LEFT, RIGHT);
  const [low, high] = [Math.floor, Math.ceil].map((round, at) =>
    10 ** round(Math.log10(at === 0 ? Math.min(...costs) : Math.max(...costs)))
  );
  const y = scaleOf(low, high === low ? low * 10 : high, top + HEIGHT, top);
  const content = [
    ...shown.map((row, at) => legendOf(row, at)),
    ...decades(low, high).map((cost) => gridLine(cost, y(cost))),
    ...sizes.map((size) =>
      text(x(size), top + HEIGHT + 20, shortOf(size), ' text-anchor="middle"')
    ),
    text(RIGHT, top + HEIGHT + 40, plot.x, ' text-anchor="end"'),
    ...shown.map((row, at) => lineOf(row, sizes, at, x, y)),
  ];
  return svgOf(plain(plot.title), top + HEIGHT + 52, content.join(""), STYLE);
}

type Scale = (value: number) => number;

/** Returns a logarithmic scale. */
function scaleOf(from: number, to: number, start: number, end: number): Scale {
  const length = Math.log(to / from) || 1;
  return (value) => Number((start + Math.log(value / from) / length * (end - start)).toFixed(1));
}

function decades(low: number, high: number): number[] {
  const count = Math.round(Math.log10(high / low)) + 1;
  return Array.from({ length: Math.max(count, 2) }, (_, at) => low * 10 ** at);
}

function legendOf({ title, unit }: Row, at: number): string {
  const y = LEGEND_TOP + at * LEGEND_LINE;
  return `<line class="line s${at}" x1="16" x2="40" y1="${y - 4}" y2="${y - 4}"/>\n` +
    text(48, y, `${plain(title)}, ${unit}`);
}

function gridLine(cost: number, y: number): string {
  return `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/>\n` +
    text(LEFT - 8, y + 4, numberOf(cost), ' text-anchor="end"');
}

function lineOf({ cells }: Row, sizes: number[], at: number, x: Scale, y: Scale): string {
  const points: string[] = [];
  const ranges: string[] = [];
  for (const size of sizes) {
    const cell = cells[size];
    if (!isMeasured(cell)) continue;
    points.push(`${x(size)},${y(cell.median)}`);
    ranges.push(
      `<line class="range s${at}" x1="${x(size)}" x2="${x(size)}" y1="${y(cell.min)}" ` +
        `y2="${y(cell.max)}"/>\n`,
    );
  }
  return `<polyline class="line s${at}" points="${points.join(" ")}"/>\n` + ranges.join("");
}

/** Returns a size as it is written at an axis: 10K. */
function shortOf(size: number): string {
  return size.toLocaleString("en", { notation: "compact" });
}
