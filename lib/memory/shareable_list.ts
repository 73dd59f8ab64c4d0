/**
 * A list of fixed length in a named block of shared memory.
 *
 * The block begins with the number of items, and the byte offsets of their slots and of the end. A
 * slot is one byte for the kind of the item, four bytes for its length, and room for the item: as
 * much as the first item in the slot took, and at least 8 bytes.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import {
  checkInteger,
  checkIterable,
  isInstance,
  outOfRange,
  wrongType,
} from "../arguments/values.ts";
import { task } from "../codec/task.ts";
import { registerOwnReducer } from "../codec/reducers.ts";
import { throwIfStopping } from "../parking/wait.ts";
import { SharedMemory } from "./shared_memory.ts";

/** An item of a {@linkcode ShareableList}. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;

const Kind = { NULL: 0, FALSE: 1, TRUE: 2, NUMBER: 3, BIGINT: 4, STRING: 5, BYTES: 6 } as const;

const SLOT_HEADER = 5;
const MIN_ROOM = 8;

/**
 * A list of fixed length in shared memory, whose items can be replaced.
 *
 * - An item is a number, a 64-bit bigint, a boolean, a string, bytes or null. It can be replaced by
 *   an item of another type that fits into the room of the first one.
 * - Can be sent anywhere, or attached by the name of its memory.
 * - It has no lock, as in Python. If one isolate changes items that others read, use a lock.
 *
 * Follows Python's `multiprocessing.shared_memory.ShareableList`.
 *
 * @example Changed by a process
 * ```ts
 * import { Process, ShareableList } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const list = new ShareableList(["howdy", 273.154, 100, true, null]);
 * const process = new Process({
 *   target: (list: ShareableList) => list.set(2, 101),
 *   args: [list],
 * });
 * process.start();
 * await process.join();
 * assertEquals([...list], ["howdy", 273.154, 101, true, null]);
 * list.shm.unlink();
 * ```
 */
export class ShareableList implements Iterable<ShareableItem> {
  /** The memory that contains the list. */
  readonly shm: SharedMemory;
  private readonly view: DataView<SharedArrayBuffer>;

  /**
   * Creates a list, or attaches an existing one by the name of its memory.
   *
   * @param sequence the items of a new list; `undefined` to attach a list
   * @param options `name`: the name of the memory
   * @throws {TypeError} if an item is of an unsupported type, or neither items nor a name are given
   * @throws {RangeError} if a bigint has more than 64 bits, or text has lone surrogates
   * @throws {Deno.errors.AlreadyExists} if a list is to be created and the name is in use
   * @throws {Deno.errors.NotFound} if a list is to be attached and no block has the name
   */
  constructor(sequence?: Iterable<ShareableItem>, options: { name?: string } = {}) {
    checkOptions("make list", options, { name: "string" });
    const { name } = options;
    if (sequence === undefined) {
      if (name === undefined) {
        throw new TypeError(
          "Cannot make list: neither items nor a name were given. Pass the items, or the name of a " +
            "list to attach",
        );
      }
      this.shm = new SharedMemory({ name });
      this.view = new DataView(this.shm.buffer);
      return;
    }
    checkIterable("make list", "sequence", sequence, "For one item write [item]");
    const items = [...sequence];
    const starts = [4 * (items.length + 2)];
    for (const [at, item] of items.entries()) {
      const room = Math.max(roomToStore(item, `sequence[${at}]`), MIN_ROOM);
      starts.push(starts[at] + SLOT_HEADER + room);
    }
    this.shm = new SharedMemory({ create: true, size: starts.at(-1)!, name });
    this.view = new DataView(this.shm.buffer);
    this.view.setUint32(0, items.length);
    starts.forEach((start, at) => this.view.setUint32(4 * (at + 1), start));
    items.forEach((item, at) => this.set(at, item));
  }

  /** Number of items. */
  get length(): number {
    return this.view.getUint32(0);
  }

  /**
   * Returns the item at an index; a negative one counts from the end.
   *
   * @throws {RangeError} if there is none
   */
  get(index: number): ShareableItem {
    const { start } = this.slot(index);
    const from = start + SLOT_HEADER;
    const length = this.view.getUint32(start + 1);
    switch (this.view.getUint8(start)) {
      case Kind.NULL:
        return null;
      case Kind.FALSE:
        return false;
      case Kind.TRUE:
        return true;
      case Kind.NUMBER:
        return this.view.getFloat64(from);
      case Kind.BIGINT:
        return this.view.getBigInt64(from);
      case Kind.STRING:
        return textDecoder.decode(new Uint8Array(this.view.buffer, from, length).slice());
      default:
        return new Uint8Array(new Uint8Array(this.view.buffer, from, length));
    }
  }

