/**
 * What processes of the operating system need that a script starts, which may run with the build.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ROOT } from "./source_files.ts";

/** Whether this script runs with the build. */
export const isBuilt: boolean = import.meta.resolve("@sauropod/multiprocessing").includes("/dist/");

/** The option `denoArgs` of its processes, which do not have the arguments of this program. */
export const denoArgs: readonly string[] = isBuilt
  ? [`--config=${fileURLToPath(new URL("deno.build.json", ROOT))}`]
  : [];
