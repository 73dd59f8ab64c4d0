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
import type { Waitable } from "../parking/readiness.ts";
import { LockGuard } from "../sync/ownership.ts";
import { LockOwner, RLock, RLockGuard } from "../sync/rlock.ts";
import type { WireMessage } from "../wire/messages.ts";
import { type Connection, FrameType, type ObjectNumbers } from "./connection.ts";
import { type Access, classNumberOf, remoteUsesOf } from "./remote_classes.ts";
import { ABORTED, Outcome, type RemoteUse } from "./remote_calls.ts";
import { ITERATE, WAIT_ANY } from "./remote_object.ts";

/** An object that the process has. */
interface Served {
  readonly handle: object;
  readonly accesses: ReadonlyMap<string, Access>;
  /** What calls are carried out on: the handle, as a rule. */
  readonly target: object;
  /** How often messages to the process have named it. */
  named: number;
}

/** The objects that a process has, and its calls on them. */
export class ServedObjects implements ObjectNumbers {
  readonly #announce: (number: number, classNumber: number) => void;
  readonly #trusted: boolean;
  readonly #objects = new Map<number, Served>();
  readonly #numbers = new Map<ObjectAddress, number>();
  #lastNumber = 0;
  /** The calls that have not ended. */
  readonly #calls = new Map<number, AbortController>();
  /** Stands for the code of the process that blocks. */
  readonly #blockingCode = new LockOwner();

  /**
   * @param announce tells the process of an object that a message is about to name
   * @param trusted whether the process may do what this program may
   */
  constructor(announce: (number: number, classNumber: number) => void, trusted: boolean) {
    this.#announce = announce;
    this.#trusted = trusted;
  }

  numberOf(address: ObjectAddress): number | undefined {
    const handle = handleFor(address); // also takes over an end of a pipe
    const known = this.#numbers.get(address);
    if (known !== undefined) {
      this.#objects.get(known)!.named++;
      return known;
    }
    const classNumber = classNumberOf(handle);
    if (classNumber === undefined) return undefined;
    const number = ++this.#lastNumber;
    const { accesses, inner } = remoteUsesOf(classNumber);
    const target = inner?.of(handle) ?? handle;
    this.#objects.set(number, { handle, accesses, target, named: 1 });
    this.#numbers.set(address, number);
    this.#announce(number, classNumber);
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
      // Not as it is: a promise that resolves to an object with a method `then` calls it.
      const { use } = await importMessage(message, {
        read: (decoder) => ({ use: decoder.value() as RemoteUse }),
      });
      [outcome, result] = await this.#carryOut(use, controller.signal);
    } catch (error) {
      [outcome, result] = [Outcome.THREW, new Thrown(error)];
    }
    this.#calls.delete(call);
    const reply = storeReply(outcome, result);
    const sent = connection.send(FrameType.REPLY, call, reply);
    discardMessage(reply);
    await sent;
  }

  async #carryOut(
    use: RemoteUse,
    signal: AbortSignal,
  ): Promise<[outcome: number, result: unknown]> {
    const { object, name, args, signalAt } = use;
    const served = this.#objects.get(object);
    if (served === undefined || !Array.isArray(args)) throw unknownUse();
    if (name === WAIT_ANY) return [Outcome.RETURNED, await this.#waitAny(args, signal)];
    if (signalAt !== undefined) {
      if (!args.some((_, at) => at === signalAt)) throw unknownUse();
      setOption(args, signalAt, "signal", signal);
    }
    const result = await this.#call(served, use);
    return result === served.target ? [Outcome.SELF, undefined] : outcomeOf(result);
  }

  #call({ target, accesses }: Served, { name, args: given, isBlocking }: RemoteUse): unknown {
    if (name === ITERATE) return (target as Iterable<unknown>)[Symbol.iterator]();
    const access = accesses.get(name);
    if (access === undefined) throw unknownUse();
    if (!this.#trusted && CALLING.has(name)) given.forEach((arg) => refuseFunction(name, arg));
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

/** Members that call a function that they are given. */
const CALLING = new Set(["update", "sort"]);

/** Refuses a function of a process that is not trusted: here, it could do what the process may not. */
function refuseFunction(name: string, arg: unknown): void {
  if (typeof arg !== "function") return;
  throw new TypeError(
    `Cannot call ${name}() with a function: the program calls none for a process with permissions of its ` +
      "own. Acquire a lock, read the value, and write it",
  );
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
function outcomeOf(result: unknown): [outcome: number, result: unknown] {
  if (result instanceof LockGuard) return [Outcome.GUARD, 0];
  if (result instanceof RLockGuard) return [Outcome.GUARD, RLockGuard.tokenOf(result)];
  if (isIterator(result) && Symbol.iterator in result) return [Outcome.LIST, [...result]];
  return [Outcome.RETURNED, result];
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
