/**
 * Calls of a process on objects of the program, with both sides in one isolate.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CorruptMessageError,
  Event,
  Lock,
  LockGuard,
  Pipe,
  Queue,
  RLock,
  RLockGuard,
  SharedList,
  SharedMap,
  Value,
} from "@sauropod/multiprocessing";
import {
  beginChunk,
  isLastBegun,
  recallChunks,
  signalChunk,
  stateOfChunk,
} from "../../lib/agents/relay.ts";
import {
  beginRemote,
  callRemote,
  countPendingCalls,
  Guard,
  List,
  type RemoteUse,
  Self,
} from "../../lib/agents/remote_calls.ts";
import { FrameType } from "../../lib/agents/connection.ts";
import { KnownObjects, RelayedCalls } from "../../lib/agents/relayed_calls.ts";
import { ITERATE } from "../../lib/agents/remote_classes.ts";
import { Revising, WAIT_ANY } from "../../lib/agents/remote_members.ts";
import { remoteNumberAt } from "../../lib/agents/remote_object.ts";
import { remoteNumberOf, resultFor, setRemoteNumber, useOf } from "../../lib/agents/remote_uses.ts";
import { push, receive } from "../../lib/channels/channel.ts";
import { Channel } from "../../lib/channels/channel_handle.ts";
import { closeChannel, Closed } from "../../lib/channels/channel_state.ts";
import { type Envelope, envelopeOf } from "../../lib/channels/envelope.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { readMessage, storeValue, takeValue } from "../../lib/codec/message.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { descriptorAt, makeMappedBuffer } from "../../lib/memory/mapped_buffer.ts";
import { addRef, addressOf, objectWord, release } from "../../lib/objects/shared_object.ts";
import { ParkResult } from "../../lib/parking/wait.ts";
import { i32 } from "../../lib/heap/views.ts";
import { keepsMemory, test, turn } from "../fixtures/guarded.ts";
import { collectGarbage } from "../fixtures/heap.ts";
import { guard } from "../fixtures/workers.ts";
import { Loopback } from "./loopback.ts";
import { descriptors } from "./mapping_tasks.ts";

ensureIsolate();
keepsMemory(); // the channels of calls
const loopback = new Loopback();
const { served } = loopback;

/** An object of the program, as the process uses it. */
async function remoteOf(object: object) {
  const kept = await loopback.cross(object);
  const number = remoteNumberAt(addressOf(kept)!)!;
  const of =
    (access: RemoteUse["access"]) =>
    (name: string, args: unknown[] = [], more: Partial<RemoteUse> = {}) =>
      callRemote({ object: number, access, name, args, ...more });
  return { kept, number, wait: of("wait"), call: of("call"), get: of("get") };
}

async function turns(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}

test("an object is known by one number until the process has no more of it", async () => {
  const queue = new Queue<number>();
  const { kept, number, wait } = await remoteOf(queue);
  assertEquals(await loopback.cross([queue, [queue]]), [kept, [kept]] as never);
  assertEquals(served.addressOf(number), addressOf(queue));
  assertEquals(served.addressOf(number + 1000), undefined);
  for (const named of [0, 1, 3]) assertEquals(served.release(number, named), false); // it was named twice
  assertEquals(served.release(number, 2), true);
  assertEquals(served.release(number, 2), false);
  assertEquals(served.addressOf(number), undefined);
  await assertRejects(
    () => wait("put", [1]),
    CorruptMessageError,
    "what no object of its class has",
  );
  assert((await remoteOf(queue)).number > number);
  assertEquals(countPendingCalls(), 0);
});

