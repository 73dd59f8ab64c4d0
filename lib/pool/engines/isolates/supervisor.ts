/**
 * Watches over the tasks that workers run: their time limits, the cancelling of those that nobody waits
 * for any more, and giving up workers that do not end them.
 *
 *     time is up, call cancelled, another task of the call failed
 *       -> the job has settled; the signal of the task is aborted
 *       -> after the grace: the worker is declared ended, and replaced
 *
 * A worker has one alarm at most: that of the time limit, then that of the grace.
 *
 * @module
 */

import { Control, postControl } from "../../../heap/isolate_record.ts";
import { i32 } from "../../../heap/views.ts";
import { clearAlarm, setAlarm } from "../../../parking/alarms.ts";
import { DebugLevel, debugLog } from "../../../runtime/debug_log.ts";
import { ExitCode, stopIsolate } from "../../../runtime/lifecycle.ts";
import { endWatch, watchStart } from "../../../runtime/start_watch.ts";
import type { Job } from "../../calls/job.ts";
import { type RunningChunk, runningChunk, workerWord } from "./worker_words.ts";
import type { PoolWorker, Workers } from "./workers.ts";

/** What the supervisor needs of its engine. */
export interface Supervision {
  readonly workers: Workers;
  readonly graceMs: number;
  readonly startTimeoutMs: number;
  /** Settles the job of a task whose time is up. */
  timedOut(worker: PoolWorker, running: RunningChunk, job: Job<number>): void;
}

/** Watches over the tasks of an engine. */
export class Supervisor {
  readonly #of: Supervision;

  /** Watches over the workers of an engine. */
  constructor(of: Supervision) {
    this.#of = of;
  }

  /** A chunk with a time limit has begun in a worker. */
  begun(worker: PoolWorker, jobNumber: number, chunk: number, job: Job<number>): void {
    worker.begunAt = performance.now();
    if (job.settled) this.#cancel(worker); // its alarm was that of an earlier chunk
    else this.#watchTime(worker, jobNumber, chunk, job, job.policy!.timeoutMs);
  }

  /** A worker begins to import the module of a chunk's function, which may take for ever. */
  imports(worker: PoolWorker): void {
    endWatch(worker.importWatch);
    worker.importWatch = watchStart(worker.record, worker.name, this.#of.startTimeoutMs);
  }

  /** A worker has answered a chunk. */
  answered(worker: PoolWorker): void {
    clearAlarm(worker.alarm);
    worker.alarm = undefined;
    endWatch(worker.importWatch);
    worker.importWatch = undefined;
  }

  /** A job has settled while chunks of it are out: cancels the tasks of it that run. */
  cancelTasks(jobNumber: number): void {
    for (const worker of this.#of.workers) {
      if (runningIn(worker)?.jobNumber === jobNumber) this.#cancel(worker);
    }
  }

  /** Aborts the signal of the task, and gives the worker the grace to end it. */
  #cancel(worker: PoolWorker): void {
    const begun = Atomics.load(i32, worker.record + workerWord.BEGUN);
    postControl(worker.record, Control.SERVICE);
    this.#setAlarm(worker, this.#of.graceMs, () => {
      if (Atomics.load(i32, worker.record + workerWord.BEGUN) !== begun) return;
      if (runningIn(worker) === undefined) return; // its answer is on the way
      debugLog(DebugLevel.INFO, `giving up worker ${worker.name}: its task does not end`);
      stopIsolate(worker.record, ExitCode.TERMINATED); // its exit message does the rest
    });
  }

  /** Looks after `delayMs` whether the time of the item that runs then is up. */
  #watchTime(
    worker: PoolWorker,
    jobNumber: number,
    chunk: number,
    job: Job<number>,
    delayMs: number,
  ): void {
    this.#setAlarm(worker, delayMs, () => {
      const running = runningIn(worker);
      // If it runs another chunk, its answer is on the way.
      if (running?.jobNumber !== jobNumber || running.chunk !== chunk || job.settled) return;
      const began = worker.begunAt + Atomics.load(i32, worker.record + workerWord.ITEM_AFTER);
      const leftMs = began + job.policy!.timeoutMs - performance.now();
      if (leftMs > 0) this.#watchTime(worker, jobNumber, chunk, job, leftMs);
      else this.#of.timedOut(worker, running, job);
    });
  }

  #setAlarm(worker: PoolWorker, delayMs: number, ring: () => void): void {
    clearAlarm(worker.alarm);
    worker.alarm = delayMs === Infinity ? undefined : setAlarm(performance.now() + delayMs, () => {
      worker.alarm = undefined;
      ring();
    });
  }
}

function runningIn({ record, answered }: PoolWorker): RunningChunk | undefined {
  return runningChunk(record, answered);
}
