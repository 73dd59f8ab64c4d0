/**
 * The engine of a pool on a cluster, with servers and nodes that the test plays.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import {
  ClosedError,
  CorruptMessageError,
  DataCloneError,
  Pool,
  TerminatedError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { ClusterEngine } from "../../lib/cluster/cluster_engine.ts";
import type { Deliveries, Delivery, Taker } from "../../lib/cluster/deliveries.ts";
import type { Link, SendOptions } from "../../lib/cluster/link.ts";
import type { PackedMessage } from "../../lib/cluster/messages.ts";
import { type Header, namesOf, open, type Opened, seal } from "../../lib/cluster/protocol.ts";
import { resultOf, runRemoteChunk } from "../../lib/cluster/remote_chunk.ts";
import type { SharedLink } from "../../lib/cluster/shared_link.ts";
import { Thrown } from "../../lib/codec/thrown.ts";
import { CallMode, ChunkStatus } from "../../lib/pool/chunks/chunk.ts";
import { type Engine, setEngineFactory } from "../../lib/pool/engines/engine.ts";
import { keepsMemory, test } from "../fixtures/guarded.ts";
import { failing, same, square } from "./cluster_tasks.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

keepsMemory(); // the functions of results keep their names

const settled = () => turnsOfAnyClock(10);
const key = new TextEncoder().encode("a key");

interface Task {
  subject: string;
  id: string;
  data: Uint8Array;
  options: SendOptions;
  stored(): void;
}

/** A cluster that is played. */
class PlayedCluster {
  /** The chunks that were sent, the last one last. */
  readonly tasks: Task[] = [];
  readonly log: string[] = [];
  users = 0;
  counted = 0;
  nodes = 2;
  /** Whether the server stores chunks at once. */
  stores = true;
  failsWith: Error | undefined;
  #taker: Taker | undefined;
  readonly engine = {};
  readonly made: ClusterEngine[] = [];

  readonly link = {
    names: namesOf("x"),
    settings: { keepMs: 1e6 },
    open: (subject: string, data: Uint8Array) => open(key, subject, data),
    contentsOf: ({ message }: Opened) => Promise.resolve([message]),
    send: (
      subject: string,
      id: string,
      header: Header,
      parts: Uint8Array[],
      options: SendOptions,
    ) => {
      const stored = Promise.withResolvers<boolean>();
      const data = seal(key, subject, header, parts);
      this.tasks.push({ subject, id, data, options, stored: () => stored.resolve(true) });
      if (this.stores) stored.resolve(true);
      return stored.promise;
    },
    results: (owner: string, taker: Taker) => {
      this.log.push(`receives ${owner.length}`);
      this.#taker = taker;
      return Promise.resolve({
        asked: 0,
        ask() {},
        stop: () => this.log.push("stops receiving"),
      } as unknown as Deliveries);
    },
    beforeClose() {},
    cancel: (owner: string, job: string) => {
      this.log.push(`cancels ${job} of ${owner.length}`);
      return Promise.resolve();
    },
    drop: (name: string) => this.log.push(`drops ${name}`),
    forget: (owner: string) => {
      this.log.push(`forgets ${owner.length}`);
      return Promise.resolve();
    },
  } as unknown as Link;

  constructor() {
    const access = {
      link: {
        acquire: () => {
          this.users++;
          if (this.failsWith !== undefined) return Promise.reject(this.failsWith);
          return Promise.resolve(this.link);
        },
        release: () => this.users--,
        close: () => Promise.resolve(void this.log.push("closes")),
      } as unknown as SharedLink,
      slots: () => 3,
      count: () => {
        this.counted++;
        return Promise.resolve(this.nodes);
      },
      adviceForNoNode: "no node answers",
      programOf: () => undefined,
    };
    setEngineFactory(this.engine as never, () => {
      this.made.push(new ClusterEngine(access));
      return this.made.at(-1) as unknown as Engine;
    });
  }

