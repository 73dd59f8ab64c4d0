/**
 * The buffers of callers that bytes are sent from and received into.
 *
 * @module
 */

import { BufferTooShort } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import type { OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";

/** Options of `Connection.sendBytes`. */
export interface SendBytesOptions {
  /**
   * Where to begin, in bytes.
   *
   * @default {0}
   */
  offset?: number;
  /**
   * How many bytes to send.
   *
   * @default {all from `offset` on}
   */
  size?: number;
}

/** Options of `Connection.recvBytes`. */
export interface RecvBytesOptions extends WaitOptions {
  /**
   * Most bytes to accept.
   *
   * @default {Infinity}
   */
  maxLength?: number;
}

/** Options of `Connection.recvBytesInto`. */
export interface RecvBytesIntoOptions extends WaitOptions {
  /**
   * Where in the buffer the message goes, in bytes.
   *
   * @default {0}
   */
  offset?: number;
}

/** The options of `sendBytes`. */
export const sendNames: OptionNames<SendBytesOptions> = { offset: true, size: true };
/** The options of `recvBytes`. */
export const recvNames: OptionNames<RecvBytesOptions> = {
  maxLength: true,
  timeoutMs: true,
  signal: true,
};
/** The options of `recvBytesInto`. */
export const recvIntoNames: OptionNames<RecvBytesIntoOptions> = {
  offset: true,
  timeoutMs: true,
  signal: true,
};

/** A buffer of any kind. */
export type AnyBuffer = ArrayBufferView | ArrayBufferLike;

/** Reads bytes that lie in the shared heap. */
export type Reader<R> = (bytes: Uint8Array<SharedArrayBuffer>) => R;

/**
 * The bytes of a buffer from `offset` on, `size` of them or all that are left.
 *
 * @param verb what is done, for the error
 * @param name what the caller calls the buffer
 * @throws {TypeError} if it is no buffer, was transferred away, or the numbers are none
 * @throws {RangeError} if the part is not inside it
 */
export function partOf(
  verb: string,
  name: string,
  buffer: AnyBuffer,
  offset = 0,
  size?: number,
): Uint8Array {
  const whole = wholeOf(verb, name, buffer);
  checkBytes(verb, "offset", offset, whole.length, `which is the length of ${name} in bytes`);
  const left = whole.length - offset;
  if (size !== undefined) checkBytes(verb, "size", size, left, "which are left from offset on");
  return whole.subarray(offset, offset + (size ?? left));
}

function wholeOf(verb: string, name: string, buffer: AnyBuffer): Uint8Array {
  const isView = ArrayBuffer.isView(buffer);
  const memory: unknown = isView ? buffer.buffer : buffer;
  if (memory instanceof ArrayBuffer && memory.detached) {
    throw new TypeError(`Cannot ${verb}: ${name} has been transferred away`);
  }
  if (isView) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (memory instanceof ArrayBuffer || memory instanceof SharedArrayBuffer) {
    return new Uint8Array(memory);
  }
  const found = typeof memory === "object" ? "another object" : `a ${typeof memory}`;
  throw new TypeError(
    `Cannot ${verb}: ${name} must be an ArrayBuffer, a SharedArrayBuffer or a view of one, not ` +
      (memory === null || memory === undefined ? memory : found),
  );
}

function checkBytes(verb: string, name: string, value: number, most: number, why: string): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${verb}: ${name} must be a number of bytes, not ${typeof value}`);
  }
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(
    `Cannot ${verb}: ${name} must be a whole number from 0 to ${most}, ${why}, but is ${
      describe(value)
    }`,
  );
}

/**
 * Makes what copies the bytes of a message, and throws `BufferTooShort` if they are too many.
 *
 * @throws {TypeError} if `maxLength` is not a number
 * @throws {RangeError} if it is negative or not a whole number
 */
export function copying(maxLength = Infinity): Reader<Uint8Array<ArrayBuffer>> {
  if (maxLength !== Infinity) {
    checkBytes("receive bytes", "maxLength", maxLength, Infinity, "which is no limit");
  }
  return (bytes) => {
    if (bytes.length <= maxLength) return bytes.slice();
    throw tooShort(`is longer than maxLength, ${maxLength}`, bytes);
  };
}

/**
 * Makes what copies the bytes of a message into a buffer and says how many they are, and throws
 * `BufferTooShort` if they do not fit.
 *
 * @throws {TypeError} if it is no buffer, was transferred away, or `offset` is no number
 * @throws {RangeError} if `offset` is not inside it
 */
export function copyingInto(buffer: AnyBuffer, offset?: number): Reader<number> {
  const room = partOf("receive bytes", "buffer", buffer, offset);
  return (bytes) => {
    if (bytes.length > room.length) { // by now it may also have been transferred away
      throw tooShort(`does not fit into the ${room.length} bytes of the buffer`, bytes);
    }
    room.set(bytes);
    return bytes.length;
  };
}

function tooShort(why: string, bytes: Uint8Array<SharedArrayBuffer>): BufferTooShort {
  return new BufferTooShort(
    `Cannot receive bytes: the message of ${bytes.length} bytes ${why}. The error's bytes has it`,
    { bytes: bytes.slice() },
  );
}
