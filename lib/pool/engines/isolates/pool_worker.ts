/**
 * A worker of a pool: receives chunks, runs them, sends their results.
 *
 * @module
 */

import { printError } from "../../../sync/callbacks.ts";
import { CancelledError, TimeoutError } from "../../../errors.ts";
import { allocateUrgent } from "../../../heap/allocator.ts";
import { installHooks } from "../../../heap/hooks.ts";
import { SPINS } from "../../../heap/guard.ts";
import { i32 } from "../../../heap/views.ts";
import { Control, isolateWord, stopRequested, thisIsolate } from "../../../heap/isolate_record.ts";
import { stopError } from "../../../parking/control.ts";
import { awaitOn, blockOn } from "../../../parking/wait.ts";
import {
  endReceive,
  giveUpReceive,
  pushBlock,
  receiveInto,
  storeReceived,
} from "../../../channels/channel.ts";
import { closedBits } from "../../../channels/channel_state.ts";
import { becomingReadable, isReadableSoon } from "../../../channels/channel_waiting.ts";
import type { Channel } from "../../../channels/channel_handle.ts";
import { Decoder, NeedsImport } from "../../../codec/decoder.ts";
import {
  functionAddress,
  functionAt,
  functionNameAt,
  importFunction,
} from "../../../codec/functions.ts";
import { explainScope } from "../../../codec/scope_hint.ts";
import { holdMessage, takeHeldMessage } from "../../../codec/held_messages.ts";
import { discardMessage, type MessageAddress, readMessage } from "../../../codec/message.ts";
import { Thrown } from "../../../codec/thrown.ts";
import { currentIdentity } from "../../../runtime/start_request.ts";
import { enterPhase, isReady, Phase } from "../../../runtime/start_watch.ts";
import { runCalls, type RunningChunk } from "../../chunks/run_chunk.ts";
import { type CallMode, ChunkStatus, type Failure } from "../../chunks/chunk.ts";
import { setIsolateTask, TaskState } from "../../current_task.ts";
import { send, sendInitializerError } from "./answers.ts";
import type { JobWords } from "./job_words.ts";
import "./job_words.ts"; // defines what the start request names
import { beginJob, isUnwantedJob, JobFlag, ResultStatus, unpackMode } from "./protocol.ts";
import { beginChunk, isReplaced, workerWord } from "./worker_words.ts";

/** What a worker of a pool is started with. */
export interface PoolStartRequest {
  /** Where it receives chunks. */
  tasks: Channel;
  /** Where it sends results. */
  results: Channel;
  /** The words of the jobs, which are not freed while the worker has them. */
  words: JobWords;
  initializer?: ((...args: unknown[]) => unknown) | undefined;
  initargs: readonly unknown[];
  /** Number of chunks after which the worker ends; 0: never. */
  maxChunks: number;
  /** How long it waits for a chunk before it ends, in milliseconds. */
  idleTimeoutMs: number;
  /** The engine, if its heap is another one than that of the worker, which is in a process. */
  outside?: OutsideEngine;
}

/** What a worker has of an engine whose heap is another one. */
export interface OutsideEngine {
  /** Addresses of the words with the item that runs, and when it began. */
  readonly item: number;
  readonly itemAfter: number;
  /** Begins a chunk. Returns false if it was recalled. */
  begin(block: MessageAddress): boolean;
  /** Returns the state of the job of the chunk that was begun last. */
  jobState(): number;
  /** Takes a result out of the channel of results, and sends it. */
  sendResult(): void;
  /** Resolves when the results have been written; `undefined` if they have. No chunk begins before. */
  readonly writing: Promise<void> | undefined;
}

/**
 * How long an idle worker blocks before it returns to its event loop, in milliseconds. Waking a blocked
 * isolate takes half the time of waking an event loop. A time-out that is shorter than a tick of the kernel's
 * clock, which is 4 ms, adds 8 µs to a sleep.
 */
const BLOCK_MS = 5;
/**
 * How long to look for a chunk before a sleep: six times as long as other receivers. A caller that awaits
 * each result before its next call needs about 50 µs to wake; a worker that sleeps by then adds as much again
 * to every call.
 */
const LOOK_SPINS = 6 * SPINS;
/** How long a worker runs chunks before its event loop gets a turn, in milliseconds. */
const TURN_MS = 50;

/**
 * Runs the worker until the pool is closed and no chunk is left, its limit of chunks is reached, it was
 * replaced, or there was no work for long.
 */
