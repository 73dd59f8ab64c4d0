// The declarations of lib/memory/constant.ts

/**
 * Makes a value one that goes to each worker once, however many calls take it: a table, an array or a
 * configuration that each task needs.
 *
 * Returns the value itself. From now on, where it is sent, as an argument, inside an item, through a
 * queue, the message only names it. The first message with it brings a worker a copy, which the worker
 * keeps and gives to its later tasks. If it comes back, it is the value itself.
 *
 * The value is copied once, now: it is deeply frozen, as far as it consists of plain objects and arrays,
 * and so is each copy. The contents of typed arrays, `Map`s and instances of classes cannot be frozen: a
 * later change is not sent, and what a task changes in a copy is seen by later tasks of its worker.
 *
 * With a cluster as the engine of a pool, it goes to the servers once, and from there to each node once.
 *
 * Shared memory holds the copy until no isolate has the value any more. A worker keeps the 8
 * constants that it read last. For numbers that tasks change, or that are too large for a copy in each
 * worker, use {@linkcode sharedArray} or a {@linkcode SharedArray}: workers share its memory.
 *
 * joblib does this for large arrays without being asked, and maps them into memory.
 *
 * @example
 * ```ts
 * import { constant, Pool, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const count = task(import.meta, (word: string, stopWords: string[]) =>
 *   stopWords.includes(word) ? 0 : 1);
 *
 * if (import.meta.main) {
 *   await using pool = new Pool();
 *   const stopWords = constant(["a", "the"]); // imagine a long list
 *   const words = ["the", "cat", "sat"];
 *   const counts = await pool.starmap(count, words.map((word) => [word, stopWords] as const));
 *   assertEquals(counts, [0, 1, 1]);
 * }
 * ```
 *
 * @typeParam T the type of the value
 * @param value an object that can cross; anything that crosses without a copy, such as a queue, is
 * returned as it is
 * @returns the value
 * @throws {TypeError} if the value is not an object, or contains an end of a pipe
 * @throws {DataCloneError} if it cannot cross
 * @throws {MemoryError} if the shared heap is full
 */
export declare function constant<T extends object>(value: T): T;

export {};
