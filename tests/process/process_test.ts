import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AbandonedLockError,
  activeChildren,
  cpuCount,
  currentProcess,
  DataCloneError,
  EOFError,
  Event,
  getAllStartMethods,
  getContext,
  Lock,
  parentProcess,
  Pipe,
  Process,
  type ProcessOptions,
  Queue,
  TaskLookupError,
  tasksOf,
} from "@sauropod/multiprocessing";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/process_tasks.ts";

const guard = { timeoutMs: GUARD_MS };

/** Waits for the end of the process and gives its exit code. */
async function ending(process: Process): Promise<number | undefined> {
  assert(await process.join(guard), `${process.name} still runs`);
  return process.exitCode;
}

/** As {@linkcode ending}, blocking. */
function endingSync(process: Process): number | undefined {
  assert(process.joinSync(guard), `${process.name} still runs`);
  return process.exitCode;
}

function started<A extends readonly unknown[]>(options: ProcessOptions<A>): Process {
  const process = new Process(options);
  process.start();
  return process as Process;
}

// Construction

test("new Process() rejects what is no target, arguments or start method", () => {
  const make = (options: unknown) => () => new Process(options as ProcessOptions);
  assertThrows(make({ target: "run" }), TypeError, "target must be a function, not string");
  assertThrows(make({ target: null }), TypeError, "target must be a function");
  assertThrows(make({ target: () => {}, args: "x" }), TypeError, "args must be an array");
  assertThrows(make({ target: () => {}, args: { length: 1 } }), TypeError, "write args: [x]");
  assertThrows(make({ startMethod: "fork" }), RangeError, '"fork": a worker cannot be made a copy');
});

