/**
 * The bytes of a message, each checked before it is believed: lengths against the bytes that are left,
 * tags, and addresses.
 *
 * @module
 */

import { CorruptMessageError } from "../errors.ts";
import { dataView, f64, i32, u8 } from "../heap/views.ts";
import { isSharedObject, reclaimLent, release } from "../objects/shared_object.ts";
import { align8, bytesAfter, Tag, TEXT_FOOTER_BYTES, TextKind } from "./tags.ts";
import { asciiText, latin1Text, utf16Text, utf8Text } from "./text.ts";

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

/** Capacity of the memory of a reader. */
const OWN_BYTES = 64;

/** Views of one buffer. */
interface Views {
  bytes: Uint8Array;
  view: DataView;
  floats: Float64Array;
  words: Int32Array;
}

function viewsOf(buffer: ArrayBuffer): Views {
  return {
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    floats: new Float64Array(buffer),
    words: new Int32Array(buffer),
  };
}

const NONE: ReadonlySet<number> = new Set();

const STRING_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.SHORT_STRING, Tag.UTF8_STRING, Tag.TEXT, Tag.TEXT_PIECE],
]);

/**
 * Reads the bytes of one message. {@linkcode Decoder} makes values of them.
 *
 * The message's references to shared objects are dropped by {@linkcode MessageReader.finish} if it was read
 * whole, and by {@linkcode MessageReader.skip} in any case.
 */
export class MessageReader {
  protected bytes: Uint8Array = u8;
  protected view: DataView = dataView;
  protected floats: Float64Array = f64;
  protected words: Int32Array = i32;
  /** Where the message begins, in bytes. */
  #base = 0;
  protected position = 0;
  /** Where the stream ends. */
  #streamEnd = 0;
  /** Where the values end: at the text, once that was found. */
  #end = 0;
  /** Where the next piece of the text begins; 0 before the first one is read. */
  #nextPiece = 0;
  /** The current piece of the text, and how much of it was read. */
  #piece = "";
  #pieceAt = 0;
  #nextAttachment = 0;
  /** Where the attachments end. */
  #limit = 0;
  #own: Views | undefined;
  #shapes: string[][] = [];
  readonly #shared: number[] = [];
  #renaming: Renaming | undefined;
  /** Whether the message was found to be damaged. Which references it holds is unknown then. */
  #isCorrupt = false;
  protected readonly trusted: boolean;
  readonly #allowed: ReadonlySet<number>;

