/**
 * Frames: what programs send each other, each with its length in front.
 *
 * | bytes | meaning |
 * |---|---|
 * | 0 to 3 | length of the contents, little-endian |
 * | 4 | type of the frame: what its contents are is a matter of those who send it |
 * | 5 to 7 | 0 |
 * | from 8 on | the contents |
 *
 * Bytes come from outside of the program, so nothing is believed of them: room is made for what has
 * arrived, not for what a length announces.
 *
 * @module
 */

import { CorruptMessageError } from "../errors.ts";

/** Length of what is in front of the contents. */
export const HEADER_BYTES = 8;
/** Length of the longest contents. */
export const MAX_CONTENTS = 2 ** 32 - 1;
/** Room that is made at least for a frame that has begun. */
const MIN_ROOM = 4096;

/** A frame that has arrived. */
export interface Frame {
  readonly type: number;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** Makes what is in front of contents of the given length. */
export function makeHeader(type: number, length: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, length, true);
  header[4] = type;
  return header;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  readonly #types: ReadonlySet<number>;
  readonly #maxContents: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  readonly #headerView = new DataView(this.#header.buffer);
  #headerBytes = 0;
  /** The contents of the frame that has begun, with room for more, and how many bytes of them are there. */
  #contents: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #length = 0;

  /**
   * Makes a reader at the beginning of a stream.
   *
   * @param types the types that there are
   * @param maxContents length of the longest contents that are accepted
   */
  constructor(types: Iterable<number>, maxContents = MAX_CONTENTS) {
    this.#types = new Set(types);
    this.#maxContents = maxContents;
  }

  /** Whether a frame has begun and has not ended. */
  get isInside(): boolean {
    return this.#headerBytes > 0;
  }

  /**
   * Takes the next bytes of the stream, and returns the frames that end in them.
   *
   * @throws {CorruptMessageError} if they are no frames; nothing can be read from the stream any more
   */
  *read(bytes: Uint8Array): Generator<Frame> {
    for (let at = 0; at < bytes.length;) {
      if (this.#contents === undefined) {
        at += this.#readHeader(bytes, at);
        if (this.#contents === undefined) continue;
      } else {
        at += this.#readContents(bytes, at);
      }
      if (this.#filled < this.#length) continue;
      const contents = this.#contents.subarray(0, this.#length);
      this.#contents = undefined;
      this.#headerBytes = 0;
      yield { type: this.#header[4], contents };
    }
  }

  /** Reads a part of a header. Returns how many bytes it took. */
  #readHeader(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + HEADER_BYTES - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes === HEADER_BYTES) this.#begin();
    return part.length;
  }

  #begin(): void {
    this.#length = this.#headerView.getUint32(0, true);
    const [type, ...zeros] = this.#header.subarray(4);
    if (!this.#types.has(type) || zeros.some((byte) => byte !== 0)) {
      throw new CorruptMessageError(`Cannot read frame: there is no type ${type}. ${ADVICE}`);
    }
    if (this.#length > this.#maxContents) {
      throw new CorruptMessageError(
        `Cannot read frame: it has ${this.#length} bytes, and the limit is ${this.#maxContents}. ${ADVICE}`,
      );
    }
    this.#contents = new Uint8Array(Math.min(this.#length, MIN_ROOM));
    this.#filled = 0;
  }

  #readContents(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + this.#length - this.#filled);
    const needed = this.#filled + part.length;
    if (needed > this.#contents!.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(needed, this.#filled * 4)));
      grown.set(this.#contents!.subarray(0, this.#filled));
      this.#contents = grown;
    }
    this.#contents!.set(part, this.#filled);
    this.#filled = needed;
    return part.length;
  }
}

const ADVICE = "Check that the other side is this package, in the same version";
