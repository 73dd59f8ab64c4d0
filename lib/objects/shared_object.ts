/**
 * Objects that live in the shared heap and are counted by who can reach them.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `TYPE` | number of its type, see {@linkcode defineType} | the creator |
 * | `REFERENCES` | isolates that have a handle, plus messages on their way with one | `retain`, `dispose` |
 *
 * An isolate has at most one handle for an object, so a handle that comes back is the same object.
 * When the last reference goes, by garbage collection or the end of a worker, the memory is free.
 * A worker lists what it holds on its record, so that what it held can be let go when it ends.
 *
 * @module
 */

import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { Claims } from "../heap/claims.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, isMainIsolate, recordWord, thisIsolate } from "../heap/isolate_record.ts";

/** Offsets of the words that every shared object begins with. */
export const objectWord = { TYPE: 0, REFERENCES: 1, FIRST: 2 } as const;

/** What the heap has to know about a type of shared object. */
export interface TypeOperations {
  /** Makes the handle for an object of this type that reaches this isolate for the first time. */
  revive(address: number): object;
  /** Lets go of what the object itself holds, before its memory is freed. */
  destroy?(address: number): void;
  /** Whether the memory is never used again, because addresses of it may linger. */
  permanent?: boolean;
  /** One more isolate, or message on its way, can reach the object. */
  onReachable?(address: number): void;
  /** An isolate, or a message that is used up, can no longer reach the object. */
  onUnreachable?(address: number): void;
  /** Whether an isolate that sends its handle gives it away, until it uses it again. */
  isLent?: boolean;
  /** A message brought the object to an isolate that has a handle which it gave away, or closed. */
  onReturned?(handle: object): void;
}

const HELD_GUARD = recordWord(13, "guard of the list of held objects");
/** First of the list of shared objects that the isolate holds. */
const HELD = recordWord(14, "first held object");
/** 1 once all that it held was notified that the isolate no longer reaches it. */
const HELD_UNREACHABLE = recordWord(15, "held objects are unreachable");

const operations: TypeOperations[] = [];

const MAX_TYPE = 255;
/** The numbers of types that are claimed. */
export const sharedTypes: Claims = new Claims("type of shared objects", MAX_TYPE);

/**
 * Defines a type of shared objects. Called once by the module of its class.
 *
 * @param type its number, the same in every isolate
 * @param name what its objects are, for error messages
 * @throws {Error} if another type has the number
 */
export function defineType(type: number, name: string, itsOperations: TypeOperations): void {
  operations[sharedTypes.claim(type, name)] = itsOperations;
}

/** Makes a shared object with `words` zeroed words, header included, that nobody holds yet. */
export function createObject(type: number, words: number): number {
  ensureIsolate();
  const address = allocate(words * 4);
  i32.fill(0, address, address + words);
  i32[address + objectWord.TYPE] = type;
  return address;
}

interface HandleRecord {
  address: number;
  /** Its entry in the thread's list `HELD`; 0 in the main thread, which has none. */
  entry: number;
  /** Whether the object was told that this isolate no longer reaches it. */
  unreachable: boolean;
}

const handles = new Map<number, WeakRef<object>>();
const holdings = new WeakMap<object, HandleRecord>();
const collected = new FinalizationRegistry<HandleRecord>(finalizeHandle);

/** The address of the shared object that `handle` stands for; `undefined` if it is no handle. */
export function addressOf(handle: object): number | undefined {
  return holdings.get(handle)?.address;
}

/** The handle of this isolate for a shared object, made now if it has none. */
export function handleFor(address: number): object {
  const handle = handles.get(address)?.deref();
  const { revive, onReturned } = operations[i32[address + objectWord.TYPE]];
  if (handle === undefined) return revive(address);
  if (isUnreachable(handle)) onReturned?.(handle);
  return handle;
}

