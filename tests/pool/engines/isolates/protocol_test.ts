import { assertEquals } from "@std/assert";
import { allocate, ensureHeap, free } from "../../../../lib/heap/allocator.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import { CallMode } from "../../../../lib/pool/chunks/chunk.ts";
import {
  beginJob,
  isUnwantedJob,
  JobFlag,
  packMode,
  unpackMode,
} from "../../../../lib/pool/engines/isolates/protocol.ts";
import { test } from "../../../fixtures/guarded.ts";

test("a job that waits begins, and one that has settled does not", () => {
  ensureHeap();
  const flag = allocate(4);
  const after = Object.entries(JobFlag).map(([name, state]) => {
    i32[flag] = state;
    const isUnwanted = isUnwantedJob(flag);
    return [name, isUnwanted, beginJob(flag), i32[flag]];
  });
  free(flag);
  assertEquals(after, [
    ["WAITING", false, true, JobFlag.BEGUN],
    ["BEGUN", false, true, JobFlag.BEGUN],
    ["CANCELLED", true, false, JobFlag.CANCELLED],
    ["TIMED_OUT", true, false, JobFlag.TIMED_OUT],
  ]);
});

test("a job without a flag begins, and is wanted to its end", () => {
  ensureHeap();
  const before = i32[0];
  assertEquals([beginJob(0), isUnwantedJob(0), i32[0]], [true, false, before]);
});

test("unpackMode() undoes packMode()", () => {
  for (const mode of Object.values(CallMode)) {
    for (const isTimed of [false, true]) {
      for (const attempt of [0, 1, 1000]) {
        assertEquals(unpackMode(packMode(mode, isTimed, attempt)), { mode, isTimed, attempt });
      }
    }
  }
});
