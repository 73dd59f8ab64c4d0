/**
 * The connection of a caller or a node with the NATS servers of a cluster: its streams, its objects, and sending
 * what must arrive.
 *
 * @module
 */

import { messageOf } from "../arguments/describe.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";
import { settledWithin } from "../sync/settled.ts";
import { lengthOf } from "../wire/frames.ts";
import {
  AckPolicy,
  connect,
  type ConsumerMessages,
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type NatsConnection,
  type NodeConnectionOptions,
  RetentionPolicy,
  StorageType,
} from "./nats.ts";
import { answerOf, inParallel } from "./answers.ts";
import "./late_errors.ts";
import { Deliveries, type Taker } from "./deliveries.ts";
import { Objects } from "./objects.ts";
import { Outbox } from "./outbox.ts";
import { Publisher } from "./publisher.ts";
import {
  AuthenticationError,
  type ClusterNames,
  count,
  type Header,
  isForeign,
  JOBS,
  keyMarkOf,
  namesOf,
  open,
  type Opened,
  PROTOCOL,
  seal,
  text,
} from "./protocol.ts";

/** How a caller or a node finds its cluster. */
export interface LinkSettings {
  readonly servers: readonly string[];
  readonly name: string;
  readonly authKey: Uint8Array | undefined;
  /** How long a node has a chunk before another one gets it, unless it renews its lease, in milliseconds. */
  readonly leaseMs: number;
  /** How long results wait for their caller, and what they need, in milliseconds. */
  readonly keepMs: number;
  /** The most bytes of chunks that wait for nodes. */
  readonly maxBytes: number;
  /** Further options of the connection: TLS, users, keys. */
  readonly connection: Readonly<Record<string, unknown>>;
}

/** How a message is sent. */
export interface SendOptions {
  /** Asked before it is sent again. */
  readonly isWanted?: () => boolean;
  /** Told the name of the object that the message has become, if it was too long. */
  readonly onStored?: (name: string) => void;
}

/** The consumer of the stream of tasks, which all nodes share. */
export const NODES = "nodes";
/** What is left of a payload for its header and the protocol of NATS, at least. */
const RESERVED_BYTES = 16_384;
/** How many chunks are removed at a time. */
const MAX_REMOVING = 64;
/** How long the server has to answer, in milliseconds. */
const ANSWER_MS = 5000;
const NS_A_MS = 1_000_000;
/** The error of a message whose subject should have had another one as its last. */
const WRONG_LAST_SEQUENCE = 10071;

/** The streams of a cluster were made by another version of the package. */
class VersionError extends Error {
  override name = "Error";
}