test("new Process() refuses what is no option, and a call in place of its target", () => {
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

test("new Process() needs no target, and takes all its options", () => {
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
  };
  const { name, daemon } = new Process(all);
  assertEquals([name, daemon], ["root", true]);
});

test("new Process() has no pid, exit code or error, and is not alive", () => {
  const process = new Process({ target: () => {} });
  assertEquals(process.isAlive(), false);
  assertEquals(
    [process.pid, process.exitCode, process.error, process.daemon],
    [undefined, undefined, undefined, false],
  );
  assertEquals(activeChildren(), []);
});

test("Process.name is Process-N if not given, N counting up", () => {
  const numbers = [new Process(), new Process()].map(({ name }) =>
    Number(name.match(/^Process-(\d+)$/)![1])
  );
  assertEquals(numbers[1], numbers[0] + 1);
  assertEquals(new Process({ name: "reader" }).name, "reader");
});

test("Process.run() calls the target here", () => {
  const process = new Process({ target: (a: number, b: number) => a + b, args: [1, 2] });
  assertEquals(process.run(), 3);
  assertEquals(new Process().run(), undefined);
});

test("Process of no target ends with 0", async () => {
  assertEquals(await ending(started({})), 0);
});

// Life

test("Process.start() runs the target with its arguments", async () => {
  const out = new Queue<unknown[]>();
  const values = [1, "two", [3], { four: new Map([[4n, null]]) }, undefined];
  const process = started({ target: tasks.echo, args: [out, ...values] });
  assertEquals(await out.get(guard), values);
  assertEquals(await ending(process), 0);
});

test("Process.start() copies the arguments at the call", async () => {
  const out = new Queue<unknown[]>();
  const list = [1, 2];
  const process = started({ target: tasks.echo, args: [out, list] });
  list.push(3);
  assertEquals(await out.get(guard), [[1, 2]]);
  assertEquals(await ending(process), 0);
});

test("Process.start() runs an inline function, and a built-in one", async () => {
  const out = new Queue<number>();
  const process = started({
    target: (out: Queue<number>, x: number) => out.putSync(x * 2),
    args: [out, 21],
  });
  assertEquals(await out.get(guard), 42);
  assertEquals(await ending(process), 0);
  assertEquals(await ending(started({ target: Math.sqrt, args: [4] })), 0);
});

test("Process is alive, with a pid and among the active children, from start() to its end", async () => {
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
});

test("Process.start() a second time throws", async () => {
  const process = started({ target: () => {} });
  assertThrows(() => process.start(), Error, "it was started before. Make a new one");
  assertEquals(await ending(process), 0);
  assertThrows(() => process.start(), Error, "it was started before");
});

test("Process.join(), joinSync(), terminate() and kill() before start() throw", async () => {
  const process = new Process({ target: () => {}, name: "early" });
  await assertRejects(() => process.join(), Error, "Cannot join process early: it was not started");
  assertThrows(() => process.joinSync(), Error, "Cannot join process early: it was not started");
  assertThrows(() => process.terminate(), Error, "Cannot terminate process early");
  assertThrows(() => process.kill(), Error, "Cannot kill process early: it was not started");
});

test("Process.close() throws while the process runs, and ends all use after it", async () => {
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
});

test("Process.close() before start() is allowed", () => {
  const process = new Process();
  process.close();
  assertThrows(() => process.start(), Error, "it is closed");
});

test("Process.join() with a timeout that passes gives false and leaves the process alive", async () => {
  const [begun, end] = [new Event(), new Event()];
  const process = started({ target: tasks.awaitEvent, args: [begun, end] });
  for (const timeoutMs of [0, -1, 5]) {
    assertEquals(await process.join({ timeoutMs }), false);
    assertEquals(process.joinSync({ timeoutMs }), false);
  }
  assert(process.isAlive());
  await assertRejects(() => process.join({ timeoutMs: NaN }), TypeError, "timeoutMs");
  assertThrows(() => process.joinSync({ timeoutMs: NaN }), TypeError, "timeoutMs");
  end.set();
  assertEquals(await ending(process), 0);
});

test("Process.join() ends with the reason of its signal", async () => {
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

test("Process.join() by several at once resolves for all", async () => {
  const [begun, end] = [new Event(), new Event()];
  const process = started({ target: tasks.awaitEvent, args: [begun, end] });
  const joins = [process.join(guard), process.join(guard), process.join(guard)];
  end.set();
  assertEquals(await Promise.all(joins), [true, true, true]);
});

test("Process starts many at once, which all end with 0", async () => {
  const processes = Array.from({ length: 20 }, () => started({ target: Math.random }));
  assertEquals(new Set(processes.map(({ pid }) => pid)).size, 20);
  for (const process of processes) assertEquals(await ending(process), 0);
  const others = Array.from({ length: 5 }, () => started({ target: Math.random }));
  for (const process of others) assertEquals(endingSync(process), 0);
});

// Exit codes

const ends: [how: string, target: () => unknown, exitCode: number, message?: string][] = [
  ["a function that returns", () => 5, 0],
  ["an async function that returns", async () => void await null, 0],
  ["Deno.exit()", () => Deno.exit(), 0],
  ["Deno.exit(3)", () => Deno.exit(3), 3],
  ["Deno.exit(3) after an await", async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    Deno.exit(3);
  }, 3],
  ["Deno.exit(true)", () => Deno.exit(true as unknown as number), 0], // as Deno has it
  ["Deno.exit(false)", () => Deno.exit(false as unknown as number), 0],
  // deno-lint-ignore no-process-global
  ["process.exit(7)", () => process.exit(7), 7],
  ["self.close()", () => self.close(), 0],
  ["self.close() and a wait", async () => {
    self.close();
    await new Promise(() => {});
  }, 0],
  ["globalThis.close()", () => globalThis.close(), 0],
  [
    "an error",
    () => {
      console.error = () => {};
      throw new RangeError("too far");
    },
    1,
    "too far",
  ],
  [
    "a rejection",
    async () => {
      console.error = () => {};
      await null;
      throw new RangeError("too far");
    },
    1,
    "too far",
  ],
  [
    "an error in a timer",
    () => {
      console.error = () => {};
      setTimeout(() => {
        throw new Error("late");
      }, 0);
      return new Promise(() => {});
    },
    1,
    "late",
  ],
  [
    "a rejection that nobody handles",
    () => {
      console.error = () => {};
      Promise.reject(new Error("unhandled"));
      return new Promise(() => {});
    },
    1,
    "unhandled",
  ],
  [
    "an endless recursion",
    function deeper(): unknown {
      console.error = () => {};
      return [deeper()];
    },
    1,
    "call stack",
  ],
];

for (const [how, target, exitCode, message] of ends) {
  test(`Process.exitCode of ${how} is ${exitCode}, awaited and blocking`, async () => {
    for (const wait of [ending, endingSync]) {
      const process = started({ target });
      assertEquals(await wait(process), exitCode);
      const error = process.error as Error | undefined;
      if (message === undefined) assertEquals(error, undefined);
      else assertStringIncludes(error!.message, message);
    }
  });
}

test("Process.error is what was thrown, whatever it is", async () => {
  for (const thrown of ["text", 7, null, undefined, { reason: ["a"] }]) {
    const process = started({
      target: (thrown: unknown) => {
        console.error = () => {};
        throw thrown;
      },
      args: [thrown],
    });
    assertEquals(await ending(process), 1);
    assertEquals(process.error, thrown);
    assertEquals(process.error, thrown, "asked again");
  }
});

test("Process.error is what nobody caught, though the work was done", async () => {
  const targets = [
    () => {
      console.error = () => {};
      Promise.reject(new RangeError("floating"));
    },
    () => {
      console.error = () => {};
      (async () => {
        await null;
        throw new RangeError("floating");
      })();
    },
    (queue: Queue<number>) => {
      console.error = () => {};
      queue.put(1);
    },
  ];
  const closed = new Queue<number>();
  closed.close();
  const names = [];
  for (const target of targets) {
    const process = started({ target, args: [closed] });
    assertEquals(await ending(process), 1);
    assertInstanceOf(process.error, Error);
    names.push(process.error.name);
  }
  assertEquals(names, ["RangeError", "RangeError", "ClosedError"]);
});

test("Process.error has class, message, properties, cause and stack", () => {
  const process = started({ target: tasks.failWithModelError });
  assertEquals(endingSync(process), 1);
  const error = process.error;
  assertInstanceOf(error, tasks.ModelError);
  assertEquals([error.name, error.message, error.code], ["ModelError", "no convergence", 42]);
  assertInstanceOf(error.cause, TypeError);
  assertEquals(error.cause.message, "NaN in row 3");
  assertStringIncludes(error.stack!, "process_tasks.ts");
});

test("Process.error of a class that is not registered is of the nearest built-in one", async () => {
  const process = started({ target: tasks.failWithPrivateError });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, RangeError);
  assertEquals([process.error.name, process.error.message], ["PrivateError", "out of bounds"]);
});

test("Process.error says so if what was thrown cannot cross", async () => {
  const process = started({
    target: () => {
      console.error = () => {};
      throw Symbol("odd");
    },
  });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, Error);
  assertStringIncludes(process.error.message, "Symbol(odd)");
});

