/**
 * The workers of an engine: as many are started as there is work for, and those that end are replaced.
 *
 * @module
 */

import type { IsolateAddress } from "../../../heap/isolate_record.ts";
import { allocateUrgent } from "../../../heap/allocator.ts";
import { rootWord } from "../../../heap/root_words.ts";
import { i32 } from "../../../heap/views.ts";
import { type Alarm, clearAlarm } from "../../../parking/alarms.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { storeMessage } from "../../../codec/message.ts";
import { stopIsolate } from "../../../runtime/lifecycle.ts";
import { DebugLevel, debugLog } from "../../../runtime/debug_log.ts";
import type { LaunchOptions } from "../../../runtime/launch.ts";
import { startIsolate, type StartOptions } from "../../../runtime/start_request.ts";
import { endWatch, type StartWatch } from "../../../runtime/start_watch.ts";
import type { StartMethod } from "../../../runtime/start_method.ts";
import { ResultStatus } from "./protocol.ts";
import type { PoolAgentRequest } from "../processes/pool_agent.ts";
import type { ProcessWorkerRequest } from "../processes/process_worker.ts";
import type { PoolStartRequest } from "./pool_worker.ts";

const WORKER_NAMES = rootWord(9, "pool workers named by default");

/** How workers are started. */
export interface WorkerStart {
  readonly startMethod: StartMethod;
  /** How long a worker may take to start, in milliseconds. */
  readonly startTimeoutMs: number;
  /** How processes of the operating system are launched. */
  readonly launch: LaunchOptions | undefined;
}

/** What workers are started for. */
export interface WorkerDemand {
  /** Returns the number of workers for which there is work. */
  wanted(): number;
  /** Called when a worker cannot be started. */
  onStartError(error: Error): void;
}

/** A worker that has not ended, as far as its engine knows. */
export interface PoolWorker {
  readonly record: IsolateAddress;
  readonly name: string;
  /** Number of its chunks that have come back. */
  answered: number;
  /** When the chunk that it runs began, on the clock of `performance.now()`; only of a task with a time limit. */
  begunAt: number;
  /** When the engine looks after it next: the time of its task is up, or the grace after that. */
  alarm: Alarm | undefined;
  /** Number of the chunk that the alarm concerns: the first one that the worker begins is 1. */
  alarmChunk: number;
  /** Watches an import that was begun for a chunk. */
  importWatch: StartWatch | undefined;
  /** Whether it begins no further chunk, and another worker may have its place. */
  isReplaced: boolean;
}

/** Starts workers, and knows those that have not ended. */
export class Workers {
  readonly #request: PoolStartRequest;
  readonly #start: WorkerStart;
  readonly #demand: WorkerDemand;
  /** The workers that have not ended, by isolate record. */
  readonly #workers = new Map<number, PoolWorker>();
  /** How many of them were replaced. */
  #replaced = 0;
  /** Timer of the next start. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a set without workers. */
  constructor(request: PoolStartRequest, start: WorkerStart, demand: WorkerDemand) {
    this.#request = request;
    this.#start = start;
    this.#demand = demand;
  }

  /** Number of workers that have not ended, without those that were replaced. */
  get size(): number {
    return this.#workers.size - this.#replaced;
  }

  /** Iterates over the workers that have not ended. */
  [Symbol.iterator](): IterableIterator<PoolWorker> {
    return this.#workers.values();
  }

  /** Returns the worker of a record; `undefined` if it has ended. */
  get(record: IsolateAddress): PoolWorker | undefined {
    return this.#workers.get(record);
  }

  /** Gives the place of a worker to another one, which is started if it is wanted. */
  replace(worker: PoolWorker): void {
    worker.isReplaced = true;
    this.#replaced++;
    this.start();
  }

  /** Forgets a worker that has ended. */
  remove({ record, alarm, importWatch, isReplaced }: PoolWorker): void {
    this.#workers.delete(record);
    if (isReplaced) this.#replaced--;
    clearAlarm(alarm);
    endWatch(importWatch);
  }

  /** Starts all workers that are wanted, at once. */
  startAll(): void {
    while (this.#startOne());
  }

  /** Starts one worker if one is wanted, and the others in later turns of the event loop. */
  start(): void {
    if (this.#timer === undefined && this.#startOne()) this.startLater();
  }

  /** As `start`, from the next turn of the event loop on. */
  startLater(): void {
    if (this.size >= this.#demand.wanted()) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, 0);
  }

  /** Drops the starts that were left to later turns. */
  cancelStarts(): void {
    clearTimeout(this.#timer);
  }

  /** Stops all workers. */
  stop(exitCode: number): void {
    for (const { record, alarm, importWatch } of this) {
      clearAlarm(alarm);
      endWatch(importWatch);
      stopIsolate(record, exitCode);
    }
  }

  /** Starts a worker if one is wanted. Returns whether it did. */
  #startOne(): boolean {
    if (this.size >= this.#demand.wanted()) return false;
    const name = `PoolWorker-${Atomics.add(i32, WORKER_NAMES, 1) + 1}`;
    try {
      const record = startIsolate({
        ...whatRuns(this.#request, this.#start),
        name,
        daemon: true,
        payloadName: "the pool's options",
        ...this.#start,
        exitMessage: (record) => ({
          channel: this.#request.results.at,
          message: storeExitMessage(record),
        }),
      });
      this.#workers.set(record, {
        record,
        name,
        answered: 0,
        begunAt: 0,
        alarm: undefined,
        alarmChunk: 0,
        importWatch: undefined,
        isReplaced: false,
      });
      debugLog(DebugLevel.DEBUG, `added worker ${name}`);
    } catch (error) {
      this.#demand.onStartError(error as Error);
      return false;
    }
    return true;
  }
}

/** Returns what a worker runs. A process of the operating system runs the tasks, its agent does the rest. */
function whatRuns(
  request: PoolStartRequest,
  { startMethod }: WorkerStart,
): Pick<StartOptions, "runner" | "payload" | "agent"> {
  if (startMethod !== "process") return { runner: "pool", payload: request };
  const { initializer, initargs, ...rest } = request;
  return {
    runner: "processWorker",
    payload: { initializer, initargs } satisfies ProcessWorkerRequest,
    agent: { runner: "poolAgent", payload: rest satisfies PoolAgentRequest },
  };
}

/** Stores the result that reports the end of a worker; it is sent when the worker ends, however it does. */
function storeExitMessage(record: IsolateAddress): number {
  const encoder = borrowEncoder();
  try {
    for (const header of [record, 0, 0, ResultStatus.DIED]) encoder.number(header);
    encoder.value(undefined, "result");
    encoder.finish();
    return storeMessage(encoder, allocateUrgent);
  } finally {
    returnEncoder(encoder);
  }
}
