/**
 * A node of a cluster, with a server that the test plays. It runs no task: its chunks fail, or wait for what they need.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import type { Deliveries, Delivery, Taker } from "../../lib/cluster/deliveries.ts";
import { Link, type LinkSettings } from "../../lib/cluster/link.ts";
import { Node, type NodeSettings } from "../../lib/cluster/node.ts";
import { type Header, namesOf, open, seal } from "../../lib/cluster/protocol.ts";
import { unpack } from "../../lib/cluster/messages.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { freeMessage, readMessage } from "../../lib/codec/message.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import type { Failure } from "../../lib/pool/chunks/chunk.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

ensureIsolate(); // as opening a link does

const key = new TextEncoder().encode("a key");
const names = namesOf("x");

const settled = () => turnsOfAnyClock(10);

interface Message {
  data: Uint8Array;
  respond?(data: Uint8Array): void;
}
type Callback = (error: Error | null, message: Message) => void;

/** A node at a server that is played. */
async function played(settings: Partial<NodeSettings> = {}) {
  const folder = await Deno.makeTempDir();
  const time = new FakeTime();
  let now = 0;
  const clock = stub(performance, "now", () => now);
  const print = stub(console, "error");
  const log: string[] = [];
  const sent: { subject: string; header: Header; parts: readonly Uint8Array[] }[] = [];
  const callbacks = new Map<string, Callback>();
  let taker!: Taker;
  const deliveries = {
    asked: 0,
    ask(batch: number) {
      if (batch > 0) deliveries.asked += batch;
      log.push(`ask ${batch}`);
    },
    stop: () => log.push("stop"),
  };
  const server = {
    ...{ log, sent, deliveries },
    sendFails: [] as Error[],
    loads: Promise.withResolvers<Uint8Array[]>(),
  };
  server.loads.promise.catch(() => {}); // no chunk may need it
  const link = {
    names,
    settings: { authKey: key },
    connection: {
      subscribe: (subject: string, { callback }: { callback: Callback }) =>
        callbacks.set(subject, callback),
    },
    leaseMs: () => Promise.resolve(2000),
    chunks: (given: Taker) => {
      taker = given;
      return deliveries as unknown as Deliveries;
    },
    open: (subject: string, data: Uint8Array) => open(key, subject, data),
    load: () => server.loads.promise,
    drop: (name: string) => log.push(`drop ${name}`),
    send(subject: string, _: unknown, header: Header, parts: readonly Uint8Array[] = []) {
      const error = server.sendFails.shift();
      if (error !== undefined) return Promise.reject(error);
      sent.push({ subject, header, parts });
      return Promise.resolve(true);
    },
    async close() {
      log.push("closes");
      await settled();
      log.push("closed");
    },
  } as unknown as Link;
  const opening = stub(Link, "open", () => Promise.resolve(link));
  const node = await Node.join({} as LinkSettings, {
    ...{ name: "one", slots: 2, denoArgs: [], modules: undefined, takesSource: false, folder },
    ...settings,
  });
  let left = false;
  const leaving = node.left.then(() => left = true);
  return {
    ...{ node, server, time, print },
    hasLeft: () => left,
    /** Delivers a chunk. */
    async deliver(name: string, header: Header = {}, { count = 1, secret = key } = {}) {
      deliveries.asked--;
      const subject = `mp.x.task.${name}`;
      const about = { task: "fit", attempt: 0, retries: 1, lost: 0, mode: 0, ...header };
      const tell = (text: string) => (ms?: number) => void log.push(`${text} ${name} ${ms ?? ""}`);
      taker.received({
        ...{ subject, data: seal(secret, subject, about), deliveryCount: count },
        ...{ ack: tell("ack"), nak: tell("nak"), term: tell("term"), working: tell("working") },
      } as unknown as Delivery);
      await settled();
    },
    /** Sends something to all nodes. Returns what the node replies. */
    ask(subject: string, header: Header, secret = key): Header | undefined {
      let reply: Header | undefined;
      callbacks.get(subject)!(null, {
        data: seal(secret, subject, header),
        respond: (data) => reply = open(key, subject, data).header,
      });
      return reply;
    },
    async pass(ms: number) {
      for (const end = now + ms; now < end;) {
        now += 50;
        time.tick(50);
        await settled();
      }
    },
    async [Symbol.asyncDispose]() {
      server.loads.reject(new RangeError("the test has ended"));
      await node.abandon();
      await leaving;
      for (const replaced of [opening, print, clock]) replaced.restore();
      time.restore();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Returns the error that a result says. */
function errorIn({ header, parts }: { header: Header; parts: readonly Uint8Array[] }): Error {
  const message = unpack(header.streamBytes as number, header.definitions, parts);
  const decoder = new Decoder();
  readMessage(decoder, message);
  decoder.number();
  const { error } = decoder.value() as Failure;
  decoder.finish();
  freeMessage(message);
  return error as unknown as Error; // it arrives without its wrapper
}

/** The name of a program, which the node has to load. */
const program = `${"0".repeat(24)}.1.1.${"a".repeat(64)}`;

Deno.test("a node asks for as many chunks as it has slots, and again when half of them are free", async () => {
  await using all = await played({ slots: 4, takesSource: true });
  const { server: { log, deliveries }, deliver, pass } = all;
  assertEquals(log.splice(0), ["ask 4"]);
  for (const index of [0, 1, 2]) await deliver(`me.1.${index}`, { program });
  assertEquals([log.splice(0), deliveries.asked], [[], 1]);
  await deliver("me.1.3", { program });
  assertEquals(log.splice(0), ["ask 0"]); // nothing is on the way, and all slots are taken
  all.server.loads.reject(new RangeError("no server")); // all of them fail
  await settled();
  // As many ahead as it has run in a short time, when that is half of what it can have.
  assertEquals(log.filter((text) => text.startsWith("ask")), ["ask 2", "ask 4"]);
  await pass(100);
  log.length = 0;
  deliveries.asked = 1;
  await deliver("me.2.0", { program: "no name" });
  assertEquals(log, ["ask 3", "ack me.2.0 "]); // it has run none in the last while
});

Deno.test("a node refuses a chunk that was not signed, or is damaged", async () => {
  await using all = await played();
  const { server: { log, sent }, deliver, print } = all;
  await deliver("me.1.0", {}, { secret: new TextEncoder().encode("another key") });
  await deliver("me.1.1", { task: 5 });
  await deliver("me.1.2", { retries: 1e6 + 1 });
  await deliver("me.1.3", { deaths: 5 });
  const term = [0, 1, 2, 3].map((index) => `term me.1.${index} `);
  assertEquals(log.filter((text) => text.startsWith("term")), term);
  assertEquals(print.calls.map(({ args: [text] }) => text), Array(4).fill("A chunk was refused:"));
  assertEquals([sent, all.node instanceof Node], [[], true]);
});

Deno.test("a node gives up a chunk that nodes were lost with more often than it may be", async () => {
  await using all = await played();
  const { server: { log, sent }, deliver } = all;
  const deaths = [{ node: "two", exitCode: 1, at: 1 }];
  await deliver("me.1.0", { lost: 1, deaths, attempt: 3 }, { count: 2 }); // begun twice, may be once more
  const [letter, result] = sent.splice(0);
  assertEquals(letter.subject, "mp.x.dead.me.1.0");
  const { at, ...rest } = letter.header;
  assertEquals([typeof at, rest], ["number", { task: "fit", deaths, lostNodes: 1 }]);
  assertEquals(result.subject, "mp.x.result.me.1.0");
  const { attempt, died, lost, node } = result.header;
  assertEquals([attempt, died, lost, node], [3, true, 2, "one"]);
  assertStringIncludes(
    errorIn(result).message,
    "The nodes that ran task fit were lost: it was begun 2",
  );
  assertEquals(log.filter((text) => text.startsWith("ack")), ["ack me.1.0 "]);
});

Deno.test("a node keeps the results of jobs, and removes the objects of their chunks", async () => {
  await using all = await played();
  const { server: { log, sent }, deliver } = all;
  await deliver("jobs.night=1.0", { program, object: "o" });
  await deliver("me.1.0", { program, object: "p" }); // its owner does that
  assertEquals(sent.map(({ subject }) => subject), [
    ...["mp.x.kept.jobs.night=1.0", "mp.x.result.me.1.0"],
  ]);
  for (const result of sent) {
    assertEquals([result.header.died, result.header.lost], [false, 0]);
    assertStringIncludes(errorIn(result).message, "node one takes no modules of callers");
  }
  assertEquals(log.filter((text) => text.startsWith("drop")), ["drop o"]);
});

Deno.test("a node sends the error in place of a result that cannot be sent, and else gives the chunk back", async () => {
  await using all = await played();
  const { server, deliver, print } = all;
  server.sendFails.push(new RangeError("too long"));
  await deliver("me.1.0", { program });
  assertEquals(errorIn(server.sent[0]).message, "too long");
  assertEquals(print.calls.length, 0);
  server.sendFails.push(new TypeError("odd"));
  await deliver("me.1.1", { program });
  assertEquals(print.calls.map(({ args: [text] }) => text), ["A chunk goes back:"]);
  const told = server.log.filter((text) => !text.startsWith("ask"));
  assertEquals(told, ["ack me.1.0 ", "nak me.1.1 1000"]);
});

Deno.test("a node tells callers that have its key what it does", async () => {
  await using all = await played({ takesSource: true });
  const { ask, deliver, pass, node } = all;
  await deliver("me.1.0", { program });
  await pass(200);
  const other = new TextEncoder().encode("another key");
  assertEquals(ask(names.who, {}, other), undefined);
  const { protocol: _, rss, ...status } = ask(names.who, {})!;
  assertEquals(typeof rss, "number");
  const deno = Deno.version.deno;
  const running = [{ task: "fit", forMs: 200 }];
  assertEquals(status, { name: "one", slots: 2, isLeaving: false, deno, running, done: 0 });
  node.leave();
  assertEquals(ask(names.who, {})!.isLeaving, true);
});

Deno.test("a node renews the leases of its chunks four times while they last", async () => {
  await using all = await played({ takesSource: true });
  const { server: { log }, deliver, pass } = all;
  await deliver("me.1.0", { program });
  log.length = 0;
  await pass(2000);
  assertEquals(log.filter((text) => text.startsWith("working")), Array(4).fill("working me.1.0 "));
});

Deno.test("a node sends no result of what was cancelled by its owner", async () => {
  await using all = await played({ takesSource: true });
  const { server, ask, deliver } = all;
  for (const name of ["me.1.0", "me.2.0", "you.1.0"]) await deliver(name, { program });
  const other = new TextEncoder().encode("another key");
  ask(names.cancel, { owner: "me" }, other);
  ask(names.cancel, { owner: "me", job: "1" });
  ask(names.cancel, { owner: "nobody" });
  server.loads.reject(new RangeError("no server"));
  await settled();
  const subjects = server.sent.map(({ subject }) => subject).sort();
  assertEquals(subjects, ["mp.x.result.me.2.0", "mp.x.result.you.1.0"]);
  assertEquals(server.log.filter((text) => text.startsWith("ack")).length, 3);
});

Deno.test("a node that leaves takes no more, and ends when its chunks have", async () => {
  await using all = await played({ takesSource: true });
  const { server, node, deliver, hasLeft, time } = all;
  await deliver("me.1.0", { program });
  server.log.length = 0;
  node.leave();
  await settled();
  assertEquals([server.log.splice(0), hasLeft()], [["stop"], false]);
  server.loads.reject(new RangeError("no server"));
  await node.left;
  assertEquals(server.log, ["ack me.1.0 ", "closes", "closed"]);
  assertEquals(time.next(), false); // no timer is left
});

Deno.test("a node that is told again to leave gives its chunks back", async () => {
  await using all = await played({ takesSource: true });
  const { server, node, deliver } = all;
  await deliver("me.1.0", { program });
  server.log.length = 0;
  node.leave();
  const abandoned = node.abandon();
  server.loads.reject(new RangeError("no server"));
  await abandoned;
  await node.left;
  assertEquals(server.log, ["stop", "stop", "nak me.1.0 ", "closes", "closed"]);
  assertEquals(server.sent, []);
});
