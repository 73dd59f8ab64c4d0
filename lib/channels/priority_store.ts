/**
 * Lowest priority number first, and first in, first out among equals: a binary heap.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `ENTRIES` | block of the entries; 0: none | `grow`, `take`, inside `SEND_GUARD` |
 * | `CAPACITY` | number of entries that fit into the block | `grow`, `take`, inside `SEND_GUARD` |
 * | `COUNTER` | number of messages ever put, a float so that it never wraps | senders, inside `SEND_GUARD` |
 *
 * Entry 0 is the next to come out. Neither of the entries 2i + 1 and 2i + 2 comes before entry i. Each
 * entry has the value of `COUNTER` from when it was put, which orders entries of equal priority.
 *
 * @module
 */

import { allocate, free } from "../heap/allocator.ts";
import { f64, i32 } from "../heap/views.ts";
import { type ChannelAddress, messagesIn, STORE_WORDS } from "./channel_state.ts";
import { type Store, storeWithOrder } from "./store.ts";

const ENTRIES = STORE_WORDS;
const CAPACITY = STORE_WORDS + 1;
const COUNTER = STORE_WORDS + 2;

const ENTRY_WORDS = 6;
/** Entries that fill a block of 512 bytes; twice as many fill one of twice the size, and so on. */
const INITIAL_CAPACITY = 21;

// Offsets in an entry: two floats, counted in floats, and a word, counted in words.
const PRIORITY = 0;
const NUMBER = 1;
const BLOCK = 4;

/** Lowest priority number first. */
export const priorityStore: Store = storeWithOrder({
  add(channel, block, priority) {
    const count = messagesIn(channel);
    if (count === i32[channel + CAPACITY]) grow(channel, count);
    const entries = i32[channel + ENTRIES];
    let at = count;
    while (at > 0) { // the new entry is the last of equal priority
      const above = (at - 1) >> 1;
      if (f64[((entries + above * ENTRY_WORDS) >> 1) + PRIORITY] <= priority) break;
      move(entries, above, at);
      at = above;
    }
    const entry = entries + at * ENTRY_WORDS;
    f64[(entry >> 1) + PRIORITY] = priority;
    f64[(entry >> 1) + NUMBER] = f64[(channel + COUNTER) >> 1]++;
    i32[entry + BLOCK] = block;
  },
  take(channel) {
    const entries = i32[channel + ENTRIES];
    const block = i32[entries + BLOCK];
    const last = messagesIn(channel) - 1;
    let at = 0;
    for (;;) { // moves the last entry down from the top
      let next = 2 * at + 1;
      if (next + 1 < last && comesBefore(entries, next + 1, next)) next++;
      if (next >= last || comesBefore(entries, last, next)) break;
      move(entries, next, at);
      at = next;
    }
    if (at !== last) move(entries, last, at);
    if (last === 0 && i32[channel + CAPACITY] > INITIAL_CAPACITY) freeEntries(channel);
    return block;
  },
  free(channel) {
    if (i32[channel + ENTRIES] !== 0) freeEntries(channel);
  },
});

function freeEntries(channel: ChannelAddress): void {
  free(i32[channel + ENTRIES]);
  i32[channel + ENTRIES] = 0;
  i32[channel + CAPACITY] = 0;
}

/** Makes room for at least one more entry. */
function grow(channel: ChannelAddress, count: number): void {
  const capacity = count === 0 ? INITIAL_CAPACITY : count * 2;
  const entries = allocate(capacity * ENTRY_WORDS * 4);
  const before = i32[channel + ENTRIES];
  if (before !== 0) {
    i32.copyWithin(entries, before, before + count * ENTRY_WORDS);
    free(before);
  }
  i32[channel + ENTRIES] = entries;
  i32[channel + CAPACITY] = capacity;
}

/** Whether entry `a` comes out before entry `b`. */
function comesBefore(entries: number, a: number, b: number): boolean {
  const first = (entries + a * ENTRY_WORDS) >> 1;
  const second = (entries + b * ENTRY_WORDS) >> 1;
  const priority = f64[first + PRIORITY];
  const other = f64[second + PRIORITY];
  return priority < other || priority === other && f64[first + NUMBER] < f64[second + NUMBER];
}

function move(entries: number, from: number, to: number): void {
  const start = entries + from * ENTRY_WORDS;
  i32.copyWithin(entries + to * ENTRY_WORDS, start, start + ENTRY_WORDS);
}
