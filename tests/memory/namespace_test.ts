import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  DataCloneError,
  Namespace,
  Pool,
  Queue,
  SharedHandle,
  SharedMap,
} from "@sauropod/multiprocessing";
import { count } from "../fixtures/container_tasks.ts";
import { attributesOf, reviveElsewhere } from "../../lib/memory/namespace.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import { settledUse } from "../fixtures/heap.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, testProcess } from "../fixtures/workers.ts";

test("Namespace attributes can be set, read and deleted", () => {
  const n = new Namespace();
  n.name = "Bob";
  n.job = "Builder";
  n._hidden = "hidden";
  assertEquals([n.name, n.job, n._hidden, n.other], ["Bob", "Builder", "hidden", undefined]);
  delete n.job;
  assertEquals("job" in n, false);
  assertEquals("name" in n, true);
  assertEquals(String(n), 'Namespace(name="Bob")');
  assertEquals(Deno.inspect({ n }), '{ n: Namespace(name="Bob") }');
});

test("Namespace behaves as an object with its attributes", async () => {
  const n = new Namespace<Record<string, unknown>>({ a: 1, b: [2], _c: 3 });
  assertEquals(Object.keys(n), ["a", "b"]);
  assertEquals({ ...n }, { a: 1, b: [2] });
  assertEquals(JSON.stringify(n), '{"a":1,"b":[2]}');
  assert(Object.hasOwn(n, "a"));
  assert(!Object.hasOwn(n, "z"));
  Object.assign(n, { d: 4 });
  Object.defineProperty(n, "e", { value: 5, configurable: true });
  assertEquals([n.d, n.e], [4, 5]);
  assertThrows(() => Object.defineProperty(n, "f", { get: () => 1 }), TypeError);
  assertThrows(() => Object.freeze(n), TypeError);
  assertStrictEquals(await n, n); // not a promise
  assert(n instanceof Namespace);
  assert(n instanceof SharedHandle);
});

test("Namespace attributes may have the names of members of Object", () => {
  const n = new Namespace() as object as Record<string, unknown>;
  const names = ["toString", "constructor", "address", "attributes", "then", "hasOwnProperty"];
  assertEquals([n.address, n.attributes, n.then], [undefined, undefined, undefined]);
  for (const name of names) n[name] = name;
  assertEquals(names.map((name) => n[name]), names);
  for (const name of names) delete n[name];
  assertEquals(String(n), "Namespace()");
});

testProcess("Namespace attributes that begin with an underscore are not shared", async () => {
  const n = new Namespace<{ shared: string; _own?: string }>({ shared: "s", _own: "o" });
  const answers = new Queue<unknown[]>();
  await ended(run(
    (n: { shared: string; _own?: string }, answers: Queue<unknown[]>) => {
      answers.putSync([n.shared, n._own]);
      n._own = "of the worker";
      n.shared = "S";
    },
    n,
    answers,
  ));
  assertEquals(await answers.get(guard), ["s", undefined]);
  assertEquals([n.shared, n._own], ["S", "o"]);
});

test("Namespace rejects values that cannot be sent", () => {
  const n = new Namespace();
  assertThrows(() => n.bad = Symbol("s"), DataCloneError, "a symbol has no meaning");
  assertEquals("bad" in n, false);
});

test("Namespace returns frozen copies", () => {
  const n = new Namespace<{ list: number[] }>({ list: [1] });
  assertThrows(() => n.list.push(2), TypeError, "object is not extensible");
  Namespace.update(n, "list", (list) => (list.push(2), list));
  assertEquals(n.list, [1, 2]);
});

test("Namespace.update() loses no change of several workers", async () => {
  const n = new Namespace({ count: 0 });
  const processes = Array.from({ length: 3 }, () => run(count, n, 2000));
  count(n, 2000);
  for (const process of processes) await ended(process);
  assertEquals(n.count, 8000);
  assertThrows(
    () => Namespace.update({ count: 0 } as typeof n, "count", (it) => it),
    TypeError,
    "Cannot update attribute: namespace must be a Namespace",
  );
});

