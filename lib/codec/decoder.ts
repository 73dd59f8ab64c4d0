/**
 * Bytes to values.
 *
 * This file is over 400 lines because its methods share the private fields of one class: decoding is
 * as hot as encoding, and a second class between them would cost a call for each value.
 *
 * @module
 */

import { dataView, f64, i32, u8 } from "../heap/views.ts";
import { handleFor, release } from "../objects/shared_object.ts";
import { emptyError, errorFrom, type ErrorParts } from "./error_parts.ts";
import { functionAt } from "./functions.ts";
import { align8, Tag, viewClasses } from "./tags.ts";

/** Thrown by a decoder that needs the function at `address`, whose module is not imported yet. */
export class NeedsImport {
  /** Created by the decoder. */
  constructor(readonly address: number) {}
}

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads one message.
 *
 * If reading throws {@linkcode NeedsImport}, the message may be read again from its beginning. Its
 * references to shared objects are dropped by {@linkcode Decoder.finish}.
 */
export class Decoder {
  #bytes: Uint8Array = u8;
  #view: DataView = dataView;
  #floats: Float64Array = f64;
  #words: Int32Array = i32;
  /** Where the message begins, in bytes. */
  #base = 0;
  #position = 0;
  #end = 0;
  #nextAttachment = 0;
  // deno-lint-ignore no-explicit-any
  #seen: any[] = [];
  #shapes: string[][] = [];
  readonly #shared: number[] = [];
  /** Whether values are skipped: no function has to be known and nothing is copied. */
  #skips = false;
  #makesHandles = true;

