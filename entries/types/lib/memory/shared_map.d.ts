// The declarations of lib/memory/shared_map.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Frozen } from "./frozen.d.ts";
import type { SharedKey } from "./map_key.d.ts";

/**
 * Entries to put into a map: pairs of key and value, or an object whose property names are the
 * keys.
 */
export type Entries<K, V> = Iterable<readonly [K, V | NoInfer<Frozen<V>>]> | {
  readonly [name: string]: V | NoInfer<Frozen<V>>;
};

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
export declare class SharedMap<K extends SharedKey = string, V = unknown> extends SharedHandle
  implements Iterable<[K, Frozen<V>]> {
  /**
   * Creates a map.
   *
   * @param entries the initial entries
   * @throws {TypeError} if one of the keys cannot be a key
   * @throws {DataCloneError} if one of the values cannot be copied into shared memory
   */
  constructor(entries?: Entries<K, V>);
  /** Number of entries at this moment. */
  get size(): number;
  /**
   * Returns the value of a key; `undefined` if there is no such key.
   *
   * @throws {TypeError} if `key` cannot be a key
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
   */
  get(key: K): Frozen<V> | undefined;
  /** Returns the value of a key; `fallback` if there is no such key. */
  get<D>(key: K, fallback: D): Frozen<V> | D;
  /**
   * Returns whether the map has a key.
   *
   * @throws {TypeError} if `key` cannot be a key
   */
  has(key: K): boolean;
  /**
   * Sets the value of a key. A new key comes last in the order; an existing one keeps its place.
   *
   * @returns this map
   * @throws {TypeError} if `key` cannot be a key
   * @throws {DataCloneError} if the value cannot be copied into shared memory; the message names
   *   the part
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  set(key: K, value: V | Frozen<V>): this;
  /**
   * Removes a key and its value.
   *
   * @returns whether the map had the key
   * @throws {TypeError} if `key` cannot be a key
   */
  delete(key: K): boolean;
  /** Removes all entries. */
  clear(): void;
  /** Iterates over the keys as they are at the time of the call. Later changes have no effect. */
  keys(): MapIterator<K>;
  /**
   * Iterates over the values as they are at the time of the call. Later changes have no effect.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  values(): MapIterator<Frozen<V>>;
  /**
   * Iterates over the pairs of key and value as they are at the time of the call. Later changes
   * have no effect.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  entries(): MapIterator<[K, Frozen<V>]>;
  /** Iterates over the pairs of key and value: see {@linkcode SharedMap.entries}. */
  [Symbol.iterator](): MapIterator<[K, Frozen<V>]>;
  /**
   * Calls a function with each value and its key, as they are at the time of the call.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  forEach(fn: (value: Frozen<V>, key: K, map: this) => void, thisArg?: unknown): void;
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
  /**
   * Returns the value of a key, after setting it to `value` if there is no such key.
   *
   * @throws {TypeError} if `key` cannot be a key
   * @throws {DataCloneError} if the key is missing and `value` cannot be copied into shared memory
   * @throws {MemoryError} if the shared heap is full
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
   */
  setdefault(key: K, value: V | Frozen<V>): Frozen<V>;
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
  /**
   * Removes the key that was inserted last, and returns it with its value.
   *
   * @returns the key and its value
   * @throws {RangeError} if the map is empty
   * @throws {TaskLookupError} if the value needs a module that this isolate has not imported; the
   *   key is removed all the same
   */
  popitem(): [K, V];
  /**
   * Returns a `Map` with copies of all values, as they are at the time of the call. Shared objects
   * in them are not copied.
   *
   * @throws {TaskLookupError} if a value needs a module that this isolate has not imported
   */
  copy(): Map<K, V>;
  /** Returns the contents of the map in one line. */
  toString(): string;
  /** Returns the results of `read` for all entries, in one snapshot. */
  private snapshot;
  /**
   * Calls `fn` until its result could be stored before another isolate changed the key.
   *
   * @returns the result
   */
  private recompute;
  /**
   * Sets the value of a key if its entry is still `expected`.
   *
   * @param expected an entry that is pinned; 0 for none
   * @returns the new entry, pinned; 0 if the value was not set
   */
  private exchange;
}

export {};
