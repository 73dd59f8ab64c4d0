/**
 * `@sauropod/multiprocessing/node`, the program of a node, from a copy: see `mod.ts`.
 *
 * @module
 */

import { endOf } from "../lib/cluster/node_main.ts";
// @ts-types="./types/lib/cluster/node_program.d.ts"
import { runNode } from "../lib/cluster/node_program.ts";

export { runNode };

if (import.meta.main) await endOf(runNode(Deno.args));
