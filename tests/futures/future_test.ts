import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async";
import { stub } from "@std/testing/mock";
import {
  CancelledError,
  DataCloneError,
  DeadlockError,
  Queue,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { Future, InvalidStateError } from "@sauropod/multiprocessing/futures";
import { GUARD_MS, test } from "../fixtures/guarded.ts";

// Follows CPython's test_concurrent_futures/test_future.py.

const guard = { timeoutMs: GUARD_MS };
const failure = new RangeError("as it is");

/** Futures in all states. */
function futures() {
  const made = {
    pending: new Future<number>(),
    running: new Future<number>(),
    cancelled: new Future<number>(),
    notified: new Future<number>(),
    failed: new Future<number>(),
    successful: new Future<number>(),
  };
  made.running.setRunningOrNotifyCancel();
  made.cancelled.cancel();
  made.notified.cancel();
  made.notified.setRunningOrNotifyCancel();
  made.failed.setException(failure);
  made.successful.setResult(42);
  made.failed.exception(); // retrieved, so that it is not an unhandled rejection
  return made;
}

/** Returns the value of `of` for each future, as text: `state:value …`. */
function each(of: (future: Future<number>) => unknown): string {
  return Object.entries(futures()).map(([state, future]) => `${state}:${of(future)}`).join(" ");
}

/** Returns the arguments of the calls of `console.error` while `run` runs. */
function reported(run: () => void): unknown[][] {
  using error = stub(console, "error");
  run();
  return error.calls.map(({ args }) => args);
}

/** Returns the unhandled rejections during `run` and a few turns of the event loop. */
async function unhandled(run: () => unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    seen.push(event.reason);
  };
  addEventListener("unhandledrejection", listen);
  try {
    await run();
    for (let turn = 0; turn < 3; turn++) await delay(0);
  } finally {
    removeEventListener("unhandledrejection", listen);
  }
  return seen;
}

// State

test("Future.cancel() returns true for pending and cancelled futures only", () => {
  assertEquals(
    each((future) => future.cancel()),
    "pending:true running:false cancelled:true notified:true failed:false successful:false",
  );
  const { pending, running, failed, successful } = futures();
  for (const future of [pending, running, failed, successful]) future.cancel();
  assertEquals([pending.cancelled(), running.running()], [true, true]);
  assertEquals([failed.cancelled(), successful.cancelled()], [false, false]);
});

test("Future.cancelled(), running() and done() report the state", () => {
  assertEquals(
    each((future) => future.cancelled()),
    "pending:false running:false cancelled:true notified:true failed:false successful:false",
  );
  assertEquals(
    each((future) => future.running()),
    "pending:false running:true cancelled:false notified:false failed:false successful:false",
  );
  assertEquals(
    each((future) => future.done()),
    "pending:false running:false cancelled:true notified:true failed:true successful:true",
  );
});

// Outcome

test("Future.result() returns the result, or throws the error or TimeoutError", async () => {
  const { pending, running, cancelled, notified, failed, successful } = futures();
  for (const timeoutMs of [0, -1, 3]) {
    await assertRejects(() => pending.result({ timeoutMs }), TimeoutError, "has not ended after");
    await assertRejects(() => running.result({ timeoutMs }), TimeoutError);
  }
  await assertRejects(() => cancelled.result(guard), CancelledError, "was cancelled");
  await assertRejects(() => notified.result(guard), CancelledError);
  assertStrictEquals(await failed.result(guard).catch((error) => error), failure);
  assertStrictEquals(await failed.then(() => 0, (error) => error), failure);
  assertEquals([await successful.result({ timeoutMs: 0 }), await successful], [42, 42]);
});

test("Future.exception() returns the error, or undefined for a result", async () => {
  const { pending, running, cancelled, notified, failed, successful } = futures();
  await assertRejects(() => pending.exception({ timeoutMs: 0 }), TimeoutError);
  await assertRejects(() => running.exception({ timeoutMs: 3 }), TimeoutError);
  await assertRejects(() => cancelled.exception(guard), CancelledError);
  await assertRejects(() => notified.exception(guard), CancelledError);
  assertStrictEquals(await failed.exception(guard), failure);
  assertEquals(await successful.exception(guard), undefined);
});

