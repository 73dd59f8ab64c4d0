/**
 * A hash table in the shared heap, whose entries are records: key and value together.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards all the others, and the links of the entries | `enter`, `leave` |
 * | `SIZE` | number of entries; read without the guard | inside `GUARD` |
 * | `BUCKETS` | number of buckets in use | inside `GUARD` |
 * | `OLDEST`, `NEWEST` | ends of the list of entries in the order of their insertion | inside `GUARD` |
 * | `SEGMENTS + s` | address of segment s of the buckets; 0 until it is needed | inside `GUARD` |
 *
 * | word of an entry | meaning | written by |
 * |---|---|---|
 * | `NEXT` | next entry in the same bucket | inside `GUARD` |
 * | `OLDER`, `NEWER` | neighbours in the order of insertion | inside `GUARD` |
 * | `HASH`, `KEY_BYTES`, `KEY` | hash of the key, length of its encoding, the encoding | the creator |
 *
 * What is inside the guard is short: entries are made before and freed after, values are encoded and
 * read outside (see `record.ts`). The table grows by linear hashing (W. Litwin, 1980): an insertion
 * splits one bucket in two, so that none has to move all entries while everybody else stands at the
 * guard. Only taking all of them ({@linkcode entriesOf}) takes longer the more there are.
 *
 * Nothing in there fails half-way. The one thing that is allocated inside is a segment, before anything
 * is changed, and without it the table goes on with longer chains.
 *
 * @module
 */

import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import type { Encoder } from "../codec/encoder.ts";
import { encoded, encodeKey, type SharedKey, words } from "./map_key.ts";
import { HEAD, pin, read, readStoredMessage, store, takeBack, unpin } from "./stored_value.ts";

const GUARD = 0;
const SIZE = 1;
const BUCKETS = 2;
const OLDEST = 3;
const NEWEST = 4;
const SEGMENTS = 5;
const MOST_SEGMENTS = 23;

/** Words that a table takes in its owner's block: with the headers, 128 bytes. */
export const TABLE_WORDS = SEGMENTS + MOST_SEGMENTS;

/** Segment 0 has so many buckets, segment s > 0 as many as all before it. */
const FIRST_BUCKETS = 16;

const NEXT = HEAD;
const HASH = HEAD + 1;
const OLDER = HEAD + 2;
const NEWER = HEAD + 3;
const KEY_BYTES = HEAD + 4;
const KEY = HEAD + 6;

// Entries

/**
 * Makes an entry of a key and a finished message: see {@linkcode store}.
 *
 * @throws {RangeError} if the shared heap is used up; the message's references are taken back
 */
export function makeEntry(key: SharedKey, message: Encoder): number {
  encodeKey(key);
  const { encoder: { words: from, position }, hash } = encoded;
  const entry = store(message, KEY - HEAD + words(position));
  i32[entry + HASH] = hash;
  i32[entry + KEY_BYTES] = position;
  for (let at = words(position) - 1; at >= 0; at--) i32[entry + KEY + at] = from[at];
  return entry;
}

function headWords(entry: number): number {
  return KEY - HEAD + words(i32[entry + KEY_BYTES]);
}

/** The key of an entry that is pinned. */
export function keyOf(entry: number): SharedKey {
  return readStoredMessage(entry + KEY, i32[entry + KEY_BYTES]) as SharedKey;
}

/**
 * The value of an entry that is pinned.
 *
 * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
 */
export function valueOf(entry: number): unknown {
  return read(entry, headWords(entry));
}

/** Undoes {@linkcode makeEntry}: no table took the entry. */
export function takeBackEntry(entry: number): void {
  takeBack(entry, headWords(entry));
}

/** Takes back a pin of an entry: see {@linkcode unpin}. */
export function unpinEntry(entry: number): void {
  unpin(entry, headWords(entry));
}

// The table

/** Makes an empty table in the zeroed words at `table`. */
export function initTable(table: number): void {
  i32[table + SEGMENTS] = newSegment(0);
  i32[table + BUCKETS] = FIRST_BUCKETS;
}

/** Lets go of a table that nobody can reach. */
export function destroyTable(table: number): void {
  dropAll(clear(table));
  free(i32[table + SEGMENTS]);
}

/** Number of entries at this moment. */
export function sizeOf(table: number): number {
  return Atomics.load(i32, table + SIZE);
}

/** Whether there is an entry with this key. */
export function hasEntry(table: number, key: SharedKey): boolean {
  encodeKey(key);
  enter(table + GUARD);
  try {
    return i32[findEncoded(table)] !== 0;
  } finally {
    leave(table + GUARD);
  }
}

