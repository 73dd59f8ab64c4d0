/**
 * Definitions: how a function or class is named, so that another isolate finds its own copy of it.
 *
 * A definition is written once into the shared heap, and messages name it by its address. It is never
 * freed, so an address stays valid in every message.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `MARK` | a number that depends on the address: see {@linkcode isDefinition} | the creator |
 * | `LENGTH` | length of the text in bytes | the creator |
 * | `EXPORTED_AS` | address of the name under which its module exports the function, for messages; 0 until it is known | the first isolate that imports the module for it |
 * | text | the definition as JSON, in UTF-8 | the creator |
 *
 * | word of a name | meaning | written by |
 * |---|---|---|
 * | `NAME_LENGTH` | length of the name in bytes | the isolate that found it |
 * | name | in UTF-8 | the same |
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { allocateUrgent, free, makePermanent } from "../heap/allocator.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";
import { i32, u8 } from "../heap/views.ts";

/** Address of the definition of a function or class. */
export type DefinitionAddress = Address<"definition">;

/** How an isolate finds a function or class. */
export type Definition =
  /**
   * A registration by `task()` in a module: found by `name`, `hash` and `twin`; `index` and `at`, its
   * place in the text if it has no name, serve error messages only. A function that creates tasks gives all of them the same text: this is the `twin`-th of
   * at least `twins` with this name and text. With `member`, it is a method of the registered class: the
   * path to it from the class.
   */
  | {
    kind: "task";
    name: string;
    module: string;
    index: number;
    at?: string | undefined;
    hash: number;
    twin: number;
    twins?: number;
    member?: string[];
  }
  /** An export of a module. */
  | { kind: "export"; name: string; module: string }
  /** A built-in function, by its path from `globalThis`. */
  | { kind: "global"; name: string }
  /** The source text of a function that uses nothing outside itself. */
  | { kind: "source"; name: string; source: string };

const MARK = 0;
const LENGTH = 1;
const EXPORTED_AS = 2;
const TEXT = 3;

const NAME_LENGTH = 0;
const NAME = 1;

/** Returns the `MARK` of a definition at this address. */
function markOf(address: number): number {
  return Math.imul(address, 0x85ebca6b) ^ 0x464e4344;
}

/** Addresses by the definition's text. */
const addressesByText = new Map<string, number>();

/** Writes the definition into the heap, unless this isolate wrote it before, and returns its address. */
export function storeDefinition(definition: Definition): number {
  const text = JSON.stringify(definition);
  let address = addressesByText.get(text);
  if (address === undefined) {
    ensureIsolate();
    const bytes = new TextEncoder().encode(text);
    address = allocateUrgent(TEXT * 4 + bytes.length);
    makePermanent(address);
    i32[address + LENGTH] = bytes.length;
    i32[address + EXPORTED_AS] = 0;
    u8.set(bytes, (address + TEXT) * 4);
    i32[address + MARK] = markOf(address);
    addressesByText.set(text, address);
  }
  return address;
}

/**
 * Returns whether a definition begins at the address, which comes from a message: one that is damaged
 * may name any word. Another word passes once in 2^32 times.
 */
export function isDefinition(address: number): boolean {
  return i32[address + MARK] === markOf(address); // outside of the heap there is nothing
}

/** Reads the definition at an address. */
export function definitionAt(address: DefinitionAddress): Definition {
  return JSON.parse(textAt(address + TEXT, i32[address + LENGTH]));
}

function textAt(address: number, length: number): string {
  return new TextDecoder().decode(u8.slice(address * 4, address * 4 + length));
}

/** Tells all isolates the name under which the module of a definition exports the function. */
export function storeExportedName(address: DefinitionAddress, name: string): void {
  if (exportedNameAt(address) !== undefined) return;
  const bytes = new TextEncoder().encode(name);
  let block: number;
  try {
    block = allocateUrgent(NAME * 4 + bytes.length);
  } catch {
    return; // there is no room: messages name its place in the text
  }
  i32[block + NAME_LENGTH] = bytes.length;
  u8.set(bytes, (block + NAME) * 4);
  if (Atomics.compareExchange(i32, address + EXPORTED_AS, 0, block) === 0) makePermanent(block);
  else free(block);
}

/** Returns the name under which the module of a definition exports the function, if an isolate has found it. */
export function exportedNameAt(address: DefinitionAddress): string | undefined {
  const block = Atomics.load(i32, address + EXPORTED_AS);
  return block === 0 ? undefined : textAt(block + NAME, i32[block + NAME_LENGTH]);
}
