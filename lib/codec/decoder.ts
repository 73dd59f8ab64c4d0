/**
 * Bytes to values.
 *
 * Everything in a message is checked before it is believed: lengths against the bytes that are left, tags,
 * indices, addresses, and the depth. So damaged or hostile bytes give a value or a `CorruptMessageError`:
 * nothing outside of the message is read, no room is made for more than the message can contain, and
 * nothing of the program is changed.
 *
 * This file is over 400 lines because its methods share the private fields of one class: decoding is
 * as hot as encoding, and another object between them would cost a call for each value.
 *
 * @module
 */

import { DataCloneError } from "../errors.ts";
import { handleFor } from "../objects/shared_object.ts";
import { type DefinitionAddress, isDefinition } from "./definition.ts";
import { emptyError, errorFrom, hasNames, isErrorParts } from "./error_parts.ts";
import { functionAt, importFunction } from "./functions.ts";
import { MessageReader } from "./message_reader.ts";
import { MAX_DEPTH, Tag, viewClasses } from "./tags.ts";
import { ensureStackForError } from "../heap/stack.ts";

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

/**
 * How many levels are read between two checks of the stack. A level takes up to 400 bytes, so they fit
 * into what `ensureStack` checks for; callers have done so for the first.
 */
const LEVELS_PER_CHECK = 32;

/** Placeholder of an object that is being read and does not exist yet. */
const INCOMPLETE = Symbol("incomplete");

/** First bytes of arrays. */
const ARRAY_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.ARRAY, Tag.NUMBERS, Tag.INTEGERS, Tag.STRINGS],
]);
/** First bytes of what may be the content of an instance of a class that extends a built-in class. */
const CONTENT_TAGS: ReadonlySet<number> = new Set([
  ...[
    Tag.OBJECT,
    Tag.ARRAY,
    Tag.NUMBERS,
    Tag.INTEGERS,
    Tag.STRINGS,
    Tag.MATCH,
    Tag.MAP,
    Tag.SET,
    Tag.DATE,
  ],
  ...[Tag.REGEXP, Tag.ARRAY_BUFFER, Tag.TYPED_ARRAY, Tag.VIEW, Tag.BOXED, Tag.ERROR],
]);
/** First bytes of what may be in a boxed primitive. */
const BOXED_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.TRUE, Tag.FALSE, Tag.INT8, Tag.INT32, Tag.FLOAT64, Tag.BIGINT],
  ...[Tag.SHORT_STRING, Tag.UTF8_STRING, Tag.TEXT, Tag.TEXT_PIECE],
]);
/** First bytes of what may be the buffer of a view. */
const BUFFER_TAGS: ReadonlySet<number> = new Set([
  ...[Tag.ARRAY_BUFFER, Tag.SHARED, Tag.REFERENCE, Tag.INSTANCE],
]);

/** Address space that the resizable buffers of a message from elsewhere may reserve together. */
const MAX_RESERVED_BYTES = 2 ** 30;
/** What a resizable buffer reserves at least. */
const MIN_RESERVED_BYTES = 2 ** 20;

/**
 * Checks that the stack has room to read the parts of an object.
 *
 * @throws {DataCloneError} if too little of the stack is left for it
 */
export function ensureStackToRead(): void {
  try {
    ensureStackForError();
  } catch {
    throw new DataCloneError(
      "Cannot read message: it is nested too deeply for what is left of the stack. " +
        "Receive it outside of deep recursion",
    );
  }
}

/**
 * Reads one message.
 *
 * If reading throws {@linkcode NeedsImport}, the message may be read again from its beginning.
 */
export class Decoder extends MessageReader {
  /** The objects that have been read, by number. */
  // deno-lint-ignore no-explicit-any
  #seen: any[] = [];
  /** Number of objects that are being read, one inside the other. */
  #depth = 0;
  /** Number of levels for which the stack has room. */
  #checkedDepth = LEVELS_PER_CHECK;
  /** Number of elements of arrays for which room may still be made: each takes a byte of the stream. */
  #room = 0;
  /** Address space that resizable buffers may still reserve, if the message is not trusted. */
  #reservable = MAX_RESERVED_BYTES;
  /** Whether values whose functions are not imported are read without them. */
  #doesWithout = false;
  /** Definitions that could not be imported, and why. */
  readonly #failedImports = new Map<number, unknown>();
  /** Whether what was thrown is being read. It does without functions that could not be imported. */
  #isThrown = false;

