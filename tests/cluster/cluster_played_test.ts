/**
 * What callers ask of a cluster, with servers and nodes that the test plays.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { Pool, TimeoutError } from "@sauropod/multiprocessing";
import { cluster, type ClusterOptions, type NodeStatus } from "../../lib/cluster/cluster.ts";
import { Link } from "../../lib/cluster/link.ts";
import { errors } from "../../lib/cluster/nats.ts";
import { namesOf, open, seal } from "../../lib/cluster/protocol.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

const key = new TextEncoder().encode("a key");
const { who } = namesOf("x");

const settled = () => turnsOfAnyClock(5);

const node = (name: string, slots: number, isLeaving = false): NodeStatus => ({
  ...{ name, slots, isLeaving, deno: "2", running: [], done: 0, rss: 1 },
});

/** A cluster of these nodes. */
function played(options: ClusterOptions = {}) {
  const time = new FakeTime();
  let now = 0;
  const clock = stub(performance, "now", () => now);
  const log: string[] = [];
  const server = {
    nodes: [] as NodeStatus[],
    foreign: [] as Uint8Array[],
    failsWith: undefined as Error | undefined,
    opens: true,
  };
  const link = {
    names: namesOf("x"),
    settings: { authKey: key },
    connection: {
      async requestMany(subject: string, question: Uint8Array) {
        open(key, subject, question);
        log.push(`asks ${subject}`);
        await Promise.resolve();
        return (async function* () {
          for (const data of server.foreign) yield { data };
          for (const one of server.nodes) yield { data: seal(key, who, { ...one }) };
          if (server.failsWith !== undefined) throw server.failsWith;
        })();
      },
    },
    forgetDead: () => Promise.resolve(log.push("forgets")),
    close: () => Promise.resolve(log.push("closes")),
  } as unknown as Link;
  const opening = stub(
    Link,
    "open",
    () => server.opens ? Promise.resolve(link) : new Promise<never>(() => {}),
  );
  return {
    ...{ server, log, time },
    caller: cluster({ name: "x", authKey: "a key", ...options }),
    async pass(ms: number) {
      for (const end = now + ms; now < end;) {
        now += 100;
        time.tick(100);
        await settled();
      }
    },
    [Symbol.dispose]() {
      opening.restore();
      clock.restore();
      time.restore();
    },
  };
}

Deno.test("Cluster.nodes() returns the nodes that have its key, by name", async () => {
  using all = played();
  const { caller, server, log } = all;
  server.nodes = [node("b", 2), node("c", 3), node("a", 1)];
  server.foreign = [new Uint8Array(100), seal(undefined, who, { ...node("foreign", 9) })];
  assertEquals((await caller.nodes()).map(({ name }) => name), ["a", "b", "c"]);
  server.nodes = [];
  assertEquals(await caller.nodes(), []);
  server.failsWith = new errors.NoRespondersError(who);
  assertEquals(await caller.nodes(), []);
  server.failsWith = new RangeError("broken");
  await assertRejects(() => caller.nodes(), RangeError, "broken");
  await caller[Symbol.asyncDispose]();
  assertEquals(log.at(-1), "closes");
});

Deno.test("pools on a cluster have the slots of its nodes, once they have answered", async () => {
  using all = played();
  const { caller, server } = all;
  await using pool = new Pool({ engine: caller });
  assertEquals(pool.processes, 8);
  server.nodes = [node("a", 2), node("b", 3), node("c", 9, true)];
  await caller.nodes();
  assertEquals(pool.processes, 5);
  server.nodes = [];
  await caller.nodes();
  assertEquals(pool.processes, 5); // they may come back
  server.nodes = [node("a", 2, true)];
  await caller.nodes();
  assertEquals(pool.processes, 1);
});

Deno.test("Cluster.ready() resolves when there are as many slots of nodes that take chunks", async () => {
  using all = played();
  const { caller, server, log, pass } = all;
  server.nodes = [node("a", 2), node("b", 8, true)];
  assertEquals((await caller.ready()).map(({ name }) => name), ["a", "b"]);
  assertEquals((await caller.ready({ slots: 2 })).length, 2);
  log.length = 0;
  let found: NodeStatus[] | undefined;
  const ready = caller.ready({ slots: 3 }).then((nodes) => found = nodes);
  await settled();
  await pass(100);
  assertEquals([log.length, found], [1, undefined]);
  await pass(100); // asks five times a second
  assertEquals([log.length, found], [2, undefined]);
  server.nodes.push(node("c", 1));
  await pass(200);
  assertEquals((await ready).length, 3);
  await caller[Symbol.asyncDispose]();
});

Deno.test("Cluster.ready() says which nodes there are when its time is over, or its signal is aborted", async () => {
  using all = played();
  const { caller, server, pass, log } = all;
  const text = "Cannot wait for nodes: no node of cluster x answers. Start one: the program " +
    "@sauropod/multiprocessing/node, with --connect 127.0.0.1:4222 --name x, and the same authKey";
  await assertRejects(() => caller.ready({ timeoutMs: 0 }), TimeoutError, text);
  server.nodes = [node("a", 1), node("b", 1)];
  const few = assertRejects(
    () => caller.ready({ slots: 3, timeoutMs: 400 }),
    TimeoutError,
    "2 nodes of cluster x have 2 slots, and 3 are wanted. Start nodes with --name x",
  );
  await settled();
  log.length = 0;
  await pass(300);
  assertEquals(log.length, 1);
  await pass(100);
  await few;
  const stop = new AbortController();
  const stopped = assertRejects(
    () => caller.ready({ slots: 3, signal: stop.signal }),
    SyntaxError,
    "enough",
  );
  await settled();
  stop.abort(new SyntaxError("enough"));
  await pass(200);
  await stopped;
  const slots = 0;
  await assertRejects(async () => await caller.ready({ slots }), RangeError, "slots must be ");
  await caller[Symbol.asyncDispose]();
});

Deno.test("Cluster.ready() says that no server answers, after five seconds at least", async () => {
  using all = played({ servers: ["localhost:1", "localhost:2"] });
  const { caller, server, pass } = all;
  server.opens = false;
  let said: Error | undefined;
  const waiting = caller.ready({ timeoutMs: 1 }).catch((error) => said = error);
  await pass(4900);
  assertEquals(said, undefined);
  await pass(200);
  await waiting;
  assertEquals(said instanceof TimeoutError, true);
  const text =
    "no server of cluster x answers. Check that nats-server runs at localhost:1, localhost:2";
  assertEquals(said!.message, `Cannot wait for nodes: ${text}`);
  void caller[Symbol.asyncDispose]();
});

Deno.test("Cluster.clearDeadLetters() forgets them, and a cluster shows its name", async () => {
  using all = played();
  const { caller, log } = all;
  await caller.clearDeadLetters();
  await caller[Symbol.asyncDispose]();
  assertEquals(log, ["forgets", "closes"]);
  assertEquals(Deno.inspect(caller), 'Cluster { name: "x" }');
});
