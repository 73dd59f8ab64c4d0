/**
 * Allocation in the shared heap: blocks in powers of two, a free list for each size.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards all the others, except `PERMANENT` | `enter`, `leave` |
 * | `TOP` | address above which nothing was ever allocated | `allocate`, inside `GUARD` |
 * | `HEADROOM_USED` | words of the headroom below which it was ever allocated | `allocateUrgent`, inside `GUARD` |
 * | `PERMANENT` | words of the blocks that are never freed | `makePermanent` |
 * | `JOINED` | 1 if no block was freed since free blocks were last joined | `joinFree`, `free`, inside `GUARD` |
 * | `FREE_LISTS + c` | first free block of 2^c bytes, 0 for none | `allocate`, `free`, inside `GUARD` |
 * | `FREE_LISTS + HEADROOM + c` | the same, of the headroom | `allocateUrgent`, `free`, inside `GUARD` |
 * | block `- 2` | the block's list: its size class c, or `HEADROOM + c`; 0 while it is free | `allocate`, `free` |
 * | block `+ 0`, while free | the next free block | `free` |
 *
 * A freed block serves the next request of its size; when the heap is used up, larger free blocks
 * are halved, and if there is none, free blocks that lie side by side are joined. Memory that was
 * touched is not returned to the system.
 *
 * The last 64th of the heap is the headroom: only {@linkcode allocateUrgent} takes blocks from it,
 * when no other memory is left. What may do so, and why, is in `README.md`.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { enter, leave } from "./guard.ts";
import { ROOT_WORDS_END } from "./root_words.ts";
import { adoptHeap, hasHeap, i32, reserveHeap } from "./views.ts";

const GUARD = 2;
const TOP = 3;
const HEADROOM_USED = 4;
const PERMANENT = 5;
const JOINED = 6;
const FREE_LISTS = 16;
const SMALLEST_CLASS = 5;
const LARGEST_CLASS = 32;
const HEADER_WORDS = 2;

/** Added to a size class, the number of the list of the headroom's blocks of this class. */
const HEADROOM = 28;
/** Largest block of the headroom: 64 KiB. */
const LARGEST_HEADROOM_CLASS = 16;
/** The headroom is the heap's size divided by two to this power. */
const HEADROOM_SHIFT = 6;

/** {@linkcode allocate} or {@linkcode allocateUrgent}. */
export type Allocate = (bytes: number) => number;

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
 * @throws {MemoryError} when the shared heap is used up, except for its headroom
 */
export function allocate(bytes: number): number {
  const sizeClass = classOf(bytes);
  enter(GUARD);
  const address = sizeClass <= LARGEST_CLASS ? take(sizeClass) : 0;
  leave(GUARD);
  if (address === 0) throw usedUp(bytes);
  return address;
}

/**
 * As {@linkcode allocate}, but when no other memory is left, the block is taken from the headroom.
 * For what lets a call end, or makes room: the table of who may call it is in `README.md`.
 *
 * @throws {MemoryError} when the headroom is used up too, or the block is larger than 64 KiB
 */
export function allocateUrgent(bytes: number): number {
  const sizeClass = classOf(bytes);
  enter(GUARD);
  let address = sizeClass <= LARGEST_CLASS ? take(sizeClass) : 0;
  if (address === 0) address = takeHeadroom(sizeClass);
  leave(GUARD);
  if (address === 0) throw usedUp(bytes);
  return address;
}

/** Whether a block of so many bytes could be allocated if the heap were empty. */
export function fitsHeap(bytes: number): boolean {
  return ROOT_WORDS_END + 2 ** (classOf(bytes) - 2) <= i32.length - headroomWords();
}

/** Frees a block. No isolate may use its address any more. */
export function free(address: number): void {
  enter(GUARD);
  const list = i32[address - HEADER_WORDS];
  if (list !== 0) {
    put(address, list);
    i32[JOINED] = 0;
  }
  leave(GUARD);
  if (list === 0) throw new Error(`Cannot free block ${address}: it is free already`);
}

/** Counts a block as one that is never freed, so that it is not taken for a leak. */
export function makePermanent(address: number): void {
  const list = i32[address - HEADER_WORDS];
  Atomics.add(i32, PERMANENT, 2 ** ((list > LARGEST_CLASS ? list - HEADROOM : list) - 2));
}

/** Returns the size class of a block for so many bytes; a larger one than any if there is none. */
function classOf(bytes: number): number {
  const size = bytes + HEADER_WORDS * 4;
  // ceil(log2(size)): for sizes from 2^31 the bit trick ends, and one class remains
  if (size > 2 ** 31) return size > 2 ** 32 ? LARGEST_CLASS + 1 : LARGEST_CLASS;
  return Math.max(32 - Math.clz32(size - 1), SMALLEST_CLASS);
}

