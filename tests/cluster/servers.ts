/**
 * A NATS server and the nodes of a cluster, for tests.
 *
 * @module
 */

import { join } from "node:path";
import { deadline } from "@std/async";
import { fileURLToPath } from "node:url";
import { type Cluster, cluster, type ClusterOptions } from "../../lib/cluster/cluster.ts";
import { ROOT } from "../../scripts/source_files.ts";

/** The key of all clusters of tests. */
export const KEY = "a key of tests";

/** Where `nats-server` is; `undefined` if it is nowhere. */
export const natsServer: string | undefined = findServer();

function findServer(): string | undefined {
  const given = Deno.env.get("NATS_SERVER");
  const folders = (Deno.env.get("PATH") ?? "").split(":").map((folder) =>
    join(folder, "nats-server")
  );
  for (const path of [...given ? [given] : [], ...folders, "/usr/sbin/nats-server"]) {
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch {
      // not there
    }
  }
  console.log(
    "tests of clusters were not run: there is no nats-server. Install that of Debian " +
      "(apt-get install nats-server), or set NATS_SERVER to its path",
  );
  return undefined;
}

/** A wait that only a hang reaches, in milliseconds. */
export const GUARD_MS = 120_000;

/** A test that needs a server. */
export function test(name: string, fn: () => Promise<void>): void {
  if (natsServer === undefined) return;
  Deno.test(name, () => deadline(fn(), GUARD_MS));
}

/** A node program. */
export interface StartedNode {
  readonly name: string;
  readonly child: Deno.ChildProcess;
}

/** A server with its own folder and port, and what was started with it. */
export class TestCluster implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly port = freePort();
  readonly name = `test-${crypto.randomUUID().slice(0, 8)}`;
  readonly #nodes: StartedNode[] = [];
  #server: Deno.ChildProcess | undefined;

  /** Starts the server. */
  static async start(): Promise<TestCluster> {
    const started = new TestCluster();
    await started.startServer();
    return started;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the server, with what it had stored. */
  async startServer(): Promise<void> {
    this.#server = new Deno.Command(natsServer!, {
      args: ["-js", "-sd", this.#folder, "-a", "127.0.0.1", "-p", String(this.port)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Ends the server. */
  async stopServer(): Promise<void> {
    this.#server?.kill("SIGTERM");
    await this.#server?.status;
  }

  /** Returns the cluster as a caller sees it. */
  caller(options: ClusterOptions = {}): Cluster {
    return cluster({
      servers: this.address,
      name: this.name,
      authKey: KEY,
      leaseMs: 2000,
      ...options,
    });
  }

  /** Starts a node, which joins after a while. */
  startNode(name: string, slots: number, ...args: string[]): StartedNode {
    return this.startNodeOf("lib/cluster/node_program.ts", name, slots, ...args);
  }

  /** As {@linkcode TestCluster.startNode}, with a program by its path in the repository. */
  startNodeOf(path: string, name: string, slots: number, ...args: string[]): StartedNode {
    const program = fileURLToPath(new URL(path, ROOT));
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-lock", "--allow-all", program],
        ...["--connect", this.address, "--name", this.name, "--node", name],
        ...["--slots", String(slots), "--auth-key-env", "KEY_OF_TESTS"],
        ...["--folder", join(this.#folder, "modules"), ...args],
      ],
      env: { KEY_OF_TESTS: KEY },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const node = { name, child };
    this.#nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#nodes) {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await child.status;
    }
    await this.stopServer();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
