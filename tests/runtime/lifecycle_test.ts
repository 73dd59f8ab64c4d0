/**
 * The end of an isolate, as the others see it.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  type Connection,
  EOFError,
  Event,
  Lock,
  Pipe,
  Queue,
  task,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, sharedWords } from "../fixtures/workers.ts";
import { receive } from "../../lib/channels/channel.ts";
import { addChannelRef, Channel } from "../../lib/channels/channel_handle.ts";
import { storeThrown, storeValue } from "../../lib/codec/message.ts";
import {
  Control,
  createIsolateRecord,
  ensureIsolate,
  exitCodeOf,
  freeIsolateRecord,
  isolateWord,
  LIVE_WORKERS,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { awaitOn, blockOn, ParkResult } from "../../lib/parking/wait.ts";
import { countWaiters } from "../../lib/parking/wait_queue.ts";
import {
  acknowledgeEnd,
  cancelStartRequest,
  completeEnd,
  destinationOfResults,
  endIsolate,
  ExitCode,
  failToStart,
  freeError,
  freeStartRequest,
  publishError,
  stopIsolate,
  takeError,
  waitingForEnd,
  waitingForQuiescence,
} from "../../lib/runtime/lifecycle.ts";
import {
  ERROR,
  EXIT_CHANNEL,
  EXIT_MESSAGE,
  LEAVES,
  START_REQUEST,
} from "../../lib/runtime/words.ts";

test("the end of a worker ends the waits for it before the worker counts as gone", async () => {
  ensureIsolate();
  const record = createIsolateRecord(thisIsolate);
  Atomics.add(i32, LIVE_WORKERS, 1);
  const waiting = awaitOn(waitingForEnd(record), undefined, false);
  assertEquals(countWaiters(record + isolateWord.ENDED_QUEUE), 1);
  // Its waiters block while it counts: if it did not, they would find that nobody can end their wait.
  const waiters: number[] = [];
  const { sub } = Atomics;
  Atomics.sub = ((words: Int32Array, at: number, n: number) => {
    if (at === LIVE_WORKERS) waiters.push(countWaiters(record + isolateWord.ENDED_QUEUE));
    return sub(words, at, n);
  }) as typeof sub;
  try {
    endIsolate(record, 7);
  } finally {
    Atomics.sub = sub;
  }
  assertEquals(await waiting, 7);
  assertEquals(waiters, [0]);
  freeIsolateRecord(record);
});

/** Where the blocks of the heap begin. */
const FIRST_BLOCK = 128;

/** Calls a function with the record of a worker that lives, and frees it. */
async function withWorker(call: (record: number) => void | Promise<void>): Promise<void> {
  ensureIsolate();
  const record = createIsolateRecord(thisIsolate);
  Atomics.add(i32, LIVE_WORKERS, 1);
  try {
    await call(record);
  } finally {
    if (exitCodeOf(record) === undefined) Atomics.sub(i32, LIVE_WORKERS, 1);
    freeIsolateRecord(record);
  }
}

const hasStopBit = (record: number) => (i32[record + isolateWord.CONTROL] & Control.STOP) !== 0;

test("a worker ends once: it is told to stop, and the others look whether their waits go on", () =>
  withWorker((record) => {
    const [live, wakes] = [i32[LIVE_WORKERS], i32[thisIsolate + isolateWord.WAKE]];
    const ownWakes = i32[record + isolateWord.WAKE];
    assertEquals([exitCodeOf(record), hasStopBit(record)], [undefined, false]);
    assertEquals([endIsolate(record, 7), endIsolate(record, 8)], [true, false]);
    assertEquals([exitCodeOf(record), hasStopBit(record), i32[LIVE_WORKERS]], [7, true, live - 1]);
    assertEquals(i32[thisIsolate + isolateWord.WAKE], wakes + 1);
    assertEquals(i32[record + isolateWord.WAKE], ownWakes + 1); // it sees the bit at once
  }));

