import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import createNdarray from "ndarray";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { chunkLoopFor } from "../../lib/loops/chunk_loop.ts";
import { kernelOf, withKernel } from "../../lib/loops/loop_kernel.ts";
import { isWithin32Bits, type LoopPlan } from "../../lib/loops/loop_plan.ts";
import { partition } from "../../lib/loops/schedule.ts";
import { test } from "../fixtures/guarded.ts";

const out = sharedArray("float64", 10_000);
const THREADS = 3;

function loopOf(body: LoopPlan["body"], context: object, parts: Partial<LoopPlan> = {}) {
  const length = parts.length ?? 10_000;
  const plan: LoopPlan = {
    ...{ body, context, start: 0, step: 1, length, keepsChunks: false },
    partition: partition(length, THREADS, "dynamic", undefined),
    ...parts,
  };
  return { plan, threads: THREADS };
}

/** Writes an element that is the same for all indices, so that there is no kernel. */
const same = (i: number, { out }: { out: Float64Array }) => {
  out[0] = i;
};
const each = (i: number, { out }: { out: Float64Array }) => {
  out[i] = i * 2;
};

test("withKernel() gives a loop its kernel, and chunks that vectors compute alone", () => {
  const loop = loopOf(each, { out });
  const { plan } = withKernel(loop, THREADS);
  assertEquals(plan.kernel?.arrays, [out]);
  assertEquals([loop.plan.partition.chunkSize, plan.partition.chunkSize], [209, 216]);
  assertEquals(plan.context, {});
  const rows = (i: number, { out }: { out: Float64Array }) => {
    let sum = 0;
    for (let k = 0; k < 100; k++) sum += out[i * 100 + k];
    return sum;
  };
  const reduction = { kind: "numbers", name: "+", identity: 0 } as const;
  const inner = withKernel(loopOf(rows, { out }, { reduction }), THREADS).plan;
  assertEquals([inner.kernel?.operator, inner.partition.chunkSize], ["+", 209]); // lanes over k
  const none = loopOf(same, { out });
  assertStrictEquals(withKernel(none, THREADS), none);
});

test("withKernel() leaves a short loop to the caller, unless the caller asks for isolates", () => {
  const threadsOf = (body: LoopPlan["body"], length: number, numThreads?: number, other = {}) =>
    withKernel(loopOf(body, { out, ...other }, { length }), numThreads).threads;
  for (const body of [each, same]) {
    assertEquals(threadsOf(body, 1000), 1);
    assertEquals(threadsOf(body, 1000, 2), THREADS);
    assertEquals(threadsOf(body, 1000, undefined, { n: 5 }), 1);
    assertEquals(
      threadsOf(body, 1000, undefined, { text: "of which it is to be found out" }),
      THREADS,
    );
    assertEquals(threadsOf(body, 1_000_000_000), THREADS);
  }
  const text = (i: number) => `${i}`; // of which it is not known how long it takes
  assertEquals(threadsOf(text, 1000), THREADS);
});

test("withKernel() keeps the members of a context that a worker may not be able to receive", () => {
  const ndarray = createNdarray(out, [100, 100]);
  class View extends Array {} // only the name is like that of an ndarray's class
  const others = { text: "x", list: [1], view: new View(), plain: { data: out }, nothing: null };
  const body = (i: number, { out, n }: { out: Float64Array; n: number }) => {
    out[i] = n;
  };
  const { plan } = withKernel(loopOf(body, { out, n: 5, ndarray, ...others }), THREADS);
  assert(plan.kernel !== undefined);
  assertEquals(Object.keys(plan.context), Object.keys(others));
});

test("the kernel of a loop has the shared arrays of the context, and copies of constants", () => {
  const constant = Float64Array.from({ length: 10_000 }, (_, at) => at);
  const body = (i: number, { a, out, constant }: Record<string, Float64Array>) => {
    out[i] = a[i] + constant[i];
  };
  const a = sharedArray("float64", 10_000);
  const { kernel } = withKernel(loopOf(body, { a, out, constant }), THREADS).plan;
  assert(kernel !== undefined);
  assertEquals(kernel.isElementwise, false);
  const others = kernel.arrays.filter((array) => array !== a && array !== out);
  assertEquals([kernel.arrays.length, others.length], [3, 1]);
  assertEquals(others[0], constant);
  assert(others[0].buffer instanceof SharedArrayBuffer);
});

test("the kernel of a loop does not write beyond an array, wherever the loop starts", () => {
  const part = out.subarray(0, 100);
  for (const [start, step] of [[90, 1], [90, 2], [130, -3]]) {
    const { plan } = withKernel(loopOf(each, { out: part }, { start, step, length: 20 }), THREADS);
    assert(plan.kernel !== undefined);
    out.fill(-1);
    chunkLoopFor(plan)(start, 20, step, {}, undefined, () => {});
    for (let at = 0; at < 200; at++) {
      const isIndex = (at - start) % step === 0 && (at - start) / step >= 0 &&
        (at - start) / step < 20;
      assertEquals(out[at], isIndex && at < 100 ? 2 * at : -1, `${start} ${step}: ${at}`);
    }
  }
});

test("kernelOf() makes the program of a loop in steps once for the same start and step", () => {
  const programOf = (start: number, step: number) => {
    const found = kernelOf(loopOf(each, { out }, { start, step, length: 1000 }).plan);
    assert("kernel" in found);
    return found.program;
  };
  assertStrictEquals(programOf(7, 3), programOf(7, 3));
  assert(programOf(7, 3) !== programOf(8, 3));
  assert(programOf(7, 3) !== programOf(7, 2));
});

test("kernelOf() says what stands in the way of a loop", () => {
  const reasonOf = (parts: Partial<LoopPlan>, body: LoopPlan["body"] = each) => {
    const found = kernelOf(loopOf(body, { out }, parts).plan);
    return "reason" in found ? found.reason : undefined;
  };
  const values = { kind: "values", combine: () => 0, identity: 0 } as const;
  const arrays = { kind: "arrays", name: "+", identity: new Float64Array(1) } as const;
  for (const reduction of [values, arrays]) {
    assertEquals(reasonOf({ reduction }), "values are combined that are not numbers");
  }
  assertEquals(reasonOf({ length: 2 ** 31 }), "the indices do not fit in 32 bits");
  assertEquals(reasonOf({}, () => new Date()), "makes an object with `new`");
  assertEquals(reasonOf({}), undefined);
  assertEquals(reasonOf({ start: 7, step: 3, length: 1000 }), undefined);
});

test("isWithin32Bits() takes all indices and the one after the last into account", () => {
  const isWithin = (start: number, step: number, length: number) =>
    isWithin32Bits(loopOf(each, {}, { start, step, length }).plan);
  assertEquals(isWithin(0, 1, 2 ** 31 - 1), true);
  assertEquals(isWithin(0, 1, 2 ** 31), false);
  assertEquals(isWithin(0, -1, 2 ** 31), true);
  assertEquals(isWithin(0, -1, 2 ** 31 + 1), false);
  assertEquals(isWithin(2 ** 31, -1, 5), false);
  assertEquals(isWithin(-(2 ** 31), 2, 5), true);
});
