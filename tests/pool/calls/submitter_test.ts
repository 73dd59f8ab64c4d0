import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { CancelledError, ClosedError, TerminatedError } from "@sauropod/multiprocessing";
import { Submitter } from "../../../lib/pool/calls/submitter.ts";
import { CallMode } from "../../../lib/pool/chunks/chunk.ts";
import { collectGarbage } from "../../fixtures/heap.ts";
import { turn } from "../../fixtures/turn.ts";
import { FakeEngine } from "./fake_engine.ts";

const fn = (x: number) => x;
const ignore = () => {};

/** A submitter of three slots, and its engine. */
function makeSubmitter(defaults?: ConstructorParameters<typeof Submitter>[2]) {
  const engine = new FakeEngine();
  return { engine, submitter: new Submitter(engine, 3, defaults) };
}

/** Names of the methods of the engine that were called. */
const names = ({ calls }: FakeEngine) => calls.map(([name]) => name);

Deno.test("apply() sends its arguments, and passes the outcome on", () => {
  const { engine, submitter } = makeSubmitter();
  const outcomes: unknown[] = [];
  const add = (outcome: unknown) => void outcomes.push(outcome);
  for (const end of ["onChunkDone", "fail"] as const) {
    submitter.apply(fn, [1, 2], add, add, false);
    const { job, mode, items, name } = engine.takeSent();
    assertEquals([mode, items, name, job.target], [CallMode.APPLY, [1, 2], "args", fn]);
    if (end === "fail") job.fail(end);
    else job.onChunkDone(0, end);
  }
  assertEquals(outcomes, ["onChunkDone", "fail"]);
});

Deno.test("a call may settle before its task has ended if it may be cancelled, or has a policy", () => {
  const policy = { timeoutMs: 5, retries: 0, retryOn: undefined };
  const cases = [
    [undefined, false, undefined, false, undefined],
    [undefined, true, undefined, true, undefined],
    [policy, false, undefined, true, 5],
    [undefined, false, {}, false, undefined],
    [undefined, false, { timeoutMs: 7 }, true, 7],
  ] as const;
  for (const [defaults, cancellable, options, expected, timeoutMs] of cases) {
    const { engine, submitter } = makeSubmitter(defaults);
    submitter.apply(fn, [], ignore, ignore, cancellable, options);
    const { job } = engine.takeSent();
    assertEquals(job.cancellable, expected);
    assertEquals(job.policy?.timeoutMs, timeoutMs);
  }
});

Deno.test("apply() notes where it was called, unless many chunks are out", () => {
  const { engine, submitter } = makeSubmitter();
  for (const [out, isNoted] of [[0, true], [15, true], [16, false], [1000, false]] as const) {
    engine.chunksOut = out;
    submitter.apply(fn, [], ignore, ignore, false);
    assertEquals(engine.takeSent().job.site !== undefined, isNoted);
  }
});

Deno.test("calls refuse what is no function, or no list of arguments", () => {
  const { submitter } = makeSubmitter();
  const wrong = fn as unknown;
  assertThrows(
    () => submitter.apply(wrong as typeof fn, 5 as never, ignore, ignore, false),
    TypeError,
    "Cannot apply: args must be",
  );
  const advice = "The function comes first, and then its items";
  for (const call of [() => submitter.map(CallMode.MAP, [1], [2])]) {
    const error = assertThrows(call, TypeError, "Cannot submit to pool: fn must be a function");
    assert(error.message.includes(advice));
  }
  const error = assertThrows(() => submitter.map(CallMode.MAP, 5, [2]), TypeError);
  assert(!error.message.includes(advice));
});

Deno.test("map() cuts its items into chunks, four for each slot by default", () => {
  const { engine, submitter } = makeSubmitter();
  const items = Array.from({ length: 25 }, (_, at) => at);
  submitter.map(CallMode.MAP, fn, items);
  assertEquals(engine.takeSent().name, "chunks of 3");
  submitter.map(CallMode.MAP, fn, items, { chunkSize: 7 });
  assertEquals(engine.takeSent().name, "chunks of 7");
  Object.assign(engine, { slots: 1 });
  assertEquals(submitter.size, 1);
  submitter.map(CallMode.MAP, fn, items);
  assertEquals(engine.takeSent().name, "chunks of 7");
});

Deno.test("map() sends nothing without items, and checks its options and items first", async () => {
  const { engine, submitter } = makeSubmitter();
  assertEquals(await submitter.map(CallMode.MAP, fn, []).promise, []);
  assertThrows(() => submitter.map(CallMode.MAP, fn, [1], { chunkSize: 0 }), RangeError);
  assertThrows(() => submitter.imap(fn, [1], true, { chunkSize: 0 }), RangeError);
  const signal = AbortSignal.abort(new SyntaxError("aborted"));
  assertThrows(() => submitter.map(CallMode.MAP, fn, [1], { signal }), SyntaxError, "aborted");
  assertThrows(() => submitter.imap(fn, [1], true, { signal }), SyntaxError, "aborted");
  assertThrows(() => submitter.map(CallMode.STARMAP, fn, [5]), TypeError, "items[0]");
  assertEquals(engine.sent, []);
  submitter.map(CallMode.MAP, fn, [5]);
  engine.takeSent();
});

