/**
 * The worker of a pool in a process of the operating system: a worker of a pool whose engine is on the other
 * side of a connection.
 *
 * It has a connection of its own with the agent. A result is written before the next chunk begins, so that the
 * agent knows which chunk that may be.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { Connection, FrameType, socketAt, storeChunk } from "../../../agents/connection.ts";
import {
  beginChunk,
  ITEM,
  ITEM_AFTER,
  relayOfWorker,
  stateOfChunk,
} from "../../../agents/relay.ts";
import { numberOnly } from "../../../agents/remote_object.ts";
import { pushBlock, receiveInto, storeReceived } from "../../../channels/channel.ts";
import { Channel } from "../../../channels/channel_handle.ts";
import { Decoder } from "../../../codec/decoder.ts";
import { discardMessage, LINK, type MessageAddress } from "../../../codec/message.ts";
import { i32 } from "../../../heap/views.ts";
import { JobWords } from "../isolates/job_words.ts";
import { type OutsideEngine, runPoolWorker } from "../isolates/pool_worker.ts";

/** The file descriptor of the connection of the worker. */
const WORKER_FD = 4;

/** What the worker is started with. */
export interface ProcessWorkerRequest {
  readonly initializer: ((...args: unknown[]) => unknown) | undefined;
  readonly initargs: readonly unknown[];
}

/** Runs the worker until its agent has no more chunks. */
export async function runProcessWorker(payload: unknown): Promise<void> {
  const { initializer, initargs } = payload as ProcessWorkerRequest;
  const { inbox } = relayOfWorker();
  const engine = new EngineBehindAgent(await socketAt(WORKER_FD), inbox);
  await runPoolWorker({
    tasks: inbox,
    results: engine.results,
    initializer,
    initargs,
    maxChunks: 0,
    idleTimeoutMs: Infinity,
    words: new JobWords(),
    outside: engine,
  });
  await engine.close();
}

/** The engine, to which the connection with the agent leads. */
class EngineBehindAgent implements OutsideEngine {
  readonly item = ITEM;
  readonly itemAfter = ITEM_AFTER;
  /** Where the worker puts its results. */
  readonly results: Channel = new Channel();
  readonly #decoder = new Decoder();
  readonly #connection: Connection;
  /** The number of the chunk that was begun last. */
  #number = 0;

  /** @param inbox where it puts the chunks that arrive */
  constructor(socket: Duplex, inbox: Channel) {
    this.#connection = new Connection(socket, numberOnly, { anyFunction: true, named: new Set() });
    void this.#connection.receive(({ type, number, message }) => {
      if (type !== FrameType.CHUNK) return;
      const block = storeChunk(this.#connection, message!, number);
      if (!pushBlock(inbox.at, block)) discardMessage(block); // the worker has ended
    });
  }

  get writing(): Promise<void> | undefined {
    return this.#connection.writing;
  }

  begin(block: MessageAddress): boolean {
    const number = i32[block + LINK];
    if (!beginChunk(number)) return false;
    this.#number = number;
    return true;
  }

  jobState(): number {
    return stateOfChunk(this.#number);
  }

  sendResult(): void {
    const block = receiveInto(this.results.at, this.#decoder);
    const message = block || storeReceived(this.#decoder);
    this.#connection.send(FrameType.RESULT, 0, message);
    discardMessage(message);
  }

  /** Closes the connection once all results have been written. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}
