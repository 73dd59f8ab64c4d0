/**
 * A hash table in the shared heap. Its entries are in `map_entry.ts`.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards all other words, and the links of the entries | `enter`, `leave` |
 * | `SIZE` | number of entries; read without the guard | inside `GUARD` |
 * | `BUCKETS` | number of buckets in use | inside `GUARD` |
 * | `OLDEST`, `NEWEST` | ends of the list of entries in the order of insertion | inside `GUARD` |
 * | `SEGMENTS + s` | address of segment s of the buckets; 0 until it is needed | inside `GUARD` |
 *
 * The sections inside the guard are short: entries are created before and freed after them, and
 * values are encoded and decoded outside. The table grows by linear hashing (W. Litwin, 1980): an
 * insertion splits at most one bucket into two, so no insertion moves all entries while other
 * isolates wait for the guard. Only {@linkcode entriesOf} takes longer the more entries there are.
 *
 * No section fails halfway. The only allocation inside the guard is that of a segment, before
 * anything is changed; without the segment the table continues with longer chains.
 *
 * @module
 */

import type { Address, Word } from "../heap/address.ts";
import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { type EntryAddress, entryWord, unpinEntry } from "./map_entry.ts";
import { encoded, encodeKey, type SharedKey } from "./map_key.ts";
import { pin } from "./stored_value.ts";

/** Address of a hash table. */
export type TableAddress = Address<"hash table">;

const GUARD = 0;
const SIZE = 1;
const BUCKETS = 2;
const OLDEST = 3;
const NEWEST = 4;
const SEGMENTS = 5;
const MAX_SEGMENTS = 23;

/** Number of words that a table takes in the block of its object: with the headers, 128 bytes. */
export const TABLE_WORDS = SEGMENTS + MAX_SEGMENTS;

/** Number of buckets of segment 0. Segment s > 0 has as many as all segments before it. */
const INITIAL_BUCKETS = 16;

const { NEXT, HASH, OLDER, NEWER, KEY_BYTES, KEY } = entryWord;

/** Initializes an empty table in the zeroed words at `table`. */
export function initTable(table: TableAddress): void {
  i32[table + SEGMENTS] = newSegment(0);
  i32[table + BUCKETS] = INITIAL_BUCKETS;
}

/** Frees the entries and segments of a table that no isolate can reach. */
export function destroyTable(table: TableAddress): void {
  freeRemoved(clear(table));
  free(i32[table + SEGMENTS]);
}

/** Returns the number of entries at this moment. */
export function sizeOf(table: TableAddress): number {
  return Atomics.load(i32, table + SIZE);
}

/** Returns whether there is an entry with this key. */
export function hasEntry(table: TableAddress, key: SharedKey): boolean {
  encodeKey(key);
  enter(table + GUARD);
  try {
    return i32[findEncoded(table)] !== 0;
  } finally {
    leave(table + GUARD);
  }
}

/** Returns the entry with this key, pinned; 0 if there is none. */
export function pinEntry(table: TableAddress, key: SharedKey): EntryAddress {
  encodeKey(key);
  enter(table + GUARD);
  try {
    const entry = i32[findEncoded(table)];
    if (entry !== 0) pin(entry);
    return entry;
  } finally {
    leave(table + GUARD);
  }
}

/** Returns all entries in the order of insertion, pinned: a snapshot of the table. */
export function entriesOf(table: TableAddress): EntryAddress[] {
  enter(table + GUARD);
  try {
    const entries: number[] = [];
    for (let entry = i32[table + OLDEST]; entry !== 0; entry = i32[entry + NEWER]) {
      pin(entry);
      entries.push(entry);
    }
    return entries;
  } finally {
    leave(table + GUARD);
  }
}

/**
 * Puts entries into the table, in one atomic step. Each replaces the entry with the same key, if
 * there is one.
 */
export function putEntries(table: TableAddress, entries: readonly EntryAddress[]): void {
  const replaced: number[] = [];
  enter(table + GUARD);
  for (const entry of entries) replaced.push(put(table, entry));
  leave(table + GUARD);
  for (const old of replaced) if (old !== 0) unpinEntry(old);
}

