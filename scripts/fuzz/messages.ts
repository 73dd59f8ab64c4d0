/**
 * Messages for the decoder: valid ones, mutated ones, and random bytes.
 *
 * @module
 */

import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { Tag } from "../../lib/codec/tags.ts";
import type { Random } from "../stress/random.ts";
import { bytesOf } from "../../tests/fixtures/messages.ts";
import { knownAddresses, randomValue } from "./values.ts";

/** The bytes of a message, and how long its stream is said to be. */
export interface Bytes {
  bytes: Uint8Array<ArrayBuffer>;
  streamBytes: number;
  /** Whether it is as the encoder wrote it. */
  isValid?: boolean;
}

/**
 * Returns a message, in most cases a damaged one.
 *
 * @param named whether it may name functions and shared objects
 */
export function randomMessage(random: Random, named: boolean): Bytes {
  if (random.oneIn(8)) return ofLength(randomBytes(random));
  if (random.oneIn(8)) return ofLength(randomTags(random, named));
  if (random.oneIn(100)) return ofLength(deepBytes(random));
  if (named && random.oneIn(50)) return ofLength(oddInstance(random));
  let message = validMessage(random, named);
  if (random.oneIn(20)) return { ...message, isValid: true };
  for (let left = random.pick([1, 1, 1, 2, 2, 3, 8]); left > 0; left--) {
    message = random.pick(mutations)(random, message, named);
  }
  return message;
}

function ofLength(bytes: Uint8Array<ArrayBuffer>): Bytes {
  return { bytes, streamBytes: bytes.length };
}

/** Returns the message of a random value. */
function validMessage(random: Random, named: boolean): Bytes {
  const encoder = encode(randomValue(random, named));
  const bytes = bytesOf(encoder);
  const { streamBytes } = encoder;
  encoder.discard();
  returnEncoder(encoder);
  return { bytes, streamBytes };
}

function randomBytes(random: Random): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: random.int(0, 40) }, () => random.int(0, 255));
}

const addresses = [...knownAddresses()];
const lengths = [0, 1, 2, 7, 8, 255, 1e6, 2 ** 24, 2 ** 25, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/** Returns tags, each followed by random bytes that may be what it needs. */
function randomTags(random: Random, named: boolean): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const number = (value: number) => {
    for (let shift = 0; shift < 32; shift += 8) bytes.push((value >>> shift) & 255);
  };
  const last = Math.max(...Object.values(Tag)) + 1;
  for (let left = random.int(1, 30); left > 0; left--) {
    bytes.push(random.int(0, last));
    if (named && random.oneIn(3)) number(random.pick(addresses));
    else if (random.oneIn(2)) number(random.oneIn(6) ? random.pick(lengths) : random.int(-3, 5));
    else if (random.oneIn(3)) bytes.push(random.int(0, 9));
  }
  return Uint8Array.from(bytes);
}

/** Returns an instance of a class whose content is not that of a new object, with a property. */
function oddInstance(random: Random): Uint8Array<ArrayBuffer> {
  const words = [random.pick(addresses), random.pick(addresses), -2];
  const [ofClass, content, shape] = words.map((word) => [
    ...new Uint8Array(Int32Array.of(word).buffer),
  ]);
  return Uint8Array.of(
    ...[Tag.INSTANCE, ...ofClass],
    ...[random.pick([Tag.FUNCTION, Tag.SHARED, Tag.REDUCED]), ...content],
    ...[Tag.PROPERTIES, ...shape, Tag.SHORT_STRING, 1, 97, Tag.INT8, 1],
  );
}

/** Returns many levels of the same kind. */
function deepBytes(random: Random): Uint8Array<ArrayBuffer> {
  const level = random.pick([
    [Tag.ARRAY, 1, 0, 0, 0],
    [Tag.OBJECT, 254, 255, 255, 255, Tag.SHORT_STRING, 1, 97],
    [Tag.MAP, 1, 0, 0, 0],
    [Tag.SET, 1, 0, 0, 0],
    [Tag.THROWN],
    [Tag.BOXED],
    [Tag.BIGINT],
    [Tag.ERROR],
    [Tag.MATCH],
    [Tag.INSTANCE, 0, 0, 0, 0],
    [Tag.ARRAY, 255, 0, 0, 0],
  ]);
  return Uint8Array.from(Array(random.int(1, 5000)).fill(level).flat());
}

type Mutation = (random: Random, message: Bytes, named: boolean) => Bytes;

/** Returns a place in the message. */
function place(random: Random, { bytes }: Bytes): number {
  return random.int(0, Math.max(bytes.length - 1, 0));
}

/** Returns a mutation that changes a copy of the bytes in place. */
function inPlace(
  change: (random: Random, bytes: Uint8Array<ArrayBuffer>, at: number, named: boolean) => void,
): Mutation {
  return (random, message, named) => {
    const bytes = message.bytes.slice();
    if (bytes.length > 0) change(random, bytes, place(random, message), named);
    return { ...message, bytes };
  };
}

function putWord({ buffer }: Uint8Array<ArrayBuffer>, at: number, word: number): void {
  if (at + 4 <= buffer.byteLength) new DataView(buffer).setUint32(at, word, true);
}

const mutations: Mutation[] = [
  inPlace((random, bytes, at) => bytes[at] ^= 1 << random.int(0, 7)),
  inPlace((random, bytes, at) => bytes[at] = random.int(0, 255)),
  inPlace((random, bytes, at) => bytes[at] = random.pick(Object.values(Tag))),
  inPlace((random, bytes, at) => putWord(bytes, at, random.pick(lengths))),
  inPlace((random, bytes, at) => bytes.copyWithin(at, random.int(0, bytes.length))),
  inPlace((random, bytes, at) => bytes.fill(random.int(0, 33), at, at + random.int(1, 9))),
  inPlace((random, bytes, at, named) => {
    if (named) putWord(bytes, at, random.pick(addresses));
  }),
  // Truncation, of the stream alone or of all.
  (random, { bytes }) => ({ bytes, streamBytes: random.int(0, bytes.length) }),
  (random, { bytes, streamBytes }) => {
    const end = random.int(0, bytes.length);
    return { bytes: bytes.slice(0, end), streamBytes: Math.min(streamBytes, end) };
  },
  // Insertion and deletion.
  (random, message) => splice(message, place(random, message), 0, randomBytes(random)),
  (random, message) => splice(message, place(random, message), random.int(1, 8), new Uint8Array(0)),
  // A part of another message.
  (random, message, named) => {
    const { bytes } = validMessage(random, named);
    const from = random.int(0, bytes.length);
    const part = bytes.slice(from, random.int(from, bytes.length));
    return splice(message, place(random, message), random.int(0, part.length), part);
  },
];

function splice(
  { bytes, streamBytes }: Bytes,
  at: number,
  deleted: number,
  inserted: Uint8Array,
): Bytes {
  const rest = bytes.subarray(at + deleted);
  const spliced = new Uint8Array(at + inserted.length + rest.length);
  spliced.set(bytes.subarray(0, at));
  spliced.set(inserted, at);
  spliced.set(rest, at + inserted.length);
  const change = at < streamBytes ? spliced.length - bytes.length : 0;
  return {
    bytes: spliced,
    streamBytes: Math.min(Math.max(streamBytes + change, 0), spliced.length),
  };
}
