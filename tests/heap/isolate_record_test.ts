import { assert, assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  adoptIsolate,
  Control,
  createIsolateRecord,
  ensureIsolate,
  enterState,
  exitCodeOf,
  forEachLiveIsolate,
  freeIsolateRecord,
  hasEnded,
  hasEndedRelaxed,
  hasListedEnded,
  isMainIsolate,
  IsolateState,
  isolateState,
  isolateWord,
  keepIsolateRecord,
  mainIsolate,
  nextId,
  postControl,
  recordWords,
  stopRequested,
  thisIsolate,
  unlistIsolate,
  unpark,
} from "../../lib/heap/isolate_record.ts";
import { publishEnd } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { test } from "../fixtures/guarded.ts";
import { fillFreeBlocks, usedBytes } from "../fixtures/heap.ts";

ensureIsolate();

/** Word with the number of words that are never freed. */
const PERMANENT = 5;

/** Returns the records in the list of isolates. */
function listed(): number[] {
  const records: number[] = [];
  forEachLiveIsolate((record) => records.push(record));
  return records;
}

test("ensureIsolate() makes this isolate the main one, once", () => {
  const record = thisIsolate;
  ensureIsolate();
  assertEquals([thisIsolate, mainIsolate(), isMainIsolate()], [record, record, true]);
  assertEquals([isolateState(record), i32[record + isolateWord.PID]], [IsolateState.RUNNING, 1]);
});

test("createIsolateRecord() lists a record that is zero, with its parent and an id of its own", () => {
  const before = listed();
  const records = [createIsolateRecord(thisIsolate), createIsolateRecord(7)];
  assertEquals(listed(), [...records].reverse().concat(before));
  assertEquals(records.map((record) => i32[record + isolateWord.PARENT]), [thisIsolate, 7]);
  const ids = records.map((record) => i32[record + isolateWord.PID]);
  assertEquals([ids[1], nextId(), nextId()], [ids[0] + 1, ids[0] + 2, ids[0] + 3]);
  const { PARENT, PID, NEXT } = isolateWord;
  for (const record of records) {
    const others = [...i32.subarray(record, record + 56).entries()]
      .filter(([word, value]) => value !== 0 && word !== PARENT && word !== PID && word !== NEXT);
    assertEquals(others, []);
  }
  freeIsolateRecord(records[0]); // from the middle
  assertEquals(listed(), [records[1], ...before]);
  freeIsolateRecord(records[1]);
  assertEquals(listed(), before);
});

test("publishEnd() publishes an end once, which is counted while the record is listed", () => {
  const records = [createIsolateRecord(thisIsolate), createIsolateRecord(thisIsolate)];
  const [ended, other] = records;
  assertEquals([hasListedEnded(), exitCodeOf(ended), hasEnded(ended)], [false, undefined, false]);
  assertEquals([publishEnd(ended, -9), publishEnd(ended, 3)], [true, false]);
  assertEquals(
    [exitCodeOf(ended), hasEnded(ended), hasEndedRelaxed(ended), isolateState(ended)],
    [-9, true, true, IsolateState.ENDED],
  );
  assertEquals([exitCodeOf(other), hasEnded(other), hasEndedRelaxed(other)], [
    undefined,
    false,
    false,
  ]);
  assertEquals(publishEnd(other, 0), true);
  assertEquals([exitCodeOf(other), hasListedEnded()], [0, true]);
  unlistIsolate(ended);
  unlistIsolate(ended); // it is not in the list any more
  assertEquals(hasListedEnded(), true);
  for (const record of records) freeIsolateRecord(record);
  assertEquals(hasListedEnded(), false);
});

test("createIsolateRecord() clears every word that can be claimed, whatever was there before", () => {
  const { message } = assertThrows(() => recordWords.claim(1e6, "nobody"), Error);
  const last = Number(message.match(/the last is (\d+)/)![1]);
  fillFreeBlocks();
  const record = createIsolateRecord(0);
  const own: number[] = [isolateWord.PID, isolateWord.NEXT];
  for (let word = 0; word <= last; word++) {
    if (!own.includes(word)) assertEquals(i32[record + word], 0, `word ${word}`);
  }
  freeIsolateRecord(record);
});

test("keepIsolateRecord() takes the record out of what is in use", () => {
  const before = [i32[PERMANENT], usedBytes()];
  const record = createIsolateRecord(thisIsolate);
  keepIsolateRecord(record);
  assertEquals(usedBytes(), before[1]);
  i32[PERMANENT] = before[0];
  freeIsolateRecord(record);
  assertEquals(usedBytes(), before[1]);
});

test("enterState() sets the state of this isolate, unless its end was published", () => {
  const word = thisIsolate + isolateWord.STATE;
  const before = i32[word];
  try {
    for (const state of [IsolateState.IDLE, IsolateState.RUNNING]) {
      enterState(state);
      assertEquals([isolateState(thisIsolate), i32[word]], [state, state]);
    }
    i32[word] = (7 << 8) | IsolateState.ENDED;
    enterState(IsolateState.RUNNING);
    assertEquals(exitCodeOf(thisIsolate), 7);
  } finally {
    i32[word] = before;
  }
});

/** Calls a function before an isolate writes its state for the first time. */
function beforeState(record: number, call: () => void) {
  const { compareExchange } = Atomics;
  let done = false;
  const exchanges = (...args: Parameters<typeof compareExchange>) => {
    if (!done && args[1] === record + isolateWord.STATE) {
      done = true;
      call();
    }
    return compareExchange(...args);
  };
  return stub(Atomics, "compareExchange", exchanges as typeof compareExchange);
}

test("publishEnd() and enterState() do not undo each other", () => {
  for (const isEndLast of [true, false]) {
    const main = thisIsolate;
    const record = createIsolateRecord(main);
    adoptIsolate(i32.buffer, record);
    if (isEndLast) {
      using _ = beforeState(record, () => enterState(IsolateState.IDLE));
      assertEquals(publishEnd(record, 3), true);
    } else {
      using _ = beforeState(record, () => publishEnd(record, 3));
      enterState(IsolateState.IDLE);
    }
    adoptIsolate(i32.buffer, main);
    assertEquals([exitCodeOf(record), hasListedEnded()], [3, true]);
    freeIsolateRecord(record);
    assertEquals(hasListedEnded(), false);
  }
});

test("postControl() sets bits, keeps others, and unparks the isolate", () => {
  const record = createIsolateRecord(thisIsolate);
  const words = () => [i32[record + isolateWord.CONTROL], i32[record + isolateWord.WAKE]];
  using notify = stub(Atomics, "notify", () => 0);
  unpark(record);
  assertEquals(words(), [0, 1]);
  postControl(record, Control.SERVICE);
  postControl(record, Control.STOP);
  assertEquals(words(), [Control.SERVICE | Control.STOP, 3]);
  assertEquals(
    notify.calls.map(({ args }) => args),
    Array(3).fill([i32, record + isolateWord.WAKE]),
  );
  freeIsolateRecord(record);
});

test("stopRequested() is about this isolate", () => {
  const word = thisIsolate + isolateWord.CONTROL;
  assert(!stopRequested());
  i32[word] |= Control.STOP;
  const found = stopRequested();
  i32[word] &= ~Control.STOP;
  assert(found && !stopRequested());
});
