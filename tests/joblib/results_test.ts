/**
 * What `Parallel` returns, and what keeps it in memory.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { ProgressPrinter } from "../../lib/joblib/progress.ts";
import { type CallResults, ParallelResults } from "../../lib/joblib/results.ts";
import { collectGarbage } from "../fixtures/heap.ts";
import { test, turn } from "../fixtures/guarded.ts";

/** Results that are played: `next()` gives these, or fails. */
function played(values: (number | Error)[]) {
  const log: string[] = [];
  const results: CallResults = {
    length: values.length,
    next() {
      const value = values.shift();
      if (value instanceof Error) return Promise.reject(value);
      return Promise.resolve({ done: value === undefined, value } as IteratorResult<unknown>);
    },
    async return() {
      log.push("return");
      await turn();
      log.push("returned");
    },
  };
  return { results, log };
}

const silent = () => new ProgressPrinter(1, 0, Infinity);

test("ParallelResults has the number of its results", () => {
  const { results } = played([1, 2, 3]);
  assertEquals(new ParallelResults(results, silent()).length, 3);
});

const endings: [string, (number | Error)[], (results: ParallelResults) => Promise<unknown>][] = [
  ["have ended", [1], (results) => Array.fromAsync(results)],
  ["were taken as a list", [1], (results) => results.toArray()],
  ["have failed", [1, new Error("no")], (results) => results.toArray().catch(() => {})],
  ["were left", [1, 2], (results) => results.return()],
  ["were disposed of", [1, 2], (results) => results[Symbol.asyncDispose]()],
  ["were thrown at", [1, 2], (results) => results.throw(new Error("given")).catch(() => {})],
];
for (const [what, values, end] of endings) {
  test(`results that ${what} are collected, although their calls hold them`, async () => {
    const ended = async (): Promise<WeakRef<object>> => {
      const { results } = played(values);
      const parallel = new ParallelResults(results, silent());
      Object.assign(results, { heldBy: parallel }); // as a generator of calls does that names its results
      await end(parallel);
      return new WeakRef(parallel);
    };
    const reference = await ended();
    for (let times = 0; times < 10 && reference.deref() !== undefined; times++) {
      await collectGarbage();
    }
    assertEquals(reference.deref(), undefined);
  });
}

test("ParallelResults that were dropped leave their calls", async () => {
  const { results, log } = played([1]);
  (() => new ParallelResults(results, silent()))();
  while (log.length === 0) await collectGarbage();
  assertEquals(log[0], "return");
});

test("ParallelResults that are left wait until the calls have ended", async () => {
  const left: ((results: ParallelResults) => Promise<unknown>)[] = [
    (results) => results.return(),
    (results) => results[Symbol.asyncDispose](),
    (results) => assertRejects(() => results.throw(new RangeError("given")), RangeError, "given"),
  ];
  for (const leave of left) {
    const { results, log } = played([1]);
    await leave(new ParallelResults(results, silent()));
    assertEquals(log, ["return", "returned"]);
  }
});

test("ParallelResults.toArray() takes those that are there before it asks for the next", async () => {
  const { results } = played([3]);
  const ready = [1, 2];
  results.takeReady = (all) => void all.push(...ready.splice(0));
  assertEquals(await new ParallelResults(results, silent()).toArray(), [1, 2, 3]);
});

test("ParallelResults prints that all calls are done when they are, and not if one fails", async () => {
  using print = stub(console, "error");
  const lines = () =>
    print.calls.splice(0).map(({ args: [line] }) => /Done [^|]*[^| ]/.exec(line)?.[0]);
  const verbose = () => new ProgressPrinter(1, 1, Infinity);
  const all = new ParallelResults(played([1]).results, verbose());
  await all.next();
  assertEquals(lines(), []);
  assertEquals(await all.next(), { done: true, value: undefined });
  assertEquals(lines(), ["Done 0 of 0 calls"]); // none was counted
  const failed = new ParallelResults(played([new Error("no")]).results, verbose());
  await assertRejects(() => failed.next(), Error, "no");
  const left = new ParallelResults(played([1, 2]).results, verbose());
  assertEquals(await left.return(), { done: true, value: undefined });
  assertEquals(lines(), []);
});
