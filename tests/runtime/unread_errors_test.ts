import { assertEquals } from "@std/assert";
import { storeThrown } from "../../lib/codec/message.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  mainIsolate,
  publishEnd,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { takeError } from "../../lib/runtime/lifecycle.ts";
import { freeUnreadErrors } from "../../lib/runtime/unread_errors.ts";
import { ERROR } from "../../lib/runtime/words.ts";
import { test } from "../fixtures/guarded.ts";

/** Defines a test with a function that makes a worker which has ended, with or without an error. */
function testErrors(name: string, fn: (make: MakeWorker) => void): void {
  test(name, () => {
    ensureIsolate();
    const records: number[] = [];
    fn((parent, ...errors) => {
      const record = createIsolateRecord(parent);
      records.push(record);
      setError(record, ...errors);
      return record;
    });
    records.forEach(freeIsolateRecord);
  });
}

type MakeWorker = (parent: number, ...errors: string[]) => number;

function setError(record: number, ...errors: string[]): void {
  for (const error of errors) i32[record + ERROR] = storeThrown(error);
}

testErrors("the error of a worker that the main isolate started stays until it is read", (make) => {
  const worker = make(mainIsolate(), "why");
  freeUnreadErrors(worker);
  freeUnreadErrors(mainIsolate());
  assertEquals(takeError(worker), { error: "why" });
});

testErrors(
  "the errors of a worker's workers stay until it has ended, and are freed then",
  (make) => {
    const parent = make(mainIsolate());
    const workers = ["a", "b", "c"].map((error) => make(parent, error));
    for (const worker of workers) freeUnreadErrors(worker);
    assertEquals(takeError(workers[1]), { error: "b" });
    freeUnreadErrors(parent);
    assertEquals(workers.map(takeError), [undefined, undefined, undefined]);
  },
);

testErrors(
  "the error of a worker is freed at once if the worker that started it has ended",
  (make) => {
    const parent = make(mainIsolate());
    const worker = make(parent, "why");
    publishEnd(parent, 0);
    freeUnreadErrors(worker);
    assertEquals(takeError(worker), undefined);
  },
);

testErrors("errors are freed once, and only of workers that had one when they ended", (make) => {
  const parent = make(mainIsolate());
  const [worker, without] = [make(parent, "why"), make(parent)];
  for (const ended of [worker, without]) freeUnreadErrors(ended);
  setError(without, "not seen");
  freeUnreadErrors(parent);
  setError(worker, "another");
  freeUnreadErrors(parent);
  assertEquals([worker, without].map(takeError), [{ error: "another" }, { error: "not seen" }]);
});