testProcess("Namespace keeps its identity when it comes back", async () => {
  const n = new Namespace<{ a?: number; inner?: unknown }>();
  await using pool = new Pool(1);
  const back = await pool.apply((n: { a?: number }) => (n.a = 1, n), [n]);
  assertStrictEquals(back, n);
  assertEquals(n.a, 1);
  const map = new SharedMap({ n });
  assertStrictEquals(map.get("n"), n);
  n.inner = n;
  assertEquals(String(n), "Namespace(a=1, inner=[Circular Namespace])");
  delete n.inner;
});

test("Namespace is freed with its contents", async () => {
  const before = await settledUse();
  (() => {
    let n = new Namespace<{ inner?: unknown; map: SharedMap }>({ map: new SharedMap({ a: 1 }) });
    for (let depth = 0; depth < 1000; depth++) n = new Namespace<typeof n>({ inner: n });
  })();
  assertEquals(await settledUse(), before);
});

test("Namespace has the members of its class, and properties that are not shared", () => {
  const n = new Namespace<Record<string, unknown>>({ a: 1 });
  const mark = Symbol("mark");
  assertEquals(["toString" in n, "a" in n, "_own" in n, "b" in n], [true, true, false, false]);
  n._own = 2;
  Object.defineProperty(n, "_other", { value: 3, configurable: true });
  Object.assign(n, { [mark]: 4 });
  assertEquals([n._own, n._other, Reflect.get(n, mark)], [2, 3, 4]);
  assertEquals(["_own" in n, mark in n, Object.hasOwn(n, "_other")], [true, true, true]);
  assertEquals(Object.getOwnPropertyDescriptor(n, "_other")?.writable, false);
  assert(delete n._other);
  assertEquals([n._other, "_other" in n], [undefined, false]);
  assertEquals(Object.keys(n), ["a"]);
  assertEquals(Object.getOwnPropertyDescriptor(n, "a"), {
    value: 1,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  assertEquals(Object.getOwnPropertyDescriptor(n, "b"), undefined);
  assertEquals(Reflect.preventExtensions(n), false);
  assertEquals(Reflect.defineProperty(n, "f", { get: () => 1 }), false);
});

test("Namespace tells an attribute that is undefined from one that it does not have", () => {
  const n = new Namespace<Record<string, unknown>>({ toString: undefined });
  assertEquals([n.toString, "toString" in n, Object.keys(n)], [undefined, true, ["toString"]]);
  assert(Reflect.deleteProperty(n, "toString"));
  assertEquals(String(n), "Namespace()");
});

test("a namespace of another program asks that one for its attributes", () => {
  const attributes = new SharedMap<string, unknown>({ a: 1, gone: undefined });
  const address = addressOf(new Namespace())!;
  const n = reviveElsewhere(attributes, address) as Record<string, unknown>;
  assertEquals([n.a, n.gone, n.other], [1, undefined, undefined]);
  assertEquals(["a" in n, "gone" in n, "other" in n], [true, true, false]);
  assertEquals(Object.keys(n), ["a", "gone"]);
  assertEquals(Object.hasOwn(n, "gone"), true);
  assertEquals(Object.hasOwn(n, "other"), false);
  assertEquals(typeof n.toString, "function");
  n.b = 2;
  delete n.a;
  assertEquals(attributes.copy(), new Map<string, unknown>([["gone", undefined], ["b", 2]]));
  assertEquals(addressOf(n), address);
  assertStrictEquals(attributesOf(n), attributes as unknown);
});

test("Namespace() and update() refuse what they cannot use", () => {
  for (const attributes of [5, "x", null, [1]] as unknown as object[]) {
    const message = "Cannot make namespace: attributes must be an object, not ";
    assertThrows(() => new Namespace(attributes), TypeError, message);
  }
  const n = new Namespace<Record<string, number>>({ a: 1 });
  const name = 5 as unknown as string;
  assertThrows(() => Namespace.update(n, name, (it) => it), TypeError, "name must be a string");
  const fn = 5 as unknown as (it: number) => number;
  assertThrows(() => Namespace.update(n, "a", fn), TypeError, "fn must be a function, not 5");
  assertEquals({ ...n }, { a: 1 });
});

test("the prototypes of containers are shown as such", () => {
  assertEquals(Deno.inspect(Namespace.prototype), "Namespace.prototype");
  assertEquals(Deno.inspect(SharedMap.prototype), "SharedMap.prototype");
});
