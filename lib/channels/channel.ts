/**
 * Messages from any number of senders to any number of receivers, first in, first out, in shared memory.
 *
 * A channel is a chain of segments in which messages lie one behind the other. Senders fill the last
 * segment, one at a time; receivers empty the first, one at a time; the two sides do not contend with
 * each other (the two-lock queue of Michael and Scott, 1996). Each message has a cell in a segment; one
 * of up to 60 bytes lies in its cell. A larger message has a block of its own, and its cell has the
 * address. A message is readable once it is pushed.
 *
 * | cell of | word 0 | words from 1 on |
 * |---|---|---|
 * | a message of up to 60 bytes | length of its stream in bytes | the stream |
 * | a larger message | -1 | address of its block |
 *
 * A segment begins with three words. `END`: where the last cell of a full segment ends. `NEXT`: the next
 * segment. `SIZE`: its words. The first segment is allocated with the first message, and each further one is
 * about as large as what the channel holds at that time. A channel that has been emptied keeps a small one.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `LAST_SEGMENT`, `LAST_WORD` | where the next message goes; 0: there is no segment | senders, inside `SEND_GUARD`; a receiver that frees the only segment, inside both guards |
 * | `RECEIVE_GUARD` | guards the following words | receivers |
 * | `FIRST_SEGMENT`, `FIRST_WORD` | where the next message comes from | receivers; the sender that allocates the only segment, while there is no message |
 * | `SENT_SEEN` | `SENT` as a receiver last saw it: while it differs from `RECEIVED`, receivers need not read `SENT` | receivers |
 * | `HAS_LIMIT` | whether there is a limit, on the receivers' cache line | the creator |
 *
 * The other words are described in `channel_state.ts`, and the whole protocol in `README.md`.
 *
 * @module
 */

import { enter, enterWithStack, leave } from "../heap/guard.ts";
import { type Allocate, allocate, free } from "../heap/allocator.ts";
import { FIRST_SEGMENT_WORDS, KEPT_SEGMENT_WORDS, MAX_SEGMENT_WORDS } from "../heap/sizes.ts";
import { i32 } from "../heap/views.ts";
import { ensureStack } from "../heap/stack.ts";
import { wakeOne } from "../parking/wait_queue.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import type { Encoder } from "../codec/encoder.ts";
import { bytesIn, describeMessage } from "../codec/bytes.ts";
import {
  dropReferences,
  freeMessage,
  type MessageAddress,
  messageStart,
  readMessage,
  sendStored,
  storeStream,
  totalBytesOf,
} from "../codec/message.ts";
import {
  type ChannelAddress,
  CLOSED,
  isFull,
  LIMIT,
  messagesIn,
  RECEIVED,
  RECEIVER_WORDS,
  RECEIVERS,
  SEND_GUARD,
  SENDER_WORDS,
  SENDERS,
  SENT,
} from "./channel_state.ts";

// Not exported: V8 inlines module-local constants.
const LAST_SEGMENT = SENDER_WORDS;
const LAST_WORD = SENDER_WORDS + 1;
const RECEIVE_GUARD = RECEIVER_WORDS;
const FIRST_SEGMENT = RECEIVER_WORDS + 1;
const FIRST_WORD = RECEIVER_WORDS + 2;
const SENT_SEEN = RECEIVER_WORDS + 3;
const HAS_LIMIT = RECEIVER_WORDS + 4;

/** Maximum stream length of a message that lies in its cell. */
const MAX_INLINE_BYTES = 60;
const IN_BLOCK = -1;
const NEXT = 0;
const END = 1;
const SIZE = 2;
const FIRST_CELL = 3;
/** Result of {@linkcode removeCell}. */
const LAST_OF_LARGE = -1;
/** Words of a cell, about, by which the size of a segment is chosen. */
const USUAL_CELL_WORDS = 4;

/** Initializes a channel in the zeroed words at `channel`. */
export function initChannel(channel: ChannelAddress, limit: number): void {
  i32[channel + LIMIT] = limit;
  i32[channel + HAS_LIMIT] = limit > 0 ? 1 : 0;
}

