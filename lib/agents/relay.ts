/**
 * What the main isolate of a process of the operating system and its worker have in common.
 *
 * | root word | meaning | written by |
 * |---|---|---|
 * | `INBOX` | address of the channel with chunks that come through the main isolate | the main isolate, before it starts the worker |
 * | `CALLS` | address of the channel with calls on objects of the program | the same |
 * | `BEGUN` | number of the last chunk that was begun, or recalled before it began: see {@linkcode beginChunk} | the worker and the main isolate, by compare-exchange |
 * | `SIGNAL` | state of the job of a chunk, with the number of the chunk: see {@linkcode signalChunk} | the main isolate |
 * | `ITEM`, `ITEM_AFTER` | which item of its chunk the worker runs, and when it began it, in milliseconds | the worker |
 *
 * @module
 */

import { Channel } from "../channels/channel_handle.ts";
import { rootWord } from "../heap/root_words.ts";
import { i32 } from "../heap/views.ts";
import { addressOf, handleFor } from "../objects/shared_object.ts";

const INBOX = rootWord(20, "channel to the worker of a process");
const BEGUN = rootWord(21, "chunks begun by the worker of a process");
const SIGNAL = rootWord(22, "signal to the worker of a process");
const CALLS = rootWord(23, "channel with calls of a process");
/** Address of the word with the item that the worker runs. */
export const ITEM: number = rootWord(24, "item of the worker of a process");
/** Address of the word that says when it began. */
export const ITEM_AFTER: number = rootWord(25, "begin of the item of a process");

/** Bits of `SIGNAL` with the state; the number of the chunk is above them. */
const STATE_BITS = 3;

/** The channels between the main isolate and its worker. */
export interface Relay {
  readonly inbox: Channel;
  readonly calls: Channel;
}

/** Makes the channels, in the main isolate. */
export function makeRelay(): Relay {
  const relay = { inbox: new Channel(), calls: new Channel() };
  i32[INBOX] = addressOf(relay.inbox)!;
  i32[CALLS] = addressOf(relay.calls)!;
  return relay;
}

/** Returns the channels, in the worker and those that it starts. */
export function relayOfWorker(): Relay {
  return {
    inbox: handleFor(i32[INBOX]) as Channel,
    calls: handleFor(i32[CALLS]) as Channel,
  };
}

// Chunks are numbered from 1 on, as they are sent.

/** Begins a chunk, in the worker. Returns false if it was recalled. */
export function beginChunk(number: number): boolean {
  const before = (number - 1) | 0;
  return Atomics.compareExchange(i32, BEGUN, before, number) === before;
}

/**
 * Recalls the chunks up to `last` that have not begun, in the main isolate: none of them will begin.
 *
 * @returns the number of the chunk that was begun last; `last` if all have begun
 */
export function recallChunks(last: number): number {
  let begun = Atomics.load(i32, BEGUN);
  for (;;) {
    if (((last - begun) | 0) <= 0) return last;
    const found = Atomics.compareExchange(i32, BEGUN, begun, last);
    if (found === begun) return begun;
    begun = found;
  }
}

/** Returns whether a chunk is the one that was begun last. */
export function isLastBegun(number: number): boolean {
  return Atomics.load(i32, BEGUN) === number;
}

/** Tells the worker the state of the job of a chunk, in the main isolate. */
export function signalChunk(number: number, state: number): void {
  Atomics.store(i32, SIGNAL, (number << STATE_BITS) | state);
}

/** Returns the state that the job of a chunk was told to have last, in the worker; 0 if none was told. */
export function stateOfChunk(number: number): number {
  const signal = i32[SIGNAL]; // a plain load: it is looked at before each item
  return signal >> STATE_BITS === (number << STATE_BITS) >> STATE_BITS
    ? signal & ((1 << STATE_BITS) - 1)
    : 0;
}
