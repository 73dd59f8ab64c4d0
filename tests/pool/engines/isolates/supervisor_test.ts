import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  Control,
  createIsolateRecord,
  ensureIsolate,
  exitCodeOf,
  freeIsolateRecord,
  isolateWord,
  LIVE_WORKERS,
} from "../../../../lib/heap/isolate_record.ts";
import { installHooks, resetHooks } from "../../../../lib/heap/hooks.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import { msToNextAlarm, ringDueAlarms } from "../../../../lib/parking/alarms.ts";
import { ApplyJob } from "../../../../lib/pool/calls/apply_job.ts";
import { Supervisor } from "../../../../lib/pool/engines/isolates/supervisor.ts";
import {
  isReplaced,
  type RunningChunk,
  workerWord,
} from "../../../../lib/pool/engines/isolates/worker_words.ts";
import type { PoolWorker, Workers } from "../../../../lib/pool/engines/isolates/workers.ts";
import { freeError } from "../../../../lib/runtime/lifecycle.ts";
import { test } from "../../../fixtures/guarded.ts";

/** How long a cancelled task may go on before it is late. */
const LATE_MS = 10;

/** A supervisor with workers that do what the test says, and a clock that the test sets. */
class World implements Disposable {
  now = 1000;
  /** Number of chunks that no worker has received. */
  waiting = 0;
  readonly workers: PoolWorker[] = [];
  readonly replaced: PoolWorker[] = [];
  readonly timedOut: [worker: PoolWorker, running: RunningChunk, job: unknown][] = [];
  readonly supervisor: Supervisor;
  /** What was logged. */
  readonly log: string[] = [];
  readonly #clock = stub(performance, "now", () => this.now);

  constructor({ graceMs = 100, startTimeoutMs = Infinity } = {}) {
    ensureIsolate();
    installHooks({ debugLog: (_, message) => this.log.push(message) });
    const workers = {
      [Symbol.iterator]: () => this.workers.values(),
      replace: (worker: PoolWorker) => {
        worker.isReplaced = true;
        this.replaced.push(worker);
      },
    };
    this.supervisor = new Supervisor({
      waiting: () => this.waiting,
      workers: workers as unknown as Workers,
      graceMs,
      startTimeoutMs,
      timedOut: (...args) => this.timedOut.push(args),
    });
  }

  /** Adds a worker, which runs nothing. */
  add(): PoolWorker {
    Atomics.add(i32, LIVE_WORKERS, 1);
    const worker: PoolWorker = {
      record: createIsolateRecord(0),
      name: `PoolWorker-${this.workers.length + 1}`,
      answered: 0,
      begunAt: 0,
      alarm: undefined,
      alarmChunk: 0,
      importWatch: undefined,
      isReplaced: false,
    };
    this.workers.push(worker);
    return worker;
  }

  /** Adds a worker that runs the first chunk of a job. */
  addRunning(jobNumber: number): PoolWorker {
    const worker = this.add();
    this.begins(worker, jobNumber, 0);
    return worker;
  }

  /** The worker begins a chunk. */
  begins({ record }: PoolWorker, jobNumber: number, chunk: number): void {
    i32[record + workerWord.JOB] = jobNumber;
    i32[record + workerWord.CHUNK] = chunk;
    i32[record + workerWord.BEGUN]++;
  }

  /** The worker has answered its chunk, and the engine has read that. */
  answers(worker: PoolWorker): void {
    worker.answered++;
    this.supervisor.answered(worker);
  }

  /** Lets time pass, from alarm to alarm. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (msToNextAlarm() <= end - this.now) {
      this.now += Math.max(0, msToNextAlarm());
      ringDueAlarms();
    }
    this.now = end;
  }

  /** Whether the worker was told to look whether its task is wanted, since the last time. */
  isTold({ record }: PoolWorker): boolean {
    const control = record + isolateWord.CONTROL;
    return (Atomics.and(i32, control, ~Control.SERVICE) & Control.SERVICE) !== 0;
  }

  [Symbol.dispose](): void {
    for (const worker of this.workers) {
      worker.answered = i32[worker.record + workerWord.BEGUN];
      this.supervisor.answered(worker);
      if (exitCodeOf(worker.record) === undefined) Atomics.sub(i32, LIVE_WORKERS, 1);
      freeError(worker.record);
      freeIsolateRecord(worker.record);
    }
    this.#clock.restore();
    resetHooks();
  }
}

