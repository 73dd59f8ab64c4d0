import { assertEquals } from "@std/assert";
import { ensureIsolate, thisIsolate } from "../../../../lib/heap/isolate_record.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import {
  beginChunk,
  chunksBegun,
  claimEnded,
  isReplaced,
  replaceWorker,
  runningChunk,
  workerWord,
} from "../../../../lib/pool/engines/isolates/worker_words.ts";
import { test } from "../../../fixtures/guarded.ts";

/** Defines a test in which this isolate takes the part of the worker, too. */
function testWords(name: string, fn: (record: number) => void): void {
  test(name, () => {
    ensureIsolate();
    try {
      fn(thisIsolate);
    } finally {
      for (const word of Object.values(workerWord)) i32[thisIsolate + word] = 0;
    }
  });
}

testWords(
  "a worker runs the chunk that it has begun and not answered, from its first item on",
  (record) => {
    assertEquals([chunksBegun(record), runningChunk(record, 0)], [0, undefined]);
    assertEquals([beginChunk(0, 7, 3), chunksBegun(record)], [true, 1]);
    assertEquals(runningChunk(record, 0), { jobNumber: 7, chunk: 3, item: 0 });
    i32[record + workerWord.ITEM] = 5;
    assertEquals(runningChunk(record, 0), { jobNumber: 7, chunk: 3, item: 5 });
    assertEquals(runningChunk(record, 1), undefined);
    assertEquals([beginChunk(1, 8, 0), chunksBegun(record)], [true, 2]);
    assertEquals(runningChunk(record, 1), { jobNumber: 8, chunk: 0, item: 0 });
  },
);

testWords("a worker that was replaced ends its chunk, and begins no other", (record) => {
  beginChunk(0, 7, 3);
  assertEquals([isReplaced(1), replaceWorker(record, 0)], [false, false]);
  assertEquals([replaceWorker(record, 1), isReplaced(1)], [true, true]);
  assertEquals([isReplaced(2), replaceWorker(record, 1)], [false, false]);
  assertEquals(chunksBegun(record), 1);
  assertEquals(runningChunk(record, 0), { jobNumber: 7, chunk: 3, item: 0 });
  assertEquals(runningChunk(record, 1), undefined);
  assertEquals([beginChunk(1, 8, 0), chunksBegun(record)], [false, 1]);
  assertEquals(claimEnded(record, 1), undefined);
});

testWords(
  "the engine takes note of the end of a worker once, and of the chunk that it has lost",
  (record) => {
    beginChunk(0, 7, 3);
    beginChunk(1, 8, 4);
    assertEquals(claimEnded(record, 1), { jobNumber: 8, chunk: 4, item: 0 });
    assertEquals([claimEnded(record, 1), runningChunk(record, 1)], [undefined, undefined]);
    assertEquals([chunksBegun(record), beginChunk(2, 9, 0)], [-1, false]);
    assertEquals([replaceWorker(record, 2), isReplaced(2)], [false, false]);
  },
);

testWords("a worker that has answered all loses nothing with its end", (record) => {
  beginChunk(0, 7, 3);
  assertEquals([claimEnded(record, 1), chunksBegun(record)], [undefined, -1]);
});
