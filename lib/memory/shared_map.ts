/**
 * A map in shared memory. (Two thirds of this file are the documentation of its methods.)
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, isArray, isIterable, wrongType } from "../arguments/values.ts";
import { free } from "../heap/allocator.ts";
import {
  addressOf,
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { throwIfStopping } from "../parking/wait.ts";
import { computeNext, throwIfNotChangeable, withMessage } from "./container.ts";
import { freeze, type Frozen } from "./frozen.ts";
import {
  clearTable,
  destroyTable,
  entriesOf,
  exchangeEntry,
  hasEntry,
  initTable,
  pinEntry,
  putEntries,
  putEntry,
  sizeOf,
  TABLE_WORDS,
  takeEntry,
  takeNewest,
} from "./hash_table.ts";
import { createEntry, keyOf, undoCreateEntry, unpinEntry, valueOf } from "./map_entry.ts";
import { describeKey, type SharedKey, toKey } from "./map_key.ts";
import { rejectBrackets } from "./brackets.ts";
import { inOneLine, showContents } from "./inspect.ts";
import type { Revision } from "./revision.ts";
import { pin } from "./stored_value.ts";

/** The number of this type among shared objects. */
const TYPE = 19;

const TABLE = objectWord.FIRST;

/**
 * Entries to put into a map: pairs of key and value, or an object whose property names are the
 * keys.
 */
export type Entries<K, V> =
  | Iterable<readonly [K, V | NoInfer<Frozen<V>>]>
  | { readonly [name: string]: V | NoInfer<Frozen<V>> };

/**
 * A map in shared memory: a change by one isolate is visible to all others at once.
 *
 * - Can be sent anywhere: as an argument of a process or a task, in a message, or in another
 *   container. All isolates that have it see the same map. Its memory is freed when no isolate has
 *   it.
 * - Each operation is atomic: no change is lost and none is seen half done, even if a worker dies.
 *   {@linkcode SharedMap.update} changes a value depending on its current one.
 * - An operation blocks only briefly, for another operation on the same map, so no method has a
 *   `…Sync` form. In a worker that is terminated all operations except `size` throw
 *   {@linkcode TerminatedError}.
 * - Keys are strings, numbers, bigints, booleans and `null`, compared as by `Map`. Iterations are
 *   in the order of insertion.
 * - A value is copied when it is stored; a value that cannot be copied is rejected. Reads return
 *   copies too, whose plain objects and arrays are frozen, so that `map.get("a").push(1)` throws
 *   instead of changing only the copy. To change a part of a value, use `update`, or a shared
 *   container as the value: these are not copied. (A map that contains itself, directly or not, is
 *   never freed.)
 * - `pop`, `popitem` and `copy` return copies that are not frozen. The function passed to `update`
 *   gets one, too.
 *
 * Follows `Map`, and Python's `dict` as `multiprocessing.Manager` shares it, whose proxies lose
 * changes to the parts of values.
 *
 * @typeParam K type of the keys
 * @typeParam V type of the values
 *
 * @example Counting in several workers
 * ```ts
 * import { Pool, SharedMap } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = new SharedMap<string, number>();
 * await using pool = new Pool(2);
 * await pool.starmap(
 *   (text: string, counts: SharedMap<string, number>) => {
 *     for (const word of text.split(" ")) counts.update(word, (n = 0) => n + 1);
 *   },
 *   [["a rose is a rose", counts], ["is a rose", counts]],
 * );
 * assertEquals(counts.copy(), new Map([["a", 3], ["rose", 3], ["is", 2]]));
 * ```
 */
