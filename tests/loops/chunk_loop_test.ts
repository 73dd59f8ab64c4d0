import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { type ChunkLoop, chunkLoopFor } from "../../lib/loops/chunk_loop.ts";
import { kernelOf } from "../../lib/loops/loop_kernel.ts";
import type { LoopPlan } from "../../lib/loops/loop_plan.ts";
import type { Reduction } from "../../lib/loops/reduction.ts";
import { partition } from "../../lib/loops/schedule.ts";
import { test } from "../fixtures/guarded.ts";

function planOf(body: LoopPlan["body"], parts: Partial<LoopPlan> = {}): LoopPlan {
  const length = parts.length ?? 10;
  const chunks = { partition: partition(length, 1, "static", undefined), keepsChunks: false };
  return { body, context: {}, start: 0, step: 1, length, ...chunks, ...parts };
}

/** Runs some indices, and returns the value. */
function run(plan: LoopPlan, first: number, count: number, identity?: unknown): unknown {
  const loop: ChunkLoop = chunkLoopFor(plan);
  return loop(first, count, plan.step, plan.context, identity, () => {});
}

const numbers = (name: "+" | "*" | "min" | "max"): Reduction => ({
  kind: "numbers",
  name,
  identity: 0,
});

test("the loop of a chunk calls the body once for each of its indices, in order", () => {
  const seen: number[] = [];
  const body = (i: number, context: { add: number }) => void seen.push(i + context.add);
  const table: [step: number, first: number, count: number, expected: number[]][] = [
    [1, 3, 4, [3, 4, 5, 6]],
    [1, 3, 1, [3]],
    [1, 3, 0, []],
    [2, 3, 3, [3, 5, 7]],
    [-1, 3, 4, [3, 2, 1, 0]],
    [-3, 3, 3, [3, 0, -3]],
    [1, 2 ** 31 - 2, 3, [2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31]],
    [-1, -(2 ** 31) + 1, 3, [-(2 ** 31) + 1, -(2 ** 31), -(2 ** 31) - 1]],
  ];
  for (const [step, first, count, expected] of table) {
    for (const [start, length] of [[first, count], [0, 2 ** 40]]) { // as 32-bit integers, and not
      seen.length = 0;
      run(planOf(body, { step, start, length, context: { add: 0 } }), first, count);
      assertEquals(seen, expected, `${first} ${step} ${length}`);
    }
  }
  run(planOf(body, { context: { add: 100 } }), 0, 2);
  assertEquals(seen.slice(-2), [100, 101]);
});

test("the loop of a chunk combines values, beginning with the identity", () => {
  const body = (i: number) => i;
  const table = [["+", 1000, 1009], ["*", 2, 48], ["min", 9, 2], ["max", 0, 4]] as const;
  for (const [name, identity, expected] of table) {
    assertEquals(run(planOf(body, { reduction: numbers(name) }), 2, 3, identity), expected, name);
    assertEquals(run(planOf(body, { reduction: numbers(name) }), 2, 0, identity), identity, name);
  }
  const combine = (left: string, right: number) => `${left}${right}`;
  const values: Reduction = { kind: "values", combine, identity: "" };
  assertEquals(run(planOf(body, { reduction: values }), 2, 3, ">"), ">234");
  const arrays: Reduction = { kind: "arrays", name: "+", identity: new Int8Array(2) };
  const identity = Int8Array.of(0, 5);
  const add = (i: number, _: object, value: Int8Array) => void (value[0] += i);
  const value = run(planOf(add, { reduction: arrays }), 2, 3, identity);
  assertEquals([value, identity], [Int8Array.of(9, 5), Int8Array.of(0, 5)]);
  assertEquals(run(planOf(body), 2, 3), undefined);
});

test("a body is compiled anew for another function that combines its values", () => {
  const body = (i: number) => i;
  const reduce = (combine: (left: number, right: number) => number) =>
    run(planOf(body, { reduction: { kind: "values", combine, identity: 0 } }), 1, 3, 0);
  const sum = (left: number, right: number) => left + right;
  const difference = (left: number, right: number) => left - right;
  assertEquals([reduce(sum), reduce(difference), reduce(sum)], [6, -6, 6]);
});

test("a body is compiled once for loops of one kind", () => {
  const body = (i: number) => i;
  const plan = planOf(body);
  assertStrictEquals(chunkLoopFor(plan), chunkLoopFor({ ...plan, start: 5 }));
  const others = [
    { ...plan, step: 2 },
    { ...plan, reduction: numbers("+") },
    planOf((i: number) => i),
  ];
  for (const other of others) assert(chunkLoopFor(other) !== chunkLoopFor(plan));
  const compiled: ChunkLoop = () => 5;
  assertStrictEquals(chunkLoopFor({ ...plan, body: compiled, isCompiled: true }), compiled);
});

test("the loop of a chunk says at which index its body threw", () => {
  for (const failing of [4, 6, 8]) { // the first, another, the last
    const body = (i: number) => {
      if (i === failing) throw new RangeError("no");
    };
    let index: number | undefined;
    const loop = chunkLoopFor(planOf(body, { step: 2 }));
    const call = () => loop(4, 3, 2, {}, undefined, (at) => index = at);
    assertThrows(call, RangeError, "no");
    assertEquals(index, failing);
  }
});

test("the loop of a chunk refuses promises, and values that are not numbers", () => {
  const refused = (value: unknown, reduction?: Reduction) => () =>
    run(planOf(() => value, { reduction }), 0, 2, 0);
  const promise = "Cannot run loop: its body returns a promise";
  assertThrows(refused(Promise.resolve(1)), TypeError, promise);
  assertThrows(refused(Promise.resolve(1), numbers("+")), TypeError, promise);
  const number = "Cannot reduce: the body must return a number, not";
  assertThrows(refused("1", numbers("+")), TypeError, `${number} string`);
  assertThrows(refused(null, numbers("+")), TypeError, `${number} null`);
  assertThrows(refused(undefined, numbers("max")), TypeError, `${number} undefined`);
  const values: Reduction = { kind: "values", combine: () => 7, identity: 0 };
  for (const value of ["1", null]) assertEquals(refused(value, values)(), 7);
  assertEquals(refused("1")(), undefined);
});

test("the loop of a kernel counts positions in the range of the loop, and combines its value", () => {
  const out = sharedArray("float64", 10_000);
  const body = (i: number, { out }: { out: Float64Array }) => {
    out[i] = i + 0.5;
    return i;
  };
  const called = () => {
    throw new Error("called");
  };
  for (const [start, step] of [[0, 1], [5, 1], [5, 3], [9000, -2]]) {
    for (const name of [undefined, "+", "max"] as const) {
      const reduction = name && numbers(name);
      const plan = planOf(body, { start, step, length: 1000, context: { out }, reduction });
      const found = kernelOf(plan);
      if (!("kernel" in found)) throw new Error(found.reason);
      out.fill(0);
      const [first, count] = [start + 100 * step, 20];
      const value = run({ ...plan, body: called, kernel: found.kernel }, first, count, 1e6);
      const indices = Array.from({ length: count }, (_, at) => first + at * step);
      const sum = indices.reduce((sum, i) => sum + i, 1_000_000);
      const expected = name === undefined ? undefined : name === "+" ? sum : 1_000_000;
      assertEquals(value, expected, `${start} ${step}`);
      const written = indices.reduce((sum, i) => sum + Math.floor(out[i]), 1_000_000);
      assertEquals([written, out.filter((x) => x !== 0).length], [sum, count]);
    }
  }
});
