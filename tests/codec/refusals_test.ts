import { assertEquals, assertThrows } from "@std/assert";
import {
  constant,
  DataCloneError,
  Lock,
  Pipe,
  Pool,
  Process,
  Queue,
} from "@sauropod/multiprocessing";
import { Thread, Timer } from "@sauropod/multiprocessing/threading";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { storeValue, takeValue } from "../../lib/codec/message.ts";
import {
  createObject,
  defineType,
  type Destination,
  registerHandle,
} from "../../lib/objects/shared_object.ts";
import { allocate } from "../../lib/heap/allocator.ts";
import { extending } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";

import { sent } from "../fixtures/messages.ts";

const bound = Math.max.bind(null, 1);
class Unregistered {}

for (
  const [what, value, expected] of [
    ["a symbol", [{ s: Symbol("x") }], "Cannot send args[0].s: a symbol has no meaning outside"],
    ["a method", [{ model: { predict: bound } }], "Cannot send args[0].model.predict: "],
    ["a class", [{ odd: { "key with blank": Unregistered } }], 'args[0].odd["key with blank"]: '],
    ["a value in a Map", [new Map([["k", [bound]]])], 'Cannot send args[0].get("k")[0]: '],
    ["a key of a Map", [new Map([[bound, 1]])], "Cannot send args[0].keys(): bound max"],
    ["a member of a Set", [new Set([{ f: bound }])], "Cannot send args[0].values(): {Object}.f: "],
    ["a cause", [new Error("x", { cause: bound })], "Cannot send args[0].cause: "],
    ["one of several errors", [new AggregateError([0, { s: Symbol() }])], "args[0].errors[1].s: "],
    ["a Promise", [Promise.resolve()], "Cannot send args[0]: a Promise cannot cross: await it"],
    ["a WeakMap", [1, new WeakMap()], "Cannot send args[1]: a WeakMap has no meaning outside"],
    ["a WeakRef", [new WeakRef({})], "Cannot send args[0]: a WeakRef has no meaning outside"],
    ["a Blob", [new Blob(["x"])], "args[0]: a Blob cannot cross: send its bytes"],
    ["a URL", [new URL("http://a.b")], "Cannot send args[0]: a URL cannot cross: send its href"],
    ["an AbortSignal", [{ signal: AbortSignal.abort() }], "Cannot send args[0].signal: "],
    ["a generator", [(function* () {})()], "Cannot send args[0]: "],
    ["an async generator", [(async function* () {})()], "args[0]: an AsyncGenerator cannot cross"],
    ["a registered EventTarget", [new extending.Emitter()], "args[0]: an EventTarget has no"],
    ["a boxed symbol", [Object(Symbol())], "Cannot send args[0]: "],
    ["an iterator", [[1].values()], "args[0]: an Array Iterator cannot cross"],
    ["an object with a then method", [
      new (class AsyncThing {
        then() {}
      })(),
    ], "args[0]: an AsyncThing may still be pending"],
    ["a Response", [new Response("x")], "Cannot send args[0]: a Response has no meaning outside"],
  ] as [string, unknown[], string][]
) {
  test(`${what} is rejected, with its path`, () => {
    const error = assertThrows(() => storeValue(value, "args"), DataCloneError, expected);
    assertEquals(error.name, "DataCloneError");
    assertEquals(sent([1, { a: 2 }]), [1, { a: 2 }]); // the encoder keeps nothing of it
  });
}

test("a rejected value keeps no reference to a shared object", () => {
  const [here, there] = Pipe<string>();
  assertThrows(() => storeValue([there, Symbol()], "args"), DataCloneError);
  here.sendSync("still open");
  assertEquals(there.recvSync(), "still open");
});

test("a value that is nested too deeply is rejected with the path", () => {
  let list: { next: unknown } = { next: undefined };
  for (let at = 0; at < 100_000; at++) list = { next: list };
  const assertRejected = (value: unknown, name: string, path: string) =>
    assertThrows(
      () => storeValue(value, name),
      DataCloneError,
      `Cannot send ${path}: it is nested too deeply`,
    );
  assertRejected([{ a: [1] }, list], "args", "args[1].next.next…");
  assertRejected({ target: 1, args: [new Map([["k", list]])] }, "", 'args[0].get("k")…');
  // Two steps away from the first, but the encoder follows the links.
  const items: { left?: unknown; right?: unknown }[] = Array.from({ length: 100_000 }, () => ({}));
  items.forEach((item, at) => [item.left, item.right] = [items[at - 1], items[at + 1]]);
  assertRejected([{ a: { b: { c: {} } } }, items], "args", "args[1][0].right…");
});

