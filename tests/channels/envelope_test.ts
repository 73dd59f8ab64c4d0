import { assertEquals, assertThrows } from "@std/assert";
import { MemoryError, Queue } from "@sauropod/multiprocessing";
import { type Envelope, envelopeOf } from "../../lib/channels/envelope.ts";
import { discardMessage, storeValue, takeValue } from "../../lib/codec/message.ts";
import { allocateUrgent } from "../../lib/heap/allocator.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { test } from "../fixtures/guarded.ts";
import { frees, settledUse, useUpHeap } from "../fixtures/heap.ts";

ensureIsolate();

test("an envelope crosses, and its message is taken once", () => {
  const queue = new Queue<Envelope>();
  queue.putSync(envelopeOf(storeValue(["a", 1], "value")));
  const envelope = queue.getSync();
  assertEquals(takeValue(envelope.take()), ["a", 1]);
  assertEquals(envelope.take(), 0);
});

test("an envelope that nobody opens frees its message, and what lies in that", async () => {
  await frees(async () => {
    let message = storeValue("innermost".repeat(100), "value");
    for (let depth = 0; depth < 5000; depth++) message = storeValue(envelopeOf(message), "value");
    discardMessage(message);
    envelopeOf(storeValue(1, "value"));
    await Promise.resolve();
  });
});

test("envelopeOf() discards the message when the heap is full", async () => {
  const message = storeValue("a message".repeat(100), "value");
  const before = await settledUse();
  {
    using _ = useUpHeap(32);
    assertThrows(() => envelopeOf(message), MemoryError);
  }
  assertEquals(await settledUse() < before, true);
  {
    const urgent = storeValue("another", "value");
    using _ = useUpHeap(32);
    assertEquals(takeValue(envelopeOf(urgent, allocateUrgent).take()), "another");
  }
});