  pool(options: { retries?: number; retryOn?: () => boolean } = {}): Pool {
    return new Pool({ engine: this.engine as never, ...options }) as unknown as Pool;
  }

  /** The headers of the chunks that were sent. */
  get headers(): Header[] {
    return this.tasks.map(({ subject, data }) => open(key, subject, data).header);
  }

  /** Runs a chunk. */
  async run(at: number): Promise<PackedMessage> {
    const { subject, data } = this.tasks[at];
    const { header, message } = open(key, subject, data);
    const { mode, streamBytes, definitions } = header as never;
    const parts = [message];
    return await runRemoteChunk({
      mode,
      streamBytes,
      definitions,
      parts,
      constants: [],
      worker: "a",
    });
  }

  /** Delivers a result of a chunk. */
  async deliver(at: number, result: PackedMessage, more: Header = {}, secret = key): Promise<void> {
    const subject = this.tasks[at].subject.replace(".task.", ".result.");
    const { attempt } = this.headers[at];
    const header = { attempt, died: false, lost: 0, ...result, parts: undefined, ...more };
    const data = seal(secret, subject, header as Header, result.parts);
    this.#taker!.received({ subject, data, ack() {} } as unknown as Delivery);
    await settled();
  }

  async finish(at: number): Promise<void> {
    await this.deliver(at, await this.run(at));
  }
}

/** A result that says that a process has ended. */
const death = () =>
  resultOf(ChunkStatus.FAILED, {
    error: new Thrown(new WorkerDiedError("a process ended", { exitCode: 7 } as never)),
    index: 0,
    by: { task: "square", worker: "a" },
  });

test("a pool on a cluster sends chunks, and takes their results in any order, the first of each", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const result = pool.map(square, [1, 2, 3, 4, 5], { chunkSize: 2 });
  await settled();
  assertEquals(played.tasks.map(({ subject }) => subject.split(".").slice(-2)), [
    ...[["1", "0"], ["1", "1"], ["1", "2"]],
  ]);
  assertEquals(new Set(played.tasks.map(({ id }) => id)).size, 3);
  const [{ mode, attempt, retries }] = played.headers;
  assertEquals([mode, attempt, retries, played.users], [CallMode.MAP, 0, 1, 1]);
  for (const at of [2, 0]) await played.finish(at);
  const other = await played.run(1);
  await played.deliver(0, other); // of another chunk, once more
  await played.deliver(1, other);
  assertEquals(await result, [1, 4, 9, 16, 25]);
  assertEquals([played.users, played.made[0].chunksOut], [0, 0]);
  assertEquals(played.log, ["receives 32"]);
});

test("a pool on a cluster keeps the connection while a chunk is out", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const results = [pool.apply(square, [1]), pool.apply(square, [2])];
  await settled();
  assertEquals(played.users, 1);
  await played.finish(0);
  assertEquals(played.users, 1);
  await played.finish(1);
  assertEquals([await Promise.all(results), played.users], [[1, 4], 0]);
  const third = pool.apply(square, [3]);
  await settled();
  await played.finish(2);
  assertEquals(await third, 9);
  assertEquals(played.log, ["receives 32"]); // once for the connection
});

test("a pool on a cluster drops the objects of chunks and results", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const result = pool.apply(square, [3]);
  await settled();
  played.tasks[0].options.onStored!("of the chunk");
  await played.deliver(0, await played.run(0), { object: "of the result" });
  await played.deliver(0, await played.run(0), { object: "of another result" });
  assertEquals(await result, 9);
  const dropped = played.log.filter((text) => text.startsWith("drops")).sort();
  assertEquals(dropped, ["drops of another result", "drops of the chunk", "drops of the result"]);
  assertEquals(played.users, 0);
});

