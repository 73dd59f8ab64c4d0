import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  activeChildren,
  currentProcess,
  DataCloneError,
  Event,
  getContext,
  Process,
  type ProcessOptions,
  Queue,
} from "@sauropod/multiprocessing";
import { ending, endingSync, guard, started, testProcess } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

// Construction

testProcess("new Process() rejects invalid targets, arguments and start methods", () => {
  const make = (options: unknown) => () => new Process(options as ProcessOptions);
  assertThrows(make({ target: "run" }), TypeError, 'target must be a function, not "run"');
  assertThrows(make({ target: null }), TypeError, "target must be a function");
  assertThrows(make({ target: () => {}, args: "x" }), TypeError, "args must be an array");
  assertThrows(make({ target: () => {}, args: { length: 1 } }), TypeError, "write args: [x]");
  assertThrows(make({ startMethod: "fork" }), RangeError, 'not "fork". A worker cannot be');
});

testProcess("new Process() rejects unknown options and a call in place of a target", () => {
  const make = (options: unknown) => () => new Process(options as ProcessOptions);
  assertThrows(
    make({ target: Math.sqrt, arg: [4] }),
    TypeError,
    "Cannot make process: there is no option arg. There are target, args, name, daemon, startMethod",
  );
  assertThrows(make([Math.sqrt]), TypeError, "options must be an object");
  const called = make({ target: (() => {})() });
  const advice = "target must be a function, not undefined. Write target: fn, without calling it";
  assertThrows(called, TypeError, advice);
  assertThrows(make({ target: Math.sqrt(4) }), TypeError, "without calling it");
  const { Process: Warm } = getContext("forkserver");
  assertThrows(() => new Warm({ target: undefined }), TypeError, advice);
  assertThrows(() => new Warm((() => {}) as never), TypeError, "not a function");
});

testProcess("new Process() accepts no target, and all its options", () => {
  class Mine extends Process {
    override run() {}
  }
  for (const process of [new Process(), new Process({}), new Mine({ target: undefined })]) {
    assertEquals(process.isAlive(), false);
  }
  const all: Required<ProcessOptions<[number]>> = {
    target: Math.sqrt,
    args: [4],
    name: "root",
    daemon: true,
    startMethod: "spawn",
    startTimeoutMs: 60_000,
    permissions: undefined as never,
    env: undefined as never,
    cwd: undefined as never,
    maxOldSpaceMb: undefined as never,
    denoArgs: undefined as never,
  };
  const { name, daemon } = new Process(all);
  assertEquals([name, daemon], ["root", true]);
});

testProcess("new Process() is not alive and has no pid, exit code or error", () => {
  const process = new Process({ target: () => {} });
  assertEquals(process.isAlive(), false);
  assertEquals(
    [process.pid, process.exitCode, process.error, process.daemon],
    [undefined, undefined, undefined, false],
  );
  assertEquals(activeChildren(), []);
});

testProcess("Process.name is Process-N by default, with increasing N", () => {
  const numbers = [new Process(), new Process()].map(({ name }) =>
    Number(name.match(/^Process-(\d+)$/)![1])
  );
  assertEquals(numbers[1], numbers[0] + 1);
  assertEquals(new Process({ name: "reader" }).name, "reader");
});

testProcess("Process.run() calls the target in the calling isolate", () => {
  const process = new Process({ target: (a: number, b: number) => a + b, args: [1, 2] });
  assertEquals(process.run(), 3);
  assertEquals(new Process().run(), undefined);
});

testProcess("Process without a target ends with exit code 0", async () => {
  assertEquals(await ending(started({})), 0);
});

testProcess("new Process() rejects Python's positional arguments", () => {
  assertThrows(
    () => new Process((() => {}) as never),
    TypeError,
    "options must be an object, such as { target: … }, not a function",
  );
});

// Life

