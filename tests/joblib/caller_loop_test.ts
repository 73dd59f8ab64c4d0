/**
 * `Parallel` with one job: the calls are made in this isolate, each when its result is asked for.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import { type Delayed, delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { parallelForSync } from "@sauropod/multiprocessing/loops";
import { countLevels } from "../../lib/threading/nesting.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";

const one = { nJobs: 1, returnAs: "generator" } as const;
const square = delayed((x: number) => x * x);
const squares = (...numbers: number[]) => numbers.map((x) => square(x));
const fails = delayed((): number => {
  throw new RangeError("no");
});

/** Yields the calls asynchronously; its `return()` ends when `end` is called. */
function slowToLeave(calls: Delayed<number>[]) {
  const ended = Promise.withResolvers<void>();
  const log: string[] = [];
  const source: AsyncIterableIterator<Delayed<number>> = {
    next() {
      const value = calls.shift();
      const next = value === undefined ? { done: true as const, value } : { done: false, value };
      return Promise.resolve(next as IteratorResult<Delayed<number>>);
    },
    async return() {
      log.push("return");
      await ended.promise;
      log.push("returned");
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => source,
  };
  return { source, log, end: ended.resolve, fail: ended.reject };
}

test("Parallel() with one job makes each call when its result is asked for", async () => {
  let made = 0;
  const results = Parallel(one)([1, 2, 3].map((x) => delayed(() => (made++, x))()));
  assertEquals(made, 0);
  for (const x of [1, 2, 3]) {
    assertEquals(await results.next(), { done: false, value: x });
    assertEquals(made, x);
  }
  assertEquals((await results.next()).done, true);
});

test("Parallel() with one job knows the number of results if the calls have one", async () => {
  for (
    const [calls, length] of [[squares(1, 2), 2], [squares(1, 2).values(), undefined]] as const
  ) {
    const results = Parallel(one)(calls);
    assertEquals((results as unknown as { length?: number }).length, length);
    await results.return();
  }
});

for (const begun of [false, true]) {
  const when = begun ? "after a result" : "before the first result";
  const ways: [string, (results: AsyncGenerator<number, void>) => PromiseLike<unknown>][] = [
    ["return()", (results) => results.return()],
    ["throw()", (results) => results.throw(new SyntaxError("given")).catch(() => {})],
    ["await using", (results) => results[Symbol.asyncDispose]()],
  ];
  for (const [name, leave] of ways) {
    test(`Parallel() with one job that is left by ${name} ${when} waits until its input is left`, async () => {
      const { source, log, end } = slowToLeave(squares(1, 2));
      const results = Parallel(one)(source);
      if (begun) await results.next();
      const left = leave(results).then(() => log.push("left"));
      while (log.length === 0) await turn();
      await turn();
      assertEquals(log, ["return"]);
      end();
      await left;
      assertEquals(log, ["return", "returned", "left"]);
    });
  }

  test(`Parallel() with one job that is left ${when} throws the error of its input`, async () => {
    const { source, fail } = slowToLeave(squares(1, 2));
    const results = Parallel(one)(source);
    if (begun) await results.next();
    fail(new SyntaxError("not closed"));
    await assertRejects(() => results.return(), SyntaxError, "not closed");
  });

  test(`Parallel() with one job that is left ${when} reports its progress a last time`, async () => {
    const reports: string[] = [];
    const results = Parallel({
      ...one,
      onProgress: ({ done, total, ended }) => void reports.push(`${done} of ${total} ${ended}`),
    })(squares(1, 2));
    if (begun) await results.next();
    await results.return();
    const first = begun ? ["1 of 2 false"] : [];
    assertEquals(reports, [...first, `${begun ? 1 : 0} of 2 true`]);
  });
}

test("Parallel() with one job reports each call, and the last one as such", async () => {
  const reports: unknown[] = [];
  const onProgress = (progress: unknown) => void reports.push(progress);
  await Parallel({ nJobs: 1, onProgress })(squares(1, 2));
  await Parallel({ nJobs: 1, onProgress })(squares(1).values());
  await assertRejects(() => Parallel({ nJobs: 1, onProgress })([square(1), fails()]), RangeError);
  assertEquals(reports, [
    { done: 1, total: 2, ended: false },
    { done: 2, total: 2, ended: true },
    { done: 1, total: undefined, ended: false },
    { done: 1, total: undefined, ended: true },
    { done: 1, total: 2, ended: false },
    { done: 1, total: 2, ended: true },
  ]);
});

for (const before of [0, 1]) {
  const name = `the error of its call behind ${before} others`;
  test(`Parallel() with one job throws ${name} without waiting until its input is left`, async () => {
    const { source, log, end } = slowToLeave([...squares(1).slice(1 - before), fails()]);
    const error = await assertRejects(() => Parallel({ nJobs: 1 })(source), RangeError, "no");
    assertMatch(error.stack!, new RegExp(`, call ${before}, run by MainProcess`));
    while (log.length === 0) await turn();
    assertEquals(log, ["return"]);
    end();
    await turn();
  });

  test(`Parallel() with one job throws ${name}, and prints one of its input`, async () => {
    using print = stub(console, "error");
    const { source, fail } = slowToLeave([...squares(1).slice(1 - before), fails()]);
    fail(new SyntaxError("not closed"));
    await assertRejects(() => Parallel({ nJobs: 1 })(source), RangeError, "no");
    while (print.calls.length === 0) await turn();
    assertMatch(String(print.calls[0].args), /an input that was left.*SyntaxError: not closed/);
  });
}

test("Parallel() with one job explains the error of a promise", async () => {
  const rejects = delayed(() => Promise.reject(new RangeError("later")));
  const error = await assertRejects(
    () => Parallel({ nJobs: 1 })([rejects()]),
    RangeError,
    "later",
  );
  assertMatch(error.stack!, /, call 0, run by MainProcess, called from:\n.*caller_loop_test\.ts/);
});

test("Parallel() with one job makes no call after its signal is aborted", async () => {
  const reason = new SyntaxError("enough");
  const stop = new AbortController();
  const made: number[] = [];
  const call = delayed((x: number) => {
    made.push(x);
    if (x === 2) stop.abort(reason);
  });
  const run = Parallel({ nJobs: 1, signal: stop.signal });
  assertStrictEquals(
    await assertRejects(() => run([1, 2, 3].map((x) => call(x)))),
    reason,
  );
  assertEquals(made, [1, 2]);
});

test("Parallel() with one job explains an error of a call that aborts the signal", async () => {
  const stop = new AbortController();
  const call = delayed(() => {
    stop.abort();
    throw new RangeError("of the call");
  });
  const error = await assertRejects(
    () => Parallel({ nJobs: 1, signal: stop.signal })([call()]),
    RangeError,
    "of the call",
  );
  assertMatch(error.stack!, /, call 0, run by MainProcess/);
});

test("Parallel() asks for no call if its signal was aborted before", async () => {
  let asked = 0;
  const calls = {
    [Symbol.iterator]() {
      asked++;
      return squares(1).values();
    },
  };
  const signal = AbortSignal.abort(new SyntaxError("enough"));
  for (const nJobs of [1, 2]) {
    await assertRejects(() => Parallel({ nJobs, signal })(calls), SyntaxError, "enough");
    const generator = Parallel({ nJobs, signal, returnAs: "generator" });
    assertThrows(() => generator(calls), SyntaxError, "enough");
  }
  assertEquals(asked, 0);
});

test("Parallel() with one job makes its calls one level deeper, and ends it", async () => {
  const before = countLevels();
  const levels = delayed(countLevels);
  assertEquals(await Parallel({ nJobs: 1 })([levels(), levels()]), [before + 1, before + 1]);
  await assertRejects(() => Parallel({ nJobs: 1 })([levels(), fails()]), RangeError);
  const results = Parallel(one)([levels(), levels()]);
  await results.next();
  await results.return();
  assertEquals(countLevels(), before);
});

test("Parallel() with one job whose input ends makes no more calls and does not leave it", async () => {
  const { source, log } = slowToLeave(squares(2, 3));
  assertEquals(await Parallel({ nJobs: 1 })(source), [4, 9]);
  assert(log.length === 0);
});

test("Parallel() with one job that is left during a call waits until that has ended", async () => {
  const call = Promise.withResolvers<number>();
  const log: string[] = [];
  const results = Parallel(one)([delayed(() => call.promise)(), square(2)]);
  const next = results.next().then(() => log.push("result"));
  const left = results.return().then(() => log.push("left"));
  await turn();
  assertEquals(log, []);
  call.resolve(1);
  await Promise.all([next, left]);
  assertEquals(log, ["result", "left"]);
});

test("Parallel() with one job throws the reason of its signal as it is while a call is pending", async () => {
  const reason = new SyntaxError("enough");
  const { stack } = reason;
  const stop = new AbortController();
  const call = delayed(() => {
    stop.abort(reason);
    return new Promise<never>(() => {});
  });
  const run = Parallel({ nJobs: 1, signal: stop.signal });
  assertStrictEquals(await assertRejects(() => run([call()])), reason);
  assertEquals(reason.stack, stack);
});

test("Parallel() with one job refuses what is no call when its turn comes", async () => {
  const results = Parallel(one)([square(3), 4 as never]);
  assertEquals((await results.next()).value, 9);
  await assertRejects(() => results.next(), TypeError, "calls[1] must be delayed(fn)(…), not 4");
});

test("Parallel() with one job prints each call that is done, if verbose", async () => {
  using print = stub(console, "error");
  await Parallel({ nJobs: 1, verbose: 10 })(squares(1, 2, 3).values());
  const lines = print.calls.map(({ args: [line] }) => /Done [^|]*[^| ]/.exec(line)?.[0]);
  assertEquals(lines, ["Done 1 calls", "Done 2 calls", "Done 3 calls", "Done 3 of 3 calls"]);
});

loopTest("Parallel() in the body of a loop makes its calls in this isolate", async () => {
  let made = 0; // workers would not see it
  const call = delayed(() => ++made);
  let results: Promise<number[]> | undefined;
  parallelForSync(1, () => void (results = Parallel({ nJobs: 2 })([call(), call()])));
  assertEquals(await results, [1, 2]);
});
