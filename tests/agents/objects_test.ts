import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BaseManager,
  Client,
  Event,
  Listener,
  Manager,
  Namespace,
  Pipe,
  Pool,
  type Proxied,
  Queue,
  RawValue,
  SharedList,
  SharedMap,
  Value,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { classNumberOf, remoteUsesOf } from "../../lib/agents/remote_classes.ts";
import { RECEIVERS } from "../../lib/channels/channel_state.ts";
import { channelOf } from "../../lib/channels/queue_kind.ts";
import { i32 } from "../../lib/heap/views.ts";
import { tokenOf } from "../../lib/managers/proxy.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { frees } from "../fixtures/heap.ts";
import { Counter, FooBar } from "../fixtures/manager_types.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { ended, guard, started } from "../fixtures/workers.ts";
import * as tasks from "./object_tasks.ts";

const startMethod = "process";

test("a process can use the members of an object that its users have, and no others", () => {
  const membersOf = (object: object) =>
    [
      ...remoteUsesOf(classNumberOf(object)!).accesses.keys(),
    ].sort();
  const value = "add and compareExchange copy dtype exchange or sub value xor";
  const map =
    "clear copy delete entries get has keys pop popitem set setdefault size update values";
  const expected: [object, string][] = [
    [new Event(), "clear isSet set wait waitSync"],
    [
      new Queue(),
      "close closed empty full get getSync maxsize put putSync shutdown size tryGet tryPut",
    ],
    [
      Pipe()[0],
      "close closed poll pollSync readable recv recvBytes recvBytesSync recvSync send sendBytes sendBytesSync sendSync writable",
    ],
    [new Listener(), "accept acceptSync close closed name"],
    [
      new Value("d"),
      `acquire acquireSync ${value} getLock getObj release tryAcquire`,
    ],
    [new SharedMap(), map],
    [new Namespace(), map],
    [
      new SharedList(),
      "append at clear copy count extend get includes index indexOf insert length pop push remove reverse set setSlice slice sort update",
    ],
  ];
  for (const [object, members] of expected) {
    assertEquals(membersOf(object), members.split(" ").sort());
  }
  for (const [object] of expected) if (object instanceof Listener) object.close();
});

// Connections

test("a process receives bytes into its buffers, as a worker does", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const [here, there] = Pipe();
  for (const blocking of [false, true]) {
    for (const bytes of [[1, 2, 3, 4], [5], [6, 7, 8, 9], []]) {
      here.sendBytesSync(Uint8Array.from(bytes));
    }
    here.sendSync("no bytes");
    assertEquals(await pool.apply(tasks.receiveInto, [there, blocking]), [
      [[4, [0, 0, 1, 2, 3, 4]], [1, [5, 0]]],
      "BufferTooShort Cannot receive bytes: the message of 4 bytes does not fit into the 3 bytes of " +
      "the buffer. The error's bytes property is the message",
      [6, 7, 8, 9],
      0,
      "TypeError Cannot receive bytes: the next message is a string. Receive it with recv()",
      "no bytes",
      "RangeError Cannot receive bytes: offset must be an integer from 0 to 2, which is the length of " +
      "buffer in bytes, not 3",
      "TypeError Cannot receive bytes: buffer must be an ArrayBuffer, a SharedArrayBuffer or a view of " +
      "one, not 5",
      "TimeoutError Cannot receive: no message arrived within 1 ms",
    ]);
  }
});

// Namespaces

test("a process reads and writes the attributes of a namespace", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const n = new Namespace<Record<string, unknown>>({
    a: 1,
    list: [1, 2],
    gone: true,
    _own: "here",
  });
  assertEquals(await pool.apply(tasks.useNamespace, [n]), {
    read: [1, [1, 2], undefined, undefined, true, false],
    keys: ["a", "list", "nothing", "b"],
    spread: { a: 2, list: [1, 2], nothing: undefined, b: { c: [3] } },
    own: "of the process",
    shown: "Namespace(a=2, list=[ 1, 2 ], nothing=undefined, b={ c: [ 3 ] })",
    inspected: true,
    error: "DataCloneError",
  });
  assertEquals({ ...n }, { a: 2, list: [1, 2], nothing: undefined, b: { c: [3] } });
  assertEquals(n._own, "here");
});