Deno.test("map() fails with the reason of its signal", async () => {
  const { engine, submitter } = makeSubmitter();
  const controller = new AbortController();
  const { promise } = submitter.map(CallMode.MAP, fn, [1], { signal: controller.signal });
  controller.abort(new SyntaxError("aborted"));
  await assertRejects(() => promise, SyntaxError, "aborted");
  engine.takeSent();
});

Deno.test("map() throws what cannot be sent, and that is no unhandled rejection", async () => {
  const { engine, submitter } = makeSubmitter();
  engine.errors.sendMany = new RangeError("no");
  assertThrows(() => submitter.map(CallMode.MAP, fn, [1]), RangeError, "no");
  assertThrows(() => submitter.mapSync(CallMode.MAP, fn, [1]), RangeError, "no");
  await turn();
});

Deno.test("mapSync() returns the results of its job, or throws its error, which is not unhandled", async () => {
  const { engine, submitter } = makeSubmitter();
  engine.whileBlocked = (job) => job.onChunkDone(0, job.storeResult(0, [7]));
  assertEquals(submitter.mapSync(CallMode.MAP, fn, [1]), [7]);
  engine.whileBlocked = (job) => job.fail(new RangeError("why"));
  assertThrows(() => submitter.mapSync(CallMode.MAP, fn, [1]), RangeError, "why");
  await turn();
});

Deno.test("a call that cannot block fails, so that its chunks are not run", () => {
  const { engine, submitter } = makeSubmitter();
  engine.errors.waitSync = new SyntaxError("deadlock");
  const outcomes: unknown[] = [];
  const job = submitter.apply(fn, [], ignore, (error) => outcomes.push(error), true);
  assertThrows(() => submitter.waitSync(job), SyntaxError, "deadlock");
  assertEquals([job.settled, outcomes], [true, [engine.errors.waitSync]]);
});

Deno.test("the chunks of an iteration know the place of their items", async () => {
  const { engine, submitter } = makeSubmitter();
  const results = submitter.imap(fn, [1, 2, 3], true, { chunkSize: 2 });
  assertEquals(engine.sent.map(({ mode }) => mode), [CallMode.MAP_ALL, CallMode.MAP_ALL]);
  assertEquals(engine.sent.map(({ job }) => job.describeItem(0, 0)), [", item 0", ", item 2"]);
  assertEquals(results.length, 3);
  const failures = [{ error: new RangeError("why"), index: 0, by: { task: "fn", worker: "w" } }];
  engine.sent[0].job.onChunkDone(0, { results: [1, 2], failures: [] });
  engine.sent[1].job.onChunkDone(0, { results: [undefined], failures });
  assertEquals([(await results.next()).value, (await results.next()).value], [1, 2]);
  const error = await assertRejects(() => results.next(), RangeError, "why");
  assert(error.stack!.includes("--- in task fn, item 2, run by w"));
});

Deno.test("an iteration has two chunks for each slot at most, or as many as it is told", async () => {
  for (const [window, most] of [[undefined, 6], [2, 2]] as const) {
    const { engine, submitter } = makeSubmitter();
    const results = submitter.imap(fn, Array(20).fill(1), false, { window, spread: true });
    assertEquals([engine.sent.length, engine.sent[0].mode], [most, CallMode.STARMAP_ALL]);
    await results.return();
    assert(engine.sent.every(({ job }) => job.settled));
  }
});

// Results of asynchronous calls

Deno.test("toAsyncResult() calls callbacks, and reports what they throw", async () => {
  const { submitter } = makeSubmitter();
  const called: unknown[] = [];
  const callback = (value: unknown) => void called.push(["done", value]);
  const errorCallback = (error: unknown) => void called.push(["failed", error]);
  const results = [Promise.resolve(1), Promise.reject("why")].map((promise) => {
    const job = submitter.apply(fn, [], ignore, ignore, true);
    return submitter.toAsyncResult(promise, job, { callback, errorCallback });
  });
  await Promise.allSettled(results);
  assertEquals(called, [["done", 1], ["failed", "why"]]);
  using report = stub(console, "error");
  const raise = () => {
    throw new RangeError("in the callback");
  };
  const job = submitter.apply(fn, [], ignore, ignore, true);
  assertEquals(await submitter.toAsyncResult(Promise.resolve(2), job, { callback: raise }), 2);
  assertEquals(report.calls[0].args[0], "Uncaught in a callback of a pool:");
});

Deno.test("an error that an errorCallback takes is no unhandled rejection, and others are", async () => {
  const { submitter } = makeSubmitter();
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listen);
  const taken: unknown[] = [];
  for (const errorCallback of [(error: unknown) => void taken.push(error), undefined]) {
    const { promise, reject } = Promise.withResolvers();
    const job = submitter.apply(fn, [], ignore, ignore, true);
    submitter.toAsyncResult(promise, job, { errorCallback });
    reject(errorCallback === undefined ? "nobody's" : "somebody's");
  }
  await turn();
  await turn();
  removeEventListener("unhandledrejection", listen);
  assertEquals([taken, unhandled], [["somebody's"], ["nobody's"]]);
});