/** The entry with this key, pinned; 0 if there is none. */
export function pinEntry(table: number, key: SharedKey): number {
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

/** The entries in the order of their insertion, pinned: the whole table at one moment. */
export function entriesOf(table: number): number[] {
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
 * Puts entries into the table, each in the place of the one with its key, if there is one; all at one
 * moment.
 */
export function putEntries(table: number, entries: readonly number[]): void {
  const replaced: number[] = [];
  enter(table + GUARD);
  for (const entry of entries) replaced.push(put(table, entry));
  leave(table + GUARD);
  for (const old of replaced) if (old !== 0) unpinEntry(old);
}

/** Puts one entry into the table. */
export function putEntry(table: number, entry: number): void {
  enter(table + GUARD);
  const old = put(table, entry);
  leave(table + GUARD);
  if (old !== 0) unpinEntry(old);
}

/**
 * Puts an entry into the table if the one with its key is still `expected`, which is pinned, or 0 if
 * there must be none.
 *
 * @returns whether it was put
 */
export function exchangeEntry(table: number, entry: number, expected: number): boolean {
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

/** Takes the entry with this key out of the table; the pin that the table had is the caller's. */
export function takeEntry(table: number, key: SharedKey): number {
  encodeKey(key);
  enter(table + GUARD);
  try {
    const link = findEncoded(table);
    return i32[link] === 0 ? 0 : remove(table, link);
  } finally {
    leave(table + GUARD);
  }
}

/** Takes the entry that was inserted last out of the table, as {@linkcode takeEntry}. */
export function takeNewest(table: number): number {
  enter(table + GUARD);
  try {
    const entry = i32[table + NEWEST];
    return entry === 0 ? 0 : remove(table, findLike(table, entry));
  } finally {
    leave(table + GUARD);
  }
}

/** Takes all entries out of the table. */
export function clearTable(table: number): void {
  enter(table + GUARD);
  const taken = clear(table);
  leave(table + GUARD);
  dropAll(taken);
}

// Inside the guard

/** What {@linkcode clear} took: the first entry of the list, and segments. */
type Taken = { oldest: number; segments: number[] };

function clear(table: number): Taken {
  const oldest = i32[table + OLDEST];
  const segments: number[] = [];
  for (let at = 1; at < MOST_SEGMENTS; at++) {
    if (i32[table + SEGMENTS + at] !== 0) segments.push(i32[table + SEGMENTS + at]);
    i32[table + SEGMENTS + at] = 0;
  }
  i32.fill(0, i32[table + SEGMENTS], i32[table + SEGMENTS] + FIRST_BUCKETS);
  i32[table + BUCKETS] = FIRST_BUCKETS;
  i32[table + OLDEST] = 0;
  i32[table + NEWEST] = 0;
  Atomics.store(i32, table + SIZE, 0);
  return { oldest, segments };
}

function dropAll({ oldest, segments }: Taken): void {
  for (let entry = oldest; entry !== 0;) {
    const newer = i32[entry + NEWER]; // nobody changes the links of entries that are in no table
    unpinEntry(entry);
    entry = newer;
  }
  segments.forEach(free);
}

/** The word that has the address of the entry with the encoded key, or would have. */
function findEncoded(table: number): number {
  const { encoder: { words: from, position }, hash } = encoded;
  return find(table, hash, position, from, 0);
}

/** The word that has the address of the entry with the same key as `entry`, or would have. */
function findLike(table: number, entry: number): number {
  return find(table, i32[entry + HASH], i32[entry + KEY_BYTES], i32, entry + KEY);
}

function find(table: number, hash: number, bytes: number, from: Int32Array, key: number): number {
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

/** Index of the bucket for a hash, of so many: by its low bits, one less if there is no such bucket. */
function indexOf(hash: number, buckets: number): number {
  const high = 1 << (31 - Math.clz32(buckets));
  const index = hash & (2 * high - 1);
  return index < buckets ? index : index - high;
}

/** The word of the bucket with this index. */
function bucket(table: number, index: number): number {
  const segment = segmentOf(index);
  return i32[table + SEGMENTS + segment] + index - firstOf(segment);
}

function segmentOf(index: number): number {
  return 32 - Math.clz32(index / FIRST_BUCKETS);
}

/** Index of the first bucket of a segment. */
function firstOf(segment: number): number {
  return segment === 0 ? 0 : FIRST_BUCKETS << (segment - 1);
}

function newSegment(segment: number): number {
  const buckets = segment === 0 ? FIRST_BUCKETS : firstOf(segment);
  const address = allocate(buckets * 4);
  i32.fill(0, address, address + buckets);
  return address;
}

/** Puts an entry into the table, and returns the one with its key that was there before, or 0. */
function put(table: number, entry: number): number {
  const link = findLike(table, entry);
  if (i32[link] !== 0) return replace(table, link, entry);
  insert(table, link, entry);
  return 0;
}

/** Puts an entry where {@linkcode find} found none. */
function insert(table: number, link: number, entry: number): void {
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

/** Puts an entry in the place of the one that the word at `link` has, and returns that. */
function replace(table: number, link: number, entry: number): number {
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

/** Takes out the entry that the word at `link` has, and returns it. */
function remove(table: number, link: number): number {
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

/** Adds a bucket, which takes its entries from the one that stood for it. */
function split(table: number): void {
  const index = i32[table + BUCKETS];
  const segment = segmentOf(index);
  if (segment === MOST_SEGMENTS) return;
  if (i32[table + SEGMENTS + segment] === 0) {
    try {
      i32[table + SEGMENTS + segment] = newSegment(segment);
    } catch {
      return; // the heap is used up: longer chains will do
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
