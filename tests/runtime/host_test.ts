/**
 * What the main isolate does for workers.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { abandonedWorkers, Event } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { allStopped } from "../fixtures/ended.ts";
import { compute } from "../fixtures/process_tasks.ts";
import { ended, guard, run, sharedWords } from "../fixtures/workers.ts";

// The first test of this file: a warning that is printed once has not been printed before.
test("workers that compute after their end are reported once, by a warning", async () => {
  const warned = Promise.withResolvers<void>();
  using warn = stub(console, "warn", () => warned.resolve());
  const words = sharedWords();
  const begun = [1, 2].map(() => new Event());
  const processes = begun.map((event) => run(compute, event, words));
  for (const event of begun) assert(await event.wait(guard));
  for (const process of processes) process.terminate();
  for (const process of processes) await ended(process, -15);
  assertEquals(abandonedWorkers(), 2);
  await warned.promise;
  Atomics.store(words, 0, 1);
  await allStopped();
  assertEquals(warn.calls.length, 1);
  assertStringIncludes(warn.calls[0].args[0], "A terminated worker is still computing");
});
