import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { fromArray, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import { makeView } from "../../lib/ndarray/array.ts";
import { assign, gather, inOrder, repeated, Walk } from "../../lib/ndarray/walk.ts";
import { test } from "../fixtures/guarded.ts";

/** An array of three axes whose elements are their indices in C order. */
function counted(): NdArray {
  return fromArray(Float64Array.from({ length: 24 }, (_, at) => at), [2, 3, 4]);
}

/** Returns the runs of a walk over arrays of one shape: the positions, and the length. */
function runsOf(arrays: readonly NdArray[], from: number, to: number): [number[], number][] {
  const runs: [number[], number][] = [];
  new Walk(arrays[0].shape, arrays).runs(from, to, (at, count) => runs.push([[...at], count]));
  return runs;
}

test("a Walk merges axes that are contiguous in all arrays", () => {
  const array = counted();
  const table: [NdArray[], run: number, isOneRun: boolean, steps: number[]][] = [
    [[array], 24, true, [1]],
    [[array.step(-1, -1, -1)], 24, true, [-1]],
    [[array.step(1, 1, 2)], 12, true, [2]],
    [[array.step(1, -1, 1)], 4, false, [1]],
    [[array.step(-1, 1, 1)], 12, false, [1]],
    [[array.hi(2, 3, 3)], 3, false, [1]],
    [[array.hi(2, 2, 4)], 8, false, [1]],
    [[array.transpose(2, 1, 0)], 2, false, [12]],
    [[array, array.step(-1, -1, -1)], 24, true, [1, -1]],
    [[array, array.step(1, -1, 1)], 4, false, [1, 1]],
    [[array.step(1, -1, 1), array], 4, false, [1, 1]],
    [[array.hi(2, 3, 1)], 6, true, [4]], // an axis of length 1 is in the way of nothing
    [[array.hi(2, 1, 4)], 4, false, [1]],
    [[array.hi(1, 1, 1)], 1, true, [0]],
    [[zeros([])], 1, true, [0]],
  ];
  for (const [at, [arrays, run, isOneRun, steps]] of table.entries()) {
    const walk = new Walk(arrays[0].shape, arrays);
    assertEquals([walk.runLength, walk.isOneRun, walk.steps], [run, isOneRun, steps], `row ${at}`);
    assertEquals(walk.size, arrays[0].size, `row ${at}`);
  }
});

test("a Walk visits the runs of some elements, the first and the last of which may be parts", () => {
  const array = counted();
  const flipped = array.step(1, -1, 1); // begins at 8
  assertEquals(runsOf([array], 3, 20), [[[3], 17]]);
  assertEquals(runsOf([array, flipped], 2, 17), [
    [[2, 10], 2],
    [[4, 4], 4],
    [[8, 0], 4],
    [[12, 20], 4],
    [[16, 16], 1],
  ]);
  assertEquals(runsOf([flipped], 4, 8), [[[4], 4]]);
  assertEquals(runsOf([flipped], 5, 7), [[[5], 2]]);
  assertEquals(runsOf([flipped], 7, 7), []);
  assertEquals(runsOf([array.transpose(2, 1, 0)], 6, 9), [[[1], 2], [[5], 1]]);
});

test("gather() copies some elements to a place of a typed array", () => {
  const array = counted();
  for (const view of [array.step(1, -1, 1), array.step(1, -1, 2)]) {
    const all = new Float64Array(view.size);
    const walk = new Walk(view.shape, [view]);
    gather(view, walk, 0, view.size, all, 0);
    const expected = [];
    for (let i = 0; i < view.shape[0]; i++) {
      for (let j = 0; j < view.shape[1]; j++) {
        for (let k = 0; k < view.shape[2]; k++) expected.push(view.get(i, j, k));
      }
    }
    assertEquals([...all], expected);
    const some = new Float64Array(12).fill(-1);
    gather(view, walk, 3, 11, some, 2);
    assertEquals([...some], [-1, -1, ...expected.slice(3, 11), -1, -1]);
  }
});

test("assign() copies the elements between arrays of any strides", () => {
  const layouts = (array: NdArray) => [
    array,
    array.step(1, -1, 1),
    array.step(-1, -1, -1),
    array.transpose(0, 2, 1).step(1, 1, -1).transpose(0, 2, 1),
  ];
  for (const [at, source] of layouts(counted()).entries()) {
    for (const [other, target] of layouts(zeros([2, 3, 4])).entries()) {
      assign(target, source);
      assertEquals([...inOrder(target)], [...inOrder(source)], `${at} to ${other}`);
    }
  }
});

test("inOrder() returns a view of elements without gaps, or a copy", () => {
  const array = counted();
  const part = inOrder(array.lo(1, 0, 0));
  assertStrictEquals(part.buffer, array.data.buffer);
  assertEquals([...part], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  const others = [array.step(-1, -1, -1), array.hi(2, 3, 3), array.step(1, 1, 2)];
  for (const view of others) {
    const copy = inOrder(view);
    assert(copy.buffer !== array.data.buffer);
    assertEquals(copy.length, view.size);
  }
  assertEquals([...inOrder(array.step(1, 1, 2))], [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]);
});

test("repeated() repeats missing axes and those of length 1, and no others", () => {
  const row = fromArray([1, 2, 3]);
  assertEquals(repeated(row, [2, 3]).stride, [0, 1]);
  assertEquals(repeated(fromArray([1, 2], [2, 1]), [4, 2, 3]).stride, [0, 1, 0]);
  assertEquals([...inOrder(repeated(row, [2, 3]))], [1, 2, 3, 1, 2, 3]);
  const later = makeView(row.data, [2], [1], 1);
  assertEquals([...inOrder(repeated(later, [2, 2]))], [2, 3, 2, 3]);
});
