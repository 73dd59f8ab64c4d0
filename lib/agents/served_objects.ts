/**
 * The objects of the program that a process uses, in its agent: it has their handles, so it is the agent
 * that owns the locks that the process has acquired, and whose end abandons them.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { waitAny } from "../channels/wait_any.ts";
import { isIterator } from "../arguments/values.ts";
import { borrowEncoder, returnEncoder } from "../codec/encoder.ts";
import { importMessage } from "../codec/held_messages.ts";
import { discardMessage, type MessageAddress, storeMessage } from "../codec/message.ts";
import { Thrown } from "../codec/thrown.ts";
import { CorruptMessageError } from "../errors.ts";
import { allocateUrgent } from "../heap/allocator.ts";
import { addressOf, handleFor, type ObjectAddress } from "../objects/shared_object.ts";
import { descriptorAt } from "../memory/mapped_buffer.ts";
import type { Descriptor } from "../memory/mapping.ts";
import type { Revision } from "../memory/revision.ts";
import type { Waitable } from "../parking/readiness.ts";
import { LockGuard } from "../sync/ownership.ts";
import { LockOwner, RLock, RLockGuard } from "../sync/rlock.ts";
import type { WireMessage } from "../wire/messages.ts";
import { type Connection, FrameType, type ObjectNumbers } from "./connection.ts";
import { classNumberOf, ITERATE, type RemoteUses, remoteUsesOf } from "./remote_classes.ts";
import { ABORTED, Outcome, type RemoteUse } from "./remote_calls.ts";
import { reviseRemote, Revising, WAIT_ANY } from "./remote_members.ts";
import { remoteNumberOf } from "./remote_uses.ts";

/** An object that the process has. */
interface Served {
  readonly handle: object;
  readonly uses: RemoteUses;
  /** What calls are carried out on: the handle, as a rule. */
  readonly target: object;
  /** How often messages to the process have named it. */
  named: number;
}

/** Tells the process of what a message is about to name. */
interface Announce {
  object(number: number, classNumber: number): void;
  buffer(number: number, descriptor: Descriptor): void;
}

/** The objects that a process has, and its calls on them. */
export class ServedObjects implements ObjectNumbers {
  readonly #announce: Announce;
  /** What the process has read in order to change it, by the number of the call. */
  readonly #revisions = new Map<number, Revision>();
  readonly #objects = new Map<number, Served>();
  readonly #numbers = new Map<ObjectAddress, number>();
  #lastNumber = 0;
  /** The calls that have not ended. */
  readonly #calls = new Map<number, AbortController>();
  /** Stands for the code of the process that blocks. */
  readonly #blockingCode = new LockOwner();

  constructor(announce: Announce) {
    this.#announce = announce;
  }

  numberOf(address: ObjectAddress): number | undefined {
    const handle = handleFor(address); // also takes over an end of a pipe
    const known = this.#numbers.get(address);
    if (known !== undefined) {
      this.#objects.get(known)!.named++;
      return known;
    }
    const number = this.#lastNumber + 1;
    const served = this.#announceNew(address, handle, number);
    if (served === undefined) return undefined;
    this.#lastNumber = number;
    this.#objects.set(number, served);
    this.#numbers.set(address, number);
    return number;
  }

