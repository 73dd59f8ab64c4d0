/**
 * Waiting for the messages of a channel, and for room.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { initChannel, push, receive } from "../../lib/channels/channel.ts";
import { addChannelRef, createChannel, dropChannelRef } from "../../lib/channels/channel_handle.ts";
import {
  closeChannel,
  Closed,
  messagesIn,
  RECEIVERS,
  wakeReceivers,
} from "../../lib/channels/channel_state.ts";
import {
  becomingReadable,
  isReadableSoon,
  receiving,
  sending,
  taking,
} from "../../lib/channels/channel_waiting.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { discardMessage, storeValue } from "../../lib/codec/message.ts";
import { SPINS } from "../../lib/heap/guard.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { awaitOn, blockOn } from "../../lib/parking/wait.ts";
import { hasWaiters } from "../../lib/parking/wait_queue.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

ensureIsolate();

/** A channel, with a limit if it is not 0. */
class TestChannel implements Disposable {
  readonly at = createChannel();

  constructor(limit = 0) {
    initChannel(this.at, limit);
    addChannelRef(this.at);
  }

  send(value: unknown): void {
    const encoder = encode(value, "value");
    assert(push(this.at, encoder));
    returnEncoder(encoder);
  }

  [Symbol.dispose](): void {
    dropChannelRef(this.at);
  }
}

/** Yields no time. */
const now = { timeoutMs: 0 };

test("receiving() returns a message, that the channel is closed and empty, or that the time is up", async () => {
  using channel = new TestChannel();
  const get = () => blockOn(receiving(channel.at), now);
  assertEquals(get(), "timed out");
  for (const item of [1, 2]) channel.send(item);
  const waits = [1, 2, 3].map(() => awaitOn(receiving(channel.at), guard));
  assertEquals(await waits[0], { kind: "value", value: 1 });
  assertEquals(await waits[1], { kind: "value", value: 2 });
  channel.send(3);
  assertEquals(await waits[2], { kind: "value", value: 3 });
  channel.send(4);
  closeChannel(channel.at, Closed.SENDERS_GONE);
  assertEquals([get(), get()], [{ kind: "value", value: 4 }, "closed"]);
});

test("taking() looks again when a message and the end come while it looks", () => {
  using channel = new TestChannel();
  let looks = 0;
  const take = () => {
    if (++looks > 1) return receive(channel.at);
    channel.send(1);
    closeChannel(channel.at, Closed.SENDERS_GONE);
    return undefined;
  };
  assertEquals(blockOn(taking(channel.at, take), guard), { kind: "value", value: 1 });
  assertEquals(blockOn(taking(channel.at, take), guard), "closed");
});

test("taking() that is cancelled when it was woken leaves the message, and its wake-up, to the next", async () => {
  using channel = new TestChannel();
  let isCancelled = false;
  const cancelled = awaitOn(receiving(channel.at, receive, () => isCancelled), guard);
  const next = awaitOn(receiving(channel.at), guard);
  channel.send(1);
  isCancelled = true;
  assertEquals([await cancelled, await next], ["closed", { kind: "value", value: 1 }]);
});

test("taking() that is not cancelled waits on when it is woken in vain", async () => {
  using channel = new TestChannel();
  const waiting = awaitOn(receiving(channel.at, receive, () => false), guard);
  wakeReceivers(channel.at);
  await null;
  channel.send(1);
  assertEquals(await waiting, { kind: "value", value: 1 });
});

test("becomingReadable() waits for a message or the end, takes nothing, and can be cancelled", async () => {
  using channel = new TestChannel();
  const isReadable = () => blockOn(becomingReadable(channel.at), now);
  assertEquals(isReadable(), false);
  assertEquals(blockOn(becomingReadable(channel.at, () => true), guard), false);
  const [first, second] = [1, 2].map(() => awaitOn(becomingReadable(channel.at), guard));
  channel.send(1);
  assertEquals([await first, await second, isReadable()], [true, true, true]);
  assertEquals(blockOn(becomingReadable(channel.at, () => true), guard), true);
  assertEquals(messagesIn(channel.at), 1);
  receive(channel.at);
  assertEquals(isReadable(), false);
  let isCancelled = false;
  const waiting = awaitOn(becomingReadable(channel.at, () => isCancelled), guard);
  isCancelled = true;
  wakeReceivers(channel.at);
  assertEquals(await waiting, false);
  closeChannel(channel.at, Closed.SENDERS_GONE);
  assertEquals(isReadable(), true);
});

test("becomingReadable() hands its wake-up to a receiver, which takes the message", async () => {
  using channel = new TestChannel();
  const looking = awaitOn(becomingReadable(channel.at), guard);
  const taking = awaitOn(receiving(channel.at), guard);
  channel.send(1);
  assertEquals([await looking, await taking], [true, { kind: "value", value: 1 }]);
  assertEquals(hasWaiters(channel.at + RECEIVERS), false);
});

test("becomingReadable() that is woken for a message which another has taken wakes nobody", async () => {
  using channel = new TestChannel();
  const wake = thisIsolate + isolateWord.WAKE;
  const looking = [1, 2].map(() => awaitOn(becomingReadable(channel.at), guard));
  channel.send(1); // wakes the first
  receive(channel.at);
  const wakes = i32[wake];
  for (let turns = 0; turns < 3; turns++) await turn();
  assertEquals(i32[wake], wakes);
  channel.send(2);
  assertEquals(await Promise.all(looking), [true, true]);
});

test("waits for a message spin before they sleep, unless their caller has spun", () => {
  using channel = new TestChannel();
  using pause = stub(Atomics, "pause");
  const soon = () => ({ timeoutMs: 1 });
  blockOn(receiving(channel.at), soon());
  assertEquals(pause.calls.splice(0).length, SPINS);
  blockOn(becomingReadable(channel.at), soon());
  assertEquals(pause.calls.splice(0).length, SPINS);
  blockOn(becomingReadable(channel.at, undefined, true), soon());
  assertEquals(pause.calls.length, 0);
});

test("isReadableSoon() is true if there is a message, or one comes during the spins", () => {
  using channel = new TestChannel();
  using pause = stub(Atomics, "pause", () => {
    if (sendsAt === pause.calls.length) channel.send(1);
  });
  let sendsAt = Infinity;
  assertEquals([isReadableSoon(channel.at, 0), isReadableSoon(channel.at, 5)], [false, false]);
  assertEquals(pause.calls.splice(0).length, 5);
  sendsAt = 2;
  assertEquals(isReadableSoon(channel.at, 5), true);
  sendsAt = Infinity;
  assertEquals([isReadableSoon(channel.at, 0), messagesIn(channel.at)], [true, 1]);
});

test("sending() waits for room, and ends when the time is up or the channel is closed", async () => {
  using channel = new TestChannel(1);
  const message = (value: number) => storeValue(value, "value");
  assertEquals(blockOn(sending(channel.at, message(1)), now), "sent");
  const late = message(2);
  assertEquals(blockOn(sending(channel.at, late), now), "timed out");
  const waiting = awaitOn(sending(channel.at, late), guard);
  const behind = message(3);
  const closed = awaitOn(sending(channel.at, behind), guard);
  assertEquals(receive(channel.at), { kind: "value", value: 1 });
  assertEquals([await waiting, messagesIn(channel.at)], ["sent", 1]);
  closeChannel(channel.at, Closed.RECEIVERS_GONE);
  assertEquals(await closed, "closed");
  discardMessage(behind);
  assertEquals(receive(channel.at), { kind: "value", value: 2 });
});
