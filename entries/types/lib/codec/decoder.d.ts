// The declarations of lib/codec/decoder.ts

/**
 * Reads one message.
 *
 * A message may be read again from its beginning if reading it ended in {@linkcode NeedsImport};
 * its references are used up by {@linkcode Decoder.finish}.
 */
export declare class Decoder {
  #private;
  /** Reads from memory of this isolate; the message is no more than its stream. */
  fromStream(
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    floats: Float64Array,
    words: Int32Array,
    streamBytes: number,
  ): void;
  /** Reads a message in the shared heap, whose stream has `streamBytes`. */
  fromHeap(address: number, streamBytes: number): void;
  /** Uses up the references that the message had: the isolate has its own now. */
  finish(): void;
  /** Forgets a message that stays where it is and keeps its references, to be read again. */
  leave(): void;
  /** Uses up the rest of a message that nobody wants: only its references matter. */
  skip(): void;
  /** The addresses of the shared objects in the rest of a message, which keeps its references. */
  sharedObjects(): number[];
  /** Reads a number of a header. */
  number(): number;
  /** Reads a value. */
  value(): unknown;
  /**
   * Reads an array into `target` from `start` on, without making one of its own.
   *
   * @returns its length
   */
  itemsInto(target: unknown[], start: number): number;
}

export {};
