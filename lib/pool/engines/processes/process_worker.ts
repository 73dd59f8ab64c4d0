/**
 * The worker of a pool in a process of the operating system: a worker of a pool whose channels lead to its
 * agent.
 *
 * @module
 */

import { ITEM, ITEM_AFTER, relayOfWorker, SIGNAL } from "../../../agents/relay.ts";
import { JobWords } from "../isolates/job_words.ts";
import { runPoolWorker } from "../isolates/pool_worker.ts";

/** What the worker is started with. */
export interface ProcessWorkerRequest {
  readonly initializer: ((...args: unknown[]) => unknown) | undefined;
  readonly initargs: readonly unknown[];
}

/** Runs the worker until its agent has no more chunks. */
export function runProcessWorker(payload: unknown): Promise<void> {
  const { initializer, initargs } = payload as ProcessWorkerRequest;
  const { inbox, outbox } = relayOfWorker();
  return runPoolWorker({
    tasks: inbox,
    results: outbox,
    initializer,
    initargs,
    maxChunks: 0,
    idleTimeoutMs: Infinity,
    words: new JobWords(),
    outside: { flag: SIGNAL, item: ITEM, itemAfter: ITEM_AFTER },
  });
}