test("Future.result() and exception() wait until the future ends", async () => {
  const [first, second, third] = [1, 2, 3].map(() => new Future<number>());
  const waits = Promise.allSettled([
    first.result(guard),
    first.exception(guard),
    second.result(guard),
    second.exception(guard),
    third.result(),
    third.exception(),
  ]);
  await delay(0);
  first.setResult(7);
  second.setException(failure);
  third.cancel();
  const [a, b, c, d, e, f] = await waits;
  assertEquals([a, b], [
    { status: "fulfilled", value: 7 },
    { status: "fulfilled", value: undefined },
  ]);
  assertEquals([c, d], [
    { status: "rejected", reason: failure },
    { status: "fulfilled", value: failure },
  ]);
  for (const it of [e, f]) assert(it.status === "rejected" && it.reason instanceof CancelledError);
});

test("Future.result() rejects with the reason of its signal, and rejects invalid options", async () => {
  const future = new Future<number>();
  const controller = new AbortController();
  const result = assertRejects(() => future.result(controller), RangeError, "enough");
  controller.abort(new RangeError("enough"));
  await result;
  await assertRejects(() => future.exception(controller), RangeError, "enough");
  await assertRejects(() => future.result({ timeoutMs: NaN }), RangeError, "timeoutMs");
  future.setResult(1);
  assertEquals(await future.result({ timeoutMs: 1e12 }), 1);
});

test("Future.resultSync() and exceptionSync() return the outcome, or throw instead of deadlocking", () => {
  const { pending, running, cancelled, failed, successful } = futures();
  for (const future of [pending, running]) {
    assertThrows(() => future.resultSync(), DeadlockError, "Await the future");
    assertThrows(() => future.exceptionSync(), DeadlockError);
  }
  assertThrows(() => cancelled.resultSync(), CancelledError);
  assertThrows(() => cancelled.exceptionSync(), CancelledError);
  assertStrictEquals(assertThrows(() => failed.resultSync(), RangeError), failure);
  assertStrictEquals(failed.exceptionSync(), failure);
  assertEquals([successful.resultSync(), successful.exceptionSync()], [42, undefined]);
});

test("Future keeps a falsy error", async () => {
  for (const thrown of ["", 0, null, undefined, false]) {
    const future = new Future<number>();
    future.setException(thrown);
    assertEquals(await future.result().then(() => "no error", (error) => [error]), [thrown]);
    assertEquals(await future.exception(), thrown);
  }
});

// Settled by its creator

test("Future.setResult() and setException() throw when the future has ended", async () => {
  for (const [state, future] of Object.entries(futures())) {
    if (state === "pending" || state === "running") continue;
    assertThrows(() => future.setResult(1), InvalidStateError, "Cannot set result: the future is");
    assertThrows(() => future.setException(1), InvalidStateError, "Cannot set exception");
  }
  const { pending, running, successful } = futures();
  pending.setResult(1);
  running.setResult(2);
  assertEquals([await pending, await running, await successful], [1, 2, 42]);
});

test("Future.setRunningOrNotifyCancel() returns whether the work is to begin", () => {
  const { pending, running, cancelled, failed, successful } = futures();
  assertEquals(pending.setRunningOrNotifyCancel(), true);
  assertEquals([pending.running(), pending.cancel()], [true, false]);
  assertEquals(cancelled.setRunningOrNotifyCancel(), false);
  for (const future of [running, failed, successful]) {
    assertThrows(() => future.setRunningOrNotifyCancel(), InvalidStateError, "Cannot set running");
  }
});

test("the error about a future that has ended says how it has", () => {
  const states = { cancelled: "cancelled", failed: "done", successful: "done" } as const;
  for (const [name, state] of Object.entries(states)) {
    const future = futures()[name as keyof typeof states];
    assertThrows(
      () => future.setResult(1),
      InvalidStateError,
      `Cannot set result: the future is already ${state}. Only the creator`,
    );
  }
  const { running } = futures();
  assertThrows(
    () => running.setRunningOrNotifyCancel(),
    InvalidStateError,
    "Cannot set running: the future is already running",
  );
});

// Callbacks

