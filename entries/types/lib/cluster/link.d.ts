// The declarations of lib/cluster/link.ts

import type { ConsumerMessages, JetStreamManager, NatsConnection } from "./nats.d.ts";
import type { Deliveries, Taker } from "./deliveries.d.ts";
import type { ClusterNames, Header, Opened } from "./protocol.d.ts";

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

/** A connection with the servers of a cluster. */
export declare class Link {
  #private;
  readonly names: ClusterNames;
  readonly settings: LinkSettings;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  private constructor();
  /**
   * Connects, and makes the streams that are not there yet.
   *
   * @throws {Error} if no server can be reached, it has no JetStream, or the cluster has another version
   * @throws {AuthenticationError} if the cluster has another key
   */
  static open(settings: LinkSettings): Promise<Link>;
  /**
   * Sends a signed message to a stream, and resolves when the server has stored it: sends it again until it has, while
   * the stream is full or the server cannot be reached. A message that is too long becomes an object.
   *
   * @param id under which the server stores it once; `undefined`: as often as it was sent
   * @returns false if it was not wanted any more
   */
  send(
    subject: string,
    id: string | undefined,
    header: Header,
    parts?: readonly Uint8Array[],
    { isWanted, onStored }?: SendOptions,
  ): Promise<boolean>;
  /** Stores bytes as an object that others may have stored, and returns its name. */
  store(parts: readonly Uint8Array[]): Promise<string>;
  /** Removes an object that nobody needs any more. */
  drop(name: string): void;
  /**
   * Opens a signed message.
   *
   * @throws {AuthenticationError} if it was not sealed with the key
   * @throws {CorruptMessageError} if it is damaged
   */
  open(subject: string, bytes: Uint8Array): Opened;
  /**
   * Returns the message in a signed message, which may be an object.
   *
   * @throws {CorruptMessageError} if the object is damaged, or not there
   */
  contentsOf({ header, message }: Opened): Promise<Uint8Array[]>;
  /**
   * Returns the bytes of an object, in parts.
   *
   * @throws {CorruptMessageError} if it is damaged, or not there
   */
  load(name: string): Promise<Uint8Array[]>;
  /** The lease of a chunk, in milliseconds. */
  leaseMs(): Promise<number>;
  /** Receives chunks, as nodes do. */
  chunks(taker: Taker): Deliveries;
  /** Receives the results of an owner. */
  results(owner: string, taker: Taker): Promise<Deliveries>;
  /** Removes the chunks of a job, and tells the nodes that run them. */
  cancel(owner: string, job: string): Promise<void>;
  /** Forgets an owner: its results, and that it receives them. */
  forget(owner: string): Promise<void>;
  /** Stores a header, unless its subject has one. Returns whether it had none. */
  storeFirst(subject: string, header: Header): Promise<boolean>;
  /** Returns the last message of a subject of what is kept; `undefined` if there is none. */
  last(subject: string): Promise<
    {
      subject: string;
      data: Uint8Array;
    } | undefined
  >;
  /** Returns the subjects of the messages in a stream. */
  subjectsIn(stream: string, filter: string): Promise<string[]>;
  /** Receives what is kept of a job, and what comes. */
  kept(job: string): Promise<ConsumerMessages>;
  /** Removes the object that has the contents of a message, if one has. */
  dropObjectOf({ subject, data }: {
    subject: string;
    data: Uint8Array;
  }): void;
  /** Removes what is kept of a job. */
  forgetKept(job: string): Promise<void>;
  /** Yields the dead letters, in the order in which they were stored. */
  dead(): AsyncGenerator<{
    subject: string;
    data: Uint8Array;
  }>;
  /** Removes all dead letters. */
  forgetDead(): Promise<void>;
  /** Calls a function before the connection is closed. */
  beforeClose(end: () => Promise<void>): void;
  /** Closes the connection, once what was published has gone. */
  close(): Promise<void>;
}

export {};
