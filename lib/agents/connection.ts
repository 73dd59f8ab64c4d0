/**
 * A connection between an agent and its process: frames with messages, over a socket. There is one with the
 * main isolate of the process. In a pool, there is another one with its worker, for chunks and results.
 *
 * | type | sent by | number | message |
 * |---|---|---|---|
 * | `DEFINE` | both | | none: the contents are a definition, as JSON |
 * | `READY` | process | | none: it waits for a start request |
 * | `START` | agent | time limit of the start, in milliseconds; 0 for none | the start request |
 * | `ENDED` | process | exit code | the error that ended it, if there is one |
 * | `CHUNK` | agent | number of the chunk | the chunk; to the main isolate if it names objects of the program |
 * | `RESULT` | worker of the process | | a result of a chunk |
 * | `SIGNAL` | agent | number of the chunk that it is about | none: the state of its job |
 * | `RECALL` | agent | number of the chunk that was sent last | none: those that have not begun are not to begin |
 * | `RECALLED` | process | number of the chunk that was begun last | none |
 * | `LOOK` | agent | number of a chunk | none: how far is it? |
 * | `ITEM` | process | index of the item that runs | none: when it began, in milliseconds |
 * | `CLOSE` | agent | | none: there are no more chunks |
 * | `OBJECT` | agent | number of an object of the program | none: its class, as a number |
 * | `BUFFER` | agent | number of a buffer of the program | none: the contents are three more numbers, where its memory is open |
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
import { LINK, type MessageAddress } from "../codec/message.ts";
import type { ObjectAddress } from "../objects/shared_object.ts";
import { type Allocate, allocate } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import type { Descriptor } from "../memory/mapping.ts";
import { checkDefinition, ReceivedDefinitions, SentDefinitions } from "../wire/definitions.ts";
import {
  type Frame,
  FrameReader,
  joined,
  lengthOf,
  makeHeader,
  MAX_CONTENTS,
} from "../wire/frames.ts";
import { copyIn, copyOut, type WireMessage } from "../wire/messages.ts";

/** The types of frames. */
export const FrameType = {
  DEFINE: 1,
  READY: 2,
  START: 3,
  ENDED: 4,
  CHUNK: 5,
  RESULT: 6,
  SIGNAL: 7,
  CLOSE: 8,
  OBJECT: 9,
  RELEASE: 10,
  CALL: 11,
  ABORT: 12,
  REPLY: 13,
  ITEM: 14,
  RECALL: 15,
  RECALLED: 16,
  LOOK: 17,
  BUFFER: 18,
} as const;

/** Length of what is in front of a message in a frame: its number, and the length of its stream or a detail. */
const PREFIX_BYTES = 8;

/** The longest contents that are accepted of a process with permissions of its own: 256 MiB. */
const MAX_UNTRUSTED_CONTENTS = 1 << 28;
/** How many definitions are. */
const MAX_UNTRUSTED_DEFINITIONS = 10_000;

/** Contents up to so many bytes are written at once. */
const JOINED_BYTES = 1 << 16;
/** How much is read at once. */
const READ_BYTES = 1 << 16;

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

/** What one side believes of the other. */
export interface Trust {
  /** Whether the other side may name any function; otherwise, those that this side has named. */
  readonly anyFunction: boolean;
  /** Texts of the definitions that this side has sent, over any connection. */
  readonly named: Set<string>;
}

/** Sends and receives frames. */
export class Connection {
  readonly #socket: Duplex;
  readonly #objects: ObjectNumbers;
  /** Whether the other side may do what this program may. */
  readonly isTrusted: boolean;
  readonly #sent: SentDefinitions;
  readonly #received: ReceivedDefinitions;
  /** What a batch has collected; `undefined` outside of a batch. */
  #batch: Uint8Array[] | undefined;
  /** What the socket is given when it has written what it has. */
  readonly #waiting: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  /** The name of the function for which the last message was refused; `undefined` if it was not. */
  refused: string | undefined;