test("what a process reads of a container is frozen, as in a worker", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const map = new SharedMap<string, unknown>([["x", [[1]]]]);
  const [list, n] = [new SharedList<unknown>([[[1]]]), new Namespace({ x: [[1]] })];
  const copies = [new SharedMap(map.copy()), new SharedList(list.copy()), n] as const;
  assertEquals(await pool.apply(tasks.frozenParts, [map, list, n]), tasks.frozenParts(...copies));
});

test("a namespace that a process sends back is the one that it was sent", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const n = new Namespace({ x: 1 });
  const map = new SharedMap<string, unknown>();
  assert(
    await pool.apply((n: object, map: SharedMap<string, unknown>) => {
      map.set("n", n);
      return map.set("m", 1) === map;
    }, [n, map]),
  );
  assert(map.get("n") === n);
});

test("Namespace.update() loses no change of several processes", async () => {
  const n = new Namespace({ count: 0 });
  await using pool = new Pool({ processes: 2, startMethod });
  await pool.map(tasks.count, Array<typeof n>(8).fill(n), { chunkSize: 1 });
  assertEquals(n.count, 80);
});

// Waiting for several objects

for (const blocking of [false, true]) {
  const name = blocking ? "waitAnySync" : "waitAny";

  test(`${name}() in a process waits for objects of the program, and for its own`, async () => {
    const queues = [new Queue<number>(), new Queue<number>()];
    const [event, [here, there]] = [new Event(), Pipe<number>()];
    const out = new Queue<unknown>();
    const process = started({
      target: tasks.waitForSeveral,
      args: [queues, event, there, out, blocking] as const,
      startMethod,
    });
    assertEquals(await out.get(guard), { polled: [], timedOut: [] });
    queues[1].putSync(1);
    assertEquals(await out.get(guard), [["second"], 1]);
    event.set();
    queues[0].putSync(2);
    const [ready, items] = await out.get(guard) as [string[], number[]];
    assert(ready.length > 0 && ready.every((name) => ["first", "event"].includes(name)));
    assertEquals(items, [2]);
    here.sendSync(3);
    assertEquals(await out.get(guard), [["end"], 3]);
    assertEquals(await out.get(guard), { own: ["own"], both: ["own", "first"] });
    queues[0].close();
    assertEquals(await out.get(guard), [["first"], "ClosedError"]);
    assertEquals(await out.get(guard), [
      "TypeError Cannot wait: objects[1] must be a Connection, a queue, an Event, a Process or a " +
      "Listener, not an object of class Lock",
      "ClosedError Cannot wait: this end of the pipe is closed. Use it before close()",
    ]);
    await ended(process);
  });
}

test("waitAny() in a process is aborted by its signal, and waits again", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const [queue, event] = [new Queue<number>(), new Event()];
  assertEquals(await pool.apply(tasks.abortWait, [queue, event]), ["enough", "enough", "at once"]);
  event.set();
  assertEquals(await pool.apply(tasks.waitForBoth, [queue, event]), [false, true]);
});

test("waitAny() and waitAnySync() in a process leave nothing behind", async () => {
  const [queues, out] = [[new Queue<number>(), new Queue<number>()], new Queue<unknown>()];
  const go = new Event();
  const process = started({
    target: tasks.waitOften,
    args: [queues, go, out] as const,
    startMethod,
  });
  for (const [at, queue] of [0, 1, 0, 1].map((at) => [at, queues[at]] as const)) {
    assertEquals(await out.get(guard), "waits");
    await turn();
    queue.putSync(at);
    assertEquals(await out.get(guard), [at]);
  }
  assertEquals(await out.get(guard), "nothing is left");
  // No one waits here any more who would be woken in place of this isolate.
  const getting = queues.map((queue) => queue.get(guard));
  queues.forEach((queue, at) => queue.putSync(at + 10));
  assertEquals(await Promise.all(getting), [10, 11]);
  assertEquals(waitersOf(queues), 0);
  go.set();
  await ended(process);
});

/** Returns how many waiters are in the wait queues for items. */
function waitersOf(queues: Queue<number>[]): number {
  return queues.map((queue) => i32[channelOf(addressOf(queue)!) + RECEIVERS]).filter((at) =>
    at !== 0
  )
    .length;
}

// Listeners

test("a process accepts the connections of a listener of the program", async () => {
  using listener = new Listener<string, string>();
  const { name } = listener;
  const out = new Queue<unknown>();
  const process = started({ target: tasks.accept, args: [listener, out] as const, startMethod });
  assertEquals(await out.get(guard), [name, false, "TimeoutError", []]);
  for (const text of ["first", "second"]) {
    using client = Client<string, string>(name);
    client.sendSync(text);
    assertEquals(await client.recv(guard), `${text}!`);
  }
  assert(await process.join(guard));
  assertEquals(listener.closed, true);
});