/** Gives a worker an exit message, and returns how to receive it. */
function setExitMessage(record: number): () => unknown {
  const channel = new Channel();
  addChannelRef(channel.at);
  i32[record + EXIT_CHANNEL] = channel.at;
  i32[record + EXIT_MESSAGE] = storeValue("it has ended", "message");
  const references = () => i32[addressOf(channel)! + objectWord.REFERENCES];
  assertEquals(references(), 2);
  return () => {
    const received = receive(channel.at);
    assertEquals(references(), received === undefined ? 2 : 1);
    return received?.kind === "value" ? received.value : undefined;
  };
}

test("the exit message of a worker is sent at its end, once", () =>
  withWorker((record) => {
    const receiveExit = setExitMessage(record);
    assertEquals(receiveExit(), undefined);
    stopIsolate(record, ExitCode.TERMINATED);
    assertEquals([receiveExit(), i32[record + EXIT_MESSAGE]], ["it has ended", 0]);
    stopIsolate(record, ExitCode.KILLED);
    completeEnd(record);
    assertEquals(exitCodeOf(record), ExitCode.TERMINATED);
  }));

/** Gives a worker a start request with the value in it. */
function setStartRequest(record: number, value: unknown): void {
  i32[record + START_REQUEST] = storeValue(value, "request");
}

test("completeEnd() does what an end before the start request has left, and nothing before the end", () =>
  withWorker(async (record) => {
    completeEnd(record);
    endIsolate(record, 0);
    const [here, there] = Pipe();
    const receiveExit = setExitMessage(record);
    setStartRequest(record, there);
    completeEnd(record);
    assertEquals(receiveExit(), "it has ended");
    await assertRejects(() => here.recv(guard), EOFError);
    freeStartRequest(record);
    here.close();
  }));

test("completeEnd() leaves a worker that lives its start request and its exit message", () =>
  withWorker((record) => {
    const receiveExit = setExitMessage(record);
    setStartRequest(record, "request");
    const request = i32[record + START_REQUEST];
    completeEnd(record);
    assertEquals([receiveExit(), i32[record + START_REQUEST]], [undefined, request]);
    stopIsolate(record, ExitCode.TERMINATED);
    assertEquals([receiveExit(), i32[record + START_REQUEST]], ["it has ended", -request]);
    freeStartRequest(record);
  }));

for (const end of ["stopIsolate", "failToStart"] as const) {
  test(`${end}() tells the objects in a start request that was not read, once, and keeps it`, () =>
    withWorker(async (record) => {
      const [[here, there], queue] = [Pipe(), new Queue()];
      const references = () => i32[addressOf(queue)! + objectWord.REFERENCES];
      setStartRequest(record, [there, queue]);
      assertEquals(references(), 2);
      if (end === "stopIsolate") stopIsolate(record, ExitCode.KILLED);
      else failToStart(record, "why");
      await assertRejects(() => here.recv(guard), EOFError);
      assert(i32[record + START_REQUEST] < 0);
      cancelStartRequest(record);
      assertEquals([references(), i32[record + START_REQUEST] < 0], [2, true]);
      freeStartRequest(record);
      assertEquals([references(), i32[record + START_REQUEST]], [1, 0]);
      freeStartRequest(record);
      freeError(record);
      here.close();
    }));
}

test("freeStartRequest() and cancelStartRequest() do nothing without a request", () =>
  withWorker((record) => {
    const rootWords = i32.slice(0, FIRST_BLOCK); // lists of free blocks among them
    cancelStartRequest(record);
    freeStartRequest(record);
    assertEquals(i32[record + START_REQUEST], 0);
    assertEquals(i32.slice(0, FIRST_BLOCK), rootWords);
  }));

test("a worker that cannot start ends with the error, unless it has ended", () =>
  withWorker((record) => {
    failToStart(record, new RangeError("why"));
    failToStart(record, new RangeError("late"));
    assertEquals([exitCodeOf(record), hasStopBit(record)], [1, true]);
    assertEquals((takeError(record)!.error as Error).message, "why");
    assertEquals(takeError(record), undefined);
  }));