test("a chunk that failed is sent again as often as its pool says", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool({ retries: 1, retryOn: () => true });
  const failed = assertRejects(
    () => pool.map(failing, [1, 2, 3], { chunkSize: 3 }),
    RangeError,
    "no 2",
  );
  await settled();
  await played.finish(0);
  assertEquals(played.headers.map(({ attempt, retries }) => [attempt, retries]), [[0, 1], [1, 0]]);
  assertEquals(played.users, 1);
  await played.deliver(0, await played.run(0)); // of the first attempt: too late
  assertEquals(played.made[0].chunksOut, 1);
  await played.finish(1);
  const error = await failed;
  assert(error.stack!.includes(", item 1, run by a"), error.stack);
  assertEquals([played.tasks.length, played.users], [2, 0]);
});

test("a chunk whose process ended has been run again by the nodes", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool({ retries: 2, retryOn: () => true });
  const died = assertRejects(() => pool.apply(square, [2]), WorkerDiedError, "a process ended");
  await settled();
  await played.deliver(0, death(), { died: true, lost: 3 });
  await died;
  assertEquals(played.tasks.length, 1);
  const failed = assertRejects(() => pool.apply(failing, [2]), RangeError, "no 2");
  await settled();
  await played.deliver(1, await played.run(1), { lost: 1 }); // one of two attempts is left
  await played.finish(2);
  await failed;
  assertEquals(played.tasks.length, 3);
});

test("a call that is aborted takes its chunks back, and cancels those that were sent", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const stop = new AbortController();
  played.stores = false;
  const aborted = assertRejects(
    () => pool.map(square, [1, 2], { chunkSize: 1, signal: stop.signal }),
    SyntaxError,
    "enough",
  );
  await settled();
  assertEquals(played.tasks[0].options.isWanted!(), true);
  stop.abort(new SyntaxError("enough"));
  await aborted;
  assertEquals(played.tasks[0].options.isWanted!(), false);
  await settled();
  assertEquals(played.log, ["receives 32", "cancels 1 of 32"]);
  assertEquals([played.users, played.made[0].chunksOut], [0, 0]);
  for (const { stored } of played.tasks) stored();
  await played.deliver(0, await played.run(0)); // nobody waits for it
});

test("at most 256 chunks are on the way to the server", async () => {
  const played = new PlayedCluster();
  played.stores = false;
  await using pool = played.pool();
  const items = Array.from({ length: 300 }, (_, x) => x);
  const ended = assertRejects(
    () => pool.map(same, items, { chunkSize: 1 }),
    TerminatedError,
    "the pool was terminated",
  );
  await settled();
  assertEquals(played.tasks.length, 256);
  played.tasks[0].stored();
  await settled();
  assertEquals(played.tasks.length, 257);
  played.stores = true;
  for (const { stored } of played.tasks) stored();
  await settled();
  assertEquals(played.tasks.length, 300);
  pool.terminate();
  await ended;
});

test("a result that is damaged fails its call, and one of nobody is said", async () => {
  using print = stub(console, "error");
  const played = new PlayedCluster();
  await using pool = played.pool();
  const damaged = assertRejects(
    () => pool.apply(square, [2]),
    CorruptMessageError,
    "its definitions are no list",
  );
  const whole = pool.apply(square, [3]);
  await settled();
  const result = await played.run(0);
  await played.deliver(0, result, {}, new TextEncoder().encode("another key"));
  assertEquals(print.calls.length, 1);
  await played.deliver(0, result, { definitions: 5 });
  await damaged;
  await played.finish(1);
  assertEquals([await whole, print.calls.length, played.users], [9, 1, 0]);
});

test("a result of a status that there is not fails its call", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const odd = assertRejects(() => pool.apply(square, [2]), CorruptMessageError, "its status is 9");
  await settled();
  await played.deliver(0, resultOf(9 as ChunkStatus, undefined));
  await odd;
  assertEquals(played.users, 0);
});

test("a result that nobody waits for, and that is damaged, is said", async () => {
  using print = stub(console, "error");
  const played = new PlayedCluster();
  await using pool = played.pool();
  const whole = pool.apply(square, [3]);
  await settled();
  await played.finish(0);
  await played.deliver(0, await played.run(0), { object: 5 });
  const said = print.calls.map(({ args: [text, error] }) => `${text} ${error.message}`);
  assertEquals([await whole, said.length], [9, 1]);
  assert(said[0].includes("its object is no text"), said[0]);
});

