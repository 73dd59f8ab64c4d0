/**
 * Words at fixed addresses in the heap, for things that a program has only one of.
 *
 * Each module claims the words that it needs by their numbers, which are the same in every isolate. A
 * word is 0 until its module writes to it.
 *
 * @module
 */

import { Claims } from "./claims.ts";

/** Address of the first root word; the words below are the allocator's. */
export const ROOT_WORDS_START: number = 64;
/** Number of root words. */
const COUNT = 64;

/** Address of the first word behind the root words. */
export const ROOT_WORDS_END: number = ROOT_WORDS_START + COUNT;

/** The root words that are claimed. */
export const rootWords: Claims = new Claims("root word", COUNT - 1);

/**
 * Claims a root word.
 *
 * @param number which one, from 0
 * @param name what it holds
 * @returns its address
 * @throws {Error} if another module has claimed it
 */
export function rootWord(number: number, name: string): number {
  return ROOT_WORDS_START + rootWords.claim(number, name);
}
