/**
 * Blocking sleeps, and what happens to them at the last moment.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { DeadlockError, InterruptedError, TerminatedError } from "@sauropod/multiprocessing";
import {
  Control,
  ensureIsolate,
  isolateWord,
  LIVE_WORKERS,
  postControl,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { clearAlarm, setAlarm } from "../../lib/parking/alarms.ts";
import type { Park } from "../../lib/parking/park.ts";
import { parkBlocking, parkBlockingAny } from "../../lib/parking/park_blocking.ts";
import { awaitOn, ParkResult } from "../../lib/parking/wait.ts";
import { enqueue, handOff, hasWaiters, wakeOne } from "../../lib/parking/wait_queue.ts";
import {
  acquireNode,
  NodeState,
  nodeWord,
  READY,
  returnNode,
} from "../../lib/parking/waiter_node.ts";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import { controlBits, controlBitsNow, replacedHooks } from "../fixtures/control_bits.ts";
import { Word } from "./words.ts";

ensureIsolate();

/** A sleep on a word, which begins at once. */
function sleepOn(word: Word, more: Partial<Park> = {}): Park {
  return { queue: word.queue, word: word.address, expected: 0, hasSpun: true, ...more };
}

/** Puts a waiter into the queue of a word. */
function joined(word: Word, more: Partial<Park> = {}): number {
  const node = acquireNode();
  assert(enqueue(node, sleepOn(word, more), 0));
  return node;
}

/** Returns the state of a waiter. */
const stateOf = (node: number) => i32[node + nodeWord.STATE];

/** The end of the time of a wait that only a hang exceeds. */
const later = () => performance.now() + GUARD_MS;

/** Calls a function when this isolate checks whether workers live, the first time that a waiter is in the queue. */
function whenWorkersAreCounted(word: Word, call: () => void) {
  const { load } = Atomics;
  let done = false;
  const loads = (...args: Parameters<typeof load>) => {
    const found = load(...args);
    if (args[1] === LIVE_WORKERS && !done && hasWaiters(word.queue)) {
      done = true;
      call();
    }
    return found;
  };
  return stub(Atomics, "load", loads as never);
}

/** Calls a function when this isolate takes the list of its promises that were woken, the first time. */
function whenReadyIsTaken(call: () => void) {
  const { exchange } = Atomics;
  let done = false;
  const exchanges = (...args: Parameters<typeof exchange>) => {
    const found = exchange(...args);
    if (args[1] === thisIsolate + READY && !done) {
      done = true;
      call();
    }
    return found;
  };
  return stub(Atomics, "exchange", exchanges as never);
}

test("parkBlocking() uses a wake-up that comes when the time is up", () => {
  using word = new Word();
  const now = performance.now();
  using _clock = stub(performance, "now", () => {
    wakeOne(word.queue);
    return now + 1;
  });
  assertEquals(parkBlocking(sleepOn(word), now, 0), ParkResult.WOKEN);
});

test("parkBlocking() uses a wake-up that comes when it finds that nobody could wake it", () => {
  using word = new Word();
  using _load = whenWorkersAreCounted(word, () => wakeOne(word.queue));
  assertEquals(parkBlocking(sleepOn(word), Infinity, 0), ParkResult.WOKEN);
});

test("parkBlocking() uses the wake-up that a promise in its queue gets when it finds that nobody could wake it", async () => {
  using word = new Word();
  const waiting = awaitOn(word.sleep());
  {
    using _load = whenWorkersAreCounted(word, () => wakeOne(word.queue));
    assertEquals(parkBlocking(sleepOn(word), Infinity, 0), ParkResult.WOKEN);
  }
  assertEquals([await waiting, hasWaiters(word.queue)], [ParkResult.WOKEN, false]);
});

test("parkBlocking() that nobody could wake leaves its queue, and takes no wake-up of a promise in another", async () => {
  using word = new Word();
  using other = new Word();
  const waiting = awaitOn(other.sleep());
  {
    using _load = whenWorkersAreCounted(word, () => wakeOne(other.queue));
    assertThrows(() => parkBlocking(sleepOn(word), Infinity, 0), DeadlockError);
  }
  assertEquals([await waiting, hasWaiters(word.queue)], [ParkResult.WOKEN, false]);
});

