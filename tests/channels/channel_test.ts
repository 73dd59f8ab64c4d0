import { assertEquals } from "@std/assert";
import { push, receive } from "../../lib/channels/channel.ts";
import { addChannelRef, createChannel, dropChannelRef } from "../../lib/channels/channel_handle.ts";
import { readReceived } from "../../lib/channels/read_received.ts";
import { closedBits, messagesIn } from "../../lib/channels/channel_state.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { test } from "../fixtures/guarded.ts";
import { fillFreeBlocks } from "../fixtures/heap.ts";

test("a channel works in memory that had other contents", () => {
  ensureIsolate();
  for (let times = 0; times < 3; times++) {
    fillFreeBlocks();
    const at = createChannel();
    addChannelRef(at);
    assertEquals([messagesIn(at), closedBits(at), receive(at)], [0, 0, undefined]);
    for (const item of [1, "two".repeat(100), [3]]) {
      const encoder = encode(item, "item");
      assertEquals(push(at, encoder), true);
      returnEncoder(encoder);
    }
    assertEquals(messagesIn(at), 3);
    for (const item of [1, "two".repeat(100), [3]]) {
      assertEquals(readReceived(receive(at)!), item);
    }
    assertEquals(receive(at), undefined);
    dropChannelRef(at);
  }
});
