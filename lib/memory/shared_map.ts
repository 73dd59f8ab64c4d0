/**
 * A map in shared memory.
 *
 * @module
 */

import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import {
  checkControlBefore,
  checkControlBeforeChange,
  computeNext,
  withMessage,
} from "./container.ts";
import { freeze, type Frozen } from "./frozen.ts";
import {
  clearTable,
  destroyTable,
  entriesOf,
  exchangeEntry,
  hasEntry,
  initTable,
  keyOf,
  makeEntry,
  pinEntry,
  putEntries,
  putEntry,
  sizeOf,
  TABLE_WORDS,
  takeBackEntry,
  takeEntry,
  takeNewest,
  unpinEntry,
  valueOf,
} from "./hash_table.ts";
import { type SharedKey, toKey } from "./map_key.ts";
import { refuseBrackets } from "./brackets.ts";
import { inOneLine, showContents } from "./inspect.ts";
import { pin } from "./stored_value.ts";

/** The number of this type among shared objects. */
const TYPE = 19;

const TABLE = objectWord.FIRST;

/** What a map is filled with: pairs of key and value, or an object whose names are the keys. */
export type Entries<K, V> =
  | Iterable<readonly [K, V | NoInfer<Frozen<V>>]>
  | { readonly [name: string]: V | NoInfer<Frozen<V>> };

