/**
 * Pools whose tasks run on the nodes of a cluster: a NATS server, and programs of nodes.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  DataCloneError,
  Lock,
  Pool,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { connect } from "../../lib/cluster/nats.ts";
import { type Cluster, cluster } from "../../lib/cluster/cluster.ts";
import { namesOf, seal } from "../../lib/cluster/protocol.ts";
import {
  add,
  dies,
  diesAtFirst,
  doubled,
  failing,
  failsAtFirst,
  processId,
  Reading,
  same,
  square,
  waitsFor,
} from "./cluster_tasks.ts";
import { meeting, textOf } from "./meeting.ts";
import { GUARD_MS, KEY, runProgram, test, TestCluster } from "./servers.ts";

const ready = { timeoutMs: GUARD_MS };

test("a pool runs its tasks on a node, which has none of the modules", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 2);
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  const [status] = await caller.ready({ slots: 2, ...ready });
  assertEquals([status.name, status.slots], ["one", 2]);
  assertEquals(await pool.apply(add, [1, 2]), 3);
  assertEquals(await pool.map(square, Array(1000).keys()), [...Array(1000).keys()].map(square));
  assertEquals(await pool.map((x: number) => x + 1, [1, 2]), [2, 3]);
  assertEquals(await pool.starmap(add, [[1, 2], [3, 4]]), [3, 7]);
  assertEquals(await Array.fromAsync(pool.imap(square, [3, 2, 1])), [9, 4, 1]);
  const unordered = await Array.fromAsync(pool.imapUnordered(square, [3, 2, 1]));
  assertEquals(unordered.sort(), [1, 4, 9]);
  assert(await pool.apply(processId) !== Deno.pid);
  const reading = await pool.apply(doubled, [new Reading(4)]);
  assertInstanceOf(reading, Reading);
  assertEquals(reading.value, 8);
  const progress: number[] = [];
  await pool.map(square, [1, 2, 3], {
    chunkSize: 1,
    onProgress: ({ done }) => progress.push(done),
  });
  assertEquals(progress.at(-1), 3);
});

test("an error arrives with its class, its cause, the item and the node", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const error = await assertRejects(() => pool.map(failing, [1, 2, 3]), RangeError, "no 2");
  assertEquals(error.cause, { x: 2 });
  assert(error.stack?.includes("item 1, run by one"), error.stack);
});

test("values of any length cross", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  for (const length of [0, 1_000_000, 1_048_576, 3_000_001]) {
    const bytes = new Uint8Array(length).map((_, at) => at * 7);
    assertEquals(await pool.apply(same, [bytes]), bytes);
  }
});

test("a task whose process ends is run again, or fails with the name of the node", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  assertEquals(await pool.apply(diesAtFirst, [met.begun]), "done");
  assertEquals(await Deno.readTextFile(met.begun), "begun\nbegun\n");
  const lost = () => pool.apply(dies, [], { retries: 0 });
  const error = await assertRejects(lost, WorkerDiedError, "A process of node one ended");
  assertEquals([error.exitCode, error.worker], [7, "one"]);
  assertEquals(await pool.apply(square, [3]), 9);
});

test("a task that fails is run again if retryOn says so", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const retryOn = (error: unknown) => error instanceof RangeError;
  assertEquals(await pool.apply(failsAtFirst, [met.begun], { retries: 2, retryOn }), "done");
  assertEquals(await Deno.readTextFile(met.begun), "begun\nbegun\n");
});

test("a task of a node that is lost is run by another one, once its lease has ended", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  const first = servers.startNode("first", 1);
  await caller.ready(ready);
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  first.child.kill("SIGKILL");
  servers.startNode("second", 1);
  await met.begins(2);
  await met.letGo();
  assertEquals(await waiting, "went");
});

test("a task that takes longer than a lease is run once", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  const caller = servers.caller({ leaseMs: 500 });
  await using pool = new Pool({ engine: caller });
  servers.startNode("first", 1);
  servers.startNode("second", 1);
  await caller.ready({ slots: 2, ...ready });
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await met.letGo();
  assertEquals(await waiting, "went");
  assertEquals((await textOf(met.begun)).split("\n").length, 2);
});

test("a node that is told to end finishes its task; at the second time it gives it back", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  const first = servers.startNode("first", 1);
  await caller.ready(ready);
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  first.child.kill("SIGTERM");
  while ((await caller.nodes()).some(({ isLeaving }) => !isLeaving)); // two signals at once may be taken for one
  first.child.kill("SIGTERM");
  assertEquals((await first.child.status).code, 0);
  const second = servers.startNode("second", 1);
  await met.begins(2);
  second.child.kill("SIGTERM");
  await met.letGo();
  assertEquals(await waiting, "went");
  assertEquals((await second.child.status).code, 0);
  assertEquals(await caller.nodes(), []);
});

test("a call that is aborted takes no chunks of others with it", async () => {
  await using servers = await TestCluster.start();
  await using engine = servers.caller();
  await using first = new Pool({ engine });
  await using second = new Pool({ engine });
  const waiting = first.map(square, [3, 4], { chunkSize: 1 });
  const controller = new AbortController();
  const aborted = second.map(square, [1, 2], { signal: controller.signal });
  const job = await engine.submit(square, [5]); // the others are with the server by then
  controller.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  await job.remove();
  servers.startNode("one", 1);
  assertEquals(await waiting, [9, 16]);
});

test("an aborted call ends its task on the node", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  servers.startNode("one", 1);
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = pool.apply(waitsFor, [met.begun, met.go], { signal });
  await met.begins(1);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await textOf(`${met.begun}.aborted`);
  assertEquals(await pool.apply(square, [3]), 9);
});

test("a call goes on when the server is restarted", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller({ leaseMs: 30_000 }) });
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  await servers.stopServer();
  await met.letGo();
  await servers.startServer();
  assertEquals(await waiting, "went");
});

test("a node takes nothing that was not signed with its key", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  await caller.ready(ready);
  const connection = await connect({ servers: servers.address });
  const names = namesOf(servers.name);
  const subject = names.subject("task", "hostile", "1", "0");
  const key = new TextEncoder().encode(KEY);
  const header = {
    ...{ task: "x", mode: 0, attempt: 0, retries: 0, lost: 0 },
    ...{ streamBytes: 8, definitions: [] },
  };
  const good = seal(key, subject, header, [new Uint8Array(8)]);
  const attacks = [
    new Uint8Array(),
    new Uint8Array(100).fill(255),
    seal(undefined, subject, header),
    seal(new TextEncoder().encode("another key"), subject, header),
    seal(key, names.subject("task", "hostile", "2", "0"), header),
    seal(key, subject, { ...header, mode: -1 }),
    seal(key, subject, { ...header, streamBytes: 2 ** 31 }),
    seal(key, subject, { ...header, definitions: { length: 3 } }),
    seal(key, subject, { ...header, program: "../../etc" }),
    seal(key, subject, { ...header, object: "0".repeat(64) }),
    ...[0, 31, 36, 80].map((at) => good.map((byte, index) => index === at ? byte ^ 1 : byte)),
    good,
  ];
  for (const attack of attacks) connection.publish(subject, attack);
  await connection.flush();
  assertEquals(await pool.apply(square, [3]), 9);
  await connection.close();
});

test("a caller takes no result that was not signed with its key", async () => {
  await using servers = await TestCluster.start();
  const connection = await connect({ servers: servers.address });
  connection.subscribe(`mp.${servers.name}.task.>`, {
    callback: (_error, { subject }) => {
      const result = subject.replace(".task.", ".result.");
      const header = { attempt: 0, died: false, lost: 0, streamBytes: 0, definitions: [] };
      connection.publish(result, new Uint8Array(100));
      connection.publish(result, seal(undefined, result, header));
      connection.publish(result, seal(new TextEncoder().encode("another key"), result, header));
    },
  });
  await using pool = new Pool({ engine: servers.caller() });
  const waiting = pool.apply(square, [3]);
  servers.startNode("one", 1);
  assertEquals(await waiting, 9);
  assertEquals(await pool.apply(square, [4]), 16);
  await connection.close();
});

test("a node runs only what it was told to", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("strict", 1, "--no-source", "--modules", "https://example.com/");
  await using pool = new Pool({ engine: servers.caller() });
  const inline = () => pool.apply(() => 1);
  await assertRejects(inline, Deno.errors.NotCapable, "runs no functions that are sent as text");
  await assertRejects(() => pool.apply(square, [2]), Deno.errors.NotCapable);
});

test("what cannot cross to another machine is refused at the call", async () => {
  await using servers = await TestCluster.start();
  await using pool = new Pool({ engine: servers.caller() });
  const lock = new Lock();
  assertThrows(
    () => pool.applyAsync(same, [lock]),
    DataCloneError,
    "Lock is shared by the isolates of one program",
  );
  assertThrows(() => pool.mapSync(square, [1]), Deno.errors.NotSupported, "Await the call");
});

test("a program ends whose pool is left open, a second after its last call", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  const program = `
    import { Pool } from "@sauropod/multiprocessing";
    import { cluster } from "@sauropod/multiprocessing/cluster";
    const [servers, name, authKey] = Deno.args;
    const pool = new Pool({ engine: cluster({ servers, name, authKey }) });
    console.log(await pool.map((x) => x + 1, [1, 2]));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    console.log(await pool.map((x) => x * 2, [1, 2]), pool);
  `;
  const { code, printed } = await runProgram(program, servers.address, servers.name, KEY);
  assertStringIncludes(printed, "[ 2, 3 ]\n[ 2, 4 ] Pool { engine: Cluster { name:");
  assertEquals(code, 0);
});

test("pools share a cluster, and one may end before the other", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  const engine = servers.caller();
  const first = new Pool({ engine });
  await using second = new Pool({ engine });
  await using executor = new ProcessPoolExecutor({ engine });
  const results = [first.apply(square, [2]), second.apply(square, [3]), executor.submit(square, 4)];
  assertEquals(await Promise.all(results), [4, 9, 16]);
  first.close();
  await first.join();
  assertEquals(await second.map(square, [1, 2]), [1, 4]);
  assertEquals(await Array.fromAsync(executor.map(square, [1, 2, 3])), [1, 4, 9]);
  assertEquals(second.engine, engine);
});

test("waiting for nodes ends in time", async () => {
  await using servers = await TestCluster.start();
  const caller = servers.caller();
  await using _pool = new Pool({ engine: caller });
  const waiting = () => caller.ready({ slots: 3, timeoutMs: 1000 });
  await assertRejects(waiting, TimeoutError, "Start one: the program");
});

Deno.test("options of workers are refused with an engine", () => {
  const engine = cluster();
  assertThrows(() => new Pool({ engine, processes: 2 }), TypeError, "processes has no effect");
  const initializer = () => {};
  assertThrows(() => new Pool({ engine, initializer }), TypeError, "initializer has no effect");
  const executor = () => new ProcessPoolExecutor({ engine, maxWorkers: 2 });
  assertThrows(executor, TypeError, "Cannot make executor: maxWorkers has no effect");
  assertThrows(() => new Pool({ engine: {} as Cluster }), TypeError, "engine must be a cluster");
  const pool = new Pool({ engine });
  pool.engine satisfies Cluster;
  assertEquals(Deno.inspect(pool), `Pool { engine: Cluster { name: "default" }, state: "open" }`);
});
