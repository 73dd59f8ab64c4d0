/**
 * Callers' buffers, from which bytes are sent and into which they are received.
 *
 * @module
 */

import { BufferTooShort } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import type { OptionNames } from "../arguments/options.ts";
import { checkNotTransferred, isInstance, outOfRange, wrongType } from "../arguments/values.ts";

/** Options of `Connection.sendBytes`. */
export interface SendBytesOptions {
  /**
   * First byte to send.
   *
   * @default {0}
   */
  offset?: number | undefined;
  /**
   * Number of bytes to send.
   *
   * @default {all from `offset` on}
   */
  size?: number | undefined;
}

/** Options of `Connection.recvBytes`. */
export interface RecvBytesOptions extends WaitOptions {
  /**
   * Maximum number of bytes to accept.
   *
   * @default {Infinity}
   */
  maxLength?: number | undefined;
}

/** Options of `Connection.recvBytesInto`. */
export interface RecvBytesIntoOptions extends WaitOptions {
  /**
   * Where in the buffer the message is written, in bytes.
   *
   * @default {0}
   */
  offset?: number | undefined;
}

/** The options of `sendBytes`. */
export const sendBytesNames: OptionNames<SendBytesOptions> = { offset: true, size: true };
/** The options of `recvBytes`. */
export const recvBytesNames: OptionNames<RecvBytesOptions> = {
  maxLength: true,
  timeoutMs: true,
  signal: true,
};
/** The options of `recvBytesInto`. */
export const recvBytesIntoNames: OptionNames<RecvBytesIntoOptions> = {
  offset: true,
  timeoutMs: true,
  signal: true,
};

/** A buffer of any kind. */
export type AnyBuffer = ArrayBufferView | ArrayBufferLike;

/** Reads the bytes of a message, in the shared heap or outside of it. */
export type BytesReader<R> = (bytes: Uint8Array) => R;

/**
 * Returns `size` bytes of a buffer from `offset` on, or all that follow.
 *
 * @param verb what the caller does, for errors
 * @param name name of the argument, for errors
 * @throws {TypeError} if `buffer` is not a buffer or was transferred, or offset/size is not a number
 * @throws {RangeError} if the part is not inside the buffer
 */
export function bytesOf(
  verb: string,
  name: string,
  buffer: AnyBuffer,
  offset = 0,
  size?: number,
): Uint8Array {
  const whole = allBytesOf(verb, name, buffer);
  checkBytes(verb, "offset", offset, whole.length, `which is the length of ${name} in bytes`);
  const available = whole.length - offset;
  if (size !== undefined) {
    checkBytes(verb, "size", size, available, "which are the bytes from offset on");
  }
  return whole.subarray(offset, offset + (size ?? available));
}

function allBytesOf(verb: string, name: string, buffer: AnyBuffer): Uint8Array {
  const isView = ArrayBuffer.isView(buffer);
  const memory: unknown = isView ? buffer.buffer : buffer;
  checkNotTransferred(verb, name, memory);
  if (isView) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (isInstance(memory, ArrayBuffer) || isInstance(memory, SharedArrayBuffer)) {
    return new Uint8Array(memory);
  }
  throw wrongType(verb, name, "an ArrayBuffer, a SharedArrayBuffer or a view of one", buffer);
}

function checkBytes(verb: string, name: string, value: number, max: number, why: string): void {
  if (typeof value !== "number") throw wrongType(verb, name, "a number of bytes", value);
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw outOfRange(verb, name, `an integer from 0 to ${max}, ${why}`, value);
}

/**
 * Returns a reader that copies the bytes of a message, and throws `BufferTooShort` if there are more
 * than `maxLength`.
 *
 * @throws {TypeError} if `maxLength` is not a number
 * @throws {RangeError} if `maxLength` is negative or not an integer
 */
export function copyReader(maxLength = Infinity): BytesReader<Uint8Array<ArrayBuffer>> {
  if (maxLength !== Infinity) {
    checkBytes("receive bytes", "maxLength", maxLength, Infinity, "which sets no limit");
  }
  return (bytes) => {
    if (bytes.length <= maxLength) return bytes.slice();
    throw tooShort(`is longer than maxLength, ${maxLength}`, bytes);
  };
}

/**
 * Returns a reader that copies the bytes of a message into a buffer and returns their number, and
 * throws `BufferTooShort` if they do not fit.
 *
 * @throws {TypeError} if `buffer` is not a buffer or was transferred, or `offset` is not a number
 * @throws {RangeError} if `offset` is not inside the buffer
 */
export function intoReader(buffer: AnyBuffer, offset?: number): BytesReader<number> {
  const room = bytesOf("receive bytes", "buffer", buffer, offset);
  return (bytes) => {
    if (bytes.length > room.length) { // it may have been transferred meanwhile
      throw tooShort(`does not fit into the ${room.length} bytes of the buffer`, bytes);
    }
    room.set(bytes);
    return bytes.length;
  };
}

function tooShort(why: string, bytes: Uint8Array): BufferTooShort {
  return new BufferTooShort(
    `Cannot receive bytes: the message of ${bytes.length} bytes ${why}. The error's bytes property is the message`,
    { bytes: bytes.slice() },
  );
}
