// The declarations of lib/channels/connection.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { RecvBytesIntoOptions, RecvBytesOptions, SendBytesOptions } from "./bytes.d.ts";

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
 * @typeParam Sent what is sent at this end
 * @typeParam Received what is received at it
 *
 * @example Bytes, into a buffer that is there already
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
export declare class Connection<Sent = unknown, Received = Sent> extends SharedHandle
  implements Disposable, Waitable {
  #private;
  /** Whether messages can be received at this end. */
  get readable(): boolean;
  /** Whether messages can be sent at this end. */
  get writable(): boolean;
  /** Whether this end was closed here. */
  get closed(): boolean;
  /**
   * Sends a message to the other end. It is copied at the call and can be received when the call
   * returns; there is no limit to what waits at the other end.
   *
   * @throws {BrokenPipeError} if the other end is gone
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only receives
   * @throws {DataCloneError} if the message cannot cross; the error names the path to the part
   */
  send(message: Sent): Promise<void>;
  /** As {@linkcode Connection.send}: sending never waits. */
  sendSync(message: Sent): void;
  /**
   * Sends bytes to the other end, as one message: the `recvBytes` of the other end gets them, and its
   * `recv` gets a `Uint8Array`. Otherwise as {@linkcode Connection.send}.
   *
   * @param bytes a buffer of any kind, which is copied; of a shared one, too, the contents are sent
   * @throws {BrokenPipeError} if the other end is gone
   * @throws {ClosedError} if this end is closed
   * @throws {RangeError} if `offset` and `size` are not a part of `bytes`
   * @throws {TypeError} if this end only receives, or `bytes` is no buffer
   */
  sendBytes(bytes: ArrayBufferView | ArrayBufferLike, options?: SendBytesOptions): Promise<void>;
  /** As {@linkcode Connection.sendBytes}: sending never waits. */
  sendBytesSync(bytes: ArrayBufferView | ArrayBufferLike, options?: SendBytesOptions): void;
  /**
   * Receives the next message, waiting until there is one.
   *
   * @throws {EOFError} if the other end is gone and all it sent has been received
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only sends
   * @throws the reason of `signal`, if that is aborted first
   */
  recv(options?: WaitOptions): Promise<Received>;
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
  recvSync(options?: WaitOptions): Received;
  /**
   * Receives the next message, which has to be bytes, waiting until there is one.
   *
   * If it is something else, the error is thrown and the message stays: `recv` gets it.
   *
   * @throws {BufferTooShort} if it has more than `maxLength` bytes; the error has them, and the
   * connection goes on with the next message
   * @throws {EOFError} if the other end is gone and all it sent has been received
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if the message is not bytes, or this end only sends
   * @throws {RangeError} if `maxLength` is negative or not a whole number
   * @throws the reason of `signal`, if that is aborted first
   */
  recvBytes(options?: RecvBytesOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * As {@linkcode Connection.recvBytes}, blocking the thread.
   *
   * @throws {TerminatedError} if this worker is told to end
   */
  recvBytesSync(options?: RecvBytesOptions): Uint8Array<ArrayBuffer>;
  /**
   * Receives the next message, which has to be bytes, into a buffer, waiting until there is one. The
   * rest of the buffer stays as it is. Otherwise as {@linkcode Connection.recvBytes}.
   *
   * @param buffer a buffer of any kind
   * @returns the number of bytes that were received
   * @throws {BufferTooShort} if it does not fit into the buffer from `offset` on; the error has the
   * whole message, and the connection goes on with the next
   * @throws {EOFError} if the other end is gone and all it sent has been received
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if the message is not bytes, `buffer` no buffer, or this end only sends
   * @throws {RangeError} if `offset` is not inside the buffer
   * @throws the reason of `signal`, if that is aborted first
   */
  recvBytesInto(
    buffer: ArrayBufferView | ArrayBufferLike,
    options?: RecvBytesIntoOptions,
  ): Promise<number>;
  /**
   * As {@linkcode Connection.recvBytesInto}, blocking the thread.
   *
   * @throws {TerminatedError} if this worker is told to end
   */
  recvBytesIntoSync(
    buffer: ArrayBufferView | ArrayBufferLike,
    options?: RecvBytesIntoOptions,
  ): number;
  /**
   * Waits until `recv` would not: there is a message, or the other end is gone.
   *
   * @param options without a `timeoutMs` it looks and does not wait, as in Python
   * @returns false if `timeoutMs` passed first
   * @throws {ClosedError} if this end is closed
   */
  poll(options?: WaitOptions): Promise<boolean>;
  /** As {@linkcode Connection.poll}, blocking the thread. */
  pollSync(options?: WaitOptions): boolean;
  /** Steps of waiting until `recv` would not wait, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never>;
  /** Closes this end here. The other end is told once nobody else has it open. */
  close(): void;
  /** Closes this end here. */
  [Symbol.dispose](): void;
}

export {};
