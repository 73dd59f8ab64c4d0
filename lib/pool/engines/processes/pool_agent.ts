/**
 * The agent of a pool's process: to its engine a worker like others, which hands chunks to the process and
 * their results to the engine.
 *
 * | what | in the engine's heap | in the heap of the process |
 * |---|---|---|
 * | chunk | in the tasks channel, with the address of its job's flag | in the inbox; the state of its job in `SIGNAL` |
 * | result | in the results channel, with the record of the agent | in a channel of the worker, which sends it |
 * | item that runs | in the record of the agent | in the words `ITEM` and `ITEM_AFTER` |
 *
 * The engine is told that a chunk has begun when the process may begin it. So when the process dies, however
 * that happens, the engine knows the chunk that is lost, and no chunk is run twice.
 *
 * **Chunks are sent ahead** while tasks are short: the process has several, and begins each when it has sent the
 * result of the one before. So the first one without a result may have begun, and those behind it have
 * not. When the first one takes long, the others are recalled, and go back to the engine: they may be what it
 * waits for. A chunk whose job can still be withdrawn is not sent ahead, since nobody knows when it begins.
 *
 * | a chunk of the agent | is in | and |
 * |---|---|---|
 * | the first one | the process | begun, as far as the engine knows |
 * | one behind it | the process | not begun: goes back if it is recalled, or the process ends |
 * | the last one, if its number is 0 | the agent | the same; it is sent when it is the first one |
 *
 * @module
 */

import { endProcess, leaveProcess, runAgent, type Service } from "../../../agents/agent.ts";
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
  totalBytesOf,
} from "../../../codec/message.ts";
import { Thrown } from "../../../codec/thrown.ts";
import { CorruptMessageError, MaybeEncodingError, MemoryError } from "../../../errors.ts";
import { allocateUrgent } from "../../../heap/allocator.ts";
import { installHooks } from "../../../heap/hooks.ts";
import { thisIsolate } from "../../../heap/isolate_record.ts";
import { i32 } from "../../../heap/views.ts";
import { awaitOn, blockOn } from "../../../parking/wait.ts";
import { type AgentRequest, currentIdentity } from "../../../runtime/start_request.ts";
import { lengthOf } from "../../../wire/frames.ts";
import type { WireMessage } from "../../../wire/messages.ts";
import { ChunkStatus, type Failure } from "../../chunks/chunk.ts";
import { send } from "../isolates/answers.ts";
import type { PoolStartRequest } from "../isolates/pool_worker.ts";
import { beginJob, isUnwantedJob, JobFlag, ResultStatus } from "../isolates/protocol.ts";
import { storeResult } from "../isolates/result_room.ts";
import { Looks } from "./looks.ts";
import { beginChunk, isReplaced, workerWord } from "../isolates/worker_words.ts";

/** What the agent is started with, besides what every agent is. */
export type PoolAgentRequest = Omit<PoolStartRequest, "initializer" | "initargs" | "outside">;

/** How long an idle agent blocks before it returns to its event loop, in milliseconds. */
const BLOCK_MS = 2;
/** How quickly a chunk must be answered for others to be sent ahead, in milliseconds. */
const QUICK_MS = 2;
/** How many chunks the process has at most. */
const MAX_CHUNKS = 32;
/** How many bytes the chunks have that the process has, except for the last one. */
const MAX_BYTES = 1 << 16;
/** Which part of the chunks that wait is sent ahead: there may be other workers. */
const SHARE = 4;
/** How many results of a chunk may be such that do not end it: one for each module that is imported. */
const MAX_EVENTS = 1000;
/** How long a process has to answer a recall, in milliseconds: it runs none of the user's code for that. */
const RECALL_LIMIT_MS = 10_000;

/** Results that end a chunk. */
const FINAL: ReadonlySet<number> = new Set(Object.values(ChunkStatus));
/** Other results of a chunk that the engine is given. */
const EVENTS: ReadonlySet<number> = new Set([ResultStatus.BEGINS, ResultStatus.IMPORTS]);

let relay: ChunkRelay | undefined;

/** Runs the process, and gives it chunks. Returns its exit code. */
export async function runPoolAgent(payload: unknown): Promise<number> {
  const running = relay = new ChunkRelay((payload as AgentRequest).payload as PoolAgentRequest);
  installHooks({ serveRequests: () => running.checkCancelled() });
  return await runAgent(payload, running);
}

