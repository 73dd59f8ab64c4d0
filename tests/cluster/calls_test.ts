/**
 * That calls of a pool on a cluster end, whatever other calls and their caller do.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { DataCloneError, Pool } from "@sauropod/multiprocessing";
import { failing, square } from "./cluster_tasks.ts";
import { test, TestCluster } from "./servers.ts";

test("a call is sent though all senders have chunks of a call that was aborted", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const controller = new AbortController();
  const { signal } = controller;
  const mapping = pool.map(square, Array(400).fill(1), { chunkSize: 1, signal });
  const mapped = assertRejects(() => mapping, RangeError, "enough");
  controller.abort(new RangeError("enough"));
  assertEquals(await pool.apply(square, [3]), 9);
  await mapped;
});

test("a call fails if an item cannot be sent again, because it has changed", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const item: { x: number; map?: unknown } = { x: 2 };
  const retryOn = () => {
    item.map = new WeakMap();
    return true;
  };
  const failsWith = (_item: unknown) => {
    throw new RangeError("the first time");
  };
  const calling = pool.apply(failsWith, [item], { retries: 1, retryOn });
  await assertRejects(() => calling, DataCloneError, "args[0].map");
  await assertRejects(() => pool.apply(failing, [2]), RangeError, "no 2");
});