function usedUp(bytes: number): MemoryError {
  return new MemoryError(
    `Cannot allocate ${bytes} bytes of shared memory: the shared heap of ${i32.byteLength} ` +
      `bytes is used up. Receive what waits in queues, or share large arrays instead of copying them`,
  );
}

/** Puts a block into a free list. Inside `GUARD`. */
function put(address: number, list: number): void {
  i32[address - HEADER_WORDS] = 0;
  i32[address] = i32[FREE_LISTS + list];
  i32[FREE_LISTS + list] = address;
}

/**
 * Takes a block of the class from its list, the unused heap, or a larger block; 0 if there is none.
 * Inside `GUARD`.
 */
function take(sizeClass: number): number {
  let address = pop(sizeClass);
  if (address === 0) {
    const top = i32[TOP];
    const end = top + 2 ** (sizeClass - 2);
    if (end <= i32.length - headroomWords()) {
      i32[TOP] = end;
      address = top + HEADER_WORDS;
    } else {
      address = halve(sizeClass);
      if (address === 0 && joinFree()) return take(sizeClass);
    }
  }
  if (address !== 0) i32[address - HEADER_WORDS] = sizeClass;
  return address;
}

function pop(list: number): number {
  const address = i32[FREE_LISTS + list];
  if (address !== 0) i32[FREE_LISTS + list] = i32[address];
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

// Joining

/**
 * Joins free blocks that lie side by side, and gives those below `TOP` back. It takes half a microsecond for
 * each free block. Inside `GUARD`.
 *
 * @returns whether any were joined
 */
function joinFree(): boolean {
  if (i32[JOINED] !== 0) return false;
  i32[JOINED] = 1;
  const blocks = sortedFreeBlocks();
  if (blocks === undefined) return false;
  i32.fill(0, FREE_LISTS, FREE_LISTS + LARGEST_CLASS + 1);
  let hasJoined = false;
  for (let at = 0; at < blocks.length;) {
    const start = startOf(blocks[at]);
    let end = start + wordsOf(blocks[at++]);
    for (; at < blocks.length && startOf(blocks[at]) === end; at++) {
      end += wordsOf(blocks[at]);
      hasJoined = true;
    }
    if (end !== i32[TOP]) {
      putRun(start, end);
    } else {
      i32[TOP] = start;
      hasJoined = true;
    }
  }
  return hasJoined;
}

// A free block as a number: where it begins, in units of the smallest blocks, and its class.
const SMALLEST_WORDS = 2 ** (SMALLEST_CLASS - 2);
const CLASSES = 32;

function startOf(block: number): number {
  return Math.floor(block / CLASSES) * SMALLEST_WORDS;
}

function wordsOf(block: number): number {
  return 2 ** (block % CLASSES) * SMALLEST_WORDS;
}

/** Returns the free blocks, in the order of their addresses; `undefined` if this isolate has no memory for them. */
function sortedFreeBlocks(): Uint32Array | undefined {
  let count = 0;
  forEachFree(() => count++);
  try {
    const blocks = new Uint32Array(count);
    forEachFree((start, sizeClass) => {
      blocks[--count] = start / SMALLEST_WORDS * CLASSES + sizeClass - SMALLEST_CLASS;
    });
    return blocks.sort();
  } catch {
    return undefined;
  }
}

function forEachFree(visit: (start: number, sizeClass: number) => void): void {
  for (let sizeClass = SMALLEST_CLASS; sizeClass <= LARGEST_CLASS; sizeClass++) {
    for (let block = i32[FREE_LISTS + sizeClass]; block !== 0; block = i32[block]) {
      visit(block - HEADER_WORDS, sizeClass);
    }
  }
}

/** Puts the words from `start` up to `end` into the free lists, in blocks as large as possible. */
function putRun(start: number, end: number): void {
  for (let sizeClass = LARGEST_CLASS; start < end; sizeClass--) {
    const words = 2 ** (sizeClass - 2);
    if (words > end - start) continue;
    put(start + HEADER_WORDS, sizeClass);
    start += words;
  }
}

// The headroom

function headroomWords(): number {
  return i32.length >>> HEADROOM_SHIFT;
}

/**
 * Takes a block of the headroom, of the class or larger; 0 if there is none. Its blocks are not halved: they
 * would not be joined again, and the headroom must serve the same requests each time the heap is full. Inside
 * `GUARD`.
 */
function takeHeadroom(sizeClass: number): number {
  for (let at = sizeClass; at <= LARGEST_HEADROOM_CLASS; at++) {
    let address = pop(HEADROOM + at);
    const used = i32[HEADROOM_USED];
    const end = used + 2 ** (at - 2);
    if (address === 0 && at === sizeClass && end <= headroomWords()) {
      i32[HEADROOM_USED] = end;
      address = i32.length - headroomWords() + used + HEADER_WORDS;
    }
    if (address === 0) continue;
    i32[address - HEADER_WORDS] = HEADROOM + at;
    return address;
  }
  return 0;
}
