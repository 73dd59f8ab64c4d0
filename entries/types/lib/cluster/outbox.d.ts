// The declarations of lib/cluster/outbox.ts

import type { NatsConnection } from "./nats.d.ts";

/** Options of a message. */
export type PublishOptions = Parameters<NatsConnection["publish"]>[2];

/** Publishes at once, or at the end of the turn if something was published in it. */
export declare class Outbox {
  #private;
  constructor(connection: NatsConnection);
  /** Publishes a message, in the order of the calls. It is lost if the connection is closed or broken. */
  publish(subject: string, data: Uint8Array | string, options?: PublishOptions): void;
  /** Publishes a message with the next one, or after some milliseconds. */
  publishLater(subject: string, data: Uint8Array | string, options?: PublishOptions): void;
  /** Publishes what waits. */
  flush(): void;
}

export {};
