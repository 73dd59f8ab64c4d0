/**
 * Entries of hash tables: stored values with a key in their head.
 *
 * | word of the head | meaning | written by |
 * |---|---|---|
 * | `NEXT` | next entry in the same bucket | the table, inside its guard |
 * | `OLDER`, `NEWER` | neighbours in the order of insertion | the table, inside its guard |
 * | `HASH` | hash of the key | the creator |
 * | `KEY_BYTES`, `KEY` | length of the encoded key in bytes, and the encoded key | the creator |
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { i32 } from "../heap/views.ts";
import type { Encoder } from "../codec/encoder.ts";
import { encoded, encodeKey, type SharedKey, words } from "./map_key.ts";
import {
  HEAD,
  readStored,
  readStoredMessage,
  storeMessage,
  undoStore,
  unpin,
} from "./stored_value.ts";

/** Address of an entry of a map: a stored value whose head has the key. */
export type EntryAddress = Address<"stored value">;

const KEY_BYTES = HEAD + 4;
const KEY = HEAD + 6;

/** Offsets of the words of an entry. */
export const entryWord = {
  NEXT: HEAD,
  HASH: HEAD + 1,
  OLDER: HEAD + 2,
  NEWER: HEAD + 3,
  KEY_BYTES,
  KEY,
} as const;

/**
 * Creates an entry from a key and a finished message, as {@linkcode storeMessage} does.
 *
 * @throws {MemoryError} if the shared heap is full; the references of the message are released
 */
export function createEntry(key: SharedKey, message: Encoder): EntryAddress {
  encodeKey(key);
  const { encoder: { words: from, position }, hash } = encoded;
  const entry = storeMessage(message, KEY - HEAD + words(position));
  i32[entry + entryWord.HASH] = hash;
  i32[entry + KEY_BYTES] = position;
  for (let at = words(position) - 1; at >= 0; at--) i32[entry + KEY + at] = from[at];
  return entry;
}

function headWords(entry: EntryAddress): number {
  return KEY - HEAD + words(i32[entry + KEY_BYTES]);
}

/** Decodes the key of an entry that is pinned. */
export function keyOf(entry: EntryAddress): SharedKey {
  return readStoredMessage(entry + KEY, i32[entry + KEY_BYTES]) as SharedKey;
}

/**
 * Decodes the value of an entry that is pinned.
 *
 * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
 */
export function valueOf(entry: EntryAddress): unknown {
  return readStored(entry, headWords(entry));
}

/** Undoes {@linkcode createEntry}, because no table took the entry. */
export function undoCreateEntry(entry: EntryAddress): void {
  undoStore(entry, headWords(entry));
}

/** Releases a pin of an entry: see {@linkcode unpin}. */
export function unpinEntry(entry: EntryAddress): void {
  unpin(entry, headWords(entry));
}
