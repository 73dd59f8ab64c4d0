/**
 * What a connection publishes: what is published in one turn of the event loop is written together.
 *
 * The client writes to its socket after each microtask that has published. A write costs as much as a short task, and a
 * node publishes three messages for each: its result, that it is done, and a request for another one. That it is done
 * has time, and goes with the next message.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { NatsConnection } from "./nats.ts";

/** Options of a message. */
export type PublishOptions = Parameters<NatsConnection["publish"]>[2];

/** How long what has time waits at most, in milliseconds. */
const LATER_MS = 5;

/** Publishes at once, or at the end of the turn if something was published in it. */
export class Outbox {
  readonly #connection: NatsConnection;
  readonly #waiting: Parameters<NatsConnection["publish"]>[] = [];
  #isInTurn = false;
  /** Whether what waits is to be published at the end of the turn. */
  #isDue = false;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Publishes a message, in the order of the calls. It is lost if the connection is closed or broken. */
  publish(subject: string, data: Uint8Array | string, options?: PublishOptions): void {
    this.#waiting.push([subject, data, options]);
    this.#isDue = true;
    if (!this.#isInTurn) this.#turn();
  }

  /** Publishes a message with the next one, or after some milliseconds. */
  publishLater(subject: string, data: Uint8Array | string, options?: PublishOptions): void {
    this.#waiting.push([subject, data, options]);
    this.#later ??= setTimeout(() => this.flush(), LATER_MS);
  }

  /** Publishes what waits. */
  flush(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#isDue = false;
    const waiting = this.#waiting.splice(0);
    if (this.#connection.isClosed()) return;
    for (const message of waiting) {
      try {
        this.#connection.publish(...message);
      } catch (error) { // a server that was started anew may take less
        console.error(`Cannot publish ${message[0]}:`, error);
      }
    }
  }

  #turn(): void {
    this.flush();
    this.#isInTurn = true;
    setImmediate(() => {
      this.#isInTurn = false;
      if (this.#isDue) this.#turn();
    });
  }
}
