/**
 * Pipes between isolates that share only a name.
 *
 * A listener is in a list of the program, in which clients find it by its name. A client creates a
 * pipe and sends one end through the listener's channel.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | root `listenersGuard` | guards the list, and `NEXT` of all listeners | `enter`, `leave` |
 * | root `listeners` | first listener of the list; 0: none | `addToList`, `removeFromList` |
 * | `NEXT` | the next listener in the list; 0: none | `addToList`, `removeFromList` |
 * | `USERS` | isolates and messages that have the listener; 0: no isolate can accept | `onReachable`, `onUnreachable` |
 * | `NAME_BYTES`, `NAME` | its name in UTF-8 | the creator |
 *
 * The list does not hold references: a listener is removed when its last user is gone. A client adds a
 * reference inside the guard, so that the listener that it found is not freed meanwhile.
 *
 * @module
 */

import { rootWord } from "../heap/root_words.ts";
import { ClosedError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkString, checkText } from "../arguments/values.ts";
import { enter, leave } from "../heap/guard.ts";
import { i32, u8 } from "../heap/views.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import {
  createObject,
  defineType,
  dropRef,
  type ObjectAddress,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, throwIfStopping } from "../parking/wait.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import { destroyChannel, discardNext, push, type Received } from "./channel.ts";
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
  if (name !== undefined) checkText("listen", "name", name);
  ensureIsolate();
  const bytes = new TextEncoder().encode(
    (name as string) ?? `listener-${i32[thisIsolate + isolateWord.PID]}-${++unnamed}`,
  );
  const address = createObject(TYPE, NAME + Math.ceil(bytes.length / 4));
  i32[address + NAME_BYTES] = bytes.length;
  u8.set(bytes, (address + NAME) * 4);
  return address;
}

function nameOf(listener: ObjectAddress): Uint8Array {
  const start = (listener + NAME) * 4;
  return u8.subarray(start, start + i32[listener + NAME_BYTES]);
}

/** Returns the listener of that name; 0 if there is none. Inside the guard. */
function find(name: Uint8Array): number {
  for (let at = i32[LISTENERS]; at !== 0; at = i32[at + NEXT]) {
    const other = nameOf(at);
    if (other.length === name.length && other.every((byte, i) => byte === name[i])) return at;
  }
  return 0;
}

/** Finds the listener of that name and adds a reference to it; 0 if there is none. */
function findAndAddRef(name: Uint8Array): number {
  enter(LISTENERS_GUARD);
  try {
    const listener = find(name);
    if (listener !== 0) Atomics.add(i32, listener + objectWord.REFERENCES, 1);
    return listener;
  } finally {
    leave(LISTENERS_GUARD);
  }
}