test("Process whose function is not in its module ends with a TaskLookupError", async () => {
  const module = tasksOf<{ missing(): void }>(new URL("../fixtures/guarded.ts", import.meta.url));
  const process = started({ target: module.missing });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, TaskLookupError);
  assertStringIncludes(process.error.message, "does not export it");
});

test("Process whose module does not exist ends with a TaskLookupError", () => {
  const module = tasksOf<{ missing(): void }>(new URL("./nowhere.ts", import.meta.url));
  const process = started({ target: module.missing });
  assertEquals(endingSync(process), 1);
  assertInstanceOf(process.error, TaskLookupError);
  assertStringIncludes(process.error.message, "nowhere.ts");
});

// terminate and kill

for (const [verb, exitCode] of [["terminate", -15], ["kill", -9]] as const) {
  for (const wait of [ending, endingSync]) {
    const how = wait === ending ? "awaited" : "blocking";

    test(`Process.${verb}() while it computes gives ${exitCode}, ${how}`, async () => {
      const [begun, stop] = [new Event(), new Event()];
      const process = started({ target: tasks.compute, args: [begun, stop] });
      assert(await begun.wait(guard));
      process[verb]();
      assertEquals(await wait(process), exitCode);
      assertEquals([process.isAlive(), process.error], [false, undefined]);
      assertEquals(activeChildren(), []);
      process[verb]();
      assertEquals(process.exitCode, exitCode);
      stop.set(); // so that its thread ends
    });

    test(`Process.${verb}() while it awaits gives ${exitCode}, ${how}`, async () => {
      const [begun, never] = [new Event(), new Event()];
      const process = started({ target: tasks.awaitEvent, args: [begun, never] });
      assert(await begun.wait(guard));
      process[verb]();
      assertEquals(await wait(process), exitCode);
    });

    test(`Process.${verb}() during its start gives ${exitCode}, ${how}`, async () => {
      const out = new Queue<unknown[]>();
      const process = started({ target: tasks.echo, args: [out] });
      process[verb]();
      assertEquals(await wait(process), exitCode);
    });

    test(`Process.${verb}() of ten at once gives ${exitCode} for all, ${how}`, async () => {
      const [begun, never] = [new Event(), new Event()];
      const processes = Array.from(
        { length: 10 },
        () => started({ target: tasks.awaitEvent, args: [begun, never] }),
      );
      for (const process of processes) process[verb]();
      for (const process of processes) assertEquals(await wait(process), exitCode);
    });
  }

  test(`Process.${verb}() after the end changes nothing`, async () => {
    const process = started({ target: () => Deno.exit(3) });
    assertEquals(await ending(process), 3);
    process[verb]();
    assertEquals(process.exitCode, 3);
  });

  test(`Process.${verb}() while it waits in Lock.acquireSync() throws there`, async () => {
    const [begun, lock, out] = [new Event(), new Lock(), new Queue<string>()];
    using _held = lock.acquireSync();
    const process = started({ target: tasks.acquire, args: [begun, lock, out] });
    assert(await begun.wait(guard));
    process[verb]();
    assertEquals(endingSync(process), verb === "kill" ? -9 : -15);
    if (verb === "terminate") assertEquals(await out.get(guard), "TerminatedError");
  });

  test(`Process.${verb}() while it waits in Queue.getSync() throws there`, async () => {
    const [begun, queue, out] = [new Event(), new Queue<string>(), new Queue<string>()];
    const process = started({ target: tasks.take, args: [begun, queue, out] });
    assert(await begun.wait(guard));
    process[verb]();
    assertEquals(await ending(process), verb === "kill" ? -9 : -15);
    if (verb === "terminate") assertEquals(out.getSync(guard), "TerminatedError");
    queue.putSync("for whoever lives");
    assertEquals(queue.getSync(guard), "for whoever lives");
  });

  test(`Process.${verb}() while it holds a lock tells the next holder`, async () => {
    const [lock, held, end] = [new Lock(), new Event(), new Event()];
    const process = started({ target: tasks.keepLock, args: [lock, held, end] });
    assert(await held.wait(guard));
    process[verb]();
    await assertRejects(() => lock.acquire(guard), AbandonedLockError);
    lock.release();
    await ending(process);
  });
}

