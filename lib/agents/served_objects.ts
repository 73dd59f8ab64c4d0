/**
 * The objects of the program that a process uses, in its agent: it has their handles, so it is the agent
 * that owns the locks that the process has acquired, and whose end abandons them.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { borrowEncoder, returnEncoder } from "../codec/encoder.ts";
import { importValue } from "../codec/held_messages.ts";
import { discardMessage, type MessageAddress, storeMessage } from "../codec/message.ts";
import { Thrown } from "../codec/thrown.ts";
import { CorruptMessageError } from "../errors.ts";
import { allocateUrgent } from "../heap/allocator.ts";
import { addressOf, handleFor, type ObjectAddress } from "../objects/shared_object.ts";
import { LockGuard } from "../sync/ownership.ts";
import { LockOwner, RLock, RLockGuard } from "../sync/rlock.ts";
import type { WireMessage } from "../wire/messages.ts";
import { type Connection, FrameType, type ObjectNumbers } from "./connection.ts";
import { type Access, accessesOf, classIndexOf, remoteClasses } from "./remote_classes.ts";
import { ABORTED, Outcome, type RemoteUse } from "./remote_calls.ts";
import { ITERATE } from "./remote_object.ts";

/** An object that the process has. */
interface Served {
  readonly handle: object;
  readonly accesses: ReadonlyMap<string, Access>;
  /** How often messages to the process have named it. */
  named: number;
}

/** The objects that a process has, and its calls on them. */
export class ServedObjects implements ObjectNumbers {
  readonly #announce: (number: number, classIndex: number) => void;
  readonly #objects = new Map<number, Served>();
  readonly #numbers = new Map<ObjectAddress, number>();
  #lastNumber = 0;
  /** The calls that have not ended. */
  readonly #calls = new Map<number, AbortController>();
  /** Stands for the code of the process that blocks. */
  readonly #blockingCode = new LockOwner();

  /** @param announce tells the process of an object that a message is about to name */
  constructor(announce: (number: number, classIndex: number) => void) {
    this.#announce = announce;
  }

  numberOf(address: ObjectAddress): number | undefined {
    const handle = handleFor(address); // also takes over an end of a pipe
    const known = this.#numbers.get(address);
    if (known !== undefined) {
      this.#objects.get(known)!.named++;
      return known;
    }
    const index = classIndexOf(handle);
    if (index < 0) return undefined;
    const number = ++this.#lastNumber;
    this.#objects.set(number, { handle, accesses: accessesOf(remoteClasses[index]), named: 1 });
    this.#numbers.set(address, number);
    this.#announce(number, index);
    return number;
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
      const use = await importValue(message) as RemoteUse;
      [outcome, result] = await outcomeOf(this.#carryOut(use, controller.signal));
    } catch (error) {
      [outcome, result] = [Outcome.THREW, new Thrown(error)];
    }
    this.#calls.delete(call);
    const reply = storeReply(outcome, result);
    const sent = connection.send(FrameType.REPLY, call, reply);
    discardMessage(reply);
    await sent;
  }

  #carryOut(use: RemoteUse, signal: AbortSignal): unknown {
    const { object, name, isBlocking } = use;
    const served = this.#objects.get(object);
    if (served === undefined) throw unknownUse();
    const { handle, accesses } = served;
    if (name === ITERATE) return (handle as Iterable<unknown>)[Symbol.iterator]();
    const access = accesses.get(name);
    if (access === undefined || !Array.isArray(use.args)) throw unknownUse();
    const args = use.args.map((arg) => withOwner(arg, handle));
    if (access === "get") {
      if (args.length === 0) return Reflect.get(handle, name);
      if (!Reflect.set(handle, name, args[0])) throw new TypeError(`Cannot set ${name}`);
      return undefined;
    }
    if (use.signalAt !== undefined) setOption(args, use.signalAt, "signal", signal);
    if (isBlocking && name === "acquire" && handle instanceof RLock) {
      setOption(args, 0, "owner", this.#blockingCode);
    }
    return Reflect.apply(Reflect.get(handle, name), handle, args);
  }
}

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
async function outcomeOf(returned: unknown): Promise<[outcome: number, result: unknown]> {
  const result = await returned;
  if (result instanceof LockGuard) return [Outcome.GUARD, 0];
  if (result instanceof RLockGuard) return [Outcome.GUARD, RLockGuard.tokenOf(result)];
  if (isIterator(result)) return [Outcome.LIST, [...result]];
  return [Outcome.RETURNED, result];
}

function isIterator(value: unknown): value is IterableIterator<unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    typeof Reflect.get(value, "next") === "function" && Symbol.iterator in value;
}

function storeReply(outcome: number, result: unknown): MessageAddress {
  const encoder = borrowEncoder();
  try {
    encoder.number(outcome);
    encoder.destination = "process";
    encoder.value(result, "result");
    encoder.finish();
    return storeMessage(encoder, allocateUrgent);
  } catch (error) {
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
