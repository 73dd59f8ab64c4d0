/**
 * Definitions of functions and classes between programs. Each has a heap of its own, so an address means
 * nothing to the other: a definition crosses as its text, once, and is named by a number from then on.
 *
 * @module
 */

import { CorruptMessageError } from "../errors.ts";
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

  /** Texts of the definitions that were sent, also by others. */
  readonly #texts: Set<string>;

  /**
   * @param send sends a definition; its number is that of those that were sent before
   * @param texts the texts of what the other program may name: each definition that is sent is added
   */
  constructor(send: (definition: Definition) => void, texts = new Set<string>()) {
    this.#send = send;
    this.#texts = texts;
  }

  /** Returns the number of a definition, which is sent now if it was not before. */
  numberOf(address: DefinitionAddress): number {
    let number = this.#numbers.get(address);
    if (number === undefined) {
      const definition = definitionAt(address);
      this.#texts.add(textOf(definition));
      this.#send(definition);
      number = this.#numbers.size;
      this.#numbers.set(address, number);
    }
    return number;
  }

  /**
   * Whether a program that is not trusted may name the function: this program has named it first. To find
   * another one, a module would be imported, or a text be evaluated, and to call it might do anything.
   */
  mayName(definition: Definition): boolean {
    return this.#texts.has(textOf(definition)) ||
      (definition.kind === "global" && HARMLESS.test(definition.name));
  }
}

/** Returns a text that is the same for equal definitions. */
function textOf(definition: Definition): string {
  return JSON.stringify(checkDefinition(definition));
}

/** Functions that only make an object of their argument. */
const HARMLESS = /^Temporal\.\w+\.from$/;

/** The definitions that this program has received from another one. */
export class ReceivedDefinitions {
  readonly #mayName: (definition: Definition) => boolean;
  readonly #definitions: Definition[] = [];
  readonly #addresses: (DefinitionAddress | undefined)[] = [];

  /** @param mayName whether the other program may name the function now */
  constructor(mayName: (definition: Definition) => boolean = () => true) {
    this.#mayName = mayName;
  }

  /** Adds a definition. Its number is that of those that were added before. */
  add(definition: Definition): void {
    this.#definitions.push(definition);
  }

  /**
   * Returns the address of a definition; `undefined` if there is none with this number, or it must not be named.
   *
   * @throws {MemoryError} if the shared heap is full
   */
  addressOf(number: number): DefinitionAddress | undefined {
    const known = this.#addresses[number];
    if (known !== undefined) return known;
    const definition = this.at(number);
    if (definition === undefined || !this.#mayName(definition)) return undefined;
    return this.#addresses[number] = storeDefinition(definition);
  }

  /** How many definitions there are. */
  get count(): number {
    return this.#definitions.length;
  }

  /** Returns a definition by its number; `undefined` if there is none with it. */
  at(number: number): Definition | undefined {
    return this.#definitions[number];
  }
}

/** What the properties of each kind of definition are. */
const properties: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  task: {
    name: "string",
    module: "string",
    index: "number",
    at: "string?",
    hash: "number",
    twin: "number",
    twins: "number?",
    member: "strings?",
  },
  export: { name: "string", module: "string" },
  global: { name: "string" },
  source: { name: "string", source: "string" },
};

/**
 * Returns a definition that comes from another program, without properties that no definition has.
 *
 * @throws {CorruptMessageError} if it is not one
 */
export function checkDefinition(value: unknown): Definition {
  const given = Object(value);
  const kind = Object.hasOwn(given, "kind") ? given.kind : undefined;
  const expected = typeof kind === "string" && Object.hasOwn(properties, kind)
    ? properties[kind]
    : undefined;
  if (expected === undefined) {
    throw new CorruptMessageError("Cannot read definition: it has no kind");
  }
  const checked: Record<string, unknown> = { kind };
  for (const [name, type] of Object.entries(expected)) {
    const property = Object.hasOwn(given, name) ? given[name] : undefined;
    if (!isOfType(property, type)) {
      throw new CorruptMessageError(`Cannot read definition: its ${name} is not a ${type}`);
    }
    if (property !== undefined) checked[name] = property;
  }
  return checked as Definition;
}

function isOfType(value: unknown, type: string): boolean {
  if (type.endsWith("?")) return value === undefined || isOfType(value, type.slice(0, -1));
  switch (type) {
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    default:
      return Array.isArray(value) && value.every((part) => typeof part === "string");
  }
}
