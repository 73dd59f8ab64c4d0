/**
 * Two ends that send each other messages.
 *
 * A pipe has a channel each way. Each end counts those who can use it: the isolates that have it
 * open and the messages on their way with it. When the last is gone, the other end is told.
 *
 * | word of an end | meaning | written by |
 * |---|---|---|
 * | `PIPE` | address of the pipe, which is shared by the two ends | the creator |
 * | `SIDE` | 0 or 1: which of the channels it sends to | the creator |
 * | `MODE` | bits of {@linkcode Mode} | the creator |
 * | `USERS` | isolates and messages that can use the end; 0: gone for good | `onGained`, `onLost` |
 *
 * @module
 */

import { BrokenPipeError, ClosedError, EOFError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../atomics/deadline.ts";
import { i32 } from "../atomics/heap_views.ts";
import {
  createObject,
  defineType,
  dropReference,
  isLost,
  lose,
  objectWord,
  regain,
  retain,
  SharedHandle,
  SharedType,
} from "../atomics/shared_object.ts";
import { awaitOn, blockOn } from "../atomics/wait.ts";
import { encode, giveBack } from "../codec/encoder.ts";
import { importValue } from "../codec/message.ts";
import {
  becomingReadable,
  CHANNEL_WORDS,
  closeChannel,
  Closed,
  destroyChannel,
  initChannel,
  push,
  receive,
  type Received,
  receiving,
} from "./channel.ts";
import { valueNow } from "./received.ts";

const CHANNELS = objectWord.FIRST;
const PIPE_WORDS = CHANNELS + 2 * CHANNEL_WORDS;

const PIPE = objectWord.FIRST;
const SIDE = PIPE + 1;
const MODE = PIPE + 2;
const USERS = PIPE + 3;
const END_WORDS = PIPE + 4;

const Mode = { READABLE: 1, WRITABLE: 2 } as const;

function outgoing(end: number): number {
  return i32[end + PIPE] + CHANNELS + i32[end + SIDE] * CHANNEL_WORDS;
}

function incoming(end: number): number {
  return i32[end + PIPE] + CHANNELS + (1 - i32[end + SIDE]) * CHANNEL_WORDS;
}

function createEnd(pipe: number, side: number, mode: number): number {
  const end = createObject(SharedType.CONNECTION, END_WORDS);
  i32[end + PIPE] = pipe;
  i32[end + SIDE] = side;
  i32[end + MODE] = mode;
  retain(pipe);
  return end;
}

/** Opens an end again that comes back to where it was given away, or closed. */
let reopen: (end: Connection) => void;

/**
 * One end of a {@linkcode Pipe}.
 *
 * - It may be sent anywhere. An end that is sent is lent: it stays open here only if it is used here
 *   again, so that the other end learns when the worker that got it is gone.
 * - When `send` returns, the message can be received.
 * - Messages come out whole, in the order in which they were sent.
 * - One end should be used by one worker at a time; used by several, each message goes to one of them.
 *
 * Follows Python's `multiprocessing.connection.Connection`.
 *
 * @typeParam T what the pipe carries
 */
export class Connection<T = unknown> extends SharedHandle implements Disposable {
  #closed = false;

  static {
    reopen = (end) => {
      end.#closed = false;
      regain(end);
    };
  }

  /** Whether messages can be received at this end. */
  get readable(): boolean {
    return (i32[this.address + MODE] & Mode.READABLE) !== 0;
  }

  /** Whether messages can be sent at this end. */
  get writable(): boolean {
    return (i32[this.address + MODE] & Mode.WRITABLE) !== 0;
  }

  /** Whether this end was closed here. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a message to the other end. It is copied at the call and can be received when the call
   * returns; there is no limit to what waits at the other end.
   *
   * @throws {BrokenPipeError} if the other end is gone
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only receives
   * @throws {DataCloneError} if the message cannot cross; the error names the path to the part
   */
  // deno-lint-ignore require-await -- so that every error is a rejection
  async send(message: T): Promise<void> {
    this.sendSync(message);
  }

  /** As {@linkcode Connection.send}: sending never waits. */
  sendSync(message: T): void {
    this.#use("send", this.writable, "the other one");
    const encoder = encode(message, "message");
    try {
      if (push(outgoing(this.address), encoder)) return;
      encoder.discard();
    } finally {
      giveBack(encoder);
    }
    throw new BrokenPipeError("Cannot send message: the other end of the pipe is gone");
  }

  /**
   * Receives the next message, waiting until there is one.
   *
   * @throws {EOFError} if the other end is gone and all it sent has been received
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only sends
   * @throws the reason of `signal`, if that is aborted first
   */
  async recv(options?: WaitOptions): Promise<T> {
    this.#use("receive", this.readable, "the other one");
    const channel = incoming(this.address);
    const received = (options === undefined ? receive(channel) : undefined) ??
      await awaitOn(receiving(channel), options);
    const message = this.#judge(received, options);
    return (message.kind === "value" ? message.value : await importValue(message.block)) as T;
  }

  /**
   * Receives the next message, blocking the thread until there is one.
   *
   * @throws {EOFError} if the other end is gone and all it sent has been received
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only sends
   * @throws {TaskLookupError} if the message needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is told to end
   */
  recvSync(options?: WaitOptions): T {
    this.#use("receive", this.readable, "the other one");
    const channel = incoming(this.address);
    const received = (options === undefined ? receive(channel) : undefined) ??
      blockOn(receiving(channel), options);
    return valueNow(this.#judge(received, options)) as T;
  }

  /**
   * Waits until `recv` would not: there is a message, or the other end is gone.
   *
   * @param options without a `timeoutMs` it looks and does not wait, as in Python
   * @returns false if `timeoutMs` passed first
   * @throws {ClosedError} if this end is closed
   */
  // deno-lint-ignore require-await -- so that every error is a rejection
  async poll(options: WaitOptions = { timeoutMs: 0 }): Promise<boolean> {
    this.#use("poll", this.readable, "the other one");
    return awaitOn(becomingReadable(incoming(this.address)), options);
  }

  /** As {@linkcode Connection.poll}, blocking the thread. */
  pollSync(options: WaitOptions = { timeoutMs: 0 }): boolean {
    this.#use("poll", this.readable, "the other one");
    return blockOn(becomingReadable(incoming(this.address)), options);
  }

  /** Closes this end here. The other end is told once nobody else has it open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    lose(this);
  }

  /** Closes this end here. */
  [Symbol.dispose](): void {
    this.close();
  }

  #use(verb: string, allowed: boolean, which: string): void {
    if (this.#closed) throw new ClosedError(`Cannot ${verb}: this end of the pipe is closed`);
    if (!allowed) {
      throw new TypeError(`Cannot ${verb}: the pipe is one-way; use ${which} of its two ends`);
    }
    if (isLost(this)) {
      // It was lent; using it again opens it here again, unless the pipe has been told already.
      if (Atomics.load(i32, this.address + USERS) === 0) {
        throw new ClosedError(
          `Cannot ${verb}: this end was sent to a worker, which closed it or has ended`,
        );
      }
      regain(this);
    }
  }

  #judge(received: Received | "closed" | "timed out", options?: WaitOptions): Received {
    if (received === "timed out") {
      throw new TimeoutError(`Cannot receive: no message came in ${options?.timeoutMs} ms`);
    }
    if (received === "closed") {
      throw new EOFError("Cannot receive: the other end of the pipe is gone");
    }
    return received;
  }
}

/** Options of {@linkcode Pipe}. */
export interface PipeOptions {
  /**
   * Whether both ends send and receive; otherwise the first only receives and the second only sends.
   *
   * @default {true}
   */
  duplex?: boolean;
}

/**
 * Makes a pipe and returns its two ends.
 *
 * @typeParam T what the pipe carries
 *
 * @example There and back
 * ```ts
 * import { Pipe } from "@sauropod/multiprocessing";
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { EOFError } from "@sauropod/multiprocessing";
 *
 * const [here, there] = Pipe<string>();
 * await here.send("ping");
 * assertEquals(await there.recv(), "ping");
 * there.close();
 * await assertRejects(() => here.recv(), EOFError);
 * ```
 */
export function Pipe<T = unknown>(options: PipeOptions = {}): [Connection<T>, Connection<T>] {
  const { duplex = true } = options;
  const pipe = createObject(SharedType.PIPE, PIPE_WORDS);
  initChannel(pipe + CHANNELS, 0);
  initChannel(pipe + CHANNELS + CHANNEL_WORDS, 0);
  const both = Mode.READABLE | Mode.WRITABLE;
  return [
    reviveConnection(createEnd(pipe, 0, duplex ? both : Mode.READABLE)) as Connection<T>,
    reviveConnection(createEnd(pipe, 1, duplex ? both : Mode.WRITABLE)) as Connection<T>,
  ];
}

function reviveConnection(address: number): Connection {
  return new Connection(address);
}

defineType(SharedType.CONNECTION, {
  revive: reviveConnection,
  isLent: true,
  onReturned: (handle) => reopen(handle as Connection),
  onGained(end) {
    Atomics.add(i32, end + USERS, 1);
  },
  onLost(end) {
    if (Atomics.sub(i32, end + USERS, 1) > 1) return;
    // In this order, so that who has been told of the end cannot send to it any more.
    closeChannel(incoming(end), Closed.RECEIVERS_GONE);
    closeChannel(outgoing(end), Closed.SENDERS_GONE);
  },
  destroy: (end) => dropReference(i32[end + PIPE]),
});

defineType(SharedType.PIPE, {
  revive() {
    throw new Error("Cannot make a handle of a pipe: its ends have them");
  },
  destroy(pipe) {
    destroyChannel(pipe + CHANNELS);
    destroyChannel(pipe + CHANNELS + CHANNEL_WORDS);
  },
});
