/**
 * Stored messages: encoded values, each in a block of the shared heap.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `STREAM_BYTES` | length of the stream | the sender |
 * | `LINK` | whatever the container that keeps the message needs | the container |
 * | `TOTAL_BYTES` | length of stream and attachments | the sender |
 * | message, from `HEADER_WORDS` on | the encoded value | the sender |
 *
 * @module
 */

import { describeThrown } from "../arguments/describe.ts";
import { CorruptMessageError, MemoryError } from "../errors.ts";
import type { Address, ByteOffset } from "../heap/address.ts";
import { type Allocate, allocate, allocateUrgent, free } from "../heap/allocator.ts";
import { hooks } from "../heap/hooks.ts";
import { dataView, i32, u8 } from "../heap/views.ts";
import { type Destination, type ObjectAddress, release } from "../objects/shared_object.ts";
import { Decoder } from "./decoder.ts";
import { encode, type Encoder, returnEncoder } from "./encoder.ts";
import { Tag } from "./tags.ts";
import { Thrown } from "./thrown.ts";

/** Address of a message at rest: its block. */
export type MessageAddress = Address<"message">;

// Words before the message in its block. Their number is even: a message is aligned to 8 bytes.
const STREAM_BYTES = 0;
/** Offset of a word of the block that is free for the container that keeps the message. */
export const LINK = 1;
const TOTAL_BYTES = 2;
const HEADER_WORDS = 4;

/**
 * Copies a finished message into a block of its own.
 *
 * @param take how the block is allocated
 * @throws {MemoryError} if the shared heap is full; the message's references are dropped
 */
export function storeMessage(encoder: Encoder, take: Allocate = allocate): MessageAddress {
  let address: number;
  try {
    address = take(HEADER_WORDS * 4 + encoder.totalBytes);
  } catch (error) {
    if (error instanceof MemoryError && hooks.makeRoom?.()) return storeMessage(encoder, take);
    encoder.discard();
    throw error;
  }
  i32[address + STREAM_BYTES] = encoder.streamBytes;
  i32[address + TOTAL_BYTES] = encoder.totalBytes;
  encoder.copyTo(u8, messageStart(address));
  return address;
}

/**
 * Copies a stream, of a message without attachments, into a block of its own.
 *
 * @param words the stream, at the beginning
 * @throws {MemoryError} if the shared heap is full
 */
export function storeStream(words: Int32Array, streamBytes: number): MessageAddress {
  const address = allocateUrgent(HEADER_WORDS * 4 + words.byteLength);
  i32[address + STREAM_BYTES] = streamBytes;
  i32[address + TOTAL_BYTES] = streamBytes;
  i32.set(words, address + HEADER_WORDS);
  return address;
}

/**
 * Copies a finished message into a block of its own and sends the block. If it is not sent, the
 * references stay with the encoder.
 *
 * @param send sends the block, and returns whether it did
 * @param take how the block is allocated
 * @throws {MemoryError} if the shared heap is full; the message's references are dropped
 */
export function sendStored(
  encoder: Encoder,
  send: (block: MessageAddress) => boolean,
  take: Allocate = allocate,
): boolean {
  const block = storeMessage(encoder, take);
  try {
    if (send(block)) return true;
  } catch (error) {
    encoder.discard();
    freeMessage(block);
    throw error;
  }
  freeMessage(block);
  return false;
}

/**
 * Copies the bytes of a message, its stream and attachments, into a block of its own.
 *
 * @param parts the bytes, one part behind the other
 * @param length how many there are
 * @param take how the block is allocated
 * @throws {MemoryError} if the shared heap is full
 */
export function storeBytes(
  parts: readonly Uint8Array[],
  length: number,
  streamBytes: number,
  take: Allocate = allocate,
): MessageAddress {
  const address = take(HEADER_WORDS * 4 + length);
  i32[address + STREAM_BYTES] = streamBytes;
  i32[address + TOTAL_BYTES] = length;
  let at = messageStart(address);
  for (const part of parts) {
    u8.set(part, at);
    at += part.length;
  }
  return address;
}

/** Returns the length of the stream of the message at `address`. */
export function streamBytesOf(address: MessageAddress): number {
  return i32[address + STREAM_BYTES];
}

