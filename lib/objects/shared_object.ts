/**
 * Reference-counted objects in the shared heap, and the handles that stand for them in an isolate.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `TYPE` | low byte: number of its type, see {@linkcode defineType}; the rest depends on the address, see {@linkcode isSharedObject} | the creator |
 * | `REFERENCES` | number of isolates that have a handle, plus messages in transit that name the object | {@linkcode addRef}, {@linkcode dropRef} |
 *
 * - An isolate has at most one handle for an object, so a handle that comes back is the same JavaScript
 *   object.
 * - When the last reference is dropped, by garbage collection of a handle or the end of a worker, the
 *   memory is freed.
 * - A worker lists the objects that it has handles for on its record (`held_list.ts`), so that others can
 *   drop its references when it ends.
 * - An isolate may have a handle but not reach the object by it, for instance after it closed one end of
 *   a pipe. Types that need to know are notified: see {@linkcode TypeOperations.onUnreachable}.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { type Allocate, allocate, free, makePermanent } from "../heap/allocator.ts";
import { Claims } from "../heap/claims.ts";
import { ensureIsolate, isMainIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import {
  type HeldEntry,
  isHeldUnreachable,
  listHeld,
  markAllHeld,
  markHeld,
  takeAllHeld,
  unlistHeld,
} from "./held_list.ts";

/** Address of a shared object. */
export type ObjectAddress = Address<"object">;

/** Offsets of the words that every shared object begins with. */
export const objectWord = { TYPE: 0, REFERENCES: 1, FIRST: 2 } as const;

/** How the objects of a type are revived, destroyed and notified. */
export interface TypeOperations {
  /** Makes the handle for an object of this type that reaches this isolate for the first time. */
  revive(address: ObjectAddress): object;
  /** Releases what the object itself refers to, before its memory is freed. */
  destroy?(address: ObjectAddress): void;
  /** Whether the memory is never reused, because addresses of it may linger. */
  permanent?: boolean;
  /** Called when one more isolate, or message in transit, can reach the object. */
  onReachable?(address: ObjectAddress): void;
  /** Called when an isolate, or a message that was read or discarded, can no longer reach the object. */
  onUnreachable?: ((address: ObjectAddress) => void) | undefined;
  /** Whether an isolate that sends its handle lends it: it cannot reach the object until it reclaims it. */
  isLent?: boolean;
  /** Called when a message brings the object to an isolate whose handle was lent or closed. */
  onReturned?(handle: object): void;
}

const operations: TypeOperations[] = [];

/** The number of a type is the low byte of `TYPE`. */
const MAX_TYPE = 255;
/** The numbers of types that are claimed. */
export const sharedTypes: Claims = new Claims("type of shared objects", MAX_TYPE);

/**
 * Defines a type of shared objects. The module of its class calls it once.
 *
 * @param type its number, the same in every isolate
 * @param name what its objects are, for error messages
 * @throws {Error} if another type has the number
 */
export function defineType(type: number, name: string, typeOperations: TypeOperations): void {
  operations[sharedTypes.claim(type, name)] = typeOperations;
}

/** Returns the number of the type of an object. */
export function typeOf(address: ObjectAddress): number {
  return i32[address + objectWord.TYPE] & MAX_TYPE;
}

function operationsOf(address: ObjectAddress): TypeOperations {
  return operations[typeOf(address)];
}

/** Returns what `TYPE` of an object at this address has above its low byte. */
function addressMark(address: ObjectAddress): number {
  return Math.imul(address, 0x9e3779b1) & ~MAX_TYPE;
}

/**
 * Returns whether an object begins at the address, which comes from a message: one that is damaged may
 * name any word. A word that is not `TYPE` of an object passes once in 2^24 times; that of an object
 * that was freed has been overwritten.
 */
