// The declarations of lib/managers/shared_memory_manager.ts

import type { ShareableItem, ShareableList } from "../memory/shareable_list.d.ts";
import type { SharedMemory } from "../memory/shared_memory.d.ts";

/**
 * Makes named blocks of shared memory and unlinks them when it is shut down.
 *
 * There is no server and no `start()`. The memory lives as long as it is referenced;
 * {@linkcode SharedMemoryManager.shutdown} removes the names, so that it can no longer be attached.
 *
 * Follows Python's `multiprocessing.managers.SharedMemoryManager`.
 *
 * @example Names that exist within a scope
 * ```ts
 * import { SharedMemory, SharedMemoryManager } from "@sauropod/multiprocessing";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * let name: string;
 * {
 *   using manager = new SharedMemoryManager();
 *   const list = manager.ShareableList([1, 2, 3]);
 *   assertEquals(list.get(-1), 3);
 *   name = manager.SharedMemory(100).name;
 *   assertEquals(new SharedMemory({ name }).size, 100);
 * }
 * assertThrows(() => new SharedMemory({ name }), Deno.errors.NotFound);
 * ```
 */
export declare class SharedMemoryManager implements Disposable {
  #private;
  /**
   * Makes a block with a new name.
   *
   * @param size the size in bytes
   * @throws {RangeError} if `size` is not an integer of at least 1
   * @throws {Error} if the manager is shut down
   */
  SharedMemory(size: number): SharedMemory;
  /**
   * Makes a list in a block with a new name.
   *
   * @throws {TypeError} if an item is of a type that a `ShareableList` cannot hold
   * @throws {Error} if the manager is shut down
   */
  ShareableList(sequence: Iterable<ShareableItem>): ShareableList;
  /** Unlinks all blocks that it made. Existing handles continue to work. Idempotent. */
  shutdown(): void;
  /** Shuts the manager down. */
  [Symbol.dispose](): void;
}

export {};
