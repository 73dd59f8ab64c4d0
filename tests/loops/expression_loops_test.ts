import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { getNumThreads, setNumThreads } from "@sauropod/multiprocessing/loops";
import {
  explainExpression,
  foldLoops,
  type Loops,
  reduceLoops,
  runLoopsSync,
  scanLoops,
  storeLoops,
} from "../../lib/loops/expression_loops.ts";
import type { Node, TypedNode } from "../../lib/loops/expression_tree.ts";
import type { LoopOutcome } from "../../lib/loops/loop_plan.ts";
import { chunkEnd, chunkStart } from "../../lib/loops/schedule.ts";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { test } from "../fixtures/guarded.ts";

/** Fewer elements are not worth a piece of their own. */
const PIECE = 4096;

/** The numbers from 0 to `length`, exclusive. */
const range = (length: number): TypedNode => ({
  root: { op: "range", start: 0, step: 1, length },
  kind: "number",
});
const sine = (length: number): TypedNode => ({
  root: { op: "sin", args: [range(length).root] },
  kind: "number",
});
const bigs = (...data: bigint[]): TypedNode => ({
  root: { op: "array", data: sharedArray("int64", data) },
  kind: "bigint",
});

/** What the participants of a loop return that kept the values of its chunks apart, in any order. */
function outcomesOf(...values: [chunk: number, value: unknown][]): LoopOutcome[] {
  return values.map(([chunk, value]) => ({ values: [value], chunks: [chunk] }));
}

/** Returns the first loop: who runs it, and the sizes of its pieces. */
function firstOf(loops: Loops<unknown>) {
  const { value, done } = loops.next();
  assert(done !== true);
  const { threads, plan } = value;
  const { partition, length } = plan;
  const sizes = Array.from(
    { length: partition.chunks },
    (_, chunk) => chunkEnd(partition, chunk, length) - chunkStart(partition, chunk),
  );
  return { threads, plan, sizes };
}

test("expressions run in pieces that are worth it, each element once", () => {
  const sizesOf = (length: number) =>
    firstOf(foldLoops(sine(length), "sum", { numThreads: 2 })).sizes;
  assertEquals(sizesOf(10_000), [PIECE, PIECE, 10_000 - 2 * PIECE]);
  assertEquals(sizesOf(PIECE), [PIECE]);
  assertEquals(sizesOf(0), []);
  assertEquals(sizesOf(2 ** 21), Array(256).fill(2 ** 13)); // at most 256
  const called: Node = { op: "call", fn: (x: number) => x, address: 0, args: [range(1000).root] };
  const typed: TypedNode = { root: called, kind: "number" };
  assertEquals(firstOf(foldLoops(typed, "sum", { numThreads: 2 })).sizes, [...Array(250).fill(4)]);
});

test("expressions run on no more isolates than there are pieces", () => {
  const threadsOf = (length: number, numThreads?: number) =>
    firstOf(foldLoops(sine(length), "sum", { numThreads })).threads;
  assertEquals([threadsOf(10_000, 2), threadsOf(10_000, 3), threadsOf(10_000, 9)], [2, 3, 3]);
  assertEquals([threadsOf(PIECE, 2), threadsOf(PIECE + 1, 2), threadsOf(0, 2)], [1, 2, 1]);
  const before = getNumThreads();
  setNumThreads(5);
  try {
    assertEquals([threadsOf(10_000), threadsOf(10_000_000)], [1, 5]); // the first is soon over
  } finally {
    setNumThreads(before);
  }
});

test("foldLoops() combines the values of pieces in pairs, in their order", () => {
  const resultOf = (fold: "sum" | "prod" | "min" | "max", ...values: unknown[]) => {
    const loops = foldLoops(range(10_000), fold, { numThreads: 2 });
    assertEquals(firstOf(loops).plan.keepsChunks, true);
    const outcomes = outcomesOf(...values.map((value, at): [number, unknown] => [at, value]));
    return loops.next(outcomes.toReversed()).value;
  };
  assertEquals(resultOf("sum", 1, 2, 4), 7);
  assertEquals(resultOf("prod", 3, 2, 4), 24);
  assertEquals([resultOf("min", 3, 2, 4), resultOf("max", 3, 2, 4)], [2, 4]);
  assertEquals([resultOf("min", 0, -0), resultOf("max", -0, 0)], [-0, 0]);
  assertEquals([resultOf("min", 3n, 2n, 4n), resultOf("max", 3n, 2n, 4n)], [2n, 4n]);
  assertEquals([resultOf("min", 2n, 3n), resultOf("max", 4n, 3n)], [2n, 4n]);
});

test("foldLoops() of no elements is the value that changes nothing, if there is one", () => {
  const resultOf = (typed: TypedNode, fold: "sum" | "prod" | "min" | "max") =>
    runLoopsSync(foldLoops(typed, fold, { numThreads: 1 }));
  assertEquals([resultOf(range(0), "sum"), resultOf(range(0), "prod")], [0, 1]);
  assertEquals([resultOf(bigs(), "sum"), resultOf(bigs(), "prod")], [0n, 1n]);
  for (const fold of ["min", "max"] as const) {
    assertThrows(() => resultOf(range(0), fold), RangeError, `Cannot take ${fold}: there are no`);
  }
});