/** Adds a listener to the list, and returns true, unless there is one of its name. */
function addToList(listener: ObjectAddress): boolean {
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

function removeFromList(listener: ObjectAddress): void {
  enter(LISTENERS_GUARD);
  let link: number = LISTENERS;
  while (i32[link] !== 0 && i32[link] !== listener) link = i32[link] + NEXT;
  if (i32[link] === listener) i32[link] = i32[listener + NEXT];
  leave(LISTENERS_GUARD);
}

/** Closes a listener. Clients that were not accepted learn that the other end is gone. */
function endListener(listener: ObjectAddress): void {
  removeFromList(listener);
  closeChannel(listener + CHANNEL, Closed.SENDERS_GONE);
  while (discardNext(listener + CHANNEL, "drop"));
}

/**
 * Accepts connections by name, from any worker of the program.
 *
 * - A {@linkcode Client} can send before it is accepted. Its messages are not lost if it ends before.
 * - A listener can be sent to other workers. Each connection is accepted by one of them.
 * - When it is closed, or all workers that have it have ended, clients that were not accepted get an
 *   `EOFError`, and its name is free.
 *
 * Follows Python's `multiprocessing.connection.Listener`, with names inside the program instead of
 * addresses. There is no `authkey`, because all code of a program has the same trust.
 *
 * @typeParam Sent the type of the messages that the listener's ends send
 * @typeParam Back the type of the messages that they receive
 *
 * @example A client finds a listener
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
   * Starts listening.
   *
   * @param name the name by which clients find it; by default a unique one
   * @throws {Deno.errors.AddrInUse} if another listener has this name
   * @throws {TypeError} if the name is not a string
   * @throws {RangeError} if it is empty
   */
  constructor(name?: string) {
    super(createListener(name));
    if (addToList(this.address)) return;
    endListener(this.address);
    throw new Deno.errors.AddrInUse(
      `Cannot listen: another listener has the name ${JSON.stringify(this.name)}. Close it first`,
    );
  }

  /** The name by which clients find the listener. */
  get name(): string {
    return new TextDecoder().decode(nameOf(this.address));
  }

  /** Whether the listener was closed. */
  get closed(): boolean {
    return closedBits(this.address + CHANNEL) !== 0;
  }

  /**
   * Accepts the next connection, and waits until there is one.
   *
   * @throws {TimeoutError} if there is no connection within `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws the reason of `signal`, if it is aborted first
   */
  async accept(options?: WaitOptions): Promise<Connection<Sent, Back>> {
    return accepted(await awaitOn(receiving(this.address + CHANNEL), options), options);
  }

  /**
   * Accepts the next connection, and blocks the isolate until there is one.
   *
   * @throws {TimeoutError} if there is no connection within `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws {TerminatedError} if this worker is terminated
   */
  acceptSync(options?: WaitOptions): Connection<Sent, Back> {
    return accepted(blockOn(receiving(this.address + CHANNEL), options), options);
  }

  /** Closes the listener for all workers. Clients that were not accepted get an `EOFError`. */
  close(): void {
    endListener(this.address);
  }

  /** Closes the listener for all workers. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Steps of waiting until a connection can be accepted or the listener is closed, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return becomingReadable(this.address + CHANNEL);
  }
}

function accepted<Sent, Back>(
  received: Received | "closed" | "timed out",
  options?: WaitOptions,
): Connection<Sent, Back> {
  if (received === "timed out") {
    throw new TimeoutError(`Cannot accept: no connection was made within ${options?.timeoutMs} ms`);
  }
  if (received === "closed") {
    throw new ClosedError(
      "Cannot accept: the listener is closed. Accept connections before close()",
    );
  }
  return readReceived(received) as Connection<Sent, Back>;
}

/**
 * Connects to the {@linkcode Listener} of that name.
 *
 * Messages that are sent through the connection wait there until the listener accepts it.
 *
 * Follows Python's `multiprocessing.connection.Client`.
 *
 * @typeParam Sent the type of the messages that this end sends
 * @typeParam Back the type of the messages that it receives
 * @throws {Deno.errors.ConnectionRefused} if there is no listener of this name
 * @throws {TypeError} if the name is not a string
 * @throws {TerminatedError} if this worker is terminated
 *
 * @example A name without a listener
 * ```ts
 * import { Client } from "@sauropod/multiprocessing";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => Client("nobody"), Deno.errors.ConnectionRefused);
 * ```
 */
export function Client<Sent = unknown, Back = Sent>(name: string): Connection<Sent, Back> {
  checkString("connect", "name", name);
  ensureIsolate();
  throwIfStopping();
  const listener = findAndAddRef(new TextEncoder().encode(name));
  if (listener !== 0) {
    try {
      const connection = connect<Sent, Back>(listener);
      if (connection !== undefined) return connection;
    } finally {
      dropRef(listener);
    }
  }
  throw new Deno.errors.ConnectionRefused(
    `Cannot connect: there is no listener of the name ${JSON.stringify(name)}. Make it first`,
  );
}

/** Sends one end of a new pipe to the listener and returns the other; `undefined` if the listener is closed. */
function connect<Sent, Back>(listener: ObjectAddress): Connection<Sent, Back> | undefined {
  const [here, there] = Pipe<Sent, Back>();
  const encoder = encode(there);
  try {
    if (push(listener + CHANNEL, encoder)) return here;
    encoder.discard();
  } finally {
    returnEncoder(encoder);
  }
  there.close();
  here.close();
  return undefined;
}

defineType(TYPE, "Listener", {
  crosses: true,
  revive: reviveAs<Listener>(Listener),
  destroy: (listener) => destroyChannel(listener + CHANNEL),
  onReachable(listener) {
    Atomics.add(i32, listener + USERS, 1);
  },
  onUnreachable(listener) {
    if (Atomics.sub(i32, listener + USERS, 1) === 1) endListener(listener);
  },
});

showState<Listener>(Listener, ({ name, closed }) => ({ name, closed }));