/** Allocates the next segment of a channel, whose last one is used up to `word`. Inside `SEND_GUARD`. */
function addSegment(channel: ChannelAddress, word: number, take: Allocate): number {
  const size = nextSegmentWords(channel);
  const last = i32[channel + LAST_SEGMENT];
  const segment = take(size * 4);
  i32[segment + END] = 0;
  i32[segment + SIZE] = size;
  if (last !== 0) {
    i32[last + END] = word;
    i32[last + NEXT] = segment;
  } else { // there is no message, so no receiver reads these words before the next one is counted
    i32[channel + FIRST_SEGMENT] = segment;
    i32[channel + FIRST_WORD] = FIRST_CELL;
  }
  i32[channel + LAST_SEGMENT] = segment;
  return segment;
}

/** Returns the size of the next segment: a power of two with the header of its block. */
function nextSegmentWords(channel: ChannelAddress): number {
  if (i32[channel + SENT] === 0) return FIRST_SEGMENT_WORDS;
  const wanted = messagesIn(channel) * USUAL_CELL_WORDS;
  if (wanted <= KEPT_SEGMENT_WORDS) return KEPT_SEGMENT_WORDS;
  return Math.min(2 ** (32 - Math.clz32(wanted + 1)) - 2, MAX_SEGMENT_WORDS);
}

/** Returns the number of words of a cell whose word 0 is `length`. */
function cellWords(length: number): number {
  return length === IN_BLOCK ? 2 : 1 + ((length + 3) >> 2);
}

/** Discards all messages and frees the memory of a channel that no isolate can reach. */
export function destroyChannel(channel: ChannelAddress): void {
  while (discardNext(channel));
  if (i32[channel + FIRST_SEGMENT] !== 0) free(i32[channel + FIRST_SEGMENT]);
}

/**
 * Takes the next message and discards it, if there is one.
 *
 * @param lentHandles as in {@linkcode discardMessage}
 * @returns whether there was a message
 */
export function discardNext(channel: ChannelAddress, lentHandles?: "reclaim" | "drop"): boolean {
  const decoder = takeReader();
  const block = receiveInto(channel, decoder);
  if (block !== undefined) {
    dropReferences(decoder, lentHandles);
    if (block !== 0) freeMessage(block);
  }
  reader = decoder;
  return block !== undefined;
}

// Sending

/**
 * Sends the encoder's message if the channel has room and is open.
 *
 * @param take how blocks for it are allocated
 * @returns whether it was sent
 * @throws {MemoryError} if the shared heap is full; the message's references are dropped
 */
export function push(
  channel: ChannelAddress,
  encoder: Encoder,
  take: Allocate = allocate,
): boolean {
  const length = encoder.streamBytes;
  if (length > MAX_INLINE_BYTES || !encoder.isStreamOnly) return pushStored(channel, encoder, take);
  encoder.gather();
  let cell: number;
  try {
    cell = enterAndClaim(channel, length, take);
  } catch (error) {
    encoder.discard();
    throw error;
  }
  if (cell !== 0) {
    const { words } = encoder;
    for (let at = 0; at * 4 < length; at++) i32[cell + 1 + at] = words[at];
    Atomics.add(i32, channel + SENT, 1);
  }
  leave(channel + SEND_GUARD);
  if (cell === 0) return false;
  wakeOne(channel + RECEIVERS);
  return true;
}

/** As {@linkcode push}, for a message that does not fit into a cell. */
function pushStored(channel: ChannelAddress, encoder: Encoder, take: Allocate): boolean {
  if (isFull(channel)) return false;
  return sendStored(encoder, (block) => pushBlock(channel, block, take), take); // it may be full by then
}

/**
 * Sends a stored message if the channel has room and is open.
 *
 * @param take how a segment is allocated
 * @returns whether it was sent
 * @throws {MemoryError} if the shared heap is full
 */
export function pushBlock(
  channel: ChannelAddress,
  block: MessageAddress,
  take: Allocate = allocate,
): boolean {
  const cell = enterAndClaim(channel, IN_BLOCK, take);
  if (cell !== 0) {
    i32[cell + 1] = block;
    Atomics.add(i32, channel + SENT, 1);
  }
  leave(channel + SEND_GUARD);
  if (cell === 0) return false;
  wakeOne(channel + RECEIVERS);
  return true;
}

/**
 * Enters `SEND_GUARD` and claims a cell for a message of the length; 0 if there is no room or the channel
 * is closed.
 *
 * @throws {MemoryError} if the shared heap is full; the guard has been left
 */
function enterAndClaim(channel: ChannelAddress, length: number, take: Allocate): number {
  enter(channel + SEND_GUARD);
  try {
    return claimCell(channel, length, take);
  } catch (error) {
    leave(channel + SEND_GUARD);
    throw error;
  }
}