/** A connection with the servers of a cluster. */
export class Link {
  readonly names: ClusterNames;
  readonly settings: LinkSettings;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly #js: JetStreamClient;
  readonly #outbox: Outbox;
  readonly #publisher: Publisher;
  readonly #objects: Objects;
  /** What ends before the connection does. */
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(
    settings: LinkSettings,
    connection: NatsConnection,
    manager: JetStreamManager,
  ) {
    this.names = namesOf(settings.name);
    this.settings = settings;
    this.connection = connection;
    this.manager = manager;
    this.#js = jetstream(connection, { timeout: ANSWER_MS });
    this.#outbox = new Outbox(connection);
    this.#publisher = new Publisher(connection, this.#outbox);
    this.#objects = new Objects({
      names: this.names,
      connection,
      manager,
      publisher: this.#publisher,
      maxBytes: this.#maxBytes,
      keepMs: settings.keepMs,
      answerMs: ANSWER_MS,
    });
    void this.#sayRefusals();
  }

  /**
   * Connects, and makes the streams that are not there yet.
   *
   * @throws {Error} if no server can be reached, it has no JetStream, or the cluster has another version
   * @throws {AuthenticationError} if the cluster has another key
   */
  static async open(settings: LinkSettings): Promise<Link> {
    ensureIsolate(); // what is received goes into the heap, and a node may have no pool yet
    const names = namesOf(settings.name);
    let connection: NatsConnection;
    try {
      connection = await connect({
        resolve: false, // so that --allow-net=HOST:PORT is enough: Deno resolves the name
        ...tlsOf(settings.servers),
        ...settings.connection,
        servers: [...settings.servers],
        maxReconnectAttempts: -1,
        ignoreAuthErrorAbort: true, // a closed connection would leave those waiting who wait for a message
        noAsyncTraces: true, // one is made for each request, and takes as long as that
      } as NodeConnectionOptions);
    } catch (cause) {
      throw new Error(
        `Cannot connect to cluster ${settings.name}: ${settings.servers.join(", ")}: ${
          messageOf(cause)
        }. Check that nats-server runs there, with -js, and accepts this user`,
        { cause },
      );
    }
    try {
      const manager = await jetstreamManager(connection, { timeout: ANSWER_MS });
      await makeStreams(manager, names, settings);
      return new Link(settings, connection, manager);
    } catch (cause) {
      await connection.close();
      if (cause instanceof VersionError || cause instanceof AuthenticationError) throw cause;
      throw new Error(
        `Cannot join cluster ${settings.name}: ${messageOf(cause)}. ` +
          "Check that nats-server runs with -js, and what this user may publish",
        { cause },
      );
    }
  }

  /** The most bytes of a payload. */
  get #maxBytes(): number {
    return (this.connection.info?.max_payload ?? 1 << 20) - RESERVED_BYTES;
  }

  /** Says what the user may not do, once each: what is sent again and again would wait without a word. */
  async #sayRefusals(): Promise<void> {
    const said = new Set<string>();
    for await (const status of this.connection.status()) {
      if (status.type !== "error") continue;
      const { message } = status.error;
      if (said.has(message)) continue;
      said.add(message);
      console.error(`A server of cluster ${this.settings.name} refuses: ${message}`);
    }
  }

  // Sending

  /**
   * Sends a signed message to a stream, and resolves when the server has stored it: sends it again until it has, while
   * the stream is full or the server cannot be reached. A message that is too long becomes an object.
   *
   * @param id under which the server stores it once; `undefined`: as often as it was sent
   * @returns false if it was not wanted any more
   */
  async send(
    subject: string,
    id: string | undefined,
    header: Header,
    parts: readonly Uint8Array[] = [],
    { isWanted = () => true, onStored = () => {} }: SendOptions = {},
  ): Promise<boolean> {
    const isLong = lengthOf(parts) > this.#maxBytes; // then it is not joined, which would take long
    let bytes: Uint8Array = seal(this.settings.authKey, subject, header, isLong ? [] : parts);
    if (isLong || bytes.length > this.#maxBytes) {
      const object = await this.#objects.store(parts, isWanted);
      if (object === undefined) return false;
      onStored(object);
      bytes = this.#sealedOutside(subject, header, object);
    }
    return await this.#publisher.publish(subject, id, bytes, isWanted);
  }

  /** Signs the name of an object instead of what it has. */
  #sealedOutside(subject: string, header: Header, object: string): Uint8Array {
    const sealed = seal(this.settings.authKey, subject, { ...header, object });
    if (sealed.length <= this.#maxBytes) return sealed;
    this.drop(object);
    throw new RangeError(
      `Cannot send to cluster: the functions that it names have ${sealed.length} bytes of text, and ` +
        `the server takes ${this.#maxBytes} at once. Register functions with task(), in modules`,
    );
  }

  /** Stores bytes as an object that others may have stored, and returns its name. */
  store(parts: readonly Uint8Array[]): Promise<string> {
    return this.#objects.storeShared(parts);
  }

  /** Removes an object that nobody needs any more. */
  drop(name: string): void {
    this.#objects.drop(name);
  }

  // Receiving

  /**
   * Opens a signed message.
   *
   * @throws {AuthenticationError} if it was not sealed with the key
   * @throws {CorruptMessageError} if it is damaged
   */
  open(subject: string, bytes: Uint8Array): Opened {
    return open(this.settings.authKey, subject, bytes);
  }

  /**
   * Returns the message in a signed message, which may be an object.
   *
   * @throws {CorruptMessageError} if the object is damaged, or not there
   */
  async contentsOf({ header, message }: Opened): Promise<Uint8Array[]> {
    return header.object === undefined ? [message] : await this.load(text(header, "object"));
  }

  /**
   * Returns the bytes of an object, in parts.
   *
   * @throws {CorruptMessageError} if it is damaged, or not there
   */
  load(name: string): Promise<Uint8Array[]> {
    return this.#objects.load(name);
  }

  /** The lease of a chunk, in milliseconds. */
  async leaseMs(): Promise<number> {
    const { config } = await this.#answer(() =>
      this.manager.consumers.info(this.names.tasks, NODES)
    );
    return config.ack_wait! / NS_A_MS;
  }

  /** Receives chunks, as nodes do. */
  chunks(taker: Taker): Deliveries {
    const { manager, names, settings: { leaseMs } } = this;
    return this.#deliveries(names.tasks, NODES, () => makeNodes(manager, names, leaseMs), taker);
  }

  #deliveries(
    stream: string,
    consumer: string,
    makeConsumer: () => Promise<unknown>,
    taker: Taker,
  ): Deliveries {
    const { connection } = this;
    const access = { connection, outbox: this.#outbox, stream, consumer, makeConsumer };
    return new Deliveries(access, taker);
  }

  /** Receives the results of an owner. */
  async results(owner: string, taker: Taker): Promise<Deliveries> {
    const consumer = {
      durable_name: owner,
      filter_subject: this.names.subject("result", owner),
      ack_policy: AckPolicy.Explicit,
      ack_wait: 30_000 * NS_A_MS,
      max_ack_pending: 10_000,
      inactive_threshold: this.settings.keepMs * NS_A_MS,
    };
    const { manager, names: { results } } = this;
    const makeConsumer = () => manager.consumers.add(results, consumer);
    await this.#answer(makeConsumer);
    return this.#deliveries(results, owner, makeConsumer, taker);
  }

  /** Removes the chunks of a job, and tells the nodes that run them. */
  async cancel(owner: string, job: string): Promise<void> {
    const { cancel } = this.names;
    this.#outbox.publish(cancel, seal(this.settings.authKey, cancel, { owner, job }));
    await this.#removeChunks(this.names.subject("task", owner, job));
  }

  /**
   * Removes chunks one by one: a server before 2.9.12 that purges some subjects of a stream forgets to deliver the
   * messages of all others to a consumer that has no filter, as that of the nodes.
   */
  async #removeChunks(filter: string): Promise<void> {
    const { manager: { streams }, names: { tasks } } = this;
    const subjects = await this.subjectsIn(tasks, filter);
    await inParallel(MAX_REMOVING, subjects, async (subject) => {
      const found = await this.#answer(() => streams.getMessage(tasks, { last_by_subj: subject }));
      if (found === null) return; // a node has run it
      await this.#answer(() => streams.deleteMessage(tasks, found.seq)).catch((error) => {
        if (!(error instanceof JetStreamApiError)) throw error; // it says that a node has just run it
      });
      this.dropObjectOf(found);
    });
  }

  /** Forgets an owner: its results, and that it receives them. */
  async forget(owner: string): Promise<void> {
    const { results, subject } = this.names;
    await this.manager.consumers.delete(results, owner);
    await this.manager.streams.purge(results, { filter: subject("result", owner) });
  }

  // Jobs that outlive their callers

  /** Stores a header, unless its subject has one. Returns whether it had none. */
  async storeFirst(subject: string, header: Header): Promise<boolean> {
    const sealed = seal(this.settings.authKey, subject, header);
    const options = { msgID: crypto.randomUUID(), expect: { lastSubjectSequence: 0 } };
    try {
      await this.#answer(() => this.#js.publish(subject, sealed, options));
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) return false;
      throw error;
    }
  }

  /** Returns the last message of a subject of what is kept; `undefined` if there is none. */
  async last(subject: string): Promise<{ subject: string; data: Uint8Array } | undefined> {
    const { manager, names: { kept } } = this;
    return await this.#answer(() => manager.streams.getMessage(kept, { last_by_subj: subject })) ??
      undefined;
  }

  /** Returns the subjects of the messages in a stream. */
  async subjectsIn(stream: string, filter: string): Promise<string[]> {
    const { state } = await this.#answer(() =>
      this.manager.streams.info(stream, { subjects_filter: filter })
    );
    return Object.keys(state.subjects ?? {});
  }

  /** Receives what is kept of a job, and what comes. */
  async kept(job: string): Promise<ConsumerMessages> {
    const filter_subjects = this.names.subject("kept", JOBS, job);
    const consumer = await this.#answer(() =>
      this.#js.consumers.get(this.names.kept, { filter_subjects })
    );
    return await consumer.consume({ max_messages: 100 });
  }

  /** Removes the object that has the contents of a message, if one has. */
  dropObjectOf({ subject, data }: { subject: string; data: Uint8Array }): void {
    try {
      const { object } = this.open(subject, data).header;
      if (object !== undefined) this.drop(String(object));
    } catch (error) {
      if (!isForeign(error)) throw error; // it names no object of ours
    }
  }

  /** Removes what is kept of a job. */
  async forgetKept(job: string): Promise<void> {
    const { names: { kept, subject }, manager } = this;
    await this.#answer(() => manager.streams.purge(kept, { filter: subject("kept", JOBS, job) }));
  }

  #answer<T>(ask: () => Promise<T>): Promise<T> {
    return answerOf(this.connection, ask);
  }

  // Dead letters

  /** Yields the dead letters, in the order in which they were stored. */
  async *dead(): AsyncGenerator<{ subject: string; data: Uint8Array }> {
    const { manager: { streams }, names: { dead } } = this;
    const { state: { first_seq, last_seq } } = await streams.info(dead);
    for (let seq = Math.max(1, first_seq); seq <= last_seq; seq++) {
      const found = await streams.getMessage(dead, { seq });
      if (found !== null) yield found;
    }
  }

  /** Removes all dead letters. */
  async forgetDead(): Promise<void> {
    await this.manager.streams.purge(this.names.dead);
  }

  /** Calls a function before the connection is closed. */
  beforeClose(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Closes the connection, once what was published has gone. */
  async close(): Promise<void> {
    for (const end of this.#ends) await settledWithin(end(), { timeoutMs: ANSWER_MS });
    this.#outbox.flush();
    this.#publisher.close();
    await this.connection.drain().catch(() => {});
    await this.connection.close();
  }
}

/** Returns options that demand TLS if an address does: the client looks only at its host and port. */
function tlsOf(servers: readonly string[]): { tls?: Record<string, never> } {
  return servers.some((server) => server.startsWith("tls://")) ? { tls: {} } : {};
}

/** Makes the streams, and the consumer of all nodes, unless they are there. */
async function makeStreams(
  manager: JetStreamManager,
  names: ClusterNames,
  { name, authKey, keepMs, leaseMs, maxBytes }: LinkSettings,
): Promise<void> {
  const version = `protocol ${PROTOCOL}`;
  const description = `${version}, ${keyMarkOf(authKey, name)}`;
  const common = { description, storage: StorageType.File };
  const maxAge = keepMs * NS_A_MS;
  const streams = [
    {
      name: names.tasks,
      subjects: [`mp.${name}.task.>`],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      max_bytes: maxBytes,
    },
    {
      name: names.results,
      subjects: [`mp.${name}.result.>`],
      retention: RetentionPolicy.Workqueue,
      max_age: maxAge,
    },
    {
      name: names.objects,
      subjects: [names.object("*"), names.shared("*")],
      retention: RetentionPolicy.Limits,
      max_age: maxAge,
      max_msgs_per_subject: 1,
      allow_direct: true,
    },
    {
      name: names.kept,
      subjects: [`mp.${name}.kept.>`],
      retention: RetentionPolicy.Limits,
      max_age: maxAge,
    },
    {
      name: names.dead,
      subjects: [`mp.${name}.dead.>`],
      retention: RetentionPolicy.Limits,
      max_age: maxAge,
    },
  ];
  for (const stream of streams) {
    const found = await manager.streams.info(stream.name).catch(ifMissing);
    const { config } = found ?? await manager.streams.add({ ...common, ...stream });
    if (config.description === description) continue;
    if (config.description?.startsWith(`${version},`)) {
      throw new AuthenticationError(
        `Cannot join cluster ${name}: its streams were made with another authKey. Give callers and nodes the ` +
          "same one, or each authKey a name of its own",
      );
    }
    throw new VersionError(
      `Cannot join cluster ${name}: its streams were made by another version of this package ` +
        `(${config.description}; this one has ${version}). Give each version a name of its own`,
    );
  }
  await makeNodes(manager, names, leaseMs);
}

/** Makes the consumer of all nodes, unless it is there. */
async function makeNodes(
  manager: JetStreamManager,
  names: ClusterNames,
  leaseMs: number,
): Promise<void> {
  const nodes = await manager.consumers.info(names.tasks, NODES).catch(ifMissing);
  if (nodes !== undefined) return;
  await manager.consumers.add(names.tasks, {
    durable_name: NODES,
    ack_policy: AckPolicy.Explicit,
    ack_wait: leaseMs * NS_A_MS,
    max_ack_pending: 100_000,
    max_deliver: -1,
  });
}

/** Returns `undefined` for the error that something is not there; throws any other. */
function ifMissing(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.status === 404) return undefined;
  throw error;
}

/** Returns the length of a stream, as a header says it. */
export function streamBytesIn(header: Header): number {
  return count(header, "streamBytes", 2 ** 31);
}
