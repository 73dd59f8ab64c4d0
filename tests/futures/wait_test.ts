import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { delay } from "@std/async";
import { Event, TimeoutError } from "@sauropod/multiprocessing";
import {
  ALL_COMPLETED,
  asCompleted,
  type CompletedFuture,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  Future,
  ProcessPoolExecutor,
  ThreadPoolExecutor,
  wait,
  type WaitFuturesOptions,
} from "@sauropod/multiprocessing/futures";
import * as futuresModule from "@sauropod/multiprocessing/futures";
import { futureState } from "../../lib/futures/future.ts";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Follows CPython's test_concurrent_futures/test_wait.py and test_as_completed.py.

const guard = { timeoutMs: GUARD_MS };
const failure = new RangeError("as it is");

/** Makes futures that have ended in each way, and futures that have not ended. */
function made() {
  const [cancelled, failed, successful] = [1, 2, 3].map(() => new Future<number>());
  cancelled.cancel();
  failed.setException(failure);
  failed.exception(); // retrieved, so that it is not an unhandled rejection
  successful.setResult(42);
  const [pending, other, running] = [4, 5, 6].map(() => new Future<number>());
  running.setRunningOrNotifyCancel();
  return { cancelled, failed, successful, pending, other, running };
}

/** Waits for the futures and returns the names of those in each set. */
async function waitNamed(
  named: Record<string, Future<number>>,
  options?: WaitFuturesOptions,
): Promise<[done: string[], notDone: string[]]> {
  const { done, notDone } = await wait(Object.values(named), { ...guard, ...options });
  const names = (set: Set<Future<number>>) =>
    Object.keys(named).filter((name) => set.has(named[name]));
  return [names(done), names(notDone)];
}

// wait

test("wait() with ALL_COMPLETED returns when all futures have ended", async () => {
  const { cancelled, failed, successful, pending, running } = made();
  const waiting = waitNamed({ cancelled, failed, successful, pending, running }, {
    returnWhen: ALL_COMPLETED,
  });
  let returned = false;
  waiting.then(() => returned = true);
  await delay(0);
  pending.setResult(1);
  await delay(0);
  assertEquals(returned, false);
  running.setException(failure);
  assertEquals(await waiting, [["cancelled", "failed", "successful", "pending", "running"], []]);
  assertEquals(await waitNamed({ cancelled, failed, successful }), [
    ["cancelled", "failed", "successful"],
    [],
  ]);
});

test("wait() of no futures returns immediately", async () => {
  for (const returnWhen of [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED] as const) {
    assertEquals(await waitNamed({}, { returnWhen }), [[], []]);
  }
});

test("wait() with FIRST_COMPLETED returns when a future has ended in any way", async () => {
  const returnWhen = FIRST_COMPLETED;
  const ends: ((future: Future<number>) => unknown)[] = [
    (future) => future.setResult(1),
    (future) => future.setException(failure),
    (future) => future.cancel(),
  ];
  for (const end of ends) {
    const { pending, other, running } = made();
    const waiting = waitNamed({ pending, other, running }, { returnWhen });
    await delay(0);
    end(other);
    assertEquals(await waiting, [["other"], ["pending", "running"]]);
  }
});

test("wait() with FIRST_COMPLETED returns immediately when a future has ended", async () => {
  const { cancelled, successful, pending } = made();
  const returnWhen = FIRST_COMPLETED;
  assertEquals(await waitNamed({ pending, successful }, { returnWhen }), [["successful"], [
    "pending",
  ]]);
  assertEquals(await waitNamed({ pending, cancelled }, { returnWhen }), [["cancelled"], [
    "pending",
  ]]);
});

test("wait() with FIRST_EXCEPTION returns when a future has failed, not when one was cancelled", async () => {
  const returnWhen = FIRST_EXCEPTION;
  const { cancelled, successful, pending, other, running } = made();
  const waiting = waitNamed({ cancelled, successful, pending, other, running }, { returnWhen });
  let returned = false;
  waiting.then(() => returned = true);
  await delay(0);
  other.setResult(1);
  running.setException(undefined); // also an error
  assertEquals(await waiting, [["cancelled", "successful", "other", "running"], ["pending"]]);
  assert(returned);
});

test("wait() with FIRST_EXCEPTION returns immediately when a future has failed", async () => {
  const { failed, pending } = made();
  const returnWhen = FIRST_EXCEPTION;
  assertEquals(await waitNamed({ pending, failed }, { returnWhen }), [["failed"], ["pending"]]);
});

test("wait() with FIRST_EXCEPTION returns when all futures have ended without an error", async () => {
  const { successful, cancelled, pending } = made();
  const waiting = waitNamed({ successful, cancelled, pending }, { returnWhen: FIRST_EXCEPTION });
  await delay(0);
  pending.setResult(1);
  assertEquals(await waiting, [["successful", "cancelled", "pending"], []]);
});

