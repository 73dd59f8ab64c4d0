/**
 * The bytes of a message, as they are written.
 *
 * The stream is written to memory of this isolate, because its length is not known in advance.
 * Attachments (the contents of `ArrayBuffer`s and typed arrays) are copied once, from their buffer to
 * the message's block.
 *
 * @module
 */

import { addMessageRef, undoMessageRef } from "../objects/shared_object.ts";
import { NotCloneable } from "./refusals.ts";
import { align8, Tag } from "./tags.ts";

const INITIAL_CAPACITY = 4096;
/** A larger stream buffer is left to the garbage collector after use. */
const MAX_KEPT_BYTES = 1 << 22;
/** Length of the longest stream: that of a stored message is a signed word. */
const MAX_STREAM_BYTES = 2 ** 31 - 8;
/** Arrays longer than this are checked for being numeric before room is made for them. */
const LONG_ARRAY = 1 << 23;
const textEncoder = new TextEncoder();

/** Contents that are copied behind the stream. */
interface Attachment {
  readonly bytes: Uint8Array;
  /** Their number when they were written. */
  readonly length: number;
}

/** Writes the bytes of one message. {@linkcode Encoder} writes values with it. */
export class MessageWriter {
  /** Buffer of the stream, which is its first `position` bytes. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_CAPACITY);
  /** The same as words. */
  words: Int32Array<ArrayBuffer> = new Int32Array(this.bytes.buffer);
  /** Length of the stream. */
  position = 0;
  /** Length of stream and attachments; set by `finish()`. */
  totalBytes = 0;
  protected readonly attachments: Attachment[] = [];
  /** Addresses of the shared objects in the message, one for each reference. */
  protected readonly shared: number[] = [];
  /** Lists of keys that were written, by index. */
  protected readonly shapes: string[][] = [];
  #view = new DataView(this.bytes.buffer);
  #floats = new Float64Array(this.bytes.buffer);

  /** Ends the message: fixes its length and adds its references to shared objects. */
  finish(): void {
    let total = align8(this.position);
    if (this.attachments.length > 0) {
      for (const { length } of this.attachments) total += align8(length);
    }
    this.totalBytes = total;
    if (this.shared.length > 0) this.shared.forEach(addMessageRef);
  }

  /** Drops the references of a finished message that is not sent. */
  discard(): void {
    this.shared.forEach(undoMessageRef);
  }

  /** Copies the finished message to `start` in `target`. */
  copyTo(target: Uint8Array, start: number): void {
    target.set(this.bytes.subarray(0, this.position), start);
    let at = start + align8(this.position);
    for (const { bytes } of this.attachments) {
      target.set(bytes, at);
      at += align8(bytes.length);
    }
  }

  /** Whether the message has no attachments. */
  get isStreamOnly(): boolean {
    return this.attachments.length === 0;
  }

  /** Addresses of the shared objects that the message refers to, one for each reference. */
  get sharedObjects(): readonly number[] {
    return this.shared;
  }

