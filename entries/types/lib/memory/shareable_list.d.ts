// The declarations of lib/memory/shareable_list.ts

import type { SharedMemory } from "./shared_memory.d.ts";

/** What an item of a {@linkcode ShareableList} can be. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;

/**
 * A list of fixed length in shared memory, whose items can be changed.
 *
 * - An item is a number, a bigint of 64 bits, a boolean, a string, bytes or null, and may be replaced
 *   by one of another type, if that has room where the first one was.
 * - It may be sent anywhere, or attached by the name of its memory.
 * - There is no lock in it, as in Python: who changes items that others read needs one.
 *
 * Follows Python's `multiprocessing.shared_memory.ShareableList`.
 *
 * @example Changed by a process
 * ```ts
 * import { Process, ShareableList } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const list = new ShareableList(["howdy", 273.154, 100, true, null]);
 * const process = new Process({
 *   target: (list: ShareableList) => list.set(2, 101),
 *   args: [list],
 * });
 * process.start();
 * await process.join();
 * assertEquals([...list], ["howdy", 273.154, 101, true, null]);
 * list.shm.unlink();
 * ```
 */
export declare class ShareableList implements Iterable<ShareableItem> {
  /** The memory that it lies in. */
  readonly shm: SharedMemory;
  private readonly view;
  /**
   * Makes a list, or attaches the one in the memory with the name.
   *
   * @param sequence the items; `undefined` to attach
   * @param options `name`: the name of its memory
   * @throws {TypeError} if an item is of another type, or there is neither a sequence nor a name
   * @throws {Deno.errors.AlreadyExists} if it is to be made and the name is taken
   * @throws {Deno.errors.NotFound} if it is to be attached and there is none
   */
  constructor(sequence?: Iterable<ShareableItem>, options?: {
    name?: string;
  });
  /** Number of items. */
  get length(): number;
  /**
   * The item at an index; a negative one counts from the end.
   *
   * @throws {RangeError} if there is none
   */
  get(index: number): ShareableItem;
  /**
   * Replaces an item.
   *
   * @throws {RangeError} if there is none at the index, or the new one has no room
   * @throws {TypeError} if it is of a type that cannot be an item
   */
  set(index: number, item: ShareableItem): void;
  /**
   * The index of the first item that equals `value`.
   *
   * @throws {RangeError} if there is none
   */
  index(value: ShareableItem): number;
  /** How many items equal `value`. */
  count(value: ShareableItem): number;
  /** A list with the same items in memory of its own. */
  copy(options?: {
    name?: string;
  }): ShareableList;
  /** The items, one by one. */
  [Symbol.iterator](): Generator<ShareableItem>;
  /** Where the slot of an item begins, and how many bytes it has room for. */
  private slot;
}

export {};