test("the error of a worker is taken once, whatever was thrown", () =>
  withWorker((record) => {
    for (const thrown of [undefined, 0, "text"]) {
      i32[record + ERROR] = storeThrown(thrown);
      assertEquals([takeError(record), takeError(record)], [{ error: thrown }, undefined]);
    }
  }));

test("freeError() drops what the error refers to", () =>
  withWorker((record) => {
    const queue = new Queue();
    const references = () => i32[addressOf(queue)! + objectWord.REFERENCES];
    i32[record + ERROR] = storeThrown(queue);
    assertEquals(references(), 2);
    freeError(record);
    freeError(record);
    assertEquals([references(), takeError(record)], [1, undefined]);
  }));

test("an isolate publishes its error, for where its results are read", () => {
  ensureIsolate();
  assertEquals(destinationOfResults(), "heap");
  publishError(new RangeError("why"));
  assertEquals((takeError(thisIsolate)!.error as Error).message, "why");
  i32[thisIsolate + LEAVES] = 1;
  assertEquals(destinationOfResults(), "program");
  i32[thisIsolate + LEAVES] = 0;
});

test("waits for the end of a worker end with its exit code, or when the time is up", () =>
  withWorker(async (record) => {
    const options = { timeoutMs: 0 };
    assertEquals(await awaitOn(waitingForEnd(record), options), undefined);
    assertEquals(blockOn(waitingForEnd(record), options), undefined);
    const steps = waitingForEnd(record);
    assertEquals(steps.next().value, {
      queue: record + isolateWord.ENDED_QUEUE,
      word: record + isolateWord.STATE,
      expected: i32[record + isolateWord.STATE],
    });
    assertEquals(steps.next(ParkResult.WOKEN).done, false); // it was woken, and has to wait again
    endIsolate(record, ExitCode.RETURNED);
    assertEquals(steps.next(ParkResult.CHANGED), { done: true, value: 0 });
    assertEquals(await awaitOn(waitingForEnd(record), options), 0);
  }));

test("waits until a worker has stopped end with its acknowledgement, or when the time is up", () =>
  withWorker(async (record) => {
    const options = { timeoutMs: 0 };
    endIsolate(record, 0);
    assertEquals(await awaitOn(waitingForQuiescence(record), options), false);
    const late = waitingForQuiescence(record);
    late.next();
    assertEquals(waitingForQuiescence(record).next().done, false);
    const waiting = awaitOn(waitingForQuiescence(record), undefined, false);
    assertEquals(countWaiters(record + isolateWord.ENDED_QUEUE), 1);
    acknowledgeEnd(record);
    assertEquals(await waiting, true);
    assertEquals(late.next(ParkResult.TIMED_OUT), { done: true, value: true });
    assertEquals(await awaitOn(waitingForQuiescence(record), options), true);
  }));

const holdsAndComputes = task(
  import.meta,
  async (lock: Lock, end: Connection, queue: Queue<string>, begun: Event, words: Int32Array) => {
    await lock.acquire();
    void queue.get();
    begun.set();
    while (Atomics.load(words, 0) === 0);
    end.close();
  },
);

test("the end of a worker that goes on computing ends what it held, and what it waited for", async () => {
  const [lock, queue, begun, words] = [new Lock(), new Queue<string>(), new Event(), sharedWords()];
  const [here, there] = Pipe();
  const process = run(holdsAndComputes, lock, there, queue, begun, words);
  await begun.wait(guard);
  const item = queue.get(guard); // behind the worker's
  process.terminate();
  await assertRejects(() => here.recv(guard), EOFError);
  await assertRejects(() => lock.acquire(guard), AbandonedLockError);
  await queue.put("an item");
  assertEquals(await item, "an item");
  Atomics.store(words, 0, 1);
  await ended(process, -15);
  here.close();
});