testProcess("Process.start() runs the target with its arguments", async () => {
  const out = new Queue<unknown[]>();
  const values = [1, "two", [3], { four: new Map([[4n, null]]) }, undefined];
  const process = started({ target: tasks.echo, args: [out, ...values] });
  assertEquals(await out.get(guard), values);
  assertEquals(await ending(process), 0);
});

testProcess("Process.start() copies the arguments during the call", async () => {
  const out = new Queue<unknown[]>();
  const list = [1, 2];
  const process = started({ target: tasks.echo, args: [out, list] });
  list.push(3);
  assertEquals(await out.get(guard), [[1, 2]]);
  assertEquals(await ending(process), 0);
});

testProcess("Process.start() runs inline functions and built-ins", async () => {
  const out = new Queue<number>();
  const process = started({
    target: (out: Queue<number>, x: number) => out.putSync(x * 2),
    args: [out, 21],
  });
  assertEquals(await out.get(guard), 42);
  assertEquals(await ending(process), 0);
  assertEquals(await ending(started({ target: Math.sqrt, args: [4] })), 0);
});

testProcess(
  "Process is alive, has a pid and is an active child from start() until it ends",
  async () => {
    const [begun, end] = [new Event(), new Event()];
    const process = new Process({ target: tasks.awaitEvent, args: [begun, end] });
    process.start();
    assert(process.isAlive());
    assert(Number.isInteger(process.pid));
    assertNotEquals(process.pid, currentProcess().pid);
    assert(await begun.wait(guard));
    assertEquals([process.exitCode, process.error], [undefined, undefined]);
    assertEquals(activeChildren(), [process as Process]);
    end.set();
    assertEquals(await ending(process as Process), 0);
    assertEquals(process.isAlive(), false);
    assertEquals(activeChildren(), []);
    assert(await process.join(), "joining again");
    assert(process.joinSync(), "joining again");
  },
);

testProcess("Process.start() throws when called again", async () => {
  const process = started({ target: () => {} });
  assertThrows(() => process.start(), Error, "it was started before. Make a new one");
  assertEquals(await ending(process), 0);
  assertThrows(() => process.start(), Error, "it was started before");
});

testProcess("Process.join(), joinSync(), terminate() and kill() throw before start()", async () => {
  const process = new Process({ target: () => {}, name: "early" });
  await assertRejects(() => process.join(), Error, "Cannot join process early: it was not started");
  assertThrows(() => process.joinSync(), Error, "Cannot join process early: it was not started");
  assertThrows(() => process.terminate(), Error, "Cannot terminate process early");
  assertThrows(() => process.kill(), Error, "Cannot kill process early: it was not started");
});

testProcess(
  "Process.close() throws while the process runs, and makes other methods throw afterwards",
  async () => {
    const [begun, end] = [new Event(), new Event()];
    const process = started({ target: tasks.awaitEvent, args: [begun, end], name: "closer" });
    assertThrows(() => process.close(), Error, "Cannot close process closer: it is still running");
    end.set();
    await ending(process);
    process.close();
    process.close();
    assertEquals(process.name, "closer");
    const closed = "process closer: it is closed";
    assertThrows(() => process.isAlive(), Error, closed);
    assertThrows(() => process.exitCode, Error, closed);
    assertThrows(() => process.error, Error, closed);
    assertThrows(() => process.pid, Error, closed);
    assertThrows(() => process.start(), Error, closed);
    assertThrows(() => process.joinSync(), Error, closed);
    assertThrows(() => process.terminate(), Error, closed);
    assertThrows(() => process.kill(), Error, closed);
    await assertRejects(() => process.join(), Error, closed);
  },
);

testProcess("Process.close() before start() is allowed", () => {
  const process = new Process();
  process.close();
  assertThrows(() => process.start(), Error, "it is closed");
});

