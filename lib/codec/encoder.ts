/**
 * Values to bytes.
 *
 * This file is long on purpose. Encoding is the hottest path of the package, and its methods share the
 * private fields of one class: another object or functions between them would cost a call and a
 * property look-up for each value. Colder code is in other files: `refusals.ts`, `error_parts.ts`,
 * `leniency.ts`, `thrown.ts`, `buffers.ts`, `functions.ts`, `reducers.ts`.
 *
 * @module
 */

import { isErrorOf } from "../arguments/describe.ts";
import { DataCloneError } from "../errors.ts";
import {
  addressOf,
  canCross,
  type Destination,
  goesAsValue,
  hasValueHandles,
} from "../objects/shared_object.ts";
import { ensureStack } from "../heap/stack.ts";
import { bufferAddress } from "./buffers.ts";
import {
  byteLengthOf,
  isDetached,
  isResizable,
  maxByteLengthOf,
  ofDataViews,
  ofTypedArrays,
  typedArrayName,
} from "./buffer_facts.ts";
import { builtinNameOf, classOf, type ErrorParts, errorPartsOf, PART_KEYS } from "./error_parts.ts";
import { functionAddress } from "./functions.ts";
import { Leniency, SPENT } from "./leniency.ts";
import { namespacedClass, namespacedNameOf, temporalParts } from "./namespaced_builtins.ts";
import { MessageWriter, type TextMark } from "./message_writer.ts";
import type { OtherStep, Step } from "./path.ts";
import { reducerFor } from "./reducers.ts";
import {
  located,
  NotCloneable,
  refuseBuiltin,
  refuseImitation,
  refuseOutside,
  refuseUncopyable,
  refuseWebAssembly,
  toDataCloneError,
  tooDeep,
} from "./refusals.ts";
import { MAX_DEPTH, Tag, viewKinds } from "./tags.ts";
import { isRegistered } from "./task.ts";
import { arriving, standIn, Thrown } from "./thrown.ts";

const WHY_DETACHED = "its contents have been transferred";
// A subclass may have its own iterator.
const entriesOf = Map.prototype.entries;
const membersOf = Set.prototype.values;

/** Thrown through the encoder when a second view of a buffer turns up: restart, and send buffers whole. */
const SHARED_VIEWS = Symbol("views share a buffer");

/** Number of objects up to which those that were written are searched one by one. */
const FEW_OBJECTS = 8;
/** Length of an array from which on its elements are compared with each other at once. */
const MANY_ELEMENTS = 32;

/** How much had been written at some time. */
interface Mark {
  readonly position: number;
  readonly text: TextMark;
  readonly attachments: number;
  readonly shared: number;
  readonly seen: number;
  readonly shapes: number;
  readonly viewed: number;
  readonly depth: number;
  readonly leniency: Leniency | undefined;
}

/** Properties of errors that were thrown themselves. */
const THROWN_KEYS = ["cause", "error", "suppressed"];

/**
 * Writes one message. Borrow an encoder with {@linkcode borrowEncoder}, and give it back with
 * {@linkcode returnEncoder}.
 */
export class Encoder extends MessageWriter {
  /** The objects that were written, by index. */
  readonly #seen: object[] = [];
  /** The same, once there are more than a few: searching a few is faster. May lack the last ones. */
  #seenMany: Set<object> | undefined;
  /** Whether the next object is known to be none of those that were written. */
  #isNew = false;
  /** How often an object was searched in those that were written. */
  #searches = 0;
  /** The latest time of the dates that were written by `#laterDate()`. */
  #latest = -Infinity;
  /** The index of the first of them; made longer when an object turns up again. */
  #indices: Map<object, number> | undefined;
  /** Buffers of typed arrays that were written without the rest of their buffer. */
  #viewed: Set<ArrayBufferLike> | undefined;
  /** Whether buffers are written whole, because views share them. */
  #keepBuffersWhole = false;
  /** Number of objects that are being written, one inside the other. */
  #depth = 0;
  /** Where the message is read. Shared objects are refused that cannot be used there. */
  destination: Destination = "heap";
  /** What is left out of the error that is being written, if it must arrive. */
  #leniency: Leniency | undefined;

