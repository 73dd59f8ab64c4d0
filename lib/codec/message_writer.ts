/**
 * The bytes of a message, as they are written.
 *
 * The values are written to memory of this isolate, because their length is not known in advance. The
 * text and the attachments (the contents of `ArrayBuffer`s and typed arrays) are written once, to the
 * message's block.
 *
 * @module
 */

import { addMessageRef, undoMessageRef } from "../objects/shared_object.ts";
import { NotCloneable, toDataCloneError } from "./refusals.ts";
import { align8, Tag, TEXT_FOOTER_BYTES, TextKind } from "./tags.ts";
import { kindOf, writeTexts, writeUtf8 } from "./text.ts";

const INITIAL_CAPACITY = 4096;
/** A larger stream buffer is left to the garbage collector after use. */
const MAX_KEPT_BYTES = 1 << 22;
/** Length of the longest stream: that of a stored message is a signed word. */
const MAX_STREAM_BYTES = 2 ** 31 - 8;
/** Arrays longer than this are checked for being numeric before room is made for them. */
const LONG_ARRAY = 1 << 23;

/**
 * Strings of at least so many units go to the text of the message, if it has more than a few of them: V8
 * makes no shorter slices.
 */
const MIN_TEXT_UNITS = 13;
const FEW_STRINGS = 8;
/** Arrays of at least so many strings are written as one. */
const MIN_STRINGS = 16;
/** Strings of so many units go to the text of the message in any case. */
const LONG_STRING_UNITS = 256;
/**
 * Units after which a piece of the text ends. The strings of a piece are slices of it, so one that a program
 * keeps for long keeps the piece.
 */
const PIECE_UNITS = 1 << 13;
/** Units of the text that are joined at once, about. */
const GROUP_UNITS = 1 << 18;
/** Strings of a piece that are looked at before it is joined. */
const SAMPLES = 16;

/** A piece of the text, when it is written. */
interface Piece {
  /** Where its units and kind are written in the stream. */
  slot: number;
  /** Number of its units so far. */
  units: number;
  /** Number of strings in the pieces before it. */
  from: number;
}

/** Pieces of the text that follow each other and are written in the same way. */
interface Group {
  /** The strings, or all of them joined. */
  readonly texts: readonly string[];
  /** One of {@linkcode TextKind}. */
  readonly kind: number;
  /** Where it begins and ends in the stream. */
  readonly start: number;
  readonly end: number;
}

/** How much of the text had been written at some time. */
export interface TextMark {
  readonly strings: number;
  readonly pieces: number;
  readonly units: number;
}

const NO_TEXT: TextMark = { strings: 0, pieces: 0, units: 0 };
/** In place of the first piece. */
const FULL: Piece = { slot: 0, units: PIECE_UNITS, from: 0 };

/** Contents that are copied behind the stream. */
interface Attachment {
  readonly bytes: Uint8Array;
  /** Their number when they were written. */
  readonly length: number;
}

/** Writes the bytes of one message. {@linkcode Encoder} writes values with it. */
export class MessageWriter {
  /** Buffer of the values, which are its first `position` bytes; of the stream after `gather()`. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_CAPACITY);
  /** The same as words. */
  words: Int32Array<ArrayBuffer> = new Int32Array(this.bytes.buffer);
  /** Length of the values. */
  position = 0;
  /** Length of the stream: of values and text; set by `finish()`. */
  streamBytes = 0;
  /** Length of stream and attachments; set by `finish()`. */
  totalBytes = 0;
  protected readonly attachments: Attachment[] = [];
  /** Addresses of the shared objects in the message, one for each reference. */
  protected readonly shared: number[] = [];
  /** Lists of keys that were written, by index. */
  protected readonly shapes: string[][] = [];
  /** The strings of the text. */
  readonly #text: string[] = [];
  readonly #pieces: Piece[] = [];
  /** The last of them. */
  #piece = FULL;
  /** The text, once the message is finished. */
  readonly #groups: Group[] = [];
  /** Number of strings that might have gone to the text. */
  #stringCount = 0;
  #view = new DataView(this.bytes.buffer);
  #floats = new Float64Array(this.bytes.buffer);

