/**
 * Watches over the tasks that workers run: their time limits, the cancelling of those that nobody waits
 * for any more, and giving up workers that do not end them.
 *
 *     time is up, call cancelled, another task of the call failed
 *       -> the job has settled; the signal of the task is aborted
 *       -> soon after: the worker is late. It is replaced if there is work for which no worker is free
 *       -> after the grace: the worker is declared ended, and replaced if it was not
 *
 * A worker has one alarm at most: that of the time limit, then those of the grace.
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
import {
  chunksBegun,
  replaceWorker,
  type RunningChunk,
  runningChunk,
  workerWord,
} from "./worker_words.ts";
import type { PoolWorker, Workers } from "./workers.ts";

/**
 * How long a cancelled task may go on before another worker may take the place of its own, in milliseconds.
 * One that looks at its signal has ended by then, and a start of a worker takes a few times as long.
 */
const LATE_MS = 10;

/** What the supervisor needs of its engine. */
export interface Supervision {
  /** Returns the number of chunks that no worker has received. */
  waiting(): number;
  readonly workers: Workers;
  readonly graceMs: number;
  readonly startTimeoutMs: number;
  /** Settles the job of a task whose time is up. */
  timedOut(worker: PoolWorker, running: RunningChunk, job: Job<number>): void;
}

/** Watches over the tasks of an engine. */
export class Supervisor {
  readonly #of: Supervision;
  /** Workers whose cancelled task goes on, and that were not replaced, with the number of that chunk. */
  readonly #late = new Map<PoolWorker, number>();

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
    endWatch(worker.importWatch);
    worker.importWatch = undefined;
    if (worker.alarmChunk > worker.answered) return; // the alarm is that of the next chunk
    clearAlarm(worker.alarm);
    worker.alarm = undefined;
    this.#late.delete(worker);
  }

  /** A worker has ended. */
  ended(worker: PoolWorker): void {
    this.#late.delete(worker);
  }

  /** Replaces late workers if there are chunks for which no worker is free. Called when some were sent. */
  replaceLate(): void {
    if (this.#late.size === 0) return;
    let places = this.#of.waiting();
    for (const worker of this.#of.workers) {
      if (!worker.isReplaced && runningIn(worker) === undefined) places--;
    }
    for (const [worker, chunk] of this.#late) {
      if (places-- <= 0) return;
      this.#late.delete(worker);
      if (!replaceWorker(worker.record, chunk)) continue; // it is not late any more
      debugLog(DebugLevel.INFO, `replacing worker ${worker.name}: its task goes on`);
      this.#of.workers.replace(worker);
    }
  }

  /** A job has settled while chunks of it are out: cancels the tasks of it that run. */
  cancelTasks(jobNumber: number): void {
    for (const worker of this.#of.workers) {
      if (runningIn(worker)?.jobNumber === jobNumber) this.#cancel(worker);
    }
  }

  /** Aborts the signal of the task, and gives the worker the grace to end it. */
  #cancel(worker: PoolWorker): void {
    const { graceMs } = this.#of;
    const lateMs = Math.min(LATE_MS, graceMs);
    const chunk = chunksBegun(worker.record);
    const goesOn = () => chunksBegun(worker.record) === chunk && runningIn(worker) !== undefined;
    postControl(worker.record, Control.SERVICE);
    this.#setAlarm(worker, lateMs, () => {
      if (!goesOn()) return; // its answer is on the way
      if (!worker.isReplaced) this.#late.set(worker, chunk);
      this.replaceLate();
      this.#setAlarm(worker, graceMs - lateMs, () => {
        if (!goesOn()) return;
        debugLog(DebugLevel.INFO, `giving up worker ${worker.name}: its task does not end`);
        stopIsolate(worker.record, ExitCode.TERMINATED); // its exit message does the rest
      });
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
    worker.alarmChunk = chunksBegun(worker.record);
    worker.alarm = delayMs === Infinity ? undefined : setAlarm(performance.now() + delayMs, () => {
      worker.alarm = undefined;
      ring();
    });
  }
}

function runningIn({ record, answered }: PoolWorker): RunningChunk | undefined {
  return runningChunk(record, answered);
}
