import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  constant,
  DataCloneError,
  Event,
  MaybeEncodingError,
  MemoryError,
  Pool,
  Process,
  Queue,
  SharedMap,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { fileURLToPath } from "node:url";
import { stub } from "@std/testing/mock";
import { ROOT } from "../../scripts/source_files.ts";
import { test } from "../fixtures/guarded.ts";
import { ending, endingSync, guard, started } from "../fixtures/workers.ts";
import { runProgram } from "../fixtures/programs.ts";
import { gone } from "../fixtures/system_processes.ts";
import * as tasks from "./process_tasks.ts";

const startMethod = "process";

test("Process in a process of the operating system has its pid, directory and environment", async () => {
  const out = new Queue<Record<string, unknown>>();
  const cwd = new URL("./tests/", ROOT);
  const process = started({
    target: tasks.describe,
    args: [out] as never,
    startMethod,
    cwd,
    env: { GREETING: "hello" },
  });
  const found = await out.get(guard);
  assertEquals(await ending(process), 0);
  assertEquals(found, {
    pid: process.pid,
    isMain: false,
    cwd: Deno.realPathSync(cwd),
    greeting: "hello",
    args: Deno.args,
  });
  assert(process.pid !== Deno.pid);
});

for (const target of [tasks.compute, tasks.match]) {
  for (const [verb, exitCode] of [["terminate", -15], ["kill", -9]] as const) {
    const what = target === tasks.compute ? "computes" : "matches a pattern";
    const name = verb === "kill" && what === "computes"
      ? "Process in a process of the operating system is killed while it computes"
      : `Process.${verb}() ends a process of the operating system that ${what}`;
    test(name, async () => {
      const begun = new Event();
      const process = started({ target, args: [begun] as never, startMethod });
      assert(await begun.wait(guard));
      const { pid } = process;
      process[verb]();
      assertEquals(endingSync(process), exitCode);
      await gone(pid!);
    });
  }
}

test("a process that is killed from outside ends with the number of the signal", async () => {
  const begun = new Event();
  const process = started({ target: tasks.compute, args: [begun] as never, startMethod });
  assert(await begun.wait(guard));
  Deno.kill(process.pid!, "SIGKILL");
  assertEquals(await ending(process), -9);
  assertEquals(process.error, undefined);
});

test("a process whose heap is full ends alone, with exit code 133 and a MemoryError", async () => {
  using _ = stub(console, "error");
  const process = started({ target: tasks.fillHeap, startMethod, maxOldSpaceMb: 40 });
  assertEquals(await ending(process), 133);
  assertInstanceOf(process.error, MemoryError);
  assertMatch(process.error.message, /ran out of memory: its JavaScript heap is full/);
});

test("a task that fills the heap of its process fails, and the pool goes on", async () => {
  await using pool = new Pool({ processes: 1, startMethod, maxOldSpaceMb: 40 });
  const error = await assertRejects(() => pool.apply(tasks.fillHeap), WorkerDiedError);
  assertEquals(error.exitCode, 133);
  assertInstanceOf(error.cause, MemoryError);
  assertEquals(await pool.map(tasks.square, [1, 2, 3]), [1, 4, 9]);
});

test("a task that does not end in time is killed with its process", async () => {
  await using pool = new Pool({ processes: 1, startMethod, graceMs: 1 });
  const before = await pool.apply(() => Deno.pid);
  const items = [1, 2, 3];
  const slow = (x: number) => {
    while (x === 3);
    return x;
  };
  const call = pool.map(slow, items, { timeoutMs: 500, chunkSize: 3 });
  await assertRejects(() => call, TimeoutError, "item 2");
  assertEquals(await pool.map(tasks.square, items), [1, 4, 9]);
  await gone(before);
});

test("a chunk that is lost with its process names the item that ran, and is retried", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const die = (x: number) => {
    if (x < 2) return x;
    const until = performance.now() + 200;
    while (performance.now() < until);
    Deno.exit(7);
  };
  const call = pool.map(die, [0, 1, 2, 3], { chunkSize: 4, retries: 1 });
  const error = await assertRejects(() => call, WorkerDiedError);
  assertEquals([error.exitCode, error.item], [7, 2]);
});

// Permissions

