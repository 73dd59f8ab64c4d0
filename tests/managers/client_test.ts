/**
 * A client of a server that this isolate plays itself, or runs.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  ClosedError,
  InitializerError,
  MemoryError,
  Queue,
  TaskLookupError,
  tasksOf,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { envelopeOf } from "../../lib/channels/envelope.ts";
import { storeThrown, storeValue, takeValue } from "../../lib/codec/message.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  isolateWord,
  publishEnd,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { type CallResult, clientOf } from "../../lib/managers/client.ts";
import type { ManagerRequest, ObjectSpec, Referent, Reply } from "../../lib/managers/protocol.ts";
import { serve } from "../../lib/managers/server.ts";
import { wakeAll } from "../../lib/parking/wait_queue.ts";
import { Counter } from "../fixtures/manager_types.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { useUpHeap } from "../fixtures/heap.ts";
import { guard } from "../fixtures/workers.ts";

ensureIsolate();

/** The end of a server that this isolate plays, and a client of it. */
function makeServer() {
  const requests = new Queue<ManagerRequest>();
  const record = createIsolateRecord(thisIsolate);
  const client = clientOf({ requests, record });
  let ended = false;
  const end = (exitCode: number) => {
    ended = true;
    publishEnd(record, exitCode);
    wakeAll(record + isolateWord.ENDED_QUEUE);
  };
  return {
    ...{ requests, record, client, end },
    /** Replies to the next request. */
    async reply(kind: Reply["kind"], contents: Reply["contents"]): Promise<void> {
      const { replies, call, contents: envelope } = await requests.get(guard);
      takeValue(envelope.take());
      replies.putSync({ call, kind, contents });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      if (!ended) end(0);
      await turn(); // its client has learned of it
      await turn();
      freeIsolateRecord(record);
    },
  };
}

/** Returns an envelope with a value. */
const envelope = (value: unknown) => envelopeOf(storeValue(value, "value"));

test("clientOf() returns the same client for the same server", async () => {
  await using server = makeServer();
  const { requests, record, client } = server;
  assertStrictEquals(clientOf({ requests, record }), client);
});

test("a call settles with the reply to it, whatever the order of the replies", async () => {
  await using server = makeServer();
  const { client, requests } = server;
  const calls = ["a", "b", "c"].map((method) => client.call(7, method, [method], "args"));
  const taken = [];
  for (const method of ["a", "b", "c"]) {
    const request = await requests.get(guard);
    assertEquals([request.object, request.method], [7, method]);
    assertEquals(takeValue(request.contents.take()), [method]);
    taken.push(request);
  }
  for (const { replies, call, method } of taken.reverse()) {
    replies.putSync({ call, kind: "value", contents: envelope(`${method}!`) });
  }
  const results = ["a!", "b!", "c!"].map((contents) => ({ kind: "value", contents } as CallResult));
  assertEquals(await Promise.all(calls), results);
  const again = client.call(7, "d", [], "args"); // when no call was pending
  await server.reply("value", envelope(4));
  assertEquals(await again, { kind: "value", contents: 4 });
});

test("a call rejects with the error of the reply, or that there was no room for it", async () => {
  await using server = makeServer();
  const failing = assertRejects(() => server.client.call(7, "f", [], "args"), RangeError, "no");
  await server.reply("error", envelopeOf(storeThrown(new RangeError("no"))));
  await failing;
  const forgotten = assertRejects(
    () => server.client.call(7, "f", [], "args"),
    MemoryError,
    "Cannot call f: it failed, and the shared heap has no room for its error",
  );
  await server.reply("error", undefined);
  await forgotten;
});

test("a call rejects if its result cannot be read here, and the client goes on", async () => {
  await using server = makeServer();
  const missing = tasksOf<{ gone(): void }>(new URL("./nowhere.ts", import.meta.url)).gone;
  const unreadable = assertRejects(() => server.client.call(7, "f", [], "args"), TaskLookupError);
  await server.reply("value", envelope(missing));
  await unreadable;
  const next = server.client.call(7, "f", [], "args");
  await server.reply("value", envelope(1));
  assertEquals(await next, { kind: "value", contents: 1 });
});

test("a call that its server had replied to before it died succeeds; the others fail", async () => {
  for (const exitCode of [0, 7]) {
    await using server = makeServer();
    const calls = [1, 2].map(() => server.client.call(7, "f", [], "args"));
    const errorClass = exitCode === 0 ? ClosedError : WorkerDiedError;
    const failing = assertRejects(() => calls[1], errorClass, "Cannot call f: ");
    await server.reply("value", envelope(1));
    server.end(exitCode);
    assertEquals(await calls[0], { kind: "value", contents: 1 });
    await failing;
    await assertRejects(() => server.client.call(7, "f", [], "args"), errorClass);
    assert(server.requests.size() === 1); // that call was not sent
    takeValue(server.requests.getSync().contents.take());
  }
});

