import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ClosedError } from "@sauropod/multiprocessing";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { stopTeam } from "@sauropod/multiprocessing/loops";
import { endSharedPools, sharedPool } from "../../lib/loops/shared_pool.ts";
import { test } from "../fixtures/guarded.ts";

test("sharedPool() returns one pool for each number of workers, until they are ended", async () => {
  const pool = sharedPool(1);
  assertStrictEquals(sharedPool(1), pool);
  assert(sharedPool(2) !== pool);
  await endSharedPools();
  await assertRejects(() => pool.apply(Math.sqrt, [4]), ClosedError);
  assert(sharedPool(1) !== pool);
  await endSharedPools();
});

test("Parallel() has new workers after stopTeam(), which has ended those of before", async () => {
  for (let times = 0; times < 2; times++) {
    assertEquals(await Parallel({ nJobs: 1 + times })([delayed(Math.sqrt)(4)]), [2]);
    assertEquals(await Parallel({ nJobs: 2 })([delayed(Math.sqrt)(9)]), [3]);
    await stopTeam();
  }
});
