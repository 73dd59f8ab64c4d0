import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { AsyncLocalStorage } from "node:async_hooks";
import { ApplyJob } from "../../../lib/pool/calls/apply_job.ts";
import { SameIsolateEngine } from "../../../lib/pool/engines/same_isolate/same_isolate_engine.ts";
import { CallMode } from "../../../lib/pool/runner/chunk.ts";
import { test } from "../../fixtures/guarded.ts";

test("SameIsolateEngine places run their initializer and tasks, to the end, as theirs", async () => {
  const storage = new AsyncLocalStorage<number>();
  const initialized: unknown[] = [];
  const engine = new SameIsolateEngine(
    { size: 3, initializer: () => initialized.push(storage.getStore()), initargs: [] },
    { run: (place, code) => void storage.run(place, code), abandon: () => {} },
  );
  const task = async () => {
    const before = storage.getStore();
    await delay(0);
    assertEquals(storage.getStore(), before);
    return before;
  };
  const run = () =>
    new Promise<unknown>((resolve, reject) => {
      engine.send(new ApplyJob(task, resolve, reject, false, undefined), CallMode.APPLY, []);
    });
  const places = await Promise.all(Array.from({ length: 9 }, run));
  assertEquals(initialized.toSorted(), [0, 1, 2]);
  assertEquals(new Set(places), new Set([0, 1, 2]));
  assert(storage.getStore() === undefined);
  engine.close();
  await engine.drain();
  await engine.join();
});
