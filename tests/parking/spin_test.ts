import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { SPINS } from "../../lib/heap/guard.ts";
import { ensureIsolate, LIVE_WORKERS } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { ParkResult } from "../../lib/parking/park.ts";
import { parkBlocking } from "../../lib/parking/park_blocking.ts";
import { SpinBudget, spinUntilChanged } from "../../lib/parking/spin.ts";
import { Word } from "./words.ts";

ensureIsolate();

Deno.test("spinUntilChanged() returns whether the word has changed", () => {
  const word = allocate(4);
  i32[word] = 1;
  assert(spinUntilChanged(word, 0, 1));
  assert(!spinUntilChanged(word, 1, 100));
  free(word);
});

Deno.test("spinUntilChanged() checks as often as it is told to", () => {
  const word = allocate(4);
  i32[word] = 1;
  using pause = stub(Atomics, "pause");
  for (const spins of [0, 1, 7]) {
    assert(!spinUntilChanged(word, 1, spins));
    assertEquals(pause.calls.splice(0).length, spins);
  }
  free(word);
});

Deno.test("spinUntilChanged() does not spin when more workers live than there are cores", () => {
  const word = allocate(4);
  i32[word] = 1;
  const workers = i32[LIVE_WORKERS];
  const cores = navigator.hardwareConcurrency;
  for (const live of [0, cores, cores + 1]) {
    i32[LIVE_WORKERS] = live;
    assertEquals(spinUntilChanged(word, 0, 100), live <= cores);
  }
  i32[LIVE_WORKERS] = workers;
  free(word);
});

Deno.test("parkBlocking() does not spin if the waiter has spun", () => {
  using word = new Word();
  using pause = stub(Atomics, "pause");
  for (const hasSpun of [false, true]) {
    const park = { queue: word.queue, word: word.address, expected: 0, hasSpun };
    assertEquals(parkBlocking(park, performance.now() + 1, 0), ParkResult.TIMED_OUT);
    assertEquals(pause.calls.splice(0).length, hasSpun ? 0 : SPINS);
  }
});

Deno.test("SpinBudget halves spins that were in vain, and restores them when one has paid", () => {
  const budget = new SpinBudget(100);
  for (const spins of [100, 50, 25, 12, 6, 3, 1]) {
    assertEquals(budget.next(), spins);
    budget.spun(false);
  }
  assertEquals(budget.next(), 0);
  budget.spun(true);
  assertEquals(budget.next(), 100);
});

Deno.test("SpinBudget tries again before some sleeps when spins have stopped paying", () => {
  const budget = new SpinBudget(1);
  budget.spun(false);
  const tries = Array.from({ length: 640 }, () => budget.next());
  assertEquals(tries.filter((spins) => spins === 1).length, 10);
  assertEquals(tries.filter((spins) => spins === 0).length, 630);
});
