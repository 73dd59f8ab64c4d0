/**
 * A NATS server and the nodes of a cluster, for tests.
 *
 * @module
 */

import { deadline } from "@std/async";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster, ClusterOptions } from "../../lib/cluster/cluster.ts";
import {
  findServer,
  HOW_TO_GET_A_SERVER,
  LocalCluster,
  type StartedNode,
} from "../../scripts/cluster/local_cluster.ts";
import { ROOT } from "../../scripts/source_files.ts";

export type { StartedNode };

/** The key of all clusters of tests. */
export const KEY = "a key of tests";

/** Where `nats-server` is; `undefined` if it is nowhere. */
export const natsServer: string | undefined = findServer();

if (natsServer === undefined) {
  console.log(
    `tests of clusters were not run: there is no nats-server. ${HOW_TO_GET_A_SERVER}`,
  );
}

/** A wait that only a hang reaches, in milliseconds. */
export const GUARD_MS = 120_000;

/** A test that needs a server. */
export function test(name: string, fn: () => Promise<void>): void {
  if (natsServer === undefined) return;
  Deno.test(name, () => deadline(fn(), GUARD_MS));
}

/** A server with its own folder and port, and what was started with it. */
export class TestCluster extends LocalCluster {
  constructor() {
    super({
      server: natsServer!,
      name: `test-${crypto.randomUUID().slice(0, 8)}`,
      authKey: KEY,
      nodeFlags: () => ["--allow-all"],
    });
  }

  /** Starts the server. */
  static async start(): Promise<TestCluster> {
    const started = new TestCluster();
    await started.startServer();
    return started;
  }

  override caller(options: ClusterOptions = {}): Cluster {
    return super.caller({ leaseMs: 2000, ...options });
  }

  /** As that of {@linkcode LocalCluster}, with a folder that all nodes have. */
  override startNodeOf(path: string, name: string, slots: number, ...args: string[]): StartedNode {
    return super.startNodeOf(path, name, slots, "--folder", join(this.folder, "modules"), ...args);
  }
}

/** Runs a program of the package, from a text. */
export async function runProgram(
  program: string,
  ...args: string[]
): Promise<{ code: number; printed: string }> {
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `--config=${config}`, "--ext=ts", "-", ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([program]).stream().pipeTo(child.stdin);
  const { code, stdout } = await child.output();
  return { code, printed: new TextDecoder().decode(stdout) };
}
