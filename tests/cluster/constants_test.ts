/**
 * Constants that tasks of a cluster take.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { constant, Pool } from "@sauropod/multiprocessing";
import { connect, jetstreamManager } from "../../lib/cluster/nats.ts";
import { namesOf } from "../../lib/cluster/protocol.ts";
import { itself, lookUp, type Table } from "./cluster_tasks.ts";
import { test, TestCluster } from "./servers.ts";

function makeTable(name: string): Table {
  const part = constant({ name });
  return constant({ values: new Float64Array(300_000).map((_, at) => at / 2), part });
}

/** Returns how many bytes are in the streams of a cluster. */
async function storedBytes({ address, name }: TestCluster): Promise<number> {
  const connection = await connect({ servers: address });
  const manager = await jetstreamManager(connection);
  const { objects } = namesOf(name);
  const { state } = await manager.streams.info(objects);
  await connection.close();
  return state.bytes;
}

test("a constant goes to the servers once, and is one object in each process", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const table = makeTable("halves");
  const keys = Array.from({ length: 20 }, (_, key) => key);
  const calls = keys.map((key) => [table, key] as const);
  const found = await pool.starmap(lookUp, calls, { chunkSize: 2 });
  assertEquals(found, keys.map((key) => [key / 2, "halves", true]));
  const stored = await storedBytes(servers);
  assert(stored > 2_400_000 && stored < 4_000_000, `${stored} bytes`);
  assertEquals(await pool.apply(itself, [table]), { ...table });
});

test("a job that was submitted finds its constants, after its program has forgotten them", async () => {
  await using servers = await TestCluster.start();
  await using engine = servers.caller();
  const tables = Array.from({ length: 12 }, (_, at) => makeTable(`table ${at}`));
  const job = await engine.submit(itself, tables);
  servers.startNode("one", 2);
  const names = (await job.results()).map(({ part }) => part.name);
  assertEquals(names, tables.map(({ part }) => part.name));
});
