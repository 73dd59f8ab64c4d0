/**
 * The end of an isolate, as the others see it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { test } from "../fixtures/guarded.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  isolateWord,
  LIVE_WORKERS,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { awaitOn } from "../../lib/parking/wait.ts";
import { countWaiters } from "../../lib/parking/wait_queue.ts";
import { endIsolate, waitingForEnd } from "../../lib/runtime/lifecycle.ts";

test("the end of a worker ends the waits for it before the worker counts as gone", async () => {
  ensureIsolate();
  const record = createIsolateRecord(thisIsolate);
  Atomics.add(i32, LIVE_WORKERS, 1);
  const waiting = awaitOn(waitingForEnd(record), undefined, false);
  assertEquals(countWaiters(record + isolateWord.ENDED_QUEUE), 1);
  // Its waiters block while it counts: if it did not, they would find that nobody can end their wait.
  const waiters: number[] = [];
  const { sub } = Atomics;
  Atomics.sub = ((words: Int32Array, at: number, n: number) => {
    if (at === LIVE_WORKERS) waiters.push(countWaiters(record + isolateWord.ENDED_QUEUE));
    return sub(words, at, n);
  }) as typeof sub;
  try {
    endIsolate(record, 7);
  } finally {
    Atomics.sub = sub;
  }
  assertEquals(await waiting, 7);
  assertEquals(waiters, [0]);
  freeIsolateRecord(record);
});
