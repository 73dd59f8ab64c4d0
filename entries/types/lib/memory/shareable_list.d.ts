// The declarations of lib/memory/shareable_list.ts

import type { SharedMemory } from "./shared_memory.d.ts";

/** An item of a {@linkcode ShareableList}. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;

/**
 * A list of fixed length in shared memory, whose items can be replaced.
 *
 * - An item is a number, a 64-bit bigint, a boolean, a string, bytes or null. It can be replaced by
 *   an item of another type that fits into the room of the first one.
 * - Can be sent anywhere, or attached by the name of its memory.
 * - It has no lock, as in Python. If one isolate changes items that others read, use a lock.
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
  /** The memory that contains the list. */
  readonly shm: SharedMemory;
  private readonly view;
  /**
   * Creates a list, or attaches an existing one by the name of its memory.
   *
   * @param sequence the items of a new list; `undefined` to attach a list
   * @param options `name`: the name of the memory
   * @throws {TypeError} if an item is of an unsupported type, or neither items nor a name are given
   * @throws {RangeError} if a bigint has more than 64 bits, or text has lone surrogates
   * @throws {Deno.errors.AlreadyExists} if a list is to be created and the name is in use
   * @throws {Deno.errors.NotFound} if a list is to be attached and no block has the name
   */
  constructor(sequence?: Iterable<ShareableItem>, options?: {
    name?: string;
  });
  /** Number of items. */
  get length(): number;
  /**
   * Returns the item at an index; a negative one counts from the end.
   *
   * @throws {RangeError} if there is none
   */
  get(index: number): ShareableItem;
  /**
   * Replaces the item at an index; a negative one counts from the end.
   *
   * @throws {RangeError} if there is none, or the new item does not fit into its slot, or is text with lone
   * surrogates
   * @throws {TypeError} if the new item is of an unsupported type
   */
  set(index: number, item: ShareableItem): void;
  /**
   * Returns the index of the first item that equals `value`.
   *
   * @throws {RangeError} if there is none
   */
  index(value: ShareableItem): number;
  /** Returns the number of items that equal `value`. */
  count(value: ShareableItem): number;
  /** Creates a list with the same items in a new block of memory. */
  copy(options?: {
    name?: string;
  }): ShareableList;
  /** Iterates over the items. Each is read when the iteration reaches it. */
  [Symbol.iterator](): Generator<ShareableItem>;
  /** Returns the offset of the slot of an item, and its room in bytes. */
  private slot;
}

export {};
