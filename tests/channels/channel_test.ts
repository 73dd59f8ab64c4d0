import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { MemoryError, Queue } from "@sauropod/multiprocessing";
import { push, receive } from "../../lib/channels/channel.ts";
import {
  addChannelRef,
  Channel,
  createChannel,
  dropChannelRef,
} from "../../lib/channels/channel_handle.ts";
import { readReceived } from "../../lib/channels/read_received.ts";
import { closedBits, messagesIn } from "../../lib/channels/channel_state.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { fillFreeBlocks, frees, usedBytes, useUpHeap } from "../fixtures/heap.ts";

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

/** Sends a value to a channel. */
function send(at: number, value: unknown): void {
  const encoder = encode(value, "value");
  assertEquals(push(at, encoder), true);
  returnEncoder(encoder);
}

test("a channel lasts until its last reference is dropped, and is freed with its messages then", () => {
  ensureIsolate();
  const before = usedBytes();
  const at = createChannel();
  for (let references = 0; references < 2; references++) addChannelRef(at);
  for (const item of [1, "long".repeat(1000)]) send(at, item);
  dropChannelRef(at);
  assertEquals([messagesIn(at), readReceived(receive(at)!)], [2, 1]);
  dropChannelRef(at);
  assertEquals(usedBytes(), before);
});

test("a Channel crosses, and the memory of its messages is freed with its last handle", async () => {
  ensureIsolate();
  await frees(async () => {
    const [channel, queue] = [new Channel(), new Queue<Channel>()];
    assertEquals([messagesIn(channel.at), closedBits(channel.at)], [0, 0]);
    send(channel.at, 1);
    queue.putSync(channel);
    assertStrictEquals(queue.getSync(), channel);
    for (let item = 2; item < 100; item++) send(channel.at, "long".repeat(item));
    assertEquals(readReceived(receive(channel.at)!), 1);
    assertEquals(messagesIn(channel.at), 98);
    await Promise.resolve();
  });
});

test("push() into a full heap throws, drops the references of the message, and leaves the channel open", () => {
  ensureIsolate();
  const [at, queue] = [createChannel(), new Queue()];
  addChannelRef(at);
  const references = () => i32[addressOf(queue)! + objectWord.REFERENCES];
  const before = references();
  for (const value of [[queue], [queue, "too long for its place".repeat(10)]]) {
    const encoder = encode(value, "value");
    {
      using _ = useUpHeap(32);
      assertThrows(() => push(at, encoder), MemoryError);
    }
    returnEncoder(encoder);
    assertEquals([references(), messagesIn(at)], [before, 0]);
  }
  send(at, [queue]);
  assertEquals(readReceived(receive(at)!), [queue]);
  dropChannelRef(at);
});