  /**
   * Writes a value. A message may have several, but only the last may contain objects: `#restart` drops
   * the attachments and references of the earlier ones.
   *
   * @param name what the caller calls the value, for the path in the error
   * @throws {DataCloneError} if it cannot cross
   */
  value(value: unknown, name: string): void {
    const start = this.position;
    const text = this.textMark();
    try {
      this.#write(value);
      if (this.attachments.length > 0) this.#checkAttachments();
    } catch (error) {
      if (error !== SHARED_VIEWS) throw toDataCloneError(error, name);
      this.#restart(start, text);
      this.value(value, name);
    }
  }

  /**
   * Writes the items of an array from `from` to before `to`, as `value(array.slice(from, to))` would.
   *
   * @throws {DataCloneError} if an item cannot cross; the path has its index in the whole array
   */
  items(array: readonly unknown[], from: number, to: number, name: string): void {
    if (typeof array[from] === "number" && this.numbers(array, from, to)) return;
    if (typeof array[from] === "string" && this.strings(array, from, to)) return;
    const start = this.position;
    const text = this.textMark();
    const part = partOf(array, from, to);
    try {
      this.#write(part);
      if (this.attachments.length > 0) this.#checkAttachments();
    } catch (error) {
      if (error !== SHARED_VIEWS) throw toDataCloneError(inWhole(error, from), name);
      this.#restart(start, text);
      this.value(part, name);
    }
  }

