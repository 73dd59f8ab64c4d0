/**
 * The connection between an agent and its process: frames with messages, over a socket.
 *
 * | type | sent by | number | message |
 * |---|---|---|---|
 * | `DEFINE` | both | | none: the contents are a definition, as JSON |
 * | `READY` | process | | none: it waits for a start request |
 * | `START` | agent | time limit of the start, in milliseconds; 0 for none | the start request |
 * | `ENDED` | process | exit code | the error that ended it, if there is one |
 * | `INBOX` | agent | | a message for the worker of the process, such as a chunk |
 * | `OUTBOX` | process | | a message of the worker, such as a result |
 * | `SIGNAL` | agent | what the worker finds in its signal word when it is woken | none |
 * | `CLOSE` | agent | | none: there are no more messages for the worker |
 * | `ITEM` | process | which part of its work the worker does | none: when it began, in milliseconds |
 * | `OBJECT` | agent | number of an object of the program | none: its class, as a number |
 * | `RELEASE` | process | number of an object that it has no more | none: how often it was named to it |
 * | `RELEASE` | agent | number of an object that it will not name any more | none |
 * | `CALL` | process | number of the call | what is to be done with an object |
 * | `ABORT` | process | number of a call | none |
 * | `REPLY` | agent | number of the call | what it returned or threw |
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { CorruptMessageError } from "../errors.ts";
import type { MessageAddress } from "../codec/message.ts";
import type { ObjectAddress } from "../objects/shared_object.ts";
import { type Allocate, allocate } from "../heap/allocator.ts";
import { checkDefinition, ReceivedDefinitions, SentDefinitions } from "../wire/definitions.ts";
import { type Frame, FrameReader, makeHeader } from "../wire/frames.ts";
import { copyIn, copyOut, type WireMessage } from "../wire/messages.ts";

/** The types of frames. */
export const FrameType = {
  DEFINE: 1,
  READY: 2,
  START: 3,
  ENDED: 4,
  INBOX: 5,
  OUTBOX: 6,
  SIGNAL: 7,
  CLOSE: 8,
  OBJECT: 9,
  RELEASE: 10,
  CALL: 11,
  ABORT: 12,
  REPLY: 13,
  ITEM: 14,
} as const;

/** Length of what is in front of a message in a frame: its number, and the length of its stream or a detail. */
const PREFIX_BYTES = 8;

/** Contents up to so many bytes are written at once. */
const JOINED_BYTES = 1 << 16;

/** The numbers by which both sides know objects of the program. */
export interface ObjectNumbers {
  /** Returns the number of an object; `undefined` if it has none. */
  numberOf(address: ObjectAddress): number | undefined;
  /** Returns the address of what stands for an object; `undefined` if there is no such number. */
  addressOf(number: number): ObjectAddress | undefined;
}

/** A frame other than `DEFINE` that has arrived. */
export interface Arrived {
  readonly type: number;
  readonly number: number;
  /** A second number, of a frame without a message. */
  readonly detail: number;
  /** Its message, outside of the heap; `undefined` if it has none. */
  readonly message: WireMessage | undefined;
}