  /** Makes a connection over a socket, on which nothing has been sent or read. */
  constructor(socket: Duplex, objects: ObjectNumbers, trust: Trust) {
    this.#socket = socket;
    this.#objects = objects;
    this.isTrusted = trust.anyFunction;
    this.#sent = new SentDefinitions(
      (definition) => {
        this.#write(FrameType.DEFINE, new TextEncoder().encode(JSON.stringify(definition)));
      },
      trust.named,
    );
    this.#received = new ReceivedDefinitions(
      (definition) => trust.anyFunction || this.#sent.mayName(definition),
    );
    socket.on("error", () => {}); // reading ends with it
  }

  /** Resolves when all that was sent has been written; `undefined` if it has. */
  get writing(): Promise<void> | undefined {
    return this.#writing;
  }

  /**
   * Sends a frame. The message stays as it is.
   *
   * @param message address of a message; 0 for none
   * @returns a promise that resolves when the system has taken the frame; `undefined` if it has, or the frame is
   * in a batch
   */
  send(type: number, number = 0, message: MessageAddress = 0): Promise<void> | undefined {
    if (message === 0) return this.tell(type, number, 0);
    const { streamBytes, parts } = copyOut(message, {
      definition: (address) => this.#sent.numberOf(address),
      object: (address) => this.#objects.numberOf(address),
    });
    const prefix = Int32Array.of(number, streamBytes);
    return this.#write(type, new Uint8Array(prefix.buffer), ...parts);
  }

  /** Tells the process of a buffer that a message is about to name. */
  tellBuffer(number: number, { pid, fd, id }: Descriptor): void {
    const words = Int32Array.of(number, 0, pid, fd, id);
    void this.#write(FrameType.BUFFER, new Uint8Array(words.buffer));
  }

  /** Sends a frame without a message. */
  tell(type: number, number: number, detail: number): Promise<void> | undefined {
    return this.#write(type, new Uint8Array(Int32Array.of(number, detail).buffer));
  }

  /** Writes the frames that `send` sends at once. */
  batch(send: () => void): void {
    this.#batch = [];
    try {
      send();
    } finally {
      const parts = this.#batch;
      this.#batch = undefined;
      if (parts.length > 0) this.#writeParts(parts);
    }
  }

  #write(type: number, ...contents: Uint8Array[]): Promise<void> | undefined {
    const parts = [makeHeader(type, lengthOf(contents)), ...contents];
    if (this.#batch === undefined) return this.#writeParts(parts);
    this.#batch.push(...parts);
    return undefined;
  }

  #writeParts(parts: Uint8Array[]): Promise<void> | undefined {
    // Each write to the socket costs as much as to copy some 64 KiB.
    if (lengthOf(parts) > JOINED_BYTES) this.#waiting.push(...parts);
    else this.#waiting.push(joined(parts));
    return this.#writeWaiting();
  }

  /** Writes what waits, while the socket has little: it joins all that it is given while it is busy. */
  #writeWaiting(): Promise<void> | undefined {
    const [socket, waiting] = [this.#socket, this.#waiting];
    while (waiting.length > 0 && socket.writableLength <= JOINED_BYTES && !socket.destroyed) {
      socket.write(waiting.shift()!);
    }
    if (socket.writableLength === 0 || socket.destroyed) return undefined;
    return this.#writing ??= this.#taken().then(() => {
      this.#writing = undefined;
      return this.#writeWaiting();
    });
  }

  /** Resolves when the socket has written what it was given, or is closed. */
  #taken(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const end = () => {
        socket.off("close", end);
        resolve();
      };
      socket.on("close", end);
      socket.write(NOTHING, end); // it is called when all before it has been written
    });
  }

  /**
   * Receives frames until the other side closes the connection, by its end for instance. A frame that is
   * cut off is not received.
   *
   * @param handle called with each frame
   * @returns a promise that rejects with what `handle` throws, and with a {@linkcode CorruptMessageError} if what
   * arrives is not what the other side of this package sends
   */
  receive(handle: (frame: Arrived) => void): Promise<void> {
    const maxContents = this.isTrusted ? MAX_CONTENTS : MAX_UNTRUSTED_CONTENTS;
    const reader = new FrameReader(Object.values(FrameType), maxContents);
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const read = (bytes: Uint8Array) => {
        try {
          for (const frame of reader.read(bytes)) {
            if (frame.type === FrameType.DEFINE) this.#define(frame);
            else handle(arrived(frame));
          }
        } catch (error) {
          socket.off("data", read);
          reject(error);
        }
      };
      socket.on("data", read).once("end", resolve).once("close", resolve);
    });
  }

  #define({ contents }: Frame): void {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(joined(contents)));
    } catch (cause) {
      throw new CorruptMessageError("Cannot read definition: it is not JSON", { cause });
    }
    this.#received.add(checkDefinition(value));
    if (this.isTrusted || this.#received.count <= MAX_UNTRUSTED_DEFINITIONS) return;
    throw new CorruptMessageError(
      `Cannot read definition: there are more than ${MAX_UNTRUSTED_DEFINITIONS}`,
    );
  }

  /**
   * Copies the message of a frame into the shared heap.
   *
   * @throws {CorruptMessageError} if it is damaged
   * @throws {MemoryError} if the shared heap is full
   */
  store(message: WireMessage, take: Allocate = allocate): MessageAddress {
    this.refused = undefined;
    return copyIn(message, {
      definition: (number) => {
        const address = this.#received.addressOf(number);
        if (address === undefined) this.refused = this.#received.at(number)?.name;
        return address;
      },
      object: (number) => this.#objects.addressOf(number),
    }, take);
  }

  /** Closes the connection once all that was sent has been written. */
  async close(): Promise<void> {
    await this.#writing;
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", resolve);
      this.#socket.end(() => resolve());
    });
  }
}