test("a call of which an item cannot be sent takes back the chunks before it", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const items: unknown[] = [1, Symbol("odd")];
  await assertRejects(() => pool.map(same, items, { chunkSize: 1 }), DataCloneError, "items[1]");
  await settled();
  assertEquals([played.tasks, played.users, played.made[0].chunksOut], [[], 0, 0]);
});

test("a pool sends more calls than may be on the way, one after the other", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  for (let at = 0; at < 257; at++) {
    const result = pool.apply(square, [at]);
    while (played.tasks.length === at) await turnsOfAnyClock();
    await played.finish(at);
    assertEquals(await result, at * at);
  }
});

test("a result may only name functions that its caller has sent", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  const other = assertRejects(() => pool.apply(same, [1]), CorruptMessageError);
  const own = pool.apply(same, [square]);
  await settled();
  const result = await played.run(1);
  await played.deliver(1, result);
  assertEquals(await own, square);
  const definitions = result.definitions.map((definition) => ({ ...definition, name: "not sent" }));
  await played.deliver(0, { ...result, definitions });
  await other;
});

test("a call fails if no server can be reached, and the next one tries again", async () => {
  const played = new PlayedCluster();
  await using pool = played.pool();
  played.failsWith = new RangeError("no server");
  await assertRejects(() => pool.map(square, [1, 2], { chunkSize: 1 }), RangeError, "no server");
  await settled();
  assertEquals([played.users, played.made[0].chunksOut], [0, 0]);
  played.failsWith = undefined;
  const result = pool.apply(square, [3]);
  await settled();
  await played.finish(0);
  assertEquals(await result, 9);
});

test("a pool that waits counts the nodes, and says once that there is none", async () => {
  using time = new FakeTime();
  using warn = stub(console, "warn");
  const played = new PlayedCluster();
  played.nodes = 0;
  const pool = played.pool();
  const result = pool.apply(square, [3]);
  const warnings: [number, number][] = [];
  for (let times = 0; times < 4; times++) {
    await settled();
    warnings.push([played.counted, warn.calls.length]);
    if (times === 0) played.nodes = 1;
    if (times === 1) played.nodes = 0;
    time.tick(5000);
  }
  await settled();
  warnings.push([played.counted, warn.calls.length]);
  assertEquals(warnings, [[1, 0], [2, 0], [3, 1], [4, 1], [5, 1]]);
  assertEquals(warn.calls[0].args, ["A pool waits: no node answers"]);
  await played.finish(0);
  assertEquals(await result, 9);
  time.tick(5000);
  await settled();
  assertEquals(played.counted, 5);
  const again = pool.apply(square, [4]);
  await settled();
  assertEquals(played.counted, 5); // they were counted
  await played.finish(1);
  assertEquals(await again, 16);
  pool.terminate();
  await pool.join();
});

test("a pool that ends forgets its results at the server, and closes the connection", async () => {
  const played = new PlayedCluster();
  const pool = played.pool();
  const result = pool.apply(square, [3]);
  await settled();
  pool.close();
  let hasJoined = false;
  const joined = pool.join().then(() => hasJoined = true);
  await settled();
  assertEquals(hasJoined, false);
  await played.finish(0);
  assertEquals(await result, 9);
  await joined;
  assertEquals(played.log, ["receives 32", "stops receiving", "forgets 32", "closes"]);
  assertEquals(played.users, 0);
  const unused = new PlayedCluster();
  const other = unused.pool();
  other.terminate();
  await other.join();
  assertThrows(() => other.applyAsync(square, [1]), ClosedError, "terminated");
  assertEquals(unused.log, ["closes"]);
});

test("a pool on a cluster does not block", () => {
  const played = new PlayedCluster();
  const pool = played.pool();
  assertThrows(() => pool.applySync(square, [1]), Deno.errors.NotSupported, "Cannot block on a");
  pool.terminate();
});