  /** Makes a decoder that has no message yet. */
  constructor({ trusted = true, allowed = NONE }: DecoderOptions = {}) {
    this.trusted = trusted;
    this.#allowed = allowed;
  }

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
  ): void {
    this.bytes = bytes;
    this.view = view;
    this.floats = floats;
    this.words = words;
    this.start(0, streamBytes, totalBytes);
    if (streamBytes < 0 || this.#limit < streamBytes || this.#limit > bytes.length) {
      this.#streamEnd = this.#end = this.#limit = 0;
      throw this.corrupt("its length is wrong");
    }
  }

  /**
   * Words of this reader, to which a short stream can be copied: see {@linkcode fromOwn}. A reader that is
   * used while another one reads, by a reducer, does not change what that one reads.
   */
  get ownWords(): Int32Array {
    return (this.#own ??= viewsOf(new ArrayBuffer(OWN_BYTES))).words;
  }

  /** Starts reading the stream of so many bytes that was copied to `ownWords`. */
  fromOwn(streamBytes: number): void {
    const { bytes, view, floats, words } = this.#own!;
    this.bytes = bytes;
    this.view = view;
    this.floats = floats;
    this.words = words;
    this.start(0, streamBytes);
  }

  /** Starts the message again from its beginning. */
  rewind(): void {
    this.start(this.#base, this.streamBytes, this.#limit - this.#base);
  }

  /** Length of the stream. */
  get streamBytes(): number {
    return this.#streamEnd - this.#base;
  }

  /**
   * Starts reading a message in the shared heap, whose stream has `streamBytes`. The lengths are those of
   * the encoder, kept outside of the message.
   *
   * @param totalBytes length of stream and attachments, if it has attachments
   */
  fromHeap(address: number, streamBytes: number, totalBytes?: number): void {
    this.bytes = u8;
    this.view = dataView;
    this.floats = f64;
    this.words = i32;
    this.start(address * 4, streamBytes, totalBytes);
  }

  /** Starts reading at byte `base` of the source. */
  protected start(base: number, streamBytes: number, totalBytes = streamBytes): void {
    this.#base = base;
    this.position = base;
    this.#streamEnd = this.#end = base + streamBytes;
    this.#nextPiece = 0;
    this.#nextAttachment = base + align8(streamBytes);
    this.#limit = base + totalBytes;
    if (this.#isCorrupt) this.#isCorrupt = false;
    if (this.#shapes.length > 0) this.#shapes = [];
    if (this.#shared.length > 0) this.#shared.length = 0;
  }

  /** Drops the references of a message that was read: the isolate has its own now. */
  finish(): void {
    if (this.#shared.length > 0) {
      if (this.trusted) this.#shared.forEach(release);
      this.#shared.length = 0;
    }
  }

  /** Abandons a message that keeps its references, so that it can be read again. */
  leave(): void {
    this.#shared.length = 0;
  }

  /**
   * Drops the references of a message that is discarded, whatever was read of it; handles in it that this
   * isolate lent are reclaimed. Never waits. A damaged message keeps its references: which ones it holds is
   * unknown, and an object that is in use must not be freed.
   */
  skip(): void {
    this.#scan();
    if (this.#isCorrupt) return this.leave();
    if (this.trusted) this.#shared.forEach(reclaimLent);
    this.finish();
  }

  /**
   * Returns the addresses of the shared objects in a message, which keeps its references; none if it is
   * damaged.
   */
  sharedObjects(): number[] {
    this.#scan();
    return this.#isCorrupt ? [] : this.#shared.splice(0);
  }

  /**
   * Replaces the words by which the message names definitions and shared objects. Each is replaced once, by
   * what `renaming` returns for it.
   *
   * @throws {CorruptMessageError} if the message is damaged, or `renaming` says so; some words have been
   * replaced then
   */
  rename(renaming: Renaming): void {
    this.#renaming = renaming;
    this.rewind();
    try {
      while (this.position < this.#end) this.#scanTag(this.bytes[this.take(1)]);
    } finally {
      this.#renaming = undefined;
    }
  }

  #rename(at: number, nameOf: (name: number) => number | undefined): void {
    const name = nameOf(this.view.getUint32(at, true));
    if (name === undefined) throw this.corrupt("it names what is not known");
    this.view.setUint32(at, name, true);
  }

  /**
   * Moves over the message from its beginning and notes its shared objects. The parts of an object follow
   * it in the stream, so this is a loop, whatever the depth.
   */
  #scan(): void {
    if (this.#isCorrupt) return;
    this.rewind();
    try {
      while (this.position < this.#end) this.#scanTag(this.bytes[this.take(1)]);
    } catch (error) {
      if (!this.#isCorrupt) throw error;
    }
  }

  #scanTag(tag: number): void {
    switch (tag) {
      case Tag.SHORT_STRING:
        this.take(this.bytes[this.take(1)]);
        break;
      case Tag.UTF8_STRING:
        this.take(this.length());
        break;
      case Tag.NUMBERS:
        this.run(this.length(), 8);
        break;
      case Tag.INTEGERS:
        this.run(this.length(), 4);
        break;
      case Tag.TEXT_PIECE:
        this.take(4);
        this.#nextPieceBytes();
        break;
      case Tag.STRINGS: {
        const length = this.length();
        for (let pieces = this.count(4); pieces > 0; pieces--) this.#nextPieceBytes();
        this.run(length, 4);
        break;
      }
      case Tag.OBJECT:
      case Tag.PROPERTIES:
        this.#scanShape();
        break;
      case Tag.SHARED:
        if (this.#renaming === undefined) this.sharedAddress();
        else this.#rename(this.take(4), this.#renaming.object);
        break;
      case Tag.FUNCTION:
      case Tag.INSTANCE:
      case Tag.REDUCED: {
        const at = this.take(4);
        if (this.#renaming !== undefined) this.#rename(at, this.#renaming.definition);
        break;
      }
      default: {
        const following = bytesAfter[tag];
        if (following === undefined) throw this.corrupt(`byte ${tag} is not a tag`);
        this.take(following);
      }
    }
  }

  /** Moves over the keys of an object. They are not read: their pieces of the text were not either. */
  #scanShape(): void {
    const shape = this.int32();
    if (shape >= 0) return void this.#knownShape(shape);
    for (let count = -1 - shape; count > 0; count--) {
      this.nextTag(STRING_TAGS);
      this.#scanTag(this.bytes[this.take(1)]);
    }
    this.#shapes.push([]);
  }

  // Checks

  /** Makes the error for a message that is damaged, which the caller throws. */
  protected corrupt(why: string, options?: ErrorOptions): CorruptMessageError {
    this.#isCorrupt = true;
    const at = Math.min(this.position, this.#end) - this.#base;
    return new CorruptMessageError(
      `Cannot read message: ${why}, at byte ${at} of ${this.streamBytes}. ` +
        "Check that it comes from this package, in the same version",
      options,
    );
  }

  #endsEarly(): never {
    throw this.corrupt("it ends too early");
  }

  /** Returns where the next `byteLength` bytes of the stream begin, and moves behind them. */
  protected take(byteLength: number): number {
    const at = this.position;
    if (!(byteLength <= this.#end - at)) this.#endsEarly();
    this.position = at + byteLength;
    return at;
  }

  /** Returns where a run of numbers of so many bytes begins, and moves behind it. */
  protected run(length: number, bytesEach: number): number {
    const start = this.#base + align8(this.position - this.#base);
    const end = start + length * bytesEach;
    if (end > this.#end) this.#endsEarly();
    this.position = end;
    return start;
  }

  /** Returns the tag of the next value. */
  protected nextTag(allowed: ReadonlySet<number>): number {
    const tag = this.bytes[this.take(1)];
    if (!allowed.has(tag)) throw this.corrupt(`tag ${tag} is in the wrong place`);
    this.position--;
    return tag;
  }

  protected expect(tag: number): void {
    if (this.bytes[this.take(1)] !== tag) throw this.corrupt(`tag ${tag} is missing`);
  }

  // Primitives

  protected length(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Reads a number of parts, each of which takes at least `bytesEach` bytes. */
  protected count(bytesEach: number): number {
    const count = this.length();
    if (count * bytesEach > this.#end - this.position) this.#endsEarly();
    return count;
  }

  protected int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  protected float64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  protected string(): string {
    const tag = this.bytes[this.take(1)];
    if (!STRING_TAGS.has(tag)) throw this.corrupt(`tag ${tag} is not a string`);
    return this.stringOf(tag);
  }

  protected stringOf(tag: number): string {
    if (tag === Tag.TEXT) return this.#slice(this.length());
    if (tag === Tag.TEXT_PIECE) {
      const length = this.length();
      this.#readPiece();
      return this.#slice(length);
    }
    if (tag === Tag.SHORT_STRING) {
      const length = this.bytes[this.position++];
      const start = this.take(length);
      if (length > 3) return latin1Text(this.bytes, start, length);
      let text = ""; // in place: a call would take longer than the loop
      for (let at = 0; at < length; at++) text += String.fromCharCode(this.bytes[start + at]);
      return text;
    }
    const length = this.length();
    return utf8Text(this.bytes, this.take(length), length);
  }

  /** Reads the pieces of an array of strings, and then their lengths, into `target` from `start` on. */
  protected stringsInto(target: unknown[], start: number, length: number): void {
    const pieces = this.count(4);
    let slot = this.position;
    const slotsEnd = this.position += pieces * 4;
    const first = this.run(length, 4) / 4;
    const end = this.position;
    const { words } = this;
    for (let at = 0; at < length; at++) {
      const units = words[first + at] >>> 0;
      if (units === 0) {
        target[start + at] = "";
        continue;
      }
      if (slot < slotsEnd && (this.#nextPiece === 0 || this.#pieceAt === this.#piece.length)) {
        this.position = slot;
        this.#readPiece();
        slot += 4;
        this.position = end;
      }
      target[start + at] = this.#slice(units);
    }
    this.take(0); // the text begins behind the lengths
  }

  // The text

  /** Returns the next `length` units of the current piece. */
  #slice(length: number): string {
    const from = this.#pieceAt;
    const to = from + length;
    if (this.#nextPiece === 0 || to > this.#piece.length) {
      throw this.corrupt("its text ends too early");
    }
    this.#pieceAt = to;
    return this.#piece.slice(from, to);
  }

  #readPiece(): void {
    const { kind, units, start } = this.#nextPieceBytes();
    const textOf = kind === TextKind.ASCII
      ? asciiText
      : kind === TextKind.LATIN1
      ? latin1Text
      : utf16Text;
    this.#piece = textOf(this.bytes, start, units);
    this.#pieceAt = 0;
  }

  /** Reads the units and kind of the next piece, and moves behind it in the text. */
  #nextPieceBytes(): { kind: number; units: number; start: number } {
    const packed = this.length();
    const kind = packed & 3;
    const units = packed >>> 2;
    if (this.#nextPiece === 0) this.#findText();
    const start = this.#nextPiece + (kind === TextKind.UTF16 ? this.#nextPiece & 1 : 0);
    const end = start + (kind === TextKind.UTF16 ? units * 2 : units);
    if (kind > TextKind.UTF16 || end > this.#streamEnd - TEXT_FOOTER_BYTES) {
      throw this.corrupt("its text ends too early");
    }
    this.#nextPiece = end;
    return { kind, units, start };
  }

  /** Reads where the text begins: the values end there. */
  #findText(): void {
    const footer = this.#streamEnd - TEXT_FOOTER_BYTES;
    const start = this.#base + (footer < this.position ? 0 : this.view.getUint32(footer, true));
    if (start < this.position || start > footer) throw this.corrupt("its text begins elsewhere");
    this.#nextPiece = this.#end = start;
  }

  protected bigint(): bigint {
    const digits = this.string();
    try {
      return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
    } catch (cause) {
      throw this.corrupt("its digits are not a bigint", { cause });
    }
  }

  protected shape(): string[] {
    const shape = this.int32();
    if (shape >= 0) return this.#knownShape(shape);
    const keys: string[] = [];
    for (let count = -1 - shape; count > 0; count--) keys.push(this.string());
    this.#shapes.push(keys);
    return keys;
  }

  #knownShape(shape: number): string[] {
    const known = this.#shapes[shape];
    if (known === undefined) throw this.corrupt("it refers to keys that are not in it");
    return known;
  }

  protected mayName(address: number): boolean {
    return this.trusted || this.#allowed.has(address);
  }

  protected sharedAddress(): number {
    const address = this.int32();
    if (!isSharedObject(address) || !this.mayName(address)) {
      throw this.corrupt("an address is not of a shared object");
    }
    this.#shared.push(address);
    return address;
  }

  // Buffers

  /** Returns where the next attachment begins, in bytes of the source. */
  protected attachment(byteLength: number): number {
    const start = this.#nextAttachment;
    if (byteLength > this.#limit - start) this.#endsEarly();
    this.#nextAttachment = start + align8(byteLength);
    return start;
  }
}
