// The declarations of lib/channels/connection.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { RecvBytesIntoOptions, RecvBytesOptions, SendBytesOptions } from "./bytes.d.ts";

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
export declare class Connection<Sent = unknown, Received = Sent> extends SharedHandle
  implements Disposable, Waitable {
  #private;
  /** Whether messages can be received at this end. */
  get readable(): boolean;
  /** Whether messages can be sent at this end. */
  get writable(): boolean;
  /** Whether this end was closed in this isolate. */
  get closed(): boolean;
  /**
   * Sends a message to the other end. It is copied at the call and can be received when the call
   * returns. There is no limit on the messages that wait at the other end.
   *
   * @throws {BrokenPipeError} if the other end is gone
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only receives
   * @throws {DataCloneError} if the message cannot cross; the error names the path to the part
   */
  send(message: Sent): Promise<void>;
  /**
   * As {@linkcode Connection.send}, synchronously: sending never waits.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  sendSync(message: Sent): void;
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
  sendBytes(bytes: ArrayBufferView | ArrayBufferLike, options?: SendBytesOptions): Promise<void>;
  /**
   * As {@linkcode Connection.sendBytes}, synchronously: sending never waits.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  sendBytesSync(bytes: ArrayBufferView | ArrayBufferLike, options?: SendBytesOptions): void;
  /**
   * Receives the next message, and waits until there is one.
   *
   * @throws {EOFError} if the other end is gone and everything that it sent has been received
   * @throws {TimeoutError} if no message arrives within `timeoutMs`
   * @throws {ClosedError} if this end is closed
   * @throws {TypeError} if this end only sends
   * @throws the reason of `signal`, if it is aborted first
   */
  recv(options?: WaitOptions): Promise<Received>;
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
  recvSync(options?: WaitOptions): Received;
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
  recvBytes(options?: RecvBytesOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * As {@linkcode Connection.recvBytes}, but blocks the isolate.
   *
   * @throws {DeadlockError} as {@linkcode Connection.recvSync}
   * @throws {TerminatedError} if this worker is terminated
   */
  recvBytesSync(options?: RecvBytesOptions): Uint8Array<ArrayBuffer>;
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
  recvBytesInto(
    buffer: ArrayBufferView | ArrayBufferLike,
    options?: RecvBytesIntoOptions,
  ): Promise<number>;
  /**
   * As {@linkcode Connection.recvBytesInto}, but blocks the isolate.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  recvBytesIntoSync(
    buffer: ArrayBufferView | ArrayBufferLike,
    options?: RecvBytesIntoOptions,
  ): number;
  /**
   * Waits until `recv` would not wait: there is a message, or the other end is gone.
   *
   * @param options without a `timeoutMs`, the call does not wait, as in Python
   * @returns false if `timeoutMs` passes first
   * @throws {ClosedError} if this end is closed
   */
  poll(options?: WaitOptions): Promise<boolean>;
  /**
   * As {@linkcode Connection.poll}, but blocks the isolate.
   *
   * @throws {DeadlockError} as {@linkcode Connection.recvSync}
   */
  pollSync(options?: WaitOptions): boolean;
  /** Steps of waiting until `recv` would not wait, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never>;
  /** Closes this end in this isolate. The other end learns it once no isolate has this end open. */
  close(): void;
  /** Closes this end in this isolate. */
  [Symbol.dispose](): void;
}

export {};