Deno.test("toAsyncResult() can be cancelled until the job has settled", () => {
  const { submitter } = makeSubmitter();
  const errors: unknown[] = [];
  const job = submitter.apply(fn, [], ignore, (error) => errors.push(error), true);
  const result = submitter.toAsyncResult(Promise.resolve(1), job);
  assertEquals([result.cancel(), result.cancel(), errors.length], [true, false, 1]);
  assert(errors[0] instanceof CancelledError);
});

// End

Deno.test("close() refuses calls, and closes the engine once", () => {
  const { engine, submitter } = makeSubmitter();
  assertEquals(submitter.state, "open");
  submitter.close();
  submitter.close();
  assertEquals([submitter.state, names(engine)], ["closed", ["close"]]);
  const calls = [
    () => submitter.apply(fn, [], ignore, ignore, true),
    () => submitter.map(CallMode.MAP, fn, []),
    () => submitter.imap(fn, [], true),
  ];
  for (const call of calls) assertThrows(call, ClosedError, "Submit before close()");
});

Deno.test("close() closes the engine once the inputs that have an end have been taken", async () => {
  const { engine, submitter } = makeSubmitter();
  const results = submitter.imap(fn, [1, 2], true, { window: 1 });
  const next = results.next();
  submitter.close();
  assertEquals(names(engine), []);
  engine.takeSent().job.onChunkDone(0, { results: [1], failures: [] });
  assertEquals((await next).value, 1);
  const last = results.next();
  engine.takeSent().job.onChunkDone(0, { results: [2], failures: [] });
  assertEquals([(await last).value, (await results.next()).done], [2, true]);
  assertEquals(names(engine), ["close"]);
});

Deno.test("close() leaves inputs of which the end is not known", async () => {
  const { engine, submitter } = makeSubmitter();
  const results = submitter.imap(fn, [1, 2].values(), true, { window: 1 });
  submitter.close();
  assertEquals(names(engine), ["close"]);
  engine.takeSent().job.onChunkDone(0, { results: [1], failures: [] });
  assertEquals((await results.next()).value, 1);
  await assertRejects(() => results.next(), ClosedError, "Cannot continue imap");
});

Deno.test("an iteration that ends does not close the engine of an open pool", async () => {
  const { engine, submitter } = makeSubmitter();
  assertEquals((await submitter.imap(fn, [], true).next()).done, true);
  assertEquals(names(engine), []);
});

Deno.test("a pool does not keep an iteration that has ended", async () => {
  const { submitter } = makeSubmitter();
  const iterate = async () => {
    const results = submitter.imap(fn, [], true);
    await results.next();
    return new WeakRef(results);
  };
  const ended = await iterate();
  await collectGarbage();
  assertEquals([ended.deref(), submitter.state], [undefined, "open"]);
});

Deno.test("terminate() ends the engine with the exit code, and the iterations", async () => {
  const { engine, submitter } = makeSubmitter();
  const next = submitter.imap(fn, [1], true).next();
  submitter.terminate(-9);
  assertEquals([submitter.state, engine.calls], ["terminated", [["terminate", -9]]]);
  await assertRejects(() => next, TerminatedError);
});

Deno.test("the state of a pool is that of its engine if that is broken", () => {
  const { engine, submitter } = makeSubmitter();
  submitter.close();
  engine.broken = engine.errors.checkUsable = new RangeError("why") as Error;
  assertEquals(submitter.state, "broken");
  const other = makeSubmitter();
  other.engine.errors.checkUsable = engine.broken;
  const error = assertThrows(() => other.submitter.map(CallMode.MAP, fn, []));
  assertStrictEquals(error, engine.broken);
});

Deno.test("join() takes the inputs to their ends, then waits for chunks and for slots", async () => {
  const { engine, submitter } = makeSubmitter();
  await assertRejects(() => submitter.join(), Error, "Cannot join pool: it is still running");
  assertEquals(engine.calls, []);
  submitter.imap(fn, [1, 2], true, { window: 1 });
  submitter.close();
  const joined = submitter.join();
  assertEquals(names(engine), ["checkJoin"]);
  await turn();
  engine.takeSent().job.onChunkDone(0, { results: [1], failures: [] });
  await turn();
  engine.takeSent().job.onChunkDone(0, { results: [2], failures: [] });
  await joined;
  assertEquals(names(engine), ["checkJoin", "drain", "close", "join"]);
});

Deno.test("join() throws what the engine cannot wait for", async () => {
  for (const name of ["checkJoin", "drain", "join"] as const) {
    const { engine, submitter } = makeSubmitter();
    submitter.close();
    engine.errors[name] = new SyntaxError(name);
    await assertRejects(() => submitter.join(), SyntaxError, name);
  }
});