/** A job with a time limit. */
function makeJob(timeoutMs = 50): ApplyJob<number> {
  const policy = { timeoutMs, retries: 0, retryOn: undefined };
  return new ApplyJob(0, () => {}, () => {}, true, undefined, policy);
}

// Time limits

test("a task is timed out when its limit has passed, with the item that runs", () => {
  using world = new World();
  const job = makeJob(50);
  const worker = world.addRunning(7);
  world.supervisor.begun(worker, 7, 0, job);
  i32[worker.record + workerWord.ITEM] = 3;
  world.pass(49);
  assertEquals(world.timedOut, []);
  world.pass(1);
  assertEquals(world.timedOut, [[worker, { jobNumber: 7, chunk: 0, item: 3 }, job]]);
  world.pass(1000);
  assertEquals([world.timedOut.length, msToNextAlarm()], [1, Infinity]);
});

test("the time of a task counts from the begin of its item", () => {
  using world = new World();
  const worker = world.addRunning(7);
  world.supervisor.begun(worker, 7, 0, makeJob(50));
  world.pass(30);
  i32[worker.record + workerWord.ITEM_AFTER] = 30;
  world.pass(49);
  assertEquals(world.timedOut.length, 0);
  world.pass(1);
  assertEquals(world.timedOut.length, 1);
});

for (
  const [what, ends] of [
    ["has been answered", (world, worker) => world.answers(worker)],
    ["is answered, which was not read", (_, worker) => void worker.answered++],
    ["has settled", (_world, _worker, job) => job.fail("aborted")],
    ["has ended, and another chunk of the job runs", (world, worker) => {
      worker.answered++;
      world.begins(worker, 7, 1);
    }],
    ["has ended, and another job runs", (world, worker) => {
      worker.answered++;
      world.begins(worker, 8, 0);
    }],
  ] satisfies [string, (world: World, worker: PoolWorker, job: ApplyJob<number>) => void][]
) {
  test(`a task is not timed out if its chunk or its job ${what}`, () => {
    using world = new World();
    const job = makeJob(50);
    const worker = world.addRunning(7);
    world.supervisor.begun(worker, 7, 0, job);
    world.pass(40);
    ends(world, worker, job);
    world.pass(1000);
    assertEquals([world.timedOut, msToNextAlarm()], [[], Infinity]);
  });
}

test("an answer leaves the alarm of the next chunk, which has begun", () => {
  using world = new World();
  const worker = world.addRunning(7);
  world.begins(worker, 7, 1);
  worker.answered = 1; // the answer of the first one is read after the begin of the second
  world.supervisor.begun(worker, 7, 1, makeJob(50));
  world.supervisor.answered(worker);
  world.pass(50);
  assertEquals(world.timedOut.length, 1);
});

test("the task of a job that has settled is cancelled when the engine learns of its begin", () => {
  using world = new World();
  const job = makeJob(50);
  const worker = world.addRunning(7);
  job.fail("aborted");
  world.supervisor.begun(worker, 7, 0, job);
  assert(world.isTold(worker));
  world.pass(LATE_MS + 90);
  assertEquals([world.timedOut, exitCodeOf(worker.record)], [[], -15]);
});

// Cancelled tasks

test("the workers that run a cancelled job are told, and no others", () => {
  using world = new World();
  const [worker, other, idle] = [world.addRunning(7), world.addRunning(8), world.add()];
  world.supervisor.cancelTasks(7);
  assertEquals([worker, other, idle].map((it) => world.isTold(it)), [true, false, false]);
});

test("a worker is given up if its cancelled task goes on after the grace", () => {
  for (const graceMs of [100, LATE_MS, 5, 0]) {
    using world = new World({ graceMs });
    const worker = world.addRunning(7);
    world.supervisor.cancelTasks(7);
    world.pass(graceMs - 1);
    assertEquals(exitCodeOf(worker.record), undefined);
    world.pass(1);
    assertEquals(exitCodeOf(worker.record), -15, `${graceMs}`);
  }
});

