// The declarations of lib/codec/decoder.ts

/** How a decoder reads. */
export interface DecoderOptions {
  /**
   * Whether messages come from isolates of this program. A message from elsewhere holds no references to
   * shared objects, and may name only the addresses in `allowed`.
   *
   * @default {true}
   */
  trusted?: boolean;
  /** Addresses of shared objects and definitions that a message from elsewhere may name. */
  allowed?: ReadonlySet<number>;
}

/**
 * Reads one message.
 *
 * If reading throws {@linkcode NeedsImport}, the message may be read again from its beginning. Its
 * references to shared objects are dropped by {@linkcode Decoder.finish} if it was read whole, and by
 * {@linkcode Decoder.skip} in any case.
 */
export declare class Decoder {
  #private;
  /** Makes a decoder that has no message yet. */
  constructor({ trusted, allowed }?: DecoderOptions);
  /**
   * Starts reading from memory of this isolate: the whole of a buffer, by four views of it.
   *
   * @param totalBytes length of stream and attachments, if it has attachments
   */
  fromStream(
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    floats: Float64Array,
    words: Int32Array,
    streamBytes: number,
    totalBytes?: number,
  ): void;
  /**
   * Starts reading a message in the shared heap, whose stream has `streamBytes`. The lengths are those of
   * the encoder, kept outside of the message.
   *
   * @param totalBytes length of stream and attachments, if it has attachments
   */
  fromHeap(address: number, streamBytes: number, totalBytes?: number): void;
  /** Drops the references of a message that was read: the isolate has its own now. */
  finish(): void;
  /** Abandons a message that keeps its references, so that it can be read again. */
  leave(): void;
  /**
   * Drops the references of a message that is discarded, whatever was read of it. A damaged message keeps
   * them: which ones it holds is unknown, and an object that is in use must not be freed.
   */
  skip(): void;
  /**
   * Returns the addresses of the shared objects in a message, which keeps its references; none if it is
   * damaged.
   */
  sharedObjects(): number[];
  /**
   * Reads a number of the header.
   *
   * @throws {CorruptMessageError} if the message is damaged
   */
  number(): number;
  /**
   * As {@linkcode value}, but does without functions whose modules are not imported, and without reducers
   * that throw: instances of such classes are of the built-in class that they extend, objects of such
   * reducers are their parts.
   */
  valueWithoutImports(): unknown;
  /**
   * Reads an array into `target` from `start` on, without creating an array.
   *
   * @returns the length of the array that was read
   * @throws as {@linkcode value}, also if `target` ends before
   */
  itemsInto(target: unknown[], start: number): number;
  /**
   * Reads a value.
   *
   * @throws {CorruptMessageError} if the message is damaged
   * @throws {NeedsImport} if it needs a function whose module is not imported
   * @throws {DataCloneError} if the value is nested deeper than the rest of the stack allows
   */
  value(): unknown;
}

export {};