test("reduceLoops() begins with the initial value, and checks what the function returns", () => {
  const reduce = (typed: TypedNode, fn: (left: never, right: never) => unknown, initial: unknown) =>
    runLoopsSync(reduceLoops(typed, fn, initial, { numThreads: 1 }));
  const minus = (left: number, right: number) => left - right;
  assertEquals(reduce(range(4), minus, 100), 100 - (0 - 1 - 2 - 3));
  assertEquals(reduce(range(0), minus, 100), 100);
  assertEquals(reduce(bigs(), minus, 5n), 5n);
  assertThrows(() => reduce(range(4), minus, 5n), TypeError, "initial must be a number, not 5n");
  assertThrows(() => reduce(bigs(1n), minus, 5), TypeError, "initial must be a bigint, not 5");
  assertThrows(() => reduce(range(4), 5 as never, 0), TypeError, "fn must be a function");
  const text = () => "text";
  assertThrows(() => reduce(range(4), text, 0), TypeError, "the function must return a number");
  assertThrows(() => reduce(range(1), text, 0), TypeError, "the function must return a number");
  const lastIsRight = (left: number) => left === 100 ? 1 : "text";
  assertThrows(() => reduce(range(4), lastIsRight, 100), TypeError, 'a number, not "text"');
  assertThrows(() => reduce(range(4), () => {}, 0), TypeError, "the function must return a number");
});

test("scanLoops() adds up the pieces first, for several isolates", () => {
  const into = sharedArray("float64", 10_000);
  const loops = scanLoops(range(10_000), { numThreads: 2, into });
  const sums = firstOf(loops);
  assertEquals([sums.threads, sums.plan.keepsChunks, sums.sizes.length], [2, true, 3]);
  const { value } = loops.next(outcomesOf([1, 5], [0, 3], [2, 7]));
  assert(typeof value === "object" && value !== null && "plan" in value);
  const { plan, threads } = value as ReturnType<typeof firstOf>;
  assertEquals((plan.context as { offsets: unknown }).offsets, [0, 3, 8]);
  assertEquals([threads, plan.keepsChunks], [2, false]);
  assertStrictEquals(loops.next([]).value, into);
});

test("scanLoops() of few elements, or for one isolate, is one loop of the caller", () => {
  for (const [length, numThreads] of [[PIECE, 2], [10_000, 1], [0, 2]]) {
    const into = sharedArray("float64", length);
    const loops = scanLoops(range(length), { numThreads, into });
    const { threads, sizes, plan } = firstOf(loops);
    assertEquals([threads, sizes], [1, length === 0 ? [] : [length]]);
    assertEquals((plan.context as { offsets: unknown }).offsets, [0]);
    assertStrictEquals(loops.next([]).value, into);
  }
  const sums = runLoopsSync(scanLoops(bigs(1n, 2n, 3n), { numThreads: 1 }));
  assertEquals(sums, BigInt64Array.of(1n, 3n, 6n));
  assertEquals(runLoopsSync(scanLoops(range(4), { numThreads: 1 })), Float64Array.of(0, 1, 3, 6));
});

test("storeLoops() refuses a target that cannot hold the elements, or would change them", () => {
  const all = sharedArray("float64", 30);
  const part = (from: number) => all.subarray(from, from + 10);
  const typed: TypedNode = { root: { op: "array", data: part(10) }, kind: "number" };
  const store = (target: unknown) => () =>
    runLoopsSync(storeLoops(typed, target, { numThreads: 1 }));
  all.forEach((_, at) => all[at] = at);
  for (const from of [0, 20, 10]) { // beside the elements, and in their place
    assertEquals(store(part(from))(), part(10));
  }
  const bytes = (offset: number) => new Uint8Array(all.buffer, all.byteOffset + offset, 10);
  for (const target of [part(9), part(11), part(1), part(19), bytes(80), bytes(159), bytes(71)]) {
    assertThrows(store(target), RangeError, "it overlaps an array of the expression at another");
  }
  assertEquals(store(bytes(70))(), bytes(70));
  assertEquals(store(bytes(160))(), bytes(160));
  assertThrows(store(all.subarray(20, 29)), RangeError, "it has 9 elements, the expression 10");
  const bigints =
    "its elements are bigints, those of the expression numbers. Use an array of numbers";
  assertThrows(store(sharedArray("int64", 10)), TypeError, bigints);
  const numbers = "those of the expression bigints. Use toNumbers(), or an array of bigints";
  const storeBigs = () => storeLoops(bigs(1n), sharedArray("float64", 1), {}).next();
  assertThrows(storeBigs, TypeError, numbers);
  assertThrows(store(new Float64Array(10)), TypeError, "target must be");
  const other = new Float64Array(new SharedArrayBuffer(all.buffer.byteLength), 8, 10);
  assertEquals(store(other)(), part(10)); // at the same addresses of another memory
});

test("explainExpression() says how an expression runs that stores its elements", () => {
  const before = getNumThreads();
  setNumThreads(2);
  try {
    const { isVectorized, sentences } = explainExpression(sine(10_000));
    assertEquals([isVectorized, sentences.length], [true, 3]);
    const last = (length: number) => explainExpression(sine(length)).sentences.at(-1);
    assertEquals(last(2 ** 24), `2 isolates run it, in chunks of ${2 ** 16} indices.`);
    assertEquals(
      last(PIECE),
      "It is over before a worker would wake, so the caller runs it alone.",
    );
    assertEquals(explainExpression(bigs(1n)).sentences, [
      "It runs as JavaScript: the elements are bigints.",
      "The caller runs it alone.",
    ]);
  } finally {
    setNumThreads(before);
  }
});
