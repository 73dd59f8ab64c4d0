/**
 * Messages of a stream that a program asks for, and gets: the pull requests of JetStream, whose protocol is that of
 * https://docs.nats.io/reference/reference-protocols/nats_api_reference.
 *
 * The client has an iterator for it. A node asks anew with the chunks that it has run, and a subscription for each of
 * these requests would take longer than a short task.
 *
 * @module
 */

import { createInbox, type Msg, type NatsConnection, type Subscription } from "./nats.ts";
import type { Outbox } from "./outbox.ts";

/** How long the server holds a request, in milliseconds. */
const REQUEST_MS = 5000;
/** How long is waited before a request is made again that the server has refused, in milliseconds. */
const PAUSE_MS = 100;
/** How late the server may be to say that it has held a request for so long, in milliseconds. */
const LATE_MS = 2000;
const NS_A_MS = 1_000_000;
/** The status of a request that the server has held for so long. */
const TIMED_OUT = 408;

/** A message that was delivered. */
export class Delivery {
  readonly #outbox: Outbox;
  readonly #reply: string;
  readonly subject: string;
  readonly data: Uint8Array;
  /** How often it was delivered, this time included. */
  readonly deliveryCount: number;

  constructor(outbox: Outbox, { subject, data, reply = "" }: Msg) {
    this.#outbox = outbox;
    this.#reply = reply;
    this.subject = subject;
    this.data = data;
    const tokens = reply.split(".");
    this.deliveryCount = Number(tokens[tokens.length > 9 ? 6 : 4]);
  }

  /** Says that it is done: the server forgets it. */
  ack(): void {
    this.#outbox.publishLater(this.#reply, "+ACK");
  }

  /** Renews its lease. */
  working(): void {
    this.#outbox.publishLater(this.#reply, "+WPI");
  }

  /** Gives it back: it is delivered again. */
  nak(delayMs = 0): void {
    this.#outbox.publish(this.#reply, `-NAK ${JSON.stringify({ delay: delayMs * NS_A_MS })}`);
  }

  /** Says that nobody can use it. */
  term(): void {
    this.#outbox.publish(this.#reply, "+TERM");
  }
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
export class Deliveries {
  readonly #access: DeliveriesAccess;
  readonly #subject: string;
  readonly #inbox = createInbox();
  readonly #taker: Taker;
  readonly #subscription: Subscription;
  readonly #check: ReturnType<typeof setInterval>;
  #lastHeard = performance.now();
  /** Number of messages that were asked for and have not come. */
  asked = 0;

  constructor(access: DeliveriesAccess, taker: Taker) {
    const { connection, stream, consumer } = access;
    this.#access = access;
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.#taker = taker;
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
    this.#check = setInterval(() => this.#askIfLost(), LATE_MS);
    void this.#askAgain();
  }

  /** Asks for so many messages more. */
  ask(batch: number): void {
    if (batch <= 0) return;
    if (this.asked === 0) this.#lastHeard = performance.now();
    this.asked += batch;
    const request = JSON.stringify({ batch, expires: REQUEST_MS * NS_A_MS });
    this.#access.outbox.publish(this.#subject, request, { reply: this.#inbox });
  }

  /** Takes no more messages: the server drops requests whose inbox nobody listens to. */
  stop(): void {
    clearInterval(this.#check);
    this.#subscription.unsubscribe();
  }

  #receive(message: Msg): void {
    this.#lastHeard = performance.now();
    const { headers } = message;
    if (!headers?.code) {
      const delivery = new Delivery(this.#access.outbox, message);
      if (!(delivery.deliveryCount > 0)) return; // it is not from a stream
      this.asked--;
      return this.#taker.received(delivery);
    }
    // no message, but why there is none
    const dropped = headers.get("Nats-Pending-Messages");
    this.asked = dropped === "" ? 0 : Math.max(0, this.asked - Number(dropped));
    if (headers.code === TIMED_OUT) this.#taker.expired();
    else setTimeout(() => void this.#refused(), PAUSE_MS);
  }

  async #refused(): Promise<void> {
    if (this.#subscription.isClosed()) return;
    await this.#access.makeConsumer().catch(() => {}); // the next request is refused as well
    this.#expired();
  }

  #expired(): void {
    if (!this.#subscription.isClosed()) this.#taker.expired();
  }

  /** A server that has lost the requests, or the consumer, says nothing. */
  #askIfLost(): void {
    if (this.asked === 0 || performance.now() - this.#lastHeard < REQUEST_MS + LATE_MS) return;
    this.#lastHeard = performance.now();
    this.asked = 0;
    void this.#refused();
  }

  /** The server forgets requests with the connection. */
  async #askAgain(): Promise<void> {
    for await (const { type } of this.#access.connection.status()) {
      if (type !== "reconnect") continue;
      this.asked = 0;
      this.#expired();
    }
  }
}