// Proxies of managers

const MyManager = (class MyManager extends BaseManager {})
  .register("Foo", FooBar, { exposed: ["f", "g", "missing"] })
  .register("Counter", Counter);

test("proxies of a manager work in a process", async () => {
  await using manager = new MyManager();
  const [foo, counter] = [await manager.Foo(), await manager.Counter(3)];
  await using pool = new Pool({ processes: 1, startMethod });
  assertEquals(await pool.apply(tasks.useProxies, [foo, counter]), {
    called: ["f()", 5, "text"],
    shown: "[proxy of Counter 2]",
    isProxy: true,
    down: [5, 4, 3, 2, 1],
    left: [5, true],
    errors: [
      "RangeError g()",
      "TypeError Cannot call missing: the object has no such method",
      "TypeError Cannot call _h of Foo: it is not exposed. Exposed are f, g, missing",
      "DataCloneError Cannot send result.socket: a symbol has no meaning outside its isolate",
    ],
  });
  assertEquals(await counter.add(0), 5);
  // It comes back, in a result and in a container.
  const map = new SharedMap<string, Proxied<Counter>>();
  const keep = (counter: Proxied<Counter>, map: SharedMap<string, Proxied<Counter>>) => {
    map.set("counter", counter);
    return counter;
  };
  const back = await pool.apply(keep, [counter, map]);
  assertEquals([await back.add(), await map.get("counter")!.add()], [6, 7]);
});

test("objects of a Manager work in a process", async () => {
  using manager = new Manager();
  const [dict, list, n] = [manager.dict<string, number>(), manager.list([1]), manager.Namespace()];
  await using pool = new Pool({ processes: 1, startMethod });
  const use = (
    dict: SharedMap<string, number>,
    list: SharedList<number>,
    n: Record<string, unknown>,
  ) => {
    dict.set("a", 1);
    list.append(2);
    n.x = [...list];
  };
  await pool.apply(use, [dict, list, n]);
  assertEquals([dict.copy(), list.copy(), n.x], [new Map([["a", 1]]), [1, 2], [1, 2]]);
});

test("calls of a process fail when the manager is shut down, or its server dies", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const begun = new Event();
  {
    await using manager = new MyManager();
    const counter = await manager.Counter();
    const failing = pool.apply(tasks.failingCalls, [counter, begun]);
    assert(await begun.wait(guard));
    await assertRejects(() => counter.exit(), WorkerDiedError);
    const why = "The manager's server ended with exit code 7 before it replied";
    assertEquals(await failing, [
      `WorkerDiedError Cannot call block: ${why}`,
      `WorkerDiedError Cannot call add: ${why}`,
    ]);
  }
  const manager = new MyManager();
  const counter = await manager.Counter();
  await manager.shutdown();
  assertEquals(
    await pool.apply(tasks.failingCalls, [counter, begun]),
    ["block", "add"].map((name) =>
      `ClosedError Cannot call ${name}: the manager is shut down. Make a new one`
    ),
  );
});

test("the end of a process releases the objects of a manager that it had", async () => {
  await using manager = new MyManager();
  const counter = await manager.Counter();
  const word = addressOf(tokenOf(counter))! + objectWord.REFERENCES;
  const out = new Queue<number>();
  for (const target of [tasks.hold, tasks.holdForEver]) {
    const before = i32[word]; // the server, and this isolate
    const process = started({ target, args: [[counter], out] as const, startMethod });
    assertEquals(await out.get(guard), 1);
    assertEquals(i32[word] > before, true);
    if (target === tasks.holdForEver) process.kill();
    assert(await process.join(guard));
    while (i32[word] > before) await turn();
    assertEquals(i32[word], before);
  }
});

test("a process cannot call what its proxies do not have, whatever it sends", async () => {
  await using manager = new MyManager();
  const [foo, other] = [await manager.Foo(), await manager.Counter(5)];
  const permissions = { read: [ROOT] };
  await using pool = new Pool({ processes: 1, startMethod, permissions });
  const why =
    "CorruptMessageError Cannot use object: the process asked for what no object of its class " +
    "has. Check that the other side is this package, in the same version";
  assertEquals(await pool.apply(tasks.misuse, [foo]), [
    "TypeError Cannot call _h of Foo: it is not exposed. Exposed are f, g, missing",
    "TypeError Cannot call constructor of Foo: it is not exposed. Exposed are f, g, missing",
    "TypeError Cannot call method: name must be a string, not 5",
    'TypeError Cannot call f: args must be an array, not "args". For one argument write [x]',
    ...Array(8).fill(why),
  ]);
  assertEquals(await other.add(0), 5);
});

