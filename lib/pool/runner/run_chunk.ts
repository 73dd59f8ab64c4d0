/**
 * The calls of a chunk, wherever it runs: once with its arguments, or with each of its items.
 *
 * @module
 */

import { CallMode, ChunkStatus, type Failure, type PartialResults } from "./protocol.ts";

/** A chunk that runs. */
export interface RunningChunk {
  /** How the function is called: a value of {@linkcode CallMode}. */
  readonly mode: number;
  /** Whether to stop: nobody wants the results any more. Asked before each item, so it is quick. */
  unwanted(): boolean;
  /** What is told of an error: that of the item with this index. */
  failure(error: unknown, index: number): Failure;
  /** Told once what became of the chunk: a value of {@linkcode ChunkStatus}, and what goes with it. */
  finish(status: number, payload: unknown): void;
}

type Callee = (...args: unknown[]) => unknown;

/**
 * Calls the function as the chunk says and finishes the chunk. Returns a promise only if there is
 * something to wait for; it does not reject.
 */
export function runCalls(
  fn: Callee,
  payload: unknown[],
  chunk: RunningChunk,
): Promise<void> | undefined {
  if (chunk.mode === CallMode.APPLY) return runOnce(fn, payload, chunk);
  const calls = new ItemCalls(fn, payload, chunk);
  const pending = calls.run();
  return pending === undefined ? undefined : calls.goOn(pending);
}

function runOnce(fn: Callee, args: unknown[], chunk: RunningChunk): Promise<void> | undefined {
  let result: unknown;
  try {
    result = fn(...args);
  } catch (error) {
    chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0));
    return undefined;
  }
  if (!isPromiseLike(result)) {
    chunk.finish(ChunkStatus.DONE, result);
    return undefined;
  }
  return Promise.resolve(result).then(
    (value) => chunk.finish(ChunkStatus.DONE, value),
    (error) => chunk.finish(ChunkStatus.FAILED, chunk.failure(error, 0)),
  );
}

/** A call with each item of a chunk, one after the other. */
class ItemCalls {
  readonly #fn: Callee;
  readonly #items: unknown[];
  readonly #chunk: RunningChunk;
  readonly #spread: boolean;
  /** Whether an error is noted and the next item called. */
  readonly #goesOn: boolean;
  readonly #outcomes: PartialResults;
  #at = 0;

  constructor(fn: Callee, items: unknown[], chunk: RunningChunk) {
    this.#fn = fn;
    this.#items = items;
    this.#chunk = chunk;
    this.#spread = chunk.mode === CallMode.STARMAP || chunk.mode === CallMode.STARMAP_ALL;
    this.#goesOn = chunk.mode === CallMode.MAP_ALL || chunk.mode === CallMode.STARMAP_ALL;
    this.#outcomes = { results: new Array(items.length), failures: [] };
  }

  /** Calls until a call returns a promise, which is returned, or the chunk is finished. */
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
      if (chunk.unwanted()) return this.#skip();
      try {
        const result = spread ? fn(...(items[at] as unknown[])) : fn(items[at]);
        if (isPromiseLike(result)) return result;
        results[at] = result;
      } catch (error) {
        if (!this.#note(error)) return undefined;
      }
    }
    chunk.finish(ChunkStatus.DONE, this.#goesOn ? this.#outcomes : results);
    return undefined;
  }

  /** Waits for the result of the current item, then calls the others. */
  async goOn(pending: PromiseLike<unknown> | undefined): Promise<void> {
    for (; pending !== undefined; pending = this.run()) {
      try {
        this.#outcomes.results[this.#at] = await pending;
      } catch (error) {
        if (!this.#note(error)) return;
      }
      if (this.#chunk.unwanted()) return this.#skip();
      this.#at++;
    }
  }

  #skip(): undefined {
    this.#chunk.finish(ChunkStatus.SKIPPED, undefined);
  }

  /** Notes that the current item failed. Returns whether the chunk goes on; else it is finished. */
  #note(error: unknown): boolean {
    const failure = this.#chunk.failure(error, this.#at);
    if (this.#goesOn) this.#outcomes.failures.push(failure);
    else this.#chunk.finish(ChunkStatus.FAILED, failure);
    return this.#goesOn;
  }
}

/** Whether the value is to be awaited. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