/** Ends the process of this agent, which the engine has told to end. */
export async function endPoolProcess(): Promise<void> {
  await endProcess();
  relay?.ended();
}

/** A chunk that the agent has taken from the engine. */
interface TakenChunk {
  readonly jobNumber: number;
  readonly index: number;
  readonly target: number;
  readonly flag: number;
  readonly bytes: number;
  /** Whether it names objects of the program, which the main isolate of the process knows. */
  readonly hasObjects: boolean;
  /** Its message; 0 once it is not needed any more. */
  block: MessageAddress;
  /** By which the process knows it: they are counted as they are sent. 0: it was not sent. */
  number: number;
  /** Number of its results that did not end it. */
  events: number;
  /** Called when it has been answered, or has gone back to the engine. */
  whenAnswered: (() => void)[] | undefined;
}

/** Hands chunks to the process, and results to the engine. */
class ChunkRelay implements Service {
  readonly #request: PoolAgentRequest;
  readonly #decoder = new Decoder();
  /** Aborted when the process has ended. */
  readonly #end = new AbortController();
  /** The connections to the main isolate of the process and to its worker. */
  #main!: Connection;
  #worker!: Connection;
  /** The chunks that have not been answered. The engine knows the first one as begun. */
  #chunks: TakenChunk[] = [];
  /** Number of chunks that the engine knows as begun. */
  #begun = 0;
  /** Number of the chunk that was sent last. */
  #lastNumber = 0;
  /** Number of the last chunk that was recalled, until the process has answered; 0: none. */
  #recalling = 0;
  #recalledAt = 0;
  /** Whether the engine lets this agent begin no further chunk. */
  #isRefused = false;
  /** Whether the last chunk was answered quickly. */
  #isQuick = false;
  /** Whether a chunk was answered, or the process has said that it cannot start. */
  #hasAnswered = false;
  /** When the first chunk became the first. */
  #firstSince = 0;
  /** Called when a chunk was answered or recalled. */
  #onChange = () => {};
  readonly #looks: Looks;

  constructor(request: PoolAgentRequest) {
    this.#request = request;
    this.#looks = new Looks((number) => this.#look(number));
  }

  started(main: Connection, worker: Connection): void {
    this.#main = main;
    this.#worker = worker;
    void this.#run();
  }

  ended(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#looks.stop();
    const [first, ...others] = this.#chunks;
    this.#chunks = [];
    if (first !== undefined && first.block !== 0) discardMessage(first.block); // lost with the process
    for (const chunk of others) this.#putBack(chunk);
    this.#onChange();
  }

  // Chunks

  /** Takes chunks and sends them, until there are no more. */
  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      this.#worker.batch(() => this.#take());
      if (this.#chunks.length > 0) {
        await new Promise<void>((resolve) => this.#onChange = resolve);
      } else if (this.#isRefused || !this.#mayTake() || !await this.#becomesReadable()) {
        break;
      }
    }
    if (!this.#end.signal.aborted) leaveProcess(this.#main);
  }

