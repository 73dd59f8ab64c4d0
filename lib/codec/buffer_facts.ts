/**
 * What buffers and views are, by the getters of their classes. Properties and prototypes that a program has
 * put on such an object may say otherwise, and a message must agree with the contents.
 *
 * @module
 */

type Getter<T, R> = (it: T) => R;

/** Returns a getter of a built-in class as a function of the object. */
function getter<T, R>(prototype: object, key: string | symbol): Getter<T, R> {
  const { get } = Object.getOwnPropertyDescriptor(prototype, key)!;
  return Function.prototype.call.bind(get!) as Getter<T, R>;
}

/** How to read a view of one kind. */
export interface ViewGetters {
  /** Its buffer. */
  readonly buffer: Getter<ArrayBufferView, ArrayBufferLike>;
  /** Where it begins in its buffer, in bytes. */
  readonly byteOffset: Getter<ArrayBufferView, number>;
  /** Its length in bytes. */
  readonly byteLength: Getter<ArrayBufferView, number>;
  /** Number of elements; of a `DataView`, of bytes. */
  readonly length: Getter<ArrayBufferView, number>;
}

function gettersOf(prototype: object, lengthKey: string): ViewGetters {
  return {
    buffer: getter(prototype, "buffer"),
    byteOffset: getter(prototype, "byteOffset"),
    byteLength: getter(prototype, "byteLength"),
    length: getter(prototype, lengthKey),
  };
}

const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype);

/** How to read typed arrays. */
export const ofTypedArrays: ViewGetters = gettersOf(typedArray, "length");
/** How to read a `DataView`. */
export const ofDataViews: ViewGetters = gettersOf(DataView.prototype, "byteLength");

/** Returns the name of the class of a typed array; `undefined` for a `DataView`. */
export const typedArrayName: Getter<ArrayBufferView, string | undefined> = getter(
  typedArray,
  Symbol.toStringTag,
);

/** Returns whether an `ArrayBuffer` was transferred. */
export const isDetached: Getter<ArrayBuffer, boolean> = getter(ArrayBuffer.prototype, "detached");
/** Returns the length of an `ArrayBuffer` in bytes. */
export const byteLengthOf: Getter<ArrayBuffer, number> = getter(
  ArrayBuffer.prototype,
  "byteLength",
);
/** Returns whether an `ArrayBuffer` can grow. */
export const isResizable: Getter<ArrayBuffer, boolean> = getter(
  ArrayBuffer.prototype,
  "resizable",
);
/** Returns the length that an `ArrayBuffer` can grow to, in bytes. */
export const maxByteLengthOf: Getter<ArrayBuffer, number> = getter(
  ArrayBuffer.prototype,
  "maxByteLength",
);
