import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  activeChildren,
  currentProcess,
  DeadlockError,
  Event,
  parentProcess,
  Process,
  type ProcessOptions,
  Queue,
  sleep,
  TerminatedError,
} from "@sauropod/multiprocessing/dummy";
import { currentThread, setExcepthook, Thread } from "@sauropod/multiprocessing/threading";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import { runProgram } from "../fixtures/programs.ts";

const guard = { timeoutMs: GUARD_MS };

function started<A extends readonly unknown[]>(options: ProcessOptions<A>): Process<A> {
  const process = new Process(options);
  process.start();
  return process;
}

async function ending(process: Process): Promise<number | undefined> {
  assert(await process.join(guard), `${process.name} still runs`);
  return process.exitCode;
}

test("Process of ./dummy is a Thread whose arguments are not copied", async () => {
  const map = new Map<string, Thread>();
  const process = started({
    target: (map: Map<string, Thread>) => void map.set("me", currentThread()),
    args: [map],
    startMethod: "forkserver",
  });
  assertInstanceOf(process, Thread);
  assertEquals(await ending(process), 0);
  assertStrictEquals(map.get("me"), process as Thread);
});

test("Process.name of ./dummy is Process-N, or Class-N for a subclass", () => {
  class Reader extends Process {}
  const [first] = new Process().name.match(/\d+$/)!;
  assertEquals(new Process().name, `Process-${+first + 1}`);
  assertEquals(new Reader().name, `Reader-${+first + 2}`);
  assertEquals(new Process({ name: "" }).name, "");
});

test("Process.exitCode of ./dummy is undefined, then 0, or 1 after an error", async () => {
  const before = setExcepthook(() => {});
  const end = new Event();
  const mistake = new RangeError("too far");
  const process = new Process({ target: () => end.wait() });
  assertEquals([process.exitCode, process.pid], [undefined, undefined]);
  process.start();
  assertEquals(process.exitCode, undefined);
  assert(process.pid! > currentProcess().pid);
  end.set();
  assertEquals(await ending(process), 0);
  const failing = started({ target: () => Promise.reject(mistake) });
  assertEquals(await ending(failing), 1);
  assertStrictEquals(failing.error, mistake);
  setExcepthook(before);
});

test("Process.joinSync() of ./dummy throws if it would block", async () => {
  const process = started({ target: () => sleep(1) });
  assertThrows(() => process.joinSync(), DeadlockError, "Use await thread.join()");
  await ending(process);
  assert(process.joinSync());
});

for (const [verb, exitCode] of [["terminate", -15], ["kill", -9]] as const) {
  test(`Process.${verb}() of ./dummy ends its waits and those of its threads`, async () => {
    using printed = stub(console, "error");
    const queue = new Queue<number>();
    const errors: unknown[] = [];
    const take = async () => {
      try {
        await queue.get(guard);
      } catch (error) {
        errors.push(error);
        throw error;
      }
    };
    const outside = new Thread({ target: take });
    const process = started({
      target: async () => {
        new Thread({ target: take }).start();
        await take();
      },
    });
    outside.start();
    await sleep(1);
    process[verb]();
    assertEquals([process.isAlive(), process.exitCode], [false, exitCode]);
    process.terminate();
    process.kill();
    assertEquals([await ending(process), process.error], [exitCode, undefined]);
    await sleep(1);
    assertEquals(errors.map((error) => error instanceof TerminatedError), [true, true]);
    await queue.put(1);
    await outside.join(guard);
    assertEquals([outside.error, printed.calls], [undefined, []]);
  });

  test(`Process.${verb}() of ./dummy throws before start()`, () => {
    const process = new Process({ name: "early" });
    assertThrows(() => process[verb](), Error, `Cannot ${verb} process early: it was not started`);
  });
}

test("Process.terminate() of ./dummy makes all later waits throw, with any signal", async () => {
  const [go, out] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown[]>()];
  const process = started({
    target: async () => {
      await go.promise;
      const { signal } = new AbortController();
      const waits = [sleep(1), sleep(1, { signal }), new Event().wait({ signal, ...guard })];
      const outcomes = await Promise.allSettled(waits);
      out.resolve(outcomes.map((it) => it.status === "rejected" && it.reason.message));
    },
  });
  await sleep(0);
  process.terminate();
  go.resolve();
  const message = `Cannot wait: process ${process.name} was told to end`;
  assertEquals(await out.promise, [message, message, message]);
  assertEquals([process.exitCode, await process.join()], [-15, true]);
});