test("calls are carried out on the object, and members are read and set", async () => {
  const [queue, value] = [new Queue<number>(1), new Value("d", 1)];
  const { wait, call } = await remoteOf(queue);
  assertEquals(await wait("put", [1]), undefined);
  const second = wait("put", [2]); // waits for room
  assertEquals([queue.getSync(), await second, await call("size")], [1, undefined, 1]);
  assertEquals(await wait("get", [guard]), 2);
  await assertRejects(() => wait("get", [{ timeoutMs: 0 }]), Error, "Cannot get item");
  const { get } = await remoteOf(value);
  assertEquals([await get("value"), await get("value", [2]), value.value], [1, undefined, 2]);
  assertEquals(countPendingCalls(), 0);
});

test("guards, lists and the object itself are named by what stands for them", async () => {
  const [lock, rlock] = [new Lock(), new RLock()];
  const map = new SharedMap<string, number>([["a", 1]]);
  const plain = await remoteOf(lock);
  assertEquals(await plain.wait("acquire"), new Guard(0));
  assertEquals([lock.locked(), await plain.call("release"), lock.locked()], [
    true,
    undefined,
    false,
  ]);
  const nested = await remoteOf(rlock);
  const { token } = await nested.wait("acquire", [], { isBlocking: true }) as Guard;
  assert(token !== 0);
  assertEquals(await nested.wait("acquire", [], { isBlocking: true }), new Guard(token)); // the same owner
  const other = await assertRejects(() => nested.wait("acquire", [{ timeoutMs: 0 }])); // another one
  assertEquals((other as Error).name, "TimeoutError");
  for (let times = 0; times < 2; times++) await nested.call("release", [{ owner: token }]);
  assertEquals(rlock.locked(), false);
  const entries = await remoteOf(map);
  assertEquals(await entries.call("keys"), new List(["a"]));
  assertEquals(await entries.call("set", ["b", 2]), new Self());
  assertEquals(map.get("b"), 2);
});

test("a call ends with the reason of its signal, and takes nothing", async () => {
  const queue = new Queue<number>();
  const { wait } = await remoteOf(queue);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = wait("get", [{ signal }]);
  const other = wait("get", [guard]);
  await turns();
  assertEquals(countPendingCalls(), 2);
  const reason = new RangeError("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting), reason);
  queue.putSync(1);
  assertEquals(await other, 1);
  const aborted = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => wait("get", [{ signal: aborted }])), reason);
  served.abort(123_456); // no such call
  assertEquals(countPendingCalls(), 0);
});

test("what no object of the class has is refused", async () => {
  const [queue, map] = [await remoteOf(new Queue()), await remoteOf(new SharedMap())];
  const refused = [
    () => queue.wait("get", [], { object: 999_999 }),
    () => queue.wait("constructor"),
    () => queue.call("no such method"),
    () => map.call("__proto__"),
    () => map.call(Revising.READ, ["no such member"]),
    () => map.call(Revising.STORE, [999_999, 1]),
    () => queue.wait(WAIT_ANY, [1, 2]),
    () => queue.wait(WAIT_ANY, [[999_999], 0]),
    () => queue.wait(WAIT_ANY, [[queue.number], "0"]),
  ];
  for (const refuse of refused) {
    await assertRejects(refuse, CorruptMessageError, "Cannot use object", String(refuse));
  }
  assertEquals(countPendingCalls(), 0);
});

test("the indices of the objects that are ready are returned when one is", async () => {
  const [queue, event] = [new Queue<number>(), new Event()];
  const [here, there] = Pipe<number>();
  const objects = await Promise.all([queue, event, there].map(remoteOf));
  const numbers = objects.map(({ number }) => number);
  const ready = (timeoutMs: number) => objects[0].wait(WAIT_ANY, [numbers, timeoutMs]);
  assertEquals(await ready(0), []);
  const waiting = ready(60_000);
  await turns();
  event.set();
  assertEquals(await waiting, [1]);
  queue.putSync(1);
  assertEquals(await ready(0), [0, 1]);
  here.close();
});