  /** Starts reading from memory of this isolate. The message has no attachments. */
  fromStream(
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    floats: Float64Array,
    words: Int32Array,
    streamBytes: number,
  ): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#floats = floats;
    this.#words = words;
    this.#start(0, streamBytes);
  }

  /** Starts reading a message in the shared heap, whose stream has `streamBytes`. */
  fromHeap(address: number, streamBytes: number): void {
    this.#bytes = u8;
    this.#view = dataView;
    this.#floats = f64;
    this.#words = i32;
    this.#start(address * 4, streamBytes);
  }

  #start(base: number, streamBytes: number): void {
    this.#base = base;
    this.#position = base;
    this.#end = base + streamBytes;
    this.#nextAttachment = base + align8(streamBytes);
    if (this.#seen.length > 0) this.#seen = [];
    if (this.#shapes.length > 0) this.#shapes = [];
    if (this.#shared.length > 0) this.#shared.length = 0;
  }

  /** Drops the references of a message that was read: the isolate has its own now. */
  finish(): void {
    if (this.#shared.length > 0) {
      this.#shared.forEach(release);
      this.#shared.length = 0;
    }
    if (this.#seen.length > 0) this.#seen = [];
  }

  /** Abandons a message that keeps its references, so that it can be read again. */
  leave(): void {
    this.#shared.length = 0;
    this.#seen = [];
  }

  /** Skips the rest of a message that is discarded, and drops its references. */
  skip(): void {
    this.#skipRest(true);
    this.finish();
  }

  /** Returns the addresses of the shared objects in the rest of a message, which keeps its references. */
  sharedObjects(): number[] {
    this.#skipRest(false);
    return this.#shared.splice(0);
  }

  #skipRest(makesHandles: boolean): void {
    this.#skips = true;
    this.#makesHandles = makesHandles;
    try {
      while (this.#position < this.#end) this.value();
    } finally {
      this.#skips = false;
      this.#makesHandles = true;
    }
  }

  /** Reads a number of the header. */
  number(): number {
    return this.value() as number;
  }

  /** Reads a value. */
  value(): unknown {
    const tag = this.#bytes[this.#position++];
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      case Tag.INT8:
        return this.#view.getInt8(this.#position++);
      case Tag.INT32:
        return this.#int32();
      case Tag.FLOAT64:
        return this.#float64();
      case Tag.SHORT_STRING:
      case Tag.UTF8_STRING:
      case Tag.UTF16_STRING:
        return this.#stringOf(tag);
      case Tag.BIGINT:
        return bigintFrom(this.value() as string);
      case Tag.FUNCTION:
        return this.#function();
      case Tag.REFERENCE:
        return this.#seen[this.#length()];
      case Tag.NUMBERS:
        return this.#numbers();
      case Tag.INTEGERS:
        return this.#integers();
      case Tag.ARRAY:
        return this.#array();
      case Tag.OBJECT:
        return this.#plain(this.#remember({}));
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

  /**
   * Reads an array into `target` from `start` on, without creating an array.
   *
   * @returns the length of the array that was read
   */
  itemsInto(target: unknown[], start: number): number {
    const tag = this.#bytes[this.#position++];
    const length = this.#length();
    if (tag === Tag.NUMBERS) {
      const first = (this.#base + align8(this.#position - this.#base)) / 8;
      const floats = this.#floats;
      for (let at = 0; at < length; at++) target[start + at] = floats[first + at];
    } else if (tag === Tag.INTEGERS) {
      const first = (this.#base + align8(this.#position - this.#base)) / 4;
      const words = this.#words;
      for (let at = 0; at < length; at++) target[start + at] = words[first + at];
    } else if (tag === Tag.ARRAY) {
      this.#remember(target); // takes the array's index, so that later references are right
      for (let at = 0; at < length; at++) target[start + at] = this.value();
    } else {
      throw new Error(`Cannot read message: tag ${tag} is not an array`);
    }
    return length;
  }

  #rare(tag: number): unknown {
    switch (tag) {
      case Tag.MAP:
        return this.#map();
      case Tag.SET:
        return this.#set();
      case Tag.DATE:
        return this.#remember(new Date(this.#float64()));
      case Tag.REGEXP:
        return this.#remember(new RegExp(this.value() as string, this.value() as string));
      case Tag.ARRAY_BUFFER:
        return this.#arrayBuffer();
      case Tag.BOXED:
        return this.#remember(Object(this.value()));
      case Tag.ERROR:
        return this.#error();
      case Tag.INSTANCE:
        return this.#instance();
      case Tag.REDUCED:
        return this.#reduced();
      case Tag.MATCH:
        return this.#match();
      default:
        throw new Error(`Cannot read message: byte ${tag} is not a tag`);
    }
  }

  #remember<T>(value: T): T {
    this.#seen.push(value);
    return value;
  }

  #length(): number {
    const value = this.#view.getUint32(this.#position, true);
    this.#position += 4;
    return value;
  }

  #int32(): number {
    const value = this.#view.getInt32(this.#position, true);
    this.#position += 4;
    return value;
  }

  #float64(): number {
    const value = this.#view.getFloat64(this.#position, true);
    this.#position += 8;
    return value;
  }

  #stringOf(tag: number): string {
    if (tag === Tag.SHORT_STRING) {
      const length = this.#bytes[this.#position++];
      let text = "";
      for (let at = 0; at < length; at++) {
        text += String.fromCharCode(this.#bytes[this.#position + at]);
      }
      this.#position += length;
      return text;
    }
    const length = this.#length();
    const start = this.#position;
    if (tag === Tag.UTF8_STRING) {
      this.#position += length;
      return textDecoder.decode(this.#bytes.subarray(start, start + length));
    }
    this.#position += length * 2;
    let text = "";
    for (let at = 0; at < length; at++) {
      text += String.fromCharCode(this.#view.getUint16(start + at * 2, true));
    }
    return text;
  }

  #numbers(): number[] {
    const length = this.#length();
    const start = (this.#base + align8(this.#position - this.#base)) / 8;
    const floats = this.#floats;
    const array: number[] = new Array(length);
    for (let at = 0; at < length; at++) array[at] = floats[start + at];
    this.#position = (start + length) * 8;
    return this.#remember(array);
  }

  /** As `#numbers`, in a loop of its own so that the elements stay small integers. */
  #integers(): number[] {
    const length = this.#length();
    const start = (this.#base + align8(this.#position - this.#base)) / 4;
    const words = this.#words;
    const array: number[] = new Array(length);
    for (let at = 0; at < length; at++) array[at] = words[start + at];
    this.#position = (start + length) * 4;
    return this.#remember(array);
  }

  #array(): unknown[] {
    const length = this.#length();
    const array: unknown[] = this.#remember(new Array(length));
    for (let at = 0; at < length; at++) {
      if (this.#bytes[this.#position] === Tag.HOLES) {
        this.#position++;
        at += this.#length() - 1;
      } else {
        array[at] = this.value();
      }
    }
    return array;
  }

  #match(): unknown[] {
    this.#position++; // Tag.ARRAY
    return this.#plain(this.#array());
  }

  #plain<T extends object>(object: T): T {
    const keys = this.#shape();
    for (let at = 0; at < keys.length; at++) setOwn(object, keys[at], this.value());
    return object;
  }

  #shape(): string[] {
    const shape = this.#int32();
    if (shape >= 0) return this.#shapes[shape];
    const keys: string[] = [];
    for (let count = -1 - shape; count > 0; count--) keys.push(this.value() as string);
    this.#shapes.push(keys);
    return keys;
  }

  #map(): Map<unknown, unknown> {
    const map = this.#remember(new Map());
    for (let count = this.#length(); count > 0; count--) map.set(this.value(), this.value());
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#remember(new Set());
    for (let count = this.#length(); count > 0; count--) set.add(this.value());
    return set;
  }

  #error(): Error {
    // Its parts may refer to it, so its index is reserved before they are read.
    const index = this.#seen.length;
    this.#seen.push(undefined);
    return this.#errorAt(index);
  }

  #errorAt(index: number): Error {
    this.#position++; // Tag.OBJECT
    const keys = this.#shape();
    const parts: Record<string, unknown> = {};
    for (const key of keys) {
      parts[key] = this.value();
      if (key === "message") {
        this.#seen[index] = emptyError(
          parts.class as string,
          parts.name as string,
          parts.message as string,
        );
      }
    }
    return errorFrom(parts as unknown as ErrorParts, this.#seen[index] as Error);
  }

  #instance(): object {
    const { prototype } = this.#function() as { prototype: object };
    const tag = this.#bytes[this.#position];
    if (tag === Tag.OBJECT) {
      this.#position++;
      return this.#plain(this.#remember(Object.create(prototype)));
    }
    const value = this.value() as object;
    if (tag !== Tag.ERROR) this.#plain(value);
    return Object.setPrototypeOf(value, prototype);
  }

  #reduced(): object {
    const index = this.#seen.length;
    this.#seen.push(undefined);
    const revive = this.#function() as (parts: unknown) => object;
    return this.#seen[index] = revive(this.value());
  }

  #function(): object {
    const address = this.#int32();
    if (this.#skips) return Object;
    const fn = functionAt(address);
    if (fn === undefined) throw new NeedsImport(address);
    return fn;
  }

  #sharedObject(): object {
    const address = this.#int32();
    this.#shared.push(address);
    return this.#remember(this.#makesHandles ? handleFor(address) : {});
  }

  /** Returns where the next attachment begins, in bytes of the source. */
  #attachment(byteLength: number): number {
    const start = this.#nextAttachment;
    this.#nextAttachment += align8(byteLength);
    return start;
  }

  #arrayBuffer(): ArrayBuffer {
    const byteLength = this.#length();
    const limit = this.#float64();
    if (this.#skips) return this.#remember(new ArrayBuffer(0));
    const contents = new Uint8Array(this.#bytes.buffer, this.#attachment(byteLength), byteLength);
    if (limit === 0) return this.#remember(new Uint8Array(contents).buffer);
    const buffer = new ArrayBuffer(byteLength, { maxByteLength: limit - 1 });
    new Uint8Array(buffer).set(contents);
    return this.#remember(buffer);
  }

  #typedArray(): ArrayBufferView {
    const viewClass = viewClasses[this.#bytes[this.#position++]] as typeof Float64Array;
    const length = this.#int32();
    if (this.#skips) return this.#remember(new viewClass(0));
    const start = this.#attachment(length * viewClass.BYTES_PER_ELEMENT);
    // A typed array of a typed array is a copy, the fastest one there is.
    return this.#remember(new viewClass(new viewClass(this.#bytes.buffer, start, length)));
  }

  #arrayView(): ArrayBufferView {
    const index = this.#seen.length;
    this.#seen.push(undefined);
    const viewClass = viewClasses[this.#bytes[this.#position++]] as typeof Uint8Array;
    const byteOffset = this.#float64();
    const length = this.#float64();
    const buffer = this.value() as ArrayBuffer;
    const view = this.#skips ? new Uint8Array(0) : new viewClass(buffer, byteOffset, length);
    this.#seen[index] = view;
    return view;
  }
}

function bigintFrom(digits: string): bigint {
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function setOwn(object: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    (object as Record<string, unknown>)[key] = value;
  }
}