  /**
   * Replaces the item at an index; a negative one counts from the end.
   *
   * @throws {RangeError} if there is none, or the new item does not fit into its slot, or is text with lone
   * surrogates
   * @throws {TypeError} if the new item is of an unsupported type
   */
  set(index: number, item: ShareableItem): void {
    const { start, room } = this.slot(index);
    const needed = roomToStore(item, "item");
    if (needed > room) {
      throw new RangeError(
        `Cannot set item ${index}: it takes ${needed} bytes, and its slot has room for ${room}, ` +
          "as many as its first item took",
      );
    }
    const from = start + SLOT_HEADER;
    this.view.setUint32(start + 1, needed);
    this.view.setUint8(start, kindOf(item));
    if (typeof item === "number") this.view.setFloat64(from, item);
    else if (typeof item === "bigint") this.view.setBigInt64(from, item);
    else if (typeof item === "string" || item instanceof Uint8Array) {
      const bytes = typeof item === "string" ? new TextEncoder().encode(item) : item;
      new Uint8Array(this.view.buffer, from, needed).set(bytes);
    }
  }

  /**
   * Returns the index of the first item that equals `value`.
   *
   * @throws {RangeError} if there is none
   */
  index(value: ShareableItem): number {
    roomFor(value, "value");
    const found = [...this].findIndex((item) => isSame(item, value));
    if (found < 0) throw new RangeError(`Cannot find ${describe(value)}: it is not in the list`);
    return found;
  }

  /** Returns the number of items that equal `value`. */
  count(value: ShareableItem): number {
    roomFor(value, "value");
    return [...this].filter((item) => isSame(item, value)).length;
  }

  /** Creates a list with the same items in a new block of memory. */
  copy(options?: { name?: string }): ShareableList {
    return new ShareableList([...this], options);
  }

  /** Iterates over the items. Each is read when the iteration reaches it. */
  *[Symbol.iterator](): Generator<ShareableItem> {
    for (let at = 0; at < this.length; at++) yield this.get(at);
  }

  /** Returns the offset of the slot of an item, and its room in bytes. */
  private slot(index: number): { start: number; room: number } {
    throwIfStopping();
    const { length } = this;
    checkInteger("use item", "index", index);
    const at = index < 0 ? index + length : index;
    if (at < 0 || at >= length) {
      throw new RangeError(`Cannot use item ${describe(index)}: the list has ${length} items`);
    }
    const start = this.view.getUint32(4 * (at + 1));
    return { start, room: this.view.getUint32(4 * (at + 2)) - start - SLOT_HEADER };
  }
}

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

function kindOf(item: ShareableItem): number {
  if (item === null) return Kind.NULL;
  if (typeof item === "boolean") return item ? Kind.TRUE : Kind.FALSE;
  if (typeof item === "number") return Kind.NUMBER;
  if (typeof item === "bigint") return Kind.BIGINT;
  return typeof item === "string" ? Kind.STRING : Kind.BYTES;
}

/** As {@linkcode roomFor}, for an item that will be stored. */
function roomToStore(item: unknown, name: string): number {
  if (typeof item === "string" && !item.isWellFormed()) {
    throw outOfRange(
      "store item",
      name,
      "text without lone surrogates, as it is kept as UTF-8",
      item,
    );
  }
  return roomFor(item, name);
}

/** Returns the number of bytes that an item takes. */
function roomFor(item: unknown, name: string): number {
  if (item === null || typeof item === "boolean") return 0;
  if (typeof item === "number") return 8;
  if (typeof item === "bigint") {
    if (BigInt.asIntN(64, item) === item) return 8;
    throw outOfRange("store item", name, "a bigint of 64 bits", item);
  }
  if (typeof item === "string") return new TextEncoder().encode(item).length;
  if (isInstance(item, Uint8Array)) return item.length;
  const types = "a number, bigint, boolean, string, Uint8Array or null";
  throw wrongType("store item", name, types, item);
}

function isSame(left: ShareableItem, right: ShareableItem): boolean {
  if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array)) {
    return Object.is(left, right);
  }
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

registerOwnReducer({
  is: (value) => value instanceof ShareableList,
  reduce: (list) => ({ shm: list.shm }),
  revive: task(import.meta, ({ shm }: { shm: SharedMemory }) => {
    const list = Object.create(ShareableList.prototype);
    return Object.assign(list, { shm, view: new DataView(shm.buffer) });
  }),
});

showStateOf(ShareableList, (list) => Object.hasOwn(list, "shm") ? [...list] : undefined);