/**
 * A map in shared memory: what one worker sets, all others get at once.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message, into another
 *   container. All who have it see the same map. Its memory is free when nobody has it.
 * - Each operation is done at one moment, as seen by everybody: nothing is lost, nothing half done,
 *   whoever dies. {@linkcode SharedMap.update} changes a value depending on what it was.
 * - No operation waits for another worker, so there is one form of each, for async and blocking code.
 *   In a worker that was told to end all of them throw {@linkcode TerminatedError}.
 * - Keys are strings, numbers, bigints, booleans and `null`, the same if `Map` takes them for the
 *   same. Order is that of insertion.
 * - A value is copied when it is set; what cannot cross is refused there. What is read is a copy
 *   again, its plain objects and arrays frozen, so that `map.get("a").push(1)` fails instead of
 *   changing nothing. To change a part of a value use `update`, or shared containers as values: these
 *   are not copied. (A map that contains itself, directly or not, is never freed.)
 * - `pop`, `popitem`, `copy` and the function of `update` get a copy of their own, which is not frozen.
 *
 * Follows `Map`, and Python's `dict` as `multiprocessing.Manager` shares it, whose proxies lose
 * changes to what is in them.
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
   * Makes a map.
   *
   * @param entries what it begins with
   * @throws {TypeError} if one of the keys cannot be a key
   * @throws {DataCloneError} if one of the values cannot cross
   */
  constructor(entries?: Entries<K, V>) {
    super(createObject(TYPE, TABLE + TABLE_WORDS));
    initTable(this.address + TABLE);
    if (entries !== undefined) this.update(entries);
  }

  // As in Map

  /** Number of entries at this moment. */
  get size(): number {
    return sizeOf(this.address + TABLE);
  }

  /**
   * The value of a key; `undefined` if there is no such key.
   *
   * @throws {TypeError} if it cannot be a key
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported
   */
  get(key: K): Frozen<V> | undefined;
  /** As above, with something to return if there is no such key. */
  get<D>(key: K, fallback: D): Frozen<V> | D;
  get(key: K, fallback?: unknown): unknown {
    checkControlBefore();
    const entry = pinEntry(this.address + TABLE, toKey(key));
    return entry === 0 ? fallback : freeze(readOnce(entry));
  }

  /**
   * Whether there is such a key.
   *
   * @throws {TypeError} if it cannot be a key
   */
  has(key: K): boolean {
    checkControlBefore();
    return hasEntry(this.address + TABLE, toKey(key));
  }

  /**
   * Sets the value of a key. A new key comes last in order, another one stays where it is.
   *
   * @returns this map
   * @throws {TypeError} if it cannot be a key
   * @throws {DataCloneError} if the value cannot cross; the message names the path to the part
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  set(key: K, value: V | Frozen<V>): this {
    checkControlBeforeChange(this.address);
    const stored = toKey(key);
    putEntry(this.address + TABLE, withMessage(value, "value", (it) => makeEntry(stored, it)));
    return this;
  }

  /**
   * Removes a key with its value.
   *
   * @returns whether there was such a key
   * @throws {TypeError} if it cannot be a key
   */
  delete(key: K): boolean {
    checkControlBeforeChange(this.address);
    const entry = takeEntry(this.address + TABLE, toKey(key));
    if (entry !== 0) unpinEntry(entry);
    return entry !== 0;
  }

  /**
   * Removes everything.
   */
  clear(): void {
    checkControlBeforeChange(this.address);
    clearTable(this.address + TABLE);
  }

  /**
   * The keys, as they are at the call: what is changed meanwhile does not change the iteration.
   */
  keys(): MapIterator<K> {
    return this.snapshot((entry) => keyOf(entry) as K).values();
  }

  /**
   * The values, as they are at the call: what is changed meanwhile does not change the iteration.
   *
   * @throws {TaskLookupError} if one of them needs a module that this worker has not imported
   */
  values(): MapIterator<Frozen<V>> {
    return this.snapshot((entry) => freeze(valueOf(entry) as V)).values();
  }

  /**
   * The keys with their values, as they are at the call: what is changed meanwhile does not change
   * the iteration.
   *
   * @throws {TaskLookupError} if a value needs a module that this worker has not imported
   */
  entries(): MapIterator<[K, Frozen<V>]> {
    return this.snapshot(
      (entry): [K, Frozen<V>] => [keyOf(entry) as K, freeze(valueOf(entry) as V)],
    ).values();
  }

  /** As {@linkcode SharedMap.entries}. */
  [Symbol.iterator](): MapIterator<[K, Frozen<V>]> {
    return this.entries();
  }

  /**
   * Calls a function with each value and its key, as they are at the call.
   *
   * @throws {TaskLookupError} if a value needs a module that this worker has not imported
   */
  forEach(fn: (value: Frozen<V>, key: K, map: this) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) fn.call(thisArg, value, key, this);
  }

  // As in Python's dict

  /**
   * Sets the value of a key to what `fn` makes of it, at one moment: nobody's change is lost.
   *
   * `fn` gets a copy of its own, `undefined` if there is no such key, and may change and return it. It
   * runs while others go on using the map. If one of them has changed the value by the time `fn`
   * returns, it is called again with that: so it should be short, have no other effects, and must not
   * change this map itself.
   *
   * @returns the new value
   * @throws {TypeError} if it cannot be a key, or `fn` returns `undefined`
   * @throws {DataCloneError} if the new value cannot cross
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported
   * @throws what `fn` throws; nothing is changed then
   */
  update<W extends V | Frozen<V>>(key: K, fn: (value: V | undefined) => W): W;
  /**
   * Sets the values of many keys, all at one moment.
   *
   * @param entries another map, pairs of key and value, or an object whose names are the keys
   * @throws {TypeError} if one of the keys cannot be a key
   * @throws {DataCloneError} if one of the values cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  update(entries: Entries<K, V>): void;
  update(keyOrEntries: K | Entries<K, V>, fn?: (value: V | undefined) => unknown): unknown {
    checkControlBeforeChange(this.address);
    if (fn !== undefined) return this.recompute(toKey(keyOrEntries), fn);
    const made: number[] = [];
    try {
      for (const [key, value] of pairsOf<K, V>(keyOrEntries)) {
        const stored = toKey(key);
        made.push(withMessage(value, `value of ${shown(stored)}`, (it) => makeEntry(stored, it)));
      }
    } catch (error) {
      made.forEach(takeBackEntry);
      throw error;
    }
    putEntries(this.address + TABLE, made);
  }

  /**
   * The value of a key, which is set to `value` first if there is no such key.
   *
   * @throws {TypeError} if it cannot be a key
   * @throws {DataCloneError} if `value` is needed and cannot cross
   * @throws {RangeError} if the shared heap is used up
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported
   */
  setdefault(key: K, value: V | Frozen<V>): Frozen<V> {
    checkControlBeforeChange(this.address);
    const stored = toKey(key);
    for (;;) {
      checkControlBefore();
      const entry = pinEntry(this.address + TABLE, stored);
      if (entry !== 0) return freeze(readOnce(entry) as V);
      // Read from the entry itself: by now another worker may have taken it out of the map.
      const made = this.exchange(stored, value, 0);
      if (made !== 0) return freeze(readOnce(made) as V);
    }
  }

  /**
   * Removes a key and returns its value.
   *
   * @throws {RangeError} if there is no such key
   * @throws {TypeError} if it cannot be a key
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported; it is lost
   */
  pop(key: K): V;
  /** As above, with something to return if there is no such key. */
  pop<D>(key: K, fallback: D): V | D;
  pop(key: K, ...fallback: unknown[]): unknown {
    checkControlBeforeChange(this.address);
    const stored = toKey(key);
    const entry = takeEntry(this.address + TABLE, stored);
    if (entry !== 0) return readOnce(entry);
    if (fallback.length > 0) return fallback[0];
    throw new RangeError(
      `Cannot pop ${shown(stored)}: the map has no such key. Give a fallback if that may be`,
    );
  }

  /**
   * Removes the key that was inserted last.
   *
   * @returns the key and its value
   * @throws {RangeError} if the map is empty
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported; it is lost
   */
  popitem(): [K, V] {
    checkControlBeforeChange(this.address);
    const entry = takeNewest(this.address + TABLE);
    if (entry === 0) throw new RangeError("Cannot pop item: the map is empty");
    const key = keyOf(entry) as K;
    return [key, readOnce(entry) as V];
  }

  /**
   * A `Map` of this isolate's own with copies of everything, as it is at the call. Shared objects in
   * it are themselves.
   *
   * @throws {TaskLookupError} if a value needs a module that this worker has not imported
   */
  copy(): Map<K, V> {
    return new Map(this.snapshot((entry): [K, V] => [keyOf(entry) as K, valueOf(entry) as V]));
  }

  /** What it holds, in one line. */
  override toString(): string {
    return inOneLine(this);
  }

  /** What `read` makes of each entry, all as they are at one moment. */
  private snapshot<T>(read: (entry: number) => T): T[] {
    checkControlBefore();
    const entries = entriesOf(this.address + TABLE);
    try {
      return entries.map(read);
    } finally {
      entries.forEach(unpinEntry);
    }
  }

  /** Sets the value of a key to what `fn` makes of it, again whenever another comes between. */
  private recompute(key: SharedKey, fn: (value: V | undefined) => unknown): unknown {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot update ${shown(key)}: fn must be a function, not ${typeof fn}`);
    }
    for (;;) {
      checkControlBefore();
      const entry = pinEntry(this.address + TABLE, key);
      try {
        const value = entry === 0 ? undefined : valueOf(entry) as V;
        const next = computeNext(this.address, fn, value);
        const made = this.exchange(key, next, entry);
        if (made === 0) continue;
        unpinEntry(made);
        return next;
      } finally {
        if (entry !== 0) unpinEntry(entry);
      }
    }
  }

  /**
   * Sets the value if the entry of the key is still `expected`, which is pinned, or 0 for none.
   *
   * @returns the new entry, pinned; 0 if the value was not set
   */
  private exchange(key: SharedKey, value: unknown, expected: number): number {
    return withMessage(value, "value", (message) => {
      const entry = makeEntry(key, message);
      pin(entry);
      if (exchangeEntry(this.address + TABLE, entry, expected)) return entry;
      takeBackEntry(entry);
      return 0;
    });
  }
}

/** Reads an entry that is pinned, and takes back the pin. */
function readOnce(entry: number): unknown {
  try {
    return valueOf(entry);
  } finally {
    unpinEntry(entry);
  }
}

function pairsOf<K, V>(entries: unknown): Iterable<readonly [K, V]> {
  if (typeof entries === "object" && entries !== null) {
    const iterate = Reflect.get(entries, Symbol.iterator);
    return iterate === undefined
      ? Object.entries(entries) as unknown as [K, V][]
      : entries as Iterable<readonly [K, V]>;
  }
  throw new TypeError(
    `Cannot update map: entries must be a map, pairs, or an object, not ${typeof entries}. ` +
      `To change the value of a key write update(key, fn)`,
  );
}

/** A key, as a message shows it. */
function shown(key: SharedKey): string {
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}

refuseBrackets(SharedMap, { set: (key) => `set(${JSON.stringify(key)}, value)` });
showContents(SharedMap, (map, inspect) => `SharedMap${inspect(map.copy()).slice("Map".length)}`);

defineType(TYPE, "SharedMap", {
  revive: reviveAs<SharedMap<SharedKey>>(SharedMap),
  destroy: (address) => destroyTable(address + TABLE),
});
