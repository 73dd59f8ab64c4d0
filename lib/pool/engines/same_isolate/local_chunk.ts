/**
 * A chunk of a job that runs in this isolate.
 *
 * @module
 */

import { CancelledError, TimeoutError } from "../../../errors.ts";
import { type Alarm, clearAlarm, setAlarm } from "../../../parking/alarms.ts";
import type { AnyFunction } from "../../../codec/task.ts";
import type { Job } from "../../calls/job.ts";
import type { CallMode, ChunkStatus, Failure } from "../../chunks/chunk.ts";
import { runCalls, type RunningChunk } from "../../chunks/run_chunk.ts";
import type { Level } from "../../../threading/nesting.ts";
import { TaskState } from "../../current_task.ts";

/** A chunk in the queue, or one that runs. */
export class LocalChunk implements RunningChunk {
  next: LocalChunk | undefined;
  /** The slot that runs it; -1: none, or the caller. */
  slot = -1;
  /** Index in the chunk of the item that runs. */
  item = 0;
  /** When that item began, on the clock of `performance.now()`. */
  itemBegunAt = 0;
  /** Whether the time of a task was up. */
  isTimeUp = false;
  /** Whether the engine does not wait for its end any more. */
  isGivenUp = false;
  /** The level at which it runs; `undefined` before. */
  level: Level | undefined;
  #alarm: Alarm | undefined;
  #task: TaskState | undefined;

  /** Makes a chunk; `settle` is called when it has ended. */
  constructor(
    readonly job: Job<AnyFunction>,
    readonly index: number,
    readonly mode: CallMode,
    readonly payload: unknown[],
    readonly settle: (chunk: LocalChunk, status: ChunkStatus, payload: unknown) => void,
  ) {}

  /** Runs it. Returns a promise if there is something to wait for. */
  run(): Promise<void> | undefined {
    if (this.job.policy !== undefined) this.itemBegunAt = performance.now();
    return this.level!.run(() => runCalls(this.job.target, this.payload, this));
  }

  /** Its task, as the code of the task sees it. */
  get task(): TaskState {
    const { job, index } = this;
    return this.#task ??= new TaskState(
      job.target.name || "(anonymous)",
      job.attemptsBefore(index),
      () => this.#endReason(),
    );
  }

  #endReason(): Error | undefined {
    if (!this.job.settled) return undefined;
    return this.isTimeUp
      ? new TimeoutError("The time of this task is up")
      : new CancelledError("The call of this task has ended: nobody waits for its result");
  }

  /** Sets the alarm of the chunk instead of the one that it had; `Infinity`: it has none then. */
  setAlarm(at: number, ring: () => void): void {
    clearAlarm(this.#alarm);
    this.#alarm = at === Infinity ? undefined : setAlarm(at, ring);
  }

  beginsItem(index: number): boolean {
    if (this.job.settled) return false;
    this.item = index;
    if (this.job.policy !== undefined) this.itemBegunAt = performance.now();
    return true;
  }

  failure(error: unknown, index: number): Failure {
    return { error, index };
  }

  finish(status: ChunkStatus, payload: unknown): void {
    this.settle(this, status, payload);
  }
}