export async function runPoolWorker(payload: unknown): Promise<void> {
  const request = payload as PoolStartRequest;
  const { tasks, results, initializer, initargs, maxChunks, idleTimeoutMs, outside } = request;
  installHooks({ serveRequests: () => running?.checkCancelled() });
  try {
    if (initializer !== undefined) {
      enterPhase(Phase.INITIALIZING, functionAddress(initializer));
      await initializer(...initargs);
    }
  } catch (error) {
    if (stopRequested()) throw error;
    sendInitializerError(results, error);
    outside?.sendResult();
    return;
  }
  enterPhase(Phase.READY);
  let turnEnd = performance.now() + TURN_MS;
  for (let done = 0; maxChunks === 0 || done < maxChunks; done++) {
    if (isReplaced(begun)) return;
    if (!isReadableSoon(tasks.at, outside === undefined ? LOOK_SPINS : 0)) {
      const next = becomingReadable(tasks.at, undefined, true);
      if (outside !== undefined || !blockOn(next, { timeoutMs: BLOCK_MS })) {
        if (!await awaitOn(becomingReadable(tasks.at), { timeoutMs: idleTimeoutMs })) return;
        turnEnd = performance.now() + TURN_MS;
      }
    }
    if (stopRequested()) throw stopError();
    const block = receiveInto(tasks.at, decoder);
    if (block === undefined) {
      if (closedBits(tasks.at) !== 0) return;
      done--; // another worker received it
      continue;
    }
    const pending = runChunk(block, request);
    if (pending !== undefined) await pending;
    if (outside?.writing !== undefined) await outside.writing;
    if ((done & 15) === 0 && performance.now() > turnEnd) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      turnEnd = performance.now() + TURN_MS;
    }
  }
}

/** Reports an error that ended the worker, unless a call fails with it. */
export function reportPoolWorker(error: unknown): void {
  if (running === undefined && isReady(thisIsolate)) {
    printError(`${currentIdentity().name}, uncaught outside of a task:`, error);
  }
}

const decoder = new Decoder();
/** Number of chunks that this worker has begun. */
let begun = 0;
/** The chunk that this worker runs. */
let running: ReceivedChunk | undefined;

/** A chunk that this worker has received. */
class ReceivedChunk implements RunningChunk {
  readonly #results: Channel;
  /** Held so that the words of the job are not freed while the chunk runs. */
  readonly words: JobWords;
  readonly jobNumber = decoder.number();
  readonly index = decoder.number();
  readonly mode: CallMode;
  /** Address of the function. */
  readonly target: number;
  readonly flag: number;
  readonly #isTimed: boolean;
  readonly #attempt: number;
  readonly #outside: OutsideEngine | undefined;
  /** Addresses of the words with the item that runs, and when it began. */
  readonly #item: number;
  readonly #itemAfter: number;
  /** When it began, on the clock of `performance.now()`. */
  #begunAt = 0;
  #task: TaskState | undefined;

  /** Reads the header of the chunk in the decoder. */
  constructor({ results, words, outside }: PoolStartRequest) {
    this.#results = results;
    this.words = words;
    this.#outside = outside;
    this.#item = outside?.item ?? thisIsolate + workerWord.ITEM;
    this.#itemAfter = outside?.itemAfter ?? thisIsolate + workerWord.ITEM_AFTER;
    const { mode, isTimed, attempt } = unpackMode(decoder.number());
    this.mode = mode;
    this.#isTimed = isTimed;
    this.#attempt = attempt;
    this.target = decoder.definition();
    this.flag = decoder.number();
  }

  /** Counts the chunk as begun. Returns false if the engine has replaced this worker, or declared it ended. */
  claim(block: MessageAddress): boolean {
    if (this.#outside === undefined) {
      if (!beginChunk(begun, this.jobNumber, this.index)) return false;
      begun++;
    } else if (!this.#outside.begin(block)) {
      return false;
    }
    running = this;
    return true;
  }

  /** Marks its job as begun. Returns false if the job was withdrawn or has settled. */
  begin(): boolean {
    return this.#outside === undefined ? beginJob(this.flag) : !this.#isUnwantedOutside();
  }