  /** Prepares for the next message. */
  reset(): void {
    this.position = 0;
    if (this.attachments.length > 0) this.attachments.length = 0;
    if (this.shared.length > 0) this.shared.length = 0;
    if (this.bytes.length > MAX_KEPT_BYTES) this.#use(new Uint8Array(INITIAL_CAPACITY));
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer);
    this.#view = new DataView(bytes.buffer);
    this.#floats = new Float64Array(bytes.buffer);
  }

  #ensure(more: number): void {
    const needed = this.position + more;
    if (needed <= this.bytes.length) return;
    if (needed > MAX_STREAM_BYTES) {
      throw new NotCloneable("it makes the message longer than 2 GiB: send typed arrays, or parts");
    }
    const capacity = Math.min(MAX_STREAM_BYTES, Math.max(needed, this.bytes.length * 2));
    const grown = new Uint8Array(align8(capacity));
    grown.set(this.bytes.subarray(0, this.position));
    this.#use(grown);
  }

  protected byte(value: number): void {
    this.#ensure(1);
    this.bytes[this.position++] = value;
  }

  protected int32(value: number): void {
    this.#ensure(4);
    this.#view.setInt32(this.position, value, true);
    this.position += 4;
  }

  protected float64(value: number): void {
    this.#ensure(8);
    this.#view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  protected tagAndLength(tag: number, length: number): void {
    this.#ensure(5);
    this.bytes[this.position] = tag;
    this.#view.setUint32(this.position + 1, length, true);
    this.position += 5;
  }

  /** Writes a number. */
  number(value: number): void {
    const int = value | 0;
    if (int === value && (int !== 0 || 1 / value > 0)) {
      if (int >= -128 && int < 128) {
        this.#ensure(2);
        this.bytes[this.position] = Tag.INT8;
        this.bytes[this.position + 1] = int;
        this.position += 2;
      } else {
        this.tagAndLength(Tag.INT32, int);
      }
    } else {
      this.#ensure(9);
      this.bytes[this.position] = Tag.FLOAT64;
      // Equal values have equal bytes, which `isEncodedAs()` relies on: there are many NaNs.
      this.#view.setFloat64(this.position + 1, value === value ? value : NaN, true);
      this.position += 9;
    }
  }

  protected string(value: string): void {
    const { length } = value;
    if (length < 48) {
      this.#ensure(2 + length);
      const { bytes, position } = this;
      let at = 0;
      for (; at < length; at++) {
        const unit = value.charCodeAt(at);
        if (unit > 255) break;
        bytes[position + 2 + at] = unit;
      }
      if (at === length) {
        bytes[position] = Tag.SHORT_STRING;
        bytes[position + 1] = length;
        this.position = position + 2 + length;
        return;
      }
    }
    if (value.isWellFormed()) {
      this.#ensure(5 + length * 3);
      const room = this.bytes.subarray(this.position + 5);
      const { written } = textEncoder.encodeInto(value, room);
      // As many bytes as units: all of them are ASCII.
      this.tagAndLength(written === length ? Tag.ASCII_STRING : Tag.UTF8_STRING, written);
      this.position += written;
    } else {
      this.tagAndLength(Tag.UTF16_STRING, length);
      this.#ensure(length * 2);
      for (let at = 0; at < length; at++) {
        this.#view.setUint16(this.position + at * 2, value.charCodeAt(at), true);
      }
      this.position += length * 2;
    }
  }

  /** Writes an array of numbers as one piece; false, with nothing written, if an element is not a number. */
  protected numbers(array: readonly unknown[], from: number, to: number): boolean {
    if (ArrayBuffer.isView(array)) return false;
    const length = to - from;
    // A long array may be nearly empty: check it before making room for all.
    if (length > LONG_ARRAY && !isAllNumbers(array, from, to)) return false;
    this.#ensure(16 + length * 8);
    const start = align8(this.position + 5) / 8;
    const floats = this.#floats;
    let integers = true;
    for (let at = 0; at < length; at++) {
      const element = array[from + at];
      if (typeof element !== "number") return false;
      floats[start + at] = element;
      if (integers) integers = (element | 0) === element && (element !== 0 || 1 / element > 0);
    }
    if (integers) {
      // In place: the integer written at `at` lies before all floats that are yet to be read.
      const { words } = this;
      for (let at = 0; at < length; at++) words[start * 2 + at] = floats[start + at];
    }
    // Equal values have equal bytes, which `isEncodedAs()` relies on.
    this.bytes.fill(0, this.position + 5, start * 8);
    this.tagAndLength(integers ? Tag.INTEGERS : Tag.NUMBERS, length);
    this.position = start * 8 + length * (integers ? 4 : 8);
    return true;
  }

  /** Writes the keys of an object, or the number of a recent shape with the same keys. */
  protected shape(keys: string[]): void {
    const { length } = keys;
    for (
      let shape = this.shapes.length - 1, tries = 0;
      shape >= 0 && tries < 4;
      shape--, tries++
    ) {
      const known = this.shapes[shape];
      if (known.length !== length) continue;
      let at = 0;
      while (at < length && known[at] === keys[at]) at++;
      if (at === length) return this.int32(shape);
    }
    this.int32(-1 - length);
    for (const key of keys) this.string(key);
    this.shapes.push(keys);
  }
}

function isAllNumbers(array: readonly unknown[], from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (typeof array[at] !== "number") return false;
  return true;
}
