import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  getAllStartMethods,
  getContext,
  getStartMethod,
  type Lock,
  Pool,
  Process,
  Queue,
  setForkserverPreload,
  setStartMethod,
  task,
} from "@sauropod/multiprocessing";
import { hasEnded, IsolateState, isolateState } from "../../lib/heap/isolate_record.ts";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { ExitCode, stopIsolate } from "../../lib/runtime/lifecycle.ts";
import { RESERVE_SIZE } from "../../lib/runtime/start_request.ts";
import { test, turn } from "../fixtures/guarded.ts";

test("setStartMethod() changes getStartMethod() and getContext(), once", () => {
  assertEquals(getStartMethod(), getAllStartMethods()[0]);
  setStartMethod("forkserver");
  try {
    assertEquals(getStartMethod(), "forkserver");
    assertEquals(getContext(), getContext("forkserver"));
    assertThrows(() => setStartMethod("spawn"), Error, "it was set before");
    setStartMethod("spawn", { force: true });
    assertEquals(getStartMethod(), "spawn");
  } finally {
    setStartMethod(undefined, { force: true });
  }
  assertEquals(getContext(), getContext("spawn"));
});

test("setStartMethod() rejects unknown start methods with the reason", () => {
  assertThrows(() => setStartMethod("fork" as "spawn"), RangeError, "cannot be made a copy");
  assertThrows(() => setStartMethod("nope" as "spawn"), RangeError, '"forkserver" or "process"');
  assertEquals(getStartMethod(), "spawn");
});

test("setStartMethod() applies to Process and Pool", async () => {
  setStartMethod("forkserver");
  try {
    const queue = new Queue<string>();
    const process = new Process({ target: (out: Queue<string>) => out.put("warm"), args: [queue] });
    process.start();
    assertEquals(await queue.get(), "warm");
    await process.join();
    await using pool = new Pool(1);
    assertEquals(await pool.apply(Math.sqrt, [4]), 2);
  } finally {
    setStartMethod(undefined, { force: true });
  }
}, { reserve: true });

/** Puts the start method of the worker, then that of its child. */
const putStartMethods = task(import.meta, async (out: Queue<string>, isChild = false) => {
  out.putSync(getStartMethod());
  if (isChild) return;
  const child = new Process({ target: putStartMethods, args: [out, true] });
  child.start();
  await child.join();
});

test(
  "getStartMethod() in a worker returns how it was started, and its children inherit it",
  async () => {
    for (const method of getAllStartMethods()) {
      const { Process, Pool } = getContext(method);
      const queue = new Queue<string>();
      const process = new Process({ target: putStartMethods, args: [queue] as const });
      process.start();
      await process.join();
      await using pool = new Pool(1);
      await pool.apply(putStartMethods, [queue]);
      queue.close();
      assertEquals(await Array.fromAsync(queue), [method, method, method, method]);
    }
    assertEquals(getStartMethod(), "spawn");
  },
  { reserve: true },
);

test("setStartMethod() applies to children that are started afterwards", async () => {
  setStartMethod("forkserver");
  try {
    const queue = new Queue<string>();
    const process = new Process({ target: putStartMethods, args: [queue] as const });
    process.start();
    await process.join();
    assertEquals([queue.getSync(), queue.getSync()], ["forkserver", "forkserver"]);
  } finally {
    setStartMethod(undefined, { force: true });
  }
}, { reserve: true });

test("setForkserverPreload() makes the reserve import modules in advance", async () => {
  const module = new URL("../fixtures/preloaded.ts", import.meta.url);
  setForkserverPreload([module]);
  try {
    const { Process } = getContext("forkserver");
    const queue = new Queue<boolean>();
    const look = (out: Queue<boolean>) => {
      const { preloadedLock } = globalThis as { preloadedLock?: Lock };
      using _ = preloadedLock?.acquireSync();
      return out.put("preloadedAt" in globalThis && preloadedLock!.locked());
    };
    // The first process starts before the reserve is filled; a later one gets a warm worker.
    let warm = false;
    for (let times = 0; times < 20 && !warm; times++) {
      const process = new Process({ target: look, args: [queue] });
      process.start();
      warm = await queue.get();
      await process.join();
    }
    assert(warm, "no worker of the reserve had the module");
  } finally {
    setForkserverPreload([]);
  }
}, { reserve: true });

test("many processes that start at once fill the reserve only once", async () => {
  const { Process } = getContext("forkserver");
  const processes = [1, 2, 3, 4].map(() => new Process({ target: Math.sqrt, args: [4] }));
  for (const process of processes) process.start();
  await Promise.all(processes.map((process) => process.join()));
  const waiting = () => hostedWorkers().filter((record) => !hasEnded(record)).length;
  while (waiting() < RESERVE_SIZE) await turn();
  // Timers that were started with the processes have run before this one.
  await turn();
  assertEquals(waiting(), RESERVE_SIZE);
}, { reserve: true });

// CPython TestProcess.test_forkserver_sigint, TestProcess.test_forkserver_sigkill
test(
  "getContext('forkserver').Process starts after the workers of the reserve have died",
  async () => {
    const { Process } = getContext("forkserver");
    const queue = new Queue<number>();
    const start = async (item: number) => {
      const process = new Process({
        target: (out: Queue<number>, item: number) => out.putSync(item),
        args: [queue, item] as const,
      });
      process.start();
      assertEquals(await queue.get(), item);
      await process.join();
      assertEquals(process.exitCode, 0);
    };
    for (const code of [ExitCode.KILLED, ExitCode.TERMINATED, ExitCode.KILLED]) {
      await start(1);
      let killed = 0;
      while (killed === 0) { // the reserve gets one worker per turn of the event loop
        await new Promise((resolve) => setTimeout(resolve, 0));
        for (const record of hostedWorkers()) {
          const state = isolateState(record);
          if (state !== IsolateState.STARTING && state !== IsolateState.IDLE) continue;
          stopIsolate(record, code);
          killed++;
        }
      }
      await start(2);
    }
  },
  { reserve: true },
);

test("setForkserverPreload() rejects other values than lists of modules", () => {
  const set = setForkserverPreload as (modules: unknown) => void;
  assertThrows(() => set("module.ts"), TypeError, "modules must be an array");
  assertThrows(() => set(["a", 2]), TypeError, "modules[1] must be a string or a URL, not 2");
});
