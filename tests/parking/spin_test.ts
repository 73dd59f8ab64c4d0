import { assert } from "@std/assert";
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

Deno.test("spinUntilChanged() does not spin when more workers live than there are cores", () => {
  const word = allocate(4);
  i32[word] = 1;
  const workers = i32[LIVE_WORKERS];
  i32[LIVE_WORKERS] = navigator.hardwareConcurrency + 1;
  assert(!spinUntilChanged(word, 0, 100));
  i32[LIVE_WORKERS] = workers;
  free(word);
});
