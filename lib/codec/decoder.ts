/**
 * Bytes to values.
 *
 * Everything in a message is checked before it is believed: lengths against the bytes that are left, tags,
 * indices, addresses, and the depth. So damaged or hostile bytes give a value or a `CorruptMessageError`:
 * nothing outside of the message is read, no room is made for more than the message can contain, and
 * nothing of the program is changed.
 *
 * This file is over 400 lines because its methods share the private fields of one class: decoding is
 * as hot as encoding, and a second class between them would cost a call for each value.
 *
 * @module
 */

import { CorruptMessageError, DataCloneError } from "../errors.ts";
import { dataView, f64, i32, u8 } from "../heap/views.ts";
import { handleFor, isSharedObject, release } from "../objects/shared_object.ts";
import { isDefinition } from "./definition.ts";
import { emptyError, errorFrom, hasNames, isErrorParts } from "./error_parts.ts";
import { functionAt } from "./functions.ts";
import { align8, bytesAfter, MAX_DEPTH, Tag, viewClasses } from "./tags.ts";
import { ensureStack } from "../heap/stack.ts";

/** Thrown by a decoder that needs the function at `address`, whose module is not imported yet. */
export class NeedsImport {
  readonly #address: number;

  /** Created by the decoder. */
  constructor(address: number) {
    this.#address = address;
  }

  /** Address of the function's definition. */
  get address(): number {
    return this.#address;
  }

  /** Makes `instanceof` safe for whatever a reducer throws: it runs no trap of a `Proxy`. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #address in value;
  }
}

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
 * How many levels are read between two checks of the stack. A level takes up to 400 bytes, so they fit
 * into what `ensureStack` checks for; callers have done so for the first.
 */
const LEVELS_PER_CHECK = 32;

/** Placeholder of an object that is being read and does not exist yet. */
const INCOMPLETE = Symbol("incomplete");

/** First bytes of arrays. */
const ARRAY_TAGS: ReadonlySet<number> = new Set([Tag.ARRAY, Tag.NUMBERS, Tag.INTEGERS]);
/** First bytes of what may be the content of an instance of a class that extends a built-in class. */
const CONTENT_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.OBJECT, Tag.ARRAY, Tag.NUMBERS, Tag.INTEGERS, Tag.MATCH, Tag.MAP, Tag.SET, Tag.DATE],
  ...[Tag.REGEXP, Tag.ARRAY_BUFFER, Tag.TYPED_ARRAY, Tag.VIEW, Tag.BOXED, Tag.ERROR],
]);
/** First bytes of what may be in a boxed primitive. */
const BOXED_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.TRUE, Tag.FALSE, Tag.INT8, Tag.INT32, Tag.FLOAT64, Tag.BIGINT],
  ...[Tag.SHORT_STRING, Tag.UTF8_STRING, Tag.UTF16_STRING],
]);
/** First bytes of what may be the buffer of a view. */
const BUFFER_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.ARRAY_BUFFER, Tag.SHARED, Tag.REFERENCE, Tag.INSTANCE],
]);

/** Address space that the resizable buffers of a message from elsewhere may reserve together. */
const MAX_RESERVED_BYTES = 2 ** 30;
/** What a resizable buffer reserves at least. */
const MIN_RESERVED_BYTES = 2 ** 20;

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads one message.
 *
 * If reading throws {@linkcode NeedsImport}, the message may be read again from its beginning. Its
 * references to shared objects are dropped by {@linkcode Decoder.finish} if it was read whole, and by
 * {@linkcode Decoder.skip} in any case.
 */
