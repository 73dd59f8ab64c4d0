/**
 * The form of the measurements that are kept in `results/`, from which `deno task bench:tables` makes the tables and
 * plots of the documentation.
 *
 * @module
 */

import { cpus } from "node:os";
import { median } from "./measure.ts";

/** The measurements of one run of a bench. */
export interface Results {
  title: string;
  /** The command that measures them again. */
  command: string;
  /** The day of the run. */
  date: string;
  machine: Machine;
  /** The versions of what was measured, by name. */
  versions: Record<string, string>;
  /** The contenders. */
  columns: Column[];
  /** The scenarios. */
  rows: Row[];
  /**
   * Plots with a line for each of their rows. The columns are sizes then, and their names numbers. If omitted,
   * each row has a plot with a bar for each column.
   */
  plots?: Plot[];
}

/** A plot of costs against sizes. */
export interface Plot {
  id: string;
  title: string;
  /** What there are so many of. */
  x: string;
  /** The rows, by their ids. */
  rows: string[];
}

/** What the measurements were made on. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  /** How many processes wanted a core in the minute before the run, which should be about 0. */
  load: number;
}

/** A contender, or a size. */
export interface Column {
  id: string;
  name: string;
}

/** A scenario. */
export interface Row {
  id: string;
  title: string;
  /** The unit of the numbers, or an empty text. */
  unit: string;
  /** Which of two numbers is the better one. */
  better: "less" | "more";
  /** By contender. A contender that does not offer this has none. */
  cells: Record<string, Cell>;
}

/** What a contender reached. */
export type Cell = Measured | { failed: string };

/** Numbers of several rounds. */
export interface Measured {
  median: number;
  min: number;
  max: number;
  /** The number of rounds. */
  samples: number;
  /** What is to be said about it. */
  note?: string;
}

/** Returns the cell of the numbers, each with four digits. */
export function cellOf(samples: number[], note?: string): Measured {
  const digits = (value: number) => Number(value.toPrecision(4));
  return {
    median: digits(median(samples)),
    min: digits(Math.min(...samples)),
    max: digits(Math.max(...samples)),
    samples: samples.length,
    ...note !== undefined && { note },
  };
}

/** Returns what this machine is. */
export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    load: Number(Deno.loadavg()[0].toFixed(2)),
  };
}

/** Writes measurements. */
export async function writeResults(file: string | URL, results: Results): Promise<void> {
  await Deno.writeTextFile(file, JSON.stringify(results, null, 2) + "\n");
}