test("a process has the permissions that it is given, and no others", async () => {
  const file = fileURLToPath(import.meta.url);
  await using pool = new Pool({
    processes: 1,
    startMethod,
    permissions: { read: [new URL("./tests/", ROOT)], env: true },
  });
  assertEquals(await pool.apply(tasks.granted), ["env"]);
  assert(await pool.apply(tasks.read, [file]) > 1000);
  await assertRejects(() => pool.apply(tasks.read, ["/etc/hosts"]), Deno.errors.NotCapable);
});

test("a process with no permissions has none, whatever the program has", async () => {
  for (const permissions of [{}, { read: false, run: false }, { net: [] }]) {
    await using pool = new Pool({ processes: 1, startMethod, permissions });
    const query = () =>
      (["read", "write", "net", "env", "run", "ffi", "sys"] as const).filter((name) =>
        Deno.permissions.querySync({ name }).state === "granted"
      );
    assertEquals(await pool.apply(query), []);
    await assertRejects(
      () => pool.apply(() => new Deno.Command("ls").outputSync()),
      Deno.errors.NotCapable,
    );
  }
});

test("relative paths of permissions are those of the program", async () => {
  await using pool = new Pool({
    processes: 1,
    startMethod,
    cwd: "/",
    permissions: { read: ["."] },
  });
  const canRead = (path: string) => Deno.permissions.querySync({ name: "read", path }).state;
  assertEquals(await pool.apply(canRead, ["/etc/hosts"]), "prompt");
  assertEquals(await pool.apply(canRead, [Deno.cwd()]), "granted");
});

test("a process with permissions of its own may name only what it was sent", async () => {
  const permissions = { read: [new URL("./", ROOT)] };
  await using pool = new Pool({ processes: 1, startMethod, permissions });
  for (const task of [tasks.makeUnsent, () => Math.max, () => () => 5]) {
    const call = pool.apply<[], unknown>(task);
    await assertRejects(() => call, MaybeEncodingError, "which the program has not sent");
  }
  const echo = (value: tasks.Unsent) => value;
  assertEquals(await pool.apply(echo, [new tasks.Unsent()]), new tasks.Unsent());
  assertEquals(await pool.apply(() => new Error("plain")), new Error("plain"));
});

test("new Process() refuses options of a launch that are wrong, or have no meaning", () => {
  const make = (options: object) => () => new Process({ target: Math.sqrt, ...options });
  const given = { startMethod };
  assertThrows(make({ cwd: "/" }), TypeError, 'cwd needs startMethod "process", and it is "spawn"');
  assertThrows(make({ ...given, cwd: 5 }), TypeError, "cwd must be a string or a URL, not 5");
  assertThrows(make({ ...given, permissions: 1 }), TypeError, "permissions must be an object");
  assertThrows(make({ ...given, permissions: { reed: true } }), RangeError, '"read"');
  assertThrows(make({ ...given, permissions: { read: 1 } }), TypeError, "permissions.read must be");
  assertThrows(make({ ...given, permissions: { read: ["a,/etc"] } }), RangeError, "with a comma");
  assertThrows(make({ ...given, env: { A: 1 } }), TypeError, "env.A must be a string, not 1");
  assertThrows(make({ ...given, maxOldSpaceMb: 0 }), RangeError, "maxOldSpaceMb");
  assertThrows(make({ ...given, denoArgs: "-A" }), TypeError, "denoArgs must be an array");
});

// What crosses

test("objects that a process has made stay there, and are refused by name", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const why = "Lock was made in this process, and the program does not see its memory";
  await assertRejects(() => pool.apply(tasks.makeLock), MaybeEncodingError, `mine: ${why}`);
  const out = new Queue();
  await assertRejects(() => pool.apply(tasks.putLock, [out]), DataCloneError, why);
  assertEquals(await pool.apply(Math.sqrt, [4]), 2);
});

test("shared memory is refused where it is sent to a process, with its path", async () => {
  const process = new Process({
    target: (_: unknown) => {},
    args: [{ grid: new Float64Array(new SharedArrayBuffer(8)) }] as const,
    startMethod,
  });
  assertThrows(
    () => process.start(),
    DataCloneError,
    "args[0].grid: it lies in memory that another process",
  );
  await using pool = new Pool({ processes: 1, startMethod });
  const items = [1, new Int32Array(new SharedArrayBuffer(8))];
  await assertRejects(
    () => pool.map((x) => x, items),
    DataCloneError,
    "items[1]: it lies in memory",
  );
});

