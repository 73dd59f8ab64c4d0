/**
 * Jobs whose results are kept: for programs that come after the one that submitted them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { CancelledError, DataCloneError, Lock, TimeoutError } from "@sauropod/multiprocessing";
import { connect, jetstreamManager } from "../../lib/cluster/nats.ts";
import { JOBS, namesOf, seal } from "../../lib/cluster/protocol.ts";
import { failing, noted, same, square, waitsForBoth } from "./cluster_tasks.ts";
import { textOf } from "./meeting.ts";
import { GUARD_MS, KEY, runProgram, test, TestCluster } from "./servers.ts";

const tasks = import.meta.resolve("./cluster_tasks.ts");

test("a program finds the results of a job whose program has ended", async () => {
  await using servers = await TestCluster.start();
  const submitted = await runProgram(
    `
    import { cluster } from "@sauropod/multiprocessing/cluster";
    import { square } from ${JSON.stringify(tasks)};
    const [servers, name, authKey] = Deno.args;
    const job = await cluster({ servers, name, authKey }).submit(square, [1, 2, 3], { id: "squares" });
    console.log(job.id);
    `,
    ...[servers.address, servers.name, KEY],
  );
  assertEquals(submitted, { code: 0, printed: "squares\n" });
  await using engine = servers.caller();
  assertEquals(await engine.jobs(), ["squares"]);
  const job = await engine.attach<number>("squares");
  assertEquals(await job.status(), {
    id: "squares",
    task: "at cluster_tasks.ts:12:23",
    total: 3,
    done: 0,
    isSubmitted: true,
    isCancelled: false,
  });
  servers.startNode("one", 1);
  const progress: number[] = [];
  assertEquals(await job.results({ onProgress: ({ done }) => progress.push(done) }), [1, 4, 9]);
  assertEquals([progress.length, progress.at(-1)], [3, 3]);
  assertEquals(await job.results(), [1, 4, 9]); // again
  assertEquals((await job.status()).done, 3);
});

test("a job goes on while its server and its node are restarted", async () => {
  await using servers = await TestCluster.start();
  const folder = await Deno.makeTempDir();
  const [begun, go] = [join(folder, "begun"), join(folder, "go")];
  await using engine = servers.caller({ leaseMs: 500 });
  const first = servers.startNode("first", 1);
  await engine.ready({ timeoutMs: GUARD_MS });
  const job = await engine.submit(waitsForBoth, [[begun, go]]);
  const results = job.results();
  await textOf(begun);
  first.child.kill("SIGKILL");
  await servers.stopServer();
  await servers.startServer();
  await Deno.writeTextFile(go, "");
  servers.startNode("second", 1);
  assertEquals(await results, ["went"]);
  await Deno.remove(folder, { recursive: true });
});

test("a submission that was interrupted goes on with the same items, and runs none twice", async () => {
  await using servers = await TestCluster.start();
  const file = await Deno.makeTempFile();
  await using engine = servers.caller();
  const items = Array.from({ length: 100 }, (_, x): [string, number] => [file, x]);
  const broken = items.toSpliced(90, 1, [file, new Lock() as never]);
  const id = "interrupted";
  await assertRejects(() => engine.submit(noted, broken, { id }), DataCloneError, "items[90]");
  const job = await engine.attach<number>(id);
  assertEquals((await job.status()).isSubmitted, false);
  await assertRejects(() => job.results(), Error, "call submit() again");
  servers.startNode("one", 2);
  while ((await job.status()).done < 10); // some are done when it goes on
  const again = await engine.submit(noted, items, { id });
  assertEquals(await again.results(), items.map(([, x]) => x * x));
  const lines = (await Deno.readTextFile(file)).trim().split("\n").map(Number);
  assertEquals(lines.sort((a, b) => a - b), items.map(([, x]) => x));
  await Deno.remove(file);
});

test("arrivals() yields the errors of tasks too, and results() throws the first", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using engine = servers.caller();
  const job = await engine.submit(failing, [1, 2, 3]);
  const arrived = await Array.fromAsync(job.arrivals());
  arrived.sort((a, b) => a.index - b.index);
  assertEquals(arrived.map((one) => "value" in one ? one.value : String(one.error)), [
    1,
    "RangeError: no 2",
    3,
  ]);
  const error = await assertRejects(() => job.results(), RangeError, "no 2");
  assertStringIncludes(error.stack!, ", item 1, run by one");
});

test("arrivals() yields an error for each item of the chunk that failed", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using engine = servers.caller();
  const job = await engine.submit(failing, [1, 3, 5, 2], { chunkSize: 2 });
  const arrived = await Array.fromAsync(job.arrivals());
  arrived.sort((a, b) => a.index - b.index);
  assertEquals(arrived.map(({ index }) => index), [0, 1, 2, 3]);
  assertEquals(arrived.map((one) => "value" in one), [true, true, false, false]);
  const error = await assertRejects(() => job.results(), RangeError, "no 2");
  assertStringIncludes(error.stack!, ", item 3, run by one");
});

test("large items and results of a job cross", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 1);
  await using engine = servers.caller();
  const large = new Uint8Array(3_000_001).map((_, at) => at * 7);
  const job = await engine.submit(same, [large, "small"], { chunkSize: 2 });
  assertEquals(await job.results(), [large, "small"]);
  await job.remove();
  assertEquals(await engine.jobs(), []);
});

test("a job that is cancelled ends for all who wait for it", async () => {
  await using servers = await TestCluster.start();
  const folder = await Deno.makeTempDir();
  const begun = join(folder, "begun");
  servers.startNode("one", 1);
  await using engine = servers.caller();
  await using other = servers.caller();
  const job = await engine.submit(waitsForBoth, [[begun, "nowhere"], [begun, "nowhere"]], {
    id: "long",
  });
  await textOf(begun);
  const waiting = assertRejects(() => job.results(), CancelledError, "long: it was cancelled");
  const controller = new AbortController();
  const aborted = assertRejects(() => job.results({ signal: controller.signal }), Error, "enough");
  await assertRejects(() => job.results({ timeoutMs: 100 }), TimeoutError, "took too long");
  controller.abort(new Error("enough"));
  await aborted;
  const found = await other.attach("long");
  await found.cancel();
  await waiting;
  assertEquals((await job.status()).isCancelled, true);
  const again = () => engine.submit(square, [1], { id: "long" });
  await assertRejects(again, CancelledError, 'Call remove() of attach("long")');
  await found.remove();
  await found.remove();
  assertEquals(await (await engine.submit(square, [7], { id: "long" })).results(), [49]);
  await Deno.remove(folder, { recursive: true });
});

test("results() of a job that is removed meanwhile ends", async () => {
  await using servers = await TestCluster.start();
  await using engine = servers.caller();
  const job = await engine.submit(square, [1], { id: "mine" });
  const waiting = job.results();
  const iteration = job.arrivals();
  const first = iteration.next();
  await using other = servers.caller();
  await (await other.attach("mine")).remove();
  const again = await other.submit(square, [2], { id: "mine" }); // another one of the same id
  const ended = (error: unknown) =>
    error instanceof Deno.errors.NotFound || error instanceof CancelledError;
  assert(ended(await waiting.catch((error) => error)));
  assert(ended(await first.catch((error) => error)));
  servers.startNode("one", 1);
  assertEquals(await again.results(), [4]);
});

test("a job of another call is not mistaken for it", async () => {
  await using servers = await TestCluster.start();
  await using engine = servers.caller();
  await engine.submit(square, [1, 2], { id: "mine" });
  const other = () => engine.submit(square, [1, 2, 3], { id: "mine" });
  await assertRejects(
    other,
    RangeError,
    "mine is there, with 2 items in chunks of 1, not 3",
  );
  await assertRejects(() => engine.attach("yours"), Deno.errors.NotFound, "Cannot find job yours");
  const empty = await engine.submit(square, []);
  assertEquals(await empty.results(), []);
});

test("what was not signed is no result of a job", async () => {
  await using servers = await TestCluster.start();
  await using engine = servers.caller();
  const job = await engine.submit(square, [5], { id: "mine" });
  const connection = await connect({ servers: servers.address });
  const names = namesOf(servers.name);
  const waiting = names.subject("task", JOBS, "*");
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info(names.tasks, { subjects_filter: waiting });
  const subject = Object.keys(state.subjects!)[0].replace(".task.", ".kept.");
  connection.publish(subject, new Uint8Array(100));
  connection.publish(subject, seal(new TextEncoder().encode("another key"), subject, {}));
  await connection.close();
  servers.startNode("one", 1);
  assertEquals(await job.results(), [25]);
});

test("a job that is removed before it was run leaves nothing at the server", async () => {
  await using servers = await TestCluster.start();
  await using engine = servers.caller();
  const job = await engine.submit((data: Uint8Array) => data.length, [new Uint8Array(2_000_000)]);
  await job.remove();
  const connection = await connect({ servers: servers.address });
  const { streams } = await jetstreamManager(connection);
  const { tasks, kept, objects } = namesOf(servers.name);
  for (const stream of [tasks, kept, objects]) {
    while ((await streams.info(stream)).state.messages > 0);
  }
  await connection.close();
});