// Who is who

test("currentProcess() of the main program is MainProcess, which has no parent", () => {
  const { name, daemon, pid } = currentProcess();
  assertEquals([name, daemon, pid], ["MainProcess", false, 1]);
  assertEquals(parentProcess(), undefined);
  assert(cpuCount() >= 1);
});

test("currentProcess() and parentProcess() in a process are itself and its creator", async () => {
  const out = new Queue<unknown>();
  const process = started({ target: tasks.tellIdentity, args: [out], name: "me", daemon: true });
  assertEquals(await out.get(guard), {
    current: { name: "me", daemon: true, pid: process.pid },
    parent: { name: "MainProcess", pid: currentProcess().pid, alive: true },
    children: 0,
  });
  assertEquals(await ending(process), 0);
});

// 6
test("parentProcess() of a child of a child is seen to end by it", async () => {
  for (const end of ["terminate", "kill", "error", "return"] as const) {
    const [[here, there], go] = [Pipe<unknown[]>(), new Event()];
    const process = started({ target: tasks.watchedByChild, args: [there, go, end] });
    const [pid, alive, inTime] = await here.recv(guard);
    assertEquals([pid, alive, inTime], [process.pid, true, false], end);
    if (end === "terminate") process.terminate();
    else if (end === "kill") process.kill();
    else go.set();
    assertEquals(await here.recv(guard), [true, false], end);
    await ending(process);
    await assertRejects(() => here.recv(guard), EOFError); // the child of the child has ended too
  }
});