/** Claims the next cell; 0 if there is no room or the channel is closed. Inside `SEND_GUARD`. */
function claimCell(channel: ChannelAddress, length: number, take: Allocate): number {
  if (i32[channel + CLOSED] !== 0 || isFull(channel)) return 0;
  let word = i32[channel + LAST_WORD];
  let segment = i32[channel + LAST_SEGMENT];
  if (segment === 0 || word + cellWords(length) > i32[segment + SIZE]) {
    segment = addSegment(channel, word, take);
    word = FIRST_CELL;
  }
  i32[channel + LAST_WORD] = word + cellWords(length);
  i32[segment + word] = length;
  return segment + word;
}

// Receiving

/**
 * Takes the next message, if there is one, and starts the decoder on it. Call {@linkcode endReceive}
 * once it has been read, or {@linkcode giveUpReceive} if reading it has failed.
 *
 * @returns the block of the message, 0 if it lay in its cell; `undefined` if there is no message
 */
export function receiveInto(channel: ChannelAddress, decoder: Decoder): number | undefined {
  ensureStack();
  const words = decoder.ownWords;
  let block = 0;
  let length: number;
  let emptied: number;
  enterWithStack(channel + RECEIVE_GUARD);
  try {
    const cell = nextCell(channel);
    if (cell === 0) return undefined;
    length = i32[cell];
    if (length === IN_BLOCK) {
      block = i32[cell + 1];
    } else {
      for (let word = 0; word * 4 < length; word++) words[word] = i32[cell + 1 + word];
    }
    emptied = removeCell(channel, cell);
  } finally {
    leave(channel + RECEIVE_GUARD);
  }
  signalRoom(channel, emptied);
  if (block !== 0) readMessage(decoder, block);
  else decoder.fromOwn(length);
  return block;
}

/** Returns the cell of the next message; 0 if there is none. Inside `RECEIVE_GUARD`. */
function nextCell(channel: ChannelAddress): number {
  const received = i32[channel + RECEIVED];
  if (i32[channel + SENT_SEEN] === received) {
    const sent = Atomics.load(i32, channel + SENT);
    if (sent === received) return 0;
    i32[channel + SENT_SEEN] = sent;
  }
  const segment = i32[channel + FIRST_SEGMENT];
  const word = i32[channel + FIRST_WORD];
  if (word === i32[segment + END]) return i32[segment + NEXT] + FIRST_CELL;
  return segment + word;
}

/**
 * Removes the next message, which lies at `cell`, from the channel. Inside `RECEIVE_GUARD`.
 *
 * @returns the segment that became empty, to be freed; 0 if none did; `LAST_OF_LARGE` if the message was the
 * last one, and its segment is larger than an empty channel should keep
 */
function removeCell(channel: ChannelAddress, cell: number): number {
  const segment = i32[channel + FIRST_SEGMENT];
  const received = (i32[channel + RECEIVED] + 1) | 0;
  let emptied = 0;
  if (cell === segment + i32[channel + FIRST_WORD]) {
    i32[channel + FIRST_WORD] += cellWords(i32[cell]);
    if (received === i32[channel + SENT_SEEN] && i32[segment + SIZE] > KEPT_SEGMENT_WORDS) {
      emptied = LAST_OF_LARGE;
    }
  } else {
    emptied = segment;
    i32[channel + FIRST_SEGMENT] = cell - FIRST_CELL;
    i32[channel + FIRST_WORD] = FIRST_CELL + cellWords(i32[cell]);
  }
  // Without a limit no isolate sleeps on it, and leaving the guard publishes it.
  if (i32[channel + HAS_LIMIT] === 0) i32[channel + RECEIVED] = received;
  else Atomics.store(i32, channel + RECEIVED, received);
  return emptied;
}

/** Frees what {@linkcode removeCell} returned, and wakes a sender, outside of the guard. */
function signalRoom(channel: ChannelAddress, emptied: number): void {
  if (emptied !== 0) freeEmptied(channel, emptied);
  if (i32[channel + HAS_LIMIT] !== 0) wakeOne(channel + SENDERS);
}