test("a process, a thread and a timer are rejected, not copied as empty objects", () => {
  const path = "Cannot send args[0]: a ";
  for (
    const [value, name] of [
      [new Process(), "Process"],
      [new Thread(), "Thread"],
      [new Timer(1, () => {}), "Timer"],
    ] as const
  ) {
    assertThrows(
      () => storeValue([value], "args"),
      DataCloneError,
      `${path}${name} holds what cannot be copied`,
    );
  }
});

test("a generator or another iterator is rejected, and the error says what to send", () => {
  async function* later() {
    yield await 1;
  }
  function* now() {
    yield 1;
  }
  for (
    const [value, name] of [
      [later(), "an AsyncGenerator"],
      [now(), "a Generator"],
      [new Map().keys(), "a Map Iterator"],
    ] as const
  ) {
    assertThrows(
      () => storeValue([value], "args"),
      DataCloneError,
      `Cannot send args[0]: ${name} cannot cross: collect it first, with await Array.fromAsync(it), ` +
        "or put the items into a queue",
    );
  }
});

test("an object that holds a resource is rejected, not copied as an empty object", async () => {
  ensureIsolate();
  await using pool = new Pool(1);
  assertThrows(() => storeValue({ pool }, "value"), DataCloneError, "value.pool: a Pool holds");
  class Cursor {
    [Symbol.dispose]() {}
    next() {} // but it cannot be iterated over
  }
  assertThrows(
    () => storeValue(new Cursor(), "it"),
    DataCloneError,
    "it: a Cursor holds what cannot",
  );
  using file = await Deno.open(new URL(import.meta.url));
  assertThrows(() => storeValue([file], "value"), DataCloneError, "value[0]: a FsFile holds");
});

const THING = 251;
defineType(THING, "thing", { revive: () => ({}) });

test("a shared object that its destination cannot use is rejected, with what to send", () => {
  ensureIsolate();
  const thing = new (class Thing {})();
  registerHandle(thing, createObject(THING, 2));
  const refused = (value: unknown, destination: Destination, expected: string) =>
    assertThrows(
      () => storeValue([value], "args", allocate, destination),
      DataCloneError,
      `Cannot send args[0]: ${expected}`,
    );
  refused(
    thing,
    "process",
    "it lies in memory that another process cannot see (thing): send a copy of its contents, or use " +
      'startMethod "spawn"',
  );
  refused(
    new SharedArrayBuffer(8),
    "process",
    "it lies in memory that another process cannot see (SharedArrayBuffer): send a copy of its " +
      'contents, make it with processes: true, or use startMethod "spawn"',
  );
  refused(
    new Lock(),
    "program",
    "Lock was made in this process, and the program does not see its memory: make it in the program, " +
      "and send it here",
  );
  for (const machine of ["machine", "machine with values"] as const) {
    refused(
      new Lock(),
      machine,
      "Lock is shared by the isolates of one program, and other machines cannot use it: send its " +
        "contents, and return what the task has found",
    );
  }
  const message = storeValue([new Queue().constructor.name, 5], "args", allocate, "machine");
  assertEquals(takeValue(message), ["Queue", 5]);
});

test("a constant is named where it is known, and carried elsewhere", () => {
  ensureIsolate();
  const dates = constant([new Date(1), constant(new Date(5))]);
  const values = [
    constant({ rows: [1, 2] }),
    dates,
    dates[1],
    constant(["a", 1]),
    constant(new Map([["a", 1]])),
  ];
  for (const destination of ["heap", "process", "program", "machine"] as const) {
    const copies = takeValue(storeValue(values, "values", allocate, destination)) as object[];
    assertEquals(copies, values);
    const isNamed = destination === "heap";
    assertEquals(copies.map((copy, at) => copy === values[at]), values.map(() => isNamed));
  }
  const named = storeValue(values, "values", allocate, "machine with values");
  assertEquals(takeValue(named) as object[], values);
});
