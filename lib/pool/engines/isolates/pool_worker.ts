/**
 * A worker of a pool: receives chunks, runs them, sends their results.
 *
 * @module
 */

import { MaybeEncodingError } from "../../../errors.ts";
import { installHooks } from "../../../heap/hooks.ts";
import { i32 } from "../../../heap/views.ts";
import { Control, isolateWord, thisIsolate } from "../../../heap/isolate_record.ts";
import { awaitOn, blockOn } from "../../../parking/wait.ts";
import { endReceive, push, receiveInto, storePopped } from "../../../channels/channel.ts";
import { closedBits, messagesIn } from "../../../channels/channel_state.ts";
import { becomingReadable } from "../../../channels/channel_waiting.ts";
import type { Channel } from "../../../channels/channel_handle.ts";
import { Decoder, NeedsImport } from "../../../codec/decoder.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { functionAt, functionNameAt, importFunction } from "../../../codec/functions.ts";
import { explainScope } from "../../../codec/scope_hint.ts";
import { type MessageAddress, readMessage } from "../../../codec/message.ts";
import { currentIdentity } from "../../../runtime/start_request.ts";
import { runCalls, type RunningChunk } from "../../chunks/run_chunk.ts";
import { type CallMode, ChunkStatus, type Failure } from "../../chunks/chunk.ts";
import { JobFlag, ResultStatus } from "./protocol.ts";
import { workerWord } from "./worker_words.ts";

/** What a worker of a pool is started with. */
export interface PoolStartRequest {
  /** Where it receives chunks. */
  tasks: Channel;
  /** Where it sends results. */
  results: Channel;
  initializer?: ((...args: unknown[]) => unknown) | undefined;
  initargs: readonly unknown[];
  /** Number of chunks after which the worker ends; 0: never. */
  maxChunks: number;
}

/**
 * How long an idle worker blocks before it returns to its event loop, in milliseconds. Waking a blocked
 * isolate takes half the time of waking an event loop.
 */
const BLOCK_MS = 2;
/**
 * How much longer than other receivers an idle worker spins before it sleeps. A caller that awaits each
 * result before its next call needs about 50 µs to wake; a worker that sleeps by then adds as much
 * again to every call.
 */
const SPIN_FACTOR = 6;
/** How long a worker runs chunks before its event loop gets a turn, in milliseconds. */
const TURN_MS = 50;

/** Runs the worker until the pool is closed and no chunk is left, or its limit of chunks is reached. */
export async function runPoolWorker(payload: unknown): Promise<void> {
  const { tasks, results, initializer, initargs, maxChunks } = payload as PoolStartRequest;
  installHooks({
    onUncaught: (error) =>
      console.error(`${currentIdentity().name}, uncaught outside of a task:`, error),
  });
  try {
    await initializer?.(...initargs);
  } catch (error) {
    send(results, 0, 0, ResultStatus.INITIALIZER_FAILED, error);
    return;
  }
  let turnEnd = performance.now() + TURN_MS;
  for (let done = 0; maxChunks === 0 || done < maxChunks; done++) {
    if (messagesIn(tasks.at) === 0) {
      const next = becomingReadable(tasks.at, undefined, SPIN_FACTOR);
      if (!blockOn(next, { timeoutMs: BLOCK_MS })) {
        await awaitOn(becomingReadable(tasks.at));
        turnEnd = performance.now() + TURN_MS;
      }
    }
    const block = receiveInto(tasks.at, decoder);
    if (block === undefined) {
      if (closedBits(tasks.at) !== 0) return;
      done--; // another worker received it
      continue;
    }
    const running = runChunk(block, results);
    if (running !== undefined) await running;
    if ((done & 15) === 0 && performance.now() > turnEnd) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      turnEnd = performance.now() + TURN_MS;
    }
  }
}

const decoder = new Decoder();