  protected override start(base: number, streamBytes: number, totalBytes?: number): void {
    super.start(base, streamBytes, totalBytes);
    this.#room = streamBytes;
    this.#depth = 0;
    this.#checkedDepth = LEVELS_PER_CHECK;
    this.#reservable = MAX_RESERVED_BYTES;
    this.#isThrown = false;
    if (this.#seen.length > 0) this.#seen = [];
  }

  override finish(): void {
    super.finish();
    if (this.#seen.length > 0) this.#seen = [];
  }

  override leave(): void {
    super.leave();
    this.#seen = [];
  }

  /**
   * Reads a number of the header.
   *
   * @throws {CorruptMessageError} if the message is damaged
   */
  number(): number {
    const value = this.value();
    if (typeof value !== "number") throw this.corrupt("its header is not a number");
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
   * Reads with `read`, which starts this decoder from the beginning, and imports the modules that it needs.
   * What was thrown is read without the functions that cannot be imported.
   *
   * @throws {TaskLookupError} if something else needs such a function
   * @throws what `read` throws
   */
  async importing<T>(read: () => T): Promise<T> {
    this.#failedImports.clear();
    for (;;) {
      let needed: number;
      try {
        return read();
      } catch (error) {
        if (!(error instanceof NeedsImport)) throw error;
        needed = error.address;
      }
      if (this.#failedImports.has(needed)) throw this.#failedImports.get(needed);
      try {
        await importFunction(needed);
      } catch (failure) {
        this.#failedImports.set(needed, failure);
      }
    }
  }

  /**
   * Reads an array of `length` items into `target` from `start` on, without creating an array.
   *
   * @throws as {@linkcode value}, also if the array has another length
   */
  itemsInto(target: unknown[], start: number, length: number): void {
    const tag = this.nextTag(ARRAY_TAGS);
    this.take(1);
    const found = this.length();
    if (found !== length) throw this.corrupt(`it has ${found} items, and should have ${length}`);
    if (tag === Tag.NUMBERS) {
      const first = this.run(length, 8) / 8;
      const floats = this.floats;
      for (let at = 0; at < length; at++) target[start + at] = floats[first + at];
    } else if (tag === Tag.INTEGERS) {
      const first = this.run(length, 4) / 4;
      const words = this.words;
      for (let at = 0; at < length; at++) target[start + at] = words[first + at];
    } else if (tag === Tag.STRINGS) {
      this.stringsInto(target, start, length);
    } else {
      this.#remember(target); // takes the array's index, so that later references are right
      this.#elements(target, start, length);
    }
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
    const tag = this.bytes[this.position++];
    switch (tag) {
      case Tag.UNDEFINED:
        this.take(0);
        return undefined;
      case Tag.NULL:
        this.take(0);
        return null;
      case Tag.TRUE:
        this.take(0);
        return true;
      case Tag.FALSE:
        this.take(0);
        return false;
      case Tag.INT8:
        return this.view.getInt8(this.take(1));
      case Tag.INT32:
        return this.int32();
      case Tag.FLOAT64:
        return this.float64();
      case Tag.SHORT_STRING:
      case Tag.UTF8_STRING:
      case Tag.TEXT:
      case Tag.TEXT_PIECE:
        return this.stringOf(tag);
      case Tag.BIGINT:
        return this.bigint();
      case Tag.FUNCTION:
        return this.#function();
      case Tag.REFERENCE:
        return this.#reference();
      case Tag.NUMBERS:
        return this.#numbers();
      case Tag.INTEGERS:
        return this.#integers();
      case Tag.STRINGS:
        return this.#strings();
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
    this.take(0);
    switch (tag) {
      case Tag.MAP:
        return this.#map();
      case Tag.SET:
        return this.#set();
      case Tag.DATE:
        return this.#remember(new Date(this.float64()));
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
        throw this.corrupt(`byte ${tag} is not a tag`);
    }
  }

  /** Begins to read the parts of an object. */
  #enter(): void {
    if (++this.#depth > this.#checkedDepth) this.#checkDepth();
  }

  /** Checks that the next levels are allowed, and that the stack has room for them. */
  #checkDepth(): void {
    if (this.#depth > MAX_DEPTH) throw this.corrupt("it is nested too deeply");
    ensureStackToRead();
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
    const value = this.#seen[this.length()];
    if (value === undefined || value === INCOMPLETE) {
      throw this.corrupt("it refers to an object that is not in it");
    }
    return value;
  }

  #boxed(): object {
    this.nextTag(BOXED_TAGS);
    return this.#remember(Object(this.value()));
  }

  #regexp(): RegExp {
    const [source, flags] = [this.string(), this.string()];
    try {
      return this.#remember(new RegExp(source, flags));
    } catch (cause) {
      throw this.corrupt("its text is not a RegExp", { cause });
    }
  }

  // Arrays

  #numbers(): number[] {
    const length = this.length();
    const start = this.run(length, 8) / 8;
    const floats = this.floats;
    const array: number[] = new Array(length);
    for (let at = 0; at < length; at++) array[at] = floats[start + at];
    return this.#remember(array);
  }

  /** As `#numbers`, in a loop of its own so that the elements stay small integers. */
  #integers(): number[] {
    const length = this.length();
    const start = this.run(length, 4) / 4;
    const words = this.words;
    const array: number[] = new Array(length);
    for (let at = 0; at < length; at++) array[at] = words[start + at];
    return this.#remember(array);
  }

  #strings(): string[] {
    const length = this.count(4);
    const array: string[] = new Array(length);
    this.stringsInto(array, 0, length);
    return this.#remember(array);
  }