  /** Takes as many chunks as the process may have. */
  #take(): void {
    const { tasks: { at: tasks } } = this.#request;
    while (this.#mayTake()) {
      const block = receiveInto(tasks, this.#decoder);
      if (block === undefined) return;
      const chunk = this.#readHeader(block || storeReceived(this.#decoder));
      this.#chunks.push(chunk);
      if (this.#chunks.length === 1) this.#beginFirst();
      else if (isBegunJob(chunk.flag) && !chunk.hasObjects) this.#send(chunk);
    }
  }

  #mayTake(): boolean {
    const { maxChunks, tasks: { at: tasks } } = this.#request;
    const chunks = this.#chunks;
    if (isReplaced(this.#begun) || this.#isRefused) return false;
    const ahead = Math.max(0, chunks.length - 1);
    if (maxChunks > 0 && this.#begun + ahead >= maxChunks) return false;
    if (chunks.length === 0) return true;
    const last = chunks.at(-1)!;
    if (last.number === 0 || last.hasObjects) return false;
    if (!this.#isQuick || this.#recalling !== 0) return false;
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.bytes;
    return bytes < MAX_BYTES && chunks.length < Math.min(MAX_CHUNKS, messagesIn(tasks) / SHARE);
  }

  /** Waits for a chunk. Returns false if none will come, or the process has ended. */
  async #becomesReadable(): Promise<boolean> {
    const { tasks: { at: tasks }, idleTimeoutMs } = this.#request;
    const { signal } = this.#end;
    if (blockOn(becomingReadable(tasks), { timeoutMs: BLOCK_MS })) {
      return messagesIn(tasks) > 0 || closedBits(tasks) === 0;
    }
    try {
      const options = { timeoutMs: idleTimeoutMs, signal };
      const isReadable = await awaitOn(becomingReadable(tasks), options);
      return messagesIn(tasks) > 0 || (isReadable && closedBits(tasks) === 0);
    } catch (error) {
      if (!signal.aborted) throw error;
      return false;
    }
  }

  #readHeader(block: MessageAddress): TakenChunk {
    const decoder = this.#decoder;
    readMessage(decoder, block);
    const [jobNumber, index] = [decoder.number(), decoder.number()];
    decoder.number(); // its mode is for the worker
    const [target, flag] = [decoder.definition(), decoder.number()];
    const hasObjects = decoder.sharedObjects().length > 0;
    const bytes = totalBytesOf(block);
    const state = { number: 0, events: 0, whenAnswered: undefined };
    return { jobNumber, index, target, flag, bytes, hasObjects, block, ...state };
  }

  /** Begins the first chunk that somebody still waits for, if the engine lets this agent begin one. */
  #beginFirst(): void {
    for (;;) {
      const chunk = this.#chunks.at(0);
      if (chunk === undefined) return this.#looks.stop();
      if (!beginChunk(this.#begun, chunk.jobNumber, chunk.index)) return this.#refuse();
      this.#begun++;
      const isWanted = beginJob(chunk.flag);
      if (isWanted || chunk.number !== 0) {
        if (chunk.number === 0) this.#send(chunk);
        if (!isWanted) this.checkCancelled();
        this.#firstSince = performance.now();
        return this.#looks.begin(chunk.number);
      }
      this.#chunks.shift();
      discardMessage(chunk.block);
      this.#answer(chunk, ChunkStatus.SKIPPED, undefined);
    }
  }

  /** Sends a chunk. One that may have others behind it may be recalled, so it is kept. */
  #send(chunk: TakenChunk): void {
    const { block, hasObjects } = chunk;
    chunk.number = this.#lastNumber = (this.#lastNumber + 1) | 0;
    (hasObjects ? this.#main : this.#worker).send(FrameType.CHUNK, chunk.number, block);
    if (this.#isQuick) return;
    chunk.block = 0;
    discardMessage(block);
  }

  /**
   * The engine has given the place of this agent to another worker, or taken it for ended, while the process had
   * chunks. It may have begun the first of them in this moment, so it is ended.
   */
  #refuse(): void {
    this.#isRefused = true;
    const chunks = this.#chunks;
    const wasSent = chunks.some(({ number }) => number !== 0);
    this.#chunks = [];
    this.#looks.stop();
    for (const chunk of chunks) this.#putBack(chunk);
    if (wasSent) void endProcess();
  }

  /** Gives a chunk that has not begun back to the engine. */
  #putBack({ block, whenAnswered }: TakenChunk): void {
    const { tasks } = this.#request;
    if (!pushBlock(tasks.at, block, allocateUrgent)) discardMessage(block); // the pool was terminated
    whenAnswered?.forEach((call) => call());
  }

  /** Called from time to time while the first chunk stays the same. */
  #look(number: number): void {
    this.#main.tell(FrameType.LOOK, number, 0);
    if (this.#recalling !== 0 && performance.now() - this.#recalledAt > RECALL_LIMIT_MS) {
      return void endProcess(); // it is stopped, or hostile: others may run what it has
    }
    if (this.#chunks.length === 1 || this.#recalling !== 0) return;
    this.#isQuick = false;
    this.#recalling = this.#lastNumber;
    this.#recalledAt = performance.now();
    this.#main.tell(FrameType.RECALL, this.#recalling, 0);
  }

  recalled(begun: number): void {
    const last = this.#recalling;
    if (last === 0) throw unexpected("answered a recall that was not made");
    this.#recalling = 0;
    const isRecalled = ({ number }: TakenChunk) =>
      number === 0 || (((number - begun) | 0) > 0 && ((number - last) | 0) <= 0);
    const chunks = this.#chunks;
    this.#chunks = chunks.filter((chunk, at) => at === 0 || !isRecalled(chunk));
    for (const chunk of chunks.slice(1)) {
      if (isRecalled(chunk)) this.#putBack(chunk);
    }
    const first = this.#chunks.at(0);
    if (first !== undefined && isRecalled(first)) { // the engine knows it as begun
      this.#send(first);
      this.#looks.begin(first.number);
    }
    this.#onChange();
  }

  /** Tells the process if nobody waits for its chunk any more. */
  checkCancelled(): void {
    const chunk = this.#chunks.at(0);
    if (chunk === undefined || chunk.flag === 0 || chunk.number === 0) return;
    const state = Atomics.load(i32, chunk.flag);
    if (state >= JobFlag.CANCELLED) this.#main.tell(FrameType.SIGNAL, chunk.number, state);
  }

  // Results

  received(message: WireMessage): void {
    if (this.#end.signal.aborted || this.#isRefused) return;
    const { results } = this.#request;
    const chunk = this.#chunks.at(0);
    let block: MessageAddress;
    try {
      block = storeResult(
        results.at,
        lengthOf(message.parts),
        (take) => this.#worker.store(message, take),
        () => isUnwantedJob(chunk?.flag ?? 0),
      );
    } catch (error) {
      const { refused } = this.#worker;
      if (chunk === undefined) throw error;
      const failure = refused === undefined ? error : refusedError(refused);
      if (refused === undefined && !(error instanceof MemoryError)) throw error;
      this.#answer(chunk, ChunkStatus.FAILED, failureOf(chunk, failure));
      return this.#answered(chunk);
    }
    try {
      this.#pass(block, chunk);
    } catch (error) {
      discardMessage(block);
      throw error;
    }
  }

  /** Gives a stored result to the engine. */
  #pass(block: MessageAddress, chunk: TakenChunk | undefined): void {
    const decoder = this.#decoder;
    readMessage(decoder, block);
    decoder.number(); // the record of its worker
    const [jobNumber, index, status] = [decoder.number(), decoder.number(), decoder.number()];
    const isFinal = FINAL.has(status);
    if (status === ResultStatus.INITIALIZER_FAILED) {
      if (this.#hasAnswered) throw unexpected("has started, and sent that it has not");
      this.#hasAnswered = true;
    } else {
      const isOfChunk = jobNumber === chunk?.jobNumber && index === chunk.index;
      if (!isOfChunk || !(isFinal || (EVENTS.has(status) && ++chunk.events <= MAX_EVENTS))) {
        throw unexpected("sent the result of a chunk that it was not given");
      }
    }
    decoder.leave();
    replaceFirstNumber(block, thisIsolate);
    pushBlock(this.#request.results.at, block, allocateUrgent);
    if (isFinal) this.#answered(chunk!);
  }

  /** The first chunk has been answered: the next one may have begun. */
  #answered(chunk: TakenChunk): void {
    this.#hasAnswered = true;
    this.#isQuick = performance.now() - this.#firstSince < QUICK_MS;
    this.#chunks.shift();
    if (chunk.block !== 0) discardMessage(chunk.block);
    chunk.whenAnswered?.forEach((call) => call());
    this.#beginFirst();
    this.#onChange();
  }

  afterResults(then: () => void): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) then();
    else (last.whenAnswered ??= []).push(then);
  }

  item(item: number, afterMs: number): void {
    const chunk = this.#chunks.at(0);
    if (chunk === undefined || chunk.number !== this.#looks.number) return;
    if (item < 0) throw unexpected("sent an item that no chunk has");
    i32[thisIsolate + workerWord.ITEM_AFTER] = afterMs;
    i32[thisIsolate + workerWord.ITEM] = item;
  }

  #answer({ jobNumber, index }: TakenChunk, status: ChunkStatus, payload: unknown): void {
    send(this.#request.results, jobNumber, index, status, payload);
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

function failureOf({ target }: TakenChunk, error: unknown): Failure {
  const by = { task: functionNameAt(target), worker: currentIdentity().name };
  return { error: new Thrown(error), index: 0, by };
}

function unexpected(what: string): CorruptMessageError {
  return new CorruptMessageError(
    `Cannot read result: ${currentIdentity().name} ${what}. ` +
      "Check that the other side is this package, in the same version",
  );
}

/** Whether a job cannot be withdrawn any more; one without a flag never can. */
function isBegunJob(flag: number): boolean {
  return flag === 0 || Atomics.load(i32, flag) === JobFlag.BEGUN;
}
