/**
 * Draws `docs/speedups.svg` from `docs/speedups.json`: `deno task plot`.
 *
 * @module
 */
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Speedups } from "./measure_examples.ts";
import { ROOT } from "./source_files.ts";

/** A point of a curve. */
export interface Point {
  scenario: string;
  workers: number;
  speedUp: number;
}

/** Returns the points of the curves: the speed-up of each row with workers over the first row of its table. */
export function pointsOf({ scenarios }: Speedups): Point[] {
  return scenarios.flatMap(({ title, rows }) =>
    rows.flatMap(({ name, best }) => {
      const workers = name.match(/^(\d+) workers?$/)?.[1];
      if (workers === undefined) return [];
      return [{ scenario: title, workers: Number(workers), speedUp: rows[0].best / best }];
    })
  );
}

/** Draws the curves, as SVG. */
export async function plot(speedups: Speedups): Promise<string> {
  const points = pointsOf(speedups);
  const maxWorkers = Math.max(...points.map(({ workers }) => workers));
  const { cores } = speedups;
  const ideal = [1, cores, maxWorkers].map((workers) => ({
    workers,
    speedUp: Math.min(workers, cores),
  }));
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: `Speed-up over one core, on ${cores} cores (${speedups.machine})`,
    width: 460,
    height: 260,
    layer: [
      {
        data: { values: ideal },
        mark: { type: "line", strokeDash: [4, 4], color: "#999999" },
        encoding: {
          x: { field: "workers", type: "quantitative", title: "workers" },
          y: { field: "speedUp", type: "quantitative", title: "speed-up; dashed: all cores" },
        },
      },
      {
        data: { values: points },
        mark: { type: "line", point: true },
        encoding: {
          x: { field: "workers", type: "quantitative", axis: { tickMinStep: 1 } },
          y: { field: "speedUp", type: "quantitative", scale: { zero: true } },
          color: {
            field: "scenario",
            type: "nominal",
            title: null,
            legend: { orient: "bottom", columns: 2, labelLimit: 240 },
          },
        },
      },
    ],
  };
  const runtime = vega.parse(compile(spec).spec);
  return await new vega.View(runtime, { renderer: "none" }).toSVG();
}

if (import.meta.main) {
  const speedups = JSON.parse(await Deno.readTextFile(new URL("docs/speedups.json", ROOT)));
  await Deno.writeTextFile(new URL("docs/speedups.svg", ROOT), await plot(speedups) + "\n");
}
