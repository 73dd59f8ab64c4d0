/**
 * Values that go to each worker once.
 *
 * The message with the value is kept in the shared heap, as a shared object. Other messages name the
 * object. A worker that is sent it for the first time reads the message, and keeps what it has read.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `MESSAGE` | address of the message with the value | the creator |
 *
 * The value is its own handle, in the isolate that made the constant and in those that have read it.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { checkArity } from "../arguments/options.ts";
import { wrongType } from "../arguments/values.ts";
import { Decoder, ensureStackToRead } from "../codec/decoder.ts";
import {
  discardMessage,
  type MessageAddress,
  readMessage,
  sharedObjectsIn,
  storeValue,
} from "../codec/message.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import {
  addressOf,
  createObject,
  defineType,
  expectValueHandles,
  isLentWhenSent,
  type ObjectAddress,
  objectWord,
  registerHandle,
  typeOf,
} from "../objects/shared_object.ts";
import { WorkList } from "../objects/work_list.ts";
import { isObject } from "./frozen.ts";

/** The number of this type among shared objects. */
const TYPE = 24;

const MESSAGE = objectWord.FIRST;
const WORDS = MESSAGE + 1;

/** How many constants a worker keeps, though it may have no task with them now. */
const MAX_KEPT = 8;

/** The constants that this isolate has read last, the last one at the end. */
const kept: object[] = [];

/**
 * Makes a value one that goes to each worker once, however many calls take it: a table, an array or a
 * configuration that each task needs.
 *
 * Returns the value itself. From now on, where it is sent, as an argument, inside an item, through a
 * queue, the message only names it. The first message with it brings a worker a copy, which the worker
 * keeps and gives to its later tasks. If it comes back, it is the value itself.
 *
 * The value is copied once, now: it is deeply frozen, as far as it consists of plain objects and arrays,
 * and so is each copy. The contents of typed arrays, `Map`s and instances of classes cannot be frozen: a
 * later change is not sent, and what a task changes in a copy is seen by later tasks of its worker.
 *
 * With a cluster as the engine of a pool, it goes to the servers once, and from there to each node once.
 *
 * Shared memory holds the copy until no isolate has the value any more. A worker keeps the 8
 * constants that it read last. For numbers that tasks change, or that are too large for a copy in each
 * worker, use {@linkcode sharedArray} or a {@linkcode SharedArray}: workers share its memory.
 *
 * joblib does this for large arrays without being asked, and maps them into memory.
 *
 * @example
 * ```ts
 * import { constant, Pool, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const count = task(import.meta, (word: string, stopWords: string[]) =>
 *   stopWords.includes(word) ? 0 : 1);
 *
 * if (import.meta.main) {
 *   await using pool = new Pool();
 *   const stopWords = constant(["a", "the"]); // imagine a long list
 *   const words = ["the", "cat", "sat"];
 *   const counts = await pool.starmap(count, words.map((word) => [word, stopWords] as const));
 *   assertEquals(counts, [0, 1, 1]);
 * }
 * ```
 *
 * @typeParam T the type of the value
 * @param value an object that can cross; anything that crosses without a copy, such as a queue, is
 * returned as it is
 * @returns the value
 * @throws {TypeError} if the value is not an object, or contains an end of a pipe
 * @throws {DataCloneError} if it cannot cross
 * @throws {MemoryError} if the shared heap is full
 */
export function constant<T extends object>(value: T): T {
  checkArity("make constant", arguments, 1);
  if (typeof value === "function") return value;
  if (!isObject(value)) {
    const advice = "Other values cross as fast as a constant would";
    throw wrongType("make constant", "value", "an object", value, advice);
  }
  if (addressOf(value) !== undefined) return value;
  ensureIsolate();
  const message = storeValue(value, "value");
  let isOwned = false;
  try {
    if (addressOf(value) !== undefined) { // a shared buffer: encoding has made it a shared object
      discardMessage(message);
      return value;
    }
    const lent = sharedObjectsIn(message).find(isLentWhenSent);
    if (lent !== undefined) {
      throw new TypeError(
        "Cannot make constant: it contains an end of a pipe, which belongs to one isolate at a time. " +
          "Send the end by itself",
      );
    }
    freezeDeep(value);
    const address = createObject(TYPE, WORDS);
    i32[address + MESSAGE] = message;
    isOwned = true; // discarded with the object
    becomeHandle(value, address);
  } catch (error) {
    if (!isOwned) discardMessage(message);
    throw error;
  }
  return value;
}

/** Returns the message with the value of a constant; `undefined` if another object is at the address. */
export function messageOfConstant(address: ObjectAddress): MessageAddress | undefined {
  return typeOf(address) === TYPE ? i32[address + MESSAGE] as MessageAddress : undefined;
}

/** Makes a constant of a message with its value, which belongs to the constant from then on. */
export function constantOf(message: MessageAddress): ObjectAddress {
  let address: ObjectAddress;
  try {
    address = createObject(TYPE, WORDS);
  } catch (error) {
    discardMessage(message);
    throw error;
  }
  i32[address + MESSAGE] = message;
  expectValueHandles();
  return address;
}

function becomeHandle(value: object, address: ObjectAddress): void {
  registerHandle(value, address);
  expectValueHandles();
}

/** Freezes plain objects and arrays, also inside of ones that are frozen. Other constants are frozen already. */
function freezeDeep(value: object, seen: Set<object> = new Set()): void {
  if (seen.has(value) || addressOf(value) !== undefined) return;
  seen.add(value);
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return;
  for (const part of partsOf(value)) if (isObject(part)) freezeDeep(part, seen);
  Object.freeze(value);
}

/** Arrays that are longer may be nearly empty. */
const LONG_ARRAY = 2 ** 23;

function partsOf(value: object): readonly unknown[] {
  if (!Array.isArray(value) || value.length > LONG_ARRAY) return Object.values(value);
  return value.some(isObject) ? value : []; // checked first: most are of numbers or strings
}

/** Keeps a constant that was read, and drops the one that was read first of those that are kept. */
function keep(value: object): void {
  if (kept.length >= MAX_KEPT) kept.shift();
  kept.push(value);
}

/** Discards the message of a constant. It may hold the last reference of another one, and so on. */
const discarded = new WorkList<MessageAddress>(discardMessage);

defineType(TYPE, "constant", {
  isValue: true,
  revive(address) {
    ensureStackToRead(); // it may be inside many other constants
    const decoder = new Decoder();
    readMessage(decoder, i32[address + MESSAGE]);
    let value: unknown;
    try {
      value = decoder.value();
    } finally {
      decoder.leave();
    }
    if (!isObject(value)) {
      throw new TypeError(
        `Cannot read constant: its reducer has made ${
          describe(value)
        } of it. revive must return an object`,
      );
    }
    freezeDeep(value);
    becomeHandle(value, address);
    keep(value);
    return value;
  },
  destroy: (address) => discarded.add(i32[address + MESSAGE]),
});
