import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { ensureIsolate, LIVE_WORKERS } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { spinUntilChanged } from "../../lib/parking/spin.ts";

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
