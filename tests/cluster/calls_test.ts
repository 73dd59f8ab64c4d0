/**
 * That calls of a pool on a cluster end, whatever other calls and their caller do.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataCloneError, Pool, TerminatedError, TimeoutError } from "@sauropod/multiprocessing";
import { settingsOf } from "../../lib/cluster/cluster.ts";
import { Link } from "../../lib/cluster/link.ts";
import { connect, jetstreamManager } from "../../lib/cluster/nats.ts";
import { namesOf } from "../../lib/cluster/protocol.ts";
import { failing, square, waitsFor } from "./cluster_tasks.ts";
import { meeting, textOf } from "./meeting.ts";
import { KEY, test, TestCluster } from "./servers.ts";

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
  const connection = await connect({ servers: servers.address });
  const { consumers } = await jetstreamManager(connection);
  const [{ num_waiting }] = await consumers.list(namesOf(servers.name).results).next();
  assertEquals(num_waiting, 1); // both have used one subscription
  await connection.close();
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

test("a call goes on when the server has refused its caller and its node for a while", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  await using pool = new Pool({ engine: servers.caller() });
  servers.startNode("one", 1);
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  await servers.stopServer();
  const refusals = join(servers.folder, "refusals");
  await servers.startServer("--user", "a", "--pass", "b", "--log", refusals);
  // The client gives up after two of them, unless it is told not to.
  while ((await textOf(refusals)).split("authentication error").length <= 6) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await servers.stopServer();
  await servers.startServer();
  await met.letGo();
  assertEquals(await waiting, "went");
});

test("Cluster.ready() keeps its limits when a server that was there is away", async () => {
  await using servers = await TestCluster.start();
  await using caller = servers.caller();
  assertEquals(await caller.nodes(), []);
  await caller[Symbol.asyncDispose](); // as after a rest
  await servers.stopServer();
  await assertRejects(() => caller.ready({ timeoutMs: 1 }), TimeoutError, "no server");
  const controller = new AbortController();
  const waiting = caller.ready({ signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => waiting, RangeError, "enough");
});

test("a pool that was terminated ends though its server is away", async () => {
  await using servers = await TestCluster.start();
  const pool = new Pool({ engine: servers.caller() });
  const waiting = pool.apply(square, [3]); // there is no node
  const connection = await connect({ servers: servers.address });
  const { streams } = await jetstreamManager(connection);
  const { tasks } = namesOf(servers.name);
  while (await streams.info(tasks).then(({ state }) => state.messages, () => 0) === 0);
  await connection.close();
  await servers.stopServer();
  pool.terminate();
  await assertRejects(() => waiting, TerminatedError);
  await pool.join();
});

test("the server forgets a pool that ends after a rest", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  const caller = servers.caller();
  const pool = new Pool({ engine: caller });
  assertEquals(await pool.apply(square, [3]), 9);
  await caller[Symbol.asyncDispose](); // as after a rest
  pool.close();
  await pool.join();
  const connection = await connect({ servers: servers.address });
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info(namesOf(servers.name).results);
  assertEquals(state.consumer_count, 0);
  await connection.close();
});

test("the result of a call that was aborted leaves nothing at the server, however long it is", async () => {
  await using servers = await TestCluster.start();
  await using pool = new Pool({ engine: servers.caller() });
  const connection = await connect({ servers: servers.address });
  const sent = connection.subscribe(`mp.${servers.name}.task.>`, { max: 1 });
  await connection.flush();
  let result = "";
  const controller = new AbortController();
  const mapping = pool.map(square, [1], { signal: controller.signal });
  const aborted = assertRejects(() => mapping, RangeError, "enough");
  for await (const { subject } of sent) {
    controller.abort(new RangeError("enough"));
    await aborted;
    const { address, name } = servers;
    const options = { servers: address, name, authKey: KEY };
    const node = await Link.open(settingsOf("test", options));
    const about = { attempt: 0, died: false, lost: 0, streamBytes: 8, definitions: [] };
    const parts = [new Uint8Array(2_000_000)];
    const onStored = (name: string) => result = name;
    const of = subject.replace(".task.", ".result.");
    await node.send(of, undefined, about, parts, { onStored });
    await node.close();
  }
  const waiting = pool.apply(square, [3]); // so the pool receives results
  const { streams } = await jetstreamManager(connection);
  const { objects, object } = namesOf(servers.name);
  const pieces = () => streams.info(objects, { subjects_filter: object(result.split(".")[0]) });
  servers.startNode("one", 1);
  assertEquals(await waiting, 9);
  while (Object.keys((await pieces()).state.subjects ?? {}).length > 0);
  await connection.close();
});
