/**
 * The results of a caller, which it receives one after the other.
 *
 * @module
 */

import type { Deliveries, Delivery } from "./deliveries.ts";
import type { Link } from "./link.ts";

/** How many results are asked for ahead. */
const MAX_AHEAD = 1000;

/** Receives the results of an owner on a connection, until that is closed. */
export class Results {
  readonly #take: (result: Delivery) => Promise<void>;
  readonly #arrived: Delivery[] = [];
  #deliveries: Deliveries | undefined;
  #taking: Promise<void> | undefined;

  private constructor(take: (result: Delivery) => Promise<void>) {
    this.#take = take;
  }

  /**
   * Begins to receive.
   *
   * @param take called with a result when the one before has been taken; it is forgotten afterwards
   */
  static async receive(
    link: Link,
    owner: string,
    take: (result: Delivery) => Promise<void>,
  ): Promise<Results> {
    const results = new Results(take);
    results.#deliveries = await link.results(owner, {
      received: (result) => results.#received(result),
      expired: () => results.#ask(),
    });
    results.#ask();
    return results;
  }

  #ask(): void {
    const deliveries = this.#deliveries!;
    const ahead = deliveries.asked + this.#arrived.length;
    if (ahead <= MAX_AHEAD / 2) deliveries.ask(MAX_AHEAD - ahead);
  }

  #received(result: Delivery): void {
    this.#arrived.push(result);
    this.#taking ??= this.#takeArrived();
  }

  async #takeArrived(): Promise<void> {
    for (let result; (result = this.#arrived.shift()) !== undefined;) {
      this.#ask();
      try {
        await this.#take(result);
      } catch (error) {
        console.error("A result was refused:", error);
      }
      result.ack();
    }
    this.#taking = undefined;
  }

  /** Receives no more. Resolves when those that have arrived were taken. */
  async stop(): Promise<void> {
    this.#deliveries!.stop();
    await this.#taking;
  }
}