  #array(): unknown[] {
    const length = this.length();
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
      if (this.bytes[this.position] === Tag.HOLES) at += this.#holes(length - at) - 1;
      else target[start + at] = this.value();
    }
    this.#depth--;
  }

  /** Reads the length of a run of at most `most` absent elements. */
  #holes(most: number): number {
    this.take(1);
    const run = this.length();
    if (run === 0 || run > most) throw this.corrupt("it has too many items");
    return run;
  }

  #match(): unknown[] {
    this.expect(Tag.ARRAY);
    return this.#properties(this.#array());
  }

  // Objects

  #plain(): object {
    const object = this.#remember({});
    const keys = this.shape();
    this.#enter();
    for (let at = 0; at < keys.length; at++) setOwn(object, keys[at], this.value());
    this.#depth--;
    return object;
  }

  /** Reads own properties of an object that has a class, which may have setters of these names. */
  #own<T extends object>(object: T): T {
    const keys = this.shape();
    this.#enter();
    for (const key of keys) {
      if (!defineOwn(object, key, this.value())) throw this.corrupt("a property is not possible");
    }
    this.#depth--;
    return object;
  }

  /** Reads own properties behind the content of an object. */
  #properties<T extends object>(object: T): T {
    this.expect(Tag.PROPERTIES);
    return this.#own(object);
  }

  #map(): Map<unknown, unknown> {
    const map = this.#remember(new Map());
    const count = this.count(2);
    this.#enter();
    for (let left = count; left > 0; left--) map.set(this.value(), this.value());
    this.#depth--;
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#remember(new Set());
    const count = this.count(1);
    this.#enter();
    for (let left = count; left > 0; left--) set.add(this.value());
    this.#depth--;
    return set;
  }

  #error(): Error {
    const index = this.#reserve();
    this.expect(Tag.OBJECT);
    const keys = this.shape();
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
    if (error === INCOMPLETE || !isErrorParts(parts)) throw this.corrupt("an error lacks parts");
    return errorFrom(parts, error);
  }

  #thrown(): unknown {
    const index = this.#reserve();
    this.#enter();
    const outer = this.#isThrown;
    this.#isThrown = true;
    const value = this.value();
    this.#isThrown = outer;
    this.#depth--;
    return this.#seen[index] = value;
  }

  #instance(): object {
    const definition = this.#function();
    const prototype = definition === undefined
      ? undefined
      : (definition as { prototype?: unknown }).prototype;
    if (prototype !== undefined ? !isObject(prototype) : definition !== undefined) {
      throw this.corrupt("an address is not of a class");
    }
    const tag = this.nextTag(CONTENT_TAGS);
    if (tag === Tag.OBJECT) {
      this.take(1);
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
    if (typeof revive !== "function") throw this.corrupt("an address is not of a function");
    try {
      return revive(parts);
    } catch (cause) {
      if (this.#doesWithout) return parts;
      if (this.trusted && !isClass(revive)) throw cause;
      throw this.corrupt("an object cannot be made of its parts", { cause });
    }
  }

  /**
   * Reads the address of a definition, which `MessageWriter.definition()` wrote.
   *
   * @throws {CorruptMessageError} if the message is damaged
   */
  definition(): DefinitionAddress {
    this.expect(Tag.FUNCTION);
    return this.#definition();
  }

  #definition(): DefinitionAddress {
    const address = this.int32();
    if (!isDefinition(address) || !this.mayName(address)) {
      throw this.corrupt("an address is not of a function");
    }
    return address;
  }

  /** Returns the function at the address that follows; `undefined` if it may be done without. */
  #function(): object | undefined {
    const address = this.#definition();
    const fn = functionAt(address);
    if (fn === undefined && !this.#mayLack(address)) throw new NeedsImport(address);
    return fn;
  }

  #mayLack(address: number): boolean {
    return this.#doesWithout || (this.#isThrown && this.#failedImports.has(address));
  }

  #sharedObject(): object {
    const address = this.sharedAddress();
    let handle: object | undefined;
    try {
      handle = handleFor(address);
    } catch (error) {
      if (!(error instanceof NeedsImport && this.#mayLack(error.address))) throw error;
    }
    return this.#remember(handle as object);
  }

  #arrayBuffer(): ArrayBuffer {
    const byteLength = this.length();
    const limit = this.float64();
    const contents = byteLength === 0
      ? new Uint8Array(0)
      : new Uint8Array(this.bytes.buffer, this.attachment(byteLength), byteLength);
    if (limit === 0) return this.#remember(new Uint8Array(contents).buffer);
    const buffer = this.#resizable(byteLength, limit - 1);
    new Uint8Array(buffer).set(contents);
    return this.#remember(buffer);
  }

  #resizable(byteLength: number, maxByteLength: number): ArrayBuffer {
    if (!this.trusted) {
      this.#reservable -= Math.max(maxByteLength, MIN_RESERVED_BYTES);
      if (!(this.#reservable >= 0)) throw this.corrupt("its buffers are too large");
    }
    try {
      return new ArrayBuffer(byteLength, { maxByteLength });
    } catch (cause) {
      throw this.corrupt("a buffer is too large", { cause });
    }
  }

  #typedArray(): ArrayBufferView {
    const viewClass = this.#viewClass() as typeof Float64Array;
    const length = this.length();
    if (viewClass as unknown === DataView) throw this.corrupt("a DataView has no buffer");
    if (length === 0) return this.#remember(new viewClass(0));
    const start = this.attachment(length * viewClass.BYTES_PER_ELEMENT);
    // A typed array of a typed array is a copy, the fastest one there is.
    return this.#remember(new viewClass(new viewClass(this.bytes.buffer, start, length)));
  }

  #arrayView(): ArrayBufferView {
    const index = this.#reserve();
    const viewClass = this.#viewClass() as typeof Uint8Array;
    const byteOffset = this.float64();
    const length = this.float64();
    this.nextTag(BUFFER_TAGS);
    const buffer = this.value();
    if (!(buffer instanceof ArrayBuffer || buffer instanceof SharedArrayBuffer)) {
      throw this.corrupt("a view has no buffer");
    }
    try {
      return this.#seen[index] = new viewClass(buffer as ArrayBuffer, byteOffset, length);
    } catch (cause) {
      throw this.corrupt("a view exceeds its buffer", { cause });
    }
  }

  #viewClass(): typeof viewClasses[number] {
    const viewClass = viewClasses[this.bytes[this.take(1)]];
    if (viewClass === undefined) throw this.corrupt("a typed array is of no known class");
    return viewClass;
  }
}

/** Returns whether a function is a class, which is never registered to make objects of parts. */
function isClass(fn: object): boolean {
  return Function.prototype.toString.call(fn).startsWith("class");
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
  const property = { value, writable: true, enumerable: true, configurable: true };
  try {
    return Reflect.defineProperty(object, key, property);
  } catch {
    return false; // no number that the length of an array can be
  }
}