  /** Announces an object that a message names for the first time; returns `undefined` if processes cannot use it. */
  #announceNew(address: ObjectAddress, handle: object, number: number): Served | undefined {
    const descriptor = descriptorAt(address);
    if (descriptor !== undefined) {
      this.#announce.buffer(number, descriptor);
      return { handle, uses: NO_USES, target: handle, named: 1 };
    }
    const classNumber = classNumberOf(handle);
    if (classNumber === undefined) return undefined;
    this.#announce.object(number, classNumber);
    const uses = remoteUsesOf(classNumber);
    return { handle, uses, target: uses.inner?.of(handle) ?? handle, named: 1 };
  }

  addressOf(number: number): ObjectAddress | undefined {
    const served = this.#objects.get(number);
    return served && addressOf(served.handle);
  }

  /**
   * Forgets an object that the process has no more.
   *
   * @param named how often messages that it has received have named the object
   * @returns false if a message to the process names it that has not arrived
   */
  release(number: number, named: number): boolean {
    const served = this.#objects.get(number);
    if (served?.named !== named) return false;
    this.#numbers.delete(addressOf(served.handle)!);
    return this.#objects.delete(number);
  }

  /** Ends a call that waits, if it has not ended. */
  abort(call: number): void {
    this.#calls.get(call)?.abort(abortError());
  }

  /** Carries out a call, and sends what it returned or threw. */
  async serve(call: number, wire: WireMessage, connection: Connection): Promise<void> {
    const message = connection.store(wire);
    const controller = new AbortController();
    this.#calls.set(call, controller);
    let outcome: number = Outcome.RETURNED;
    let result: unknown;
    try {
      // Not as it is: a promise that resolves to an object with a method `then` calls it.
      const { use } = await importMessage(message, {
        read: (decoder) => ({ use: decoder.value() as RemoteUse }),
      });
      [outcome, result] = await this.#carryOut(use, call, controller.signal);
    } catch (error) {
      [outcome, result] = [Outcome.THREW, new Thrown(error)];
    }
    this.#calls.delete(call);
    const reply = storeReply(outcome, result, () => this.#endRevision(call));
    const sent = connection.send(FrameType.REPLY, call, reply);
    discardMessage(reply);
    await sent;
  }

  async #carryOut(
    use: RemoteUse,
    call: number,
    signal: AbortSignal,
  ): Promise<[outcome: number, result: unknown]> {
    const { object, name, args, signalAt } = use;
    const served = this.#objects.get(object);
    if (served === undefined || !Array.isArray(args)) throw unknownUse();
    switch (name) {
      case WAIT_ANY:
        return [Outcome.RETURNED, await this.#waitAny(args, signal)];
      case Revising.READ:
        return [Outcome.RETURNED, [call, this.#beginRevision(served, call, args)]];
      case Revising.STORE:
        return [Outcome.RETURNED, this.#storeRevision(args)];
      case Revising.RELEASE:
        return [Outcome.RETURNED, this.#endRevision(args[0])];
    }
    if (signalAt !== undefined) {
      if (!args.some((_, at) => at === signalAt)) throw unknownUse();
      setOption(args, signalAt, "signal", signal);
    }
    const returned = this.#call(served, use);
    // What other members return is not awaited: it may have a method `then` of the process's choice.
    const result = served.uses.accesses.get(name) === "wait" ? await returned : returned;
    return result === served.target ? [Outcome.SELF, undefined] : outcomeOf(result);
  }

  #call(
    { target, uses: { accesses, revisions } }: Served,
    { name, args: given, isBlocking }: RemoteUse,
  ): unknown {
    if (name === ITERATE) return (target as Iterable<unknown>)[Symbol.iterator]();
    const access = accesses.get(name);
    if (access === undefined) throw unknownUse();
    if (revisions?.has(name) && given.some((arg) => typeof arg === "function")) throw unknownUse();
    const args = given.map((arg) => withOwner(arg, target));
    if (access === "get") {
      if (args.length === 0) return Reflect.get(target, name);
      if (!Reflect.set(target, name, args[0])) throw new TypeError(`Cannot set ${name}`);
      return undefined;
    }
    if (isBlocking && name === "acquire" && target instanceof RLock) {
      setOption(args, 0, "owner", this.#blockingCode);
    }
    return Reflect.apply(Reflect.get(target, name), target, args);
  }

  /** Reads what a member computes something of. Returns it. */
  #beginRevision({ target, uses }: Served, call: number, [name, ...args]: unknown[]): unknown {
    const revise = uses.revisions?.get(name as string);
    if (revise === undefined) throw unknownUse();
    const revision = remoteNumberOf(target) === undefined
      ? revise(target, args)
      : reviseRemote(target, name as string, args);
    this.#endRevision(call); // the number is the process's choice
    this.#revisions.set(call, revision);
    return revision.value;
  }

  /** Stores what the process has made of what it read. Returns false if it was too late. */
  #storeRevision([number, next]: unknown[]): boolean {
    const revision = this.#revisions.get(number as number);
    if (revision === undefined) throw unknownUse();
    try {
      return revision.store(next);
    } finally {
      this.#endRevision(number);
    }
  }

  #endRevision(number: unknown): void {
    this.#revisions.get(number as number)?.release();
    this.#revisions.delete(number as number);
  }

  /** Waits until one of several objects is ready. Returns the indices of those that are. */
  async #waitAny([numbers, timeoutMs]: readonly unknown[], signal: AbortSignal): Promise<number[]> {
    if (!Array.isArray(numbers) || typeof timeoutMs !== "number") throw unknownUse();
    const handles = numbers.map((number) => {
      const handle = this.#objects.get(number)?.handle;
      if (handle === undefined) throw unknownUse();
      return handle as Waitable;
    });
    const ready = new Set(await waitAny(handles, { timeoutMs, signal }));
    return [...handles.keys()].filter((at) => ready.has(handles[at]));
  }
}

/** The uses of a buffer: the process has its memory, and needs no calls. */
const NO_USES: RemoteUses = { remote: SharedArrayBuffer, accesses: new Map() };

/** Sets an option that is not given. */
function setOption(args: unknown[], at: number, name: string, value: unknown): void {
  const options = args[at];
  if (options !== undefined && !isOptionsObject(options)) return; // the call refuses it
  args[at] = { [name]: value, ...options };
}

/** Puts the guard of an owner in place of its token. */
function withOwner(arg: unknown, handle: object): unknown {
  if (!isOptionsObject(arg)) return arg;
  const owner = Reflect.get(arg, "owner");
  return typeof owner === "number"
    ? { ...arg, owner: new RLockGuard(handle as RLock, owner) }
    : arg;
}

/** Returns how a result is sent: guards and iterators stay here. */
function outcomeOf(result: unknown): [outcome: number, result: unknown] {
  if (result instanceof LockGuard) return [Outcome.GUARD, 0];
  if (result instanceof RLockGuard) return [Outcome.GUARD, RLockGuard.tokenOf(result)];
  if (isIterator(result) && Symbol.iterator in result) return [Outcome.LIST, [...result]];
  return [Outcome.RETURNED, result];
}

/** @param onRefused called if the result cannot be sent */
function storeReply(outcome: number, result: unknown, onRefused: () => void): MessageAddress {
  const encoder = borrowEncoder();
  try {
    encoder.number(outcome);
    encoder.destination = "process";
    encoder.value(result, "result");
    encoder.finish();
    return storeMessage(encoder, allocateUrgent);
  } catch (error) {
    onRefused();
    encoder.reset();
    encoder.number(Outcome.THREW);
    encoder.value(new Thrown(error), "error");
    encoder.finish();
    return storeMessage(encoder, allocateUrgent);
  } finally {
    returnEncoder(encoder);
  }
}

/** The reason with which a call ends that the process has aborted: it knows its own. */
function abortError(): Error {
  const error = new Error("The call was aborted");
  error.name = ABORTED;
  return error;
}

function unknownUse(): CorruptMessageError {
  return new CorruptMessageError(
    "Cannot use object: the process asked for what no object of its class has. " +
      "Check that the other side is this package, in the same version",
  );
}
