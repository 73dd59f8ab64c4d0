/**
 * Code of WebAssembly that multiplies a matrix by a vector: each line of the matrix by the vector.
 *
 * A vector has no reuse, so the matrix is not packed, but read once. Lanes are neighbouring lines:
 *
 * - `adjacent`: lines that lie side by side. Some elements of all lines are added at a time, since memory is
 *   read ahead only in its order.
 * - `separate`: lines without gaps. Pairs of elements of two lines are transposed.
 *
 * Each sum takes its products in order, each rounded, as a plain loop does.
 *
 * @module
 */

import type { ElementType } from "../kernels/ranges.ts";
import { encodeModule, FunctionCode, ValueType } from "../kernels/wasm_module.ts";
import { type ElementAccess, elementAccess, loadDouble, loadDoubles } from "./elements.ts";

/** The functions of {@linkcode matvecModule}: memory 0 is that of the matrix, memory 1 that of the vector. */
export interface MatvecExports extends WebAssembly.Exports {
  /**
   * Adds the products of `DEPTH` elements of lines side by side to the sums at `sums`.
   *
   * @param at address of the first element of the first line
   * @param depthBytes distance from one element of a line to the next
   * @param pairs number of pairs of lines
   * @param vector address of as many elements of the vector, doubles
   */
  adjacent(at: number, depthBytes: number, pairs: number, vector: number, sums: number): void;
  /** Adds as `adjacent` does, one element of each line. */
  adjacentOne(at: number, depthBytes: number, pairs: number, vector: number, sums: number): void;
  /**
   * Multiplies `LINES` lines without gaps, and stores their sums.
   *
   * @param lineBytes distance from one line to the next
   */
  separate(at: number, lineBytes: number, depth: number, vector: number, sums: number): void;
}

/** Number of elements of each line that `adjacent` adds. */
export const DEPTH = 8;
/** Number of lines that `separate` multiplies. */
export const LINES = 8;

const { I32, V128 } = ValueType;
const DOUBLE_BYTES = 8;
const VECTOR_BYTES = 16;
/** Bytes of two vectors: their low lanes, and their high ones. */
const lowLanes = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const highLanes = lowLanes.map((byte) => byte + 8);

const modules = new Map<ElementType, WebAssembly.Module>();

/** Returns the module that multiplies matrices of elements of a type. */
export function matvecModule(type: ElementType): WebAssembly.Module {
  let module = modules.get(type);
  if (module === undefined) {
    const access = elementAccess[type];
    const functions = [
      { code: adjacentCode(access, DEPTH), exportedAs: "adjacent" },
      { code: adjacentCode(access, 1), exportedAs: "adjacentOne" },
      { code: separateCode(access), exportedAs: "separate" },
    ];
    module = new WebAssembly.Module(encodeModule({ memories: 2, functions: [] }, functions, []));
    modules.set(type, module);
  }
  return module;
}

function adjacentCode(access: ElementAccess, depth: number): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32], []);
  const [at, depthBytes, pairs, vector, sums] = [0, 1, 2, 3, 4];
  const element = code.local(I32);
  const sum = code.local(V128);
  const factors = Array.from({ length: depth }, () => code.local(V128));
  factors.forEach((factor, k) =>
    code.get(vector).load("v128.load64_splat", 1, DOUBLE_BYTES * k).set(factor)
  );
  const next = code.loop();
  code.get(at).set(element);
  code.get(sums).load("v128.load", 1).set(sum);
  for (const factor of factors) {
    code.get(sum).get(element);
    loadDoubles(code, access, 0, 0);
    code.get(factor).op("f64x2.mul", "f64x2.add").set(sum);
    code.get(element).get(depthBytes).op("i32.add").set(element);
  }
  code.get(sums).get(sum).store("v128.store", 1);
  code.get(sums).i32(VECTOR_BYTES).op("i32.add").set(sums);
  code.get(at).i32(2 << access.shift).op("i32.add").set(at);
  code.get(pairs).i32(1).op("i32.sub").tee(pairs).branchIf(next).end();
  return code;
}

function separateCode(access: ElementAccess): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32], []);
  const [at, lineBytes, depth, vector, sums] = [0, 1, 2, 3, 4];
  const lines = [at];
  for (let line = 1; line < LINES; line++) {
    const local = code.local(I32);
    code.get(lines[line - 1]).get(lineBytes).op("i32.add").set(local);
    lines.push(local);
  }
  const totals = Array.from({ length: LINES / 2 }, () => code.local(V128));
  const [first, second] = [code.local(V128), code.local(V128)];
  const [left, right] = [code.local(V128), code.local(V128)];
  const advance = (elements: number) => {
    for (const line of lines) {
      code.get(line).i32(elements << access.shift).op("i32.add").set(line);
    }
    code.get(vector).i32(DOUBLE_BYTES * elements).op("i32.add").set(vector);
    code.get(depth).i32(elements).op("i32.sub").set(depth);
  };
  const exit = code.block();
  const next = code.loop();
  code.get(depth).i32(2).op("i32.lt_s").branchIf(exit);
  code.get(vector).load("v128.load64_splat", 1).set(first);
  code.get(vector).load("v128.load64_splat", 1, DOUBLE_BYTES).set(second);
  totals.forEach((total, pair) => {
    code.get(lines[2 * pair]);
    loadDoubles(code, access, 0, 0);
    code.set(left).get(lines[2 * pair + 1]);
    loadDoubles(code, access, 0, 0);
    code.set(right).get(total);
    code.get(left).get(right).shuffle(lowLanes).get(first).op("f64x2.mul", "f64x2.add");
    code.get(left).get(right).shuffle(highLanes).get(second).op("f64x2.mul", "f64x2.add");
    code.set(total);
  });
  advance(2);
  code.branch(next).end().end();
  code.get(depth).if();
  code.get(vector).load("v128.load64_splat", 1).set(first);
  totals.forEach((total, pair) => {
    code.get(total).get(lines[2 * pair]);
    loadDouble(code, access, 0);
    code.op("f64x2.splat").get(lines[2 * pair + 1]);
    loadDouble(code, access, 0);
    code.lane("f64x2.replace_lane", 1).get(first).op("f64x2.mul", "f64x2.add").set(total);
  });
  code.end();
  totals.forEach((total, pair) =>
    code.get(sums).get(total).store("v128.store", 1, VECTOR_BYTES * pair)
  );
  return code;
}
