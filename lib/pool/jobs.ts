/**
 * What a pool remembers of a call until all its chunks have come back.
 *
 * @module
 */

import { allocate, free } from "../atomics/heap.ts";
import { i32 } from "../atomics/heap_views.ts";
import type { Decoder } from "../codec/decoder.ts";
import { nameAt } from "../codec/functions.ts";
import type { Failure } from "./protocol.ts";

/** A call whose chunks are with the workers. */
export interface Job {
  /** Number of chunks that were sent and have not come back. */
  chunksLeft: number;
  /** Whether the call has ended. */
  readonly settled: boolean;
  /** Called when the call ends: what to do then is added by {@linkcode whenSettled}. */
  onSettled?: () => void;
  /** Address of the word that tells workers to skip it; 0 for none. */
  readonly cancelFlag: number;
  /** Reads the result of a chunk. */
  read(chunk: number, decoder: Decoder): unknown;
  /** Takes what `read` returned. */
  onDone(chunk: number, result: unknown): void;
  /** Ends the call with an error, unless it has ended. */
  fail(error: unknown): void;
  /** What a chunk runs, for people to read. */
  describe(chunk: number): string;
  /** The error to end the call with, when a task failed. */
  explain(chunk: number, failure: Failure): unknown;
}

/** Adds what is done when the call ends. */
export function whenSettled(job: Job, action: () => void): void {
  const before = job.onSettled;
  job.onSettled = before === undefined ? action : () => {
    before();
    action();
  };
}

/** Makes a word that tells workers to skip a job. */
export function makeCancelFlag(): number {
  const flag = allocate(4);
  Atomics.store(i32, flag, 0);
  return flag;
}

/** Tells workers to skip the job from now on. */
export function cancelChunks(job: Job): void {
  if (job.cancelFlag !== 0 && job.chunksLeft > 0) Atomics.store(i32, job.cancelFlag, 1);
}

/** Frees what the job has in the shared heap, once all its chunks have come back. */
export function releaseJob(job: Job): void {
  if (job.cancelFlag !== 0) free(job.cancelFlag);
}

/** Where a call was made, for the stack of an error that comes back. */
export function callSite(): { stack?: string } {
  const site = {};
  Error.captureStackTrace(site, callSite);
  return site;
}

/**
 * The error of a task with where it came from added to its stack: the task, the item, the worker and
 * who asked for it. Other values that were thrown come as they are.
 */
export function explainFailure(
  { error, task, worker }: Failure,
  item: string,
  site: { stack?: string } | undefined,
): unknown {
  if (!(error instanceof Error)) return error;
  const asked = (site?.stack ?? "").split("\n").slice(1)
    .filter((line) => !line.includes("/lib/pool/")).join("\n");
  const stack =
    `${error.stack}\n    --- in task ${task}${item}, run by ${worker}, called from:\n${asked}`;
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  return error;
}

/** One call of a function. */
export class ApplyJob implements Job {
  chunksLeft = 0;
  settled = false;
  onSettled?: () => void;
  readonly cancelFlag: number;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #site: { stack?: string } | undefined;
  readonly #address: number;

  /** A call whose outcome goes to `resolve` or `reject`. */
  constructor(
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    cancelFlag: number,
    site: { stack?: string } | undefined,
    address: number,
  ) {
    this.#address = address;
    this.#resolve = resolve;
    this.#reject = reject;
    this.cancelFlag = cancelFlag;
    this.#site = site;
  }

  read(_chunk: number, decoder: Decoder): unknown {
    return decoder.value();
  }

  onDone(_chunk: number, result: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled?.();
    this.#resolve(result);
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled?.();
    cancelChunks(this);
    this.#reject(error);
  }

  describe(): string {
    return `task ${nameAt(this.#address)}`;
  }

  explain(_chunk: number, failure: Failure): unknown {
    return explainFailure(failure, "", this.#site);
  }
}

/** Progress of a call over many items. */
export interface Progress {
  /** Items whose results are there. */
  done: number;
  /** All items. */
  total: number;
}

/** A call of a function with many items, cut into chunks. */
export class MapJob implements Job {
  chunksLeft = 0;
  onSettled?: () => void;
  readonly cancelFlag = makeCancelFlag();
  readonly promise: Promise<unknown[]>;
  readonly #resolve: (results: unknown[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #results: unknown[];
  readonly #chunkSize: number;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  readonly #site = callSite();
  readonly #address: number;
  #left: number;
  #state: "pending" | "done" | "failed" = "pending";
  #error: unknown;

  /** A call with `total` items, which come back `chunkSize` at a time. */
  constructor(
    address: number,
    total: number,
    chunkSize: number,
    onProgress?: (progress: Progress) => void,
  ) {
    this.#address = address;
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#results = new Array(total);
    this.#chunkSize = chunkSize;
    this.#onProgress = onProgress;
    this.#left = total;
    if (total === 0) this.#succeed();
  }

  /** Whether the outcome is known. */
  get settled(): boolean {
    return this.#state !== "pending";
  }

  /** The outcome, once it is known. */
  outcome(): unknown[] {
    if (this.#state === "failed") throw this.#error;
    return this.#results;
  }

  /** Reads the results of a chunk into their places: how many there are. */
  read(chunk: number, decoder: Decoder): number {
    return decoder.itemsInto(this.#results, chunk * this.#chunkSize);
  }

  onDone(_chunk: number, count: unknown): void {
    if (this.settled) return;
    this.#left -= count as number;
    try {
      this.#onProgress?.({
        done: this.#results.length - this.#left,
        total: this.#results.length,
      });
    } catch (error) {
      this.fail(error);
    }
    if (this.#left === 0) this.#succeed();
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.#state = "failed";
    this.#error = error;
    this.onSettled?.();
    cancelChunks(this);
    this.#reject(error);
  }

  describe(chunk: number): string {
    const first = chunk * this.#chunkSize;
    const last = Math.min(first + this.#chunkSize, this.#results.length) - 1;
    const items = first === last ? `item ${first}` : `items ${first} to ${last}`;
    return `task ${nameAt(this.#address)}, ${items}`;
  }

  explain(chunk: number, failure: Failure): unknown {
    return explainFailure(failure, `, item ${chunk * this.#chunkSize + failure.index}`, this.#site);
  }

  #succeed(): void {
    if (this.settled) return;
    this.#state = "done";
    this.onSettled?.();
    this.#resolve(this.#results);
  }
}
