/**
 * The first byte of every encoded value.
 *
 * Numbers are little-endian. `length` is an unsigned 32-bit number. "block" is an area behind the
 * tagged stream, aligned to 8, for contents that are copied whole; blocks follow each other in the
 * order in which the stream names them.
 *
 * @module
 */

/** Tags of encoded values; what follows the tag stands beside it. */
export const Tag = {
  UNDEFINED: 0,
  NULL: 1,
  TRUE: 2,
  FALSE: 3,
  /** int8 */
  INT8: 4,
  /** int32 */
  INT32: 5,
  /** float64 */
  FLOAT64: 6,
  /** uint8 length, that many bytes, each a UTF-16 unit below 256 */
  SHORT_STRING: 7,
  /** length, UTF-8 */
  UTF8_STRING: 8,
  /** length in units, UTF-16: strings with lone surrogates */
  UTF16_STRING: 9,
  /** string of its hexadecimal digits, with a minus before them if negative */
  BIGINT: 10,
  /** length, values; {@linkcode Tag.HOLES} for elements that are absent */
  ARRAY: 11,
  /** length of the run: elements of an array that are absent */
  HOLES: 12,
  /** length, padding to 8, float64 each: an array of numbers only */
  NUMBERS: 13,
  /** shape, values in the order of its keys */
  OBJECT: 14,
  /** length, keys and values */
  MAP: 15,
  /** length, values */
  SET: 16,
  /** float64 */
  DATE: 17,
  /** string source, string flags */
  REGEXP: 18,
  /** length, largest length plus one or 0 if it cannot grow, block */
  ARRAY_BUFFER: 19,
  /** uint8 kind, length in elements, block: a typed array that shares its buffer with nothing else */
  TYPED_ARRAY: 20,
  /** uint8 kind, float64 byte offset, float64 length, buffer */
  VIEW: 21,
  /** string class, value of the primitive: `new String("x")` */
  BOXED: 22,
  /** error, as `errors.ts` lays it out */
  ERROR: 23,
  /** length: the index of an object that came before */
  REFERENCE: 24,
  /** int32 address: a shared object */
  SHARED: 25,
  /** int32 address of its definition */
  FUNCTION: 26,
  /**
   * int32 address of the class's definition; object, error, or value of the built-in class that it
   * extends, shape, values in the order of its keys
   */
  INSTANCE: 27,
  /** int32 address of the function that puts it together, parts */
  REDUCED: 28,
  /** length, padding to 8, int32 each: an array of such numbers only */
  INTEGERS: 29,
  /** array, shape, values in the order of its keys: what `RegExp.exec()` gives */
  MATCH: 30,
} as const;

/** Kinds of typed arrays, by their index: the byte that names them. */
export const viewClasses = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as const;

/** The kind of a view. */
export const viewKinds: ReadonlyMap<string, number> = new Map(
  viewClasses.map((viewClass, kind) => [viewClass.name, kind]),
);

/** `value` rounded up to a multiple of 8. It may be beyond 2^31, of which `&` sees the low bits. */
export function align8(value: number): number {
  return value + ((8 - (value & 7)) & 7);
}