test("Process.daemon is its creator's if not given", async () => {
  const out = new Queue<boolean>();
  for (const daemon of [true, false]) {
    const process = started({ target: tasks.tellDaemon, args: [out], daemon });
    assertEquals(process.daemon, daemon);
    assertEquals(await out.get(guard), daemon);
    await ending(process);
  }
});

test("the daemons and pools of a process end with it", async () => {
  const [here, there] = Pipe<string>();
  const goOn = new Event();
  const process = started({ target: tasks.leaveDaemonsBehind, args: [there, goOn, new Event()] });
  assertEquals([await here.recv(guard), await here.recv(guard)], ["here", "here"]);
  goOn.set();
  assertEquals(await ending(process), 0);
  await assertRejects(() => here.recv(guard), EOFError); // nobody has the other end any more
});

// Subclasses

test("Process subclass runs its run() with its own properties", async () => {
  const out = new Queue<string>();
  const greeter = new tasks.Greeter("bob", out);
  greeter.greeting = "good day";
  greeter.start();
  assertEquals(await out.get(guard), "good day bob from greeter of bob");
  assertEquals(await ending(greeter), 0);
});

test("Process subclass is named after itself", () => {
  class Reader extends Process {}
  assert(/^Reader-\d+$/.test(new Reader().name));
});

test("Process.start() of a subclass that is not registered says how to", () => {
  const stranger = new tasks.Stranger();
  assertThrows(() => stranger.start(), TypeError, "task(import.meta, Stranger)");
  assertEquals([stranger.isAlive(), activeChildren()], [false, []]);
});

// What cannot cross

test("Process.start() names the path to what cannot cross, and can be tried again", async () => {
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
});

test("Process.start() of a subclass names the property that cannot cross", () => {
  const greeter = new tasks.Greeter("bob", new Queue());
  Object.assign(greeter, { friend: new WeakMap() });
  assertThrows(() => greeter.start(), DataCloneError, "friend");
});

// Processes in processes

test("Process in a Process is started by main, which is free or blocked", async () => {
  for (const wait of [ending, endingSync]) {
    const out = new Queue<Record<string, unknown>>();
    const process = started({ target: tasks.nest, args: [out as Queue<unknown>], name: "outer" });
    assertEquals(await wait(process), 0);
    const { current, parent } = await out.get(guard);
    assertEquals((current as { name: string }).name, "inner");
    assertEquals(parent, { name: "outer", pid: process.pid, alive: true });
    assertEquals(await out.get(guard), { children: 1, exitCode: 0 });
  }
});

test("Process in a Process that blocks is started by main, which is free or blocked", async () => {
  for (const wait of [ending, endingSync]) {
    const out = new Queue<unknown>();
    const process = started({ target: tasks.nestSync, args: [out] });
    assertEquals(await wait(process), 0);
    assertEquals(out.size(), 2);
    await out.get(guard);
    assertEquals(await out.get(guard), 0);
  }
});

test("Process nests: children tell their paths in order", async () => {
  for (const wait of [ending, endingSync]) {
    const out = new Queue<number[]>();
    const process = started({ target: tasks.recurse, args: [out, []] });
    assertEquals(await wait(process), 0);
    const paths = [];
    while (!out.empty()) paths.push(out.getSync(guard));
    assertEquals(paths, [[], [0], [0, 0], [0, 1], [1], [1, 0], [1, 1]]);
  }
});

test("Process in a Process outlives it", async () => {
  const [go, out] = [new Event(), new Queue<unknown[]>()];
  const process = started({ target: tasks.leaveChildBehind, args: ["orphan", out, go] });
  assertEquals(await ending(process), 0);
  go.set();
  assertEquals(await out.get(guard), ["orphan"]);
  await allEnded();
});