test("a constant goes to a process as its value", async () => {
  const table = constant({ words: ["a", "the"], more: new Map([["x", [1]]]), at: new Date(5) });
  const list = constant([1, 2, 3]);
  await using pool = new Pool({ processes: 1, startMethod });
  const use = (all: typeof table, numbers: readonly number[]) => ({ all, numbers });
  for (let times = 0; times < 2; times++) {
    assertEquals(await pool.apply(use, [table, list]), { all: table, numbers: list });
  }
});

test("a process iterates over a queue of the program, and can leave it", async () => {
  const [items, out] = [new Queue<number>(), new Queue<number[]>()];
  const process = started({
    target: async (items: Queue<number>, out: Queue<number[]>) => {
      const seen: number[] = [];
      for await (const item of items) {
        seen.push(item);
        if (seen.length === 2) break;
      }
      const iterator = items.values();
      const waiting = iterator.next();
      await iterator.return!();
      await out.put([...seen, (await waiting).done ? -1 : -2]);
      for await (const item of items) seen.push(item);
      await out.put(seen);
    },
    args: [items, out] as const,
    startMethod,
  });
  items.putSync(1);
  items.putSync(2);
  assertEquals(await out.get(guard), [1, 2, -1]);
  items.putSync(3);
  items.close();
  assertEquals(await out.get(guard), [1, 2, 3]);
  assertEquals(await ending(process), 0);
});

test("a process that uses many objects of the program releases them", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const use = (map: SharedMap<string, number>, x: number) => map.set("x", x).get("x");
  for (let x = 0; x < 300; x++) {
    assertEquals(await pool.apply(use, [new SharedMap<string, number>(), x]), x);
  }
});

// Programs

test("a process ends with the program, however the program ends", async () => {
  const { code, stdout } = await runProgram(
    `
    import { Event, Process } from "@sauropod/multiprocessing";
    const begun = new Event();
    const process = new Process({
      target: async (begun) => { begun.set(); await null; for (;;); },
      args: [begun],
      startMethod: "process",
    });
    process.start();
    await begun.wait();
    console.log(process.pid);
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    { flags: ["--allow-run", "--allow-env"] },
  );
  assertEquals(code, 137);
  await gone(Number(stdout));
});

test("a program that may not start processes is told what it needs", async () => {
  const program = `
    import { Pool, Process } from "@sauropod/multiprocessing";
    try {
      new Process({ target: Math.sqrt, args: [4], startMethod: "process" }).start();
    } catch (error) {
      console.log(error.name, error.message);
    }
    await using pool = new Pool({ processes: 1, startMethod: "process" });
    console.log(await pool.apply(Math.sqrt, [4]).catch((error) => error.name));
  `;
  for (const [flags, flag] of [[[], "--allow-run"], [["--allow-run"], "--allow-env"]] as const) {
    const { stdout } = await runProgram(program, { flags: [...flags] });
    const why = `startMethod "process" needs ${flag}. Run the program with it`;
    assertEquals(stdout.split("\n")[0].startsWith(`NotCapable Cannot start process: ${why}`), true);
    assertEquals(stdout.split("\n")[1], "NotCapable");
  }
});

test("a process prints what it prints, and so do its subprocesses", async () => {
  const { code, stdout, stderr } = await runProgram(
    `
    import { Pool } from "@sauropod/multiprocessing";
    await using pool = new Pool({ processes: 1, startMethod: "process" });
    const print = (x) => {
      console.log("printed", x);
      new Deno.Command("echo", { args: ["echoed"], stdout: "inherit", stdin: "inherit" }).outputSync();
      return x;
    };
    for (let x = 0; x < 3; x++) await pool.apply(print, [x]);
  `,
    { flags: ["--allow-run", "--allow-env"] },
  );
  const lines = [0, 1, 2].map((x) => `printed ${x}\nechoed\n`).join("");
  assertEquals([code, stdout, stderr], [0, lines, ""]);
});

test("a program with few permissions passes them on, and its processes start", async () => {
  const { stdout, stderr } = await runProgram(
    `
    import { Pool } from "@sauropod/multiprocessing";
    await using pool = new Pool({ processes: 1, startMethod: "process" });
    console.log(await pool.apply((x) => x + 1, [4]));
  `,
    { flags: ["--allow-run", "--allow-env"] },
  );
  assertEquals([stdout, stderr], ["5\n", ""]);
});
