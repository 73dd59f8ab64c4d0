import { assert } from "@std/assert";
import fc from "fast-check";
import {
  argmaxSync,
  argminSync,
  type DataType,
  maxSync,
  meanSync,
  minSync,
  type NdArray,
  prodSync,
  sumSync,
} from "@sauropod/multiprocessing/ndarray";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";
import { DTYPES, elementsOf, type LayoutName, LAYOUTS, makeArray } from "./layouts.ts";

const PART_SIZE = 1 << 16;

/** Combines in pairs: up to 128 numbers as eight, the n-th with number n % 8. */
function inPairs(
  elements: readonly number[],
  combine: (a: number, b: number) => number,
): number {
  const { length } = elements;
  if (length > 128) {
    const half = Math.floor(length / 16) * 8;
    return combine(
      inPairs(elements.slice(0, half), combine),
      inPairs(elements.slice(half), combine),
    );
  }
  if (length < 8) return elements.reduce(combine);
  const whole = length - length % 8;
  let numbers = elements.slice(0, 8);
  for (let at = 8; at < whole; at++) numbers[at % 8] = combine(numbers[at % 8], elements[at]);
  while (numbers.length > 1) {
    numbers = numbers.filter((_, at) => at % 2 === 0).map((x, at) =>
      combine(x, numbers[2 * at + 1])
    );
  }
  return elements.slice(whole).reduce(combine, numbers[0]);
}

type Reference = (elements: readonly number[]) => number;

const sum: Reference = (elements) => inPairs(elements, (a, b) => a + b);
const min: Reference = (elements) => elements.reduce((a, b) => Math.min(a, b));
const max: Reference = (elements) => elements.reduce((a, b) => Math.max(a, b));
const indexIn = (elements: readonly number[], value: number) =>
  elements.findIndex((element) => element === value || Object.is(element, value));

const references: Record<string, Reference> = {
  sum,
  prod: (elements) => inPairs(elements, (a, b) => a * b),
  mean: (elements) => sum(elements) / elements.length,
  min,
  max,
  argmin: (elements) => indexIn(elements, min(elements)),
  argmax: (elements) => indexIn(elements, max(elements)),
};
const reductions = {
  sum: sumSync,
  prod: prodSync,
  mean: meanSync,
  min: minSync,
  max: maxSync,
  argmin: argminSync,
  argmax: argmaxSync,
};
type Name = keyof typeof reductions;
type AnyReduction = (array: NdArray, options: { axis?: number; numThreads: number }) => unknown;
const NAMES = Object.keys(reductions) as Name[];

/** Elements of a type, some of them special. */
function elementsFor(dtype: DataType, seed: number): (index: number) => number {
  const specials = dtype.startsWith("float") && seed % 3 === 0 ? [NaN, Infinity, -Infinity] : [];
  return (index) => {
    const hash = Math.imul(index + seed, 0x9e3779b1) >>> 0;
    if (specials.length > 0 && hash % 97 === 0) return specials[hash % specials.length];
    if (hash % 13 === 0) return hash % 2 === 0 ? 0 : -0;
    return dtype.startsWith("float") ? (hash / 2 ** 31 - 1) / 3 : hash;
  };
}

function check(name: Name, array: NdArray, axis: number | undefined, numThreads: number): void {
  const expected = references[name];
  if (axis === undefined) {
    const elements = elementsOf(array);
    const parts: number[] = [];
    for (let at = 0; at < elements.length; at += PART_SIZE) {
      parts.push(references[name === "mean" ? "sum" : name](elements.slice(at, at + PART_SIZE)));
    }
    let value = parts.length === 1 ? expected(elements) : NaN;
    if (parts.length > 1) {
      if (name.startsWith("arg")) value = expected(elements);
      else value = name === "mean" ? sum(parts) / elements.length : expected(parts);
    }
    const result = (reductions[name] as AnyReduction)(array, { numThreads });
    assert(Object.is(result, value), `${name}: ${result} instead of ${value}`);
    return;
  }
  const order = [...array.shape.keys()].filter((it) => it !== axis);
  const count = array.shape[axis];
  const elements = elementsOf(array.transpose(...order, axis));
  const result = (reductions[name] as AnyReduction)(array, { axis, numThreads }) as NdArray;
  const values = elementsOf(result);
  assert(values.length === elements.length / count);
  const rounded = new (result.data.constructor as Float64ArrayConstructor)(1);
  values.forEach((value, at) => {
    rounded[0] = expected(elements.slice(at * count, (at + 1) * count));
    assert(Object.is(value, rounded[0]), `${name} ${at}: ${value} instead of ${rounded[0]}`);
  });
}

const anyLayout = fc.constantFrom<LayoutName>(...LAYOUTS);
const anyType = fc.constantFrom<DataType>(...DTYPES);

test("reductions of any types, layouts and sizes compute in the documented order", () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 9000 }));
  fc.assert(
    fc.property(size, anyType, anyLayout, fc.nat(1000), (length, dtype, layout, seed) => {
      const array = makeArray([length], dtype, layout, elementsFor(dtype, seed));
      for (const name of NAMES) check(name, array, undefined, 1);
    }),
    { numRuns: 300 },
  );
});

test("reductions along an axis compute in the documented order", () => {
  const length = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 300 }));
  const shapes = fc.tuple(length, length, fc.constantFrom(1, 2, 3));
  fc.assert(
    fc.property(shapes, anyType, anyLayout, fc.nat(1000), (shape, dtype, layout, seed) => {
      const array = makeArray(shape, dtype, layout, elementsFor(dtype, seed));
      const axis = seed % 3;
      for (const name of NAMES) check(name, array, axis, 1);
    }),
    { numRuns: 100 },
  );
});

test("lines of more than a part, and many columns, are reduced in the documented order", () => {
  for (const dtype of ["float64", "uint16", "int32"] as const) {
    for (
      const [shape, axis] of [[[70_001, 3], 0], [[2, 70_003], 1], [[9, 5001], 0], [
        [1010, 41],
        0,
      ]] as const
    ) {
      for (const layout of ["without gaps", "gaps", "transposed"] as const) {
        const array = makeArray(shape, dtype, layout, elementsFor(dtype, 1));
        for (const name of NAMES) check(name, array, axis, 1);
      }
    }
  }
});

loopTest("reductions of many parts compute in the documented order on any isolates", () => {
  for (const dtype of ["float64", "float32", "uint8"] as const) {
    for (const layout of ["without gaps", "transposed"] as const) {
      const array = makeArray([401, 503], dtype, layout, elementsFor(dtype, 7));
      for (const numThreads of [1, 2, 3]) {
        for (const name of NAMES) {
          for (const axis of [undefined, 0, 1]) check(name, array, axis, numThreads);
        }
      }
    }
  }
});