// Functions that compute new contents

test("update() and sort() in a process call their functions there", async () => {
  const map = new SharedMap<string, unknown>([["x", 1], ["list", [1]]]);
  const list = new SharedList<unknown>([3, 1, 2]);
  const [value, raw] = [new Value("i", 5), new RawValue("d", 0.5)];
  const n = new Namespace<Record<string, unknown>>({ x: 1 });
  const permissions = { read: [ROOT] };
  await using pool = new Pool({ processes: 1, startMethod, permissions });
  assertEquals(await pool.apply(tasks.update, [map, list, value, raw, n]), {
    results: [11, 10, [1, 10], 30, true, 5, 0.5, 11],
    errors: [
      "TypeError Cannot update value: the function returned undefined. Return the new value",
      "TypeError Cannot update value: the function returned a promise. Await it before",
      "Error of the function",
      "DataCloneError Cannot send update().args[1]: a symbol has no meaning outside its isolate",
      "RangeError Cannot update element 9: the list has 3 elements. Check its length first",
      "TypeError Cannot update element: fn must be a function, not 5. Pass the function itself, without calling it",
      "TypeError Cannot sort list: compare returned a promise. Return a number",
      "RangeError",
    ],
    natural: [1, 2, 30],
  });
  assertEquals(map.copy(), new Map<string, unknown>([["x", 11], ["list", [1, 10]], ["y", 10]]));
  assertEquals([list.copy(), value.value, raw.value, n.x], [[1, 2, 30], 15, 10.5, 11]);
});

test("update() in several processes loses no change, and frees what it read", async () => {
  await frees(async () => {
    await using pool = new Pool({ processes: 2, startMethod });
    const map = new SharedMap<string, number[]>([["x", [0]]]);
    const list = new SharedList([0]);
    await pool.map(tasks.countBoth, Array.from({ length: 4 }, () => [map, list] as const));
    assertEquals([map.get("x"), list.get(0)], [[40], 40]);
  });
});

test("the agent calls no function that a process sends, and stores no order that is none", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const list = new SharedList([3, 1, 2]);
  const why =
    "CorruptMessageError Cannot use object: the process asked for what no object of its class " +
    "has. Check that the other side is this package, in the same version";
  const order =
    "TypeError Cannot sort list: the order does not have the index of each element once";
  assertEquals(await pool.apply(tasks.misuseRevisions, [list]), [
    ...Array(6).fill(why),
    ...Array(4).fill(order),
  ]);
  assertEquals(list.copy(), [3, 1, 2]);
});

test("the agent does not call the method then of an object that a process has stored", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const map = new SharedMap<string, unknown>();
  const then = (resolve: (value: unknown) => void) => resolve(Deno.pid);
  const store = (map: SharedMap<string, unknown>, then: unknown) => {
    map.set("x", { then });
    return typeof (map.get("x") as { then: unknown }).then;
  };
  assertEquals(await pool.apply(store, [map, then]), "function");
});

test("a process in a process uses the objects of the program", async () => {
  await using manager = new MyManager();
  const counter = await manager.Counter();
  const [n, map] = [new Namespace<Record<string, unknown>>({ x: 1 }), new SharedMap([["x", 1]])];
  const [queues, [here, there]] = [[new Queue<number>(), new Queue<number>()], Pipe()];
  here.sendBytesSync(Uint8Array.of(1, 2));
  queues[1].putSync(5);
  const process = started({
    target: tasks.nest,
    args: [counter, n, map, queues, there] as const,
    startMethod,
  });
  await ended(process);
  assertEquals([await counter.add(0), { ...n }, map.get("x")], [3, { x: 2, seen: [1] }, 11]);
  assertEquals(queues[0].getSync(), 2);
});

test("a call of a process that is aborted while it fails throws its own error", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  assertEquals(await pool.apply(tasks.abortFailing, [new Queue<number>()]), [
    "TypeError",
    "enough",
  ]);
});

test("calls that a process has made before it exits are carried out", async () => {
  const [queue, count] = [new Queue<number>(), 3000];
  const process = started({ target: tasks.putAndExit, args: [queue, count] as const, startMethod });
  await ended(process, 3);
  assertEquals(queue.size(), count);
});
