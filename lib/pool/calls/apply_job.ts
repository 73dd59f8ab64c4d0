/**
 * A job of one chunk.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import type { CallSite } from "./call_site.ts";
import { Job } from "./job.ts";
import type { TaskPolicy } from "./task_policy.ts";

/** One call of a function. */
export class ApplyJob<Target> extends Job<Target> {
  private readonly resolve: (value: unknown) => void;
  private readonly reject: (error: unknown) => void;

  /** Makes a job whose outcome goes to `resolve` or `reject`. */
  constructor(
    target: Target,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    cancellable: boolean,
    site: CallSite | undefined,
    policy?: TaskPolicy | undefined,
  ) {
    super(target, cancellable, site, policy);
    this.resolve = resolve;
    this.reject = reject;
  }

  readResult(_chunk: number, decoder: Decoder): unknown {
    return decoder.value();
  }

  storeResult(_chunk: number, result: unknown): unknown {
    return result;
  }

  onChunkDone(_chunk: number, result: unknown): void {
    if (this.settle()) this.resolve(result);
  }

  fail(error: unknown): void {
    if (this.settle()) this.reject(error);
  }
}
