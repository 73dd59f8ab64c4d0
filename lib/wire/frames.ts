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
 * Bytes come from outside of the program, so nothing is believed of them: of what a length announces, room is made
 * for one part more than has arrived.
 *
 * @module
 */

import { CorruptMessageError } from "../errors.ts";

/** Length of what is in front of the contents. */
export const HEADER_BYTES = 8;
/** Length of the longest contents. */
export const MAX_CONTENTS = 2 ** 32 - 1;
/**
 * Length of the parts of long contents. Writes of more are slow: what a socket has not taken is copied with each
 * further attempt. Memory for less than that is often used again, so its pages are there.
 */
export const PART_BYTES = 1 << 20;

/** A frame that has arrived. */
export interface Frame {
  readonly type: number;
  /** The contents, in parts of {@linkcode PART_BYTES}; the last one may be shorter. */
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
  /** The parts of the contents of the frame that has begun. */
  #contents: Uint8Array[] | undefined;
  /** How many bytes of the contents are still to come. */
  #missing = 0;
  /** How many of them belong to the last part. */
  #missingOfPart = 0;

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
   * Takes the next bytes of the stream, and returns the frames that end in them. The bytes are copied.
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

  /** Reads as much of the contents as belongs to one part. Returns how many bytes it took. */
  #readContents(bytes: Uint8Array, at: number): number {
    const parts = this.#contents!;
    if (this.#missingOfPart === 0) {
      this.#missingOfPart = Math.min(this.#missing, PART_BYTES);
      parts.push(new Uint8Array(this.#missingOfPart));
    }
    const taken = bytes.subarray(at, at + this.#missingOfPart);
    const part = parts.at(-1)!;
    part.set(taken, part.length - this.#missingOfPart);
    this.#missingOfPart -= taken.length;
    this.#missing -= taken.length;
    return taken.length;
  }
}

/** Returns the length of all parts. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** Cuts bytes into parts of {@linkcode PART_BYTES}, without copying them. */
export function partsOf(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    parts.push(bytes.subarray(at, at + PART_BYTES));
  }
  return parts;
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