export function isSharedObject(address: number): boolean {
  if (address <= 0 || address >= i32.length) return false;
  const word = i32[address + objectWord.TYPE];
  return (word & ~MAX_TYPE) === addressMark(address) && operations[word & MAX_TYPE] !== undefined &&
    i32[address + objectWord.REFERENCES] > 0;
}

/**
 * Makes a shared object of `words` zeroed words, header included, without references.
 *
 * @param take how its block is allocated
 * @throws {MemoryError} if the shared heap is full
 */
export function createObject(
  type: number,
  words: number,
  take: Allocate = allocate,
): ObjectAddress {
  ensureIsolate();
  const address = take(words * 4);
  if (operations[type]?.permanent) makePermanent(address);
  i32.fill(0, address, address + words);
  i32[address + objectWord.TYPE] = type | addressMark(address);
  return address;
}

// References

/** Adds a reference, for a message that names the object or an isolate that has a handle. */
export function addRef(address: ObjectAddress): void {
  Atomics.add(i32, address + objectWord.REFERENCES, 1);
  operationsOf(address).onReachable?.(address);
}

/** Drops a reference; the last one frees the object. */
export function dropRef(address: ObjectAddress): void {
  if (Atomics.sub(i32, address + objectWord.REFERENCES, 1) > 1) return;
  destroyObject(address);
}

function destroyObject(address: ObjectAddress): void {
  const { destroy, permanent } = operationsOf(address);
  destroy?.(address);
  if (!permanent) free(address);
}

/** Notifies the object that a message or an isolate no longer reaches it. The reference stays. */
export function notifyUnreachable(address: ObjectAddress): void {
  operationsOf(address).onUnreachable?.(address);
}

/** Drops the reference of a message, which no longer reaches the object. */
export function release(address: ObjectAddress): void {
  notifyUnreachable(address);
  dropRef(address);
}

/** Whether only this isolate has the object, and no message in transit names it. */
export function isOnlyHere(address: ObjectAddress): boolean {
  return Atomics.load(i32, address + objectWord.REFERENCES) === 1;
}

/** Adds a reference for a message that this isolate sends, and lends the handle if its type says so. */
export function addMessageRef(address: ObjectAddress): void {
  addRef(address);
  if (operationsOf(address).isLent) markUnreachable(ownHandle(address));
}

/** Undoes {@linkcode addMessageRef} for a message that is not sent. */
export function undoMessageRef(address: ObjectAddress): void {
  if (operationsOf(address).isLent) markReachable(ownHandle(address));
  release(address);
}

function ownHandle(address: ObjectAddress): object {
  return handles.get(address)!.deref()!; // the sender has it
}

// Handles

interface HandleRecord {
  address: ObjectAddress;
  /** Its entry in the list of held objects; 0 in the main isolate, which has none. */
  entry: HeldEntry;
  /** Whether the object was notified that this isolate no longer reaches it. */
  unreachable: boolean;
}

const handles = new Map<ObjectAddress, WeakRef<object>>();
const handleRecords = new WeakMap<object, HandleRecord>();
const collected = new FinalizationRegistry<HandleRecord>(finalizeHandle);

/** Returns the address of the object that `handle` stands for; `undefined` if it is not a handle. */
export function addressOf(handle: object): ObjectAddress | undefined {
  return handleRecords.get(handle)?.address;
}

/** Returns the handle of this isolate for a shared object, made now if there is none. */
export function handleFor(address: ObjectAddress): object {
  const handle = handles.get(address)?.deref();
  const { revive, onReturned } = operationsOf(address);
  if (handle === undefined) return revive(address);
  if (isUnreachable(handle)) onReturned?.(handle);
  return handle;
}

/**
 * Registers the one handle that this isolate has for the object, which adds a reference.
 *
 * @throws {MemoryError} if the shared heap is full; an object that was made for the handle is freed
 */
