/**
 * The guard between isolates, and where a recursion has used up the stack.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { task } from "@sauropod/multiprocessing";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { enter, leave, SPINS } from "../../lib/heap/guard.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { ended, run } from "../fixtures/workers.ts";

/** States of a guard. */
const [FREE, TAKEN, CONTENDED] = [0, 1, 2];

const passes = task(import.meta, (word: number) => {
  enter(word);
  i32[word + 1]++;
  leave(word);
});

test("enter() waits until the isolate inside has left, which wakes those that wait", async () => {
  ensureIsolate();
  const word = allocate(8);
  i32.fill(FREE, word, word + 2);
  enter(word);
  assertEquals(i32[word], TAKEN);
  const processes = [run(passes, word), run(passes, word)];
  while (Atomics.load(i32, word) !== CONTENDED) await turn();
  assertEquals(i32[word + 1], 0);
  leave(word);
  try {
    for (const process of processes) await ended(process);
  } finally {
    Atomics.notify(i32, word); // for those that were not woken, which could not be ended
  }
  assertEquals([i32[word], i32[word + 1]], [FREE, 2]);
  free(word);
});

test("enter() takes a section that is left while it spins, and wakes nobody afterwards", () => {
  ensureIsolate();
  const word = allocate(4);
  i32[word] = TAKEN;
  let pauses = 0;
  const leaves = () => {
    if (++pauses === Math.min(2, SPINS)) Atomics.store(i32, word, FREE);
  };
  using _pause = stub(Atomics, "pause", leaves);
  using wait = stub(Atomics, "wait", () => {
    Atomics.store(i32, word, FREE);
    return "ok" as const;
  });
  using notify = stub(Atomics, "notify");
  enter(word);
  const sleeps = SPINS === 0 ? 1 : 0;
  assertEquals([i32[word], wait.calls.length], [sleeps === 0 ? TAKEN : CONTENDED, sleeps]);
  leave(word);
  assertEquals([i32[word], notify.calls.length], [FREE, sleeps]);
  free(word);
});

test("enter() sleeps after it has spun in vain, until it finds the section left", () => {
  ensureIsolate();
  const word = allocate(4);
  i32[word] = TAKEN;
  using pause = stub(Atomics, "pause");
  let sleeps = 0;
  using wait = stub(Atomics, "wait", () => {
    if (++sleeps === 2) Atomics.store(i32, word, FREE); // first it is woken in vain
    return "ok" as const;
  });
  using notify = stub(Atomics, "notify");
  enter(word);
  assertEquals([pause.calls.length, wait.calls.length, i32[word]], [SPINS, 2, CONTENDED]);
  assertEquals(wait.calls.map(({ args }) => args.slice(1)), Array(2).fill([word, CONTENDED]));
  leave(word);
  assertEquals(notify.calls.map(({ args }) => args.slice(1)), [[word, 1]]);
  assertEquals(i32[word], FREE);
  free(word);
});

test("enter() does not spin where there is a single core", async () => {
  const one = await withCores(1, () => import("../../lib/heap/guard.ts?cores=1"));
  const two = await withCores(2, () => import("../../lib/heap/guard.ts?cores=2"));
  assertEquals([one.SPINS, two.SPINS > 0], [0, true]);
});

/** Calls a function as if the machine had so many cores. */
async function withCores<T>(cores: number, call: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(Navigator.prototype, "hardwareConcurrency")!;
  Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { ...own, get: () => cores });
  try {
    return await call();
  } finally {
    Object.defineProperty(Navigator.prototype, "hardwareConcurrency", own);
  }
}

test("enter() throws where the stack has no room for a section, and leaves the guard as it was", () => {
  ensureIsolate();
  const word = allocate(4);
  i32[word] = FREE;
  // A call of it takes 4 KiB of the stack.
  const section = new Function("never", `if (never) never(${"0,".repeat(512)})`);
  let [entered, refused, failed] = [0, 0, 0];
  // The number of arguments varies by how much each call shortens the stack.
  const recurse = (...args: number[]): void => {
    try {
      enter(word);
    } catch {
      refused++;
      throw new RangeError("refused");
    }
    entered++;
    try {
      section();
    } catch {
      failed++;
    }
    leave(word);
    recurse(...args);
  };
  for (let length = 0; length < 16; length++) {
    try {
      recurse(...Array(length).fill(0));
    } catch (error) {
      assert(error instanceof RangeError);
    }
    assertEquals(i32[word], FREE);
  }
  assert(entered > 1000 && refused > 0, `${entered} sections, ${refused} refused`);
  assertEquals(failed, 0);
  free(word);
});
