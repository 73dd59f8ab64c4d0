/**
 * Keys of shared maps, as bytes that are the same for the same key.
 *
 * @module
 */

import { Encoder } from "../codec/encoder.ts";

/** What can be a key of a shared map: equal if `Map` takes them for the same. */
export type SharedKey = string | number | bigint | boolean | null;

/**
 * The key as it is stored: as in `Map`, -0 is 0 and all NaN are one.
 *
 * @throws {TypeError} if it cannot be a key
 */
export function toKey(key: unknown): SharedKey {
  switch (typeof key) {
    case "number":
      return key === 0 ? 0 : Number.isNaN(key) ? NaN : key;
    case "string":
    case "bigint":
    case "boolean":
      return key;
  }
  if (key === null) return key;
  const found = typeof key === "object" ? key.constructor?.name ?? "object" : typeof key;
  throw new TypeError(
    `Cannot use ${found} as a key: keys are strings, numbers, bigints, booleans and null, which ` +
      `are the same in every worker`,
  );
}

/** The key that was encoded last. */
export const encoded = { encoder: new Encoder(), hash: 0 };

/** Encodes a key into {@linkcode encoded}. Nothing of the user's may run before that is used. */
export function encodeKey(key: SharedKey): void {
  const { encoder } = encoded;
  encoder.reset();
  encoder.value(key, "key");
  const { bytes, position } = encoder;
  const end = words(position) * 4;
  for (let at = position; at < end; at++) bytes[at] = 0; // so that equal keys have equal words
  let hash = position;
  for (let at = 0; at * 4 < position; at++) {
    hash = Math.imul(hash ^ encoder.words[at], 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  encoded.hash = hash ^ (hash >>> 16);
}

/** Number of words that so many bytes take, in pairs. */
export function words(bytes: number): number {
  return Math.ceil(bytes / 8) * 2;
}
