/**
 * A job of one chunk.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import type { Failure } from "../chunks/chunk.ts";
import { type CallSite, explainFailure } from "./call_site.ts";
import { type Job, SettleHandlers } from "./job.ts";

/** One call of a function, or one chunk of an iteration. */
export class ApplyJob<Target> implements Job<Target> {
  chunksOut = 0;
  flag = 0;
  settled = false;
  readonly onSettled = new SettleHandlers();
  readonly target: Target;
  readonly cancellable: boolean;
  readonly site: CallSite | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  /** Makes a job whose outcome goes to `resolve` or `reject`. */
  constructor(
    target: Target,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    cancellable: boolean,
    site: CallSite | undefined,
  ) {
    this.target = target;
    this.cancellable = cancellable;
    this.#resolve = resolve;
    this.#reject = reject;
    this.site = site;
  }

  readResult(_chunk: number, decoder: Decoder): unknown {
    return decoder.value();
  }

  storeResult(_chunk: number, result: unknown): unknown {
    return result;
  }

  onChunkDone(_chunk: number, result: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled.run();
    this.#resolve(result);
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled.run();
    this.#reject(error);
  }

  itemRange(): string {
    return "";
  }

  explain(_chunk: number, failure: Failure): unknown {
    return explainFailure(failure, "", this.site);
  }
}
