/**
 * Progress of a call over many items: the one place from which `onProgress` is called.
 *
 * @module
 */

import { reportUncaught } from "../../sync/callbacks.ts";
import { isPromiseLike } from "../../sync/settled.ts";

/** Progress of a call over many items. */
export interface Progress {
  /** Number of items that are done: the result of each, or the error in its place, has arrived. */
  done: number;
  /** Number of all items; undefined while it is not known, as for a generator. */
  total: number | undefined;
  /** Whether this is the last report of the call, which may have failed or been left. */
  ended: boolean;
}

/** The option of all calls over many items. */
export interface ProgressOptions {
  /**
   * Called in this isolate as items are done: after each chunk, and a last time with `ended: true` when
   * all items are done, or the call fails or is left. If it throws, or its promise rejects, the error is
   * printed and `onProgress` is not called again; the call goes on.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Counts the items of a call, and reports them. */
export class ProgressReport {
  /** Undefined once it has failed. */
  #onProgress: ((progress: Progress) => unknown) | undefined;
  readonly #total: number | undefined;
  #done = 0;
  #ended = false;

  /** Starts at 0 items of `total`. */
  constructor(onProgress: (progress: Progress) => unknown, total: number | undefined) {
    this.#onProgress = onProgress;
    this.#total = total;
  }

  /**
   * Adds items that are done.
   *
   * @param isLast whether no others follow
   */
  add(items: number, isLast: boolean): void {
    this.moveTo(this.#done + items, isLast);
  }

  /** As `add`, given how many items are done altogether. */
  moveTo(done: number, isLast: boolean): void {
    if (this.#ended) return;
    this.#done = done;
    this.#ended = isLast || done === this.#total;
    this.#call();
  }

  /** The call has ended. */
  end(): void {
    this.add(0, true);
  }

  #call(): void {
    try {
      const progress = { done: this.#done, total: this.#total, ended: this.#ended };
      const pending = this.#onProgress?.(progress);
      if (isPromiseLike(pending)) Promise.resolve(pending).catch((error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Prints the first error only. */
  #fail(error: unknown): void {
    if (this.#onProgress !== undefined) reportUncaught("onProgress", error);
    this.#onProgress = undefined;
  }
}

/**
 * Returns what reports the progress of a call; undefined if the caller does not ask for it.
 *
 * @param total the number of items; undefined or `Infinity`: not known
 */
export function progressReport(
  { onProgress }: ProgressOptions,
  total: number | undefined,
): ProgressReport | undefined {
  if (onProgress === undefined) return undefined;
  return new ProgressReport(onProgress, total === Infinity ? undefined : total);
}
