/**
 * Making calls in workers: an iteration of the pool that `Parallel` calls share. Its chunks are batches
 * of calls.
 *
 * @module
 */

import { type AnyFunction, task } from "../codec/task.ts";
import { DataCloneError } from "../errors.ts";
import { sharedPool } from "../loops/shared_pool.ts";
import type { CallSite } from "../pool/calls/call_site.ts";
import type { ImapIterator, SentChunk } from "../pool/calls/imap.ts";
import { knownLength } from "../pool/calls/item_source.ts";
import type { ChunkCall } from "../pool/calls/imap_chunk.ts";
import type { Submitter } from "../pool/calls/submitter.ts";
import { progressReport } from "../pool/calls/progress.ts";
import { CallMode } from "../pool/chunks/chunk.ts";
import type { Engine } from "../pool/engines/engine.ts";
import { submitterOf } from "../pool/pool.ts";
import { BatchSizer } from "./batch_sizer.ts";
import { type Calls, checkCall, type Delayed } from "./delayed.ts";
import type { ParallelSettings } from "./parallel_options.ts";
import type { ProgressPrinter } from "./progress.ts";

/** The results of calls in workers. */
export type WorkerResults = ImapIterator<Delayed<unknown>, unknown>;

/**
 * Begins to make calls in workers.
 *
 * @param site where `Parallel` was called
 */
export function callInWorkers(
  calls: Calls,
  settings: ParallelSettings,
  progress: ProgressPrinter,
  site: CallSite,
): WorkerResults {
  const { jobs, batchSize, window, returnAs, policy, signal } = settings;
  const submitter = submitterOf(sharedPool(jobs));
  const sizer = new BatchSizer();
  const total = knownLength(calls);
  let sent = 0;
  return submitter.iterate<Delayed<unknown>, unknown>(calls, {
    chunkSize() {
      if (batchSize !== "auto") return batchSize;
      return Math.min(sizer.size, Math.max(Math.ceil((total - sent) / jobs), 1));
    },
    minOut: batchSize === "auto" ? jobs : 0,
    window,
    // The results of a list, or for a list, are kept in any case.
    windowCounts: returnAs === "list" || total < Infinity ? "out" : "untaken",
    ordered: returnAs !== "generator_unordered",
    endsAtError: true,
    signal,
    total,
    progress: progressReport(settings, total),
    drainsInput: false,
    check: checkCall,
    submit(batch) {
      const first = sent;
      sent += batch.length;
      const chunk = send(
        batch,
        { mode: CallMode.BATCH, first, noun: "call", site, policy },
        submitter,
      );
      chunk.outcomes.then(({ results, ms }) => {
        sizer.measured(results.length, ms!);
        progress.add(results.length);
      }, () => {}); // the iteration takes the error
      return chunk;
    },
  });
}

/** Makes a call of any function: what a batch of several functions runs. */
const makeCall = task(
  import.meta,
  (fn: (...args: unknown[]) => unknown, args: unknown[]): unknown => fn(...args),
);

/** Sends a batch: its function, and the arguments of each call; or `makeCall`, and each call. */
function send(
  batch: Delayed<unknown>[],
  common: Omit<ChunkCall, "target" | "items" | "functions">,
  submitter: Submitter,
): SentChunk {
  const { engine } = submitter;
  const [{ fn }] = batch;
  let isMixed: boolean | undefined;
  try {
    const target = engine.targetOf(fn);
    isMixed = batch.some((call) => call.fn !== fn && !isTarget(call.fn, target, engine));
    if (!isMixed) {
      return submitter.sendChunk({ ...common, target, items: batch.map(({ args }) => args) });
    }
    return submitter.sendChunk({
      ...common,
      target: engine.targetOf(makeCall),
      items: batch.map(({ fn, args }) => [fn, args]),
      functions: batch.map(({ fn }) => fn),
    });
  } catch (error) {
    if (error instanceof DataCloneError) {
      error.message = error.message
        .replace(/^Cannot send fn\b/, `Cannot send calls[${common.first}].fn`)
        .replace(
          isMixed ? /\bitems(\[\d+\])\[([01])\]/ : /\bitems(\[\d+\])/,
          (_, at, part) => `calls${at}.${part === "0" ? "fn" : "args"}`,
        );
    }
    throw error;
  }
}

/** Whether a function has the target: one that is written inline is a new object each time. */
function isTarget(fn: AnyFunction, target: unknown, engine: Engine): boolean {
  try {
    return engine.targetOf(fn) === target;
  } catch {
    return false; // it cannot cross, which is said when it is sent
  }
}
