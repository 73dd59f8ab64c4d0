/**
 * A worker of a pool: takes tasks, runs them, sends their results.
 *
 * @module
 */

import { MaybeEncodingError } from "../../../errors.ts";
import { i32 } from "../../../heap/views.ts";
import { Control, isolateWord, thisIsolate } from "../../../heap/isolate_record.ts";
import { awaitOn, blockOn } from "../../../parking/wait.ts";
import { endReceive, keepInline, push, receiveInto } from "../../../channels/channel.ts";
import { closedBits, messagesIn } from "../../../channels/channel_state.ts";
import { becomingReadable } from "../../../channels/channel_waiting.ts";
import type { Channel } from "../../../channels/channel_handle.ts";
import { Decoder, NeedsImport } from "../../../codec/decoder.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { functionAt, functionNameAt, importFunction } from "../../../codec/functions.ts";
import { explainScope } from "../../../codec/scope_hint.ts";
import { readMessage } from "../../../codec/message.ts";
import { setOnUncaught } from "../../../runtime/worker.ts";
import { currentIdentity } from "../../../runtime/start_request.ts";
import { runCalls, type RunningChunk } from "../../runner/run_chunk.ts";
import { ChunkStatus, type Failure, JobFlag } from "../../runner/protocol.ts";
import { workerWord } from "./worker_words.ts";

/** What a worker of a pool is given. */
export interface PoolStartRequest {
  tasks: Channel;
  results: Channel;
  initializer?: (...args: unknown[]) => unknown;
  initargs: readonly unknown[];
  /** Number of chunks after which the worker ends; 0: never. */
  maxTasks: number;
}

/**
 * How long an idle worker blocks before it leaves the thread to its event loop, in milliseconds.
 * Waking a blocked thread takes half the time of waking an event loop.
 */
const BLOCK_MS = 2;
/**
 * How much longer than others an idle worker looks before it sleeps. A caller that waits for one result
 * before it makes the next call needs some 50 µs to wake: a worker that sleeps by then costs as much
 * again, at every call.
 */
const SPIN_FACTOR = 6;
/** How long a worker runs from task to task before its event loop has a turn, in milliseconds. */
const TURN_MS = 50;

/** Runs a worker of a pool until the pool is closed and nothing is left to do. */
export async function runPoolWorker(payload: unknown): Promise<void> {
  const { tasks, results, initializer, initargs, maxTasks } = payload as PoolStartRequest;
  setOnUncaught((error) =>
    console.error(`${currentIdentity().name}, uncaught outside of a task:`, error)
  );
  try {
    await initializer?.(...initargs);
  } catch (error) {
    send(results, 0, 0, ChunkStatus.INITIALIZER_FAILED, error);
    return;
  }
  let turnEnd = performance.now() + TURN_MS;
  for (let done = 0; maxTasks === 0 || done < maxTasks; done++) {
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
      done--; // another worker was quicker
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

/** A chunk that this worker has taken. */
class TakenChunk implements RunningChunk {
  readonly #results: Channel;
  readonly job = decoder.number();
  readonly chunk = decoder.number();
  readonly mode = decoder.number();
  readonly address = decoder.number();
  readonly flag = decoder.number();

  /** Reads the header of the chunk that the decoder has. */
  constructor(results: Channel) {
    this.#results = results;
  }

  /** Begins it; false if it was withdrawn. */
  begin(): boolean {
    const { flag } = this;
    if (flag === 0) return true;
    return Atomics.compareExchange(i32, flag, JobFlag.WAITING, JobFlag.BEGUN) !== JobFlag.CANCELLED;
  }

  unwanted(): boolean {
    const { flag } = this;
    // Not atomic, which would take 20 ns: one that was told this moment may run another item.
    return (i32[thisIsolate + isolateWord.CONTROL] & Control.STOP) !== 0 ||
      (flag !== 0 && i32[flag] === JobFlag.CANCELLED);
  }

  failure(error: unknown, index: number): Failure {
    explainScope(error, this.address);
    return {
      error,
      index,
      by: { task: functionNameAt(this.address), worker: currentIdentity().name },
    };
  }

  /** Sends what became of it; this worker has no task any more. */
  finish(status: number, payload: unknown): void {
    send(this.#results, this.job, this.chunk, status, payload, this);
    Atomics.store(i32, thisIsolate + workerWord.JOB, 0);
    i32[thisIsolate + workerWord.CHUNKS_DONE]++;
  }
}

/** Runs the chunk in the decoder. Returns a promise only if there is something to wait for. */
function runChunk(block: number, results: Channel): Promise<void> | undefined {
  const chunk = new TakenChunk(results);
  i32[thisIsolate + workerWord.CHUNK] = chunk.chunk;
  Atomics.store(i32, thisIsolate + workerWord.JOB, chunk.job);
  if (!chunk.begin()) {
    drop(block);
    chunk.finish(ChunkStatus.SKIPPED, undefined);
    return undefined;
  }
  let fn: (...args: unknown[]) => unknown;
  let payload: unknown[];
  try {
    const found = functionAt(chunk.address);
    if (found === undefined) throw new NeedsImport(chunk.address);
    fn = found as typeof fn;
    payload = decoder.value() as unknown[];
    endReceive(decoder, block);
  } catch (error) {
    if (error instanceof NeedsImport) {
      return importAndRun(block || keepInline(), error, chunk, results);
    }
    endReceive(decoder, block);
    chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
    return undefined;
  }
  return runCalls(fn, payload, chunk);
}

/** Lets go of the chunk in the decoder. */
function drop(block: number): void {
  decoder.skip();
  endReceive(decoder, block);
}

async function importAndRun(
  block: number,
  needs: NeedsImport,
  chunk: TakenChunk,
  results: Channel,
): Promise<void> {
  try {
    await importFunction(needs.address);
  } catch (error) {
    readMessage(decoder, block);
    drop(block);
    return chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
  }
  readMessage(decoder, block);
  await runChunk(block, results);
}

function send(
  results: Channel,
  job: number,
  index: number,
  status: number,
  payload: unknown,
  chunk?: TakenChunk,
): void {
  const encoder = borrowEncoder();
  try {
    encoder.number(job);
    encoder.number(index);
    encoder.number(status);
    encoder.value(payload, "result");
    encoder.finish();
    push(results.at, encoder);
  } catch (error) {
    // The result or the error cannot cross: what is sent instead can.
    if (chunk === undefined) {
      send(results, job, index, status, new Error(String(payload)));
    } else {
      const cause = error instanceof Error ? error : new Error(String(error));
      const what = status === ChunkStatus.FAILED ? `${describe((payload as Failure).error)}: ` : "";
      const why = cause.message.replace(/^Cannot send /, "");
      const instead = new MaybeEncodingError(`Cannot send back ${what}${why}`, { cause });
      send(results, job, index, ChunkStatus.FAILED, chunk.failure(instead, 0));
    }
  } finally {
    returnEncoder(encoder);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `the error "${error.name}: ${error.message}"` : "what was thrown";
}