test("wait() returns the current sets when timeoutMs passes", async () => {
  const { failed, successful, pending, running } = made();
  for (const timeoutMs of [0, -1, 3]) {
    assertEquals(await waitNamed({ failed, successful, pending, running }, { timeoutMs }), [
      ["failed", "successful"],
      ["pending", "running"],
    ]);
  }
});

test("wait() rejects with the reason of its signal", async () => {
  const { pending } = made();
  const controller = new AbortController();
  const waiting = wait([pending], controller);
  controller.abort(failure);
  assertEquals(await waiting.catch((error) => error), failure);
});

test("wait() counts a repeated future once", async () => {
  const { pending, successful } = made();
  const waiting = wait([pending, successful, pending, successful], guard);
  pending.setResult(1);
  const { done, notDone } = await waiting;
  assertEquals([done.size, notDone.size], [2, 0]);
});

test("wait() and asCompleted() reject other values than futures and unknown conditions", async () => {
  const wrong = [Promise.resolve(1)] as unknown as Future<number>[];
  await assertRejects(
    () => wait(wrong),
    TypeError,
    "futures[0] must be a Future, not an object of class Promise. For promises there is",
  );
  await assertRejects(
    async () => asCompleted(await wrong),
    TypeError,
    "must be a Future, not an object of class Promise",
  );
  const { pending } = made();
  const returnWhen = "SOMETIMES" as "FIRST_COMPLETED";
  await assertRejects(() => wait([pending], { returnWhen }), RangeError, "SOMETIMES");
});

test("wait() that times out does not affect another wait on the same future", async () => {
  const { pending } = made();
  const long = waitNamed({ pending });
  await waitNamed({ pending }, { timeoutMs: 0 });
  pending.setResult(1);
  assertEquals(await long, [["pending"], []]);
});

test("wait() and asCompleted() that time out leave no watcher on their futures", async () => {
  const pending = new Future<number>();
  const state = pending[futureState];
  let watching = 0;
  const watch = state.watch.bind(state);
  state.watch = (onEnd) => {
    watching++;
    const stop = watch(onEnd);
    return () => {
      watching--;
      stop();
    };
  };
  await wait([pending], { timeoutMs: 0 });
  assertEquals(watching, 0);
  await assertRejects(() => asCompleted([pending], { timeoutMs: 0 }).next(), TimeoutError);
  assertEquals(watching, 0);
});

for (const Executor of [ProcessPoolExecutor, ThreadPoolExecutor]) {
  test(`wait() accepts futures of a ${Executor.name}`, async () => {
    await using executor = new Executor({ maxWorkers: 2 });
    const [begun, go] = [new Event(), new Event()];
    const slow = executor.submit(tasks.afterEvent<number>, begun, go, 1);
    const quick = executor.submit(square, 3);
    const bad = executor.submit(tasks.notThree, 3);
    void bad.exception(); // retrieved before it fails
    assert(await begun.wait(guard));
    assertEquals(await waitNamed({ slow, bad }, { returnWhen: FIRST_EXCEPTION }), [["bad"], [
      "slow",
    ]]);
    assertEquals(await waitNamed({ slow, quick }, { returnWhen: FIRST_COMPLETED }), [
      ["quick"],
      ["slow"],
    ]);
    go.set();
    assertEquals(await waitNamed({ slow, quick, bad }), [["slow", "quick", "bad"], []]);
  });
}

// asCompleted

/** Returns the names of the futures that an iteration yields. */
async function names(
  named: Record<string, Future<number>>,
  futures: AsyncIterable<CompletedFuture<Future<number>>>,
): Promise<string[]> {
  const found = [];
  for await (const { future } of futures) {
    found.push(Object.keys(named).find((name) => named[name] === future)!);
  }
  return found;
}

test("asCompleted() yields ended futures first, then the others as they end", async () => {
  const { cancelled, failed, successful, pending, other, running } = made();
  const named = { pending, other, failed, running, successful, cancelled };
  const given = names(named, asCompleted(Object.values(named), guard));
  await delay(0);
  running.setException(failure);
  await delay(0);
  other.cancel();
  pending.setResult(1);
  assertEquals(await given, ["failed", "successful", "cancelled", "running", "other", "pending"]);
});

test("what asCompleted() yields says so where it is taken for the future, as in Python", async () => {
  const done = new Future<number>();
  done.setResult(1);
  for await (const item of asCompleted([done])) {
    assertEquals({ ...item }, { future: done, index: 0 });
    assertThrows(
      () => (item as unknown as Future<number>).result(),
      TypeError,
      "Cannot use result of what asCompleted() yields: it is { future, index }. Write for await",
    );
  }
});