test("what a process reads in order to change it is stored once, and may be released", async () => {
  const map = new SharedMap<string, number>([["a", 1]]);
  const { call } = await remoteOf(map);
  const read = async () => await call(Revising.READ, ["update", "a"]) as [number, unknown];
  const refused = (use: string, args: unknown[]) =>
    assertRejects(() => call(use, args), CorruptMessageError, "Cannot use object");
  const [number, value] = await read();
  assertEquals([value, await call(Revising.STORE, [number, 2]), map.get("a")], [1, true, 2]);
  await refused(Revising.STORE, [number, 3]);
  const [late] = await read();
  map.set("a", 7);
  assertEquals([await call(Revising.STORE, [late, 3]), map.get("a")], [false, 7]);
  const [released] = await read();
  for (let times = 0; times < 2; times++) {
    assertEquals(await call(Revising.RELEASE, [released]), undefined);
  }
  await refused(Revising.STORE, [released, 3]);
  await refused("update", ["a", Math.abs]);
  assertEquals(map.get("a"), 7);
});

test("objects are iterated over in the program, and options that are none are refused there", async () => {
  const { call } = await remoteOf(new SharedList([1, 2, 3]));
  assertEquals(await call(ITERATE), new List([1, 2, 3]));
  const lock = new RLock();
  const { wait } = await remoteOf(lock);
  const options = { isBlocking: true };
  await assertRejects(() => wait("acquire", [5], options), TypeError, "options must be an object");
  assertEquals(lock.locked(), false);
});

test("an object that processes cannot use has no number", () => {
  const [first, channel, second] = [new Event(), new Channel(), new Event()];
  const numberOf = (object: object) => served.numberOf(addressOf(object)!);
  const number = numberOf(first)!;
  assertEquals([numberOf(channel), numberOf(second)], [undefined, number + 1]);
  for (const it of [number, number + 1]) assert(served.release(it, 1));
});

// Calls of a process that blocks: its steps are taken here one by one.

/** Takes the steps of a call that blocks until it has ended. */
async function blocking(use: RemoteUse): Promise<unknown> {
  const { steps, result } = beginRemote(use);
  while (!steps.next(ParkResult.WOKEN).done) await turn();
  return result();
}

test("a call that blocks returns or throws what the call in the program does", async () => {
  const queue = new Queue<number>();
  const { number: object } = await remoteOf(queue);
  const use = { object, access: "wait", args: [] } as const;
  queue.putSync(7);
  assertEquals(await blocking({ ...use, name: "get" }), 7);
  await assertRejects(
    () => blocking({ ...use, name: "get", args: [{ timeoutMs: 0 }] }),
    Error,
    "Cannot get item",
  );
  const { number: lock } = await remoteOf(new Lock());
  assertEquals(await blocking({ ...use, object: lock, name: "acquire" }), new Guard(0));
  assertEquals(countPendingCalls(), 0);
});

test("a wait that blocks is aborted if its steps are abandoned", async () => {
  const { number: object } = await remoteOf(new Queue<number>());
  const use = { object, access: "call", name: WAIT_ANY, args: [[object], Infinity] } as const;
  const { steps } = beginRemote({ ...use, args: [...use.args] });
  assertEquals(steps.next(ParkResult.WOKEN).done, false);
  await turns();
  steps.return(false);
  assertEquals(countPendingCalls(), 1);
  while (countPendingCalls() > 0) await turn();
  const unused = beginRemote({ ...use, args: [...use.args] });
  unused.steps.return(false); // it was not sent
  assertEquals(countPendingCalls(), 0);
});

test("a call that blocks throws the reason of a signal that is aborted", async () => {
  const { number: object } = await remoteOf(new Queue());
  const args = [{ signal: AbortSignal.abort(new RangeError("enough")) }];
  assertThrows(() => beginRemote({ object, access: "wait", name: "get", args }), RangeError);
  assertEquals(countPendingCalls(), 0);
});

// What is relayed

