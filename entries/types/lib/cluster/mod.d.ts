/**
 * Clusters: a `Pool` whose tasks run on other machines.
 *
 * Callers and nodes are connected by NATS servers with JetStream, which keep what they send each other until
 * it has arrived. A node is a program, `@sauropod/multiprocessing/node`, on each machine that runs tasks. It
 * needs none of the modules of the callers.
 *
 * ```sh
 * nats-server -js -a 127.0.0.1
 * deno run --allow-net --allow-run --allow-env --allow-read --allow-write --allow-sys=hostname \
 *   jsr:@sauropod/multiprocessing/node --name fits --slots 8
 * ```
 *
 * ```ts ignore
 * import { Pool, task } from "@sauropod/multiprocessing";
 * import { cluster } from "@sauropod/multiprocessing/cluster";
 *
 * const square = task(import.meta, (x: number) => x * x);
 *
 * if (import.meta.main) {
 *   await using pool = new Pool({ engine: cluster({ name: "fits" }) });
 *   console.log(await pool.map(square, [1, 2, 3]));
 * }
 * ```
 *
 * @module
 */

export { AuthenticationError } from "./protocol.d.ts";
export { type DeadLetter, type ProcessDeath } from "./dead_letters.d.ts";
export {
  type ClusterJob,
  type JobResult,
  type JobResultsOptions,
  type JobStatus,
  type SubmitOptions,
} from "./jobs.d.ts";
export {
  type Cluster,
  cluster,
  type ClusterOptions,
  type NodeStatus,
  type ReadyOptions,
} from "./cluster.d.ts";

export {};