/** Frees a segment: the one that was emptied, or the only one, if there is no message in it now. */
function freeEmptied(channel: ChannelAddress, emptied: number): void {
  if (emptied !== LAST_OF_LARGE) return free(emptied);
  enterWithStack(channel + SEND_GUARD);
  enterWithStack(channel + RECEIVE_GUARD);
  let segment = 0;
  if (Atomics.load(i32, channel + SENT) === i32[channel + RECEIVED]) {
    segment = i32[channel + FIRST_SEGMENT];
    i32[channel + FIRST_SEGMENT] = 0;
    i32[channel + LAST_SEGMENT] = 0;
  }
  leave(channel + RECEIVE_GUARD);
  leave(channel + SEND_GUARD);
  if (segment !== 0) free(segment);
}

/** Frees the segment of a channel if there is no message in it. The next message needs another one. */
export function freeIfEmpty(channel: ChannelAddress): void {
  freeEmptied(channel, LAST_OF_LARGE);
}

/** Frees a message that {@linkcode receiveInto} took, and that was read whole. */
export function endReceive(decoder: Decoder, block: MessageAddress): void {
  decoder.finish();
  if (block !== 0) freeMessage(block);
}

/** Frees a message that {@linkcode receiveInto} took, whatever was read of it. */
export function giveUpReceive(decoder: Decoder, block: MessageAddress): void {
  dropReferences(decoder);
  if (block !== 0) freeMessage(block);
}

/** A message that was taken out of a channel. */
export type Received =
  | { kind: "value"; value: unknown }
  /** The value needs a module to be imported: read it with `importValue(block)`. */
  | { kind: "needs import"; block: MessageAddress; needs: NeedsImport };

/** A decoder that is not in use. A reducer that receives a message itself uses another one. */
let reader: Decoder | undefined;

function takeReader(): Decoder {
  const decoder = reader ?? new Decoder();
  reader = undefined;
  return decoder;
}

/** Takes the next value out of the channel, if there is one. */
export function receive(channel: ChannelAddress): Received | undefined {
  const decoder = takeReader();
  try {
    const block = receiveInto(channel, decoder);
    return block === undefined ? undefined : readReceived(decoder, block);
  } finally {
    reader = decoder;
  }
}

/** Reads a stored message that was taken out of a channel. */
export function receiveBlock(block: MessageAddress): Received {
  const decoder = takeReader();
  try {
    readMessage(decoder, block);
    return readReceived(decoder, block);
  } finally {
    reader = decoder;
  }
}

/** Reads the message that the decoder was started on, which is in `block`, or in its own words. */
function readReceived(decoder: Decoder, block: MessageAddress): Received {
  try {
    const value = decoder.value();
    endReceive(decoder, block);
    return { kind: "value", value };
  } catch (error) {
    if (error instanceof NeedsImport) {
      return { kind: "needs import", block: block || storeReceived(decoder), needs: error };
    }
    giveUpReceive(decoder, block);
    throw error;
  }
}

/** What a receiver of bytes found. */
export type ReceivedBytes<R> =
  | { kind: "bytes"; result: R }
  /** The next message is not bytes, and stays in the channel. */
  | { kind: "not bytes"; name: string };

/**
 * Takes the next message out of the channel if it is bytes.
 *
 * @param read reads the bytes in the shared heap, which are freed when it returns
 */
export function receiveBytes<R>(
  channel: ChannelAddress,
  read: (bytes: Uint8Array<SharedArrayBuffer>) => R,
): ReceivedBytes<R> | undefined {
  ensureStack();
  let block: number;
  let bytes: Uint8Array<SharedArrayBuffer>;
  let emptied: number;
  enterWithStack(channel + RECEIVE_GUARD);
  try {
    const cell = nextCell(channel);
    if (cell === 0) return undefined;
    block = i32[cell] === IN_BLOCK ? i32[cell + 1] : 0;
    const start = block === 0 ? (cell + 1) * 4 : messageStart(block);
    const found = bytesIn(start, block === 0 ? i32[cell] : totalBytesOf(block));
    if (found === undefined) return { kind: "not bytes", name: describeMessage(start) };
    bytes = found;
    emptied = removeCell(channel, cell);
  } finally {
    leave(channel + RECEIVE_GUARD);
  }
  // `bytes` is empty if the message lay in its cell, so the segment may be reused before they are read.
  signalRoom(channel, emptied);
  try {
    return { kind: "bytes", result: read(bytes) };
  } finally {
    if (block !== 0) freeMessage(block);
  }
}

/** Copies a message that lay in its cell into a block, so that it can be read later. */
export function storeReceived(decoder: Decoder): number {
  return storeStream(decoder.ownWords, decoder.streamBytes);
}
