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

export { AuthenticationError } from "./protocol.ts";
export type { DeadLetter, ProcessDeath } from "./dead_letters.ts";
export type { ClusterJob, JobResult, JobResultsOptions, JobStatus, SubmitOptions } from "./jobs.ts";
export {
  type Cluster,
  cluster,
  type ClusterOptions,
  type NodeStatus,
  type ReadyOptions,
} from "./cluster.ts";
