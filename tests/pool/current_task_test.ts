import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, currentTask, ThreadPool } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { setIsolateTask, setThreadTask, TaskState } from "../../lib/pool/current_task.ts";
import { runAs } from "../../lib/threading/running.ts";
import { test } from "../fixtures/guarded.ts";

/** A task, whose call ends when `end` is called, and which counts how often that is asked for. */
function makeTask() {
  const reason = new CancelledError("nobody waits");
  const call = { hasEnded: false, asked: 0 };
  const task = new TaskState("fit", 2, () => {
    call.asked++;
    return call.hasEnded ? reason : undefined;
  });
  return { call, reason, task };
}

test("TaskState has the name and the attempt of its task", () => {
  const { task } = makeTask();
  assertEquals([task.name, task.attempt], ["fit", 2]);
});

test("TaskState does not ask for the end of its call before somebody has its signal", () => {
  const made = makeTask();
  made.call.hasEnded = true;
  made.task.check();
  assertEquals(made.call.asked, 0);
  assert(made.task.signal.aborted);
});

for (
  const [how, look] of [
    ["is taken again", ({ task }) => void task.signal],
    ["is checked", ({ task }) => task.check()],
    ["is asked whether it is aborted", (_, signal) => void signal.aborted],
    ["is to throw", (_, signal) => assertThrows(() => signal.throwIfAborted(), CancelledError)],
  ] satisfies [string, (made: ReturnType<typeof makeTask>, signal: AbortSignal) => void][]
) {
  test(`the signal of a task is aborted once, with the reason, when it ${how}`, () => {
    const made = makeTask();
    const { signal } = made.task;
    assertStrictEquals(made.task.signal, signal);
    signal.throwIfAborted();
    const reasons: unknown[] = [];
    signal.addEventListener("abort", () => reasons.push(signal.reason));
    made.task.check();
    assertEquals([signal.aborted, reasons], [false, []]);
    made.call.hasEnded = true;
    assertEquals(reasons, []);
    look(made, signal);
    assertEquals(reasons, [made.reason]);
    const { asked } = made.call;
    look(made, signal);
    assert(signal.aborted);
    assertEquals([reasons.length, made.call.asked], [1, asked]);
  });
}

test("currentTask() is the task of the isolate, or that of the thread whose code runs", async () => {
  const { task } = makeTask();
  assertEquals(currentTask(), undefined);
  setIsolateTask(() => task);
  try {
    assertStrictEquals(currentTask(), task);
    await using pool = new ThreadPool(1);
    const find = async () => {
      const found = currentTask();
      await null;
      return [found?.name, found === currentTask()];
    };
    assertEquals(await pool.apply(find), ["find", true]);
    assertStrictEquals(currentTask(), task);
  } finally {
    setIsolateTask(() => undefined);
  }
  assertEquals(currentTask(), undefined);
});

test("currentTask() in a thread of a pool is its task until the thread has none", () => {
  const { task } = makeTask();
  const [thread, other] = [1, 2].map(() => new Thread({ target: () => {} }));
  setThreadTask(thread, task);
  assertStrictEquals(runAs(thread, currentTask), task);
  assertEquals([runAs(other, currentTask), currentTask()], [undefined, undefined]);
  setThreadTask(thread, undefined);
  assertEquals(runAs(thread, currentTask), undefined);
});
