import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { currentProcess, DeadlockError, Event, Queue, sleep } from "@sauropod/multiprocessing";
import {
  activeCount,
  currentThread,
  enumerate,
  getIdent,
  getNativeId,
  mainThread,
  Thread,
} from "@sauropod/multiprocessing/threading";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

/** Waits in every way, and records the current thread after each wait. */
async function askAround(out: unknown[]): Promise<void> {
  const note = () => out.push(currentThread());
  const queue = new Queue<number>();
  const event = new Event();
  note();
  await null;
  note();
  await sleep(Math.random() * 3);
  note();
  await new Promise<void>((resolve) =>
    setTimeout(() => {
      note();
      resolve();
    }, 1)
  );
  note();
  setTimeout(() => event.set(), 1);
  await event.wait();
  note();
  const getting = queue.get();
  await queue.put(1);
  await getting;
  note();
  await Promise.all([sleep(1).then(note), Promise.resolve().then(note)]);
  for await (const _ of [sleep(0), sleep(1)]) note();
}

test("currentThread() is correct in interleaving threads after every kind of await", async () => {
  const threads = Array.from({ length: 10 }, (_, i) => {
    const out: unknown[] = [];
    return { out, thread: new Thread({ target: askAround, args: [out], name: `asker ${i}` }) };
  });
  for (const { thread } of threads) thread.start();
  const here: unknown[] = [];
  await askAround(here);
  for (const { thread } of threads) await thread.join();
  for (const { thread, out } of threads) {
    if (thread.error !== undefined) throw thread.error;
    assertEquals(out.map((it) => (it as Thread).name), Array(11).fill(thread.name));
    assert(out.every((it) => it === thread));
  }
  assert(here.length === 11 && here.every((it) => it === mainThread()));
});

test("currentThread() in a nested thread is the inner thread", async () => {
  const names: string[] = [];
  const inner = () => names.push(currentThread().name);
  const outer = async () => {
    const thread = new Thread({ target: inner, name: "inner" });
    thread.start();
    names.push(currentThread().name);
    await thread.join();
    names.push(currentThread().name);
  };
  await using thread = new Thread({ target: outer, name: "outer" });
  thread.start();
  await thread.join();
  assertEquals(names, ["outer", "inner", "outer"]);
});

test("mainThread() is a single live thread that cannot be started, joined or made a daemon", async () => {
  const main = mainThread();
  assertStrictEquals(currentThread(), main);
  assertEquals([main.name, main.daemon, main.isAlive()], ["MainThread", false, true]);
  assertEquals([main.ident, main.nativeId], [getIdent(), getNativeId()]);
  assertThrows(() => main.start(), Error, "Cannot start thread MainThread: it was started before");
  assertThrows(() => main.daemon = true, Error, "Cannot set daemon of thread MainThread");
  await assertRejects(() => main.join(), DeadlockError, "Cannot join thread MainThread");
  assertThrows(() => main.joinSync(), DeadlockError, "Cannot join thread MainThread");
});

test("enumerate() and activeCount() include daemons, but no unstarted or ended threads", async () => {
  const end = new Event();
  const unstarted = new Thread({ target: () => end.wait() });
  const daemon = new Thread({ target: () => end.wait(), daemon: true });
  const short = new Thread();
  daemon.start();
  short.start();
  await short.join();
  assertEquals([enumerate(), activeCount()], [[mainThread(), daemon], 2]);
  end.set();
  await daemon.join();
  assertEquals([enumerate(), activeCount(), unstarted.isAlive()], [[mainThread()], 1, false]);
});

test("getIdent() differs between threads, and getNativeId() does not", async () => {
  const out: number[][] = [];
  const tell = () => out.push([getIdent(), getNativeId()]);
  const threads = [new Thread({ target: tell }), new Thread({ target: tell })];
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
  tell();
  assertEquals(out.map(([ident]) => ident), [...threads.map(({ ident }) => ident), getIdent()]);
  assertEquals(new Set(out.map(([ident]) => ident)).size, 3);
  assertEquals(out.map(([, native]) => native), Array(3).fill(currentProcess().pid));
});

test("currentThread() in a worker is its own MainThread", async () => {
  const out = new Queue<unknown[]>();
  const tell = async (out: Queue<unknown[]>, specifier: string) => {
    const { currentThread, getNativeId, Thread } = await import(specifier);
    const idents: number[] = [];
    const thread = new Thread({ target: () => idents.push(currentThread().ident) });
    thread.start();
    await thread.join();
    const { name, ident } = currentThread();
    await out.put([name, ident, getNativeId(), ...idents]);
  };
  const process = run(tell, out, import.meta.resolve("@sauropod/multiprocessing/threading"));
  const [name, ident, native, inner] = await out.get(guard) as number[];
  await ended(process);
  assertEquals([name, ident, native], ["MainThread", process.pid, process.pid]);
  assert(![process.pid, getIdent()].includes(inner), "idents are unique in the program");
});