export class Decoder {
  #bytes: Uint8Array = u8;
  #view: DataView = dataView;
  #floats: Float64Array = f64;
  #words: Int32Array = i32;
  /** Where the message begins, in bytes. */
  #base = 0;
  #position = 0;
  /** Where the stream ends. */
  #end = 0;
  #nextAttachment = 0;
  /** Where the attachments end. */
  #limit = 0;
  // deno-lint-ignore no-explicit-any
  #seen: any[] = [];
  #shapes: string[][] = [];
  readonly #shared: number[] = [];
  /** Number of objects that are being read, one inside the other. */
  #depth = 0;
  /** Number of levels for which the stack has room. */
  #checkedDepth = LEVELS_PER_CHECK;
  /** Number of elements of arrays for which room may still be made: each takes a byte of the stream. */
  #room = 0;
  /** Address space that resizable buffers may still reserve, if the message is not trusted. */
  #reservable = MAX_RESERVED_BYTES;
  /** Whether the message was found to be damaged. Which references it holds is unknown then. */
  #isCorrupt = false;
  /** Whether values whose functions are not imported are read without them. */
  #doesWithout = false;
  readonly #trusted: boolean;
  readonly #allowed: ReadonlySet<number>;

  /** Makes a decoder that has no message yet. */
  constructor({ trusted = true, allowed = new Set() }: DecoderOptions = {}) {
    this.#trusted = trusted;
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
    this.#bytes = bytes;
    this.#view = view;
    this.#floats = floats;
    this.#words = words;
    this.#start(0, streamBytes, totalBytes);
    if (streamBytes < 0 || this.#limit < streamBytes || this.#limit > bytes.length) {
      this.#end = this.#limit = 0;
      throw this.#corrupt("its length is wrong");
    }
  }

  /**
   * Starts reading a message in the shared heap, whose stream has `streamBytes`. The lengths are those of
   * the encoder, kept outside of the message.
   *
   * @param totalBytes length of stream and attachments, if it has attachments
   */
  fromHeap(address: number, streamBytes: number, totalBytes?: number): void {
    this.#bytes = u8;
    this.#view = dataView;
    this.#floats = f64;
    this.#words = i32;
    this.#start(address * 4, streamBytes, totalBytes);
  }