export class SharedMap<K extends SharedKey = string, V = unknown> extends SharedHandle
  implements Iterable<[K, Frozen<V>]> {
  /**
   * Creates a map.
   *
   * @param entries the initial entries
   * @throws {TypeError} if one of the keys cannot be a key
   * @throws {DataCloneError} if one of the values cannot be copied into shared memory
   */
  constructor(entries?: Entries<K, V>) {
    if (entries !== undefined && !isOptionsObject(entries)) pairsOf(entries);
    super(createMap());
    if (entries !== undefined) this.update(entries);
  }

  // The methods of Map

  /** Number of entries at this moment. */
  get size(): number {
    throwIfStopping();
    return sizeOf(this.address + TABLE);
  }

  /**
   * Returns the value of a key; `undefined` if there is no such key.
   *
   * @throws {TypeError} if `key` cannot be a key
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
   */
  get(key: K): Frozen<V> | undefined;
  /** Returns the value of a key; `fallback` if there is no such key. */
  get<D>(key: K, fallback: D): Frozen<V> | D;
  get(key: K, fallback?: unknown): unknown {
    throwIfStopping();
    const entry = pinEntry(this.address + TABLE, toKey(key));
    return entry === 0 ? fallback : freeze(readAndUnpin(entry));
  }

  /**
   * Returns whether the map has a key.
   *
   * @throws {TypeError} if `key` cannot be a key
   */
  has(key: K): boolean {
    throwIfStopping();
    return hasEntry(this.address + TABLE, toKey(key));
  }

  /**
   * Sets the value of a key. A new key comes last in the order; an existing one keeps its place.
   *
   * @returns this map
   * @throws {TypeError} if `key` cannot be a key
   * @throws {DataCloneError} if the value cannot be copied into shared memory; the message names
   *   the part
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  set(key: K, value: V | Frozen<V>): this {
    throwIfNotChangeable(this.address);
    const mapKey = toKey(key);
    putEntry(
      this.address + TABLE,
      withMessage(value, "value", (message) => createEntry(mapKey, message)),
    );
    return this;
  }

  /**
   * Removes a key and its value.
   *
   * @returns whether the map had the key
   * @throws {TypeError} if `key` cannot be a key
   */
  delete(key: K): boolean {
    throwIfNotChangeable(this.address);
    const entry = takeEntry(this.address + TABLE, toKey(key));
    if (entry !== 0) unpinEntry(entry);
    return entry !== 0;
  }

  /** Removes all entries. */
  clear(): void {
    throwIfNotChangeable(this.address);
    clearTable(this.address + TABLE);
  }

  /** Iterates over the keys as they are at the time of the call. Later changes have no effect. */
  keys(): MapIterator<K> {
    return this.snapshot((entry) => keyOf(entry) as K).values();
  }

  /**
   * Iterates over the values as they are at the time of the call. Later changes have no effect.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  values(): MapIterator<Frozen<V>> {
    return this.snapshot((entry) => freeze(valueOf(entry) as V)).values();
  }

  /**
   * Iterates over the pairs of key and value as they are at the time of the call. Later changes
   * have no effect.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  entries(): MapIterator<[K, Frozen<V>]> {
    return this.snapshot(
      (entry): [K, Frozen<V>] => [keyOf(entry) as K, freeze(valueOf(entry) as V)],
    ).values();
  }

  /** Iterates over the pairs of key and value: see {@linkcode SharedMap.entries}. */
  [Symbol.iterator](): MapIterator<[K, Frozen<V>]> {
    return this.entries();
  }

  /**
   * Calls a function with each value and its key, as they are at the time of the call.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  forEach(fn: (value: Frozen<V>, key: K, map: this) => void, thisArg?: unknown): void {
    checkFunction("iterate map", "fn", fn);
    for (const [key, value] of this.entries()) fn.call(thisArg, value, key, this);
  }

  // The methods of Python's dict

  /**
   * Sets the value of a key to the result of `fn`, atomically: no concurrent change is lost.
   *
   * `fn` gets a copy of the value, `undefined` if there is no such key, which it may change and
   * return. Other isolates use the map while it runs. If one of them has set the value by the time
   * `fn` returns, `fn` is called again with the new one. So it should be short and have no side
   * effects, and it must not change this map.
   *
   * @returns the new value
   * @throws {TypeError} if `key` cannot be a key, or `fn` returns `undefined`
   * @throws {DataCloneError} if the new value cannot be copied into shared memory
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
   * @throws what `fn` throws; nothing is changed
   */
  update<W extends V | Frozen<V>>(key: K, fn: (value: V | undefined) => W): W;
  /**
   * Sets the values of several keys, in one atomic step.
   *
   * @param entries another map, pairs of key and value, or an object whose property names are the
   *   keys
   * @throws {TypeError} if one of the keys cannot be a key
   * @throws {DataCloneError} if one of the values cannot be copied into shared memory; nothing is
   *   changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  update(entries: Entries<K, V>): void;
  update(keyOrEntries: K | Entries<K, V>, fn?: (value: V | undefined) => unknown): unknown {
    throwIfNotChangeable(this.address);
    if (fn !== undefined) return this.recompute(toKey(keyOrEntries), fn);
    const created: number[] = [];
    try {
      for (const [key, value] of pairsOf<K, V>(keyOrEntries)) {
        const mapKey = toKey(key);
        const name = `value of ${describeKey(mapKey)}`;
        created.push(withMessage(value, name, (message) => createEntry(mapKey, message)));
      }
    } catch (error) {
      created.forEach(undoCreateEntry);
      throw error;
    }
    putEntries(this.address + TABLE, created);
    return undefined;
  }

  /**
   * Returns the value of a key, after setting it to `value` if there is no such key.
   *
   * @throws {TypeError} if `key` cannot be a key
   * @throws {DataCloneError} if the key is missing and `value` cannot be copied into shared memory
   * @throws {MemoryError} if the shared heap is full
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
   */
  setdefault(key: K, value: V | Frozen<V>): Frozen<V> {
    throwIfNotChangeable(this.address);
    const mapKey = toKey(key);
    for (;;) {
      throwIfStopping();
      const entry = pinEntry(this.address + TABLE, mapKey);
      if (entry !== 0) return freeze(readAndUnpin(entry) as V);
      // Read from the entry itself: another isolate may have removed it from the map by now.
      const created = this.exchange(mapKey, value, 0);
      if (created !== 0) return freeze(readAndUnpin(created) as V);
    }
  }

  /**
   * Removes a key and returns its value.
   *
   * @throws {RangeError} if there is no such key
   * @throws {TypeError} if `key` cannot be a key
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported; the
   *   key is removed all the same
   */
  pop(key: K): V;
  /** Removes a key and returns its value; `fallback` if there is no such key. */
  pop<D>(key: K, fallback: D): V | D;
  pop(key: K, ...fallback: unknown[]): unknown {
    throwIfNotChangeable(this.address);
    const mapKey = toKey(key);
    const entry = takeEntry(this.address + TABLE, mapKey);
    if (entry !== 0) return readAndUnpin(entry);
    if (fallback.length > 0) return fallback[0];
    throw new RangeError(
      `Cannot pop ${
        describeKey(mapKey)
      }: the map has no such key. Pass a fallback if it may be missing`,
    );
  }

  /**
   * Removes the key that was inserted last, and returns it with its value.
   *
   * @returns the key and its value
   * @throws {RangeError} if the map is empty
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported; the
   *   key is removed all the same
   */
  popitem(): [K, V] {
    throwIfNotChangeable(this.address);
    const entry = takeNewest(this.address + TABLE);
    if (entry === 0) {
      throw new RangeError("Cannot pop item: the map is empty. Check its size first");
    }
    const key = keyOf(entry) as K;
    return [key, readAndUnpin(entry) as V];
  }

  /**
   * Returns a `Map` with copies of all values, as they are at the time of the call. Shared objects
   * in them are not copied.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  copy(): Map<K, V> {
    return new Map(this.snapshot((entry): [K, V] => [keyOf(entry) as K, valueOf(entry) as V]));
  }

  /** Returns the contents of the map in one line. */
  override toString(): string {
    return inOneLine(this);
  }

  /** Returns the results of `read` for all entries, in one snapshot. */
  private snapshot<T>(read: (entry: number) => T): T[] {
    throwIfStopping();
    const entries = entriesOf(this.address + TABLE);
    try {
      return entries.map(read);
    } finally {
      entries.forEach(unpinEntry);
    }
  }

  /**
   * Calls `fn` until its result could be stored before another isolate changed the key.
   *
   * @returns the result
   */
  private recompute(key: SharedKey, fn: (value: V | undefined) => unknown): unknown {
    checkFunction(`update ${describeKey(key)}`, "fn", fn);
    for (;;) {
      throwIfStopping();
      const entry = pinEntry(this.address + TABLE, key);
      try {
        const value = entry === 0 ? undefined : valueOf(entry) as V;
        const next = computeNext(this.address, fn, value);
        const created = this.exchange(key, next, entry);
        if (created === 0) continue;
        unpinEntry(created);
        return next;
      } finally {
        if (entry !== 0) unpinEntry(entry);
      }
    }
  }

  /**
   * Sets the value of a key if its entry is still `expected`.
   *
   * @param expected an entry that is pinned; 0 for none
   * @returns the new entry, pinned; 0 if the value was not set
   */
  private exchange(key: SharedKey, value: unknown, expected: number): number {
    return withMessage(value, "value", (message) => {
      const entry = createEntry(key, message);
      pin(entry);
      if (exchangeEntry(this.address + TABLE, entry, expected)) return entry;
      undoCreateEntry(entry);
      return 0;
    });
  }
}

