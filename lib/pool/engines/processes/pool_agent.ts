/**
 * The agent of a pool's process: to its engine a worker like others, which hands each chunk to the process
 * and its result to the engine.
 *
 * It claims a chunk, as a worker does, and only then sends it. So when the process dies, however that
 * happens, the engine knows the chunk that is lost, and no chunk is run twice.
 *
 * | what | in the engine's heap | in the heap of the process |
 * |---|---|---|
 * | chunk | in the tasks channel, with the address of its job's flag | in the inbox; the flag is the signal word |
 * | result | in the results channel, with the record of the agent | in the outbox, with the record of the worker |
 * | item that runs | in the record of the agent | in the words `ITEM` and `ITEM_AFTER` |
 *
 * @module
 */

import { runAgent, type Service } from "../../../agents/agent.ts";
import { type Connection, FrameType } from "../../../agents/connection.ts";
import { closedBits, messagesIn } from "../../../channels/channel_state.ts";
import { becomingReadable } from "../../../channels/channel_waiting.ts";
import { pushBlock, receiveInto, storeReceived } from "../../../channels/channel.ts";
import { Decoder } from "../../../codec/decoder.ts";
import { functionNameAt } from "../../../codec/functions.ts";
import {
  discardMessage,
  type MessageAddress,
  readMessage,
  replaceFirstNumber,
} from "../../../codec/message.ts";
import { Thrown } from "../../../codec/thrown.ts";
import { CorruptMessageError, MaybeEncodingError, MemoryError } from "../../../errors.ts";
import { allocateUrgent } from "../../../heap/allocator.ts";
import { installHooks } from "../../../heap/hooks.ts";
import { thisIsolate } from "../../../heap/isolate_record.ts";
import { i32 } from "../../../heap/views.ts";
import { awaitOn, blockOn } from "../../../parking/wait.ts";
import { type AgentRequest, currentIdentity } from "../../../runtime/start_request.ts";
import type { WireMessage } from "../../../wire/messages.ts";
import { ChunkStatus, type Failure } from "../../chunks/chunk.ts";
import { send } from "../isolates/answers.ts";
import type { PoolStartRequest } from "../isolates/pool_worker.ts";
import { beginJob, isUnwantedJob, JobFlag, ResultStatus } from "../isolates/protocol.ts";
import { storeResult } from "../isolates/result_room.ts";
import { beginChunk, isReplaced, workerWord } from "../isolates/worker_words.ts";

/** What the agent is started with, besides what every agent is. */
export type PoolAgentRequest = Omit<PoolStartRequest, "initializer" | "initargs" | "outside">;

/** How long an idle agent blocks before it returns to its event loop, in milliseconds. */
const BLOCK_MS = 2;

/** Results that end a chunk. */
const FINAL: ReadonlySet<number> = new Set(Object.values(ChunkStatus));
/** Other results of a chunk that the engine is given. */
const EVENTS: ReadonlySet<number> = new Set([ResultStatus.BEGINS, ResultStatus.IMPORTS]);

/** Runs the process, and gives it chunks. Returns its exit code. */
export async function runPoolAgent(payload: unknown): Promise<number> {
  const relay = new ChunkRelay((payload as AgentRequest).payload as PoolAgentRequest);
  installHooks({ serveRequests: () => relay.checkCancelled() });
  return await runAgent(payload, relay);
}

/** A chunk that the process has. */
interface SentChunk {
  readonly jobNumber: number;
  readonly index: number;
  readonly target: number;
  readonly flag: number;
  /** Called when its result has been given to the engine. */
  answered(): void;
}

/** Hands chunks to the process, one at a time, and results to the engine. */
class ChunkRelay implements Service {
  readonly #request: PoolAgentRequest;
  readonly #decoder = new Decoder();
  /** Aborted when the process has ended. */
  readonly #end = new AbortController();
  #connection: Connection | undefined;
  /** Number of chunks that were begun. */
  #begun = 0;
  #chunk: SentChunk | undefined;

  constructor(request: PoolAgentRequest) {
    this.#request = request;
  }

  started(connection: Connection): void {
    this.#connection = connection;
    void this.#sendChunks(connection);
  }

  ended(): void {
    this.#end.abort();
  }

