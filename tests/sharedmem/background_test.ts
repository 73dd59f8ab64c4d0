/**
 * One function call in a new worker.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { background, WorkerException } from "@sauropod/multiprocessing/sharedmem";
import { hasEnded } from "../../lib/heap/isolate_record.ts";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { test } from "../fixtures/guarded.ts";

test("Background.wait() resolves when the worker has ended, and may be called again", async () => {
  const call = background(Math.sqrt, 16);
  for (let times = 0; times < 2; times++) {
    assertEquals(await call.wait(), 4);
    assertEquals(hostedWorkers().filter((record) => !hasEnded(record)), []);
  }
});

test("Background.wait() throws the error of the function when its worker has ended", async () => {
  const call = background(() => {
    throw new RangeError("no");
  });
  for (let times = 0; times < 2; times++) {
    const error = await assertRejects(() => call.wait(), WorkerException, "RangeError: no");
    assertEquals((error.reason as Error).name, "RangeError");
    assertEquals(hostedWorkers().filter((record) => !hasEnded(record)), []);
  }
});