/** Returns where the message at `address` begins, in bytes of the heap. */
export function messageStart(address: MessageAddress): ByteOffset {
  return (address + HEADER_WORDS) * 4;
}

/** Returns the length of stream and attachments of the message at `address`. */
export function totalBytesOf(address: MessageAddress): number {
  return i32[address + TOTAL_BYTES] >>> 0;
}

/**
 * Replaces the number that a message begins with.
 *
 * @throws {CorruptMessageError} if it does not begin with one that is not small
 */
export function replaceFirstNumber(address: MessageAddress, number: number): void {
  const start = messageStart(address);
  if (u8[start] !== Tag.INT32) {
    throw new CorruptMessageError("Cannot read message: it does not begin with a number");
  }
  dataView.setInt32(start + 1, number, true);
}

/** Makes a decoder read the message at `address` from its beginning. */
export function readMessage(decoder: Decoder, address: MessageAddress): void {
  decoder.fromHeap(address + HEADER_WORDS, i32[address + STREAM_BYTES], totalBytesOf(address));
}

/** Frees the memory of a message whose references have been dropped. */
export function freeMessage(address: MessageAddress): void {
  free(address);
}

/**
 * Stores a value as a message.
 *
 * @param take how the block is allocated
 * @param destination where it is read
 * @throws {MemoryError} if the shared heap is full
 */
export function storeValue(
  value: unknown,
  name: string,
  take: Allocate = allocate,
  destination: Destination = "heap",
): MessageAddress {
  const encoder = encode(value, name, destination);
  try {
    return storeMessage(encoder, take);
  } finally {
    returnEncoder(encoder);
  }
}

/**
 * Stores what was thrown as a message. It always arrives, as {@linkcode Thrown} says; if it is too large for a
 * full heap, a `MemoryError` that describes it arrives instead.
 *
 * @param destination where it is read
 * @returns 0 if there is no room even for that
 */
export function storeThrown(
  thrown: unknown,
  destination: Destination = "heap",
): MessageAddress {
  try {
    return storeValue(new Thrown(thrown), "error", allocateUrgent, destination);
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    try {
      return storeValue(noRoomFor(thrown), "error", allocateUrgent);
    } catch {
      return 0;
    }
  }
}

/** Returns the error that is sent in place of one for which the shared heap has no room. */
export function noRoomFor(thrown: unknown): MemoryError {
  return new MemoryError(
    `Cannot send back an error: the shared heap has no room for it. It was ${
      describeThrown(thrown)
    }`,
  );
}

/**
 * Reads what {@linkcode storeThrown} stored and frees its message. An error of a class whose module is not
 * imported here is an instance of the nearest built-in class.
 */
export function takeThrown(address: MessageAddress): unknown {
  const decoder = new Decoder();
  readMessage(decoder, address);
  try {
    return decoder.valueWithoutImports();
  } finally {
    decoder.skip();
    freeMessage(address);
  }
}

/** Reads a value and frees its message. The modules that it needs must have been imported. */
export function takeValue(address: MessageAddress): unknown {
  const decoder = new Decoder();
  readMessage(decoder, address);
  const value = decoder.value();
  decoder.finish();
  freeMessage(address);
  return value;
}

/** Returns the addresses of the shared objects in a message, one for each reference. */
export function sharedObjectsIn(address: MessageAddress): ObjectAddress[] {
  const decoder = new Decoder();
  readMessage(decoder, address);
  return decoder.sharedObjects();
}

/**
 * Frees a message that will not be read, and drops its references.
 *
 * @param lentHandles what becomes of ends of pipes in it: this isolate reclaims those that it lent, or
 * they are dropped, as if a worker had received them and ended
 */
export function discardMessage(
  address: MessageAddress,
  lentHandles: "reclaim" | "drop" = "reclaim",
): void {
  const decoder = new Decoder();
  readMessage(decoder, address);
  dropReferences(decoder, lentHandles);
  freeMessage(address);
}

/** Drops the references of the message that the decoder was started on, as {@linkcode discardMessage} does. */
export function dropReferences(
  decoder: Decoder,
  lentHandles: "reclaim" | "drop" = "reclaim",
): void {
  if (lentHandles === "drop") decoder.sharedObjects().forEach(release);
  else decoder.skip();
}
