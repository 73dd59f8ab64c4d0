/**
 * Pipes between those who know only a name.
 *
 * A listener is in a list of the program, from which clients find it by its name. A client makes a
 * pipe and sends one of its ends through the listener's channel.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | root `listenersGuard` | guards the list, and `NEXT` of all listeners | `enter`, `leave` |
 * | root `listeners` | first of the list; 0 for none | `list`, `unlist` |
 * | `NEXT` | the next in the list | `list`, `unlist` |
 * | `USERS` | isolates and messages that have the listener; 0: nobody can accept | `onReachable`, `onUnreachable` |
 * | `NAME_BYTES`, `NAME` | its name in UTF-8 | the creator |
 *
 * Being in the list is no reference: a listener leaves it before the last of its users does. A client
 * takes a reference inside the guard, so what it has found is not freed under it.
 *
 * @module
 */

import { rootWord } from "../heap/root_words.ts";
import { ClosedError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { enter, leave } from "../heap/guard.ts";
import { i32, u8 } from "../heap/views.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import {
  createObject,
  defineType,
  dropRef,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn } from "../parking/wait.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import { destroyChannel, discardNext, initChannel, push, type Received } from "./channel.ts";
import { CHANNEL_WORDS, closeChannel, Closed, closedBits } from "./channel_state.ts";
import { becomingReadable, receiving } from "./channel_waiting.ts";
import type { Connection } from "./connection.ts";
import { Pipe } from "./pipe.ts";
import { readReceived } from "./read_received.ts";

const LISTENERS = rootWord(11, "first of the list of listeners");
const LISTENERS_GUARD = rootWord(10, "guard of the list of listeners");

/** The number of this type among shared objects. */
const TYPE = 22;

const CHANNEL = objectWord.FIRST;
const NEXT = CHANNEL + CHANNEL_WORDS;
const USERS = NEXT + 1;
const NAME_BYTES = USERS + 1;
const NAME = NAME_BYTES + 1;

let unnamed = 0;

function createListener(name: unknown): number {
  if (name !== undefined && (typeof name !== "string" || name === "")) {
    throw new TypeError("Cannot listen: name must be a string that is not empty");
  }
  ensureIsolate();
  const bytes = new TextEncoder().encode(
    (name as string) ?? `listener-${i32[thisIsolate + isolateWord.PID]}-${++unnamed}`,
  );
  const address = createObject(TYPE, NAME + Math.ceil(bytes.length / 4));
  initChannel(address + CHANNEL, 0);
  i32[address + NAME_BYTES] = bytes.length;
  u8.set(bytes, (address + NAME) * 4);
  return address;
}

function nameOf(listener: number): Uint8Array {
  const start = (listener + NAME) * 4;
  return u8.subarray(start, start + i32[listener + NAME_BYTES]);
}

/** The listener of that name; 0 if there is none. Inside the guard. */
function find(name: Uint8Array): number {
  for (let at = i32[LISTENERS]; at !== 0; at = i32[at + NEXT]) {
    const its = nameOf(at);
    if (its.length === name.length && its.every((byte, index) => byte === name[index])) return at;
  }
  return 0;
}

/** As `find`, with a reference that keeps the listener's memory. */
function findAndRetain(name: Uint8Array): number {
  enter(LISTENERS_GUARD);
  try {
    const listener = find(name);
    if (listener !== 0) Atomics.add(i32, listener + objectWord.REFERENCES, 1);
    return listener;
  } finally {
    leave(LISTENERS_GUARD);
  }
}

/** Enters a listener in the list, unless there is one of its name: whether it did. */
function list(listener: number): boolean {
  enter(LISTENERS_GUARD);
  try {
    if (find(nameOf(listener)) !== 0) return false;
    i32[listener + NEXT] = i32[LISTENERS];
    i32[LISTENERS] = listener;
    return true;
  } finally {
    leave(LISTENERS_GUARD);
  }
}

function unlist(listener: number): void {
  enter(LISTENERS_GUARD);
  let link: number = LISTENERS;
  while (i32[link] !== 0 && i32[link] !== listener) link = i32[link] + NEXT;
  if (i32[link] === listener) i32[link] = i32[listener + NEXT];
  leave(LISTENERS_GUARD);
}

/** Ends a listener: those who wait to be accepted are told that the other end is gone. */
function end(listener: number): void {
  unlist(listener);
  closeChannel(listener + CHANNEL, Closed.SENDERS_GONE);
  while (discardNext(listener + CHANNEL, "is lost"));
}

