/**
 * What a pool remembers of a call until all its chunks have come back.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import { ownModules } from "../../runtime/module_urls.ts";
import type { Failure } from "../runner/protocol.ts";

/**
 * A call whose chunks are with an engine.
 *
 * @typeParam Target how the engine names a function
 */
export interface Job<Target = unknown> {
  /** The function that is called. */
  readonly target: Target;
  /** Whether it may end before all its chunks have come back. */
  readonly cancellable: boolean;
  /** Address of its flag, a word that workers look at; 0 for none. The engine's. */
  flag: number;
  /** Where the call was made, if that is known: see {@linkcode callSite}. */
  readonly site?: { stack?: string };
  /** Number of chunks that were sent and have not come back. The engine's. */
  chunksLeft: number;
  /** Whether the call has ended. */
  readonly settled: boolean;
  /** Called when the call ends: what to do then is added by {@linkcode whenSettled}. */
  onSettled?: () => void;
  /** Called when all its chunks have come back, unless the engine was ended before. */
  onReturned?(): void;
  /** Reads the result of a chunk. */
  read(chunk: number, decoder: Decoder): unknown;
  /** As `read`, of a result that is here. */
  take(chunk: number, result: unknown): unknown;
  /** Takes what `read` or `take` returned. */
  onDone(chunk: number, result: unknown): void;
  /** Ends the call with an error, unless it has ended. */
  fail(error: unknown): void;
  /** Which items of the call a chunk has, for people to read. */
  itemRange(chunk: number): string;
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

/** Fails the job when the signal is aborted, if there is one. */
export function abortWith(signal: AbortSignal | undefined, job: Job): void {
  if (signal === undefined) return;
  const onAbort = () => job.fail(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  whenSettled(job, () => signal.removeEventListener("abort", onAbort));
}

/** Where a call was made, for the stack of an error that comes back. */
export function callSite(): { stack?: string } {
  const site = {};
  Error.captureStackTrace(site, callSite);
  return site;
}

/**
 * The error of a task with where it came from added to its stack: the task, the item, the worker and
 * who asked for it. One that was thrown in this isolate, and what is no error, come as they are.
 */
export function explainFailure(
  { error, by }: Failure,
  item: string,
  site: { stack?: string } | undefined,
): unknown {
  if (!(error instanceof Error) || by === undefined) return error;
  const asked = (site?.stack ?? "").split("\n").slice(1)
    .filter((line) => !line.includes(ownModules) && !line.includes("at new Promise ("))
    .join("\n");
  const story = `--- in task ${by.task}${item}, run by ${by.worker}, called from:`;
  const stack = `${error.stack}\n    ${story}\n${asked}`;
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  return error;
}

/** One call of a function. */
export class ApplyJob<Target> implements Job<Target> {
  chunksLeft = 0;
  flag = 0;
  settled = false;
  onSettled?: () => void;
  readonly target: Target;
  readonly cancellable: boolean;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly site: { stack?: string } | undefined;

  /** A call whose outcome goes to `resolve` or `reject`. */
  constructor(
    target: Target,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    cancellable: boolean,
    site: { stack?: string } | undefined,
  ) {
    this.target = target;
    this.cancellable = cancellable;
    this.#resolve = resolve;
    this.#reject = reject;
    this.site = site;
  }

  read(_chunk: number, decoder: Decoder): unknown {
    return decoder.value();
  }

  take(_chunk: number, result: unknown): unknown {
    return result;
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
    this.#reject(error);
  }

  itemRange(): string {
    return "";
  }

  explain(_chunk: number, failure: Failure): unknown {
    return explainFailure(failure, "", this.site);
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
export class MapJob<Target> implements Job<Target> {
  chunksLeft = 0;
  flag = 0;
  onSettled?: () => void;
  readonly target: Target;
  readonly cancellable = true;
  readonly promise: Promise<unknown[]>;
  readonly #resolve: (results: unknown[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #results: unknown[];
  readonly #chunkSize: number;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  readonly site = callSite();
  #left: number;
  #state: "pending" | "done" | "failed" = "pending";
  #error: unknown;

  /** A call with `total` items, which come back `chunkSize` at a time. */
  constructor(
    target: Target,
    total: number,
    chunkSize: number,
    onProgress?: (progress: Progress) => void,
  ) {
    this.target = target;
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

  take(chunk: number, results: unknown): number {
    const list = results as unknown[];
    const from = chunk * this.#chunkSize;
    for (let at = 0; at < list.length; at++) this.#results[from + at] = list[at];
    return list.length;
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
    this.#reject(error);
  }

  itemRange(chunk: number): string {
    const first = chunk * this.#chunkSize;
    const last = Math.min(first + this.#chunkSize, this.#results.length) - 1;
    return first === last ? `, item ${first}` : `, items ${first} to ${last}`;
  }

  explain(chunk: number, failure: Failure): unknown {
    return explainFailure(failure, `, item ${chunk * this.#chunkSize + failure.index}`, this.site);
  }

  #succeed(): void {
    if (this.settled) return;
    this.#state = "done";
    this.onSettled?.();
    this.#resolve(this.#results);
  }
}
