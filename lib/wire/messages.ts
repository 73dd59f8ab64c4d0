/**
 * Messages of the shared heap as bytes that another program can read: stream and attachments, which name
 * definitions and shared objects by numbers.
 *
 * @module
 */

import { Decoder } from "../codec/decoder.ts";
import {
  freeMessage,
  type MessageAddress,
  messageStart,
  readMessage,
  storeBytes,
  streamBytesOf,
  totalBytesOf,
} from "../codec/message.ts";
import type { Renaming } from "../codec/message_reader.ts";
import { align8 } from "../codec/tags.ts";
import { lengthOf, partsOf } from "./frames.ts";
import { CorruptMessageError } from "../errors.ts";
import { type Allocate, allocate } from "../heap/allocator.ts";
import { u8 } from "../heap/views.ts";
import { addMessageRef, type ObjectAddress, undoMessageRef } from "../objects/shared_object.ts";

/** A message outside of the shared heap. */
export interface WireMessage {
  /** Length of its stream. */
  readonly streamBytes: number;
  /** Stream and attachments, in parts of any length. */
  readonly parts: readonly Uint8Array[];
}

/**
 * Copies a message out of the shared heap. The message stays as it is.
 *
 * @param numbers the numbers of addresses
 * @param copies false: attachments are views of the heap, valid while the message is there
 * @throws {CorruptMessageError} if it names a shared object that has no number
 */
export function copyOut(
  message: MessageAddress,
  numbers: Renaming,
  copies = true,
): WireMessage {
  const start = messageStart(message);
  const streamBytes = streamBytesOf(message);
  const bytes = u8.subarray(start, start + totalBytesOf(message));
  const stream = new Uint8Array(align8(streamBytes));
  stream.set(bytes.subarray(0, stream.length));
  const { buffer } = stream;
  const reader = new Decoder();
  const views = [new DataView(buffer), new Float64Array(buffer), new Int32Array(buffer)] as const;
  reader.fromStream(stream, ...views, streamBytes);
  reader.rename(numbers);
  const attachments = partsOf(bytes.subarray(stream.length));
  return {
    streamBytes,
    parts: [
      ...partsOf(stream.subarray(0, bytes.length)),
      ...copies ? attachments.map((part) => part.slice()) : attachments,
    ],
  };
}

/**
 * Copies a message that comes from another program into the shared heap. Nothing is believed of it.
 *
 * @param addresses the addresses of numbers; the message gets a reference to each shared object
 * @param take how its block is allocated
 * @throws {CorruptMessageError} if it is damaged, or names what was not sent before
 * @throws {MemoryError} if the shared heap is full
 */
export function copyIn(
  { streamBytes, parts }: WireMessage,
  addresses: Renaming,
  take: Allocate = allocate,
): MessageAddress {
  const length = lengthOf(parts);
  if (streamBytes > length) {
    throw new CorruptMessageError(
      `Cannot read message: a stream of ${streamBytes} bytes is longer than its ${length} bytes. ` +
        "Check that the other side is this package, in the same version",
    );
  }
  const message = storeBytes(parts, length, streamBytes, take);
  const objects: ObjectAddress[] = [];
  try {
    const reader = new Decoder();
    readMessage(reader, message);
    reader.rename({
      definition: addresses.definition,
      object(number) {
        const address = addresses.object(number);
        if (address !== undefined) {
          addMessageRef(address);
          objects.push(address);
        }
        return address;
      },
    });
  } catch (error) {
    objects.forEach(undoMessageRef);
    freeMessage(message);
    throw error;
  }
  return message;
}