/** Enters the one handle that this isolate has for the object, which adds a reference. */
export function registerHandle(handle: object, address: number): void {
  const entry = isMainIsolate() ? 0 : listHeld(address);
  const holding = { address, entry, unreachable: entry !== 0 && i32[entry + UNREACHABLE] !== 0 };
  if (holding.unreachable) Atomics.add(i32, address + objectWord.REFERENCES, 1);
  else addRef(address);
  handles.set(address, new WeakRef(handle));
  holdings.set(handle, holding);
  collected.register(handle, holding, handle);
}

/** Tells the object that this isolate no longer reaches it, though it still has the handle. */
export function markUnreachable(handle: object): void {
  const holding = holdings.get(handle)!;
  if (setUnreachable(holding, true)) notifyUnreachable(holding.address);
}

/** Whether the object was told that this isolate no longer reaches it. */
export function isUnreachable(handle: object): boolean {
  return holdings.get(handle)!.unreachable;
}

/** Tells the object that this isolate reaches it again. */
export function markReachable(handle: object): void {
  const holding = holdings.get(handle)!;
  if (!setUnreachable(holding, false)) return;
  operations[i32[holding.address + objectWord.TYPE]].onReachable?.(holding.address);
}

/** Notes it; false if it was so before, or this thread has ended and all it held counts as lost. */
function setUnreachable(holding: HandleRecord, unreachable: boolean): boolean {
  if (holding.unreachable === unreachable) return false;
  if (holding.entry !== 0) {
    enter(thisIsolate + HELD_GUARD);
    const ended = i32[thisIsolate + HELD_UNREACHABLE] !== 0;
    if (!ended) i32[holding.entry + UNREACHABLE] = unreachable ? 1 : 0;
    leave(thisIsolate + HELD_GUARD);
    if (ended) return false;
  }
  holding.unreachable = unreachable;
  return true;
}

/**
 * Base of the classes whose instances stand for an object in the shared heap.
 *
 * They have no private `#` members: a handle that arrives from elsewhere is made without its class's
 * constructor ({@linkcode reviveAs}), which alone could add them.
 */
export abstract class SharedHandle {
  /** Where the object is: an index into the words of the shared heap. */
  protected readonly address: number;

  /** Stands for the object at `address`. */
  constructor(address: number) {
    this.address = address;
    registerHandle(this, address);
  }
}

/** Every handle has it, those of another copy of the package too, which mean nothing to this one. */
export const handleMark: symbol = Symbol.for("@sauropod/multiprocessing handle");
Object.defineProperty(SharedHandle.prototype, handleMark, { value: true });

/** Has `console.log` show handles of a class by the state of their objects. */
export function showState<T extends SharedHandle>(
  { prototype }: { prototype: T },
  stateOf: (handle: T) => object,
): void {
  Object.defineProperty(prototype, Symbol.for("Deno.customInspect"), {
    value(this: T, inspect: typeof Deno.inspect, options: Deno.InspectOptions) {
      const name = this.constructor.name;
      return holdings.has(this)
        ? `${name} ${inspect(stateOf(this), options)}`
        : `${name}.prototype`;
    },
  });
}

/** Makes a handle of the class without running its constructor, which would make a new object. */
export function reviveAs<T extends SharedHandle>(
  // deno-lint-ignore no-explicit-any
  handleClass: new (...args: any[]) => T,
): (address: number) => T {
  return (address) => Reflect.construct(SharedHandle, [address], handleClass);
}

/** Adds a reference, for a message that carries the object or an isolate that has a handle. */
export function addRef(address: number): void {
  Atomics.add(i32, address + objectWord.REFERENCES, 1);
  operations[i32[address + objectWord.TYPE]].onReachable?.(address);
}

/** Adds a reference for a message that this isolate sends, and gives away what is only lent. */
export function addMessageRef(address: number): void {
  addRef(address);
  if (operations[i32[address + objectWord.TYPE]].isLent) markUnreachable(ownHandle(address));
}

function ownHandle(address: number): object {
  return handles.get(address)!.deref()!; // whoever sends it has it
}

