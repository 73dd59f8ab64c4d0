/**
 * Chaos in a cluster: two callers and a few nodes on this machine, whose nodes, processes, server and connections
 * end, stop and come back at random. Each item must come once, with its result, and nothing may hang.
 *
 * ```text
 * deno task chaos [--minutes 10] [--seed 1] [--nodes 3]
 * ```
 *
 * It needs `nats-server`. The same seed draws the same faults and calls, but not with the same timing.
 *
 * @module
 */

import { callCluster } from "./chaos/callers.ts";
import { ChaosCluster } from "./chaos/chaos_cluster.ts";
import { breakThings } from "./chaos/faults.ts";
import { findServer, HOW_TO_GET_A_SERVER } from "./cluster/local_cluster.ts";
import { readScriptOptions } from "./script_options.ts";
import { Tally } from "./soak/tally.ts";
import { Random } from "./stress/random.ts";

/** The lease of the nodes, in milliseconds: short, so that many are lost in a run. */
const LEASE_MS = 2000;
/** What has not ended so long after the last fault is described, in milliseconds. */
const LATE_MS = 60_000;
/** The names of the callers. */
const CALLERS = ["first", "second"] as const;

/** Runs all parts until the time is up, and the last calls have ended. */
export async function chaos(
  server: string,
  seed: number,
  timeMs: number,
  nodes: number,
  tally: Tally,
): Promise<void> {
  await using cluster = new ChaosCluster(server);
  await cluster.startServer();
  for (let node = 0; node < nodes; node++) cluster.addNode();
  const callers = CALLERS.map(() => cluster.caller({ leaseMs: LEASE_MS }));
  for (const engine of callers) await engine.ready({ slots: nodes });
  const random = new Random(seed);
  const end = performance.now() + timeMs;
  const isOver = () => performance.now() >= end || tally.hasFailed;
  const late = setTimeout(async () => console.log(await cluster.describe()), timeMs + LATE_MS);
  await Promise.all([
    breakThings(cluster, LEASE_MS, new Random(random.fork()), tally, isOver),
    ...callers.map((engine, at) =>
      callCluster(
        CALLERS[at],
        engine,
        callers[(at + 1) % callers.length],
        new Random(random.fork()),
        tally,
        isOver,
      )
    ),
  ]);
  clearTimeout(late);
  for (const engine of callers) await engine[Symbol.asyncDispose]();
}

async function main(): Promise<void> {
  const options = readScriptOptions(
    "deno task chaos [--minutes 10] [--seed 1] [--nodes 3]",
    ["minutes", "seed", "nodes"],
  );
  const server = findServer();
  if (server === undefined) {
    console.error(`There is no nats-server. ${HOW_TO_GET_A_SERVER}`);
    Deno.exit(1);
  }
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const minutes = Number(options.minutes ?? 10);
  console.log(`seed ${seed}, ${minutes} minutes, Deno ${Deno.version.deno}`);
  const tally = new Tally();
  const progress = setInterval(() => console.log(tally.report()), 60_000);
  await chaos(server, seed, minutes * 60_000, Number(options.nodes ?? 3), tally);
  clearInterval(progress);
  console.log(tally.report());
  if (tally.hasFailed || tally.sent !== tally.received) Deno.exit(1);
  console.log("each item came once");
}

if (import.meta.main) await main();
