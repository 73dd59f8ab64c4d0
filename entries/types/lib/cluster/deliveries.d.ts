// The declarations of lib/cluster/deliveries.ts

import type { Msg, NatsConnection } from "./nats.d.ts";
import type { Outbox } from "./outbox.d.ts";

/** A message that was delivered. */
export declare class Delivery {
  #private;
  readonly subject: string;
  readonly data: Uint8Array;
  /** How often it was delivered, this time included. */
  readonly deliveryCount: number;
  constructor(outbox: Outbox, { subject, data, reply }: Msg);
  /** Says that it is done: the server forgets it. */
  ack(): void;
  /** Renews its lease. */
  working(): void;
  /** Gives it back: it is delivered again. */
  nak(delayMs?: number): void;
  /** Says that nobody can use it. */
  term(): void;
}

/** What is done with deliveries. */
export interface Taker {
  received(delivery: Delivery): void;
  /** Called when the server has dropped a request. */
  expired(): void;
}

/** Where deliveries come from. */
export interface DeliveriesAccess {
  readonly connection: NatsConnection;
  readonly outbox: Outbox;
  readonly stream: string;
  /** A durable consumer of the stream. */
  readonly consumer: string;
  /** Makes the consumer, unless it is there: a server that ended may have lost it. */
  makeConsumer(): Promise<unknown>;
}

/** Asks for messages of a stream. */
export declare class Deliveries {
  #private;
  /** Number of messages that were asked for and have not come. */
  asked: number;
  constructor(access: DeliveriesAccess, taker: Taker);
  /** Asks for so many messages more. */
  ask(batch: number): void;
  /** Takes no more messages: the server drops requests whose inbox nobody listens to. */
  stop(): void;
}

export {};