/** Puts one entry into the table, in the place of the one with the same key, if there is one. */
export function putEntry(table: TableAddress, entry: EntryAddress): void {
  enter(table + GUARD);
  const old = put(table, entry);
  leave(table + GUARD);
  if (old !== 0) unpinEntry(old);
}

/**
 * Puts an entry into the table if the entry with its key is `expected`.
 *
 * @param expected an entry that is pinned; 0 for none
 * @returns whether the entry was put into the table
 */
export function exchangeEntry(table: TableAddress, entry: EntryAddress, expected: number): boolean {
  enter(table + GUARD);
  try {
    if (i32[findLike(table, entry)] !== expected) return false;
    put(table, entry);
  } finally {
    leave(table + GUARD);
  }
  if (expected !== 0) unpinEntry(expected);
  return true;
}

/**
 * Removes the entry with this key and returns it, with the pin of the table; 0 if there is none.
 */
export function takeEntry(table: TableAddress, key: SharedKey): EntryAddress {
  encodeKey(key);
  enter(table + GUARD);
  try {
    const link = findEncoded(table);
    return i32[link] === 0 ? 0 : remove(table, link);
  } finally {
    leave(table + GUARD);
  }
}

/** Removes the entry that was inserted last and returns it, as {@linkcode takeEntry} does. */
export function takeNewest(table: TableAddress): EntryAddress {
  enter(table + GUARD);
  try {
    const entry = i32[table + NEWEST];
    return entry === 0 ? 0 : remove(table, findLike(table, entry));
  } finally {
    leave(table + GUARD);
  }
}

/** Removes all entries. */
export function clearTable(table: TableAddress): void {
  enter(table + GUARD);
  const removed = clear(table);
  leave(table + GUARD);
  freeRemoved(removed);
}

// Inside the guard

/** What {@linkcode clear} removed: the list of entries, by its first one, and segments. */
type Removed = { oldest: number; segments: number[] };

function clear(table: TableAddress): Removed {
  const oldest = i32[table + OLDEST];
  const segments: number[] = [];
  for (let at = 1; at < MAX_SEGMENTS; at++) {
    if (i32[table + SEGMENTS + at] !== 0) segments.push(i32[table + SEGMENTS + at]);
    i32[table + SEGMENTS + at] = 0;
  }
  i32.fill(0, i32[table + SEGMENTS], i32[table + SEGMENTS] + INITIAL_BUCKETS);
  i32[table + BUCKETS] = INITIAL_BUCKETS;
  i32[table + OLDEST] = 0;
  i32[table + NEWEST] = 0;
  Atomics.store(i32, table + SIZE, 0);
  return { oldest, segments };
}

/** Frees what {@linkcode clear} removed. Outside the guard. */
function freeRemoved({ oldest, segments }: Removed): void {
  for (let entry = oldest; entry !== 0;) {
    const newer = i32[entry + NEWER]; // the links of removed entries do not change
    unpinEntry(entry);
    entry = newer;
  }
  segments.forEach(free);
}

/** Returns the word that has, or would have, the address of the entry with the encoded key. */
function findEncoded(table: TableAddress): number {
  const { encoder: { words: from, position }, hash } = encoded;
  return find(table, hash, position, from, 0);
}

/** Returns the word that has, or would have, the address of the entry with the key of `entry`. */
function findLike(table: TableAddress, entry: EntryAddress): number {
  return find(table, i32[entry + HASH], i32[entry + KEY_BYTES], i32, entry + KEY);
}

function find(
  table: TableAddress,
  hash: number,
  bytes: number,
  from: Int32Array,
  key: number,
): number {
  let link = bucket(table, indexOf(hash, i32[table + BUCKETS]));
  for (let entry = i32[link]; entry !== 0; entry = i32[link]) {
    if (i32[entry + HASH] === hash && i32[entry + KEY_BYTES] === bytes) {
      let at = 0;
      while (at * 4 < bytes && i32[entry + KEY + at] === from[key + at]) at++;
      if (at * 4 >= bytes) break;
    }
    link = entry + NEXT;
  }
  return link;
}

/**
 * Returns the bucket for a hash: its low bits, or one bit fewer if that bucket is not in use yet.
 */
