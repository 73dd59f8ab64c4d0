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
 * - An isolate may hold things of an object, such as permits of a semaphore. Their number stands in its
 *   list, so that the others learn what an isolate held when it ended: see
 *   {@linkcode TypeOperations.onHolderEnd}.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import type { Address } from "../heap/address.ts";
import { type Allocate, allocate, free, makePermanent } from "../heap/allocator.ts";
import { Claims } from "../heap/claims.ts";
import {
  ensureIsolate,
  forEachLiveIsolate,
  hasEnded,
  hasListedEnded,
  isMainIsolate,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import {
  countHoldings,
  countOwnHoldings,
  discountHoldings,
  discountOwnHoldings,
  type HeldEntry,
  holdingsOf,
  isHeldBy,
  isHeldUnreachable,
  listHeld,
  markAllHeld,
  markHeld,
  takeAllHeld,
  takeHoldings,
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
  /** Whether a message to a process of the operating system may name it. */
  crosses?: boolean;
  /** Whether it stands for an object of the program that has started this process: all of the type, or this one. */
  isRemote?: boolean | ((address: ObjectAddress) => boolean);
  /** Whether a handle is the value of the object, which goes to other heaps as any value does. */
  isValue?: boolean;
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
  /** Called when an isolate has ended that reached the object, or held things of it. */
  onHolderEnd?: ((address: ObjectAddress, end: HolderEnd) => void) | undefined;
  /** Whether the holdings of an object matter still; if omitted, they do. */
  hasHolders?(address: ObjectAddress): boolean;
}

/** The end of an isolate that had a handle. */
export interface HolderEnd {
  isolate: Address<"isolate">;
  /** Whether it reached the object until then; also if it was given the object and ended before it had it. */
  reached: boolean;
  /** Number of things of the object that it held: see {@linkcode addHoldings}. */
  holdings: number;
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

/**
 * Where a message is read: in the heap where it is written, in a process that this program has started, in the
 * program that has started this process, or on another machine, which may have been sent the values that it names.
 */
export type Destination = "heap" | "process" | "program" | "machine" | "machine with values";

/** Whether a message may name the object. */
export function canCross(address: ObjectAddress, destination: Destination): boolean {
  const { crosses, isRemote, isValue } = operationsOf(address);
  if (destination === "heap") return true;
  if (destination === "process") return crosses === true;
  if (destination === "machine") return false;
  if (destination === "machine with values") return isValue === true;
  return typeof isRemote === "function" ? isRemote(address) : isRemote === true;
}

/** Whether a message carries the value of the object, rather than naming it. */
export function goesAsValue(address: ObjectAddress, destination: Destination): boolean {
  return destination !== "heap" && destination !== "machine with values" &&
    operationsOf(address).isValue === true;
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

/** Whether no other isolate that lives has the object, and no message in transit names it. */
export function isOnlyHere(address: ObjectAddress): boolean {
  const references = Atomics.load(i32, address + objectWord.REFERENCES);
  return references === 1 || (hasListedEnded() && references === 1 + countEndedHolders(address));
}

/** Whether this isolate has the object, and it is {@linkcode isOnlyHere}. */
export function isHeldOnlyHere(address: ObjectAddress): boolean {
  return handles.has(address) && isOnlyHere(address);
}

/** Returns how many isolates have ended whose references to the object have not been dropped yet. */
function countEndedHolders(address: ObjectAddress): number {
  let count = 0;
  forEachLiveIsolate((isolate) => {
    if (hasEnded(isolate) && isHeldBy(isolate, address)) count++;
  });
  return count;
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
  return handles.get(address)!.handle.deref()!; // the sender has it
}

// Handles

interface HandleRecord {
  address: ObjectAddress;
  /** The handle. One that was collected while the isolate holds things may get a successor. */
  handle: WeakRef<object>;
  /** Its entry in the list of held objects; 0 in the main isolate, for types without holdings. */
  entry: HeldEntry;
  /** Whether the object was notified that this isolate no longer reaches it. */
  unreachable: boolean;
  /** Whether the reference was dropped. */
  dropped: boolean;
}

const handles = new Map<ObjectAddress, HandleRecord>();
const handleRecords = new WeakMap<object, HandleRecord>();
const collected = new FinalizationRegistry<HandleRecord>(finalizeHandle);

/** Returns the address of the object that `handle` stands for; `undefined` if it is not a handle. */
export function addressOf(handle: object): ObjectAddress | undefined {
  return handleRecords.get(handle)?.address;
}

/**
 * Whether a plain object or an array may be a handle. If not, the encoder need not look for them among
 * handles.
 */
export let hasValueHandles = false;

/** States that plain objects and arrays of this isolate may be handles from now on. */
export function expectValueHandles(): void {
  hasValueHandles = true;
}

/** Returns the handle of this isolate for a shared object, made now if there is none. */
export function handleFor(address: ObjectAddress): object {
  const handle = handles.get(address)?.handle.deref();
  const { revive, onReturned } = operationsOf(address);
  if (handle === undefined) return revive(address);
  if (isUnreachable(handle)) onReturned?.(handle);
  return handle;
}

/** Whether an isolate that sends the object lends its handle. */
export function isLentWhenSent(address: ObjectAddress): boolean {
  return operationsOf(address).isLent === true;
}

/**
 * Reclaims the handle of this isolate for an object, if it has lent one: the message that was to take the
 * object to another isolate is discarded here.
 */
export function reclaimLent(address: ObjectAddress): void {
  const { isLent, onReturned } = operationsOf(address);
  if (!isLent) return;
  const handle = handles.get(address)?.handle.deref();
  if (handle !== undefined && isUnreachable(handle)) onReturned?.(handle);
}

/**
 * Registers the one handle that this isolate has for the object, which adds a reference.
 *
 * @throws {MemoryError} if the shared heap is full; an object that was made for the handle is freed
 */
export function registerHandle(handle: object, address: ObjectAddress): void {
  let record = hasHoldings(address) ? handles.get(address) : undefined;
  if (record === undefined || record.handle.deref() !== undefined) {
    const entry = isMainIsolate() && !hasHoldings(address) ? 0 : listNewHandle(address);
    const unreachable = entry !== 0 && isHeldUnreachable(entry);
    record = { address, handle: new WeakRef(handle), entry, unreachable, dropped: false };
    if (unreachable) Atomics.add(i32, address + objectWord.REFERENCES, 1);
    else addRef(address);
    handles.set(address, record);
    lastEntry.address = 0;
  } else {
    record.handle = new WeakRef(handle); // takes over the reference and the holdings of one that was collected
  }
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

/**
 * Drops the reference of a handle that was garbage collected. If this worker still holds things of the
 * object, which others have too, the reference stays for the next handle, or until the worker ends.
 */
function finalizeHandle(record: HandleRecord): void {
  const { address, entry } = record;
  if (record.dropped || record.handle.deref() !== undefined) return;
  if (entry !== 0 && holdingsOf(entry) > 0 && holdingsMatter(address)) return;
  record.dropped = true;
  if (handles.get(address)?.handle.deref() === undefined) handles.delete(address);
  if (entry !== 0 && unlistHeld(entry)) record.unreachable = true; // it was notified when this worker ended
  if (!record.unreachable) notifyUnreachable(address);
  dropRef(address);
}

function holdingsMatter(address: ObjectAddress): boolean {
  return !isMainIsolate() && !isOnlyHere(address) &&
    (operationsOf(address).hasHolders?.(address) ?? true);
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

/** Notifies all objects that a worker reached, or held things of, until it ended. */
export function markAllHeldUnreachable(isolate: Address<"isolate">): void {
  for (const { object, reached, holdings } of markAllHeld(isolate)) {
    operationsOf(object).onHolderEnd?.(object, { isolate, reached, holdings });
    if (reached) notifyUnreachable(object);
  }
}

/** Notifies an object that was given to a worker which has ended before it had a handle. */
export function notifyNeverReached(object: ObjectAddress, isolate: Address<"isolate">): void {
  operationsOf(object).onHolderEnd?.(object, { isolate, reached: true, holdings: 0 });
  notifyUnreachable(object);
}

/** Drops the references of a worker whose JavaScript has stopped. */
export function dropAllHeldRefs(record: Address<"isolate">): void {
  takeAllHeld(record).forEach(dropRef);
}

// Holdings

/** The object whose entry was looked up last, and that entry. */
const lastEntry = { address: 0, entry: 0 };

/** Returns the entry of an object in the list of this isolate, which has a handle. */
function entryOf(address: ObjectAddress): HeldEntry {
  if (address !== lastEntry.address) {
    lastEntry.entry = handles.get(address)!.entry;
    lastEntry.address = address;
  }
  return lastEntry.entry;
}

function hasHoldings(address: ObjectAddress): boolean {
  return operationsOf(address).onHolderEnd !== undefined;
}

/**
 * Counts things of the object that this isolate holds from now on. It has a handle. If the isolate has been
 * ended meanwhile, its end may have missed them, so they are abandoned now:
 *
 *     this isolate:  holdings + n;     has it ended?        take the holdings
 *     who ends it:   STATE = ENDED;    take the holdings
 *
 * @returns false if the isolate has been ended, and does not hold them
 */
export function addHoldings(address: ObjectAddress, count = 1): boolean {
  const entry = entryOf(address);
  if (isMainIsolate()) {
    countOwnHoldings(entry, count);
    return true;
  }
  countHoldings(entry, count);
  if (!hasEnded(thisIsolate)) return true;
  const holdings = takeHoldings(entry);
  const end = { isolate: thisIsolate, reached: false, holdings };
  if (holdings > 0) operationsOf(address).onHolderEnd!(address, end);
  return false;
}

/**
 * Counts things of the object that this isolate holds no longer.
 *
 * @returns how many of them it held: fewer than `count` if others came from another isolate, or if it has
 * ended and they count as abandoned
 */
export function dropHoldings(address: ObjectAddress, count = 1): number {
  const entry = entryOf(address);
  return isMainIsolate() ? discountOwnHoldings(entry, count) : discountHoldings(entry, count);
}

/** Returns how many things of the object this isolate holds. */
export function ownHoldings(address: ObjectAddress): number {
  return holdingsOf(entryOf(address));
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
  classOf: { prototype: T },
  stateOf: (handle: T) => object,
): void {
  showStateOf(classOf, (handle) => handleRecords.has(handle) ? stateOf(handle) : undefined);
}

/** Makes a handle of the class without running its constructor, which would make a new object. */
export function reviveAs<T extends SharedHandle>(
  // deno-lint-ignore no-explicit-any
  handleClass: new (...args: any[]) => T,
): (address: ObjectAddress) => T {
  return (address) => Reflect.construct(SharedHandle, [address], handleClass);
}
