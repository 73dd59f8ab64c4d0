/**
 * Values at rest in shared containers. Each lies in a record of its own, which is written once, never
 * changed, and freed when neither a container nor a reader needs it.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `PINS` | who needs the record: the container that has it, and readers | `pin`, `unpin` |
 * | `STREAM` | length of the message's stream; its complement if the message refers to shared objects | the creator |
 * | head | words of the container's own, an even number | the container |
 * | then | number of shared objects that the message refers to and their addresses, if there are any | the creator |
 * | then | the message | the creator |
 *
 * A reader pins the record inside the container's guard, where the container still has it, and reads
 * it outside. Were it not pinned, another thread could overwrite the value meanwhile, and free what is
 * being read, or the shared object that the reader is about to make a handle for. While a record is
 * pinned no other can have its address: a container that still has the address still has the value.
 *
 * The references of the message are listed so that a record can be let go without being read: reading
 * makes handles, imports modules and runs code of the user.
 *
 * @module
 */

import { TaskLookupError } from "../errors.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32, u8 } from "../heap/views.ts";
import { release, undoMessageRef } from "../objects/shared_object.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import type { Encoder } from "../codec/encoder.ts";
import { definitionAt } from "../codec/definition.ts";
import { functionNameAt } from "../codec/functions.ts";

const PINS = 0;
const STREAM = 1;

/** The first word of a record's head. */
export const HEAD = 2;

/**
 * Puts a finished message into a record, pinned once for the container, which takes over the message's
 * references.
 *
 * @throws {RangeError} if the shared heap is used up; the message's references are taken back
 */
export function store(encoder: Encoder, headWords: number): number {
  const { sharedObjects } = encoder;
  const listWords = sharedObjects.length === 0 ? 0 : even(1 + sharedObjects.length);
  const words = HEAD + headWords + listWords;
  let record: number;
  try {
    record = allocate(words * 4 + encoder.totalBytes);
  } catch (error) {
    encoder.discard();
    throw error;
  }
  i32[record + PINS] = 1;
  i32[record + STREAM] = listWords === 0 ? encoder.position : ~encoder.position;
  if (listWords > 0) {
    i32[record + HEAD + headWords] = sharedObjects.length;
    i32.set(sharedObjects, record + HEAD + headWords + 1);
  }
  encoder.copyTo(u8, (record + words) * 4);
  return record;
}

/** Undoes {@linkcode store}: no container took the record. */
export function takeBack(record: number, headWords: number): void {
  letGo(record, headWords, undoMessageRef);
}

/** Keeps a record for a reader. Inside the guard of the container that has it. */
export function pin(record: number): void {
  Atomics.add(i32, record + PINS, 1);
}

/** Records that nobody needs any more, each followed by its number of head words. */
const doomed: number[] = [];
let dooming = false;

/**
 * Takes back a pin; the last one frees the record and lets go of what it refers to. Outside of guards.
 *
 * What it refers to may hold records in its turn, and so on, to any depth: those that become free
 * meanwhile wait their turn in a list, not on the stack.
 */
export function unpin(record: number, headWords: number): void {
  if (Atomics.sub(i32, record + PINS, 1) > 1) return;
  if (i32[record + STREAM] >= 0) return free(record);
  doomed.push(record, headWords);
  if (dooming) return;
  dooming = true;
  try {
    while (doomed.length > 0) {
      const headWords = doomed.pop()!;
      letGo(doomed.pop()!, headWords, release);
    }
  } finally {
    dooming = false;
  }
}

function letGo(record: number, headWords: number, drop: (address: number) => void): void {
  const list = record + HEAD + headWords;
  if (i32[record + STREAM] < 0) { for (let at = i32[list]; at > 0; at--) drop(i32[list + at]); }
  free(record);
}

/** Decoders not in use; more than one only when reading a value reads another. */
const idle: Decoder[] = [];

/**
 * Reads the value of a record that is pinned; it stays as it is.
 *
 * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
 */
export function read(record: number, headWords: number): unknown {
  const stream = i32[record + STREAM];
  const list = record + HEAD + headWords;
  if (stream >= 0) return readStoredMessage(list, stream);
  return readStoredMessage(list + even(1 + i32[list]), ~stream);
}

/** Reads the message at an address, which keeps its references. */
export function readStoredMessage(address: number, streamBytes: number): unknown {
  const decoder = idle.pop() ?? new Decoder();
  decoder.fromHeap(address, streamBytes);
  try {
    return decoder.value();
  } catch (error) {
    throw error instanceof NeedsImport ? notImported(error.address) : error;
  } finally {
    decoder.leave();
    idle.push(decoder);
  }
}

function notImported(address: number): TaskLookupError {
  const definition = definitionAt(address);
  const module = "module" in definition ? definition.module : "";
  return new TaskLookupError(
    `Cannot read value: it has ${functionNameAt(address)}, and ${module} is not imported here. ` +
      `Import the module first`,
  );
}

/** Whether the value of a record that is pinned has the same encoding as the encoder's message. */
export function isSame(record: number, encoder: Encoder): boolean {
  const { position, sharedObjects } = encoder;
  const listed = sharedObjects.length > 0;
  if (i32[record + STREAM] !== (listed ? ~position : position)) return false;
  const start = (record + HEAD + (listed ? even(1 + sharedObjects.length) : 0)) * 4;
  const { bytes } = encoder;
  for (let at = 0; at < position; at++) if (u8[start + at] !== bytes[at]) return false;
  return encoder.isStreamOnly || hasSameBlocks(start, encoder);
}

function hasSameBlocks(start: number, encoder: Encoder): boolean {
  const message = u8.slice(start, start + encoder.totalBytes); // with what lies between the blocks
  encoder.copyTo(message, 0);
  for (let at = 0; at < message.length; at++) if (u8[start + at] !== message[at]) return false;
  return true;
}

function even(words: number): number {
  return words + (words & 1);
}