  #start(base: number, streamBytes: number, totalBytes = streamBytes): void {
    this.#base = base;
    this.#position = base;
    this.#end = base + streamBytes;
    this.#nextAttachment = base + align8(streamBytes);
    this.#limit = base + totalBytes;
    this.#room = streamBytes;
    this.#depth = 0;
    this.#checkedDepth = LEVELS_PER_CHECK;
    if (this.#isCorrupt) this.#isCorrupt = false;
    this.#reservable = MAX_RESERVED_BYTES;
    if (this.#seen.length > 0) this.#seen = [];
    if (this.#shapes.length > 0) this.#shapes = [];
    if (this.#shared.length > 0) this.#shared.length = 0;
  }

  /** Drops the references of a message that was read: the isolate has its own now. */
  finish(): void {
    if (this.#shared.length > 0) {
      if (this.#trusted) this.#shared.forEach(release);
      this.#shared.length = 0;
    }
    if (this.#seen.length > 0) this.#seen = [];
  }

  /** Abandons a message that keeps its references, so that it can be read again. */
  leave(): void {
    this.#shared.length = 0;
    this.#seen = [];
  }

  /**
   * Drops the references of a message that is discarded, whatever was read of it. A damaged message keeps
   * them: which ones it holds is unknown, and an object that is in use must not be freed.
   */
  skip(): void {
    this.#scan(true);
    if (this.#isCorrupt) this.leave();
    else this.finish();
  }

  /**
   * Returns the addresses of the shared objects in a message, which keeps its references; none if it is
   * damaged.
   */
  sharedObjects(): number[] {
    this.#scan(false);
    return this.#isCorrupt ? [] : this.#shared.splice(0);
  }

  /**
   * Moves over the message from its beginning and notes its shared objects. The parts of an object follow
   * it in the stream, so this is a loop, whatever the depth.
   */
  #scan(makesHandles: boolean): void {
    if (this.#isCorrupt) return;
    const base = this.#base;
    this.#start(base, this.#end - base, this.#limit - base);
    try {
      while (this.#position < this.#end) this.#scanTag(this.#bytes[this.#take(1)], makesHandles);
    } catch (error) {
      if (!this.#isCorrupt) throw error;
    }
  }

  #scanTag(tag: number, makesHandles: boolean): void {
    switch (tag) {
      case Tag.SHORT_STRING:
        this.#take(this.#bytes[this.#take(1)]);
        break;
      case Tag.UTF8_STRING:
        this.#take(this.#length());
        break;
      case Tag.UTF16_STRING:
        this.#take(this.#length() * 2);
        break;
      case Tag.NUMBERS:
        this.#run(this.#length(), 8);
        break;
      case Tag.INTEGERS:
        this.#run(this.#length(), 4);
        break;
      case Tag.OBJECT:
      case Tag.PROPERTIES:
        this.#shape();
        break;
      case Tag.SHARED: {
        const address = this.#sharedAddress();
        if (makesHandles) handleFor(address);
        break;
      }
      default: {
        const following = bytesAfter[tag];
        if (following === undefined) throw this.#corrupt(`byte ${tag} is not a tag`);
        this.#take(following);
      }
    }
  }

  /**
   * Reads a number of the header.
   *
   * @throws {CorruptMessageError} if the message is damaged
   */
  number(): number {
    const value = this.value();
    if (typeof value !== "number") throw this.#corrupt("its header is not a number");
    return value;
  }

  /**
   * As {@linkcode value}, but does without functions whose modules are not imported, and without reducers
   * that throw: instances of such classes are of the built-in class that they extend, objects of such
   * reducers are their parts.
   */
  valueWithoutImports(): unknown {
    this.#doesWithout = true;
    try {
      return this.value();
    } finally {
      this.#doesWithout = false;
    }
  }

  /**
   * Reads an array into `target` from `start` on, without creating an array.
   *
   * @returns the length of the array that was read
   * @throws as {@linkcode value}, also if `target` ends before
   */
  itemsInto(target: unknown[], start: number): number {
    const tag = this.#nextTag(ARRAY_TAGS);
    this.#take(1);
    const length = this.#length();
    if (length > target.length - start) throw this.#corrupt("it has too many items");
    if (tag === Tag.NUMBERS) {
      const first = this.#run(length, 8) / 8;
      const floats = this.#floats;
      for (let at = 0; at < length; at++) target[start + at] = floats[first + at];
    } else if (tag === Tag.INTEGERS) {
      const first = this.#run(length, 4) / 4;
      const words = this.#words;
      for (let at = 0; at < length; at++) target[start + at] = words[first + at];
    } else {
      this.#remember(target); // takes the array's index, so that later references are right
      this.#elements(target, start, length);
    }
    return length;
  }

  /**
   * Reads a value.
   *
   * @throws {CorruptMessageError} if the message is damaged
   * @throws {NeedsImport} if it needs a function whose module is not imported
   * @throws {DataCloneError} if the value is nested deeper than the rest of the stack allows
   */
  value(): unknown {
    // Whether the tag is in the message is checked with what follows it.
    const tag = this.#bytes[this.#position++];
    switch (tag) {
      case Tag.UNDEFINED:
        this.#take(0);
        return undefined;
      case Tag.NULL:
        this.#take(0);
        return null;
      case Tag.TRUE:
        this.#take(0);
        return true;
      case Tag.FALSE:
        this.#take(0);
        return false;
      case Tag.INT8:
        return this.#view.getInt8(this.#take(1));
      case Tag.INT32:
        return this.#int32();
      case Tag.FLOAT64:
        return this.#float64();
      case Tag.SHORT_STRING:
      case Tag.UTF8_STRING:
      case Tag.UTF16_STRING:
        return this.#stringOf(tag);
      case Tag.BIGINT:
        return this.#bigint();
      case Tag.FUNCTION:
        return this.#function();
      case Tag.REFERENCE:
        return this.#reference();
      case Tag.NUMBERS:
        return this.#numbers();
      case Tag.INTEGERS:
        return this.#integers();
      case Tag.ARRAY:
        return this.#array();
      case Tag.OBJECT:
        return this.#plain();
      case Tag.SHARED:
        return this.#sharedObject();
      case Tag.TYPED_ARRAY:
        return this.#typedArray();
      case Tag.VIEW:
        return this.#arrayView();
      default:
        return this.#rare(tag);
    }
  }

  #rare(tag: number): unknown {
    this.#take(0);
    switch (tag) {
      case Tag.MAP:
        return this.#map();
      case Tag.SET:
        return this.#set();
      case Tag.DATE:
        return this.#remember(new Date(this.#float64()));
      case Tag.REGEXP:
        return this.#regexp();
      case Tag.ARRAY_BUFFER:
        return this.#arrayBuffer();
      case Tag.BOXED:
        return this.#boxed();
      case Tag.ERROR:
        return this.#error();
      case Tag.INSTANCE:
        return this.#instance();
      case Tag.REDUCED:
        return this.#reduced();
      case Tag.MATCH:
        return this.#match();
      case Tag.THROWN:
        return this.#thrown();
      default:
        throw this.#corrupt(`byte ${tag} is not a tag`);
    }
  }

  // Checks

  /** Makes the error for a message that is damaged, which the caller throws. */
  #corrupt(why: string, options?: ErrorOptions): CorruptMessageError {
    this.#isCorrupt = true;
    const at = Math.min(this.#position, this.#end) - this.#base;
    return new CorruptMessageError(
      `Cannot read message: ${why}, at byte ${at} of ${this.#end - this.#base}. ` +
        "Check that it comes from this package, in the same version",
      options,
    );
  }

  #endsEarly(): never {
    throw this.#corrupt("it ends too early");
  }

  /** Returns where the next `byteLength` bytes of the stream begin, and moves behind them. */
  #take(byteLength: number): number {
    const at = this.#position;
    if (!(byteLength <= this.#end - at)) this.#endsEarly();
    this.#position = at + byteLength;
    return at;
  }

  /** Returns where a run of numbers of so many bytes begins, and moves behind it. */
  #run(length: number, bytesEach: number): number {
    const start = this.#base + align8(this.#position - this.#base);
    const end = start + length * bytesEach;
    if (end > this.#end) this.#endsEarly();
    this.#position = end;
    return start;
  }

  /** Returns the tag of the next value. */
  #nextTag(allowed: ReadonlySet<number>): number {
    const tag = this.#bytes[this.#take(1)];
    if (!allowed.has(tag)) throw this.#corrupt(`tag ${tag} is in the wrong place`);
    this.#position--;
    return tag;
  }

  #expect(tag: number): void {
    if (this.#bytes[this.#take(1)] !== tag) throw this.#corrupt(`tag ${tag} is missing`);
  }

  /** Begins to read the parts of an object. */
  #enter(): void {
    if (++this.#depth > this.#checkedDepth) this.#checkDepth();
  }

  /** Checks that the next levels are allowed, and that the stack has room for them. */
  #checkDepth(): void {
    if (this.#depth > MAX_DEPTH) throw this.#corrupt("it is nested too deeply");
    try {
      ensureStack();
    } catch {
      throw new DataCloneError(
        "Cannot read message: it is nested too deeply for what is left of the stack. " +
          "Receive it outside of deep recursion",
      );
    }
    this.#checkedDepth = Math.min(this.#depth + LEVELS_PER_CHECK, MAX_DEPTH);
  }

  #remember<T>(value: T): T {
    this.#seen.push(value);
    return value;
  }

  /** Takes the index of an object that does not exist yet: its parts may refer to it. */
  #reserve(): number {
    return this.#seen.push(INCOMPLETE) - 1;
  }

  #reference(): unknown {
    const value = this.#seen[this.#length()];
    if (value === undefined || value === INCOMPLETE) {
      throw this.#corrupt("it refers to an object that is not in it");
    }
    return value;
  }

  // Primitives

  #length(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Reads a number of parts, each of which takes at least `bytesEach` bytes. */
  #count(bytesEach: number): number {
    const count = this.#length();
    if (count * bytesEach > this.#end - this.#position) this.#endsEarly();
    return count;
  }

  #int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  #float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  #string(): string {
    const tag = this.#bytes[this.#take(1)];
    if (tag < Tag.SHORT_STRING || tag > Tag.UTF16_STRING) {
      throw this.#corrupt(`tag ${tag} is not a string`);
    }
    return this.#stringOf(tag);
  }

  #stringOf(tag: number): string {
    if (tag === Tag.SHORT_STRING) {
      const length = this.#bytes[this.#position++];
      const start = this.#take(length);
      let text = "";
      for (let at = 0; at < length; at++) {
        text += String.fromCharCode(this.#bytes[start + at]);
      }
      return text;
    }
    const length = this.#length();
    if (tag === Tag.UTF8_STRING) {
      const start = this.#take(length);
      return textDecoder.decode(this.#bytes.subarray(start, start + length));
    }
    const start = this.#take(length * 2);
    let text = "";
    for (let at = 0; at < length; at++) {
      text += String.fromCharCode(this.#view.getUint16(start + at * 2, true));
    }
    return text;
  }

  #bigint(): bigint {
    const digits = this.#string();
    try {
      return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
    } catch (cause) {
      throw this.#corrupt("its digits are not a bigint", { cause });
    }
  }

  #boxed(): object {
    this.#nextTag(BOXED_TAGS);
    return this.#remember(Object(this.value()));
  }

  #regexp(): RegExp {
    const [source, flags] = [this.#string(), this.#string()];
    try {
      return this.#remember(new RegExp(source, flags));
    } catch (cause) {
      throw this.#corrupt("its text is not a RegExp", { cause });
    }
  }

  // Arrays

  #numbers(): number[] {
    const length = this.#length();
    const start = this.#run(length, 8) / 8;
    const floats = this.#floats;
    const array: number[] = new Array(length);
    for (let at = 0; at < length; at++) array[at] = floats[start + at];
    return this.#remember(array);
  }

