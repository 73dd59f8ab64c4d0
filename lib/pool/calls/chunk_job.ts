/**
 * A job that is one chunk of an iteration.
 *
 * @module
 */

import { functionAddress, functionName } from "../../codec/functions.ts";
import { explainScope } from "../../codec/scope_hint.ts";
import type { AnyFunction } from "../../codec/task.ts";
import type { Failure } from "../chunks/chunk.ts";
import { ApplyJob } from "./apply_job.ts";
import { type CallSite, explainFailure } from "./call_site.ts";

/** Where the items of a chunk are in their call. */
export interface ChunkPlace {
  /** Index in the call of the first item. */
  readonly first: number;
  /** Number of items. */
  readonly count: number;
  /** What errors call an item. */
  readonly noun: "item" | "call";
  /** The function of each item, if the target is one of the package that calls them. */
  readonly functions?: readonly AnyFunction[] | undefined;
}

/** One chunk of an iteration. */
export class ChunkJob<Target> extends ApplyJob<Target> {
  private readonly place: ChunkPlace;

  /** Makes a job whose outcome goes to `resolve` or `reject`. */
  constructor(
    target: Target,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    site: CallSite,
    place: ChunkPlace,
  ) {
    super(target, resolve, reject, true, site);
    this.place = place;
  }

  override itemRange(): string {
    const { first, count, noun } = this.place;
    return count === 1 ? `, ${noun} ${first}` : `, ${noun}s ${first} to ${first + count - 1}`;
  }

  override explain(_chunk: number, failure: Failure): unknown {
    const { first, noun, functions } = this.place;
    if (functions !== undefined && failure.by !== undefined) {
      const fn = functions[failure.index];
      explainScope(failure.error, functionAddress(fn));
      failure.by.task = functionName(fn);
    }
    return explainFailure(failure, `, ${noun} ${first + failure.index}`, this.site);
  }
}