/** A chunk that this worker has received. */
class ReceivedChunk implements RunningChunk {
  readonly #results: Channel;
  readonly jobNumber = decoder.number();
  readonly index = decoder.number();
  readonly mode = decoder.number() as CallMode;
  /** Address of the function. */
  readonly target = decoder.number();
  readonly flag = decoder.number();

  /** Reads the header of the chunk in the decoder. */
  constructor(results: Channel) {
    this.#results = results;
  }

  /** Marks its job as begun. Returns false if the job was withdrawn or has settled. */
  begin(): boolean {
    const { flag } = this;
    if (flag === 0) return true;
    return Atomics.compareExchange(i32, flag, JobFlag.WAITING, JobFlag.BEGUN) !== JobFlag.CANCELLED;
  }

  isUnwanted(): boolean {
    const { flag } = this;
    // Plain loads: atomic ones take 20 ns. The worst case is that one more item runs.
    return (i32[thisIsolate + isolateWord.CONTROL] & Control.STOP) !== 0 ||
      (flag !== 0 && i32[flag] === JobFlag.CANCELLED);
  }

  failure(error: unknown, index: number): Failure {
    explainScope(error, this.target);
    return {
      error,
      index,
      by: { task: functionNameAt(this.target), worker: currentIdentity().name },
    };
  }

  /** Sends the result, then removes the chunk from the isolate record. */
  finish(status: ChunkStatus, payload: unknown): void {
    send(this.#results, this.jobNumber, this.index, status, payload, this);
    Atomics.store(i32, thisIsolate + workerWord.JOB, 0);
    i32[thisIsolate + workerWord.CHUNKS_DONE]++;
  }
}

/**
 * Runs the chunk in the decoder.
 *
 * @returns a promise only if there is something to wait for
 */
function runChunk(block: MessageAddress, results: Channel): Promise<void> | undefined {
  const chunk = new ReceivedChunk(results);
  i32[thisIsolate + workerWord.CHUNK] = chunk.index;
  Atomics.store(i32, thisIsolate + workerWord.JOB, chunk.jobNumber);
  if (!chunk.begin()) {
    discardPayload(block);
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
      return importAndRun(block || storePopped(), error, chunk, results);
    }
    endReceive(decoder, block);
    chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
    return undefined;
  }
  return runCalls(fn, payload, chunk);
}

/** Releases what the chunk in the decoder refers to. */
function discardPayload(block: MessageAddress): void {
  decoder.skip();
  endReceive(decoder, block);
}

async function importAndRun(
  block: MessageAddress,
  needs: NeedsImport,
  chunk: ReceivedChunk,
  results: Channel,
): Promise<void> {
  try {
    await importFunction(needs.address);
  } catch (error) {
    readMessage(decoder, block);
    discardPayload(block);
    return chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
  }
  readMessage(decoder, block);
  await runChunk(block, results);
}

/** Sends a result; one that cannot cross is replaced by an error that says so. */
function send(
  results: Channel,
  jobNumber: number,
  index: number,
  status: ResultStatus,
  payload: unknown,
  chunk?: ReceivedChunk,
): void {
  const encoder = borrowEncoder();
  try {
    encoder.number(jobNumber);
    encoder.number(index);
    encoder.number(status);
    encoder.value(payload, "result");
    encoder.finish();
    push(results.at, encoder);
  } catch (error) {
    if (chunk === undefined) {
      send(results, jobNumber, index, status, new Error(String(payload)));
    } else {
      const cause = error instanceof Error ? error : new Error(String(error));
      const what = status === ChunkStatus.FAILED
        ? `${describeThrown((payload as Failure).error)}: `
        : "";
      const why = cause.message.replace(/^Cannot send /, "");
      const replacement = new MaybeEncodingError(`Cannot send back ${what}${why}`, { cause });
      send(results, jobNumber, index, ChunkStatus.FAILED, chunk.failure(replacement, 0));
    }
  } finally {
    returnEncoder(encoder);
  }
}

function describeThrown(error: unknown): string {
  if (error instanceof Error) return `the error "${error.name}: ${error.message}"`;
  return "the thrown value";
}
