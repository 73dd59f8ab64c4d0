/**
 * Unfinished tasks, and those that isolates had in hand when they ended.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { JoinableQueue } from "@sauropod/multiprocessing";
import { DONE_WORDS } from "../../lib/channels/channel_state.ts";
import { channelOf } from "../../lib/channels/queue_kind.ts";
import { finishTask, joining, loseTasks, unfinishedIn } from "../../lib/channels/task_counter.ts";
import {
  createIsolateRecord,
  freeIsolateRecord,
  publishEnd,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, dropHoldings, ownHoldings } from "../../lib/objects/shared_object.ts";
import { type Park, ParkResult } from "../../lib/parking/park.ts";
import { parkBlocking } from "../../lib/parking/park_blocking.ts";
import { awaitOn, blockOn } from "../../lib/parking/wait.ts";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

/** A queue with items, and isolates that have ended with some of them. */
class Tasks implements Disposable {
  readonly queue = new JoinableQueue<number>();
  readonly address = addressOf(this.queue)!;
  readonly channel = channelOf(this.address);
  readonly #records: number[] = [];

  put(count: number): void {
    for (let item = 0; item < count; item++) this.queue.putSync(item);
  }

  /** Lets an isolate end that had so many items in hand. */
  lose(holdings: number, exitCode = -9): void {
    const isolate = createIsolateRecord(thisIsolate);
    this.#records.push(isolate);
    publishEnd(isolate, exitCode);
    loseTasks(this.channel, { isolate, reached: true, holdings });
  }

  /** Joins the queue without waiting. Returns the number of tasks that were lost, or what else it found. */
  join(): unknown {
    const result = blockOn(joining(this.channel), { timeoutMs: 0 });
    return typeof result === "string" ? result : result.count;
  }

  [Symbol.dispose](): void {
    this.#records.forEach(freeIsolateRecord);
  }
}

test("joining() ends when each task is done, and a task more cannot be", () => {
  using tasks = new Tasks();
  const { channel } = tasks;
  assertEquals(tasks.join(), "done");
  tasks.put(2);
  assertEquals([unfinishedIn(channel), tasks.join()], [2, "timed out"]);
  assertEquals([finishTask(channel), unfinishedIn(channel), tasks.join()], [true, 1, "timed out"]);
  assertEquals([finishTask(channel), unfinishedIn(channel), tasks.join()], [true, 0, "done"]);
  assertEquals([finishTask(channel), unfinishedIn(channel), tasks.join()], [false, 0, "done"]);
});

test("joining() reports lost tasks to all that wait, with the end of their isolate, once", async () => {
  using tasks = new Tasks();
  tasks.put(3);
  const waits = [1, 2].map(() => awaitOn(joining(tasks.channel), guard));
  tasks.lose(0); // had none in hand
  tasks.lose(2);
  const lost = { count: 2, process: "MainProcess", exitCode: -9 };
  assertEquals(await Promise.all(waits), [lost, lost]);
  assertEquals(tasks.join(), "timed out");
  tasks.lose(1, 3);
  assertEquals(blockOn(joining(tasks.channel)), { ...lost, count: 1, exitCode: 3 });
  assertEquals(tasks.join(), "timed out");
});

test("joining() reports all tasks that were lost since the last report, unless all are done", () => {
  using tasks = new Tasks();
  tasks.put(3);
  tasks.lose(1);
  tasks.lose(1);
  assertEquals(tasks.join(), 2);
  tasks.lose(1);
  for (let times = 0; times < 3; times++) finishTask(tasks.channel);
  assertEquals(tasks.join(), "done");
  tasks.put(1);
  assertEquals(tasks.join(), "timed out");
});

test("an isolate that returns with an item has lost it, unless others mark items done that it got", () => {
  using tasks = new Tasks();
  tasks.put(9);
  tasks.lose(1, 0);
  tasks.lose(1);
  assertEquals(tasks.join(), 2);
  for (let times = 0; times < 2; times++) finishTask(tasks.channel); // for those that were lost
  tasks.lose(1, 0);
  assertEquals(tasks.join(), 1);
  finishTask(tasks.channel); // for this one
  finishTask(tasks.channel); // for one that another isolate got
  tasks.lose(1, 0);
  assertEquals(tasks.join(), "timed out"); // it may have handed it on
  tasks.lose(1, 1);
  assertEquals(tasks.join(), 1);
});

test("an item is in hand from get() to taskDone()", () => {
  using tasks = new Tasks();
  const { queue, address } = tasks;
  tasks.put(3);
  assertEquals(ownHoldings(address), 0);
  for (let gets = 1; gets <= 2; gets++) {
    queue.getSync();
    assertEquals(ownHoldings(address), gets);
  }
  queue.taskDone();
  assertEquals([ownHoldings(address), unfinishedIn(tasks.channel)], [1, 2]);
  // Others mark all of them done.
  i32[tasks.channel + DONE_WORDS] += 2;
  assertThrows(() => queue.taskDone(), RangeError);
  assertEquals(ownHoldings(address), 1);
  dropHoldings(address);
});

test("a task that is dropped is done, and ends join()", async () => {
  using tasks = new Tasks();
  tasks.put(3);
  const waiting = awaitOn(joining(tasks.channel), guard);
  tasks.queue.shutdown({ immediate: true });
  assertEquals([await waiting, unfinishedIn(tasks.channel)], ["done", 0]);
});

test("joining() does not sleep if the last task is done, or one is lost, before it is in the queue", () => {
  for (const isLost of [true, false]) {
    using tasks = new Tasks();
    tasks.put(1);
    const steps = joining(tasks.channel);
    const { queue, word, expected } = steps.next().value as Park;
    assertEquals(i32[word], expected);
    if (isLost) tasks.lose(1);
    else finishTask(tasks.channel);
    assertEquals(parkBlocking({ queue, word, expected }, Infinity, 0), ParkResult.CHANGED);
    const { done, value } = steps.next(ParkResult.CHANGED);
    assertEquals([done, isLost ? typeof value : value], [true, isLost ? "object" : "done"]);
  }
});
