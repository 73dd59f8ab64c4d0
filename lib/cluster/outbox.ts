/**
 * What a connection publishes: what is published in one turn of the event loop is written together.
 *
 * The client writes to its socket after each microtask that has published. A write costs as much as a short task, and a
 * node publishes three messages for each: its result, that it is done, and a request for another one.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { NatsConnection } from "./nats.ts";

/** Options of a message. */
export type PublishOptions = Parameters<NatsConnection["publish"]>[2];

/** Publishes at once, or at the end of the turn if something was published in it. */
export class Outbox {
  readonly #connection: NatsConnection;
  readonly #waiting: Parameters<NatsConnection["publish"]>[] = [];
  #isInTurn = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Publishes a message, in the order of the calls. It is lost if the connection is closed or broken. */
  publish(subject: string, data: Uint8Array | string, options?: PublishOptions): void {
    if (this.#isInTurn) {
      this.#waiting.push([subject, data, options]);
    } else {
      if (!this.#connection.isClosed()) this.#connection.publish(subject, data, options);
      this.#beginTurn();
    }
  }

  /** Publishes what waits. */
  flush(): void {
    const waiting = this.#waiting.splice(0);
    if (this.#connection.isClosed()) return;
    for (const message of waiting) this.#connection.publish(...message);
  }

  #beginTurn(): void {
    this.#isInTurn = true;
    setImmediate(() => {
      this.#isInTurn = false;
      if (this.#waiting.length === 0) return;
      this.flush();
      this.#beginTurn();
    });
  }
}