test("a worker is not given up if its task ends in time, or there is no grace to end", () => {
  for (const afterMs of [5, 50]) {
    using world = new World({ graceMs: 100 });
    const [read, unread, next] = [1, 2, 3].map(() => world.addRunning(7));
    world.supervisor.cancelTasks(7);
    world.pass(afterMs);
    world.answers(read);
    unread.answered++;
    next.answered++;
    world.begins(next, 8, 0);
    world.waiting = 3;
    world.pass(1000);
    const exitCodes = [read, unread, next].map(({ record }) => exitCodeOf(record));
    assertEquals(exitCodes, [undefined, undefined, undefined]);
    assertEquals(world.replaced, []);
  }
  using world = new World({ graceMs: Infinity });
  const worker = world.addRunning(7);
  world.supervisor.cancelTasks(7);
  world.pass(LATE_MS);
  assertEquals(msToNextAlarm(), Infinity);
  world.pass(1e9);
  assertEquals(exitCodeOf(worker.record), undefined);
});

test("a worker that answers after its task was cancelled has no alarm, nor that of a time limit", () => {
  using world = new World({ graceMs: 100 });
  const worker = world.addRunning(7);
  world.supervisor.begun(worker, 7, 0, makeJob(50));
  world.pass(30);
  world.supervisor.cancelTasks(7);
  world.pass(10);
  world.answers(worker);
  assertEquals(msToNextAlarm(), Infinity);
});

// Workers that are replaced

test("a late worker is replaced if a chunk waits, once, and is given up all the same", () => {
  using world = new World({ graceMs: 100 });
  const worker = world.addRunning(7);
  world.waiting = 1;
  world.supervisor.cancelTasks(7);
  world.pass(LATE_MS - 1);
  assertEquals(world.replaced, []);
  world.pass(1);
  assertEquals(world.replaced, [worker]);
  world.supervisor.replaceLate();
  world.supervisor.cancelTasks(7); // by another chunk of the job
  world.pass(LATE_MS);
  assertEquals(world.replaced, [worker]);
  assertEquals(world.log, ["replacing worker PoolWorker-1: its task goes on"]);
  world.pass(90);
  assertEquals(exitCodeOf(worker.record), -15);
  assertEquals(world.log.slice(1), ["giving up worker PoolWorker-1: its task does not end"]);
});

test("a late worker is replaced when a chunk is sent, and not before", () => {
  using world = new World();
  const worker = world.addRunning(7);
  world.supervisor.cancelTasks(7);
  world.pass(LATE_MS);
  world.supervisor.replaceLate();
  assertEquals(world.replaced, []);
  world.waiting = 1;
  world.supervisor.replaceLate();
  assertEquals(world.replaced, [worker]);
});

test("as many late workers are replaced as chunks have no free worker", () => {
  using world = new World();
  const late = [1, 2, 3].map(() => world.addRunning(7));
  const idle = world.add();
  world.addRunning(8);
  world.supervisor.cancelTasks(7);
  world.waiting = 1;
  world.pass(LATE_MS);
  assertEquals(world.replaced, []);
  world.waiting = 2;
  world.supervisor.replaceLate();
  assertEquals(world.replaced, [late[0]]);
  idle.isReplaced = true;
  world.waiting = 1;
  world.supervisor.replaceLate();
  assertEquals(world.replaced, [late[0], late[1]]);
});

test("a worker that was late is not replaced once it has answered, ended or begun another chunk", () => {
  using world = new World();
  const [answered, ended, next, late] = [1, 2, 3, 4].map(() => world.addRunning(7));
  world.supervisor.cancelTasks(7);
  world.pass(LATE_MS);
  world.answers(answered);
  world.supervisor.ended(ended);
  world.begins(next, 8, 0);
  world.waiting = 9;
  world.supervisor.replaceLate();
  assertEquals(world.replaced, [late]);
  assertEquals(isReplaced(0), false);
});

// Imports

test("an import that takes too long ends its worker; the watch ends with the answer", () => {
  using world = new World({ startTimeoutMs: 200 });
  const [slow, quick] = [world.addRunning(7), world.addRunning(7)];
  for (const worker of [slow, quick]) world.supervisor.imports(worker);
  world.pass(150);
  world.supervisor.imports(slow); // of another module: it has 200 ms again
  world.answers(quick);
  assertEquals(quick.importWatch, undefined);
  world.pass(150);
  assertEquals([slow, quick].map(({ record }) => exitCodeOf(record)), [undefined, undefined]);
  world.pass(50);
  assertEquals([slow, quick].map(({ record }) => exitCodeOf(record)), [1, undefined]);
});
