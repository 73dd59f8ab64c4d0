/**
 * Definitions of functions and classes between programs. Each has a heap of its own, so an address means
 * nothing to the other: a definition crosses as its text, once, and is named by a number from then on.
 *
 * @module
 */

import {
  type Definition,
  type DefinitionAddress,
  definitionAt,
  storeDefinition,
} from "../codec/definition.ts";

/** The definitions that this program has sent to another one. */
export class SentDefinitions {
  readonly #send: (definition: Definition) => void;
  /** Their numbers, by address. */
  readonly #numbers = new Map<DefinitionAddress, number>();

  /** @param send sends a definition; its number is that of those that were sent before */
  constructor(send: (definition: Definition) => void) {
    this.#send = send;
  }

  /** Returns the number of a definition, which is sent now if it was not before. */
  numberOf(address: DefinitionAddress): number {
    let number = this.#numbers.get(address);
    if (number === undefined) {
      this.#send(definitionAt(address));
      number = this.#numbers.size;
      this.#numbers.set(address, number);
    }
    return number;
  }
}

/** The definitions that this program has received from another one. */
export class ReceivedDefinitions {
  readonly #addresses: DefinitionAddress[] = [];

  /**
   * Stores a definition in the shared heap.
   *
   * @throws {MemoryError} if the shared heap is full
   */
  add(definition: Definition): void {
    this.#addresses.push(storeDefinition(definition));
  }

  /** Returns the address of a definition; `undefined` if there is none with this number. */
  addressOf(number: number): DefinitionAddress | undefined {
    return this.#addresses[number];
  }
}
