/**
 * What an iteration needs of its pool.
 *
 * @module
 */

import type { PartialResults } from "../chunks/chunk.ts";
import type { ProgressReport } from "./progress.ts";

/** A chunk that was sent to the engine. */
export interface SentChunk {
  /** Its results. Rejects if the whole chunk failed, or was withdrawn or cancelled. */
  readonly outcomes: Promise<PartialResults>;
  /** Withdraws it unless it has begun; `outcomes` rejects then. */
  withdraw(): void;
  /** Cancels it, even if it has begun: no further item of it begins. `outcomes` rejects. */
  cancel(): void;
}

/** What an iteration needs of its pool. */
export interface ImapSetup<T> {
  /** Returns the number of items of the chunk that is begun. */
  chunkSize(): number;
  /** Checks an item, given its index in the input. If it throws, the input counts as failed. */
  check?(item: T, index: number): void;
  /**
   * While fewer chunks than this are out, a chunk of an async input is sent with the items that it has.
   *
   * @default {0}
   */
  readonly minOut?: number;
  /** Maximum number of chunks in the window. */
  readonly window: number;
  /**
   * What is in the window: chunks that are out or have results that were not taken, or only those that
   * are out, for results that the caller keeps in any case.
   *
   * @default {"untaken"}
   */
  readonly windowCounts?: "untaken" | "out";
  /** Whether results come in the order of the items. */
  readonly ordered: boolean;
  /** Whether the first error ends the iteration at once, before results that were not taken. */
  readonly endsAtError?: boolean;
  /** Ends the iteration with its reason. */
  readonly signal: AbortSignal | undefined;
  /**
   * Number of items.
   *
   * @default {Infinity: not known}
   */
  readonly total?: number;
  /** Reports the items whose results, or errors, have arrived. */
  readonly progress?: ProgressReport | undefined;
  /** Whether the input is taken to its end after the pool was closed. */
  readonly drainsInput: boolean;
  /** Makes the error that follows the results if it is not. */
  closedError(): Error;
  /** Sends a chunk to the engine. Throws if that is not possible. */
  submit(chunk: T[]): SentChunk;
  /** Makes the error of a failure in `outcomes`, given the index of the item in the input. */
  explain?(failure: PartialResults["failures"][number], item: number): unknown;
  /** Called when the iteration has ended or was stopped, so that the pool need not end it. */
  onEnd(): void;
}
