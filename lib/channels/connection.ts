/**
 * One end of a pipe.
 *
 * Each end counts its users: the isolates that have it open, and the messages on their way that carry
 * it. When the last user is gone, the other end learns it.
 *
 * | word of an end | meaning | written by |
 * |---|---|---|
 * | `PIPE` | address of the pipe, which the two ends share | the creator |
 * | `MODE` | bits of {@linkcode Mode}, and `SECOND` 4: it sends to the second channel | the creator |
 * | `USERS` | isolates and messages that can use the end; 0: gone for good | `onReachable`, `onUnreachable` |
 * | `PEER` | the other end. It may have been freed: then this end has been told that it is gone | the creator |
 *
 * @module
 */

import { BrokenPipeError, ClosedError, EOFError, TimeoutError } from "../errors.ts";
import { pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { checkOptions } from "../arguments/options.ts";
import { i32 } from "../heap/views.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import {
  addRef,
  addressOf,
  createObject,
  defineType,
  dropRef,
  isUnreachable,
  markReachable,
  markUnreachable,
  type ObjectAddress,
  objectWord,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import {
  awaitOn,
  blockOn,
  isStopping,
  neverSettled,
  type Steps,
  throwIfStopping,
} from "../parking/wait.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import { importValue } from "../codec/held_messages.ts";
import {
  bytesOf,
  type BytesReader,
  copyReader,
  intoReader,
  recvBytesIntoNames,
  type RecvBytesIntoOptions,
  recvBytesNames,
  type RecvBytesOptions,
  sendBytesNames,
  type SendBytesOptions,
} from "./bytes.ts";
import { push, receive, receiveBytes, type ReceivedBytes } from "./channel.ts";
import { CHANNEL_WORDS, closeChannel, Closed } from "./channel_state.ts";
import { becomingReadable, receiving, taking } from "./channel_waiting.ts";
import { readReceived } from "./read_received.ts";

/** The number of this type among shared objects. */
const TYPE = 5;

/** Where the two channels of a pipe begin. */
export const PIPE_CHANNELS = objectWord.FIRST;

const PIPE = objectWord.FIRST;
const MODE = PIPE + 1;
const USERS = PIPE + 2;
const PEER = PIPE + 3;
const END_WORDS = PIPE + 4;

/** What an end can do. */
export const Mode = { READABLE: 1, WRITABLE: 2 } as const;

/** The bit of `MODE` of the end that sends to the second channel. */
const SECOND = 4;

function outgoing(end: ObjectAddress): number {
  return channelAt(end, SECOND);
}

function incoming(end: ObjectAddress): number {
  return channelAt(end, 0);
}

/** Returns the second channel if the bit `SECOND` of the end is `second`, otherwise the first. */
function channelAt(end: ObjectAddress, second: number): number {
  const isSecond = (i32[end + MODE] & SECOND) === second;
  return i32[end + PIPE] + PIPE_CHANNELS + (isSecond ? CHANNEL_WORDS : 0);
}

/** Returns the other end: what an isolate must have a handle for to end a wait of this one. */
export function peerOf(end: ObjectAddress): ObjectAddress {
  return i32[end + PEER];
}

/** Makes two ends known to each other. */
export function linkEnds(first: Connection, second: Connection): void {
  const ends = [addressOf(first)!, addressOf(second)!];
  i32[ends[0] + PEER] = ends[1];
  i32[ends[1] + PEER] = ends[0];
}

/** Creates one end of a pipe. */
export function createConnection(pipe: ObjectAddress, side: number, mode: number): Connection {
  const end = createObject(TYPE, END_WORDS);
  i32[end + PIPE] = pipe;
  i32[end + MODE] = mode | side * SECOND;
  addRef(pipe);
  return new Connection(end);
}

/**
 * One end of a {@linkcode Pipe}.
 *
 * - An end can be sent to other isolates. It is then lent: it stays open here only if it is used here
 *   again. So the other end learns when the worker that received it is gone.
 * - When `send` returns, the message can be received.
 * - Messages arrive whole, in the order in which they were sent.
 * - One end should be used by one worker at a time. If several use it, each message goes to one of them.
 *
 * Follows Python's `multiprocessing.connection.Connection`.
 *
 * @typeParam Sent the type of the messages that this end sends
 * @typeParam Received the type of the messages that it receives
 *
 * @example Bytes, received into an existing buffer
 * ```ts
 * import { Pipe } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const [here, there] = Pipe();
 * await here.sendBytes(new Float32Array([1, 2, 3]), { offset: 4 });
 * const buffer = new Float32Array(4);
 * assertEquals(await there.recvBytesInto(buffer, { offset: 8 }), 8);
 * assertEquals(buffer, new Float32Array([0, 0, 2, 3]));
 * ```
 */
export class Connection<Sent = unknown, Received = Sent> extends SharedHandle
  implements Disposable, Waitable {
  #closed = false;

  static {
    defineType(TYPE, "Connection", {
      crosses: true,
      revive: (address) => new Connection(address),
      isLent: true,
      onReturned: (handle) => (handle as Connection).#reopen(),
      onReachable(end) {
        Atomics.add(i32, end + USERS, 1);
      },
      onUnreachable(end) {
        if (Atomics.sub(i32, end + USERS, 1) > 1) return;
        // In this order: once the other side learns that the end is gone, it cannot send to it any more.
        closeChannel(incoming(end), Closed.RECEIVERS_GONE);
        closeChannel(outgoing(end), Closed.SENDERS_GONE);
      },
      destroy: (end) => dropRef(i32[end + PIPE]),
    });
  }

  /** Whether messages can be received at this end. */
  get readable(): boolean {
    return (i32[this.address + MODE] & Mode.READABLE) !== 0;
  }

  /** Whether messages can be sent at this end. */
  get writable(): boolean {
    return (i32[this.address + MODE] & Mode.WRITABLE) !== 0;
  }

  /** Whether this end was closed in this isolate. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a message to the other end. It is copied at the call and can be received when the call
   * returns. There is no limit on the messages that wait at the other end.
   *
   * @throws {BrokenPipeError} if the other end is gone
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only receives
   * @throws {DataCloneError} if the message cannot cross; the error names the path to the part
   */
  // deno-lint-ignore require-await -- so that every error is a rejection
  async send(message: Sent): Promise<void> {
    if (isStopping()) return neverSettled();
    this.sendSync(message);
  }

  /**
   * As {@linkcode Connection.send}, synchronously: sending never waits.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  sendSync(message: Sent): void {
    this.#use("send", this.writable);
    this.#push(message, "message");
  }

  /**
   * Sends bytes to the other end, as one message: there, `recvBytes` returns the bytes, and `recv`
   * returns a `Uint8Array`. Otherwise as {@linkcode Connection.send}.
   *
   * @param bytes a buffer of any kind; its contents are copied, also those of a shared buffer
   * @throws {BrokenPipeError} if the other end is gone
   * @throws {ClosedError} if this end is closed
   * @throws {RangeError} if `offset` and `size` are not a part of `bytes`
   * @throws {TypeError} if this end only receives, or `bytes` is not a buffer
   */
  // deno-lint-ignore require-await -- so that every error is a rejection
  async sendBytes(
    bytes: ArrayBufferView | ArrayBufferLike,
    options?: SendBytesOptions,
  ): Promise<void> {
    if (isStopping()) return neverSettled();
    this.sendBytesSync(bytes, options);
  }

  /**
   * As {@linkcode Connection.sendBytes}, synchronously: sending never waits.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  sendBytesSync(bytes: ArrayBufferView | ArrayBufferLike, options: SendBytesOptions = {}): void {
    this.#use("send", this.writable);
    checkOptions("send bytes", options, sendBytesNames);
    const part = bytesOf("send bytes", "bytes", bytes, options.offset, options.size);
    // The encoder would send a resizable buffer whole, and share a shared one.
    const { buffer } = part;
    const copies = buffer instanceof SharedArrayBuffer || buffer.resizable;
    this.#push(copies ? part.slice() : part, "bytes");
  }

  /**
   * Receives the next message, and waits until there is one.
   *
   * @throws {EOFError} if the other end is gone and everything that it sent has been received
   * @throws {TimeoutError} if no message arrives within `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only sends
   * @throws the reason of `signal`, if it is aborted first
   */
  async recv(options?: WaitOptions): Promise<Received> {
    if (isStopping()) return neverSettled();
    this.#use("receive", this.readable);
    const channel = incoming(this.address);
    const received = (options === undefined ? receive(channel) : undefined) ??
      await awaitOn(receiving(channel), options);
    const message = this.#receivedOrThrow(received, options);
    return (message.kind === "value"
      ? message.value
      : await importValue(message.block)) as Received;
  }

  /**
   * Receives the next message, and blocks the isolate until there is one.
   *
   * @throws {EOFError} if the other end is gone and everything that it sent has been received
   * @throws {TimeoutError} if no message arrives within `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only sends
   * @throws {DeadlockError} if no other isolate has the other end and `timeoutMs` is not given
   * @throws {TaskLookupError} if the message needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is terminated
   */
  recvSync(options?: WaitOptions): Received {
    this.#use("receive", this.readable);
    const channel = incoming(this.address);
    const received = (options === undefined ? receive(channel) : undefined) ??
      blockOn(receiving(channel), options, peerOf(this.address));
    return readReceived(this.#receivedOrThrow(received, options)) as Received;
  }

  /**
   * Receives the next message, which must be bytes, and waits until there is one.
   *
   * If the message is not bytes, it stays for `recv`, and `TypeError` is thrown.
   *
   * @throws {BufferTooShort} if the message has more than `maxLength` bytes. The error carries the
   * message, and the connection stays usable
   * @throws {EOFError} if the other end is gone and everything that it sent has been received
   * @throws {TimeoutError} if no message arrives within `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if the message is not bytes, or this end only sends
   * @throws {RangeError} if `maxLength` is negative or not an integer
   * @throws the reason of `signal`, if it is aborted first
   */
  async recvBytes(options?: RecvBytesOptions): Promise<Uint8Array<ArrayBuffer>> {
    if (isStopping()) return neverSettled();
    const wait = pickWaitOptions("receive bytes", options, recvBytesNames);
    const steps = this.#receivingBytes(copyReader(options?.maxLength));
    return this.#bytesOrThrow(await awaitOn(steps, wait), options);
  }

  /**
   * As {@linkcode Connection.recvBytes}, but blocks the isolate.
   *
   * @throws {DeadlockError} as {@linkcode Connection.recvSync}
   * @throws {TerminatedError} if this worker is terminated
   */
  recvBytesSync(options?: RecvBytesOptions): Uint8Array<ArrayBuffer> {
    const wait = pickWaitOptions("receive bytes", options, recvBytesNames);
    const steps = this.#receivingBytes(copyReader(options?.maxLength));
    return this.#bytesOrThrow(blockOn(steps, wait, peerOf(this.address)), options);
  }

  /**
   * Receives the next message, which must be bytes, into a buffer, and waits until there is one. The
   * rest of the buffer is not changed. Otherwise as {@linkcode Connection.recvBytes}.
   *
   * @param buffer a buffer of any kind
   * @returns the number of bytes received
   * @throws {BufferTooShort} if the message does not fit into the buffer from `offset` on. The error
   * carries the message, and the connection stays usable
   * @throws {EOFError} if the other end is gone and everything that it sent has been received
   * @throws {TimeoutError} if no message arrives within `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if the message is not bytes, `buffer` is not a buffer, or this end only sends
   * @throws {RangeError} if `offset` is not inside the buffer
   * @throws the reason of `signal`, if it is aborted first
   */
  async recvBytesInto(
    buffer: ArrayBufferView | ArrayBufferLike,
    options?: RecvBytesIntoOptions,
  ): Promise<number> {
    if (isStopping()) return neverSettled();
    const wait = pickWaitOptions("receive bytes", options, recvBytesIntoNames);
    const steps = this.#receivingBytes(intoReader(buffer, options?.offset));
    return this.#bytesOrThrow(await awaitOn(steps, wait), options);
  }

  /**
   * As {@linkcode Connection.recvBytesInto}, but blocks the isolate.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  recvBytesIntoSync(
    buffer: ArrayBufferView | ArrayBufferLike,
    options?: RecvBytesIntoOptions,
  ): number {
    const wait = pickWaitOptions("receive bytes", options, recvBytesIntoNames);
    const steps = this.#receivingBytes(intoReader(buffer, options?.offset));
    return this.#bytesOrThrow(blockOn(steps, wait, peerOf(this.address)), options);
  }

  /**
   * Waits until `recv` would not wait: there is a message, or the other end is gone.
   *
   * @param options without a `timeoutMs`, the call does not wait, as in Python
   * @returns false if `timeoutMs` passes first
   * @throws {ClosedError} if this end is closed
   */
  async poll(options: WaitOptions = { timeoutMs: 0 }): Promise<boolean> {
    if (isStopping()) return neverSettled();
    this.#use("poll", this.readable);
    // `await` keeps this handle alive, and so the memory of the pipe, during the wait.
    return await awaitOn(becomingReadable(incoming(this.address)), options);
  }

  /**
   * As {@linkcode Connection.poll}, but blocks the isolate.
   *
   * @throws {DeadlockError} as {@linkcode Connection.recvSync}
   */
  pollSync(options: WaitOptions = { timeoutMs: 0 }): boolean {
    this.#use("poll", this.readable);
    return blockOn(becomingReadable(incoming(this.address)), options, peerOf(this.address));
  }

  /** Steps of waiting until `recv` would not wait, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never> {
    this.#use("wait", this.readable);
    return becomingReadable(incoming(this.address));
  }

  /** Closes this end in this isolate. The other end learns it once no isolate has this end open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    markUnreachable(this);
  }

  /** Closes this end in this isolate. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Opens an end that was closed or sent away here, and has now been received. */
  #reopen(): void {
    this.#closed = false;
    markReachable(this);
  }

  /** Checks that this end can be used, and opens it again if it was lent. */
  #use(verb: string, allowed: boolean): void {
    throwIfStopping();
    if (this.#closed) {
      throw new ClosedError(
        `Cannot ${verb}: this end of the pipe is closed. Use it before close()`,
      );
    }
    if (!allowed) {
      throw new TypeError(`Cannot ${verb}: the pipe is one-way. Use the other one of its two ends`);
    }
    if (isUnreachable(this)) {
      // It was lent. Using it opens it here again, unless the other end already counts it as gone.
      if (Atomics.load(i32, this.address + USERS) === 0) {
        throw new ClosedError(
          `Cannot ${verb}: this end was sent to a worker, which closed it or has ended`,
        );
      }
      markReachable(this);
    }
  }

  #push(message: unknown, name: string): void {
    const encoder = encode(message, name);
    try {
      if (push(outgoing(this.address), encoder)) return;
      encoder.discard();
    } finally {
      returnEncoder(encoder);
    }
    throw new BrokenPipeError(
      `Cannot send ${name}: the other end of the pipe is gone. Stop sending`,
    );
  }

  #receivingBytes<R>(read: BytesReader<R>): Steps<ReceivedBytes<R> | "closed" | "timed out"> {
    this.#use("receive", this.readable);
    return taking(incoming(this.address), (channel) => receiveBytes(channel, read));
  }

  #receivedOrThrow<R>(received: R | "closed" | "timed out", options?: WaitOptions): R {
    if (received === "timed out") {
      throw new TimeoutError(`Cannot receive: no message arrived within ${options?.timeoutMs} ms`);
    }
    if (received === "closed") {
      throw new EOFError("Cannot receive: the other end of the pipe is gone. Stop receiving");
    }
    return received;
  }

  #bytesOrThrow<R>(
    received: ReceivedBytes<R> | "closed" | "timed out",
    options?: WaitOptions,
  ): R {
    const message = this.#receivedOrThrow(received, options);
    if (message.kind === "bytes") return message.result;
    throw new TypeError(
      `Cannot receive bytes: the next message is ${message.name}. Receive it with recv()`,
    );
  }
}

showState<Connection>(
  Connection,
  ({ readable, writable, closed }) => ({ readable, writable, closed }),
);