  /**
   * Prepares for writing the value at `start` again with whole buffers. Forgets all objects, and drops all
   * attachments and references, also those of earlier values.
   */
  #restart(start: number, text: TextMark): void {
    this.position = start;
    this.textBackTo(text);
    this.attachments.length = 0;
    this.shared.length = 0;
    this.#forget();
    this.#keepBuffersWhole = true;
  }

  override reset(): void {
    super.reset();
    this.destination = "heap";
    this.#forget();
  }

  /** Forgets which objects have been written. */
  #forget(): void {
    if (this.#seen.length > 0) {
      this.#seen.length = 0;
      this.#seenMany = this.#indices = undefined;
      this.#latest = -Infinity;
      this.shapes.length = 0;
      this.#viewed = undefined;
    }
    this.#keepBuffersWhole = false;
    this.#depth = 0;
    this.#leniency = undefined;
  }

  #write(value: unknown): void {
    switch (typeof value) {
      case "number":
        return this.number(value);
      case "string":
        return this.string(value);
      case "boolean":
        return this.byte(value ? Tag.TRUE : Tag.FALSE);
      case "undefined":
        return this.byte(Tag.UNDEFINED);
      case "bigint":
        this.byte(Tag.BIGINT);
        return this.string(value.toString(16));
      case "symbol":
        throw new NotCloneable("a symbol has no meaning outside its isolate");
      case "function":
        return this.#function(value);
    }
    if (value === null) return this.byte(Tag.NULL);
    this.#object(value as object);
  }

  // deno-lint-ignore ban-types
  #function(fn: Function): void {
    let address: number;
    try {
      address = functionAddress(fn as () => unknown);
    } catch (error) {
      if (isErrorOf(error, DataCloneError)) throw new NotCloneable(error.message);
      throw error;
    }
    this.tagAndLength(Tag.FUNCTION, address);
  }

  /** Writes a reference if the object was written before, and returns true; otherwise remembers it. */
  #writeReference(value: object): boolean {
    const seen = this.#seen;
    this.#searches++;
    if (this.#seenMany === undefined) {
      const index = seen.indexOf(value);
      if (index >= 0) {
        this.tagAndLength(Tag.REFERENCE, index);
        return true;
      }
      if (seen.push(value) > FEW_OBJECTS) this.#seenMany = new Set(seen);
      return false;
    }
    for (let at = this.#seenMany.size; at < seen.length; at++) this.#seenMany.add(seen[at]);
    this.#seenMany.add(value);
    if (this.#seenMany.size > seen.length) {
      seen.push(value);
      return false;
    }
    this.tagAndLength(Tag.REFERENCE, this.#indexOf(value));
    return true;
  }

  #indexOf(value: object): number {
    const seen = this.#seen;
    const indices = this.#indices ??= new Map();
    for (let at = indices.size; at < seen.length; at++) indices.set(seen[at], at);
    return indices.get(value)!;
  }

  #object(value: object): void {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Date.prototype && this.#laterDate(value)) return;
    if (this.#isNew && isPlain(prototype)) {
      this.#isNew = false; // what is in it may not be
      this.#seen.push(value);
    } else if (this.#writeReference(value)) return;
    if (hasValueHandles) {
      const address = addressOf(value);
      if (this.#isNamed(address)) return this.#sharedObject(address);
    }
    if (Array.isArray(value)) {
      if (prototype === Array.prototype || !isRegistered(classOf(value) as object)) {
        return this.#array(value);
      }
      return this.#instance(value);
    }
    if (prototype === Object.prototype || prototype === null) return this.#plain(value);
    if (prototype === Date.prototype) {
      const time = timeOf(value);
      if (time !== undefined) return this.#date(time);
    }
    const address = addressOf(value);
    if (this.#isNamed(address)) return this.#sharedObject(address);
    if (isRegistered(classOf(value) as object)) return this.#instance(value);
    this.#byClass(value);
  }

  /** Whether an object is named by its address. */
  #isNamed(address: number | undefined): address is number {
    return address !== undefined &&
      (this.destination === "heap" || !goesAsValue(address, this.destination));
  }

  /** Writes an object by its built-in class, or as an unregistered instance if it has none. */
  #byClass(value: object): void {
    if (ArrayBuffer.isView(value)) return this.#arrayView(value);
    const name = builtinNameOf(value);
    if (name !== undefined) refuseImitation(value, name);
    switch (name) {
      case "Map":
        return this.#map(value as Map<unknown, unknown>);
      case "Set":
        return this.#set(value as Set<unknown>);
      case "Date":
        return this.#date(timeOf(value)!);
      case "RegExp":
        this.byte(Tag.REGEXP);
        this.string((value as RegExp).source);
        return this.string((value as RegExp).flags);
      case "ArrayBuffer":
        return this.#arrayBuffer(value as ArrayBuffer);
      case "SharedArrayBuffer":
        return this.#sharedObject(bufferAddress(value as SharedArrayBuffer));
      case "Error":
        return this.#error(value as Error);
      case "Boolean":
      case "Number":
      case "String":
      case "BigInt":
        this.byte(Tag.BOXED);
        return this.#write(value.valueOf());
      case undefined:
        return this.#unregistered(value);
      default:
        refuseBuiltin(value, name);
    }
  }

  /** Begins to write the parts of an object. */
  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw tooDeep();
  }

  #array(array: unknown[]): void {
    const length = array.length >>> 0; // a Proxy may say anything
    if (typeof array[0] === "number" && this.numbers(array, 0, length)) return;
    // Only matches of a `RegExp` keep keys that are not indices: looking for them in every array would
    // cost more than writing most arrays does.
    const isMatch = "groups" in array;
    if (isMatch) this.byte(Tag.MATCH);
    else if (typeof array[0] === "string" && this.strings(array, 0, length)) return;
    this.tagAndLength(Tag.ARRAY, length);
    this.#enter();
    let at = 0;
    if (this.#leniency !== undefined) {
      for (; at < length && at in array; at++) this.#part(at, () => this.#write(array[at]));
    } else {
      const elements = this.#newElements(array, length);
      const searches = this.#searches;
      try {
        for (; at < length; at++) {
          const element = elements === undefined ? array[at] : elements[at];
          if (element === undefined && !(at in array)) break;
          this.#isNew = elements !== undefined && this.#searches === searches;
          this.#write(element);
        }
      } catch (error) {
        throw located(error, at);
      } finally {
        this.#isNew = false;
      }
    }
    if (at < length) this.#sparse(array, at, length);
    this.#depth--;
    if (isMatch) this.#ownProperties(array);
  }

  /**
   * Returns the elements of a long array of objects that differ from each other and from all that were written.
   * To find that out at once takes a third of the time that it takes to search them one by one. They remain
   * new until an object is searched that is in one of them: it may be a later element.
   */
  #newElements(array: unknown[], length: number): object[] | undefined {
    const seen = this.#seen;
    if (length < MANY_ELEMENTS || length < seen.length) return;
    const elements: object[] = [];
    for (let at = 0; at < length; at++) {
      const element = array[at];
      if (typeof element !== "object" || element === null) return;
      if (at === 0 && !isPlain(Object.getPrototypeOf(element))) return;
      elements.push(element);
    }
    const different = new Set(elements);
    if (different.size < length || seen.some((object) => different.has(object))) return;
    return elements;
  }

  /** Writes the rest of an array from its first hole on. It may be long and nearly empty. */
  #sparse(array: unknown[], from: number, length: number): void {
    let next = from;
    for (const key of Object.keys(array)) { // indices come first, in ascending order
      if (!isIndex(key)) break;
      const at = Number(key);
      if (at < next) continue;
      if (at >= length) break; // added by a getter
      if (at > next) this.tagAndLength(Tag.HOLES, at - next);
      if (this.#leniency !== undefined) {
        this.#part(at, () => this.#write(array[at]));
      } else {
        try {
          this.#write(array[at]);
        } catch (error) {
          throw located(error, at);
        }
      }
      next = at + 1;
    }
    if (next < length) this.tagAndLength(Tag.HOLES, length - next);
  }

  #plain(object: object): void {
    this.byte(Tag.OBJECT);
    this.#properties(object, Object.keys(object));
  }

  /** Writes the properties of an object behind its content. */
  #ownProperties(object: object): void {
    this.byte(Tag.PROPERTIES);
    this.#properties(object, Object.keys(object).filter((key) => !isIndex(key)));
  }

  #properties(object: object, keys: string[]): void {
    this.shape(keys);
    this.#enter();
    if (this.#leniency !== undefined) {
      for (const key of keys) {
        this.#part(key, () => this.#write(Reflect.get(object, key)));
      }
    } else {
      let at = 0;
      try {
        for (; at < keys.length; at++) {
          this.#write((object as Record<string, unknown>)[keys[at]]);
        }
      } catch (error) {
        throw located(error, keys[at]);
      }
    }
    this.#depth--;
  }

  /** Writes an instance of an unregistered class: by its reducer, or as a plain object. */
  #unregistered(value: object): void {
    if (Thrown.is(value)) return this.#thrownValue(value);
    const name = namespacedNameOf(value);
    if (name !== undefined) return this.#namespaced(value, name);
    const reducer = reducerFor(value);
    if (reducer === undefined) {
      refuseUncopyable(value);
      return this.#plain(value);
    }
    this.tagAndLength(Tag.REDUCED, functionAddress(reducer.revive));
    this.#reducedParts(reducer.reduce(value));
  }

  /** Writes what a function makes an object of. It needs all of it. */
  #reducedParts(parts: unknown): void {
    const leniency = this.#leniency;
    this.#leniency = undefined;
    this.#enter();
    this.#write(parts);
    this.#depth--;
    this.#leniency = leniency;
  }

  /** Writes an instance of a class of `WebAssembly` or `Temporal`. */
  #namespaced(value: object, name: string): void {
    if (name.startsWith("Temporal.")) {
      this.tagAndLength(Tag.REDUCED, functionAddress(namespacedClass(name).from));
      return this.#reducedParts(temporalParts(name, value));
    }
    const isShared = value instanceof WebAssembly.Memory &&
      value.buffer instanceof SharedArrayBuffer;
    if (isShared || value instanceof WebAssembly.Module) {
      return this.#sharedObject(bufferAddress(value));
    }
    refuseWebAssembly(name);
  }

  /**
   * Writes an instance of a registered class. If the class extends a built-in class, the contents of that
   * are written too.
   */
  #instance(value: object): void {
    const builtin = builtinNameOf(value);
    if (builtin === "SharedArrayBuffer") return this.#byClass(value); // not copied: it has its class
    this.tagAndLength(Tag.INSTANCE, functionAddress(value.constructor as () => unknown));
    if (builtin === undefined) return this.#plain(value);
    if (builtin === "Error") return this.#error(value as Error);
    if (Array.isArray(value)) this.#array(value);
    else this.#byClass(value);
    this.#ownProperties(value);
  }

  #map(map: Map<unknown, unknown>): void {
    const entries = [...entriesOf.call(map)];
    this.tagAndLength(Tag.MAP, entries.length);
    this.#enter();
    for (const [key, value] of entries) {
      this.#member(key, "key");
      try {
        this.#write(value);
      } catch (error) {
        throw located(error, { kind: "value of", key });
      }
    }
    this.#depth--;
  }

  #set(set: Set<unknown>): void {
    const members = [...membersOf.call(set)];
    this.tagAndLength(Tag.SET, members.length);
    this.#enter();
    for (const member of members) this.#member(member, "member");
    this.#depth--;
  }

  /** Writes a part that is named by itself in a path. */
  #member(part: unknown, kind: OtherStep["kind"]): void {
    try {
      this.#write(part);
    } catch (error) {
      throw located(error, { kind, key: part });
    }
  }

  // Errors

  #error(error: Error): void {
    const outer = this.#leniency;
    const leniency = outer === undefined ? undefined : new Leniency(outer);
    this.#leniency = leniency;
    const parts = errorPartsOf(error, leniency?.omitted);
    this.byte(Tag.ERROR);
    this.byte(Tag.OBJECT);
    this.shape(PART_KEYS);
    this.#enter();
    this.string(parts.class);
    this.string(parts.name);
    this.string(parts.message);
    this.#write(parts.stack);
    this.#errorPart(parts, "cause");
    this.#write(parts.hasCause);
    this.#errorProperties(parts.hidden);
    this.#errorProperties(parts.own);
    this.#leniency = undefined;
    this.#write(leniency?.namesOmitted());
    this.#depth--;
    this.#leniency = outer;
  }

  #errorProperties(properties: Record<string, unknown>): void {
    this.#writeReference(properties);
    this.byte(Tag.OBJECT);
    const keys = Object.keys(properties);
    this.shape(keys);
    this.#enter();
    for (const key of keys) this.#errorPart(properties, key);
    this.#depth--;
  }

  /** Writes a property of an error that has been read. */
  #errorPart(from: ErrorParts | Record<string, unknown>, key: string): void {
    const value: unknown = Reflect.get(from, key);
    if (this.#leniency === undefined) {
      try {
        this.#write(value);
      } catch (error) {
        throw located(error, key);
      }
    } else {
      this.#part(key, () => {
        if (Object(value) === value) this.#leniency!.check();
        if (key === "errors" && Array.isArray(value)) this.#thrownList(value);
        else if (THROWN_KEYS.includes(key)) this.#thrown(value);
        else this.#write(value);
      }, true);
    }
  }

  // Errors that must arrive

  /** Writes what was thrown. The receiver gets it without the wrapper. */
  #thrownValue({ value }: Thrown): void {
    const outer = this.#leniency;
    this.#leniency = new Leniency();
    this.byte(Tag.THROWN);
    this.#enter();
    this.#thrown(arriving(value));
    this.#depth--;
    this.#leniency = outer;
  }

  /** Writes what was thrown; if it cannot cross, an error that says so. */
  #thrown(value: unknown): void {
    const mark = this.#mark();
    try {
      // Only an error has a place for the names of what was left out.
      if (!Error.isError(value)) this.#leniency = undefined;
      this.#write(value);
      this.#leniency = mark.leniency;
    } catch (error) {
      if (error === SHARED_VIEWS || error === SPENT) throw error;
      this.#backTo(mark);
      mark.leniency!.spend();
      this.#write(standIn(value, toDataCloneError(error, "value")));
    }
  }

  #thrownList(list: unknown[]): void {
    if (this.#writeReference(list)) return;
    const length = list.length >>> 0;
    this.tagAndLength(Tag.ARRAY, length);
    this.#enter();
    let at = 0;
    for (; at < length && at in list; at++) this.#part(at, () => this.#thrown(list[at]));
    if (at < length) this.#sparse(list, at, length);
    this.#depth--;
  }

  /**
   * Writes a part of an error that must arrive; if that is impossible, writes `undefined` and notes what
   * is omitted.
   *
   * @param isOwn whether it is a part of the error itself, not of something in it
   */
  #part(step: Step, write: () => void, isOwn = false): void {
    const leniency = this.#leniency!;
    const mark = this.#mark();
    const { steps, omitted } = leniency;
    const [depth, omittedBefore] = [steps.push(step), omitted.length];
    try {
      if (!isOwn) leniency.check();
      write();
    } catch (error) {
      if (error === SHARED_VIEWS || (error === SPENT && !isOwn)) throw error;
      this.#backTo(mark);
      this.byte(Tag.UNDEFINED);
      steps.length = depth;
      omitted.length = omittedBefore; // what is omitted of it
      leniency.omit();
    }
    steps.pop();
  }

  #mark(): Mark {
    return {
      position: this.position,
      text: this.textMark(),
      attachments: this.attachments.length,
      shared: this.shared.length,
      seen: this.#seen.length,
      shapes: this.shapes.length,
      viewed: this.#viewed?.size ?? 0,
      depth: this.#depth,
      leniency: this.#leniency,
    };
  }

  /** Forgets what has been written since the mark. */
  #backTo(mark: Mark): void {
    this.position = mark.position;
    this.textBackTo(mark.text);
    this.attachments.length = mark.attachments;
    this.shared.length = mark.shared;
    this.shapes.length = mark.shapes;
    this.#depth = mark.depth;
    this.#leniency = mark.leniency;
    for (const object of this.#seen.splice(mark.seen)) {
      this.#seenMany?.delete(object);
      this.#indices?.delete(object);
    }
    for (const buffer of [...this.#viewed ?? []].slice(mark.viewed)) this.#viewed!.delete(buffer);
  }

  /**
   * Writes a date and returns true if it is later than those before it, as it is in most series: then it
   * has not been written before, and to look for it among those, which would take longest, is not needed.
   */
  #laterDate(value: object): boolean {
    const time = timeOf(value);
    if (time === undefined || !(time > this.#latest)) return false;
    if (hasValueHandles && addressOf(value) !== undefined) return false;
    this.#latest = time;
    this.#seen.push(value);
    this.#date(time);
    return true;
  }

  #date(time: number): void {
    this.byte(Tag.DATE);
    this.float64(time);
  }

  #sharedObject(address: number): void {
    if (!canCross(address, this.destination)) refuseOutside(address, this.destination);
    this.tagAndLength(Tag.SHARED, address);
    this.shared.push(address);
  }

  #arrayBuffer(buffer: ArrayBuffer): void {
    if (isDetached(buffer)) throw new NotCloneable(WHY_DETACHED);
    this.tagAndLength(Tag.ARRAY_BUFFER, byteLengthOf(buffer));
    this.float64(isResizable(buffer) ? maxByteLengthOf(buffer) + 1 : 0);
    this.#attach(new Uint8Array(buffer));
  }

  #arrayView(view: ArrayBufferView): void {
    const name = typedArrayName(view);
    const of = name === undefined ? ofDataViews : ofTypedArrays;
    const buffer = of.buffer(view);
    const isShared = !(buffer instanceof ArrayBuffer);
    if (!isShared && isDetached(buffer)) throw new NotCloneable(WHY_DETACHED);
    const kind = viewKinds.get(name ?? "DataView")!;
    const whole = this.#keepBuffersWhole || isShared || name === undefined || isResizable(buffer);
    if (!whole) {
      // The only view of its buffer so far: sending the part that it shows is enough.
      this.#viewed ??= new Set();
      if (this.#viewed.has(buffer) || this.#hasSeen(buffer)) throw SHARED_VIEWS;
      this.#viewed.add(buffer);
      this.byte(Tag.TYPED_ARRAY);
      this.byte(kind);
      this.int32(of.length(view));
      this.#attach(new Uint8Array(buffer, of.byteOffset(view), of.byteLength(view)));
      return;
    }
    this.byte(Tag.VIEW);
    this.byte(kind);
    this.float64(of.byteOffset(view));
    this.float64(of.length(view));
    this.#object(buffer);
  }

  #hasSeen(value: object): boolean {
    return this.#seenMany?.has(value) ?? this.#seen.includes(value);
  }

  #attach(bytes: Uint8Array): void {
    if (this.#viewed?.has(bytes.buffer) && this.#hasSeen(bytes.buffer)) throw SHARED_VIEWS;
    const { length } = bytes;
    if (length > 0) this.attachments.push({ bytes, length });
  }

  /** Rejects a message whose getters have transferred or resized a buffer that was written before. */
  #checkAttachments(): void {
    for (const { bytes, length } of this.attachments) {
      if (bytes.length !== length) {
        throw new NotCloneable(
          "a getter has transferred or resized a buffer that was written before",
        );
      }
    }
  }
}

