// The declarations of lib/codec/message_reader.ts

import type { CorruptMessageError } from "../errors.d.ts";

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

/** How a message is to name definitions and shared objects. `undefined` for one that is not known. */
export interface Renaming {
  definition(name: number): number | undefined;
  object(name: number): number | undefined;
}

/**
 * Reads the bytes of one message. {@linkcode Decoder} makes values of them.
 *
 * The message's references to shared objects are dropped by {@linkcode MessageReader.finish} if it was read
 * whole, and by {@linkcode MessageReader.skip} in any case.
 */
export declare class MessageReader {
  #private;
  protected bytes: Uint8Array;
  protected view: DataView;
  protected floats: Float64Array;
  protected words: Int32Array;
  protected position: number;
  protected readonly trusted: boolean;
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
   * Words of this reader, to which a short stream can be copied: see {@linkcode fromOwn}. A reader that is
   * used while another one reads, by a reducer, does not change what that one reads.
   */
  get ownWords(): Int32Array;
  /** Starts reading the stream of so many bytes that was copied to `ownWords`. */
  fromOwn(streamBytes: number): void;
  /** Starts the message again from its beginning. */
  rewind(): void;
  /** Length of the stream. */
  get streamBytes(): number;
  /**
   * Starts reading a message in the shared heap, whose stream has `streamBytes`. The lengths are those of
   * the encoder, kept outside of the message.
   *
   * @param totalBytes length of stream and attachments, if it has attachments
   */
  fromHeap(address: number, streamBytes: number, totalBytes?: number): void;
  /** Starts reading at byte `base` of the source. */
  protected start(base: number, streamBytes: number, totalBytes?: number): void;
  /** Drops the references of a message that was read: the isolate has its own now. */
  finish(): void;
  /** Abandons a message that keeps its references, so that it can be read again. */
  leave(): void;
  /**
   * Drops the references of a message that is discarded, whatever was read of it; handles in it that this
   * isolate lent are reclaimed. Never waits. A damaged message keeps its references: which ones it holds is
   * unknown, and an object that is in use must not be freed.
   */
  skip(): void;
  /**
   * Returns the addresses of the shared objects in a message, which keeps its references; none if it is
   * damaged.
   */
  sharedObjects(): number[];
  /**
   * Replaces the words by which the message names definitions and shared objects. Each is replaced once, by
   * what `renaming` returns for it.
   *
   * @throws {CorruptMessageError} if the message is damaged, or `renaming` says so; some words have been
   * replaced then
   */
  rename(renaming: Renaming): void;
  /** Makes the error for a message that is damaged, which the caller throws. */
  protected corrupt(why: string, options?: ErrorOptions): CorruptMessageError;
  /** Returns where the next `byteLength` bytes of the stream begin, and moves behind them. */
  protected take(byteLength: number): number;
  /** Returns where a run of numbers of so many bytes begins, and moves behind it. */
  protected run(length: number, bytesEach: number): number;
  /** Returns the tag of the next value. */
  protected nextTag(allowed: ReadonlySet<number>): number;
  protected expect(tag: number): void;
  protected length(): number;
  /** Reads a number of parts, each of which takes at least `bytesEach` bytes. */
  protected count(bytesEach: number): number;
  protected int32(): number;
  protected float64(): number;
  protected string(): string;
  protected stringOf(tag: number): string;
  /** Reads the pieces of an array of strings, and then their lengths, into `target` from `start` on. */
  protected stringsInto(target: unknown[], start: number, length: number): void;
  protected bigint(): bigint;
  protected shape(): string[];
  protected mayName(address: number): boolean;
  protected sharedAddress(): number;
  /** Returns where the next attachment begins, in bytes of the source. */
  protected attachment(byteLength: number): number;
}

export {};