/** Sends and receives frames. */
export class Connection {
  readonly #socket: Duplex;
  readonly #sent = new SentDefinitions((definition) => {
    this.#write(FrameType.DEFINE, new TextEncoder().encode(JSON.stringify(definition)));
  });
  #drain: Promise<void> | undefined;
  readonly #received = new ReceivedDefinitions();
  readonly #objects: ObjectNumbers;

  /** Whether the other side may name any function; otherwise, those that this side has named. */
  readonly #trusted: boolean;
  /** The name of the function that was refused last. */
  refused: string | undefined;

  /**
   * Makes a connection over a socket, on which nothing has been sent or read.
   *
   * @param trusted whether the other side may do what this program may
   */
  constructor(socket: Duplex, objects: ObjectNumbers, trusted: boolean) {
    this.#socket = socket;
    this.#objects = objects;
    this.#trusted = trusted;
  }

  /**
   * Sends a frame. The message stays as it is.
   *
   * @param message address of a message; 0 for none
   * @returns a promise that resolves when there is room for more
   */
  send(type: number, number = 0, message: MessageAddress = 0): Promise<void> {
    const prefix = new Uint8Array(PREFIX_BYTES);
    const view = new DataView(prefix.buffer);
    view.setInt32(0, number, true);
    if (message === 0) return this.#write(type, prefix);
    const { streamBytes, bytes } = copyOut(message, {
      definition: (address) => this.#sent.numberOf(address),
      object: (address) => this.#objects.numberOf(address),
    });
    view.setUint32(4, streamBytes, true);
    return this.#write(type, prefix, bytes);
  }

  /** Sends a frame without a message. */
  tell(type: number, number: number, detail: number): Promise<void> {
    return this.#write(type, new Uint8Array(Int32Array.of(number, detail).buffer));
  }

  #write(type: number, ...parts: Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const all = [makeHeader(type, length), ...parts];
    // Each write to the socket costs as much as to copy some 64 KiB.
    const writes = length > JOINED_BYTES ? all : [joined(all)];
    let hasRoom = true;
    for (const bytes of writes) hasRoom = this.#socket.write(bytes);
    return hasRoom ? Promise.resolve() : this.#drained();
  }

  /** Resolves when there is room for more, or never will be. */
  #drained(): Promise<void> {
    return this.#drain ??= new Promise((resolve) => {
      const end = () => {
        this.#socket.off("drain", end).off("close", end);
        this.#drain = undefined;
        resolve();
      };
      this.#socket.on("drain", end).on("close", end);
    });
  }

  /**
   * Receives frames until the other side closes the connection, by its end for instance. A frame that is
   * cut off is not received.
   *
   * @throws {CorruptMessageError} if what arrives is not what the other side of this package sends
   */
  async *receive(): AsyncGenerator<Arrived> {
    const reader = new FrameReader(Object.values(FrameType));
    try {
      for await (const bytes of this.#socket) {
        for (const frame of reader.read(bytes)) {
          if (frame.type === FrameType.DEFINE) this.#define(frame);
          else yield arrived(frame);
        }
      }
    } catch (error) {
      if (!isSocketError(error)) throw error;
    }
  }

  #define({ contents }: Frame): void {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(contents));
    } catch (cause) {
      throw new CorruptMessageError("Cannot read definition: it is not JSON", { cause });
    }
    const definition = checkDefinition(value);
    if (this.#trusted || this.#sent.mayName(definition)) return this.#received.add(definition);
    this.refused = definition.name;
    this.#received.refuse();
  }

  /**
   * Copies the message of a frame into the shared heap.
   *
   * @throws {CorruptMessageError} if it is damaged
   * @throws {MemoryError} if the shared heap is full
   */
  store(message: WireMessage, take: Allocate = allocate): MessageAddress {
    return copyIn(message, {
      definition: (number) => this.#received.addressOf(number),
      object: (number) => this.#objects.addressOf(number),
    }, take);
  }

  /** Closes the connection once all that was sent has been written. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", resolve);
      this.#socket.end(() => resolve());
    });
  }
}

/** Joins parts of a frame. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function arrived({ type, contents }: Frame): Arrived {
  if (contents.length < PREFIX_BYTES) {
    throw new CorruptMessageError(`Cannot read frame: ${contents.length} bytes are too few for it`);
  }
  const view = new DataView(contents.buffer, contents.byteOffset, PREFIX_BYTES);
  const detail = view.getUint32(4, true);
  const bytes = contents.subarray(PREFIX_BYTES);
  const message = bytes.length === 0 ? undefined : { streamBytes: detail, bytes };
  return { type, number: view.getInt32(0, true), detail, message };
}

/** Whether the other side has closed the socket, or is gone. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