test("asCompleted() yields the ended futures, then throws TimeoutError with the number of the others", async () => {
  const { cancelled, failed, successful, pending, running } = made();
  const futures = [cancelled, failed, successful, pending, running];
  for (const timeoutMs of [0, -1, 3]) {
    const given: Future<number>[] = [];
    await assertRejects(
      async () => {
        for await (const { future } of asCompleted(futures, { timeoutMs })) given.push(future);
      },
      TimeoutError,
      "2 (of 5) futures unfinished",
    );
    assertEquals(given, [cancelled, failed, successful]);
  }
});

test("asCompleted() yields a repeated future once", async () => {
  const { successful, pending } = made();
  const given = Array.fromAsync(asCompleted([pending, pending, successful, successful], guard));
  pending.setResult(1);
  assertEquals(await given, [{ future: successful, index: 2 }, { future: pending, index: 0 }]);
});

test("asCompleted() of no futures ends immediately", async () => {
  assertEquals(await Array.fromAsync(asCompleted([])), []);
});

test("asCompleted() accepts concurrent calls of next()", async () => {
  const { successful, pending, other } = made();
  const iterator = asCompleted([pending, other, successful], guard);
  const given = Promise.all([1, 2, 3, 4].map(() => iterator.next()));
  other.setResult(1);
  await delay(0);
  pending.setResult(2);
  const found = await given;
  assertEquals(found.map(({ value }) => value?.future), [successful, other, pending, undefined]);
  assertEquals(found.map(({ done }) => done), [false, false, false, true]);
});

test("asCompleted() yields nothing more after return()", async () => {
  const { successful, pending, other } = made();
  const iterator = asCompleted([pending, successful, other], guard);
  for await (const { future } of iterator) {
    assertEquals(future, successful);
    break;
  }
  pending.setResult(1);
  assertEquals(await iterator.next(), { done: true, value: undefined });
});

test("asCompleted() rejects with the reason of its signal", async () => {
  const { successful, pending } = made();
  const controller = new AbortController();
  const iterator = asCompleted([pending, successful], controller);
  assertEquals((await iterator.next()).value, { future: successful, index: 1 });
  const next = iterator.next();
  controller.abort(failure);
  assertEquals(await next.catch((error) => error), failure);
  assertEquals((await iterator.next()).done, true);
});

for (const Executor of [ProcessPoolExecutor, ThreadPoolExecutor]) {
  test(`asCompleted() yields futures of a ${Executor.name} as they end`, async () => {
    await using executor = new Executor({ maxWorkers: 2 });
    const [begun, go] = [new Event(), new Event()];
    const slow = executor.submit(tasks.afterEvent<number>, begun, go, 5);
    const others = [1, 2, 3].map((x) => executor.submit(square, x));
    const given: number[] = [];
    for await (const { future } of asCompleted([slow, ...others], guard)) {
      given.push(await future);
      if (given.length === 3) go.set();
    }
    assertEquals(given.toSorted((a, b) => a - b), [1, 4, 5, 9]);
    assertEquals(given[3], 5);
  });
}

test("wait() and asCompleted() keep errors from being unhandled rejections", async () => {
  await using executor = new ThreadPoolExecutor({ maxWorkers: 3 });
  const go = Promise.withResolvers<void>();
  const bad = [1, 2].map(() => executor.submit(() => Promise.reject(failure)));
  const slow = executor.submit(() => go.promise);
  const given = asCompleted([slow, ...bad], guard); // an unhandled rejection fails the test
  await delay(0);
  await wait(bad, guard);
  go.resolve();
  assertEquals((await Array.fromAsync(given)).length, 3);
});

test("wait() rejects unknown options", async () => {
  const waiting = (options: object) => () => wait([], options);
  const text = "Cannot wait for futures: there is no option return_when";
  await assertRejects(waiting({ return_when: "FIRST_COMPLETED" }), TypeError, text);
  await assertRejects(waiting({ return_when: "FIRST_COMPLETED" }), TypeError, "Write returnWhen");
  await assertRejects(waiting({ timeout: 5 }), TypeError, "Write timeoutMs, in milliseconds");
  const { signal } = new AbortController();
  const all = { returnWhen: "ALL_COMPLETED", timeoutMs: 5, signal } as const;
  assertEquals((await wait([], all)).done.size, 0);
});

test("./futures exports Python's names", () => {
  assertEquals(Object.keys(futuresModule).sort(), [
    "ALL_COMPLETED",
    "BrokenExecutor",
    "Executor",
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "Future",
    "InvalidStateError",
    "ProcessPoolExecutor",
    "ThreadPoolExecutor",
    "asCompleted",
    "wait",
  ]);
});