/**
 * Accepts connections from whoever knows its name, in any worker of the program.
 *
 * - A {@linkcode Client} need not wait to be accepted: it can send at once, and nothing is lost if it
 *   ends before.
 * - It may be sent to other workers; each connection is accepted by one of them.
 * - When it is closed, or all workers that have it have ended, clients that were not accepted are told
 *   by `EOFError`, and its name is free.
 *
 * Follows Python's `multiprocessing.connection.Listener`, with names inside the program in the place
 * of addresses. There is no `authkey`: all that runs in the program is one trust.
 *
 * @typeParam Sent what is sent at the listener's ends
 * @typeParam Back what is received at them
 *
 * @example Who calls
 * ```ts
 * import { Client, Listener } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = new Listener<string>("reception");
 * using client = Client<string>("reception"); // in any worker
 * client.sendSync("hello");
 * using connection = await listener.accept();
 * assertEquals(await connection.recv(), "hello");
 * ```
 */
export class Listener<Sent = unknown, Back = Sent> extends SharedHandle
  implements Disposable, Waitable {
  /**
   * Begins to listen.
   *
   * @param name by which clients find it; without one it gets a name that no other has
   * @throws {Deno.errors.AddrInUse} if another listener has this name
   * @throws {TypeError} if the name is not a string, or empty
   */
  constructor(name?: string) {
    super(createListener(name));
    if (list(this.address)) return;
    end(this.address);
    throw new Deno.errors.AddrInUse(
      `Cannot listen: another listener has the name ${JSON.stringify(this.name)}. Close it first`,
    );
  }

  /** The name by which clients find it. */
  get name(): string {
    return new TextDecoder().decode(nameOf(this.address));
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return closedBits(this.address + CHANNEL) !== 0;
  }

  /**
   * Accepts the next connection, waiting until there is one.
   *
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws the reason of `signal`, if that is aborted first
   */
  async accept(options?: WaitOptions): Promise<Connection<Sent, Back>> {
    return accepted(await awaitOn(receiving(this.address + CHANNEL), options), options);
  }

  /**
   * Accepts the next connection, blocking the thread until there is one.
   *
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws {TerminatedError} if this worker is told to end
   */
  acceptSync(options?: WaitOptions): Connection<Sent, Back> {
    return accepted(blockOn(receiving(this.address + CHANNEL), options), options);
  }

  /** Ends the listener for everybody. Clients that were not accepted are told by `EOFError`. */
  close(): void {
    end(this.address);
  }

  /** Ends the listener for everybody. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Steps of waiting until a connection can be accepted or the listener is closed, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return becomingReadable(this.address + CHANNEL);
  }
}

function accepted<Sent, Back>(
  received: Received | "closed" | "timed out",
  options?: WaitOptions,
): Connection<Sent, Back> {
  if (received === "timed out") {
    throw new TimeoutError(`Cannot accept: no connection came in ${options?.timeoutMs} ms`);
  }
  if (received === "closed") throw new ClosedError("Cannot accept: the listener is closed");
  return readReceived(received) as Connection<Sent, Back>;
}

/**
 * Connects to the {@linkcode Listener} of a name.
 *
 * What is sent through the connection waits there until the listener accepts it.
 *
 * Follows Python's `multiprocessing.connection.Client`.
 *
 * @typeParam Sent what is sent at this end
 * @typeParam Back what is received at it
 * @throws {Deno.errors.ConnectionRefused} if nobody listens under this name
 * @throws {TypeError} if the name is not a string
 *
 * @example A name that nobody has
 * ```ts
 * import { Client } from "@sauropod/multiprocessing";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => Client("nobody"), Deno.errors.ConnectionRefused);
 * ```
 */
export function Client<Sent = unknown, Back = Sent>(name: string): Connection<Sent, Back> {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot connect: name must be a string, not ${typeof name}`);
  }
  ensureIsolate();
  const listener = findAndRetain(new TextEncoder().encode(name));
  if (listener !== 0) {
    try {
      const connection = connect<Sent, Back>(listener);
      if (connection !== undefined) return connection;
    } finally {
      dropRef(listener);
    }
  }
  throw new Deno.errors.ConnectionRefused(
    `Cannot connect: nobody listens under the name ${JSON.stringify(name)}`,
  );
}

/** Sends one end of a new pipe to the listener and returns the other; `undefined` if it is closed. */
function connect<Sent, Back>(listener: number): Connection<Sent, Back> | undefined {
  const [mine, its] = Pipe<Sent, Back>();
  const encoder = encode(its);
  try {
    if (push(listener + CHANNEL, encoder)) return mine;
    encoder.discard();
  } finally {
    returnEncoder(encoder);
  }
  its.close();
  mine.close();
}

defineType(TYPE, "Listener", {
  revive: reviveAs<Listener>(Listener),
  destroy: (listener) => destroyChannel(listener + CHANNEL),
  onReachable(listener) {
    Atomics.add(i32, listener + USERS, 1);
  },
  onUnreachable(listener) {
    if (Atomics.sub(i32, listener + USERS, 1) === 1) end(listener);
  },
});
