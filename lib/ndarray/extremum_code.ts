/**
 * Code of WebAssembly that finds the smallest or the greatest element, by vectors of elements.
 *
 * @module
 */

import type { ElementType } from "../kernels/ranges.ts";
import {
  FunctionCode,
  type ModuleFunction,
  type Operation,
  ValueType,
} from "../kernels/wasm_module.ts";
import { combineTree, type ElementAccess, elementAccess, loadDouble } from "./elements.ts";

const { I32, F64, V128 } = ValueType;
const VECTOR_BYTES = 16;
/** Number of vectors that are reduced at a time. */
const GROUP = 4;

/** The operation of a type, and how lane 0 becomes a double. */
interface Extremum {
  readonly shape: "i8x16" | "i16x8" | "i32x4" | "f32x4" | "f64x2";
  /** How integers are compared. */
  readonly sign: "_s" | "_u" | "";
}

const extrema: Readonly<Record<ElementType, Extremum>> = {
  int8: { shape: "i8x16", sign: "_s" },
  uint8: { shape: "i8x16", sign: "_u" },
  uint8c: { shape: "i8x16", sign: "_u" },
  int16: { shape: "i16x8", sign: "_s" },
  uint16: { shape: "i16x8", sign: "_u" },
  int32: { shape: "i32x4", sign: "_s" },
  uint32: { shape: "i32x4", sign: "_u" },
  float32: { shape: "f32x4", sign: "" },
  float64: { shape: "f64x2", sign: "" },
};

/** Returns the functions of a module that finds the smallest or the greatest element. */
export function extremumFunctions(name: "min" | "max", type: ElementType): ModuleFunction[] {
  const { shift } = elementAccess[type];
  const { shape, sign } = extrema[type];
  const operation = `${shape}.${name}${sign}` as Operation;
  return [
    { code: extremumColumnCode(operation, GROUP) },
    { code: extremumColumnCode(operation, 1) },
    {
      code: linesCode(VECTOR_BYTES >> shift, shift, { group: 0, single: 1 }),
      exportedAs: "lines",
    },
    { code: extremumShortCode(name, elementAccess[type]) },
    { code: extremumRunCode(operation, type, 3), exportedAs: "run" },
  ];
}

/** Reduces the elements of so many vectors of columns. */
function extremumColumnCode(operation: Operation, vectors: number): FunctionCode {
  const code = new FunctionCode([I32, I32, I32], Array(vectors).fill(V128));
  const [at, rowBytes, rows] = [0, 1, 2];
  const totals = Array.from({ length: vectors }, () => code.local(V128));
  totals.forEach((total, index) =>
    code.get(at).load("v128.load", 0, VECTOR_BYTES * index).set(total)
  );
  const exit = code.block();
  const next = code.loop();
  code.get(rows).i32(1).op("i32.sub").tee(rows).op("i32.eqz").branchIf(exit);
  code.get(at).get(rowBytes).op("i32.add").set(at);
  totals.forEach((total, index) =>
    code.get(total).get(at).load("v128.load", 0, VECTOR_BYTES * index).op(operation).set(total)
  );
  code.branch(next).end().end();
  for (const total of totals) code.get(total);
  return code;
}

/** Reduces fewer elements than a vector has. */
function extremumShortCode(name: "min" | "max", access: ElementAccess): FunctionCode {
  const code = new FunctionCode([I32, I32], [F64]);
  const [at, count] = [0, 1];
  const total = code.local(F64);
  code.get(at);
  loadDouble(code, access, 0);
  code.set(total);
  const exit = code.block();
  const next = code.loop();
  code.get(count).i32(1).op("i32.sub").tee(count).op("i32.eqz").branchIf(exit);
  code.get(at).i32(1 << access.shift).op("i32.add").set(at).get(total).get(at);
  loadDouble(code, access, 0);
  code.op(`f64.${name}`).set(total).branch(next).end().end();
  return code.get(total);
}

