/**
 * The chunks that a node asks for, and gets: the pull requests of JetStream, whose protocol is that of
 * https://docs.nats.io/reference/reference-protocols/nats_api_reference.
 *
 * The client has an iterator for it. A node asks anew with each chunk that it has run, and a subscription for each
 * of these requests would take longer than a short task.
 *
 * @module
 */

import { createInbox, type Msg, type NatsConnection, type Subscription } from "./nats.ts";
import { type Link, NODES } from "./link.ts";

/** How long the server holds a request, in milliseconds. */
const REQUEST_MS = 5000;
const NS_A_MS = 1_000_000;

/** A chunk that a node has got. */
export class Delivery {
  readonly #connection: NatsConnection;
  readonly #reply: string;
  readonly subject: string;
  readonly data: Uint8Array;
  /** How often it was delivered, this time included. */
  readonly deliveryCount: number;

  constructor(connection: NatsConnection, { subject, data, reply = "" }: Msg) {
    this.#connection = connection;
    this.#reply = reply;
    this.subject = subject;
    this.data = data;
    const tokens = reply.split(".");
    this.deliveryCount = Number(tokens[tokens.length > 9 ? 6 : 4]);
  }

  /** Says that it is done: the server forgets it. */
  ack(): void {
    this.#connection.publish(this.#reply, "+ACK");
  }

  /** Renews its lease. */
  working(): void {
    this.#connection.publish(this.#reply, "+WPI");
  }

  /** Gives it back: it is delivered again. */
  nak(delayMs = 0): void {
    this.#connection.publish(this.#reply, `-NAK ${JSON.stringify({ delay: delayMs * NS_A_MS })}`);
  }

  /** Says that nobody can run it. */
  term(): void {
    this.#connection.publish(this.#reply, "+TERM");
  }
}

/** What a node does with deliveries. */
export interface Taker {
  received(delivery: Delivery): void;
  /** Called when the server has dropped a request. */
  expired(): void;
}

/** Asks for chunks. */
export class Deliveries {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #inbox = createInbox();
  readonly #taker: Taker;
  readonly #subscription: Subscription;
  /** Number of chunks that were asked for and have not come. */
  asked = 0;

  constructor({ connection, names }: Link, taker: Taker) {
    this.#connection = connection;
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${names.tasks}.${NODES}`;
    this.#taker = taker;
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
    void this.#askAgain();
  }

  /** Asks for so many chunks more. */
  ask(batch: number): void {
    if (batch <= 0) return;
    this.asked += batch;
    const request = JSON.stringify({ batch, expires: REQUEST_MS * NS_A_MS });
    this.#connection.publish(this.#subject, request, { reply: this.#inbox });
  }

  /** Takes no more chunks: the server drops requests whose inbox nobody listens to. */
  stop(): void {
    this.#subscription.unsubscribe();
  }

  #receive(message: Msg): void {
    if (message.headers?.code) { // no chunk, but why there is none
      this.asked = Math.max(0, this.asked - Number(message.headers.get("Nats-Pending-Messages")));
      return this.#taker.expired();
    }
    this.asked--;
    this.#taker.received(new Delivery(this.#connection, message));
  }

  /** The server forgets requests with the connection. */
  async #askAgain(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type !== "reconnect") continue;
      this.asked = 0;
      this.#taker.expired();
    }
  }
}
