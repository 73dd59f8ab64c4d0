/**
 * Both sides of a connection between an agent and its process, in one isolate: sockets in memory, and objects of
 * the program that cross to the other side and are called there.
 *
 * @module
 */
import { Duplex } from "node:stream";
import { Connection, descriptorIn, FrameType, type Trust } from "../../lib/agents/connection.ts";
import { makeRelay } from "../../lib/agents/relay.ts";
import { KnownObjects, RelayedCalls } from "../../lib/agents/relayed_calls.ts";
import { ServedObjects } from "../../lib/agents/served_objects.ts";
import { discardMessage, storeValue, takeValue } from "../../lib/codec/message.ts";

/** A socket in memory. What is written on one arrives at the other, piece by piece. */
export class MemorySocket extends Duplex {
  other!: MemorySocket;
  /** The lengths of what was written, without writes of nothing. */
  readonly written: number[] = [];
  /** Called with each piece that was written, before it is handed on. */
  hold: Promise<void> | undefined;

  override _read(): void {}

  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    if (chunk.length > 0) this.written.push(chunk.length);
    const handOn = () => {
      if (chunk.length > 0) this.other.push(chunk);
      done();
    };
    if (this.hold === undefined) handOn();
    else void this.hold.then(handOn);
  }

  override _final(done: () => void): void {
    this.other.push(null);
    done();
  }
}

/** Returns two sockets that are connected. */
export function socketPair(): [MemorySocket, MemorySocket] {
  const [one, other] = [new MemorySocket(), new MemorySocket()];
  one.other = other;
  other.other = one;
  return [one, other];
}

/** Believes all. */
export const trusting = (): Trust => ({ anyFunction: true, named: new Set() });

/** An agent and its process, with no more of them than the objects of the program. */
export class Loopback {
  readonly relay = makeRelay();
  /** What the process has told that it has no more: number of the object, how often it was named. */
  readonly released: [number: number, named: number][] = [];
  readonly known = new KnownObjects((number, named) => this.released.push([number, named]));
  readonly served = new ServedObjects({
    object: (number, classNumber) => this.agent.tell(FrameType.OBJECT, number, classNumber),
    buffer: (number, descriptor) => this.agent.tellBuffer(number, descriptor),
  });
  readonly agent: Connection;
  readonly process: Connection;
  readonly calls: RelayedCalls;
  readonly #crossed: ((value: unknown) => void)[] = [];
  /** Waits for each call before it is carried out. */
  hold: Promise<void> | undefined;

  constructor() {
    const [here, there] = socketPair();
    this.agent = new Connection(here, this.served, trusting());
    this.process = new Connection(there, this.known, trusting());
    this.calls = new RelayedCalls(this.process, this.relay.calls);
    void this.process.receive((frame) => {
      const { type, number, detail, message } = frame;
      if (type === FrameType.OBJECT) this.known.add(number, detail);
      else if (type === FrameType.BUFFER) this.known.addBuffer(number, descriptorIn(frame));
      else if (type === FrameType.RELEASE) this.known.remove(number);
      else if (type === FrameType.REPLY) this.calls.answer(number, this.process.store(message!));
      else this.#crossed.shift()!(takeValue(this.process.store(message!)));
    });
    void this.agent.receive(async ({ type, number, message }) => {
      if (type === FrameType.ABORT) return this.served.abort(number);
      await this.hold;
      await this.served.serve(number, message!, this.agent);
    });
    void this.calls.relay();
  }

  /** Returns what arrives in the process for a value of the program. */
  cross<T>(value: T): Promise<T> {
    const message = storeValue(value, "value", undefined, "process");
    const crossed = new Promise((resolve) => this.#crossed.push(resolve));
    void this.agent.send(FrameType.START, 0, message);
    discardMessage(message);
    return crossed as Promise<T>;
  }
}
