/**
 * A manager of named shared memory.
 *
 * @module
 */

import { type ShareableItem, ShareableList } from "../memory/shareable_list.ts";
import { SharedMemory } from "../memory/shared_memory.ts";

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
export class SharedMemoryManager implements Disposable {
  readonly #blocks: SharedMemory[] = [];
  #isShutDown = false;

  /**
   * Makes a block with a new name.
   *
   * @param size the size in bytes
   * @throws {RangeError} if `size` is not an integer of at least 1
   * @throws {Error} if the manager is shut down
   */
  SharedMemory(size: number): SharedMemory {
    this.#ensureOpen("SharedMemory");
    const memory = new SharedMemory({ create: true, size });
    this.#blocks.push(memory);
    return memory;
  }

  /**
   * Makes a list in a block with a new name.
   *
   * @throws {TypeError} if an item is of a type that a `ShareableList` cannot hold
   * @throws {Error} if the manager is shut down
   */
  ShareableList(sequence: Iterable<ShareableItem>): ShareableList {
    this.#ensureOpen("ShareableList");
    const list = new ShareableList(sequence);
    this.#blocks.push(list.shm);
    return list;
  }

  /** Unlinks all blocks that it made. Existing handles continue to work. Idempotent. */
  shutdown(): void {
    this.#isShutDown = true;
    for (const memory of this.#blocks.splice(0)) {
      try {
        memory.unlink();
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // unlinked already
      }
    }
  }

  /** Shuts the manager down. */
  [Symbol.dispose](): void {
    this.shutdown();
  }

  #ensureOpen(what: string): void {
    if (this.#isShutDown) {
      throw new Error(`Cannot make ${what}: the manager is shut down. Make a new one`);
    }
  }
}
