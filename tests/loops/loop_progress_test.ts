import { assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import type { Progress } from "@sauropod/multiprocessing";
import { addDone, allocateControl, freeControl } from "../../lib/loops/loop_control.ts";
import { doneUnit, type StartedLoop } from "../../lib/loops/loop_plan.ts";
import { LoopProgress, reportWhile } from "../../lib/loops/loop_progress.ts";
import { msToNextAlarm, ringDueAlarms } from "../../lib/parking/alarms.ts";
import { ProgressReport } from "../../lib/pool/calls/progress.ts";
import { test } from "../fixtures/guarded.ts";

/** A loop of some indices whose control words the test writes, with a clock that it moves. */
class Counted implements Disposable {
  readonly control = allocateControl();
  readonly reports: Progress[] = [];
  readonly report: ProgressReport;
  readonly loop: StartedLoop;
  isOver = false;
  ms: number;
  readonly #now;

  constructor(length: number) {
    this.ms = performance.now();
    this.#now = stub(performance, "now", () => this.ms);
    this.loop = { control: this.control, length } as StartedLoop;
    this.report = new ProgressReport((progress) => this.reports.push(progress), length);
  }

  /** Returns the numbers of indices in the reports since the last call. */
  seen(): number[] {
    return this.reports.splice(0).map(({ done }) => done);
  }

  [Symbol.dispose](): void {
    this.#now.restore();
    assertEquals(msToNextAlarm(), Infinity);
    freeControl(this.control);
  }
}

test("LoopProgress reports ten times a second what has changed, and the end once", () => {
  using counted = new Counted(10);
  const { loop, report, control } = counted;
  const progress = new LoopProgress(loop, report, () => counted.isOver);
  addDone(control, 3);
  counted.ms += 99;
  ringDueAlarms();
  progress.poll();
  assertEquals(counted.seen(), []);
  counted.ms += 1;
  ringDueAlarms(); // while the isolate waits
  assertEquals(counted.seen(), [3]);
  counted.ms += 100;
  progress.poll(); // while it runs a part: nothing more is done
  assertEquals(counted.seen(), []);
  addDone(control, 2);
  counted.ms += 99;
  progress.poll();
  ringDueAlarms();
  assertEquals(counted.seen(), []);
  counted.ms += 1;
  progress.poll();
  ringDueAlarms();
  assertEquals(counted.seen(), [5]);
  addDone(control, 5);
  counted.ms += 1000;
  ringDueAlarms();
  assertEquals(counted.seen(), []); // end() reports the end
  progress.end(false);
  assertEquals(counted.reports, [{ done: 10, total: 10, ended: true }]);
});

test("LoopProgress does not read the words of a loop that is over", () => {
  using counted = new Counted(10);
  const progress = new LoopProgress(counted.loop, counted.report, () => counted.isOver);
  addDone(counted.control, 3);
  counted.isOver = true;
  counted.ms += 1000;
  ringDueAlarms();
  assertEquals(counted.seen(), []);
  assertEquals(msToNextAlarm(), Infinity);
  progress.end(true);
  assertEquals(counted.reports, [{ done: 0, total: 10, ended: true }]);
});

test("reportWhile() reports the end of what it runs, and that of what fails", () => {
  using counted = new Counted(4);
  const { loop, report, control } = counted;
  const over = () => false;
  assertEquals(reportWhile(loop, undefined, over, (progress) => progress), undefined);
  const result = reportWhile(loop, report, over, (progress) => {
    addDone(control, 2);
    counted.ms += 100;
    progress!.poll();
    return "result";
  });
  assertEquals([result, ...counted.seen()], ["result", 2, 4]);
  const failing = new ProgressReport((progress) => counted.reports.push(progress), 4);
  const fails = () => {
    throw new RangeError("no");
  };
  assertThrows(() => reportWhile(loop, failing, over, fails), RangeError, "no");
  assertEquals(counted.reports, [{ done: 0, total: 4, ended: true }]);
});

test("the indices of a loop are counted in units that fit into a word", () => {
  assertEquals([0, 1, 2 ** 30, 2 ** 30 + 1, 2 ** 40].map(doneUnit), [1, 1, 1, 2, 1024]);
  using counted = new Counted(2 ** 32);
  const progress = new LoopProgress(counted.loop, counted.report, () => false);
  addDone(counted.control, 5);
  counted.ms += 100;
  ringDueAlarms();
  progress.end(true);
  assertEquals(counted.seen(), [20, 20]);
});
