/**
 * A list of fixed length in a named block of shared memory.
 *
 * The block begins with the number of items and, for each item and the end, where its slot is, in
 * bytes. A slot is a byte that says what is in it, four bytes of length, and the room that the first
 * item took, at least 8 bytes.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { task } from "../codec/task.ts";
import { registerReducer } from "../codec/reducers.ts";
import { SharedMemory } from "./shared_memory.ts";

/** What an item of a {@linkcode ShareableList} can be. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;

const Kind = { NULL: 0, FALSE: 1, TRUE: 2, NUMBER: 3, BIGINT: 4, STRING: 5, BYTES: 6 } as const;

const SLOT_HEADER = 5;
const LEAST_ROOM = 8;

/**
 * A list of fixed length in shared memory, whose items can be changed.
 *
 * - An item is a number, a bigint of 64 bits, a boolean, a string, bytes or null, and may be replaced
 *   by one of another type, if that has room where the first one was.
 * - It may be sent anywhere, or attached by the name of its memory.
 * - There is no lock in it, as in Python: who changes items that others read needs one.
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
  /** The memory that it lies in. */
  readonly shm: SharedMemory;
  private readonly view: DataView<SharedArrayBuffer>;

  /**
   * Makes a list, or attaches the one in the memory with the name.
   *
   * @param sequence the items; `undefined` to attach
   * @param options `name`: the name of its memory
   * @throws {TypeError} if an item is of another type, or there is neither a sequence nor a name
   * @throws {Deno.errors.AlreadyExists} if it is to be made and the name is taken
   * @throws {Deno.errors.NotFound} if it is to be attached and there is none
   */
  constructor(sequence?: Iterable<ShareableItem>, options: { name?: string } = {}) {
    checkOptions("make list", options, { name: true });
    const { name } = options;
    if (sequence === undefined) {
      if (name === undefined) {
        throw new TypeError("Cannot make list: give its items, or the name of one to attach");
      }
      this.shm = new SharedMemory({ name });
      this.view = new DataView(this.shm.buffer);
      return;
    }
    const items = [...sequence];
    const starts = [4 * (items.length + 2)];
    for (const [at, item] of items.entries()) {
      const room = Math.max(roomFor(item, `item ${at}`), LEAST_ROOM);
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
   * The item at an index; a negative one counts from the end.
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
        return new TextDecoder().decode(new Uint8Array(this.view.buffer, from, length).slice());
      default:
        return new Uint8Array(new Uint8Array(this.view.buffer, from, length));
    }
  }

  /**
   * Replaces an item.
   *
   * @throws {RangeError} if there is none at the index, or the new one has no room
   * @throws {TypeError} if it is of a type that cannot be an item
   */
  set(index: number, item: ShareableItem): void {
    const { start, room } = this.slot(index);
    const needed = roomFor(item, "item");
    if (needed > room) {
      throw new RangeError(
        `Cannot set item ${index}: it takes ${needed} bytes and has room for ${room}, as much as ` +
          "the first item there took",
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
   * The index of the first item that equals `value`.
   *
   * @throws {RangeError} if there is none
   */
  index(value: ShareableItem): number {
    const found = [...this].findIndex((item) => isSame(item, value));
    if (found < 0) throw new RangeError(`Cannot find ${describe(value)}: it is not in the list`);
    return found;
  }

  /** How many items equal `value`. */
  count(value: ShareableItem): number {
    return [...this].filter((item) => isSame(item, value)).length;
  }

  /** A list with the same items in memory of its own. */
  copy(options?: { name?: string }): ShareableList {
    return new ShareableList([...this], options);
  }

  /** The items, one by one. */
  *[Symbol.iterator](): Generator<ShareableItem> {
    for (let at = 0; at < this.length; at++) yield this.get(at);
  }

  /** Where the slot of an item begins, and how many bytes it has room for. */
  private slot(index: number): { start: number; room: number } {
    const { length } = this;
    const at = index < 0 ? index + length : index;
    if (!Number.isInteger(at) || at < 0 || at >= length) {
      throw new RangeError(`Cannot use item ${describe(index)}: the list has ${length} items`);
    }
    const start = this.view.getUint32(4 * (at + 1));
    return { start, room: this.view.getUint32(4 * (at + 2)) - start - SLOT_HEADER };
  }
}

function kindOf(item: ShareableItem): number {
  if (item === null) return Kind.NULL;
  if (typeof item === "boolean") return item ? Kind.TRUE : Kind.FALSE;
  if (typeof item === "number") return Kind.NUMBER;
  if (typeof item === "bigint") return Kind.BIGINT;
  return typeof item === "string" ? Kind.STRING : Kind.BYTES;
}

/** The room that an item takes, in bytes. */
function roomFor(item: unknown, what: string): number {
  if (item === null || typeof item === "boolean") return 0;
  if (typeof item === "number") return 8;
  if (typeof item === "bigint") {
    if (BigInt.asIntN(64, item) === item) return 8;
    throw new RangeError(`Cannot store ${what}: ${item} does not fit into 64 bits`);
  }
  if (typeof item === "string") return new TextEncoder().encode(item).length;
  if (item instanceof Uint8Array) return item.length;
  throw new TypeError(
    `Cannot store ${what}: it must be a number, bigint, boolean, string, Uint8Array or null, not ` +
      typeof item,
  );
}

function isSame(left: ShareableItem, right: ShareableItem): boolean {
  if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array)) {
    return Object.is(left, right);
  }
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

registerReducer({
  is: (value) => value instanceof ShareableList,
  reduce: (list) => ({ shm: list.shm }),
  revive: task(import.meta, ({ shm }: { shm: SharedMemory }) => {
    const list = Object.create(ShareableList.prototype);
    return Object.assign(list, { shm, view: new DataView(shm.buffer) });
  }),
});