export function registerHandle(handle: object, address: ObjectAddress): void {
  const entry = isMainIsolate() ? 0 : listNewHandle(address);
  const record = { address, entry, unreachable: entry !== 0 && isHeldUnreachable(entry) };
  if (record.unreachable) Atomics.add(i32, address + objectWord.REFERENCES, 1);
  else addRef(address);
  handles.set(address, new WeakRef(handle));
  handleRecords.set(handle, record);
  collected.register(handle, record, handle);
}

function listNewHandle(address: ObjectAddress): HeldEntry {
  try {
    return listHeld(address);
  } catch (error) {
    if (i32[address + objectWord.REFERENCES] === 0) destroyObject(address);
    throw error;
  }
}

/** Drops the reference of a handle that was garbage collected. */
function finalizeHandle({ address, entry, unreachable }: HandleRecord): void {
  if (handles.get(address)?.deref() === undefined) handles.delete(address);
  if (entry !== 0 && unlistHeld(entry)) unreachable = true; // it was notified when this worker ended
  if (!unreachable) notifyUnreachable(address);
  dropRef(address);
}

/** Marks that this isolate no longer reaches the object by its handle, and notifies the object. */
export function markUnreachable(handle: object): void {
  const record = handleRecords.get(handle)!;
  if (setUnreachable(record, true)) notifyUnreachable(record.address);
}

/** Marks that this isolate reaches the object by its handle again, and notifies the object. */
export function markReachable(handle: object): void {
  const record = handleRecords.get(handle)!;
  if (!setUnreachable(record, false)) return;
  operationsOf(record.address).onReachable?.(record.address);
}

/** Whether this isolate does not reach the object by its handle. */
export function isUnreachable(handle: object): boolean {
  return handleRecords.get(handle)!.unreachable;
}

/** Returns whether that is a change. It is not in a worker that has ended: all is unreachable then. */
function setUnreachable(record: HandleRecord, unreachable: boolean): boolean {
  if (record.unreachable === unreachable) return false;
  if (record.entry !== 0 && !markHeld(record.entry, unreachable)) return false;
  record.unreachable = unreachable;
  return true;
}

/** Notifies all objects that a worker reached until it ended. */
export function markAllHeldUnreachable(record: Address<"isolate">): void {
  markAllHeld(record).forEach(notifyUnreachable);
}

/** Drops the references of a worker whose JavaScript has stopped. */
export function dropAllHeldRefs(record: Address<"isolate">): void {
  takeAllHeld(record).forEach(dropRef);
}

// Classes of handles

/**
 * Base of the classes whose instances stand for an object in the shared heap.
 *
 * Subclasses that {@linkcode reviveAs} makes have no private `#` members: a handle that arrives from
 * another isolate is made without the constructor of its class, and only the constructor could add them.
 */
export abstract class SharedHandle {
  /** Address of the object in the shared heap. */
  protected readonly address: number;

  /** Makes the handle for the object at `address`. */
  constructor(address: number) {
    this.address = address;
    registerHandle(this, address);
  }
}

/** Property of every handle, also of handles of another copy of the package, which cannot cross. */
export const handleMark: symbol = Symbol.for("@sauropod/multiprocessing handle");
Object.defineProperty(SharedHandle.prototype, handleMark, { value: true });

/** Makes `console.log` show handles of a class with the state of their objects. */
export function showState<T extends SharedHandle>(
  { prototype }: { prototype: T },
  stateOf: (handle: T) => object,
): void {
  Object.defineProperty(prototype, Symbol.for("Deno.customInspect"), {
    value(this: T, inspect: typeof Deno.inspect, options: Deno.InspectOptions) {
      const name = this.constructor.name;
      return handleRecords.has(this)
        ? `${name} ${inspect(stateOf(this), options)}`
        : `${name}.prototype`;
    },
  });
}

/** Makes a handle of the class without running its constructor, which would make a new object. */
export function reviveAs<T extends SharedHandle>(
  // deno-lint-ignore no-explicit-any
  handleClass: new (...args: any[]) => T,
): (address: ObjectAddress) => T {
  return (address) => Reflect.construct(SharedHandle, [address], handleClass);
}
