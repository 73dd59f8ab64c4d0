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
 * Bytes come from outside of the program, so nothing is believed of them: what has arrived is kept, and no room is
 * made for what a length announces.
 *
 * @module
 */

import { CorruptMessageError } from "../errors.ts";

/** Length of what is in front of the contents. */
export const HEADER_BYTES = 8;
/** Length of the longest contents. */
export const MAX_CONTENTS = 2 ** 32 - 1;
/** Contents up to so many bytes are joined. */
const JOINED_BYTES = 1 << 16;
/** Parts of fewer bytes are copied. */
const SHORT_BYTES = 4096;

/** A frame that has arrived. */
export interface Frame {
  readonly type: number;
  /** The contents, in the parts in which they have arrived; one part if they are short. */
  readonly contents: readonly Uint8Array[];
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
  /** What has arrived of the contents of the frame that has begun. */
  #contents: Uint8Array[] | undefined;
  /** How many bytes are still to come. */
  #missing = 0;

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
      if (this.#missing > 0) continue;
      const contents: Uint8Array[] = this.#contents;
      this.#contents = undefined;
      this.#headerBytes = 0;
      const isJoined = contents.length > 1 && lengthOf(contents) <= JOINED_BYTES;
      yield { type: this.#header[4], contents: isJoined ? [joined(contents)] : contents };
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
    const length = this.#headerView.getUint32(0, true);
    const [type, ...zeros] = this.#header.subarray(4);
    if (!this.#types.has(type) || zeros.some((byte) => byte !== 0)) {
      throw new CorruptMessageError(`Cannot read frame: there is no type ${type}. ${ADVICE}`);
    }
    if (length > this.#maxContents) {
      throw new CorruptMessageError(
        `Cannot read frame: it has ${length} bytes, and the limit is ${this.#maxContents}. ${ADVICE}`,
      );
    }
    this.#contents = [];
    this.#missing = length;
  }

  #readContents(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + this.#missing);
    // The bytes around a short part would be kept with it.
    this.#contents!.push(part.length < SHORT_BYTES ? part.slice() : part);
    this.#missing -= part.length;
    return part.length;
  }
}

/** Returns the length of all parts. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** Joins parts. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const ADVICE = "Check that the other side is this package, in the same version";
