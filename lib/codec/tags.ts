/**
 * The first byte of every encoded value.
 *
 * Numbers are little-endian. `length` is an unsigned 32-bit integer. An "attachment" is an area behind
 * the tagged stream, aligned to 8 bytes, for contents that are copied whole. Attachments follow each
 * other in the order in which the stream refers to them.
 *
 * The "text" is an area at the end of the stream with the units of long strings, and of many strings, one
 * behind the other: to write and read them together is several times as fast as one by one. It is divided
 * into pieces, each of which is read at once; those of two-byte units begin at an even byte.
 *
 * @module
 */

/** Tags of encoded values, each with what follows it in the stream. */
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
  /** length in bytes, UTF-8 */
  UTF8_STRING: 8,
  /** length in units: a string, the next so many units of the current piece of the text */
  TEXT: 9,
  /** string of its hexadecimal digits, after a minus if it is negative */
  BIGINT: 10,
  /** length, values; {@linkcode Tag.HOLES} for elements that are absent */
  ARRAY: 11,
  /** length of the run: elements of an array that are absent */
  HOLES: 12,
  /** length, padding to 8, float64 each: an array of numbers */
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
  /** length, maximum length plus one or 0 if it is not resizable, attachment */
  ARRAY_BUFFER: 19,
  /** uint8 kind, length in elements, attachment: a typed array that is the only view of its buffer */
  TYPED_ARRAY: 20,
  /** uint8 kind, float64 byte offset, float64 length, buffer */
  VIEW: 21,
  /** string class, value of the primitive: `new String("x")` */
  BOXED: 22,
  /** object: the parts of the error, as `error_parts.ts` lists them */
  ERROR: 23,
  /** length: the index of an earlier object */
  REFERENCE: 24,
  /** int32 address: a shared object */
  SHARED: 25,
  /** int32 address of its definition */
  FUNCTION: 26,
  /**
   * int32 address of the class's definition; object, error, or value of the built-in class that it
   * extends, {@linkcode Tag.PROPERTIES}
   */
  INSTANCE: 27,
  /** int32 address of the function that revives it, parts */
  REDUCED: 28,
  /** length, padding to 8, int32 each: an array of such integers */
  INTEGERS: 29,
  /** array, {@linkcode Tag.PROPERTIES}: a result of `RegExp.exec()` */
  MATCH: 30,
  /** shape, values in the order of its keys: properties of the value before */
  PROPERTIES: 31,
  /** value: what was thrown, or what stands for it. The receiver gets the value */
  THROWN: 32,
  /**
   * length in units, uint32 of the units of the piece times 4 plus its {@linkcode TextKind}: as
   * {@linkcode Tag.TEXT}, of a new piece
   */
  TEXT_PIECE: 33,
  /**
   * length, number of pieces, uint32 for each piece as for {@linkcode Tag.TEXT_PIECE}, padding to 8, uint32
   * each: an array of strings of such lengths in units. A string that does not begin in the piece before it
   * begins the next one
   */
  STRINGS: 34,
} as const;

/** How the units of a piece of the text are written. */
export const TextKind = {
  /** a byte each, below 128 */
  ASCII: 0,
  /** a byte each */
  LATIN1: 1,
  /** two bytes each */
  UTF16: 2,
} as const;

/** Length of the end of a stream that has a text: a uint32, where the text begins in the stream. */
export const TEXT_FOOTER_BYTES = 4;

/**
 * Number of bytes of fixed length behind a tag, by tag. Values that belong to the tag follow them. Absent
 * are tags that are followed by a length of text or numbers, by a shape, or by the address of an object.
 */
export const bytesAfter: readonly (number | undefined)[] = (() => {
  const bytes: (number | undefined)[] = [];
  const set = (count: number, ...tags: number[]) => tags.forEach((tag) => bytes[tag] = count);
  set(0, Tag.UNDEFINED, Tag.NULL, Tag.TRUE, Tag.FALSE, Tag.BIGINT, Tag.REGEXP, Tag.BOXED);
  set(0, Tag.ERROR, Tag.MATCH, Tag.THROWN);
  set(1, Tag.INT8);
  set(4, Tag.INT32, Tag.ARRAY, Tag.HOLES, Tag.MAP, Tag.SET, Tag.REFERENCE);
  set(4, Tag.FUNCTION, Tag.INSTANCE, Tag.REDUCED, Tag.TEXT);
  set(5, Tag.TYPED_ARRAY);
  set(8, Tag.FLOAT64, Tag.DATE);
  set(12, Tag.ARRAY_BUFFER);
  set(17, Tag.VIEW);
  return bytes;
})();

/** Classes of views; the index is the kind, the byte that names the class in a message. */
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

/** The kinds of views, by class name. */
export const viewKinds: ReadonlyMap<string, number> = new Map(
  viewClasses.map((viewClass, kind) => [viewClass.name, kind]),
);

/**
 * How many objects of a message may lie one inside the other. Encoding and decoding are recursive; this
 * many levels fit on the stack several times.
 */
export const MAX_DEPTH = 1000;

/** Rounds up to a multiple of 8. `value` may exceed 2^31: `&` needs its low bits only. */
export function align8(value: number): number {
  return value + ((8 - (value & 7)) & 7);
}