/** The function `run` of minima and maxima; `short` is the number of the function for a few elements. */
function extremumRunCode(operation: Operation, type: ElementType, short: number): FunctionCode {
  const { shift } = elementAccess[type];
  const { shape, sign } = extrema[type];
  const code = new FunctionCode([I32, I32], [F64]);
  const [at, count] = [0, 1];
  code.get(count).i32(VECTOR_BYTES >> shift).op("i32.lt_s").if(F64);
  code.get(at).get(count).call(short).op("else");
  const end = code.local(I32);
  const totals = Array.from({ length: GROUP }, () => code.local(V128));
  for (const total of totals) code.get(at).load("v128.load", 0).set(total);
  code.get(at).get(count).i32(shift).op("i32.shl", "i32.add").set(end);
  for (const vectors of [GROUP, 1]) {
    const exit = code.block();
    const next = code.loop();
    code.get(end).get(at).op("i32.sub").i32(VECTOR_BYTES * vectors).op("i32.lt_s").branchIf(exit);
    for (const [index, total] of totals.slice(0, vectors).entries()) {
      code.get(total).get(at).load("v128.load", 0, VECTOR_BYTES * index).op(operation).set(total);
    }
    code.get(at).i32(VECTOR_BYTES * vectors).op("i32.add").set(at).branch(next).end().end();
  }
  // The last elements; an element counts once or twice.
  const [all] = totals;
  combineTree(code, operation, totals);
  code.get(end).i32(VECTOR_BYTES).op("i32.sub").load("v128.load", 0).op(operation).set(all);
  for (let bytes = VECTOR_BYTES / 2; bytes >= 1 << shift; bytes /= 2) {
    const turned = Array.from({ length: VECTOR_BYTES }, (_, byte) => (byte + bytes) % VECTOR_BYTES);
    code.get(all).get(all).get(all).shuffle(turned).op(operation).set(all);
  }
  code.get(all);
  if (shape === "i8x16" || shape === "i16x8") {
    code.lane(`${shape}.extract_lane${sign as "_s" | "_u"}`, 0);
  } else code.lane(`${shape}.extract_lane`, 0);
  if (shape === "f32x4") code.op("f64.promote_f32");
  else if (shape !== "f64x2") code.op(`f64.convert_i32${sign as "_s" | "_u"}`);
  return code.end();
}

/**
 * The function `lines` of minima and maxima. It reduces `GROUP` vectors of columns at a time, then one. The last
 * one ends with the last column, so some columns may be reduced twice.
 *
 * @param length number of columns of a vector
 * @param shift binary logarithm of the size of an element
 * @param functions the numbers of those that reduce vectors
 */
function linesCode(
  length: number,
  shift: number,
  { group, single }: { group: number; single: number },
): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32], []);
  const [at, rowBytes, rows, columns, target] = [0, 1, 2, 3, 4];
  const excess = code.local(I32);
  const reduce = (fn: number, vectors: number) => {
    const results = Array.from({ length: vectors }, () => code.local(V128));
    code.get(at).get(rowBytes).get(rows).call(fn);
    for (const result of results.toReversed()) code.set(result);
    results.forEach((result, index) =>
      code.get(target).get(result).store("v128.store", 1, VECTOR_BYTES * index)
    );
    code.get(at).i32(length * vectors << shift).op("i32.add").set(at);
    code.get(target).i32(VECTOR_BYTES * vectors).op("i32.add").set(target);
    code.get(columns).i32(length * vectors).op("i32.sub").set(columns);
  };
  const many = code.block();
  const nextGroup = code.loop();
  code.get(columns).i32(length * GROUP).op("i32.lt_s").branchIf(many);
  reduce(group, GROUP);
  code.branch(nextGroup).end().end();
  const done = code.block();
  const next = code.loop();
  code.get(columns).op("i32.eqz").branchIf(done);
  code.get(columns).i32(length).op("i32.lt_s").if();
  code.i32(length).get(columns).op("i32.sub").set(excess).i32(length).set(columns);
  code.get(at).get(excess).i32(shift).op("i32.shl", "i32.sub").set(at);
  code.get(target).get(excess).i32(VECTOR_BYTES / length).op("i32.mul", "i32.sub").set(target);
  code.end();
  reduce(single, 1);
  code.branch(next).end().end();
  return code;
}