test("parkBlocking() that is woken with a promise of its isolate leaves one of the wake-ups to the next waiter", async () => {
  using word = new Word();
  const waiting = awaitOn(word.sleep());
  wakeOne(word.queue);
  let next = 0;
  const park = sleepOn(word, { onQueued: () => next = joined(word) });
  {
    using _exchange = whenReadyIsTaken(() => wakeOne(word.queue));
    assertEquals(parkBlocking(park, later(), 0), ParkResult.WOKEN);
  }
  assertEquals([await waiting, stateOf(next)], [ParkResult.WOKEN, NodeState.WOKEN]);
  returnNode(next);
});

test("parkBlocking() that uses the wake-up of a promise leaves the others in the queue asleep", async () => {
  using word = new Word();
  const waiting = awaitOn(word.sleep());
  wakeOne(word.queue);
  let next = 0;
  const park = sleepOn(word, { onQueued: () => next = joined(word) });
  assertEquals(parkBlocking(park, later(), 0), ParkResult.WOKEN);
  assertEquals([await waiting, stateOf(next)], [ParkResult.WOKEN, NodeState.QUEUED]);
  wakeOne(word.queue);
  returnNode(next);
});

test("parkBlocking() that is handed ownership with the wake-up of a promise is the owner", async () => {
  using word = new Word();
  using owner = new Word();
  const waiting = awaitOn(word.sleep());
  wakeOne(word.queue);
  owner.value = thisIsolate;
  const park = sleepOn(word, { overtaken: true, ownerWord: owner.address });
  {
    using _exchange = whenReadyIsTaken(() =>
      assert(handOff(word.queue, owner.address, thisIsolate))
    );
    assertEquals(parkBlocking(park, later(), 0), ParkResult.OWNER);
  }
  assertEquals([await waiting, owner.value], [ParkResult.WOKEN, thisIsolate]);
});

test("parkBlocking() does not spin if it must be seen in the queue, or admits itself there", () => {
  using word = new Word();
  using pause = stub(Atomics, "pause");
  const soon = () => performance.now() + 1;
  const parks: Partial<Park>[] = [{ onQueued() {} }, { admit: () => true }];
  for (const more of parks) {
    const park = sleepOn(word, { hasSpun: false, ...more });
    assertEquals(parkBlocking(park, soon(), 0), ParkResult.TIMED_OUT);
  }
  assertEquals(pause.calls.length, 0);
});

test("parkBlocking() tells how long it may block, and ends when a signal comes meanwhile", () => {
  using word = new Word();
  const told: number[] = [];
  using _hooks = replacedHooks({
    beforeBlock(leftMs) {
      told.push(leftMs);
      postControl(thisIsolate, Control.INTERRUPT);
    },
  });
  assertThrows(() => parkBlocking(sleepOn(word), later(), 0), InterruptedError);
  assert(told.length === 1 && told[0] > 0 && told[0] <= GUARD_MS, `${told}`);
  assertEquals(controlBitsNow(), 0);
});

test("parkBlockingAny() tells how long it may block, and ends when a signal comes meanwhile", () => {
  using first = new Word();
  using second = new Word();
  const told: number[] = [];
  using _hooks = replacedHooks({
    beforeBlock(leftMs) {
      told.push(leftMs);
      postControl(thisIsolate, Control.INTERRUPT);
    },
  });
  const parks = [sleepOn(first), sleepOn(second)];
  assertThrows(() => parkBlockingAny(parks, later(), [0, 0]), InterruptedError);
  assert(told.length === 1 && told[0] > 0 && told[0] <= GUARD_MS, `${told}`);
  assertEquals(controlBitsNow(), 0);
});