test("Process.close() of ./dummy throws while the process runs", async () => {
  const process = started({ target: () => sleep(1), name: "closer" });
  assertThrows(() => process.close(), Error, "Cannot close process closer: it is still running");
  await ending(process);
  process.close();
  process.close();
});

test("currentProcess() of ./dummy in a thread of a process is that process", async () => {
  const names: unknown[] = [];
  const tell = () => names.push(currentProcess().name, parentProcess()?.name);
  const inThread = async () => {
    await using thread = new Thread({ target: tell });
    thread.start();
    await thread.join();
  };
  const inner = () => ending(started({ target: inThread, name: "inner" }));
  await ending(started({ target: inner, name: "outer" }));
  tell();
  assertEquals(names, ["inner", "outer", "MainProcess", undefined]);
});

test("parentProcess() of ./dummy can be joined, and activeChildren() are those of the caller", async () => {
  const end = new Event();
  const out: unknown[] = [];
  const child = async () => {
    const parent = parentProcess()!;
    out.push(parent.isAlive(), await parent.join({ timeoutMs: 1 }));
    end.set();
    out.push(await parent.join(guard), parent.isAlive());
  };
  const grown = Promise.withResolvers<Process>();
  const parent = started({
    target: async () => {
      const process = started({ target: child });
      assertEquals(activeChildren(), [process]);
      grown.resolve(process);
      await end.wait(guard);
    },
  });
  assertEquals(activeChildren(), [parent]);
  await ending(parent);
  await ending(await grown.promise);
  if (parent.error !== undefined) throw parent.error;
  assertEquals(out, [true, false, true, false]);
  assertEquals(activeChildren(), []);
});

test("Process of ./dummy that ends terminates its daemons, and not its other children", async () => {
  const end = new Event();
  const children: Process[] = [];
  const parent = started({
    target: () => {
      for (const daemon of [true, false]) {
        children.push(started({ target: () => end.wait(guard), daemon }));
      }
    },
  });
  await ending(parent);
  const [daemon, other] = children;
  assertEquals([daemon.isAlive(), daemon.exitCode, other.isAlive()], [false, -15, true]);
  end.set();
  assertEquals(await ending(other), 0);
});

test("parentProcess() of ./dummy can be the main program, which does not end", async () => {
  const out: unknown[] = [];
  const process = started({
    target: async () => {
      const parent = parentProcess()!;
      out.push(parent.pid, parent.isAlive(), await parent.join({ timeoutMs: 1 }));
    },
  });
  await ending(process);
  assertEquals(out, [currentProcess().pid, true, false]);
});

test("new Process() of ./dummy rejects the options that Process rejects", async () => {
  const make = (options: unknown) => () => new Process(options as ProcessOptions);
  assertThrows(make({ target: "run" }), TypeError, 'target must be a function, not "run"');
  assertThrows(make({ args: "x" }), TypeError, "args must be an array");
  assertThrows(make({ startMethod: "fork" }), RangeError, 'startMethod must be "spawn", ');
  for (const startTimeoutMs of [0, NaN]) {
    assertThrows(make({ startTimeoutMs }), RangeError, "startTimeoutMs must be ");
  }
  new Process({ startTimeoutMs: 1 });
  assertThrows(make({ arg: [4] }), TypeError, "Cannot make process: there is no option arg");
  assertThrows(make({ target: undefined }), TypeError, "without calling it");
  assertThrows(make(null), TypeError, "options must be an object");
  assertThrows(make(() => {}), TypeError, "such as { target: … }, not a function");
  await assertRejects(() => new Process().join(), Error, "it was not started");
});

test("new Process() of ./dummy can be the first thing that a program does", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { Process } from "@sauropod/multiprocessing/dummy";
    const process = new Process({ target: () => console.log("runs") });
    console.log(process.name);
    process.start();
    await process.join();
    console.log(process.exitCode);
  `);
  assertEquals([code, stdout, stderr], [0, "Process-1\nruns\n0\n", ""]);
});
