/**
 * The workers of an engine: as many are started as there is work for, and those that end are replaced.
 *
 * @module
 */

import type { IsolateAddress } from "../../../heap/isolate_record.ts";
import { rootWord } from "../../../heap/root_words.ts";
import { i32 } from "../../../heap/views.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { storeMessage } from "../../../codec/message.ts";
import { stopIsolate } from "../../../runtime/lifecycle.ts";
import { DebugLevel, debugLog } from "../../../runtime/debug_log.ts";
import { startIsolate } from "../../../runtime/start_request.ts";
import type { StartMethod } from "../../../runtime/start_method.ts";
import { ResultStatus } from "./protocol.ts";
import type { PoolStartRequest } from "./pool_worker.ts";

const WORKER_NAMES = rootWord(9, "pool workers named by default");

/** What workers are started for. */
export interface WorkerDemand {
  /** Returns the number of workers for which there is work. */
  wanted(): number;
  /** Called when a worker cannot be started. */
  onStartError(error: Error): void;
}

/** Starts workers and keeps their names. */
export class Workers {
  readonly #request: PoolStartRequest;
  readonly #startMethod: StartMethod;
  readonly #demand: WorkerDemand;
  /** Names of the workers that have not ended, by isolate record. */
  readonly #names = new Map<number, string>();
  /** Timer of the next start. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a set without workers. */
  constructor(request: PoolStartRequest, startMethod: StartMethod, demand: WorkerDemand) {
    this.#request = request;
    this.#startMethod = startMethod;
    this.#demand = demand;
  }

  /** Number of workers that have not ended. */
  get size(): number {
    return this.#names.size;
  }

  /** Returns the isolate records of the workers that have not ended. */
  records(): IterableIterator<number> {
    return this.#names.keys();
  }

  /** Forgets a worker that has ended. Returns its name; `undefined` if it is not known. */
  remove(record: IsolateAddress): string | undefined {
    const name = this.#names.get(record);
    this.#names.delete(record);
    return name;
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
    if (this.#names.size >= this.#demand.wanted()) return;
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
    for (const record of this.#names.keys()) stopIsolate(record, exitCode);
  }

  /** Starts a worker if one is wanted. Returns whether it did. */
  #startOne(): boolean {
    if (this.#names.size >= this.#demand.wanted()) return false;
    const name = `PoolWorker-${Atomics.add(i32, WORKER_NAMES, 1) + 1}`;
    try {
      const record = startIsolate({
        runner: "pool",
        name,
        daemon: true,
        payload: this.#request,
        payloadName: "the pool's options",
        startMethod: this.#startMethod,
        exitMessage: (record) => ({
          channel: this.#request.results.at,
          message: storeExitMessage(record),
        }),
      });
      this.#names.set(record, name);
      debugLog(DebugLevel.DEBUG, `added worker ${name}`);
    } catch (error) {
      this.#demand.onStartError(error as Error);
      return false;
    }
    return true;
  }
}

/** Stores the result that reports the end of a worker; it is sent when the worker ends, however it does. */
function storeExitMessage(record: IsolateAddress): number {
  const encoder = borrowEncoder();
  try {
    for (const header of [0, 0, ResultStatus.DIED]) encoder.number(header);
    encoder.value(record, "record");
    encoder.finish();
    return storeMessage(encoder);
  } finally {
    returnEncoder(encoder);
  }
}
