/**
 * The guard between isolates, and where a recursion has used up the stack.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { task } from "@sauropod/multiprocessing";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { enter, leave } from "../../lib/heap/guard.ts";
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