/** Whether objects with this prototype are plain objects or arrays. */
function isPlain(prototype: unknown): boolean {
  return prototype === Object.prototype || prototype === Array.prototype;
}

const getTime = Function.prototype.call.bind(Date.prototype.getTime) as (date: object) => number;

/** Returns the time of a `Date`; `undefined` if the object only looks like one. */
function timeOf(value: object): number | undefined {
  try {
    return getTime(value);
  } catch {
    return undefined;
  }
}

/** Changes the path of a refusal from a part of an array to the whole. */
function inWhole(error: unknown, from: number): unknown {
  if (NotCloneable.is(error)) {
    const index = error.steps.pop();
    if (index !== undefined) error.steps.push(typeof index === "number" ? index + from : index);
  }
  return error;
}

/** Whether the key is an array index. */
function isIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return String(index) === key && index < 2 ** 32 - 1;
}

/** A numeric typed array, a part of which can be sent without copying it first. */
type NumericArray = { subarray(from: number, to: number): unknown };

/** Returns a part of an array or typed array. */
function partOf(array: readonly unknown[], from: number, to: number): unknown {
  if (ArrayBuffer.isView(array)) return (array as unknown as NumericArray).subarray(from, to);
  return from === 0 && to === array.length ? array : array.slice(from, to);
}

/**
 * Encoders that are not in use. A second one is made only while a getter, called during encoding, sends
 * something itself.
 */
const idle: Encoder[] = [];

/**
 * Borrows an encoder. Give it back with {@linkcode returnEncoder}.
 *
 * @throws {RangeError} if the stack has too little room left for sending the message
 */
export function borrowEncoder(): Encoder {
  ensureStack();
  return idle.pop() ?? new Encoder();
}

/** Gives a borrowed encoder back. */
export function returnEncoder(encoder: Encoder): void {
  encoder.reset();
  idle.push(encoder);
}

/**
 * Encodes one value as a message. Give the encoder back once the message has been copied.
 *
 * @param destination where it is read
 */
export function encode(
  value: unknown,
  name = "value",
  destination: Destination = "heap",
): Encoder {
  const encoder = borrowEncoder();
  encoder.destination = destination;
  try {
    encoder.value(value, name);
  } catch (error) {
    returnEncoder(encoder);
    throw error;
  }
  encoder.finish();
  return encoder;
}
