/**
 * The batches of calls that `Parallel` sends to workers.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Event } from "@sauropod/multiprocessing";
import { type Delayed, delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { fail, untilBothHere } from "../fixtures/parallel_tasks.ts";
import { loopTest } from "../loops/loops.ts";

const square = delayed((x: number) => x * x);
const squares = (n: number) => Array.from({ length: n }, (_, x) => square(x));

loopTest("Parallel() sends the last calls of a list to all workers, one to each", async () => {
  const here = [new Event(), new Event()];
  // When the first call has been made, batches may have two calls. The others wait for each other.
  const calls: Delayed<unknown>[] = [
    square(0),
    square(1),
    ...[0, 1].map((at) => delayed(untilBothHere)(at, here)),
  ];
  for await (const _ of Parallel({ nJobs: 2, preDispatch: 2, returnAs: "generator" })(calls));
  assertEquals(here.map((event) => event.isSet()), [true, true]);
});

loopTest("Parallel() sends short calls in batches that grow", async () => {
  using print = stub(console, "error");
  await Parallel({ nJobs: 2, verbose: 10 })(squares(500));
  assert(print.calls.length < 100, `${print.calls.length} batches`);
});

loopTest("Parallel() sends as many calls in a batch as batchSize says", async () => {
  using print = stub(console, "error");
  await Parallel({ nJobs: 2, verbose: 10, batchSize: 4 })(squares(10));
  const done = print.calls.map(({ args: [line] }) => Number(/Done (\d+)/.exec(line)![1]));
  assertEquals(done.length, 3);
  assertEquals(done.at(-1), 10);
});

loopTest("Parallel() in workers knows the number of results if the calls have one", async () => {
  const run = Parallel({ nJobs: 2, returnAs: "generator" });
  for (const [calls, length] of [[squares(3), 3], [squares(3).values(), undefined]] as const) {
    const results = run(calls as Iterable<Delayed<number>>);
    assertEquals((results as unknown as { length?: number }).length, length);
    await results.return();
  }
});

loopTest("Parallel() in workers reports its progress, and the last time as such", async () => {
  const reports: string[] = [];
  const onProgress = ({ done, total, ended }: { done: number; total?: number; ended: boolean }) =>
    void reports.push(`${done} of ${total}${ended ? ", ended" : ""}`);
  const options = { nJobs: 2, batchSize: 2, onProgress };
  await Parallel(options)(squares(4));
  assertEquals(reports.splice(0), ["2 of 4", "4 of 4, ended"]);
  await Parallel(options)(squares(2).values());
  assertEquals(reports.splice(0).at(-1), "2 of undefined, ended");
  await assertRejects(() => Parallel(options)([delayed(fail)(5)]), RangeError, "five");
  assert(reports.at(-1)!.endsWith(", ended"), reports.join());
});
