import { assertEquals, assertRejects } from "@std/assert";
import {
  countPendingPuts,
  pendingPutsDone,
  putElsewhere,
} from "../../lib/channels/pending_puts.ts";
import { test } from "../fixtures/guarded.ts";

test("a put that another program carries out is pending until it has ended, in whatever way", async () => {
  const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const puts = [first, second].map(({ promise }) => putElsewhere(promise));
  let done = false;
  const waiting = pendingPutsDone().then(() => done = true);
  assertEquals(countPendingPuts(), 2);
  first.resolve(7);
  assertEquals(await puts[0], 7);
  assertEquals([countPendingPuts(), done], [1, false]);
  second.reject(new RangeError("no room"));
  await assertRejects(() => puts[1], RangeError, "no room");
  assertEquals(countPendingPuts(), 0);
  await waiting;
  await pendingPutsDone();
});
