// The declarations of lib/codec/decoder.ts

/**
 * Reads one message.
 *
 * If reading throws {@linkcode NeedsImport}, the message may be read again from its beginning. Its
 * references to shared objects are dropped by {@linkcode Decoder.finish}.
 */
export declare class Decoder {
  #private;
  /** Starts reading from memory of this isolate. The message has no attachments. */
  fromStream(
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    floats: Float64Array,
    words: Int32Array,
    streamBytes: number,
  ): void;
  /** Starts reading a message in the shared heap, whose stream has `streamBytes`. */
  fromHeap(address: number, streamBytes: number): void;
  /** Drops the references of a message that was read: the isolate has its own now. */
  finish(): void;
  /** Abandons a message that keeps its references, so that it can be read again. */
  leave(): void;
  /** Skips the rest of a message that is discarded, and drops its references. */
  skip(): void;
  /** Returns the addresses of the shared objects in the rest of a message, which keeps its references. */
  sharedObjects(): number[];
  /** Reads a number of the header. */
  number(): number;
  /** Reads a value. */
  value(): unknown;
  /**
   * Reads an array into `target` from `start` on, without creating an array.
   *
   * @returns the length of the array that was read
   */
  itemsInto(target: unknown[], start: number): number;
}

export {};
