/**
 * Stored values: the encoded values in shared containers. Each is a block that is written once,
 * never changed, and freed when neither a container nor a reader needs it.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `PINS` | number of users of the stored value: the container that has it, and readers | `pin`, `unpin` |
 * | `STREAM` | length of the message's stream; its complement if there is a list | the creator |
 * | head | words for the container, an even number | the container |
 * | list | number of shared objects that the message refers to, length of stream and attachments, addresses of the shared objects; absent if the message has neither shared objects nor attachments | the creator |
 * | message | the encoded value | the creator |
 *
 * A reader pins the stored value inside the guard of the container, while the container has it, and
 * reads it outside the guard. Without the pin another isolate could replace the value meanwhile,
 * and so free the block, or a shared object for which the reader is about to create a handle. While
 * a stored value is pinned no other one has its address. So a container that still has this address
 * still has this value, which is what compare-and-swap relies on.
 *
 * The shared objects are listed outside the message so that a stored value can be freed without
 * decoding it: decoding creates handles, needs imported modules and runs user code.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { TaskLookupError } from "../errors.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32, u8 } from "../heap/views.ts";
import { type ObjectAddress, release, undoMessageRef } from "../objects/shared_object.ts";
import { WorkList } from "../objects/work_list.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import type { Encoder } from "../codec/encoder.ts";
import { type DefinitionAddress, definitionAt } from "../codec/definition.ts";
import { functionNameAt } from "../codec/functions.ts";

/** Address of a stored value. */
export type StoredAddress = Address<"stored value">;

const PINS = 0;
const STREAM = 1;

/** Offset of the container's head. */
export const HEAD = 2;

// Offsets in the list.
const COUNT = 0;
const TOTAL_BYTES = 1;
const LIST_HEADER = 2;

function hasList(encoder: Encoder): boolean {
  return encoder.sharedObjects.length > 0 || !encoder.isStreamOnly;
}

/**
 * Stores a finished message, pinned once for the container, and takes over its references.
 *
 * @returns the address of the stored value
 * @throws {MemoryError} if the shared heap is full; the references of the message are released
 */
export function storeMessage(encoder: Encoder, headWords: number): StoredAddress {
  const { sharedObjects } = encoder;
  const listWords = hasList(encoder) ? even(LIST_HEADER + sharedObjects.length) : 0;
  const words = HEAD + headWords + listWords;
  let stored: number;
  try {
    stored = allocate(words * 4 + encoder.totalBytes);
  } catch (error) {
    encoder.discard();
    throw error;
  }
  i32[stored + PINS] = 1;
  i32[stored + STREAM] = listWords === 0 ? encoder.streamBytes : ~encoder.streamBytes;
  if (listWords > 0) {
    const list = stored + HEAD + headWords;
    i32[list + COUNT] = sharedObjects.length;
    i32[list + TOTAL_BYTES] = encoder.totalBytes;
    i32.set(sharedObjects, list + LIST_HEADER);
  }
  encoder.copyTo(u8, (stored + words) * 4);
  return stored;
}

/** Undoes {@linkcode storeMessage}, because no container took the stored value. */
export function undoStore(stored: StoredAddress, headWords: number): void {
  destroy(stored, headWords, undoMessageRef);
}

/** Pins a stored value for a reader. Inside the guard of the container that has it. */
export function pin(stored: StoredAddress): void {
  Atomics.add(i32, stored + PINS, 1);
}

/** A stored value that is not needed any more. */
interface Unpinned {
  readonly stored: StoredAddress;
  readonly headWords: number;
}

/** Destroys stored values. The objects that one refers to may contain stored values in turn, to any depth. */
const unpinned = new WorkList<Unpinned>(({ stored, headWords }) =>
  destroy(stored, headWords, release)
);

/**
 * Releases a pin. The last one destroys the stored value and releases the objects that it refers
 * to. Must not be called inside a guard.
 */
export function unpin(stored: StoredAddress, headWords: number): void {
  if (Atomics.sub(i32, stored + PINS, 1) > 1) return;
  if (i32[stored + STREAM] >= 0) return free(stored);
  unpinned.add({ stored, headWords });
}

function destroy(
  stored: StoredAddress,
  headWords: number,
  drop: (address: ObjectAddress) => void,
): void {
  const list = stored + HEAD + headWords;
  if (i32[stored + STREAM] < 0) {
    for (let at = i32[list + COUNT]; at > 0; at--) drop(i32[list + LIST_HEADER - 1 + at]);
  }
  free(stored);
}

/** Decoders that are not in use. There is more than one if decoding a value decoded another. */
const idleDecoders: Decoder[] = [];

/**
 * Decodes a stored value that is pinned.
 *
 * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
 */
export function readStored(stored: StoredAddress, headWords: number): unknown {
  const stream = i32[stored + STREAM];
  const list = stored + HEAD + headWords;
  if (stream >= 0) return readStoredMessage(list, stream);
  const message = list + even(LIST_HEADER + i32[list + COUNT]);
  return readStoredMessage(message, ~stream, i32[list + TOTAL_BYTES] >>> 0);
}

/**
 * Decodes the message at an address. The message keeps its references.
 *
 * @param totalBytes length of stream and attachments, if it has attachments
 */
export function readStoredMessage(
  address: ObjectAddress,
  streamBytes: number,
  totalBytes?: number,
): unknown {
  const decoder = idleDecoders.pop() ?? new Decoder();
  decoder.fromHeap(address, streamBytes, totalBytes);
  try {
    return decoder.value();
  } catch (error) {
    throw error instanceof NeedsImport ? notImported(error.address) : error;
  } finally {
    decoder.leave();
    idleDecoders.push(decoder);
  }
}

function notImported(address: DefinitionAddress): TaskLookupError {
  const definition = definitionAt(address);
  const module = "module" in definition ? definition.module : "";
  return new TaskLookupError(
    `Cannot read value: it contains task ${
      functionNameAt(address)
    }, and ${module} is not imported here. ` +
      "Import the module first",
  );
}

/** Returns whether a stored value that is pinned is encoded as the message of the encoder. */
export function isEncodedAs(stored: StoredAddress, encoder: Encoder): boolean {
  encoder.gather();
  const { position, sharedObjects } = encoder;
  const listed = hasList(encoder);
  if (i32[stored + STREAM] !== (listed ? ~position : position)) return false;
  const listWords = listed ? even(LIST_HEADER + sharedObjects.length) : 0;
  const start = (stored + HEAD + listWords) * 4;
  const { bytes } = encoder;
  for (let at = 0; at < position; at++) if (u8[start + at] !== bytes[at]) return false;
  return encoder.isStreamOnly || hasSameAttachments(start, encoder);
}

function hasSameAttachments(start: number, encoder: Encoder): boolean {
  const message = u8.slice(start, start + encoder.totalBytes); // with padding between attachments
  encoder.copyTo(message, 0);
  for (let at = 0; at < message.length; at++) if (u8[start + at] !== message[at]) return false;
  return true;
}

function even(words: number): number {
  return words + (words & 1);
}
