import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { hooks } from "../../lib/heap/hooks.ts";
import { eitherSignal, fiberKeepsAlive, waitInFiber } from "../../lib/parking/fiber.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { forwardWakeups } from "../../lib/parking/forward_wakeups.ts";
import { holdLoop, releaseLoop, updateKeepAlive } from "../../lib/parking/keep_alive.ts";
import { awaitOn, ParkResult } from "../../lib/parking/wait.ts";
import { wakeOne } from "../../lib/parking/wait_queue.ts";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import { Word } from "./words.ts";

ensureIsolate();

/** Counts the timers that keep the program alive, as if other isolates lived, or none. */
function timers(hasPeers: boolean) {
  const running = new Set<number>();
  let last = 0;
  const before = { ...hooks };
  Object.assign(hooks, { hasPeers: () => hasPeers });
  const set = stub(
    globalThis,
    "setInterval",
    (() => {
      running.add(++last);
      return last;
    }) as never,
  );
  const clear = stub(
    globalThis,
    "clearInterval",
    ((timer: number) => {
      assert(running.delete(timer));
    }) as never,
  );
  return {
    get count(): number {
      return running.size;
    },
    [Symbol.dispose]: () => {
      set.restore();
      clear.restore();
      Object.assign(hooks, { hasPeers: before.hasPeers });
    },
  };
}

/** Runs as code of a fiber. */
async function inFiber<T>(
  fiber: { keepAlive: boolean; signal?: AbortSignal },
  code: () => Promise<T>,
): Promise<T> {
  const { currentFiber } = hooks;
  Object.assign(hooks, { currentFiber: () => fiber });
  try {
    return await code();
  } finally {
    Object.assign(hooks, { currentFiber });
  }
}

test("eitherSignal() is aborted as soon as one of two is, and is one of them if there is one", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  assertEquals(eitherSignal(), undefined);
  assertStrictEquals(eitherSignal(first.signal), first.signal);
  assertStrictEquals(eitherSignal(undefined, second.signal), second.signal);
  const either = eitherSignal(first.signal, second.signal)!;
  assertEquals(either.aborted, false);
  second.abort("enough");
  assertEquals([either.aborted, either.reason], [true, "enough"]);
  assert(eitherSignal(second.signal, first.signal)!.aborted);
});

test("waitInFiber() keeps the program alive while it waits and other isolates live", async () => {
  for (const hasPeers of [true, false]) {
    using running = timers(hasPeers);
    const result = await waitInFiber(undefined, async () => {
      assertEquals(running.count, hasPeers ? 1 : 0);
      await Promise.resolve();
      assertEquals(running.count, hasPeers ? 1 : 0);
      return "result";
    });
    assertEquals([result, running.count], ["result", 0]);
    await assertRejects(
      () => waitInFiber(undefined, () => Promise.reject(new RangeError("no"))),
      RangeError,
    );
    assertEquals(running.count, 0);
  }
});

test("waitInFiber() in a fiber that does not keep the program alive does not either", async () => {
  using running = timers(true);
  await inFiber({ keepAlive: false }, async () => {
    assertEquals(fiberKeepsAlive(), false);
    await waitInFiber(undefined, () => Promise.resolve(assertEquals(running.count, 0)));
  });
  await inFiber({ keepAlive: true }, async () => {
    assertEquals(fiberKeepsAlive(), true);
    await waitInFiber(undefined, () => Promise.resolve(assertEquals(running.count, 1)));
  });
});

test("waitInFiber() passes the time-out on, and the signals of the call and of the fiber", async () => {
  const [own, fiber] = [new AbortController(), new AbortController()];
  await inFiber({ keepAlive: true, signal: fiber.signal }, async () => {
    await waitInFiber({ timeoutMs: 7, signal: own.signal }, ({ timeoutMs, signal }) => {
      assertEquals([timeoutMs, signal?.aborted], [7, false]);
      fiber.abort("of the fiber");
      assertEquals(signal?.reason, "of the fiber");
      return Promise.resolve();
    });
  });
  await waitInFiber({ signal: own.signal }, ({ timeoutMs, signal }) => {
    assertStrictEquals(signal, own.signal);
    return Promise.resolve(assertEquals(timeoutMs, undefined));
  });
});

test("holdLoop() keeps the program alive until it was released as often, whoever lives", () => {
  using running = timers(false);
  const counts: number[] = [];
  for (const step of [holdLoop, holdLoop, releaseLoop, releaseLoop, holdLoop, releaseLoop]) {
    step();
    counts.push(running.count);
  }
  assertEquals(counts, [1, 1, 1, 0, 1, 0]);
});

test("a promise that was woken keeps the program alive until it is resumed, whoever lives", async () => {
  using running = timers(false);
  using word = new Word();
  const waiting = awaitOn(word.sleep());
  assertEquals(running.count, 0);
  wakeOne(word.queue);
  assertEquals(running.count, 1);
  forwardWakeups(0); // as if the isolate blocked
  updateKeepAlive();
  assertEquals(running.count, 1);
  assertEquals([await waiting, running.count], [ParkResult.WOKEN, 0]);
});

test("a promise that was woken and does not keep the program alive lets it end when it was resumed", async () => {
  using running = timers(false);
  using word = new Word();
  using other = new Word();
  const waiting = awaitOn(word.sleep()); // nobody can end this wait
  const daemon = awaitOn(other.sleep(), undefined, false);
  wakeOne(other.queue);
  assertEquals(running.count, 1);
  assertEquals([await daemon, running.count], [ParkResult.WOKEN, 0]);
  wakeOne(word.queue);
  await waiting;
});

test("a wait that will end keeps the program alive, whoever lives; one that may not does not", async () => {
  using running = timers(false);
  using word = new Word();
  const { signal } = new AbortController();
  const all = [{ timeoutMs: GUARD_MS }, { signal }, { timeoutMs: GUARD_MS, signal }];
  for (const options of [undefined, ...all]) {
    const waiting = awaitOn(word.sleep(), options);
    assertEquals(running.count, options === undefined ? 0 : 1);
    wakeOne(word.queue);
    assertEquals([await waiting, running.count], [ParkResult.WOKEN, 0]);
  }
});