function indexOf(hash: number, buckets: number): number {
  const high = 1 << (31 - Math.clz32(buckets));
  const index = hash & (2 * high - 1);
  return index < buckets ? index : index - high;
}

/** Returns the word of the bucket with this index. */
function bucket(table: TableAddress, index: number): number {
  const segment = segmentOf(index);
  return i32[table + SEGMENTS + segment] + index - firstOf(segment);
}

function segmentOf(index: number): number {
  return 32 - Math.clz32(index / INITIAL_BUCKETS);
}

/** Returns the index of the first bucket of a segment. */
function firstOf(segment: number): number {
  return segment === 0 ? 0 : INITIAL_BUCKETS << (segment - 1);
}

function newSegment(segment: number): number {
  const buckets = segment === 0 ? INITIAL_BUCKETS : firstOf(segment);
  const address = allocate(buckets * 4);
  i32.fill(0, address, address + buckets);
  return address;
}

/** Puts an entry into the table. Returns the entry with the same key that it replaced, or 0. */
function put(table: TableAddress, entry: EntryAddress): number {
  const link = findLike(table, entry);
  if (i32[link] !== 0) return replace(table, link, entry);
  insert(table, link, entry);
  return 0;
}

/** Inserts an entry at the word where {@linkcode find} found none. */
function insert(table: TableAddress, link: Word, entry: EntryAddress): void {
  const newest = i32[table + NEWEST];
  i32[link] = entry;
  i32[entry + NEXT] = 0;
  i32[entry + OLDER] = newest;
  i32[entry + NEWER] = 0;
  if (newest === 0) i32[table + OLDEST] = entry;
  else i32[newest + NEWER] = entry;
  i32[table + NEWEST] = entry;
  const size = i32[table + SIZE] + 1;
  Atomics.store(i32, table + SIZE, size);
  if (size > i32[table + BUCKETS]) split(table);
}

/** Replaces the entry whose address is in the word `link`, and returns it. */
function replace(table: TableAddress, link: Word, entry: EntryAddress): number {
  const old = i32[link];
  const [older, newer] = [i32[old + OLDER], i32[old + NEWER]];
  i32[link] = entry;
  i32[entry + NEXT] = i32[old + NEXT];
  i32[entry + OLDER] = older;
  i32[entry + NEWER] = newer;
  if (older === 0) i32[table + OLDEST] = entry;
  else i32[older + NEWER] = entry;
  if (newer === 0) i32[table + NEWEST] = entry;
  else i32[newer + OLDER] = entry;
  return old;
}

/** Removes the entry whose address is in the word `link`, and returns it. */
function remove(table: TableAddress, link: Word): number {
  const entry = i32[link];
  const older = i32[entry + OLDER];
  const newer = i32[entry + NEWER];
  i32[link] = i32[entry + NEXT];
  if (older === 0) i32[table + OLDEST] = newer;
  else i32[older + NEWER] = newer;
  if (newer === 0) i32[table + NEWEST] = older;
  else i32[newer + OLDER] = older;
  Atomics.store(i32, table + SIZE, i32[table + SIZE] - 1);
  return entry;
}

/** Adds a bucket, and moves to it the entries that belong to it from the bucket that had them. */
function split(table: TableAddress): void {
  const index = i32[table + BUCKETS];
  const segment = segmentOf(index);
  if (segment === MAX_SEGMENTS) return;
  if (i32[table + SEGMENTS + segment] === 0) {
    try {
      i32[table + SEGMENTS + segment] = newSegment(segment);
    } catch {
      return; // the heap is full: the chains get longer instead
    }
  }
  let from = bucket(table, index & ~(1 << (31 - Math.clz32(index))));
  let to = bucket(table, index);
  i32[table + BUCKETS] = index + 1;
  for (let entry = i32[from]; entry !== 0; entry = i32[from]) {
    if (indexOf(i32[entry + HASH], index + 1) === index) {
      i32[from] = i32[entry + NEXT];
      i32[to] = entry;
      to = entry + NEXT;
    } else {
      from = entry + NEXT;
    }
  }
  i32[to] = 0;
}
