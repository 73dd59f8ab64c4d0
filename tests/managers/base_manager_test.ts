import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BaseManager,
  BaseProxy,
  callMethod,
  ClosedError,
  DataCloneError,
  Event,
  InitializerError,
  Manager,
  Pool,
  type Proxied,
  Queue,
  SharedMap,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { Counter, FooBar, makeCounter, setInitial, squares } from "../fixtures/manager_types.ts";
import { collectGarbage, frees } from "../fixtures/heap.ts";
import { nameOf } from "../../lib/heap/identity.ts";
import { exitCodeOf, isolateWord } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, testProcess } from "../fixtures/workers.ts";

const MyManager = (class MyManager extends BaseManager {})
  .register("Foo", FooBar)
  .register("Bar", FooBar, { exposed: ["f", "_h"] })
  .register("baz", squares)
  .register("Counter", Counter)
  .register("makeCounter", makeCounter);

async function exercise(manager: InstanceType<typeof MyManager>): Promise<void> {
  const [foo, bar] = [await manager.Foo(), await manager.Bar()];
  assertEquals(await foo.f(), "f()");
  await assertRejects(() => foo.g(), RangeError, "g()");
  assertEquals("_h" in foo, false);
  await assertRejects(
    () => callMethod(foo, "_h"),
    TypeError,
    "Cannot call _h of Foo: it is not exposed",
  );
  assertEquals(await bar.f(), "f()");
  assertEquals(await callMethod(bar, "_h"), "_h()");
  await assertRejects(
    () => callMethod(bar, "g"),
    TypeError,
    "Cannot call g of Bar: it is not exposed. Exposed are f, _h",
  );
  assertEquals(await Array.fromAsync(await manager.baz()), [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
}

test("BaseManager.register() exposes the public methods, or those that exposed lists", async () => {
  await using manager = new MyManager();
  manager.start();
  await exercise(manager);
  await manager.shutdown();
  assert(await manager.join(guard));
});

test("BaseManager starts with the first object and ends with its scope", async () => {
  let foo: Proxied<FooBar>;
  {
    await using manager = new MyManager();
    foo = await manager.Foo();
    assertEquals(await foo.f(), "f()");
  }
  await assertRejects(() => foo.f(), ClosedError, "Cannot call f: the manager is shut down");
});

test("BaseManager.start() throws when called again, and the manager ends with its scope", async () => {
  const manager = new MyManager();
  manager.start();
  assertThrows(() => manager.start(), Error, "Cannot start manager: it was started before");
  {
    await using same = manager;
    await exercise(same);
  }
  await assertRejects(() => manager.Foo(), Error, "Cannot make Foo: the manager is shut down");
  assertThrows(() => manager.start(), Error, "Cannot start manager: the manager is shut down");
  await manager.shutdown(); // idempotent
});

test("BaseManager.join() returns false while the process runs, and throws the reason of its signal", async () => {
  await using manager = new BaseManager();
  manager.start();
  assertEquals(await manager.join({ timeoutMs: 1 }), false);
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(() => manager.join({ signal }), RangeError, "enough");
  await manager.shutdown();
  assertEquals(await manager.join(), true);
});

test("BaseManager is inspected with its state", async () => {
  const manager = new MyManager();
  const shown = (state: string) => `MyManager { state: "${state}" }`;
  assertEquals(Deno.inspect(manager), shown("not started"));
  manager.start();
  assertEquals(Deno.inspect(manager), shown("running"));
  await manager.shutdown();
  assertEquals(Deno.inspect(manager), shown("shut down"));
  assertEquals(Deno.inspect(BaseManager.prototype), "BaseManager.prototype");
});

test("BaseProxy calls during the shutdown throw ClosedError", async () => {
  const manager = new MyManager();
  const foo = await manager.Foo();
  const ends = manager.shutdown();
  await assertRejects(() => foo.f(), ClosedError, "Cannot call f: the manager is shut down");
  await ends;
});

test("BaseManager runs its server in a daemonic process, which has ended without error after shutdown()", async () => {
  const nameless = (() => class extends BaseManager {})().register("make", Counter);
  const named = (class Named extends BaseManager {}).register("make", Counter);
  for (const [managerClass, name] of [[named, "Named"], [nameless, "Manager"]] as const) {
    const manager = new managerClass();
    manager.start();
    const [record] = hostedWorkers().slice(-1);
    assertEquals(i32[record + isolateWord.DAEMON], 1);
    await manager.make();
    assertEquals(nameOf(record).replace(/\d+$/, ""), `${name}-`);
    await manager.shutdown();
    assertEquals([exitCodeOf(record), hostedWorkers().includes(record)], [0, false]);
  }
});

test("BaseManager.register() replaces a type of the same name", async () => {
  class Mine extends BaseManager {}
  Mine.register("It", squares);
  const Other = Mine.register("It", Counter);
  await using manager = new Other();
  assertEquals(await (await manager.It(3)).add(), 4);
});

test("BaseManager.join() returns true when the manager was never started", async () => {
  await using manager = new MyManager();
  assert(await manager.join());
});

test("BaseManager.start() runs its initializer in the process", async () => {
  await using manager = new MyManager();
  // @ts-expect-error: not a function
  assertThrows(() => manager.start(1), TypeError, "initializer must be a function, not 1");
  // @ts-expect-error: not an array
  assertThrows(() => manager.start(setInitial, 40), TypeError, "initargs must be an array");
  manager.start(setInitial, [40]);
  const counter = await manager.makeCounter();
  assertEquals(await counter.add(2), 42);
});

test("BaseManager fails all calls when its initializer fails", async () => {
  await using manager = new MyManager();
  manager.start(() => {
    throw new RangeError("no");
  });
  for (let turn = 0; turn < 2; turn++) {
    const error = await assertRejects(() => manager.Foo(), InitializerError);
    assert(error.cause instanceof RangeError);
  }
});

test("BaseManager.register() rejects invalid names and types", () => {
  class Mine extends BaseManager {}
  for (const name of ["start", "shutdown", "constructor", ""]) {
    assertThrows(() => Mine.register(name, FooBar), RangeError, `, not "${name}"`);
  }
  assertThrows(
    // @ts-expect-error: not a class
    () => Mine.register("x", 5),
    TypeError,
    "Cannot register type x: callable must be a class or a function, not 5",
  );
  Mine.register("Foo", FooBar);
  assertEquals("Foo" in new Mine(), true);
  assertEquals("Foo" in new BaseManager(), false);
});

test("BaseManager rejects classes and arguments that cannot cross", async () => {
  class Unknown {}
  const Mine = (class Mine extends BaseManager {})
    .register("Unknown", Unknown)
    .register("Number", (n: unknown) => n as object)
    .register("Counter", Counter);
  await using manager = new Mine();
  await assertRejects(
    () => manager.Unknown(),
    DataCloneError,
    "Cannot send callable: the class Unknown",
  );
  await assertRejects(
    () => manager.Number(Symbol("s")),
    DataCloneError,
    "Cannot send args[0]: a symbol",
  );
  await assertRejects(
    () => manager.Number(5),
    TypeError,
    "Cannot make Number: its function must return",
  );
  const counter = await manager.Counter(1);
  await assertRejects(
    () => counter.add(Symbol("s") as unknown as number),
    DataCloneError,
    "Cannot send args[0]: a symbol",
  );
  await assertRejects(() => counter.get(), DataCloneError, "Cannot send result.socket: a symbol");
  assertEquals(await counter.add(), 2); // the manager remains usable
});

testProcess("BaseProxy calls from several workers do not interleave", async () => {
  await using manager = new MyManager();
  const counter = await manager.Counter();
  const processes = Array.from({ length: 3 }, () =>
    run(async (counter: Proxied<Counter>) => {
      for (let at = 0; at < 200; at++) await counter.add();
    }, counter));
  for (const process of processes) await ended(process);
  assertEquals(await counter.add(0), 600);
});

testProcess("BaseProxy calls that wait do not delay others", async () => {
  await using manager = new MyManager();
  const counter = await manager.Counter();
  const reached = counter.reach(3);
  await using pool = new Pool(1);
  await pool.apply(async (counter: Proxied<Counter>) => {
    await counter.add();
    await counter.add(2);
  }, [counter]);
  assertEquals(await reached, 3);
});

testProcess("BaseProxy methods that return iterators return async iterators", async () => {
  await using manager = new MyManager();
  const counter = await manager.Counter(3);
  assertEquals(await Array.fromAsync(await counter.down()), [3, 2, 1]);
  for await (const n of await counter.down()) {
    assertEquals(n, 3);
    break; // calls return() in the server
  }
  const answers = new Queue<number[]>();
  const process = run(
    async (numbers: AsyncIterableIterator<number>, answers: Queue<number[]>) => {
      await answers.put(await Array.fromAsync(numbers));
    },
    await counter.down(),
    answers,
  );
  assertEquals(await answers.get(guard), [3, 2, 1]);
  await ended(process);
});

test("BaseProxy can be stored in a container and sent", async () => {
  await using manager = new MyManager();
  const map = new SharedMap<string, Proxied<Counter>>();
  map.set("counter", await manager.Counter(1));
  const found = map.get("counter")!;
  assert(found instanceof BaseProxy);
  assertEquals(await found.add(), 2);
  assertEquals([String(found), Deno.inspect(found)], Array(2).fill("[proxy of Counter 1]"));
});

test("BaseManager releases objects without proxies", async () => {
  const Weak = (class Weak extends BaseManager {}).register("Kept", () => {
    const global = globalThis as { count?: number; registry?: FinalizationRegistry<null> };
    global.count ??= 0;
    global.registry ??= new FinalizationRegistry(() => global.count!--);
    const object = { living: () => global.count! };
    global.count++;
    global.registry.register(object, null);
    return object;
  });
  await using manager = new Weak();
  const kept = await manager.Kept();
  for (let turn = 0;; turn++) {
    await Promise.all(Array.from({ length: 100 }, () => manager.Kept()));
    await collectGarbage();
    if (turn * 100 > await kept.living()) break;
  }
});

test("BaseProxy calls throw WorkerDiedError when the server dies", async () => {
  await using manager = new MyManager();
  const [counter, started] = [await manager.Counter(), new Event()];
  const waiting = counter.block(started);
  assert(await started.wait(guard));
  const exit = counter.exit();
  for (const call of [() => waiting, () => exit, () => counter.add(), () => manager.Counter()]) {
    const error = await assertRejects(call, WorkerDiedError, "server ended with exit code 7");
    assertEquals(error.exitCode, 7);
  }
});

testProcess(
  "requests that a dead server has not taken, and replies to a dead client, are freed",
  async () => {
    const long = "x".repeat(5000);
    await frees(async () => {
      await using manager = new MyManager();
      const counter = await manager.Counter();
      const calls = [counter.exit(), ...Array.from({ length: 20 }, () => counter.echo(long))];
      for (const call of calls) await assertRejects(() => call, WorkerDiedError);
    });
    await frees(async () => {
      await using manager = new MyManager();
      const counter = await manager.Counter();
      const client = run(
        (counter: Proxied<Counter>, long: string) => {
          for (let call = 0; call < 20; call++) counter.echo(long);
          Deno.exit(3);
        },
        counter,
        long,
      );
      await ended(client, 3);
      assertEquals(await counter.echo("served"), "served"); // and all calls before it
    });
  },
);

test("BaseManager.shutdown() waits for calls, but not indefinitely", async () => {
  const manager = new MyManager();
  const [counter, started] = [await manager.Counter(), new Event()];
  const endless = counter.block(started);
  assert(await started.wait(guard));
  const failed = assertRejects(() => endless, WorkerDiedError, "exit code -15");
  await manager.shutdown();
  await failed;
});

test("Manager.register() adds types to Manager", async () => {
  const Mine = (class Mine extends Manager {}).register("Counter", Counter);
  await using manager = new Mine();
  const counter = await manager.Counter(5);
  const dict = manager.dict<string, typeof counter>();
  dict.set("counter", counter);
  assertEquals(await dict.get("counter")!.add(), 6);
});
