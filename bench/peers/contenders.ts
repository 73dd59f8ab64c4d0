/**
 * The pools that are compared, and the processes that run them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { denoArgs } from "../../scripts/process_args.ts";
import type { Column } from "../results.ts";
import type { Scenario } from "./scenarios.ts";

/** A contender. */
export interface Contender extends Column {
  /** Its package and the version of that. */
  package?: string;
  version?: string;
  /** Returns the program and its arguments that run a scenario, and print the result. */
  command(scenario: Scenario, quick: boolean): string[];
}

/** The packages, by the name of their file in `pools/`. */
const PACKAGES: Record<string, string> = {
  piscina: "piscina",
  tinypool: "tinypool",
  poolifier: "poolifier",
  poolifier_web_worker: "poolifier-web-worker",
  workerpool: "workerpool",
  multithreading: "multithreading",
  comlink: "comlink",
};

const IMPORTS: Record<string, string> = config.imports;

/** Returns the contenders on Deno: this package first, then workers without one. */
export function denoContenders(): Contender[] {
  return [
    {
      ...denoContender("ours", "this package"),
      package: config.name,
      version: config.version,
    },
    denoContender("raw", "`postMessage`"),
    ...Object.entries(PACKAGES).map(([id, name]) => ({
      ...denoContender(id, name),
      package: name,
      version: IMPORTS[name].split("@").at(-1)!, // npm:name@version
    })),
  ];
}

function denoContender(id: string, name: string): Contender {
  const script = fileURLToPath(import.meta.resolve("./run.ts"));
  const args = [...denoArgs, "--no-check", "--allow-all", script, id];
  return {
    id,
    name,
    command: (scenario, quick) => [
      Deno.execPath(),
      "run",
      ...args,
      scenario.id,
      ...quick ? ["--quick"] : [],
    ],
  };
}

/** Returns the contenders of a Python and its versions; none if there is no such Python. */
export async function pythonContenders(
  python: string,
): Promise<{ contenders: Contender[]; versions: Record<string, string> }> {
  const script = fileURLToPath(import.meta.resolve("./python/pools.py"));
  const versions = await pythonVersions(python, script);
  const contender = (id: string, name: string): Contender => ({
    id,
    name,
    command: ({ id: scenario, size, quickSize }, quick) => [
      python,
      script,
      id,
      scenario,
      String(quick ? quickSize : size),
    ],
  });
  return {
    contenders: [
      ...versions.Python === undefined
        ? []
        : [contender("multiprocessing", "Python `multiprocessing`")],
      ...versions.joblib === undefined ? [] : [contender("joblib", "Python joblib")],
    ],
    versions,
  };
}

async function pythonVersions(python: string, script: string): Promise<Record<string, string>> {
  try {
    const { success, stdout } = await new Deno.Command(python, { args: [script, "versions"] })
      .output();
    return success ? JSON.parse(new TextDecoder().decode(stdout)) : {};
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