  /** As `#numbers`, in a loop of its own so that the elements stay small integers. */
  #integers(): number[] {
    const length = this.#length();
    const start = this.#run(length, 4) / 4;
    const words = this.#words;
    const array: number[] = new Array(length);
    for (let at = 0; at < length; at++) array[at] = words[start + at];
    return this.#remember(array);
  }

  #array(): unknown[] {
    const length = this.#length();
    let array: unknown[];
    if (length <= this.#room) {
      this.#room -= length;
      array = new Array(length);
    } else { // of holes, for the most part
      array = sparseArray(length);
    }
    this.#remember(array);
    this.#elements(array, 0, length);
    return array;
  }

  #elements(target: unknown[], start: number, length: number): void {
    this.#enter();
    for (let at = 0; at < length; at++) {
      if (this.#bytes[this.#position] === Tag.HOLES) at += this.#holes(length - at) - 1;
      else target[start + at] = this.value();
    }
    this.#depth--;
  }

  /** Reads the length of a run of at most `most` absent elements. */
  #holes(most: number): number {
    this.#take(1);
    const run = this.#length();
    if (run === 0 || run > most) throw this.#corrupt("it has too many items");
    return run;
  }

  #match(): unknown[] {
    this.#expect(Tag.ARRAY);
    return this.#properties(this.#array());
  }

  // Objects

  #plain(): object {
    const object = this.#remember({});
    const keys = this.#shape();
    this.#enter();
    for (let at = 0; at < keys.length; at++) setOwn(object, keys[at], this.value());
    this.#depth--;
    return object;
  }

  /** Reads own properties of an object that has a class, which may have setters of these names. */
  #own<T extends object>(object: T): T {
    const keys = this.#shape();
    this.#enter();
    for (const key of keys) {
      if (!defineOwn(object, key, this.value())) throw this.#corrupt("a property is not possible");
    }
    this.#depth--;
    return object;
  }

  /** Reads own properties behind the content of an object. */
  #properties<T extends object>(object: T): T {
    this.#expect(Tag.PROPERTIES);
    return this.#own(object);
  }

  #shape(): string[] {
    const shape = this.#int32();
    if (shape >= 0) {
      const known = this.#shapes[shape];
      if (known === undefined) throw this.#corrupt("it refers to keys that are not in it");
      return known;
    }
    const keys: string[] = [];
    for (let count = -1 - shape; count > 0; count--) keys.push(this.#string());
    this.#shapes.push(keys);
    return keys;
  }

  #map(): Map<unknown, unknown> {
    const map = this.#remember(new Map());
    const count = this.#count(2);
    this.#enter();
    for (let left = count; left > 0; left--) map.set(this.value(), this.value());
    this.#depth--;
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#remember(new Set());
    const count = this.#count(1);
    this.#enter();
    for (let left = count; left > 0; left--) set.add(this.value());
    this.#depth--;
    return set;
  }

  #error(): Error {
    const index = this.#reserve();
    this.#expect(Tag.OBJECT);
    const keys = this.#shape();
    this.#enter();
    const parts: Record<string, unknown> = Object.create(null);
    for (const key of keys) {
      parts[key] = this.value();
      if (key === "message" && hasNames(parts)) {
        this.#seen[index] = emptyError(parts.class, parts.name, parts.message);
      }
    }
    this.#depth--;
    const error = this.#seen[index];
    if (error === INCOMPLETE || !isErrorParts(parts)) throw this.#corrupt("an error lacks parts");
    return errorFrom(parts, error);
  }

  #thrown(): unknown {
    const index = this.#reserve();
    this.#enter();
    const value = this.value();
    this.#depth--;
    return this.#seen[index] = value;
  }

  #instance(): object {
    const definition = this.#function();
    const prototype = definition === undefined
      ? undefined
      : (definition as { prototype?: unknown }).prototype;
    if (prototype !== undefined ? !isObject(prototype) : definition !== undefined) {
      throw this.#corrupt("an address is not of a class");
    }
    const tag = this.#nextTag(CONTENT_TAGS);
    if (tag === Tag.OBJECT) {
      this.#take(1);
      return this.#own(this.#remember(prototype === undefined ? {} : Object.create(prototype)));
    }
    const value = this.value() as object;
    if (tag !== Tag.ERROR) this.#properties(value);
    return prototype === undefined ? value : Object.setPrototypeOf(value, prototype);
  }

  #reduced(): unknown {
    const index = this.#reserve();
    const revive = this.#function();
    this.#enter();
    const parts = this.value();
    this.#depth--;
    return this.#seen[index] = revive === undefined ? parts : this.#revive(revive, parts);
  }

  #revive(revive: object, parts: unknown): unknown {
    if (typeof revive !== "function") throw this.#corrupt("an address is not of a function");
    try {
      return revive(parts);
    } catch (cause) {
      if (this.#doesWithout) return parts;
      if (this.#trusted) throw cause;
      throw this.#corrupt("an object cannot be made of its parts", { cause });
    }
  }

  /** Returns the function at the address that follows; `undefined` if it may be done without. */
  #function(): object | undefined {
    const address = this.#int32();
    if (!isDefinition(address) || !this.#mayName(address)) {
      throw this.#corrupt("an address is not of a function");
    }
    const fn = functionAt(address);
    if (fn === undefined && !this.#doesWithout) throw new NeedsImport(address);
    return fn;
  }

  #mayName(address: number): boolean {
    return this.#trusted || this.#allowed.has(address);
  }

  #sharedObject(): object {
    return this.#remember(handleFor(this.#sharedAddress()));
  }

  #sharedAddress(): number {
    const address = this.#int32();
    if (!isSharedObject(address) || !this.#mayName(address)) {
      throw this.#corrupt("an address is not of a shared object");
    }
    this.#shared.push(address);
    return address;
  }

  // Buffers

  /** Returns where the next attachment begins, in bytes of the source. */
  #attachment(byteLength: number): number {
    const start = this.#nextAttachment;
    if (byteLength > this.#limit - start) this.#endsEarly();
    this.#nextAttachment = start + align8(byteLength);
    return start;
  }

  #arrayBuffer(): ArrayBuffer {
    const byteLength = this.#length();
    const limit = this.#float64();
    const contents = byteLength === 0
      ? new Uint8Array(0)
      : new Uint8Array(this.#bytes.buffer, this.#attachment(byteLength), byteLength);
    if (limit === 0) return this.#remember(new Uint8Array(contents).buffer);
    const buffer = this.#resizable(byteLength, limit - 1);
    new Uint8Array(buffer).set(contents);
    return this.#remember(buffer);
  }

  #resizable(byteLength: number, maxByteLength: number): ArrayBuffer {
    if (!this.#trusted) {
      this.#reservable -= Math.max(maxByteLength, MIN_RESERVED_BYTES);
      if (!(this.#reservable >= 0)) throw this.#corrupt("its buffers are too large");
    }
    try {
      return new ArrayBuffer(byteLength, { maxByteLength });
    } catch (cause) {
      throw this.#corrupt("a buffer is too large", { cause });
    }
  }

  #typedArray(): ArrayBufferView {
    const viewClass = this.#viewClass() as typeof Float64Array;
    const length = this.#length();
    if (viewClass as unknown === DataView) throw this.#corrupt("a DataView has no buffer");
    if (length === 0) return this.#remember(new viewClass(0));
    const start = this.#attachment(length * viewClass.BYTES_PER_ELEMENT);
    // A typed array of a typed array is a copy, the fastest one there is.
    return this.#remember(new viewClass(new viewClass(this.#bytes.buffer, start, length)));
  }

  #arrayView(): ArrayBufferView {
    const index = this.#reserve();
    const viewClass = this.#viewClass() as typeof Uint8Array;
    const byteOffset = this.#float64();
    const length = this.#float64();
    this.#nextTag(BUFFER_TAGS);
    const buffer = this.value();
    if (!(buffer instanceof ArrayBuffer || buffer instanceof SharedArrayBuffer)) {
      throw this.#corrupt("a view has no buffer");
    }
    try {
      return this.#seen[index] = new viewClass(buffer as ArrayBuffer, byteOffset, length);
    } catch (cause) {
      throw this.#corrupt("a view exceeds its buffer", { cause });
    }
  }

  #viewClass(): typeof viewClasses[number] {
    const viewClass = viewClasses[this.#bytes[this.#take(1)]];
    if (viewClass === undefined) throw this.#corrupt("a typed array is of no known class");
    return viewClass;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Returns an array without elements. No room is made for them. */
function sparseArray(length: number): unknown[] {
  const array: unknown[] = [];
  array[2 ** 32 - 2] = undefined; // makes V8 keep the elements in a hash table
  array.length = length;
  return array;
}

/** Sets a property of a plain object, which has no setters but one. */
function setOwn(object: object, key: string, value: unknown): void {
  if (key === "__proto__") defineOwn(object, key, value);
  else (object as Record<string, unknown>)[key] = value;
}

/** Makes an own property, and returns whether that is possible. */
function defineOwn(object: object, key: string, value: unknown): boolean {
  return Reflect.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
