import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { TimeoutError, WorkerDiedError } from "@sauropod/multiprocessing";
import { functionAddress } from "../../../../lib/codec/functions.ts";
import { storeThrown } from "../../../../lib/codec/message.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
} from "../../../../lib/heap/isolate_record.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import { MapJob } from "../../../../lib/pool/calls/map_job.ts";
import { deathError, timeUpError } from "../../../../lib/pool/engines/isolates/losses.ts";
import type { PoolWorker } from "../../../../lib/pool/engines/isolates/workers.ts";
import { ERROR } from "../../../../lib/runtime/words.ts";
import { test } from "../../../fixtures/guarded.ts";

const running = { jobNumber: 1, chunk: 2, item: 1 };

/** A job of chunks of three items, of which a worker runs one. */
function makeLoss(record = 0) {
  const policy = { timeoutMs: 50, retries: 0, retryOn: undefined };
  const job = new MapJob<number>(functionAddress(Math.sqrt), 9, 3, undefined, policy);
  const worker = { name: "PoolWorker-4", record } as PoolWorker;
  return { job, worker };
}

test("the error of a task that takes too long tells the task, the item, the limit and the worker", () => {
  const { job, worker } = makeLoss();
  const error = timeUpError(job, running, worker);
  assertInstanceOf(error, TimeoutError);
  assertEquals(
    error.message,
    "Cannot get result: task Math.sqrt, item 7 did not end within 50 ms",
  );
  assertMatch(error.stack!, /--- in task Math.sqrt, item 7, run by PoolWorker-4, called from:/);
});

test("the error of a task that was lost has the error that ended its worker as its cause", () => {
  ensureIsolate();
  const record = createIsolateRecord(0);
  const { job, worker } = makeLoss(record);
  i32[record + ERROR] = storeThrown(new RangeError("why it ended"));
  const [error, another] = [1, 2].map(() => deathError(job, running, worker, 3));
  freeIsolateRecord(record);
  assertInstanceOf(error, WorkerDiedError);
  assertEquals(
    error.message,
    "The worker PoolWorker-4 ended with exit code 3 while it ran task Math.sqrt, item 7",
  );
  assertEquals(
    [error.exitCode, error.worker, error.task, error.item],
    [3, "PoolWorker-4", "Math.sqrt", 7],
  );
  assertMatch(error.stack!, /--- in task Math.sqrt, item 7, run by PoolWorker-4, called from:/);
  assertEquals((error.cause as Error).message, "why it ended");
  assertEquals("cause" in (another as Error), false);
});