test("parkBlockingAny() leaves a signal to the next wait if one of its queues was woken", () => {
  using first = new Word();
  using second = new Word();
  using _control = controlBits(0);
  using _hooks = replacedHooks({
    beforeBlock() {
      wakeOne(second.queue);
      postControl(thisIsolate, Control.INTERRUPT);
    },
  });
  const parks = [sleepOn(first), sleepOn(second)];
  const results = parkBlockingAny(parks, later(), [0, 0]);
  assertEquals(results, [ParkResult.CHANGED, ParkResult.WOKEN]);
  assertEquals(controlBitsNow(), Control.INTERRUPT);
});

test("parkBlockingAny() hands its wake-ups on when the isolate was told to end", () => {
  using first = new Word();
  using second = new Word();
  const behind: number[] = [];
  using _control = controlBits(0);
  using _hooks = replacedHooks({
    beforeBlock() {
      behind.push(joined(first), joined(second));
      wakeOne(second.queue);
      postControl(thisIsolate, Control.STOP);
    },
  });
  const parks = [sleepOn(first), sleepOn(second)];
  assertThrows(() => parkBlockingAny(parks, later(), [0, 0]), TerminatedError);
  assertEquals(behind.map(stateOf), [NodeState.QUEUED, NodeState.WOKEN]);
  wakeOne(first.queue);
  behind.forEach(returnNode);
});

test("parkBlockingAny() returns the wake-up that comes when the time is up", () => {
  using first = new Word();
  using second = new Word();
  const now = performance.now();
  using _clock = stub(performance, "now", () => {
    wakeOne(first.queue);
    return now + 1;
  });
  const results = parkBlockingAny([sleepOn(first), sleepOn(second)], now, [0, 0]);
  assertEquals(results, [ParkResult.WOKEN, ParkResult.CHANGED]);
});

test("parkBlockingAny() returns the wake-up that comes when it finds that nobody could wake it", () => {
  using first = new Word();
  using second = new Word();
  using _load = whenWorkersAreCounted(first, () => wakeOne(first.queue));
  const results = parkBlockingAny([sleepOn(first), sleepOn(second)], Infinity, [0, 0]);
  assertEquals(results, [ParkResult.WOKEN, ParkResult.CHANGED]);
});

const sleeps: Record<string, (word: Word, deadline: number) => ParkResult> = {
  parkBlocking: (word, deadline) => parkBlocking(sleepOn(word), deadline, 0),
  parkBlockingAny: (word, deadline) => parkBlockingAny([sleepOn(word)], deadline, [0])[0],
};
for (const [name, sleep] of Object.entries(sleeps)) {
  test(`${name}() sleeps on the wake-ups of its isolate until its time is up, or the next alarm`, () => {
    using word = new Word();
    using _clock = stub(performance, "now", () => 1000);
    using wait = stub(Atomics, "wait", () => {
      wakeOne(word.queue);
      return "ok" as const;
    });
    const wake = thisIsolate + isolateWord.WAKE;
    const alarm = setAlarm(1400, () => {});
    for (const deadline of [1300, 1500]) assertEquals(sleep(word, deadline), ParkResult.WOKEN);
    clearAlarm(alarm);
    assertEquals(sleep(word, 1500), ParkResult.WOKEN);
    assertEquals(wait.calls.map(({ args }) => [args[1], args[3]]), [
      [wake, 300],
      [wake, 400],
      [wake, 500],
    ]);
    assertEquals(Number(wait.calls.at(-1)!.args[2]) + 1, i32[wake]); // the number of wake-ups before
  });
}

test("parkBlockingAny() hands on the wake-ups of promises of its isolate, also to itself", async () => {
  using first = new Word();
  using second = new Word();
  const waits = [first, second].map((word) => awaitOn(word.sleep()));
  const behind = joined(first);
  wakeOne(first.queue);
  const none = [ParkResult.TIMED_OUT];
  assertEquals(parkBlockingAny([sleepOn(second)], performance.now() + 1, [0]), none);
  assertEquals(stateOf(behind), NodeState.WOKEN);
  wakeOne(second.queue);
  assertEquals(parkBlockingAny([sleepOn(second)], later(), [0]), [ParkResult.WOKEN]);
  assertEquals(await Promise.all(waits), [ParkResult.WOKEN, ParkResult.WOKEN]);
  returnNode(behind);
});
