/**
 * The state of a future of an executor, whose engine does what the test says.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  CancelledError,
  DeadlockError,
  TerminatedError,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { FutureState } from "../../lib/futures/future_state.ts";
import { ApplyJob } from "../../lib/pool/calls/apply_job.ts";
import type { Engine } from "../../lib/pool/engines/engine.ts";
import { turn } from "../fixtures/turn.ts";

/** The state of a future whose job was submitted. */
function submitted() {
  const state = new FutureState();
  const errors: unknown[] = [];
  const job = new ApplyJob("fn", () => {}, (error) => errors.push(error), true, undefined);
  const engine = {
    begun: false,
    waitSync: (_job: unknown, _options?: object) => true,
    hasBegun: (of: unknown) => of === job && engine.begun,
    withdraw: (of: unknown) => of === job && !engine.begun,
  };
  state.submitted = { engine: engine as unknown as Engine, job };
  return { state, engine, errors };
}

Deno.test("the future of an executor runs while its engine says so", () => {
  const { state, engine } = submitted();
  assertEquals([state.isRunning, state.hasEnded], [false, false]);
  engine.begun = true;
  assertEquals([state.isRunning, state.hasEnded], [true, false]);
  state.settle("done", 1);
  assertEquals([state.isRunning, state.hasEnded], [false, true]);
});

Deno.test("a future without a job runs once its creator says so", () => {
  const state = new FutureState();
  assertEquals([state.isRunning, state.hasEnded], [false, false]);
  state.status = "running";
  assertEquals([state.isRunning, state.hasEnded, state.cancel()], [true, false, false]);
});

Deno.test("cancel() withdraws the job and fails it, unless it has begun", async () => {
  const { state, engine, errors } = submitted();
  engine.begun = true;
  assertEquals([state.cancel(), state.status, errors], [false, "pending", []]);
  engine.begun = false;
  assertEquals([state.cancel(), state.status, errors], [true, "cancelled", [state.error]]);
  assert(state.error instanceof CancelledError);
  assertEquals([state.cancel(), errors.length], [true, 1]);
  await assertRejects(() => state.promise, CancelledError);
});

Deno.test("a future ends once, and is not cancelled afterwards", async () => {
  const [done, failed] = [submitted().state, submitted().state];
  assertEquals([done.settle("done", 1), done.settle("failed", 2)], [true, false]);
  assertEquals([done.status, done.result, done.error, done.cancel()], [
    "done",
    1,
    undefined,
    false,
  ]);
  assertEquals(await done.promise, 1);
  assertEquals([failed.settle("failed", "why"), failed.settle("done", 2)], [true, false]);
  assertEquals([failed.status, failed.result, failed.cancel()], ["failed", undefined, false]);
  assertEquals(await failed.promise.catch((error) => [error]), ["why"]);
});

Deno.test("the end of a future is told to its watchers, then to its callbacks, once", () => {
  const { state } = submitted();
  const told: string[] = [];
  state.addCallback(() => told.push("callback"));
  state.watch(() => told.push("first watcher"));
  const unwatch = state.watch(() => told.push("left"));
  state.watch(() => told.push("second watcher"));
  unwatch();
  assertEquals(told, []);
  state.settle("done", 1);
  state.settle("done", 1);
  assertEquals(told, ["first watcher", "second watcher", "callback"]);
  state.addCallback(() => told.push("at once"));
  assertEquals(told.at(-1), "at once");
});

Deno.test("errors that the caller caused, or has seen, are no unhandled rejections", async () => {
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listen);
  const states = [1, 2, 3, 4].map(() => submitted().state);
  states[0].settle("cancelled", "cancelled");
  states[1].settle("failed", new TerminatedError("terminated"));
  states[2].markObserved();
  states[2].markObserved();
  states[2].settle("failed", "seen");
  states[3].settle("failed", "not seen");
  await turn();
  await turn();
  removeEventListener("unhandledrejection", listen);
  assertEquals(unhandled, ["not seen"]);
});

Deno.test("wait() ends with the future, or throws when the time is up", async () => {
  const { state } = submitted();
  await assertRejects(
    () => state.wait({ timeoutMs: 0 }),
    TimeoutError,
    "Cannot get result: the future has not ended after 0 ms",
  );
  const waiting = state.wait();
  state.settle("done", 1);
  await waiting;
  await state.wait({ timeoutMs: 0 });
});

Deno.test("block() blocks until the engine has settled the job, with the options of the caller", () => {
  const { state, engine } = submitted();
  const blocked: unknown[] = [];
  engine.waitSync = (_, options) => {
    blocked.push(options);
    state.settle("failed", "why");
    return true;
  };
  state.block({ timeoutMs: 5 });
  state.block();
  assertEquals([blocked, state.errorOrThrow()], [[{ timeoutMs: 5 }], "why"]);
  assertThrows(() => state.block({ timeoutMs: NaN }), RangeError, "Cannot get result");
  const late = submitted();
  late.engine.waitSync = () => false;
  assertThrows(() => late.state.block({ timeoutMs: 5 }), TimeoutError, "has not ended after 5 ms");
  assertThrows(() => new FutureState().block(), DeadlockError, "Await the future");
});

Deno.test("the error of a future is returned, unless it was cancelled", () => {
  const { state } = submitted();
  state.cancel();
  assertStrictEquals(assertThrows(() => state.errorOrThrow(), CancelledError), state.error);
  const done = submitted().state;
  done.settle("done", 1);
  assertEquals(done.errorOrThrow(), undefined);
});
