/**
 * Progress of a running loop: the caller reads every 100 ms how many indices its participants have done,
 * also while it blocks.
 *
 * @module
 */

import { type Alarm, clearAlarm, setAlarm } from "../parking/alarms.ts";
import type { ProgressReport } from "../pool/calls/progress.ts";
import { readDone } from "./loop_control.ts";
import { doneUnit, type StartedLoop } from "./loop_plan.ts";

/** Time between two reports, in milliseconds. */
const INTERVAL_MS = 100;

/** Reports the progress of a loop until it ends. */
export class LoopProgress {
  readonly #loop: StartedLoop;
  readonly #report: ProgressReport;
  readonly #isOver: () => boolean;
  #alarm: Alarm;
  #nextAt = performance.now() + INTERVAL_MS;
  #done = 0;

  /**
   * Begins to report.
   *
   * @param isOver whether the loop has ended, so that its control words may have been freed
   */
  constructor(loop: StartedLoop, report: ProgressReport, isOver: () => boolean) {
    this.#loop = loop;
    this.#report = report;
    this.#isOver = isOver;
    this.#alarm = setAlarm(this.#nextAt, () => this.#ring());
  }

  /** Reports if it is time. The caller runs a part of the loop, and rings no alarms meanwhile. */
  poll(): void {
    if (performance.now() < this.#nextAt) return;
    clearAlarm(this.#alarm);
    this.#ring();
  }

  /** Reports for the last time. */
  end(hasFailed: boolean): void {
    clearAlarm(this.#alarm);
    if (hasFailed) this.#report.end();
    else this.#report.moveTo(this.#loop.length, true);
  }

  #ring(): void {
    if (this.#isOver()) return;
    this.#nextAt = performance.now() + INTERVAL_MS;
    this.#alarm = setAlarm(this.#nextAt, () => this.#ring());
    const { control, length } = this.#loop;
    const done = readDone(control) * doneUnit(length);
    if (done === this.#done || done >= length) return; // end() reports the end
    this.#done = done;
    this.#report.moveTo(done, false);
  }
}

/** Runs a loop, and reports its progress if there is a report. */
export function reportWhile<R>(
  loop: StartedLoop,
  report: ProgressReport | undefined,
  isOver: () => boolean,
  run: (progress: LoopProgress | undefined) => R,
): R {
  if (report === undefined) return run(undefined);
  const progress = new LoopProgress(loop, report, isOver);
  let hasFailed = true;
  try {
    const outcome = run(progress);
    hasFailed = false;
    return outcome;
  } finally {
    progress.end(hasFailed);
  }
}
