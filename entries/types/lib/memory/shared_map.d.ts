// The declarations of lib/memory/shared_map.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Frozen } from "./frozen.d.ts";
import type { SharedKey } from "./map_key.d.ts";

/** What a map is filled with: pairs of key and value, or an object whose names are the keys. */
export type Entries<K, V> = Iterable<readonly [K, V | NoInfer<Frozen<V>>]> | {
  readonly [name: string]: V | NoInfer<Frozen<V>>;
};

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
export declare class SharedMap<K extends SharedKey = string, V = unknown> extends SharedHandle
  implements Iterable<[K, Frozen<V>]> {
  /**
   * Makes a map.
   *
   * @param entries what it begins with
   * @throws {TypeError} if one of the keys cannot be a key
   * @throws {DataCloneError} if one of the values cannot cross
   */
  constructor(entries?: Entries<K, V>);
  /** Number of entries at this moment. */
  get size(): number;
  /**
   * The value of a key; `undefined` if there is no such key.
   *
   * @throws {TypeError} if it cannot be a key
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported
   */
  get(key: K): Frozen<V> | undefined;
  /** As above, with something to return if there is no such key. */
  get<D>(key: K, fallback: D): Frozen<V> | D;
  /**
   * Whether there is such a key.
   *
   * @throws {TypeError} if it cannot be a key
   */
  has(key: K): boolean;
  /**
   * Sets the value of a key. A new key comes last in order, another one stays where it is.
   *
   * @returns this map
   * @throws {TypeError} if it cannot be a key
   * @throws {DataCloneError} if the value cannot cross; the message names the path to the part
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  set(key: K, value: V | Frozen<V>): this;
  /**
   * Removes a key with its value.
   *
   * @returns whether there was such a key
   * @throws {TypeError} if it cannot be a key
   */
  delete(key: K): boolean;
  /**
   * Removes everything.
   */
  clear(): void;
  /**
   * The keys, as they are at the call: what is changed meanwhile does not change the iteration.
   */
  keys(): MapIterator<K>;
  /**
   * The values, as they are at the call: what is changed meanwhile does not change the iteration.
   *
   * @throws {TaskLookupError} if one of them needs a module that this worker has not imported
   */
  values(): MapIterator<Frozen<V>>;
  /**
   * The keys with their values, as they are at the call: what is changed meanwhile does not change
   * the iteration.
   *
   * @throws {TaskLookupError} if a value needs a module that this worker has not imported
   */
  entries(): MapIterator<[K, Frozen<V>]>;
  /** As {@linkcode SharedMap.entries}. */
  [Symbol.iterator](): MapIterator<[K, Frozen<V>]>;
  /**
   * Calls a function with each value and its key, as they are at the call.
   *
   * @throws {TaskLookupError} if a value needs a module that this worker has not imported
   */
  forEach(fn: (value: Frozen<V>, key: K, map: this) => void, thisArg?: unknown): void;
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
  /**
   * The value of a key, which is set to `value` first if there is no such key.
   *
   * @throws {TypeError} if it cannot be a key
   * @throws {DataCloneError} if `value` is needed and cannot cross
   * @throws {RangeError} if the shared heap is used up
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported
   */
  setdefault(key: K, value: V | Frozen<V>): Frozen<V>;
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
  /**
   * Removes the key that was inserted last.
   *
   * @returns the key and its value
   * @throws {RangeError} if the map is empty
   * @throws {TaskLookupError} if the value needs a module that this worker has not imported; it is lost
   */
  popitem(): [K, V];
  /**
   * A `Map` of this isolate's own with copies of everything, as it is at the call. Shared objects in
   * it are themselves.
   *
   * @throws {TaskLookupError} if a value needs a module that this worker has not imported
   */
  copy(): Map<K, V>;
  /** What it holds, in one line. */
  toString(): string;
  /** What `read` makes of each entry, all as they are at one moment. */
  private snapshot;
  /** Sets the value of a key to what `fn` makes of it, again whenever another comes between. */
  private recompute;
  /**
   * Sets the value if the entry of the key is still `expected`, which is pinned, or 0 for none.
   *
   * @returns the new entry, pinned; 0 if the value was not set
   */
  private exchange;
}

export {};
