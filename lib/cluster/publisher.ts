/**
 * Publishing to streams: each message is sent until the server has stored it.
 *
 * The client's `publish` makes a request of each message, with a timer and an error that is thrown if it is late. A
 * node publishes thousands of results a second, so here one timer and one subscription serve all.
 *
 * @module
 */

import { createInbox, headers, type Msg, type NatsConnection } from "./nats.ts";
import { ClosedError } from "../errors.ts";
import type { Outbox } from "./outbox.ts";

/** How long the server has to answer before a message is sent again, in milliseconds. */
const ANSWER_MS = 5000;
/** How long is waited before a message is sent again that the server has refused, in milliseconds. */
const PAUSE_MS = 100;

const decoder = new TextDecoder();

/** A message that the server has not confirmed. */
interface Unconfirmed {
  readonly subject: string;
  readonly id: string | undefined;
  readonly bytes: Uint8Array;
  readonly isWanted: () => boolean;
  readonly resolve: (wasStored: boolean) => void;
  readonly reject: (error: unknown) => void;
  /** When it is sent again, on the clock of `performance.now()`. */
  dueAt: number;
}

/** Publishes messages. */
export class Publisher {
  readonly #connection: NatsConnection;
  readonly #outbox: Outbox;
  readonly #inbox = createInbox();
  readonly #unconfirmed = new Map<string, Unconfirmed>();
  #lastNumber = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(connection: NatsConnection, outbox: Outbox) {
    this.#connection = connection;
    this.#outbox = outbox;
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#confirm(message);
      },
    });
  }

  /**
   * Publishes a message, again and again until the server has stored it.
   *
   * @param id under which the server stores it once; `undefined`: as often as it was sent
   * @param isWanted asked before it is sent again
   * @returns a promise of false if it was not wanted any more
   * @throws {ClosedError} if the connection is closed
   */
  publish(
    subject: string,
    id: string | undefined,
    bytes: Uint8Array,
    isWanted: () => boolean,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const message = { subject, id, bytes, isWanted, resolve, reject, dueAt: 0 };
      const number = String(++this.#lastNumber);
      this.#unconfirmed.set(number, message);
      this.#timer ??= setInterval(() => this.#sendDue(), PAUSE_MS);
      this.#send(number, message);
    });
  }

  /** Fails what was not confirmed. */
  close(): void {
    for (const number of [...this.#unconfirmed.keys()]) this.#fail(number);
  }

  #send(number: string, message: Unconfirmed): void {
    if (this.#connection.isClosed()) return this.#fail(number);
    message.dueAt = performance.now() + ANSWER_MS;
    const { subject, id, bytes } = message;
    const header = id === undefined ? undefined : headers();
    header?.set("Nats-Msg-Id", id!);
    const reply = `${this.#inbox}.${number}`;
    this.#outbox.publish(subject, bytes, { headers: header, reply });
  }

  #fail(number: string): void {
    this.#settle(number)?.reject(
      new ClosedError("Cannot send to cluster: the connection is closed. Make a new pool"),
    );
  }

  #settle(number: string): Unconfirmed | undefined {
    const message = this.#unconfirmed.get(number);
    this.#unconfirmed.delete(number);
    if (this.#unconfirmed.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return message;
  }

  #confirm({ subject, data, headers }: Msg): void {
    const number = subject.slice(this.#inbox.length + 1);
    const message = this.#unconfirmed.get(number);
    if (message === undefined) return;
    if (headers?.code || decoder.decode(data).includes('"error"')) {
      message.dueAt = performance.now() + PAUSE_MS; // the stream is full, or has no leader
    } else {
      this.#settle(number)!.resolve(true);
    }
  }

  #sendDue(): void {
    const now = performance.now();
    for (const [number, message] of this.#unconfirmed) {
      if (message.dueAt > now) continue;
      if (message.isWanted()) this.#send(number, message);
      else this.#settle(number)!.resolve(false);
    }
  }
}
