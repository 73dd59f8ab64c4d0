/**
 * A job of many chunks.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import { callSite } from "./call_site.ts";
import { Job } from "./job.ts";
import type { ProgressReport } from "./progress.ts";
import type { TaskPolicy } from "./task_policy.ts";

/** A call of a function with each of many items, cut into chunks. */
export class MapJob<Target> extends Job<Target> {
  /** The results of all items, in their order. */
  readonly promise: Promise<unknown[]>;
  readonly #resolve: (results: unknown[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #results: unknown[];
  readonly #chunkSize: number;
  readonly #progress: ProgressReport | undefined;
  /** Number of items without a result. */
  #remaining: number;
  #failure: { error: unknown } | undefined;

  /** Makes a job of `total` items, of which each chunk has `chunkSize`. */
  constructor(
    target: Target,
    total: number,
    chunkSize: number,
    progress?: ProgressReport | undefined,
    policy?: TaskPolicy | undefined,
  ) {
    super(target, true, callSite(), policy);
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#results = new Array(total);
    this.#chunkSize = chunkSize;
    this.#progress = progress;
    this.#remaining = total;
    if (total > 0) return;
    progress?.end();
    this.#succeed();
  }

  /**
   * Returns the results of a job that has settled.
   *
   * @throws the error that the job failed with
   */
  outcome(): unknown[] {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#results;
  }

  /** Reads the results of a chunk into their places and returns their number. */
  readResult(chunk: number, decoder: Decoder): number {
    const from = chunk * this.#chunkSize;
    const length = Math.min(this.#chunkSize, this.#results.length - from);
    decoder.itemsInto(this.#results, from, length);
    return length;
  }

  /** Copies the results of a chunk into their places and returns their number. */
  storeResult(chunk: number, results: unknown): number {
    const list = results as unknown[];
    const from = chunk * this.#chunkSize;
    for (let at = 0; at < list.length; at++) this.#results[from + at] = list[at];
    return list.length;
  }

  onChunkDone(_chunk: number, count: unknown): void {
    this.#remaining -= count as number;
    this.#progress?.add(count as number, this.#remaining === 0);
    if (this.#remaining === 0) this.#succeed();
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.#failure = { error };
    this.settle();
    this.#reject(error);
    this.#progress?.end();
  }

  override itemIndex(chunk: number, index: number): number {
    return chunk * this.#chunkSize + index;
  }

  #succeed(): void {
    if (this.settle()) this.#resolve(this.#results);
  }
}
