/**
 * Messages of the codec between machines: the bytes, and the definitions of functions that they name.
 *
 * @module
 */

import type { Encoder } from "../codec/encoder.ts";
import type { Definition } from "../codec/definition.ts";
import { discardMessage, type MessageAddress, storeMessage } from "../codec/message.ts";
import type { ObjectAddress } from "../objects/shared_object.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";
import { checkDefinition, ReceivedDefinitions, SentDefinitions } from "../wire/definitions.ts";
import { copyIn, copyOut } from "../wire/messages.ts";
import { corrupt } from "./protocol.ts";

/** How many definitions a message may have. */
const MAX_DEFINITIONS = 1000;

/** A message that is sent to another machine. */
export interface PackedMessage {
  /** Length of its stream. */
  readonly streamBytes: number;
  /** What it names, by number. */
  readonly definitions: readonly Definition[];
  /** Stream and attachments. */
  readonly parts: readonly Uint8Array[];
}

/** A message whose parts may be in the shared heap. */
export interface KeptMessage extends PackedMessage {
  /** Frees it: the parts are not used any more. */
  free(): void;
}

/** Messages of so many bytes stay in the shared heap until they were sent: to copy them takes long. */
const MIN_KEPT_BYTES = 1 << 20;
/** How many bytes of the shared heap such messages take together. */
const MAX_KEPT_BYTES = 1 << 28;

/** How many bytes they take. */
let keptBytes = 0;

/**
 * As {@linkcode pack}. If the message is long it stays where it is, until it is freed.
 *
 * @param objectNumber returns the numbers of the shared objects that it names
 */
export function packKept(
  encoder: Encoder,
  named: Set<string>,
  objectNumber: ObjectNumber,
): KeptMessage {
  encoder.finish();
  const bytes = encoder.totalBytes;
  const isKept = bytes >= MIN_KEPT_BYTES && keptBytes + bytes <= MAX_KEPT_BYTES;
  const message = storeMessage(encoder);
  let packed: PackedMessage | undefined;
  try {
    packed = copied(message, named, !isKept, objectNumber);
  } finally {
    if (packed === undefined || !isKept) discardMessage(message);
  }
  if (!isKept) return { ...packed, free() {} };
  keptBytes += bytes;
  return {
    ...packed,
    free() {
      keptBytes -= bytes;
      discardMessage(message);
    },
  };
}

/**
 * Packs what was written.
 *
 * @param encoder whose destination is `"machine"`
 * @param named gets the texts of the definitions that the message names
 */
export function pack(encoder: Encoder, named = new Set<string>()): PackedMessage {
  encoder.finish();
  const message = storeMessage(encoder);
  try {
    return copied(message, named, true);
  } finally {
    discardMessage(message);
  }
}

/** Returns the number of a shared object that a message names; `undefined` if it has none. */
export type ObjectNumber = (address: number) => number | undefined;

/**
 * Copies a message out of the shared heap.
 *
 * @param copies false: its parts are views of the heap, where they are long
 */
export function copied(
  message: MessageAddress,
  named: Set<string>,
  copies: boolean,
  objectNumber: ObjectNumber = () => undefined,
): PackedMessage {
  const definitions: Definition[] = [];
  const sent = new SentDefinitions((definition) => definitions.push(definition), named);
  const { streamBytes, parts } = copyOut(message, {
    definition: (address) => sent.numberOf(address),
    object: objectNumber,
  }, copies);
  return { streamBytes, definitions, parts };
}

/**
 * Copies a message from another machine into the shared heap.
 *
 * @param definitions its definitions, as they have arrived
 * @param parts stream and attachments
 * @param mayName whether it may name the function; otherwise it is refused
 * @param objects the shared objects that it may name, by number
 * @throws {CorruptMessageError} if it is damaged
 * @throws {MemoryError} if the shared heap is full
 */
export function unpack(
  streamBytes: number,
  definitions: unknown,
  parts: readonly Uint8Array[],
  mayName?: (definition: Definition) => boolean,
  objects: readonly ObjectAddress[] = [],
): MessageAddress {
  ensureIsolate();
  const received = new ReceivedDefinitions(mayName);
  if (!Array.isArray(definitions) || definitions.length > MAX_DEFINITIONS) {
    throw corrupt("its definitions are no list that it can have");
  }
  for (const definition of definitions) received.add(checkDefinition(definition));
  return copyIn({ streamBytes, parts }, {
    definition: (number) => received.addressOf(number),
    object: (number) => objects[number],
  });
}
