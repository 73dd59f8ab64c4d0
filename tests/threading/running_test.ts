/**
 * When the async context is followed, whose module takes long to load.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ThreadPool } from "@sauropod/multiprocessing";
import { Level } from "../../lib/threading/nesting.ts";
import { isStorageLoaded, running } from "../../lib/threading/running.ts";
import { test } from "../fixtures/guarded.ts";

test("the async context is followed once more than ten levels live, and then at each", () => {
  const levels = Array.from({ length: 10 }, () => new Level(undefined));
  assertEquals(levels[9].run(() => isStorageLoaded()), false);
  levels.push(new Level(undefined));
  assertEquals(levels[10].run(() => isStorageLoaded()), true);
  for (const level of levels) level.end();
});

test("running() is the thread whose code runs, and undefined in the main thread", async () => {
  assertEquals(running(), undefined);
  await using pool = new ThreadPool(1);
  assertEquals(typeof await pool.apply(() => running()?.name), "string");
  assertEquals(running(), undefined);
});
