import { assertEquals } from "@std/assert";
import { type DataType, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import { linesOf, reduceLines } from "../../lib/ndarray/lines.ts";
import { test } from "../fixtures/guarded.ts";
import { makeArray } from "./layouts.ts";

const NAMES = ["sum", "prod", "min", "max"] as const;
const TYPES: readonly DataType[] = [
  "int8",
  "uint8",
  "int16",
  "int32",
  "float16",
  "float32",
  "float64",
];

/** Elements of a type of which sums and products are exact in any order: powers of 2. */
const elementOf = (dtype: DataType) => (index: number) => {
  const element = (index * 7) % 4096 === 5 ? 2 : index % 3 === 0 ? -1 : 1;
  return dtype.startsWith("u") ? Math.abs(element) : element;
};

const operations = {
  sum: (left: number, right: number) => left + right,
  prod: (left: number, right: number) => left * right,
  min: Math.min,
  max: Math.max,
};

/** Compares the values of some lines with those of plain loops. */
function compare(array: NdArray, axis: number, from: number, to: number, message: string): void {
  const lines = linesOf(array, axis);
  for (const name of NAMES) {
    const expected: number[] = [];
    lines.each(from, to, (start) => {
      let value = array.data[start];
      for (let n = 1; n < lines.count; n++) {
        value = operations[name](value, array.data[start + n * lines.step]);
      }
      expected.push(value);
    });
    const values = new Float64Array(to - from);
    reduceLines(name, array, lines, from, values);
    assertEquals([...values], expected, `${name} ${array.dtype} ${message}`);
  }
}

test("linesOf() returns where the lines along an axis begin", () => {
  const array = zeros([2, 3, 4]);
  const startsOf = (view: NdArray, axis: number, from: number, to: number) => {
    const starts: [start: number, line: number][] = [];
    linesOf(view, axis).each(from, to, (start, line) => starts.push([start, line]));
    return starts;
  };
  assertEquals(startsOf(array, 1, 2, 6), [[2, 2], [3, 3], [12, 4], [13, 5]]);
  assertEquals(startsOf(array, 2, 0, 6), [[0, 0], [4, 1], [8, 2], [12, 3], [16, 4], [20, 5]]);
  assertEquals(startsOf(array.step(1, 1, -1), 0, 3, 6), [[0, 3], [7, 4], [6, 5]]);
  const table: [NdArray, axis: number, count: number, step: number, areColumns: boolean][] = [
    [array, 0, 2, 12, true],
    [array, 1, 3, 4, true],
    [array, 2, 4, 1, false],
    [array.transpose(2, 1, 0), 0, 4, 1, false],
    [array.transpose(0, 2, 1), 2, 3, 4, true],
    [array.hi(2, 3, 1), 0, 2, 12, false], // one column, of which there is nothing beside
    [array.step(1, 1, 2), 0, 2, 12, false],
  ];
  for (const [at, [view, axis, count, step, areColumns]] of table.entries()) {
    const lines = linesOf(view, axis);
    assertEquals(
      [lines.count, lines.step, lines.areColumns],
      [count, step, areColumns],
      `row ${at}`,
    );
  }
});

test("reduceLines() has the values of plain loops, however the lines lie in memory", () => {
  for (const dtype of TYPES) {
    const element = elementOf(dtype);
    const array = makeArray([70, 64], dtype, "without gaps", element);
    for (const axis of [0, 1]) {
      const count = [64, 70][axis];
      compare(array, axis, 0, count, `axis ${axis}`);
      compare(array, axis, 3, count - 5, `part of axis ${axis}`);
      compare(array.step(2, 2), axis, 0, count / 2, `steps along axis ${axis}`);
      compare(makeArray([70, 64], dtype, "plain", element), axis, 1, count, `plain ${axis}`);
    }
    // Short runs of columns, and longer ones.
    for (const width of [1, 2, 3, 15, 16, 17]) {
      const part = makeArray([16, 9, 64], dtype, "without gaps", element).hi(16, 9, width);
      compare(part, 0, 0, 9 * width, `${width} columns`);
      compare(part, 1, 1, 16 * width, `${width} columns`);
    }
  }
});

test("reduceLines() copies long lines with gaps in pieces", () => {
  for (const length of [65_536, 65_537, 70_000]) {
    const array = makeArray([3, length], "int8", "gaps", elementOf("int8"));
    compare(array, 1, 0, 3, `${length}`);
    compare(array, 1, 1, 3, `${length}`);
  }
});