  /** Ends the message: fixes its length and adds its references to shared objects. */
  finish(): void {
    this.streamBytes = this.position;
    if (this.#pieces.length > 0) this.#finishText();
    let total = align8(this.streamBytes);
    if (this.attachments.length > 0) {
      for (const { length } of this.attachments) total += align8(length);
    }
    this.totalBytes = total;
    if (this.shared.length > 0) this.shared.forEach(addMessageRef);
  }

  #finishText(): void {
    try {
      this.#joinText();
    } catch (error) {
      throw toDataCloneError(error, "message");
    }
  }

  /** Drops the references of a finished message that is not sent. */
  discard(): void {
    this.shared.forEach(undoMessageRef);
  }

  /** Copies the finished message to `start` in `target`. */
  copyTo(target: Uint8Array, start: number): void {
    target.set(this.bytes.subarray(0, this.position), start);
    if (this.#groups.length > 0) this.#writeText(target, start);
    let at = start + align8(this.streamBytes);
    for (const { bytes } of this.attachments) {
      target.set(bytes, at);
      at += align8(bytes.length);
    }
  }

  /** Whether the message has no attachments. */
  get isStreamOnly(): boolean {
    return this.attachments.length === 0;
  }

  /** Writes the text of the finished message to `bytes`, so that they are the stream. */
  gather(): void {
    if (this.position === this.streamBytes) return;
    this.#ensure(this.streamBytes - this.position);
    this.#writeText(this.bytes, 0);
    this.position = this.streamBytes;
    this.#groups.length = 0;
  }

  /** Addresses of the shared objects that the message refers to, one for each reference. */
  get sharedObjects(): readonly number[] {
    return this.shared;
  }

  /** Prepares for the next message. */
  reset(): void {
    this.position = 0;
    this.#stringCount = 0;
    if (this.#text.length > 0 || this.#pieces.length > 0) this.textBackTo(NO_TEXT);
    if (this.#groups.length > 0) this.#groups.length = 0;
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
    if (needed > MAX_STREAM_BYTES) throw tooLong();
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

  /** Writes the address of a definition, which `Decoder.definition()` reads without finding the function. */
  definition(address: number): void {
    this.tagAndLength(Tag.FUNCTION, address);
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
    if (
      length >= MIN_TEXT_UNITS &&
      (length >= LONG_STRING_UNITS || ++this.#stringCount > FEW_STRINGS)
    ) return this.#toText(value);
    this.#ensure(2 + length);
    const { bytes, position } = this;
    let at = 0;
    for (; at < length; at++) {
      const unit = value.charCodeAt(at);
      if (unit > 255) return this.#wideString(value);
      bytes[position + 2 + at] = unit;
    }
    bytes[position] = Tag.SHORT_STRING;
    bytes[position + 1] = length;
    this.position = position + 2 + length;
  }

  /** Writes a string that has units above 255 and is not long. */
  #wideString(value: string): void {
    if (value.length < MIN_TEXT_UNITS) this.#stringCount++;
    if (this.#stringCount > FEW_STRINGS || !value.isWellFormed()) return this.#toText(value);
    this.#ensure(5 + value.length * 3);
    const written = writeUtf8(value, this.bytes, this.position + 5);
    this.tagAndLength(Tag.UTF8_STRING, written);
    this.position += written;
  }

  // The text

  #toText(value: string): void {
    const { length } = value;
    if (!startsPiece(this.#piece.units, length)) {
      this.tagAndLength(Tag.TEXT, length);
    } else {
      this.tagAndLength(Tag.TEXT_PIECE, length);
      this.#beginPiece(this.position, this.#text.length);
      this.int32(0); // when the text is joined
    }
    this.#piece.units += length;
    this.#text.push(value);
  }

  /** Begins a piece with string `from` of the text. Its units and kind will be written at byte `slot`. */
  #beginPiece(slot: number, from: number): void {
    this.#piece = { slot, units: 0, from };
    this.#pieces.push(this.#piece);
  }

  /** Joins the text, and finds its length. */
  #joinText(): void {
    const pieces = this.#pieces;
    let end = this.position;
    for (let at = 0; at < pieces.length;) {
      const first = at;
      const isWide = this.#hasWideUnit(at);
      const limit = isWide ? Infinity : GROUP_UNITS;
      // A long piece is joined by itself: with others it might be longer than the longest string.
      let { units } = pieces[at++];
      for (; at < pieces.length && units + pieces[at].units <= limit; at++) {
        if (this.#hasWideUnit(at) !== isWide) break;
        units += pieces[at].units;
      }
      const strings = this.#text.slice(pieces[first].from, pieces[at]?.from);
      const texts = isWide ? strings : [strings.join("")];
      const kind = isWide ? TextKind.UTF16 : kindOf(texts[0]);
      const start = kind === TextKind.UTF16 ? end + (end & 1) : end;
      end = start + units * (kind === TextKind.UTF16 ? 2 : 1);
      if (end > MAX_STREAM_BYTES - TEXT_FOOTER_BYTES) throw tooLong();
      this.#groups.push({ texts, kind, start, end });
      for (const piece of pieces.slice(first, at)) {
        this.#view.setUint32(piece.slot, piece.units * 4 + kind, true);
      }
    }
    this.streamBytes = end + TEXT_FOOTER_BYTES;
  }

  /** Whether a piece has a unit above 255 where it is looked for: in the middle and at the end of strings. */
  #hasWideUnit(piece: number): boolean {
    const { from } = this.#pieces[piece];
    const to = this.#pieces[piece + 1]?.from ?? this.#text.length;
    const step = Math.ceil((to - from) / SAMPLES);
    for (let at = from; at < to; at += step) {
      const string = this.#text[at];
      const { length } = string;
      if (string.charCodeAt(length - 1) > 255 || string.charCodeAt(length >> 1) > 255) return true;
    }
    return false;
  }

  /** Writes the text behind the values of the message at `base`. */
  #writeText(target: Uint8Array, base: number): void {
    let end = this.position;
    for (const { texts, kind, start, end: groupEnd } of this.#groups) {
      if (start > end) target[base + end] = 0;
      writeTexts(texts, kind, target, base + start);
      end = groupEnd;
    }
    for (let at = 0; at < TEXT_FOOTER_BYTES; at++) {
      target[base + end + at] = this.position >>> (at * 8);
    }
  }

  /** Returns how much of the text has been written. */
  protected textMark(): TextMark {
    if (this.#text.length === 0) return NO_TEXT;
    return { strings: this.#text.length, pieces: this.#pieces.length, units: this.#piece.units };
  }

  /** Forgets what has been written to the text since the mark. */
  protected textBackTo({ strings, pieces, units }: TextMark): void {
    this.#text.length = strings;
    this.#pieces.length = pieces;
    this.#piece = pieces === 0 ? FULL : this.#pieces[pieces - 1];
    if (pieces > 0) this.#piece.units = units;
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

  /** Writes an array of strings as one; false, with nothing written, if it is short or has other elements. */
  protected strings(array: readonly unknown[], from: number, to: number): boolean {
    const length = to - from;
    if (length < MIN_STRINGS) return false;
    const text = this.#text;
    const first = text.length;
    let pieces = 0;
    for (let at = from, units = this.#piece.units; at < to; at++) {
      const element = array[at];
      if (typeof element !== "string") {
        text.length = first;
        return false;
      }
      text.push(element); // each element is read once: a Proxy may say anything
      if (element.length === 0) continue;
      if (startsPiece(units, element.length)) {
        pieces++;
        units = 0;
      }
      units += element.length;
    }
    this.#ensure(24 + (pieces + length) * 4);
    this.tagAndLength(Tag.STRINGS, length);
    this.int32(pieces);
    let slot = this.position;
    this.position += pieces * 4;
    this.#pad();
    const { words } = this;
    const start = this.position / 4;
    for (let at = 0; at < length; at++) {
      const units = text[first + at].length;
      words[start + at] = units;
      if (units === 0) continue;
      if (startsPiece(this.#piece.units, units)) {
        this.#beginPiece(slot, first + at);
        slot += 4;
      }
      this.#piece.units += units;
    }
    this.position += length * 4;
    return true;
  }

  /** Moves to the next multiple of 8 bytes. Equal values have equal bytes, which `isEncodedAs()` relies on. */
  #pad(): void {
    const start = align8(this.position);
    this.bytes.fill(0, this.position, start);
    this.position = start;
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

function tooLong(): NotCloneable {
  return new NotCloneable("it makes the message longer than 2 GiB: send typed arrays, or parts");
}

/** Whether a string of the text begins a piece. One that is long has a piece of its own. */
function startsPiece(pieceUnits: number, length: number): boolean {
  return pieceUnits >= PIECE_UNITS || (pieceUnits > 0 && length >= PIECE_UNITS);
}

function isAllNumbers(array: readonly unknown[], from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (typeof array[at] !== "number") return false;
  return true;
}