/** Relays calls to a connection that notes what is sent. */
function relayed(pending?: Promise<void>) {
  const sent: [type: number, number: number, value: unknown][] = [];
  const connection = {
    send(type: number, number: number, message: number) {
      sent.push([type, number, readCopy(message)]);
      return pending;
    },
    tell: (type: number, number: number) => void sent.push([type, number, undefined]),
  };
  const [channel, replies] = [new Channel(), new Channel()];
  const put = (call: number, use: unknown) => {
    const stored = use === undefined ? undefined : envelopeOf(storeValue(use, "use"));
    const encoder = encode({ replies, call, use: stored }, "request");
    push(channel.at, encoder);
    returnEncoder(encoder);
  };
  return { sent, put, replies, calls: new RelayedCalls(connection as never, channel) };
}

/** Reads a message, which stays. */
function readCopy(message: number): unknown {
  const decoder = new Decoder();
  readMessage(decoder, message);
  return decoder.value();
}

test("calls that are left are sent in order, and answers go to the isolates that wait", () => {
  const { calls, sent, put, replies } = relayed();
  for (const [call, use] of [[5, "a"], [6, "b"]] as const) put(call, use);
  put(6, undefined); // aborts the second one
  put(9, undefined); // which has no answer any more
  calls.relayRest();
  calls.relayRest();
  assertEquals(sent, [
    [FrameType.CALL, 1, "a"],
    [FrameType.CALL, 2, "b"],
    [FrameType.ABORT, 2, undefined],
  ]);
  calls.answer(2, storeValue("the answer", "result"));
  const received = receive(replies.at) as { value: { call: number; result: Envelope } };
  assertEquals([received.value.call, takeValue(received.value.result.take())], [6, "the answer"]);
  put(6, undefined);
  calls.relayRest();
  assertEquals(sent.length, 3); // it was answered
  closeChannel(replies.at, Closed.RECEIVERS_GONE);
  calls.answer(1, storeValue("nobody reads it", "result"));
});

test("no call is sent before the system has taken the one before", async () => {
  const { calls, sent, put } = relayed(new Promise(() => {}));
  for (const call of [1, 2]) put(call, "use");
  void calls.relay();
  await turns();
  assertEquals(sent.length, 1);
  calls.relayRest();
  assertEquals(sent.length, 2);
});

test("resultFor() returns what stands for guards, lists and the object", () => {
  const lock = { released: 0, release: () => lock.released++ };
  {
    const guard = resultFor(lock, new Guard(0));
    assertInstanceOf(guard, LockGuard);
    guard.release();
    assertEquals(lock.released, 1);
  }
  const owned = resultFor(lock, new Guard(7));
  assertInstanceOf(owned, RLockGuard);
  assertEquals(RLockGuard.tokenOf(owned), 7);
  assertStrictEquals(resultFor(lock, new Self()), lock);
  assertEquals([...resultFor(lock, new List([1, 2])) as Iterable<number>], [1, 2]);
  for (const value of [1, undefined, null, [1]]) assertStrictEquals(resultFor(lock, value), value);
});

test("resultFor() freezes the parts that are frozen in the program", () => {
  /** Returns which of the values are frozen. */
  const frozen = (...values: unknown[]) => values.map((value) => Object.isFrozen(value));
  const [value, first, second] = [{ in: {} }, { in: {} }, { in: {} }];
  resultFor({}, value, "all");
  assertEquals(frozen(value, value.in), [true, true]);
  const items = [first];
  resultFor({}, items, "items");
  assertEquals(frozen(items, first, first.in), [false, true, true]);
  const pair = ["key", second];
  const pairs = resultFor({}, new List([pair]), "pairs");
  assertEquals([...pairs as Iterable<unknown>], [pair]);
  assertEquals(frozen(pair, second, second.in), [false, true, true]);
  const untouched = { in: {} };
  resultFor({}, untouched);
  assertEquals(frozen(untouched, untouched.in), [false, false]);
});