/** Reads the value of a key in order to change it. */
export function reviseMap(map: SharedMap, key: unknown): Revision {
  const mapKey = toKey(key);
  const entry = pinEntry(addressOf(map)! + TABLE, mapKey);
  const release = () => {
    if (entry !== 0) unpinEntry(entry);
  };
  try {
    return {
      value: entry === 0 ? undefined : valueOf(entry),
      store(next) {
        const created = map["exchange"](mapKey, next, entry);
        if (created !== 0) unpinEntry(created);
        return created !== 0;
      },
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Decodes the value of an entry that is pinned, and releases the pin. */
function readAndUnpin(entry: number): unknown {
  try {
    return valueOf(entry);
  } finally {
    unpinEntry(entry);
  }
}

function pairsOf<K, V>(entries: unknown): Iterable<readonly [K, V]> {
  if (isIterable(entries)) return checkedPairs(entries) as Iterable<readonly [K, V]>;
  if (isOptionsObject(entries)) return Object.entries(entries) as unknown as [K, V][];
  const advice = "To change the value of a key write update(key, fn)";
  throw wrongType("update map", "entries", "a map, pairs, or an object", entries, advice);
}

function* checkedPairs(entries: Iterable<unknown>): Iterable<readonly unknown[]> {
  let at = 0;
  for (const entry of entries) {
    if (!isArray(entry)) throw wrongType("update map", `entries[${at}]`, "a pair", entry);
    yield entry;
    at++;
  }
}

rejectBrackets(SharedMap, { set: (key) => `set(${JSON.stringify(key)}, value)` });
showContents(SharedMap, (map, inspect) => `SharedMap${inspect(map.copy()).slice("Map".length)}`);

function createMap(): number {
  const address = createObject(TYPE, TABLE + TABLE_WORDS);
  try {
    initTable(address + TABLE);
  } catch (error) {
    free(address);
    throw error;
  }
  return address;
}

defineType(TYPE, "SharedMap", {
  crosses: true,
  revive: reviveAs<SharedMap<SharedKey>>(SharedMap),
  destroy: (address) => destroyTable(address + TABLE),
});