test("Future.addDoneCallback() calls the callback with the future when it ends in any way", async () => {
  const seen: unknown[] = [];
  const ends: ((future: Future<number>) => unknown)[] = [
    (future) => future.setResult(5),
    (future) => future.setException(failure),
    (future) => future.cancel(),
  ];
  for (const end of ends) {
    const future = new Future<number>();
    future.addDoneCallback((it) => {
      assertStrictEquals(it, future);
      seen.push(it.cancelled() ? "cancelled" : it.exceptionSync() ?? it.resultSync());
    });
    assertEquals(seen.length, ends.indexOf(end));
    end(future);
    assertEquals(seen.length, ends.indexOf(end) + 1); // before the call that ended it returned
    await future.exception().catch(() => {});
  }
  assertEquals(seen, [5, failure, "cancelled"]);
});

test("Future.addDoneCallback() calls the callback immediately when the future has ended", () => {
  const seen: string[] = [];
  for (const [state, future] of Object.entries(futures())) {
    future.addDoneCallback(() => seen.push(state));
  }
  assertEquals(seen, ["cancelled", "notified", "failed", "successful"]);
});

test("Future.addDoneCallback() keeps the order of the callbacks", () => {
  const [future, seen]: [Future<number>, number[]] = [new Future(), []];
  for (const at of [1, 2, 3]) {
    future.addDoneCallback(() => {
      seen.push(at);
      future.addDoneCallback(() => seen.push(at * 10));
    });
  }
  future.setResult(1);
  assertEquals(seen, [1, 10, 2, 20, 3, 30]);
});

test("Future.addDoneCallback() prints the error of a callback and calls the others", () => {
  const [future, seen]: [Future<number>, string[]] = [new Future(), []];
  const raise = () => {
    throw failure;
  };
  future.addDoneCallback(() => seen.push("first"));
  future.addDoneCallback(raise);
  future.addDoneCallback(() => seen.push("last"));
  const reports = reported(() => {
    future.setResult(1);
    future.addDoneCallback(raise);
  });
  assertEquals(reports, [
    ["Uncaught in a callback of a future:", failure],
    ["Uncaught in a callback of a future:", failure],
  ]);
  assertEquals(seen, ["first", "last"]);
});

test("Future.addDoneCallback() prints the error of an async callback, which is no unhandled rejection", async () => {
  using error = stub(console, "error");
  const raise = async () => {
    await null;
    throw failure;
  };
  const rejections = await unhandled(() => {
    const future = new Future<number>();
    future.addDoneCallback(raise);
    future.setResult(1);
    future.addDoneCallback(raise);
  });
  assertEquals(rejections, []);
  assertEquals(error.calls.map(({ args }) => args), [
    ["Uncaught in a callback of a future:", failure],
    ["Uncaught in a callback of a future:", failure],
  ]);
});

// Errors that are never retrieved

test("Future with an error that is never retrieved is an unhandled rejection", async () => {
  const fail = () => {
    const future = new Future<number>();
    future.setException(failure);
    return future;
  };
  assertEquals(await unhandled(() => void fail()), [failure]);
  assertEquals(await unhandled(() => fail().addDoneCallback(() => {})), [failure]);
});

test("Future with an error that is retrieved is not an unhandled rejection", async () => {
  const fail = (retrieve: (future: Future<number>) => unknown) => {
    const [before, after] = [new Future<number>(), new Future<number>()];
    const ignore = (call: () => unknown) => {
      try {
        (call() as Promise<unknown> | undefined)?.then(null, () => {});
      } catch { /* retrieved, which is the point */ }
    };
    ignore(() => retrieve(before));
    before.setException(failure);
    after.setException(failure);
    ignore(() => retrieve(after));
  };
  const ways: ((future: Future<number>) => unknown)[] = [
    (future) => future.result({ timeoutMs: 0 }),
    (future) => future.exception(),
    (future) => future.resultSync(),
    (future) => future.exceptionSync(),
    (future) => future.then(() => {}, () => {}),
    (future) => future.addDoneCallback((it) => it.exceptionSync()),
  ];
  for (const retrieve of ways) assertEquals(await unhandled(() => fail(retrieve)), []);
  assertEquals(await unhandled(() => new Future().cancel()), []);
});

test("Future cannot be sent", () => {
  const queue = new Queue<unknown>();
  assertThrows(
    () => queue.putSync({ of: [new Future()] }),
    DataCloneError,
    "item.of[0]: a Future may still be pending: await it first",
  );
});
