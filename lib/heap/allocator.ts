/**
 * Allocation in the shared heap: blocks in powers of two, a free list for each size.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards all the others | `enter`, `leave` |
 * | `TOP` | address above which nothing was ever allocated | `allocate`, inside `GUARD` |
 * | `FREE_LISTS + c` | first free block of 2^c bytes, 0 for none | `allocate`, `free`, inside `GUARD` |
 * | block `- 2` | the block's size class c; 0 while it is free | `allocate`, `free` |
 * | block `+ 0`, while free | the next free block | `free` |
 *
 * A freed block serves the next request of its size; when the heap is used up, larger free blocks
 * are halved. Blocks are not joined again, and memory that was touched is not returned to the
 * system.
 *
 * @module
 */

import { enter, leave } from "./guard.ts";
import { ROOT_WORDS_END } from "./root_words.ts";
import { adoptHeap, hasHeap, i32, reserveHeap } from "./views.ts";

const GUARD = 2;
const TOP = 3;
const FREE_LISTS = 16;
const SMALLEST_CLASS = 5;
const LARGEST_CLASS = 32;
const HEADER_WORDS = 2;

/** Makes this isolate the first of its program, with a heap of its own, unless it has one. */
export function ensureHeap(): void {
  if (hasHeap()) return;
  adoptHeap(reserveHeap());
  i32[TOP] = ROOT_WORDS_END; // the first word that blocks may use
}

/**
 * Allocates a block of at least `bytes`, aligned to 8. Its contents are not cleared.
 *
 * @returns the address
 * @throws {RangeError} when the shared heap is used up
 */
export function allocate(bytes: number): number {
  const size = bytes + HEADER_WORDS * 4;
  // ceil(log2(size)): for sizes from 2^31 the bit trick ends, and one class remains
  let sizeClass = size > 2 ** 31 ? LARGEST_CLASS : 32 - Math.clz32(size - 1);
  if (sizeClass < SMALLEST_CLASS) sizeClass = SMALLEST_CLASS;
  enter(GUARD);
  const address = size <= 2 ** 32 ? take(sizeClass) : 0;
  leave(GUARD);
  if (address === 0) {
    throw new RangeError(
      `Cannot allocate ${bytes} bytes of shared memory: the shared heap of ${i32.byteLength} ` +
        `bytes is used up. Receive what waits in queues, or share large arrays instead of copying them`,
    );
  }
  return address;
}

/** Frees a block. No isolate may use its address any more. */
export function free(address: number): void {
  enter(GUARD);
  const sizeClass = i32[address - HEADER_WORDS];
  if (sizeClass !== 0) put(address, sizeClass);
  leave(GUARD);
  if (sizeClass === 0) throw new Error(`Cannot free block ${address}: it is free already`);
}

/** Puts a block into the free list of its class. Inside `GUARD`. */
function put(address: number, sizeClass: number): void {
  i32[address - HEADER_WORDS] = 0;
  i32[address] = i32[FREE_LISTS + sizeClass];
  i32[FREE_LISTS + sizeClass] = address;
}

/** Takes a block of the class from its list, the unused heap, or a larger block. Inside `GUARD`. */
function take(sizeClass: number): number {
  let address = pop(sizeClass);
  if (address === 0) {
    const top = i32[TOP];
    const end = top + 2 ** (sizeClass - 2);
    if (end <= i32.length) {
      i32[TOP] = end;
      address = top + HEADER_WORDS;
    } else {
      address = halve(sizeClass);
    }
  }
  if (address !== 0) i32[address - HEADER_WORDS] = sizeClass;
  return address;
}

function pop(sizeClass: number): number {
  const address = i32[FREE_LISTS + sizeClass];
  if (address !== 0) i32[FREE_LISTS + sizeClass] = i32[address];
  return address;
}

/** Splits the smallest larger free block into one of the class and the halves that are left. */
function halve(sizeClass: number): number {
  let from = sizeClass + 1;
  while (from <= LARGEST_CLASS && i32[FREE_LISTS + from] === 0) from++;
  if (from > LARGEST_CLASS) return 0;
  const address = pop(from);
  while (from-- > sizeClass) put(address + 2 ** (from - 2), from);
  return address;
}
