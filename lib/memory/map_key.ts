/**
 * Keys of shared maps: their encoding, which is the same for equal keys, and their hash.
 *
 * @module
 */

import { wrongType } from "../arguments/values.ts";
import { Encoder } from "../codec/encoder.ts";

/** A key of a shared map. Two keys are equal if `Map` treats them as the same key. */
export type SharedKey = string | number | bigint | boolean | null;

/**
 * Normalizes a key: as in `Map`, -0 becomes 0, and all NaN are equal.
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
  const advice = "Such keys are equal in every isolate";
  throw wrongType("use key", "key", "a string, number, bigint, boolean or null", key, advice);
}

/** Formats a key for an error. */
export function describeKey(key: SharedKey): string {
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}

/** The key that was encoded last. */
export const encoded = { encoder: new Encoder(), hash: 0 };

/** Encodes a key into {@linkcode encoded}, which must be used before any user code runs. */
export function encodeKey(key: SharedKey): void {
  const { encoder } = encoded;
  encoder.reset();
  encoder.value(key, "key");
  encoder.finish();
  encoder.gather();
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

/** Returns the number of words that hold `bytes` bytes, rounded up to an even number. */
export function words(bytes: number): number {
  return Math.ceil(bytes / 8) * 2;
}