/** Waits for processes that others started. */
async function allEnded(): Promise<void> {
  const { hostedWorkers } = await import("../../lib/runtime/host.ts");
  while (hostedWorkers().length > 0) await new Promise((resolve) => setTimeout(resolve, 0));
}

for (const task of ["mapInPool", "mapInPoolSync"] as const) {
  test(`Pool in a Process works while main is free or blocked: ${task}`, async () => {
    for (const wait of [ending, endingSync]) {
      const out = new Queue<number[]>();
      const process = started({ target: tasks[task], args: [out] });
      assertEquals(await wait(process), 0);
      assertEquals(await out.get(guard), [1, 4, 9]);
    }
  });
}

test("Process.start() throws while a worker imports the module that calls it", async () => {
  const url = new URL("../fixtures/starts_at_import.ts", import.meta.url);
  const module = tasksOf<typeof import("../fixtures/starts_at_import.ts")>(url);
  const process = started({
    target: async (nothing: () => void) => {
      console.error = () => {};
      await nothing();
    },
    args: [module.nothing],
  });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, TaskLookupError);
  assertStringIncludes(process.error.message, "while its module is being imported by a worker");
  assertStringIncludes(process.error.message, "import.meta.main");
});

// Contexts

test("getContext() has the classes with a start method", () => {
  assertEquals(getAllStartMethods(), ["spawn", "forkserver"]);
  assertEquals(getContext(), getContext("spawn"));
  assertEquals(getContext().startMethod, "spawn");
  assertEquals(getContext("spawn").Process, Process);
  assertEquals(getContext("forkserver").startMethod, "forkserver");
  const get = (method: unknown) => () => getContext(method as "spawn");
  assertThrows(get("fork"), RangeError, "cannot be made a copy of another");
  assertThrows(get("thread"), RangeError, 'the start methods are "spawn" and "forkserver"');
  assertThrows(get("toString"), RangeError, "Cannot get context");
});

test("getContext().getContext() is itself, or the one that is asked for", () => {
  for (const method of getAllStartMethods()) {
    const context = getContext(method);
    assertStrictEquals(context.getContext(), context);
    for (const other of getAllStartMethods()) {
      assertStrictEquals(context.getContext(other), getContext(other));
    }
    assertThrows(() => context.getContext("fork" as "spawn"), RangeError, "cannot be made a copy");
  }
});

test("getContext() gives what cannot be changed: its start method is set by what it is", () => {
  for (const method of getAllStartMethods()) {
    const context = getContext(method) as { startMethod: unknown };
    for (const other of ["spawn", "forkserver", undefined]) {
      assertThrows(() => context.startMethod = other, TypeError);
    }
    assertEquals(context.startMethod, method);
    assert(!("setStartMethod" in context));
  }
});

test("getContext().Process of every start method runs, ends and is terminated", async () => {
  for (const method of getAllStartMethods()) {
    const context = getContext(method);
    const out = new Queue<unknown[]>();
    for (let round = 0; round < 4; round++) {
      const process = new context.Process({ target: tasks.echo, args: [out, round] });
      process.start();
      assertEquals(await out.get(guard), [round]);
      assertEquals(await (round % 2 ? ending : endingSync)(process as Process), 0);
    }
    const [begun, never] = [new Event(), new Event()];
    const endless = new context.Process({
      target: tasks.awaitEvent,
      args: [begun, never] as const,
    });
    endless.start();
    assert(await begun.wait(guard));
    endless.terminate();
    assertEquals(await ending(endless as Process), -15);
  }
}, { reserve: true });

test("getContext('forkserver').Process can be started many times while main blocks", () => {
  const { Process: Warm } = getContext("forkserver");
  const processes = Array.from({ length: 6 }, () => new Warm({ target: Math.random }));
  for (const process of processes) process.start();
  for (const process of processes) assertEquals(endingSync(process), 0);
}, { reserve: true });

test("Process() refuses Python's positional arguments", () => {
  assertThrows(
    () => new Process((() => {}) as never),
    TypeError,
    "options must be an object, such as { target: … }, not a function",
  );
});