  async #sendChunks(connection: Connection): Promise<void> {
    const { maxChunks, tasks, results } = this.#request;
    for (let done = 0; maxChunks === 0 || done < maxChunks; done++) {
      const block = isReplaced(this.#begun) ? undefined : await this.#nextChunk();
      if (block === undefined) break;
      const chunk = this.#readHeader(block);
      if (!beginChunk(this.#begun, chunk.jobNumber, chunk.index)) {
        if (!pushBlock(tasks.at, block, allocateUrgent)) discardMessage(block);
        break;
      }
      this.#begun++;
      if (!beginJob(chunk.flag)) {
        discardMessage(block);
        send(results, chunk.jobNumber, chunk.index, ChunkStatus.SKIPPED, undefined);
        continue;
      }
      const answered = new Promise<void>((resolve) => {
        this.#chunk = { ...chunk, answered: resolve };
      });
      const sent = connection.send(FrameType.INBOX, 0, block);
      discardMessage(block);
      await sent;
      await answered; // or never, if the process ends
    }
    await connection.send(FrameType.CLOSE);
  }

  /** Waits for a chunk; `undefined` if none will come, or the process has ended. */
  async #nextChunk(): Promise<MessageAddress | undefined> {
    const { tasks: { at: tasks }, idleTimeoutMs } = this.#request;
    const { signal } = this.#end;
    while (!signal.aborted) {
      const block = receiveInto(tasks, this.#decoder);
      if (block !== undefined) return block || storeReceived(this.#decoder);
      if (closedBits(tasks) !== 0) return undefined;
      if (blockOn(becomingReadable(tasks), { timeoutMs: BLOCK_MS })) continue;
      try {
        const options = { timeoutMs: idleTimeoutMs, signal };
        const isReadable = await awaitOn(becomingReadable(tasks), options);
        if (!isReadable && messagesIn(tasks) === 0) return undefined;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
    return undefined;
  }

  #readHeader(block: MessageAddress): Omit<SentChunk, "answered"> {
    const decoder = this.#decoder;
    readMessage(decoder, block);
    const [jobNumber, index] = [decoder.number(), decoder.number()];
    decoder.number(); // its mode is for the worker
    const [target, flag] = [decoder.definition(), decoder.number()];
    decoder.leave();
    return { jobNumber, index, target, flag };
  }

  /** Tells the process if nobody waits for its chunk any more. */
  checkCancelled(): void {
    const flag = this.#chunk?.flag ?? 0;
    const state = flag === 0 ? JobFlag.WAITING : Atomics.load(i32, flag);
    if (state >= JobFlag.CANCELLED) void this.#connection!.send(FrameType.SIGNAL, state);
  }

  /** Gives a result to the engine. */
  received(message: WireMessage, connection: Connection): void {
    const { results } = this.#request;
    let block: MessageAddress;
    try {
      block = storeResult(
        results.at,
        message.bytes.length,
        (take) => connection.store(message, take),
        () => isUnwantedJob(this.#chunk?.flag ?? 0),
      );
    } catch (error) {
      const { refused } = connection;
      connection.refused = undefined;
      if (this.#chunk === undefined) throw error;
      const failure = refused === undefined ? error : refusedError(refused);
      if (refused === undefined && !(error instanceof MemoryError)) throw error;
      return this.#answer((chunk) => this.#sendFailure(chunk, failure));
    }
    try {
      this.#pass(block);
    } catch (error) {
      discardMessage(block);
      throw error;
    }
  }

  #pass(block: MessageAddress): void {
    const decoder = this.#decoder;
    readMessage(decoder, block);
    decoder.number(); // the record of its worker
    const [jobNumber, index, status] = [decoder.number(), decoder.number(), decoder.number()];
    const push = () => {
      decoder.leave();
      replaceFirstNumber(block, thisIsolate);
      pushBlock(this.#request.results.at, block, allocateUrgent);
    };
    if (status === ResultStatus.INITIALIZER_FAILED) return push();
    const chunk = this.#chunk;
    if (jobNumber !== chunk?.jobNumber || index !== chunk.index) throw notOfChunk();
    if (FINAL.has(status)) this.#answer(push);
    else if (EVENTS.has(status)) push();
    else throw notOfChunk();
  }

  item(item: number, afterMs: number): void {
    if (this.#chunk === undefined) return;
    i32[thisIsolate + workerWord.ITEM_AFTER] = afterMs;
    i32[thisIsolate + workerWord.ITEM] = item;
  }

  #answer(push: (chunk: SentChunk) => void): void {
    const chunk = this.#chunk!;
    this.#chunk = undefined;
    push(chunk);
    chunk.answered();
  }

  #sendFailure({ jobNumber, index, target }: SentChunk, error: unknown): void {
    const by = { task: functionNameAt(target), worker: currentIdentity().name };
    const failure: Failure = { error: new Thrown(error), index: 0, by };
    send(this.#request.results, jobNumber, index, ChunkStatus.FAILED, failure);
  }
}

function refusedError(name: string): MaybeEncodingError {
  return new MaybeEncodingError(
    `Cannot send back result: it names ${
      name || "a function"
    }, which the program has not sent to this ` +
      "process. A process with permissions of its own may only name what it was sent: return plain data",
  );
}

function notOfChunk(): CorruptMessageError {
  return new CorruptMessageError(
    `Cannot read result: ${currentIdentity().name} sent one of a chunk that it was not given. ` +
      "Check that the other side is this package, in the same version",
  );
}