test("a call rejects when the requests of the server are closed", async () => {
  await using server = makeServer();
  server.requests.close();
  await assertRejects(
    () => server.client.call(7, "f", [], "args"),
    ClosedError,
    "Cannot call f: the manager is shut down",
  );
});

/** Runs a server in this isolate. */
function runServer(initializer?: () => unknown) {
  const server = makeServer();
  const running = serve(server.requests, initializer as never, []);
  const make = async (spec: Partial<ObjectSpec>) => {
    const whole = { callable: Counter, args: [], exposed: undefined, ...spec };
    return (await server.client.call(0, "Counter", whole, "")).contents as Referent;
  };
  return {
    ...{ make, running, requests: server.requests },
    call: (object: number, method: string, args: unknown[] = []) =>
      server.client.call(object, method, args, "args"),
    async [Symbol.asyncDispose](): Promise<void> {
      server.requests.close();
      await running;
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a server calls only methods that an object has and exposes", async () => {
  await using server = runServer();
  const counter = await server.make({ exposed: ["add", "nothing"] });
  assertEquals([counter.typeid, counter.exposed], ["Counter", ["add", "nothing"]]);
  assertEquals(await server.call(counter.id, "add", [2]), { kind: "value", contents: 2 });
  const wrongs: [object: number, method: string, message: string][] = [
    [counter.id, "echo", "Cannot call echo of Counter: it is not exposed"],
    [counter.id, "nothing", "Cannot call nothing: the object has no such method"],
    [counter.id + 1, "add", "Cannot call add: the object does not exist"],
  ];
  for (const [object, method, message] of wrongs) {
    await assertRejects(() => server.call(object, method), Error, message);
  }
});

test("a server exposes the methods of an object and its classes, without those that proxies need", async () => {
  await using server = runServer();
  const own = () => ({
    ...{ own: () => 1, _hidden: () => 2, toString: () => "", value: 3 },
  });
  assertEquals((await server.make({ callable: own })).exposed, ["own"]);
  const { exposed } = await server.make({ callable: Counter });
  assertEquals(exposed.includes("add") && exposed.includes("reach"), true);
  assertEquals(exposed.filter((name) => ["constructor", "hasOwnProperty"].includes(name)), []);
});

test("a server keeps its iterators, with the methods that they have", async () => {
  await using server = runServer();
  const counter = await server.make({ args: [2] });
  const { kind, contents } = await server.call(counter.id, "down");
  const numbers = contents as Referent;
  assertEquals([kind, numbers.typeid, numbers.exposed], [
    "iterator",
    "iterator",
    ["next", "return", "throw"],
  ]);
  const values = [];
  for (let turns = 0; turns < 3; turns++) {
    values.push((await server.call(numbers.id, "next")).contents);
  }
  assertEquals(values, [
    { done: false, value: 2 },
    { done: false, value: 1 },
    { done: true, value: undefined },
  ]);
});

test("a server whose initializer has failed answers every request with that", async () => {
  await using server = runServer(() => {
    throw new RangeError("no");
  });
  for (let times = 0; times < 2; times++) {
    const error = await assertRejects(() => server.make({}), InitializerError, "The initializer");
    assert(error.cause instanceof RangeError);
  }
});

test("a server tells that the heap is full when a result does not fit, by the headroom of the heap", async () => {
  await using server = runServer();
  const large = await server.make({ callable: () => ({ text: () => "long".repeat(50_000) }) });
  for (let times = 0; times < 3; times++) {
    const calling = server.call(large.id, "text");
    using _ = useUpHeap(32);
    await assertRejects(() => calling, MemoryError, "the shared heap");
  }
  const { contents } = await server.call(large.id, "text");
  assertEquals((contents as string).length, 200_000);
});

test("a server ends when its requests are closed and all calls have ended", async () => {
  await using server = runServer();
  const gate = await server.make({
    callable: () => ({
      wait: () => new Promise((resolve) => Reflect.set(globalThis, "openGate", resolve)),
    }),
  });
  const waiting = server.call(gate.id, "wait");
  let hasEnded = false;
  server.running.then(() => hasEnded = true);
  server.requests.close();
  for (let turns = 0; turns < 3; turns++) await turn();
  assertEquals(hasEnded, false);
  Reflect.get(globalThis, "openGate")(5);
  Reflect.deleteProperty(globalThis, "openGate");
  assertEquals((await waiting).contents, 5);
  await server.running;
});

test("calls fail if their client cannot wait for replies, and later ones do not", async () => {
  await using server = makeServer();
  const { client, requests } = server;
  const full = new MemoryError("no room for a waiter");
  {
    using _ = stub(Queue.prototype, "get", () => Promise.reject(full));
    const calls = ["a", "b"].map((method) => client.call(7, method, [], "args"));
    for (const call of calls) assertStrictEquals(await assertRejects(() => call), full);
  }
  const late = client.call(7, "c", [], "args");
  await server.reply("value", envelope("for a call that has failed"));
  takeValue((await requests.get(guard)).contents.take());
  await server.reply("value", envelope("for the last one"));
  assertEquals(await late, { kind: "value", contents: "for the last one" });
});
