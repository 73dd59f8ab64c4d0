/**
 * A cluster on this machine: a NATS server on a free port, and programs of nodes, with a folder for temporary
 * files that all of it is in. The tests of clusters and `deno task cluster:demo` start theirs with it.
 *
 * @module
 */

import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Cluster, cluster, type ClusterOptions } from "@sauropod/multiprocessing/cluster";
import { ROOT } from "../source_files.ts";

/** How to get a server. */
export const HOW_TO_GET_A_SERVER =
  "Install it (apt-get install nats-server, brew install nats-server, or https://nats.io/download), " +
  "or set NATS_SERVER to its path";

/** The port of a server that does not open is looked at so often, in milliseconds. */
const POLL_MS = 20;

/** Returns the path of `nats-server`: that in `NATS_SERVER`, or the first that is found; `undefined` if none is. */
export function findServer(): string | undefined {
  const given = Deno.env.get("NATS_SERVER");
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter);
  const paths = [...folders, "/usr/sbin"].map((folder) => join(folder, "nats-server"));
  return [...given ? [given] : [], ...paths].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false; // not there
    }
  });
}

/** What a cluster on this machine consists of. */
export interface LocalClusterOptions {
  /** Path of `nats-server`. */
  readonly server: string;
  readonly name: string;
  readonly authKey: string;
  /** Arguments of `deno run` for the nodes: their permissions. */
  readonly nodeFlags: (cluster: LocalCluster) => readonly string[];
}

/** A node program. */
export interface StartedNode {
  readonly name: string;
  readonly child: Deno.ChildProcess;
}

/** A server with its own folder and port, and what was started with it. */
export class LocalCluster implements AsyncDisposable {
  readonly #options: LocalClusterOptions;
  /** Where the server and the nodes have their files. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "cluster_" });
  readonly port: number = freePort();
  readonly #nodes: StartedNode[] = [];
  #server: Deno.ChildProcess | undefined;

  /** Starts nothing yet. */
  constructor(options: LocalClusterOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get authKey(): string {
    return this.#options.authKey;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /**
   * Starts the server, with what it had stored. Resolves when it takes connections.
   *
   * @param args further arguments
   *
   * @throws {Error} if it ends
   */
  async startServer(...args: string[]): Promise<void> {
    const store = join(this.folder, "server");
    this.#server = new Deno.Command(this.#options.server, {
      args: ["-js", "-sd", store, "-a", "127.0.0.1", "-p", String(this.port), ...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended: Deno.CommandStatus | undefined;
    void this.#server.status.then((status) => ended = status);
    for (;;) {
      if (ended !== undefined) {
        throw new Error(`${this.#options.server} ended with exit code ${ended.code} at its start`);
      }
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }
  }

  /** Ends the server. */
  async stopServer(): Promise<void> {
    if (this.#server !== undefined) await end(this.#server, "SIGTERM");
  }

  /** Returns the cluster as a caller sees it. */
  caller(options: ClusterOptions = {}): Cluster {
    const { name, authKey } = this.#options;
    return cluster({ servers: this.address, name, authKey, ...options });
  }

  /** Starts a node with a folder of its own, which joins after a while. */
  startNode(name: string, slots: number, ...args: string[]): StartedNode {
    return this.startNodeOf("lib/cluster/node_program.ts", name, slots, ...args);
  }

  /** As {@linkcode LocalCluster.startNode}, with a program by its path in the repository. */
  startNodeOf(path: string, name: string, slots: number, ...args: string[]): StartedNode {
    const { authKey, nodeFlags } = this.#options;
    const program = fileURLToPath(new URL(path, ROOT));
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-lock", "--no-prompt", ...nodeFlags(this), program],
        ...["--connect", this.address, "--name", this.name, "--node", name],
        ...["--slots", String(slots), "--auth-key-env", "MP_AUTH_KEY"],
        ...["--folder", join(this.folder, name), ...args],
      ],
      env: { MP_AUTH_KEY: authKey },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const node = { name, child };
    this.#nodes.push(node);
    return node;
  }

  /** Ends everything, whatever it does, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#nodes) await end(child, "SIGKILL");
    await this.stopServer();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function end(child: Deno.ChildProcess, signal: Deno.Signal): Promise<void> {
  try {
    child.kill(signal);
  } catch {
    // it has ended
  }
  await child.status;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
