/**
 * Bare NATS as a contender: a program that echoes what is published to a work-queue stream, by another stream. It
 * is what the cluster is built on, without signatures, values, functions and processes.
 *
 * @module
 */

import {
  AckPolicy,
  connect,
  jetstream,
  type JetStreamClient,
  jetstreamManager,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
} from "../../lib/cluster/nats.ts";

/** The streams: tasks and results. */
const STREAMS = ["bare_task", "bare_result"];
/** A task of that length takes few messages; the limit of a server is 1 MiB. */
const MAX_BYTES = 1_000_000;

/** The caller's side. */
export class BareNats implements AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #node: Deno.ChildProcess;
  readonly #waiting: (() => void)[] = [];

  private constructor(connection: NatsConnection, js: JetStreamClient, node: Deno.ChildProcess) {
    this.#connection = connection;
    this.#js = js;
    this.#node = node;
  }

  /** Makes the streams, and starts the program that echoes. */
  static async start(address: string): Promise<BareNats> {
    const connection = await connect({ servers: address });
    const manager = await jetstreamManager(connection);
    for (const name of STREAMS) {
      const config = { retention: RetentionPolicy.Workqueue, storage: StorageType.File };
      await manager.streams.add({ name, subjects: [`${name}.>`], ...config });
      await manager.consumers.add(name, { durable_name: "all", ack_policy: AckPolicy.Explicit });
    }
    const node = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-lock", "--allow-all", import.meta.url, address],
      stdin: "null",
    }).spawn();
    const bare = new BareNats(connection, jetstream(connection), node);
    void bare.#receive();
    await bare.echo();
    return bare;
  }

  async #receive(): Promise<void> {
    const consumer = await this.#js.consumers.get(STREAMS[1], "all");
    for await (const message of await consumer.consume({ max_messages: 1000 })) {
      message.ack();
      this.#waiting.shift()?.();
    }
  }

  /** Sends a message of so many bytes there and back. */
  async echo(bytes = 200): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await this.#js.publish(`${STREAMS[0]}.x`, new Uint8Array(bytes));
    await promise;
  }

  /** Sends so many bytes there and back, in messages as long as can be. */
  async echoMany(bytes: number): Promise<void> {
    const echoes = [];
    for (let at = 0; at < bytes; at += MAX_BYTES) {
      echoes.push(this.echo(Math.min(MAX_BYTES, bytes - at)));
    }
    await Promise.all(echoes);
  }

  /** Ends the program that echoes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
    this.#node.kill("SIGKILL");
    await this.#node.status;
  }
}

/** Echoes what comes. */
async function echoAll(address: string): Promise<void> {
  const connection = await connect({ servers: address });
  const js = jetstream(connection);
  const consumer = await js.consumers.get(STREAMS[0], "all");
  for await (const message of await consumer.consume({ max_messages: 100 })) {
    void js.publish(`${STREAMS[1]}.x`, message.data).then(() => message.ack());
  }
}

if (import.meta.main) await echoAll(Deno.args[0]);
