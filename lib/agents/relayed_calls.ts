/**
 * Objects of the program, and calls on them, in the main isolate of a process.
 *
 * @module
 */

import { push, receive } from "../channels/channel.ts";
import type { Channel } from "../channels/channel_handle.ts";
import { becomingReadable } from "../channels/channel_waiting.ts";
import { envelopeOf } from "../channels/envelope.ts";
import { readReceived } from "../channels/read_received.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import { discardMessage, type MessageAddress } from "../codec/message.ts";
import { openMappedBuffer } from "../memory/mapped_buffer.ts";
import { canMap, type Descriptor } from "../memory/mapping.ts";
import { addressOf, isOnlyHere, type ObjectAddress, release } from "../objects/shared_object.ts";
import { awaitOn } from "../parking/wait.ts";
import { type Connection, FrameType, type ObjectNumbers } from "./connection.ts";
import { makeRemoteObject, makeUnmappedBuffer, remoteNumberAt } from "./remote_object.ts";
import type { Answer, Request } from "./remote_calls.ts";

/** Number of objects from which on those are looked for that the process has no more. */
const MIN_SWEEP_SIZE = 64;

/** An object of the program. */
interface Known {
  /** The address of what stands for it. */
  readonly address: ObjectAddress;
  /** The handle that keeps it; `undefined` for a buffer, to which there is a reference without a handle. */
  readonly handle: object | undefined;
  /** How often messages of the agent have named it. */
  named: number;
}

/** The objects of the program that this process has. */
export class KnownObjects implements ObjectNumbers {
  readonly #release: (number: number, named: number) => void;
  readonly #objects = new Map<number, Known>();
  #sweepSize = MIN_SWEEP_SIZE;

  /**
   * @param release tells the agent that the process has no more of an object, which messages that have
   * arrived named so often
   */
  constructor(release: (number: number, named: number) => void) {
    this.#release = release;
  }

  /** Adds an object, which the next message names. */
  add(number: number, classNumber: number): void {
    if (this.#objects.size >= this.#sweepSize) this.#sweep();
    this.#setObject(number, makeRemoteObject(number, classNumber));
  }

  /** Adds a buffer, which the next message names, and maps its memory. */
  addBuffer(number: number, descriptor: Descriptor): void {
    this.#sweep(); // memory is worth more than the time for it
    const address = canMap() ? openMappedBuffer(descriptor, number) : undefined;
    if (address === undefined) this.#setObject(number, makeUnmappedBuffer(number));
    else this.#objects.set(number, { address, handle: undefined, named: 0 });
  }

  #setObject(number: number, handle: object): void {
    this.#objects.set(number, { address: addressOf(handle)!, handle, named: 0 });
  }

  /** Removes an object that the agent names no more. */
  remove(number: number): void {
    const known = this.#objects.get(number);
    this.#objects.delete(number);
    if (known !== undefined && known.handle === undefined) release(known.address);
  }

  numberOf(address: ObjectAddress): number | undefined {
    return remoteNumberAt(address);
  }

  addressOf(number: number): ObjectAddress | undefined {
    const known = this.#objects.get(number);
    if (known === undefined) return undefined;
    known.named++;
    return known.address;
  }

  /** Tells the agent of the objects that only this isolate has. It may be about to name one again. */
  #sweep(): void {
    for (const [number, { address, named }] of this.#objects) {
      if (isOnlyHere(address)) this.#release(number, named);
    }
    this.#sweepSize = Math.max(MIN_SWEEP_SIZE, this.#objects.size * 2);
  }
}

/** A call whose answer has not come. */
type WaitingCall = Pick<Request, "replies" | "call">;

/** Sends the calls of the isolates of this process, and passes the answers on. */
export class RelayedCalls {
  readonly #connection: Connection;
  readonly #calls: Channel;
  readonly #waiting = new Map<number, WaitingCall>();
  #lastNumber = 0;

  constructor(connection: Connection, calls: Channel) {
    this.#connection = connection;
    this.#calls = calls;
  }

  /** Sends calls, for ever. */
  async relay(): Promise<never> {
    for (;;) {
      const call = this.#take();
      if (call === undefined) await awaitOn(becomingReadable(this.#calls.at), undefined, false);
      else await this.#send(call);
    }
  }

  /** Sends the calls that are left of a worker that has ended: what is sent next comes behind them. */
  relayRest(): void {
    for (let call = this.#take(); call !== undefined; call = this.#take()) this.#send(call);
  }

  #take(): Request | undefined {
    const received = receive(this.#calls.at);
    return received && readReceived(received) as Request;
  }

  /** Returns a promise that resolves when the system has taken the call; `undefined` if it has. */
  #send({ replies, call, use }: Request): Promise<void> | undefined {
    if (use === undefined) return this.#abort(replies, call);
    const number = ++this.#lastNumber;
    this.#waiting.set(number, { replies, call });
    const message = use.take();
    const sent = this.#connection.send(FrameType.CALL, number, message);
    discardMessage(message);
    return sent;
  }

  #abort(replies: Channel, call: number): Promise<void> | undefined {
    for (const [number, waiting] of this.#waiting) {
      if (waiting.replies !== replies || waiting.call !== call) continue;
      return this.#connection.tell(FrameType.ABORT, number, 0);
    }
    return undefined; // it was answered
  }

  /** Passes an answer on to the isolate that waits for it. */
  answer(number: number, message: MessageAddress): void {
    const { replies, call } = this.#waiting.get(number)!;
    this.#waiting.delete(number);
    const answer: Answer = { call, result: envelopeOf(message) };
    const encoder = encode(answer, "answer");
    try {
      if (!push(replies.at, encoder)) encoder.discard();
    } finally {
      returnEncoder(encoder);
    }
  }
}
