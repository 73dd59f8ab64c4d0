/**
 * Definitions: how a function or class is named, so that another isolate finds its own copy of it.
 *
 * A definition is written once into the shared heap, and messages name it by its address. It is never
 * freed, so an address stays valid in every message.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { allocate } from "../heap/allocator.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";
import { i32, u8 } from "../heap/views.ts";

/** Address of the definition of a function or class. */
export type DefinitionAddress = Address<"definition">;

/** How an isolate finds a function or class. */
export type Definition =
  /**
   * A registration by `task()` in a module: found by `name`, `hash` and `twin`; `index` serves error
   * messages only. A function that creates tasks gives all of them the same text: this is the `twin`-th of
   * at least `twins` with this name and text.
   */
  | {
    kind: "task";
    name: string;
    module: string;
    index: number;
    hash: number;
    twin: number;
    twins?: number;
  }
  /** An export of a module. */
  | { kind: "export"; name: string; module: string }
  /** A built-in function, by its path from `globalThis`. */
  | { kind: "global"; name: string }
  /** The source text of a function that uses nothing outside itself. */
  | { kind: "source"; name: string; source: string };

/** Addresses by the definition's text. */
const addressesByText = new Map<string, number>();

/** Writes the definition into the heap, unless this isolate wrote it before, and returns its address. */
export function storeDefinition(definition: Definition): number {
  const text = JSON.stringify(definition);
  let address = addressesByText.get(text);
  if (address === undefined) {
    ensureIsolate();
    const bytes = new TextEncoder().encode(text);
    address = allocate(4 + bytes.length);
    i32[address] = bytes.length;
    u8.set(bytes, address * 4 + 4);
    addressesByText.set(text, address);
  }
  return address;
}

/** Reads the definition at an address. */
export function definitionAt(address: DefinitionAddress): Definition {
  const start = address * 4 + 4;
  return JSON.parse(new TextDecoder().decode(u8.slice(start, start + i32[address])));
}