  #isUnwantedOutside(): boolean {
    return this.#outside!.jobState() >= JobFlag.CANCELLED;
  }

  /** Starts the clock of its tasks. */
  startClock(): void {
    if (!this.#isTimed) return;
    this.#begunAt = performance.now();
    i32[this.#itemAfter] = 0;
    this.report(ResultStatus.BEGINS);
  }

  /** Tells the engine of an event. */
  report(event: ResultStatus): void {
    send(this.#results, this.jobNumber, this.index, event, undefined);
    this.#outside?.sendResult();
  }

  beginsItem(index: number): boolean {
    if (this.isUnwanted()) return false;
    i32[this.#item] = index;
    if (this.#isTimed && index > 0) i32[this.#itemAfter] = performance.now() - this.#begunAt;
    return true;
  }

  /** Whether nobody waits for the result any more, or this worker was told to end. */
  isUnwanted(): boolean {
    // A plain load, as in `isUnwantedJob()`.
    if ((i32[thisIsolate + isolateWord.CONTROL] & Control.STOP) !== 0) return true;
    return this.#outside === undefined ? isUnwantedJob(this.flag) : this.#isUnwantedOutside();
  }

  get task(): TaskState {
    return this.#task ??= new TaskState(
      functionNameAt(this.target),
      this.#attempt,
      () => this.#endReason(),
    );
  }

  /** Aborts the signal of the task if nobody waits for it any more. */
  checkCancelled(): void {
    this.#task?.check();
  }

  /** Returns why nobody waits for the task any more; `undefined` if somebody may. */
  #endReason(): Error | undefined {
    const state = this.#jobState();
    if (state === JobFlag.TIMED_OUT) return new TimeoutError("The time of this task is up");
    if (state === JobFlag.CANCELLED) {
      return new CancelledError("The call of this task has ended: nobody waits for its result");
    }
    return undefined;
  }

  #jobState(): number {
    if (this.#outside !== undefined) return this.#outside.jobState();
    return this.flag === 0 ? JobFlag.WAITING : Atomics.load(i32, this.flag);
  }

  failure(error: unknown, index: number, args?: unknown): Failure {
    explainScope(error, this.target, args);
    return {
      error: new Thrown(error),
      index,
      by: { task: functionNameAt(this.target), worker: currentIdentity().name },
    };
  }

  /**
   * Sends the result.
   *
   * @throws {TerminatedError} if this worker was told to end: the engine has taken the chunk for lost
   */
  finish(status: ChunkStatus, payload: unknown): void {
    if (stopRequested()) throw stopError();
    send(this.#results, this.jobNumber, this.index, status, payload, this);
    this.#outside?.sendResult();
    running = undefined;
  }
}

setIsolateTask(() => running?.task);

/**
 * Runs the chunk in the decoder.
 *
 * @returns a promise only if there is something to wait for
 */
function runChunk(
  block: MessageAddress,
  request: PoolStartRequest,
): Promise<void> | undefined {
  const { tasks, results, outside } = request;
  const chunk = new ReceivedChunk(request);
  if (!chunk.claim(block)) {
    if (outside !== undefined) {
      giveUpReceive(decoder, block); // it was recalled
      return undefined;
    }
    const kept = block || storeReceived(decoder);
    if (!pushBlock(tasks.at, kept, allocateUrgent)) discardMessage(kept); // the pool was terminated
    if (isReplaced(begun)) return undefined;
    throw stopError();
  }
  return callChunk(block, chunk, results);
}

/** Calls the function of the chunk in the decoder, whose header has been read. */
function callChunk(
  block: MessageAddress,
  chunk: ReceivedChunk,
  results: Channel,
): Promise<void> | undefined {
  if (!chunk.begin()) {
    giveUpReceive(decoder, block);
    chunk.finish(ChunkStatus.SKIPPED, undefined);
    return undefined;
  }
  let fn: (...args: unknown[]) => unknown;
  let payload: unknown[];
  try {
    const found = functionAt(chunk.target);
    if (found === undefined) throw new NeedsImport(chunk.target);
    fn = found as typeof fn;
    payload = decoder.value() as unknown[];
    endReceive(decoder, block);
  } catch (error) {
    if (error instanceof NeedsImport) {
      return importAndCall(block || storeReceived(decoder), error.address, chunk, results);
    }
    giveUpReceive(decoder, block);
    chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
    return undefined;
  }
  chunk.startClock();
  return runCalls(fn, payload, chunk);
}

async function importAndCall(
  block: MessageAddress,
  needed: number,
  chunk: ReceivedChunk,
  results: Channel,
): Promise<void> {
  holdMessage(block);
  try {
    enterPhase(Phase.IMPORTING, needed);
    chunk.report(ResultStatus.IMPORTS);
    await importFunction(needed);
    if (!takeHeldMessage(block)) throw stopError();
    enterPhase(Phase.READY);
  } catch (error) {
    if (stopRequested()) throw error;
    takeHeldMessage(block);
    enterPhase(Phase.READY);
    readMessage(decoder, block);
    giveUpReceive(decoder, block);
    return chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
  }
  rereadHeader(block);
  await callChunk(block, chunk, results);
}

/** Reads a stored chunk up to its payload. */
function rereadHeader(block: MessageAddress): void {
  readMessage(decoder, block);
  for (let header = 0; header < 3; header++) decoder.number();
  decoder.definition();
  decoder.number();
}
