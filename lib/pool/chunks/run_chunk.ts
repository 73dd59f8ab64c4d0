/**
 * Running a chunk, in any engine: the function is called once with the arguments, or once with each item.
 *
 * @module
 */

import { isPromiseLike } from "../../sync/settled.ts";
import {
  CallMode,
  ChunkStatus,
  continuesAfterError,
  type Failure,
  type PartialResults,
} from "./chunk.ts";

/** A chunk that an engine runs. */
export interface RunningChunk {
  /** How the function is called. */
  readonly mode: CallMode;
  /**
   * Notes that the item with this index begins. Returns false if the chunk should stop instead, because
   * its job has settled. Called before each item: must be fast.
   */
  beginsItem(index: number): boolean;
  /** Describes an error of the item with this index, whose arguments were `args`. */
  failure(error: unknown, index: number, args?: unknown): Failure;
  /** Called once, when the chunk has ended, with its status and what goes with that. */
  finish(status: ChunkStatus, payload: unknown): void;
}

type Callee = (...args: unknown[]) => unknown;

/**
 * Calls the function as the mode of the chunk requires, then finishes the chunk.
 *
 * @returns a promise if a call returned one, which rejects only if `finish` throws; otherwise the chunk has
 * finished
 */
export function runCalls(
  fn: Callee,
  payload: unknown[],
  chunk: RunningChunk,
): Promise<void> | undefined {
  if (chunk.mode === CallMode.APPLY) return runOnce(fn, payload, chunk);
  const calls = new ItemCalls(fn, payload, chunk);
  const pending = calls.run();
  return pending === undefined ? undefined : calls.resume(pending);
}

function runOnce(fn: Callee, args: unknown[], chunk: RunningChunk): Promise<void> | undefined {
  let result: unknown;
  try {
    result = fn(...args);
  } catch (error) {
    chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0, args));
    return undefined;
  }
  if (!isPromiseLike(result)) {
    chunk.finish(ChunkStatus.DONE, result);
    return undefined;
  }
  return Promise.resolve(result).then(
    (value) => chunk.finish(ChunkStatus.DONE, value),
    (error) => chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0, args)),
  );
}

/** The calls with the items of a chunk, one after the other. */
class ItemCalls {
  readonly #fn: Callee;
  readonly #items: unknown[];
  readonly #chunk: RunningChunk;
  readonly #spread: boolean;
  readonly #continuesAfterError: boolean;
  readonly #outcomes: PartialResults;
  /** When a batch began; 0 for other chunks. */
  #start = 0;
  #at = 0;

  constructor(fn: Callee, items: unknown[], chunk: RunningChunk) {
    this.#fn = fn;
    this.#items = items;
    this.#chunk = chunk;
    const { mode } = chunk;
    this.#spread = mode === CallMode.STARMAP || mode === CallMode.STARMAP_ALL ||
      mode === CallMode.BATCH;
    this.#continuesAfterError = continuesAfterError(mode);
    this.#outcomes = { results: new Array(items.length), failures: [] };
    if (mode === CallMode.BATCH) this.#start = performance.now();
  }

  /** Calls until a call returns a promise, which it returns, or until the chunk has finished. */
  run(): PromiseLike<unknown> | undefined {
    const [fn, items, spread, chunk, { results }] = [
      this.#fn,
      this.#items,
      this.#spread,
      this.#chunk,
      this.#outcomes,
    ];
    for (; this.#at < items.length; this.#at++) {
      const at = this.#at;
      if (!chunk.beginsItem(at)) return this.#skip();
      try {
        const result = spread ? fn(...(items[at] as unknown[])) : fn(items[at]);
        if (isPromiseLike(result)) return result;
        results[at] = result;
      } catch (error) {
        if (!this.#continuesAfter(error)) return undefined;
      }
    }
    const isBatch = this.#start > 0;
    if (isBatch) this.#outcomes.ms = performance.now() - this.#start;
    const isPartial = isBatch || this.#continuesAfterError;
    chunk.finish(ChunkStatus.DONE, isPartial ? this.#outcomes : results);
    return undefined;
  }

  /** Awaits the result of the current item, then calls with the remaining ones. */
  async resume(pending: PromiseLike<unknown> | undefined): Promise<void> {
    for (; pending !== undefined; pending = this.run()) {
      try {
        this.#outcomes.results[this.#at] = await pending;
      } catch (error) {
        if (!this.#continuesAfter(error)) return;
      }
      this.#at++;
    }
  }

  #skip(): undefined {
    this.#chunk.finish(ChunkStatus.SKIPPED, undefined);
  }

  /** Records the error of the current item. Returns false if the error has finished the chunk. */
  #continuesAfter(error: unknown): boolean {
    const failure = this.#chunk.failure(error, this.#at, [this.#items[this.#at]]);
    if (this.#continuesAfterError) this.#outcomes.failures.push(failure);
    else this.#chunk.finish(ChunkStatus.FAILED, failure);
    return this.#continuesAfterError;
  }
}
