/**
 * A worker of a pool: takes tasks, runs them, sends their results.
 *
 * @module
 */

import { MaybeEncodingError } from "../errors.ts";
import { i32 } from "../atomics/heap_views.ts";
import { self, stopRequested, threadWord } from "../atomics/thread.ts";
import { awaitOn, blockOn } from "../atomics/wait.ts";
import {
  becomingReadable,
  closedBits,
  endReceive,
  keepInline,
  messagesIn,
  push,
  receiveInto,
} from "../channels/channel.ts";
import type { Channel } from "../channels/channel_handle.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import { borrow, giveBack } from "../codec/encoder.ts";
import { explainScope, functionAt, importFunction, nameAt } from "../codec/functions.ts";
import { readMessage } from "../codec/message.ts";
import { setOnUncaught } from "../runtime/guest.ts";
import { currentIdentity } from "../runtime/order.ts";
import { type Failure, Mode, type Outcomes, Status } from "./protocol.ts";

/** What a worker of a pool is given. */
export interface PoolOrder {
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
const PATIENCE = 6;
/** How long a worker runs from task to task before its event loop has a turn, in milliseconds. */
const TURN_MS = 50;
/** Number of items after which a chunk looks whether it is still wanted. */
const LOOK_EVERY = 64;

/** Runs a worker of a pool until the pool is closed and nothing is left to do. */
export async function runPoolWorker(payload: unknown): Promise<void> {
  const { tasks, results, initializer, initargs, maxTasks } = payload as PoolOrder;
  setOnUncaught((error) =>
    console.error(`${currentIdentity().name}, uncaught outside of a task:`, error)
  );
  try {
    await initializer?.(...initargs);
  } catch (error) {
    send(results, 0, 0, Status.INITIALIZER_FAILED, error);
    return;
  }
  let turnEnd = performance.now() + TURN_MS;
  for (let done = 0; maxTasks === 0 || done < maxTasks; done++) {
    if (messagesIn(tasks.at) === 0) {
      const next = becomingReadable(tasks.at, undefined, PATIENCE);
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

interface Chunk {
  job: number;
  chunk: number;
  mode: number;
  address: number;
  cancelFlag: number;
}

/** Runs the chunk in the decoder. Returns a promise only if there is something to wait for. */
function runChunk(block: number, results: Channel): Promise<void> | undefined {
  const chunk: Chunk = {
    job: decoder.number(),
    chunk: decoder.number(),
    mode: decoder.number(),
    address: decoder.number(),
    cancelFlag: decoder.number(),
  };
  i32[self + threadWord.CHUNK] = chunk.chunk;
  Atomics.store(i32, self + threadWord.JOB, chunk.job);
  if (isCancelled(chunk)) {
    drop(block);
    finishChunk(results, chunk, Status.SKIPPED, undefined);
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
    finishChunk(results, chunk, Status.FAILED, failure(chunk, error, 0));
    return undefined;
  }
  return runCalls(fn, payload, chunk, results);
}

/** Lets go of the chunk in the decoder. */
function drop(block: number): void {
  decoder.skip();
  endReceive(decoder, block);
}

async function importAndRun(
  block: number,
  needs: NeedsImport,
  chunk: Chunk,
  results: Channel,
): Promise<void> {
  try {
    await importFunction(needs.address);
  } catch (error) {
    readMessage(decoder, block);
    drop(block);
    return finishChunk(results, chunk, Status.FAILED, failure(chunk, error, 0));
  }
  readMessage(decoder, block);
  await runChunk(block, results);
}

function runCalls(
  fn: (...args: unknown[]) => unknown,
  payload: unknown[],
  chunk: Chunk,
  results: Channel,
): Promise<void> | undefined {
  if (chunk.mode === Mode.APPLY) {
    let result: unknown;
    try {
      result = fn(...payload);
    } catch (error) {
      finishChunk(results, chunk, Status.FAILED, failure(chunk, error, 0));
      return undefined;
    }
    if (!isPromiseLike(result)) {
      finishChunk(results, chunk, Status.DONE, result);
      return undefined;
    }
    return Promise.resolve(result).then(
      (value) => finishChunk(results, chunk, Status.DONE, value),
      (error) => finishChunk(results, chunk, Status.FAILED, failure(chunk, error, 0)),
    );
  }
  return runItems(fn, payload, chunk, results, {
    results: new Array(payload.length),
    failures: [],
  });
}

/** Calls the function with the items from `at` on; goes on asynchronously from the first promise. */
function runItems(
  fn: (...args: unknown[]) => unknown,
  items: unknown[],
  chunk: Chunk,
  results: Channel,
  outcomes: Outcomes,
  at = 0,
): Promise<void> | undefined {
  const { mode } = chunk;
  const list = outcomes.results;
  for (; at < items.length; at++) {
    if (at % LOOK_EVERY === LOOK_EVERY - 1 && (stopRequested() || isCancelled(chunk))) {
      finishChunk(results, chunk, Status.SKIPPED, undefined);
      return undefined;
    }
    try {
      const result = mode === Mode.STARMAP ? fn(...(items[at] as unknown[])) : fn(items[at]);
      if (isPromiseLike(result)) {
        return awaitItem(result, fn, items, chunk, results, outcomes, at);
      }
      list[at] = result;
    } catch (error) {
      if (!noteFailure(error, chunk, results, outcomes, at)) return undefined;
    }
  }
  finishChunk(results, chunk, Status.DONE, mode === Mode.MAP_ALL ? outcomes : list);
  return undefined;
}

async function awaitItem(
  result: PromiseLike<unknown>,
  fn: (...args: unknown[]) => unknown,
  items: unknown[],
  chunk: Chunk,
  results: Channel,
  outcomes: Outcomes,
  at: number,
): Promise<void> {
  try {
    outcomes.results[at] = await result;
  } catch (error) {
    if (!noteFailure(error, chunk, results, outcomes, at)) return;
  }
  await runItems(fn, items, chunk, results, outcomes, at + 1);
}

/** Notes that an item failed. Returns whether the chunk goes on; otherwise it is finished. */
function noteFailure(
  error: unknown,
  chunk: Chunk,
  results: Channel,
  outcomes: Outcomes,
  at: number,
): boolean {
  if (chunk.mode === Mode.MAP_ALL) {
    outcomes.failures.push(failure(chunk, error, at));
    return true;
  }
  finishChunk(results, chunk, Status.FAILED, failure(chunk, error, at));
  return false;
}

function failure(chunk: Chunk, error: unknown, index: number): Failure {
  explainScope(error, chunk.address);
  return {
    error,
    index,
    task: nameAt(chunk.address),
    worker: currentIdentity().name,
  };
}

/** Sends what became of the chunk; this worker has no task any more. */
function finishChunk(results: Channel, chunk: Chunk, status: number, payload: unknown): void {
  send(results, chunk.job, chunk.chunk, status, payload, chunk);
  Atomics.store(i32, self + threadWord.JOB, 0);
  i32[self + threadWord.TASKS_DONE]++;
}

function send(
  results: Channel,
  job: number,
  index: number,
  status: number,
  payload: unknown,
  chunk?: Chunk,
): void {
  const encoder = borrow();
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
      const what = status === Status.FAILED ? `${describe((payload as Failure).error)}: ` : "";
      const why = cause.message.replace(/^Cannot send /, "");
      const instead = new MaybeEncodingError(`Cannot send back ${what}${why}`, { cause });
      send(results, job, index, Status.FAILED, failure(chunk, instead, 0));
    }
  } finally {
    giveBack(encoder);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `the error "${error.name}: ${error.message}"` : "what was thrown";
}

function isCancelled({ cancelFlag }: Chunk): boolean {
  return cancelFlag !== 0 && Atomics.load(i32, cancelFlag) !== 0;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