test("useOf() names an object by its number", () => {
  const object = {};
  assertEquals(remoteNumberOf(object), undefined);
  setRemoteNumber(object, 7);
  assertEquals(remoteNumberOf(object), 7);
  assertEquals(useOf(object, "call", "size", [1]), {
    object: 7,
    access: "call",
    name: "size",
    args: [1],
  });
});

test("chunks begin in order, unless they were recalled", () => {
  assertEquals([isLastBegun(0), isLastBegun(1)], [true, false]);
  assertEquals([beginChunk(2), beginChunk(1), beginChunk(1)], [false, true, false]);
  assertEquals([isLastBegun(0), isLastBegun(1)], [false, true]);
  assertEquals([recallChunks(1), recallChunks(0)], [1, 0]); // they have begun
  assertEquals(recallChunks(4), 1);
  assertEquals([beginChunk(2), beginChunk(4), beginChunk(5)], [false, false, true]);
  assertEquals(recallChunks(5), 5);
});

test("the state of a job is told for one chunk, whose number may be large", () => {
  for (const number of [5, 6, 2 ** 28 + 6, 2 ** 31 - 1]) {
    signalChunk(number, 3);
    assertEquals([number, number + 1, number - 1].map(stateOfChunk), [3, 0, 0]);
    signalChunk(number, 0);
    assertEquals(stateOfChunk(number), 0);
  }
});

/** Returns the references of an object. */
const referencesOf = (address: number) => i32[address + objectWord.REFERENCES];

test("a buffer of the program is mapped, and let go when the agent names it no more", async () => {
  const before = descriptors();
  await crossBuffer();
  while (descriptors() > before) await collectGarbage();
});

async function crossBuffer(): Promise<void> {
  const buffer = makeMappedBuffer(8)!;
  const bytes = new Uint8Array(buffer);
  const [crossed] = await loopback.cross([buffer]);
  bytes[0] = 7;
  assertEquals([crossed === buffer, new Uint8Array(crossed)[0]], [false, 7]);
  const number = served.numberOf(addressOf(buffer)!)!;
  const address = loopback.known.addressOf(number)!;
  assertEquals(descriptorAt(address), descriptorAt(addressOf(buffer)!));
  const references = referencesOf(address);
  loopback.known.remove(number);
  assertEquals(referencesOf(address), references - 1);
  assertEquals(loopback.known.addressOf(number), undefined);
  assert(served.release(number, 2));
}

test("an object of the program is let go when its handle is, and not before", async () => {
  const { kept, number } = await remoteOf(new SharedList<number>());
  const address = addressOf(kept)!;
  const references = referencesOf(address);
  loopback.known.remove(number);
  loopback.known.remove(number); // it is gone
  assertEquals([referencesOf(address), loopback.known.addressOf(number)], [references, undefined]);
});

test("the agent is told of objects that nobody else in the process has, once there are many", () => {
  const released: [number: number, named: number][] = [];
  const known = new KnownObjects((number, named) => released.push([number, named]));
  const addUpTo = (last: number) => {
    for (let number = added + 1; number <= last; number++) known.add(number, 0);
    added = last;
  };
  let added = 0;
  addUpTo(64);
  const used = known.addressOf(5)!;
  addRef(used); // another isolate has it
  for (const number of [3, 3, 7]) known.addressOf(number);
  assertEquals(released, []);
  addUpTo(65);
  const named = (number: number) => number === 3 ? 2 : number === 7 ? 1 : 0;
  const all = (last: number) =>
    Array.from({ length: last }, (_, at) => [at + 1, named(at + 1)])
      .filter(([number]) => number !== 5);
  assertEquals(released.splice(0), all(64) as never);
  addUpTo(128); // twice as many as there were
  assertEquals(released, []);
  addUpTo(129);
  assertEquals(released.splice(0), all(128) as never);
  for (let number = 1; number <= 129; number++) known.remove(number);
  release(used);
});
