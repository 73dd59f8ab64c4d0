/**
 * A maker of named memory that takes all names away at its end.
 *
 * @module
 */

import { type ShareableItem, ShareableList } from "../memory/shareable_list.ts";
import { SharedMemory } from "../memory/shared_memory.ts";

/**
 * Makes named blocks of shared memory and takes their names away when it is shut down.
 *
 * There is no server and no `start()`: the memory lives as long as somebody has it, and what
 * {@linkcode SharedMemoryManager.shutdown} ends is that others can attach it.
 *
 * Follows Python's `multiprocessing.managers.SharedMemoryManager`.
 *
 * @example Names for as long as they are needed
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
  readonly #made: SharedMemory[] = [];
  #isShutDown = false;

  /**
   * Makes a block with a name that nobody has.
   *
   * @param size its size in bytes
   * @throws {RangeError} if `size` is not a whole number of at least 1
   * @throws {Error} if the manager is shut down
   */
  SharedMemory(size: number): SharedMemory {
    this.#ensureOpen("SharedMemory");
    const memory = new SharedMemory({ create: true, size });
    this.#made.push(memory);
    return memory;
  }

  /**
   * Makes a list in a block with a name that nobody has.
   *
   * @throws {TypeError} if an item is of a type that it cannot have
   * @throws {Error} if the manager is shut down
   */
  ShareableList(sequence: Iterable<ShareableItem>): ShareableList {
    this.#ensureOpen("ShareableList");
    const list = new ShareableList(sequence);
    this.#made.push(list.shm);
    return list;
  }

  /** Takes away the names of all that it made. Who has the memory goes on. Twice is safe. */
  shutdown(): void {
    this.#isShutDown = true;
    for (const memory of this.#made.splice(0)) {
      try {
        memory.unlink();
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // its user was quicker
      }
    }
  }

  /** Shuts down. */
  [Symbol.dispose](): void {
    this.shutdown();
  }

  #ensureOpen(what: string): void {
    if (this.#isShutDown) throw new Error(`Cannot make ${what}: the manager is shut down`);
  }
}