/** Undoes {@linkcode addMessageRef}, because the message goes nowhere. */
export function undoMessageRef(address: number): void {
  if (operations[i32[address + objectWord.TYPE]].isLent) markReachable(ownHandle(address));
  release(address);
}

/** Takes back a reference that a message had. */
export function release(address: number): void {
  notifyUnreachable(address);
  dropRef(address);
}

/** Whether only this isolate has the object, and no message is on its way with it. */
export function isOnlyHere(address: number): boolean {
  return Atomics.load(i32, address + objectWord.REFERENCES) === 1;
}

/** Tells the object that a message or an isolate no longer reaches it; its reference stays for now. */
export function notifyUnreachable(address: number): void {
  operations[i32[address + objectWord.TYPE]].onUnreachable?.(address);
}

/** Takes back a reference; the last one frees the object. */
export function dropRef(address: number): void {
  if (Atomics.sub(i32, address + objectWord.REFERENCES, 1) > 1) return;
  const { destroy, permanent } = operations[i32[address + objectWord.TYPE]];
  destroy?.(address);
  if (!permanent) free(address);
}

/** Lets go of a handle that was garbage collected. */
function finalizeHandle({ address, entry, unreachable }: HandleRecord): void {
  if (handles.get(address)?.deref() === undefined) handles.delete(address);
  if (entry !== 0 && unlistHeld(entry)) unreachable = true; // whoever ended this thread said so
  if (!unreachable) notifyUnreachable(address);
  dropRef(address);
}

// The list of what a worker holds: entries of NEXT, PREVIOUS, ADDRESS, UNREACHABLE.

const NEXT = 0;
const PREVIOUS = 1;
const ADDRESS = 2;
const UNREACHABLE = 3;

function listHeld(address: number): number {
  const entry = allocate(16);
  const head = thisIsolate + HELD;
  enter(thisIsolate + HELD_GUARD);
  i32[entry + NEXT] = i32[head];
  i32[entry + PREVIOUS] = 0;
  i32[entry + ADDRESS] = address;
  i32[entry + UNREACHABLE] = i32[thisIsolate + HELD_UNREACHABLE]; // one that has ended gains nothing
  if (i32[head] !== 0) i32[i32[head] + PREVIOUS] = entry;
  i32[head] = entry;
  leave(thisIsolate + HELD_GUARD);
  return entry;
}

/** Takes an entry out of the list; true if all in it were told before that this thread is gone. */
function unlistHeld(entry: number): boolean {
  enter(thisIsolate + HELD_GUARD);
  const next = i32[entry + NEXT];
  const previous = i32[entry + PREVIOUS];
  if (next !== 0) i32[next + PREVIOUS] = previous;
  if (previous !== 0) i32[previous + NEXT] = next;
  else i32[thisIsolate + HELD] = next;
  const told = i32[thisIsolate + HELD_UNREACHABLE] !== 0;
  leave(thisIsolate + HELD_GUARD);
  free(entry);
  return told;
}

/** Tells all that a thread which has ended holds that it can no longer reach them. */
export function markAllHeldUnreachable(record: number): void {
  enter(record + HELD_GUARD);
  i32[record + HELD_UNREACHABLE] = 1;
  const addresses: number[] = [];
  for (let entry = i32[record + HELD]; entry !== 0; entry = i32[entry + NEXT]) {
    if (i32[entry + UNREACHABLE] === 0) addresses.push(i32[entry + ADDRESS]);
  }
  leave(record + HELD_GUARD);
  addresses.forEach(notifyUnreachable);
}

/** Drops the references of a thread that has ended and whose JavaScript has stopped. */
export function dropAllHeldRefs(record: number): void {
  let entry = i32[record + HELD];
  i32[record + HELD] = 0;
  while (entry !== 0) {
    const next = i32[entry + NEXT];
    dropRef(i32[entry + ADDRESS]);
    free(entry);
    entry = next;
  }
}