testProcess(
  "Process.join() and joinSync() return false after timeoutMs and leave the process alive",
  async () => {
    const [begun, end] = [new Event(), new Event()];
    const process = started({ target: tasks.awaitEvent, args: [begun, end] });
    for (const timeoutMs of [0, -1, 5]) {
      assertEquals(await process.join({ timeoutMs }), false);
      assertEquals(process.joinSync({ timeoutMs }), false);
    }
    assert(process.isAlive());
    await assertRejects(() => process.join({ timeoutMs: NaN }), RangeError, "timeoutMs");
    assertThrows(() => process.joinSync({ timeoutMs: NaN }), RangeError, "timeoutMs");
    end.set();
    assertEquals(await ending(process), 0);
  },
);

testProcess("Process.join() rejects with the reason of its signal", async () => {
  const [begun, end] = [new Event(), new Event()];
  const process = started({ target: tasks.awaitEvent, args: [begun, end] });
  const controller = new AbortController();
  const joining = process.join({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => joining, Error, "enough");
  await assertRejects(() => process.join({ signal: controller.signal }), Error, "enough");
  end.set();
  assertEquals(await ending(process), 0);
});

testProcess("Process.join() resolves for several callers", async () => {
  const [begun, end] = [new Event(), new Event()];
  const process = started({ target: tasks.awaitEvent, args: [begun, end] });
  const joins = [process.join(guard), process.join(guard), process.join(guard)];
  end.set();
  assertEquals(await Promise.all(joins), [true, true, true]);
});

testProcess("Process.start() can start many processes at once", async () => {
  const processes = Array.from({ length: 20 }, () => started({ target: Math.random }));
  assertEquals(new Set(processes.map(({ pid }) => pid)).size, 20);
  for (const process of processes) assertEquals(await ending(process), 0);
  const others = Array.from({ length: 5 }, () => started({ target: Math.random }));
  for (const process of others) assertEquals(endingSync(process), 0);
});

// Subclasses

testProcess("Process subclass executes its run() with its properties", async () => {
  const out = new Queue<string>();
  const greeter = new tasks.Greeter("bob", out);
  greeter.greeting = "good day";
  greeter.start();
  assertEquals(await out.get(guard), "good day bob from greeter of bob");
  assertEquals(await ending(greeter), 0);
});

testProcess("Process subclass is named after its class", () => {
  class Reader extends Process {}
  assert(/^Reader-\d+$/.test(new Reader().name));
});

testProcess("Process.start() of an unregistered subclass says how to register it", () => {
  const stranger = new tasks.Stranger();
  assertThrows(() => stranger.start(), TypeError, "task(import.meta, Stranger)");
  assertEquals([stranger.isAlive(), activeChildren()], [false, []]);
});

// What cannot cross

testProcess(
  "Process.start() names the path to a value that cannot cross, and can be called again",
  async () => {
    const predict = Math.max.bind(null);
    const process = (args: unknown[]) => new Process({ target: (..._: unknown[]) => {}, args });
    const start = (...args: unknown[]) => () => process(args).start();
    assertThrows(start({ model: { predict } }), DataCloneError, "args[0].model.predict");
    assertThrows(start(1, [new Map([["k", Symbol()]])]), DataCloneError, 'args[1][0].get("k")');
    assertThrows(start(Promise.resolve()), DataCloneError, "args[0]: a Promise cannot cross");
    assertThrows(
      () => new Process({ target: predict }).start(),
      DataCloneError,
      "target",
    );
    const args: unknown[] = [Symbol()];
    const repaired = process(args);
    assertThrows(() => repaired.start(), DataCloneError, "args[0]");
    args[0] = 1;
    repaired.start();
    assertEquals(await ending(repaired), 0);
  },
);

testProcess("Process.start() of a subclass names the property that cannot cross", () => {
  const greeter = new tasks.Greeter("bob", new Queue());
  Object.assign(greeter, { friend: new WeakMap() });
  assertThrows(() => greeter.start(), DataCloneError, "friend");
});
