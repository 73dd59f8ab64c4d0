/**
 * The cluster of the chaos: its connections can be cut, and its nodes are replaced.
 *
 * @module
 */

import { connect, jetstreamManager } from "../../lib/cluster/nats.ts";
import { namesOf } from "../../lib/cluster/protocol.ts";
import { LocalCluster, type StartedNode } from "../cluster/local_cluster.ts";
import type { Random } from "../stress/random.ts";
import { Relay } from "./relay.ts";

/** How many tasks a node runs at a time. */
const SLOTS = 2;

/** A server behind a relay, and nodes. */
export class ChaosCluster extends LocalCluster {
  readonly relay: Relay;
  /** The nodes that were not killed. */
  readonly nodes: StartedNode[] = [];
  #started = 0;

  constructor(server: string) {
    super({
      server,
      name: "chaos",
      authKey: crypto.randomUUID(),
      nodeFlags: () => ["--allow-all"],
    });
    this.relay = new Relay(this.port);
  }

  override get address(): string {
    return `127.0.0.1:${this.relay.port}`;
  }

  /** Starts a node more. */
  addNode(): void {
    this.nodes.push(this.startNode(`node-${++this.#started}`, SLOTS));
  }

  /** Starts a node in place of one. */
  replace(node: StartedNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.addNode();
  }

  /** Returns what is in the streams, a line for each stream and consumer: to find out why something hangs. */
  async describe(): Promise<string> {
    const names = namesOf(this.name);
    const connection = await connect({ servers: `127.0.0.1:${this.port}` });
    const manager = await jetstreamManager(connection);
    const lines: string[] = [];
    for (const stream of [names.tasks, names.results, names.kept]) {
      const { state } = await manager.streams.info(stream, { subjects_filter: ">" });
      lines.push(`${stream}: ${Object.keys(state.subjects ?? {}).join(" ")}`);
      for await (const consumer of manager.consumers.list(stream)) {
        const { name, num_pending, num_ack_pending, num_waiting, num_redelivered } = consumer;
        lines.push(
          `  ${name}: ${num_pending} to be delivered, ${num_ack_pending} not acknowledged, ` +
            `${num_redelivered} delivered again, ${num_waiting} requests`,
        );
      }
    }
    await connection.close();
    return lines.join("\n");
  }

  /** Publishes bytes of somebody who has no key, where chunks and results are expected. */
  async publishGarbage(random: Random): Promise<void> {
    const names = namesOf(this.name);
    const connection = await connect({ servers: `127.0.0.1:${this.port}` });
    for (const kind of ["task", "result", "kept"] as const) {
      const subject = names.subject(kind, random.pick(["jobs", "stranger"]), "1", "0");
      connection.publish(subject, new Uint8Array(random.int(0, 200)).map(() => random.int(0, 255)));
    }
    connection.publish(names.cancel, new Uint8Array(50));
    await connection.close();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.relay[Symbol.asyncDispose]();
  }
}