const NOTHING = new Uint8Array();

/**
 * Returns the socket that is open as a file descriptor of this process. The bytes of all its `data` events are in
 * one buffer, which is used again: new memory for each would take most of the time.
 */
export async function socketAt(fd: number): Promise<Duplex> {
  const { Socket } = await import("node:net");
  const socket: Duplex = new Socket({
    fd,
    onread: {
      buffer: new Uint8Array(READ_BYTES),
      callback(length, buffer) {
        socket.emit("data", buffer.subarray(0, length));
        return true;
      },
    },
  });
  return socket;
}

function arrived({ type, contents }: Frame): Arrived {
  const parts = [...contents];
  let prefix = parts.shift() ?? NOTHING;
  while (prefix.length < PREFIX_BYTES && parts.length > 0) {
    prefix = joined([prefix, parts.shift()!]);
  }
  if (prefix.length < PREFIX_BYTES) {
    throw new CorruptMessageError(`Cannot read frame: ${prefix.length} bytes are too few for it`);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  const detail = view.getUint32(4, true);
  if (prefix.length > PREFIX_BYTES) parts.unshift(prefix.subarray(PREFIX_BYTES));
  const message = parts.length === 0 ? undefined : { streamBytes: detail, parts };
  return { type, number: view.getInt32(0, true), detail, message };
}

/** Returns where the memory of the buffer is open that a frame tells of. */
export function descriptorIn({ message }: Arrived): Descriptor {
  const { buffer } = new Uint8Array(joined(message!.parts));
  const [pid, fd, id] = new Int32Array(buffer);
  return { pid, fd, id };
}

/** Stores the chunk of a frame, with its number in the block. */
export function storeChunk(
  connection: Connection,
  message: WireMessage,
  number: number,
): MessageAddress {
  const block = connection.store(message);
  i32[block + LINK] = number;
  return block;
}
