/**
 * What a cluster does when nodes, processes, streams and messages fail.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { CorruptMessageError, Pool, WorkerDiedError } from "@sauropod/multiprocessing";
import { connect, jetstreamManager } from "../../lib/cluster/nats.ts";
import { namesOf, seal } from "../../lib/cluster/protocol.ts";
import { computes, dies, same, square, waitsFor } from "./cluster_tasks.ts";
import { meeting, textOf } from "./meeting.ts";
import { GUARD_MS, KEY, test, TestCluster } from "./servers.ts";

const ready = { timeoutMs: GUARD_MS };
const key = new TextEncoder().encode(KEY);

test("chunks that a full stream does not take wait in the caller", async () => {
  await using servers = await TestCluster.start();
  await using pool = new Pool({ engine: servers.caller({ maxBytes: 30_000 }) });
  const items = Array.from({ length: 60 }, (_, at) => new Uint8Array(2000).fill(at));
  const mapping = pool.map(same, items, { chunkSize: 1 });
  const connection = await connect({ servers: servers.address });
  const { streams } = await jetstreamManager(connection);
  const { tasks } = namesOf(servers.name);
  const bytes = () => streams.info(tasks).then(({ state }) => state.bytes, () => 0);
  while (await bytes() < 20_000); // so the next ones are too much
  servers.startNode("one", 2);
  assertEquals(await mapping, items);
  await connection.close();
});

test("calls go on when a server has lost the consumers of nodes and results", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  const connection = await connect({ servers: servers.address });
  const { consumers } = await jetstreamManager(connection);
  const { tasks, results } = namesOf(servers.name);
  for (const stream of [tasks, results]) {
    const found = await Array.fromAsync(consumers.list(stream));
    assertEquals(found.length, 1);
    for (const { name } of found) await consumers.delete(stream, name);
  }
  await met.letGo();
  assertEquals(await waiting, "went");
  assertEquals(await pool.apply(square, [3]), 9);
  await connection.close();
});

test("a call whose function has too long a text fails, and no other", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using pool = new Pool({ engine: servers.caller() });
  const long = new Function(`/* ${"x".repeat(1 << 20)} */ return 1;`) as () => number;
  const [failed, done] = await Promise.allSettled([pool.apply(long), pool.apply(square, [3])]);
  assertEquals(done, { status: "fulfilled", value: 9 });
  await assertRejects(
    () => failed.status === "rejected" ? Promise.reject(failed.reason) : Promise.resolve(),
    RangeError,
    "Register functions with task(), in modules",
  );
});

test("two callers use a cluster at once, each with its own results", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 2);
  await using one = new Pool({ engine: servers.caller() });
  await using other = new Pool({ engine: servers.caller() });
  const items = Array.from({ length: 300 }, (_, at) => at);
  const results = await Promise.all([
    one.map(square, items, { chunkSize: 1 }),
    other.map((x: number) => -x, items, { chunkSize: 1 }),
  ]);
  assertEquals(results, [items.map(square), items.map((x) => -x)]);
});

test("the late result of a node that stood still changes nothing", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  const caller = servers.caller({ leaseMs: 500 });
  await using pool = new Pool({ engine: caller });
  const first = servers.startNode("first", 1);
  await caller.ready(ready);
  const waiting = pool.apply(waitsFor, [met.begun, met.go]);
  await met.begins(1);
  first.child.kill("SIGSTOP");
  servers.startNode("second", 1);
  await met.begins(2);
  await met.letGo();
  assertEquals(await waiting, "went");
  const next = pool.apply(square, [3]);
  first.child.kill("SIGCONT");
  while (!(await caller.nodes()).some(({ name, done }) => name === "first" && done > 0));
  assertEquals(await next, 9);
  assertEquals(await pool.apply(square, [4]), 16);
  assertEquals((await textOf(met.begun)).split("\n").length, 3);
});

test("the processes of a node that is killed end, even if they compute", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  const caller = servers.caller();
  const pool = new Pool({ engine: caller });
  const node = servers.startNode("one", 1);
  const computing = pool.apply(computes, [met.begun], { retries: 0 });
  computing.catch(() => {});
  await met.begins(1);
  const processId = Number(await textOf(met.begun));
  assert(await isAlive(processId));
  node.child.kill("SIGKILL");
  while (await isAlive(processId)) await new Promise((resolve) => setTimeout(resolve, 20));
  pool.terminate();
  await pool.join();
});

/** Whether a process runs: one that has ended may wait for its parent. */
async function isAlive(processId: number): Promise<boolean> {
  try {
    return !/\) [ZX] /.test(await Deno.readTextFile(`/proc/${processId}/stat`));
  } catch {
    return false;
  }
}

test("a node removes what others have left that died while they unpacked, if it is old", async () => {
  await using servers = await TestCluster.start();
  const folder = await Deno.makeTempDir();
  const [old, recent] = [join(folder, "unfinished-old"), join(folder, "unfinished-recent")];
  const home = join(folder, "program");
  const file = join(home, "unfinished-file");
  for (const made of [join(old, "modules"), recent, home]) {
    await Deno.mkdir(made, { recursive: true });
  }
  await Deno.writeTextFile(file, "");
  for (const path of [old, file, home]) await Deno.utime(path, 0, 0);
  servers.startNode("one", 1, "--folder", folder);
  const names = async (path: string) =>
    (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
  while ((await names(folder)).length > 2 || (await names(home)).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(await names(folder), ["program", "unfinished-recent"]);
  await Deno.remove(folder, { recursive: true });
});

test("a call whose result is signed and damaged fails with a CorruptMessageError", async () => {
  await using servers = await TestCluster.start();
  const connection = await connect({ servers: servers.address });
  const header = { attempt: 0, died: false, lost: 0, streamBytes: 8, definitions: [] };
  const results: [header: Record<string, unknown>, contents: Uint8Array][] = [
    [{ ...header, attempt: "0" }, new Uint8Array(8)],
    [{ ...header, streamBytes: 2 ** 40 }, new Uint8Array(8)],
    [{ ...header, streamBytes: 16 }, new Uint8Array(8)],
    [{ ...header, definitions: { length: 1 } }, new Uint8Array(8)],
    [header, new Uint8Array(8).fill(255)],
    [{ ...header, object: "../x" }, new Uint8Array()],
    [{ ...header, object: `${"0".repeat(24)}.1.1.${"0".repeat(64)}` }, new Uint8Array()],
  ];
  let next = 0;
  connection.subscribe(`mp.${servers.name}.task.>`, {
    callback: (_error, { subject }) => {
      const result = subject.replace(".task.", ".result.");
      connection.publish(result, seal(key, result, results[next][0], [results[next][1]]));
    },
  });
  await connection.flush();
  await using pool = new Pool({ engine: servers.caller() });
  for (; next < results.length; next++) {
    await assertRejects(() => pool.apply(square, [3]), CorruptMessageError);
  }
  await connection.drain();
  servers.startNode("one", 1);
  assertEquals(await pool.apply(square, [4]), 16);
});

test("a call whose chunk has no contents any more fails with a CorruptMessageError", async () => {
  await using servers = await TestCluster.start();
  await using pool = new Pool({ engine: servers.caller() });
  const connection = await connect({ servers: servers.address });
  const { streams } = await jetstreamManager(connection);
  const { tasks, objects } = namesOf(servers.name);
  const waiting = pool.apply(same, [new Uint8Array(2_000_000)]);
  while (await streams.info(tasks).then(({ state }) => state.messages, () => 0) === 0);
  await streams.purge(objects, { filter: `mp.${servers.name}.object.>` });
  servers.startNode("one", 1);
  await assertRejects(() => waiting, CorruptMessageError, "not there any more");
  await connection.close();
});

test("Cluster.deadLetters() returns the chunks that have ended too many processes or nodes", async () => {
  await using servers = await TestCluster.start();
  await using met = await meeting();
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  const first = servers.startNode("first", 1);
  assertEquals(await caller.deadLetters(), []);
  await assertRejects(() => pool.apply(dies, [], { retries: 1 }), WorkerDiedError);
  const waiting = pool.apply(waitsFor, [met.begun, met.go], { retries: 0 });
  await met.begins(1);
  first.child.kill("SIGKILL");
  servers.startNode("second", 1);
  await assertRejects(() => waiting, WorkerDiedError, "were lost");
  const connection = await connect({ servers: servers.address });
  connection.publish(
    namesOf(servers.name).subject("dead", "hostile", "1", "0"),
    new Uint8Array(99),
  );
  await connection.flush();
  const letters = await caller.deadLetters();
  assertEquals(
    letters.map(({ chunk, deaths, lostNodes }) => ({
      ...{ chunk, lostNodes },
      deaths: deaths.map(({ node, exitCode }) => ({ node, exitCode })),
    })),
    [{
      ...{ chunk: 0, lostNodes: 0 },
      deaths: [{ node: "first", exitCode: 7 }, { node: "first", exitCode: 7 }],
    }, { chunk: 0, lostNodes: 1, deaths: [] }],
  );
  const [{ at, deaths, task }, { at: last }] = letters;
  assert(task.includes("cluster_tasks.ts"), task);
  assert(deaths[0].at <= deaths[1].at && deaths[1].at <= at && at <= last);
  assertEquals(letters[0].owner, letters[1].owner);
  assert(letters[0].job !== letters[1].job);
  await caller.clearDeadLetters();
  assertEquals(await caller.deadLetters(), []);
  await connection.close();
});

test("a dead letter says which signal has ended a process", async () => {
  await using servers = await TestCluster.start();
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller });
  servers.startNode("one", 1);
  const kills = () => Deno.kill(Deno.pid, "SIGKILL");
  await assertRejects(() => pool.apply(kills, [], { retries: 0 }), WorkerDiedError);
  const [{ deaths }] = await caller.deadLetters();
  assertEquals(deaths.map(({ exitCode }) => exitCode), [-9]);
});
