import { assert, assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { isOutside, kernelLoop, memoryOfArray, scratchOf } from "../../lib/kernels/kernel.ts";
import { LaneObstacle } from "../../lib/kernels/lanes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { planKernel } from "../../lib/kernels/plan_kernel.ts";
import { test } from "../fixtures/guarded.ts";
import { collectGarbage } from "../fixtures/heap.ts";

test("the instances of a kernel do not keep arrays which nobody uses any more", async () => {
  const source = "(i, { a, b }) => { b[i] = 2 * a[i]; }";
  const parsed = parseBody(source, { a: "array", b: "array" });
  assert(!("obstacle" in parsed));
  const { program } = parsed;
  const kept = sharedArray("float64", 10_000);
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  const run = (register: boolean) => {
    const arrays = { a: kept, b: sharedArray("float64", 10_000) };
    if (register) registry.register(arrays.b.buffer, undefined);
    const rest = { first: 0, turns: 10_000, operator: undefined, isElementwise: false };
    const planned = planKernel({ program, arrays, numbers: {}, ...rest });
    assert(!(planned instanceof LaneObstacle));
    kernelLoop(planned.kernel)(0, 10_000);
  };
  const ROUNDS = 50;
  for (let round = 0; round < ROUNDS; round++) run(true);
  for (let round = 0; round < 20 && collected < ROUNDS - 1; round++) await collectGarbage();
  assertLess(ROUNDS - 1 - collected, 1);
});

test("the instances of a kernel do not keep memory in use", async () => {
  const source = "(i, { a }) => { a[i] = i * 3; }";
  const parsed = parseBody(source, { a: "array" });
  assert(!("obstacle" in parsed));
  const { program } = parsed;
  const MEGABYTES = 16;
  const run = () => {
    const arrays = { a: sharedArray("float64", MEGABYTES * 2 ** 17) };
    const rest = { first: 0, turns: arrays.a.length, operator: undefined, isElementwise: false };
    const planned = planKernel({ program, arrays, numbers: {}, ...rest });
    assert(!(planned instanceof LaneObstacle));
    kernelLoop(planned.kernel)(0, arrays.a.length);
  };
  for (let round = 0; round < 4; round++) run();
  await collectGarbage();
  const before = Deno.memoryUsage().rss;
  for (let round = 0; round < 24; round++) {
    run();
    if (round % 4 === 3) await collectGarbage();
  }
  await collectGarbage();
  assertLess(Deno.memoryUsage().rss - before, 12 * MEGABYTES * 2 ** 20);
});

test("scratchOf() returns the memory of the isolate, which grows to what is needed", () => {
  const memory = scratchOf(1);
  const before = memory.buffer.byteLength;
  assertStrictEquals(scratchOf(before), memory);
  assertEquals(memory.buffer.byteLength, before);
  assertStrictEquals(scratchOf(before + 1), memory);
  const PAGE = 65_536;
  assertEquals(memory.buffer.byteLength, before + PAGE);
  scratchOf(before + 3 * PAGE);
  assertEquals(memory.buffer.byteLength, before + 3 * PAGE);
});

test("kernels find an array in its memory, or a copy in the memory of the isolate", () => {
  const own = sharedArray("float64", 10_000);
  assertEquals(isOutside(own), false);
  own[0] = 5;
  assertEquals(new Float64Array(memoryOfArray(own).buffer, own.byteOffset, 1)[0], 5);
  for (const outside of [new Float64Array(3), new Float64Array(new SharedArrayBuffer(24))]) {
    assertEquals(isOutside(outside), true);
    assertStrictEquals(memoryOfArray(outside), scratchOf(0));
  }
});
