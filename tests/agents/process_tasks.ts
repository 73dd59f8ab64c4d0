/**
 * What processes of the operating system run in tests.
 *
 * @module
 */
import { type Event, Lock, type Queue, task, type Value } from "@sauropod/multiprocessing";

/** Sends what a process knows of itself. */
export const describe = task(import.meta, async (out: Queue<unknown>) => {
  await out.put({
    pid: Deno.pid,
    isMain: import.meta.main,
    cwd: Deno.cwd(),
    greeting: Deno.env.get("GREETING"),
    args: Deno.args,
  });
});

/** Sets the event, and computes for ever. */
export const compute = task(import.meta, async (begun: Event) => {
  begun.set();
  await null; // the event is set
  for (;;);
});

/** Sets the event, and matches a pattern, which would take longer than the universe. */
export const match = task(import.meta, (begun: Event) => {
  begun.set();
  return /^(a+)+$/.test(`${"a".repeat(100)}b`);
});

/** Fills the JavaScript heap. */
export const fillHeap = task(import.meta, () => {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 1000 }, (_, at) => ({ at })));
});

/** Returns whether the process may do what each needs. */
export const granted = task(
  import.meta,
  () =>
    (["read", "write", "net", "env", "run", "ffi", "sys"] as const).filter((name) =>
      Deno.permissions.querySync({ name }).state === "granted"
    ),
);

/** Reads a file. */
export const read = task(import.meta, (path: string | URL) => Deno.readTextFileSync(path).length);

/** A class that the program need not have sent. */
export class Unsent {
  value = 5;
}
task(import.meta, Unsent);
export const makeUnsent = task(import.meta, () => new Unsent());

/** A lock that the process has made, which the program cannot use. */
export const makeLock = task(import.meta, () => ({ mine: new Lock() }));
export const putLock = task(import.meta, (out: Queue<unknown>) => out.put([new Lock()]));

/** Returns the square of a number. */
export const square = task(import.meta, (x: number) => x * x);

/** Returns the square of a number after some milliseconds. */
export const slowSquare = task(import.meta, (x: number) => {
  for (const end = performance.now() + 3; performance.now() < end;);
  return x * x;
});

/** Counts a call, and returns the square of a number. */
export const countedSquare = task(import.meta, (x: number, calls: Value<"int32">) => {
  calls.add(1);
  return x * x;
});

/** Sets one event, and waits for another one. */
export const waitForOther = task(import.meta, async (begun: Event, other: Event) => {
  begun.set();
  await other.wait();
  return "woken";
});

/** Sets an event, which a task is waiting for. */
export const wake = task(import.meta, (event: Event) => event.set());

/** Ends its process by a signal, as if somebody else had. */
export const killItself = task(import.meta, () => Deno.kill(Deno.pid, "SIGKILL"));

/** Blocks the isolate for a while, then returns the number of its process. */
export const block = task(import.meta, (ms: number) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return Deno.pid;
});

/** Starts a subprocess that lives for a minute. Returns its id. */
function spawnSleep(): number {
  const subprocess = new Deno.Command("sleep", { args: ["60"], stdin: "null" }).spawn();
  subprocess.unref();
  return subprocess.pid;
}

/** Starts a subprocess, sends the ids of both processes, and computes for ever. */
export const spawnAndCompute = task(import.meta, async (pids: Queue<number>) => {
  const subprocess = spawnSleep();
  await pids.put(Deno.pid);
  await pids.put(subprocess);
  for (;;);
});

/** Returns many bytes. The first call starts a subprocess, and the last one kills its process. */
export const answerUntilKilled = task(
  import.meta,
  async ([at, pids]: readonly [at: number, pids: Queue<number>]) => {
    if (at === 0) await pids.put(spawnSleep());
    if (at === 3) Deno.kill(Deno.pid, "SIGKILL");
    return new Uint8Array(300_000);
  },
);

/** Sends the id of its process, stops the process, and returns the value once it goes on. */
export const stopProcess = task(import.meta, async (pids: Queue<number>, value: number) => {
  await pids.put(Deno.pid);
  Deno.kill(Deno.pid, "SIGSTOP");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); // until the signal has stopped this thread
  return value;
});
