/**
 * What nodes do with chunks that they put back, and with messages that are no chunks.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Pool, task } from "@sauropod/multiprocessing";
import { connect } from "../../lib/cluster/nats.ts";
import { square } from "./cluster_tasks.ts";
import { test, TestCluster } from "./servers.ts";

const takes = task(import.meta, ([ms, _data]: [ms: number, data: Uint8Array]) => {
  const end = Date.now() + ms;
  while (Date.now() < end);
  return ms;
});

test("a chunk that a full stream does not take back is not lost meanwhile", async () => {
  await using servers = await TestCluster.start();
  const caller = servers.caller({ leaseMs: 500, maxBytes: 100_000 });
  await using pool = new Pool({ engine: caller });
  await caller.nodes(); // so the streams are there
  servers.startNode("one", 1);
  const lasts = Array.from({ length: 200 }, (_, at) => at % 60 === 59 ? 1500 : 0);
  const items = lasts.map((ms) => [ms, new Uint8Array(2000)] as [number, Uint8Array]);
  assertEquals(await pool.map(takes, items, { chunkSize: 1, retries: 0 }), lasts);
});

test("a node takes nothing that is not from a stream", async () => {
  await using servers = await TestCluster.start();
  await using pool = new Pool({ engine: servers.caller() });
  const connection = await connect({ servers: servers.address });
  connection.subscribe(`$JS.API.CONSUMER.MSG.NEXT.mp_${servers.name}_tasks.nodes`, {
    callback: (_error, { reply }) => {
      connection.publish(reply!, new Uint8Array(3));
      connection.publish(reply!, new Uint8Array(3), { reply: "elsewhere" });
    },
  });
  await connection.flush();
  servers.startNode("one", 1);
  assertEquals(await pool.apply(square, [3]), 9);
  assertEquals(await pool.map(square, [1, 2, 3], { chunkSize: 1 }), [1, 4, 9]);
  await connection.close();
});
