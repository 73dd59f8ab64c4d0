/**
 * Elements of any type as doubles, and combinations of vectors, in code of WebAssembly.
 *
 * @module
 */

import { type ElementAccess, elementAccess } from "../kernels/element_types.ts";
import type { FunctionCode, Operation } from "../kernels/wasm_module.ts";

export { type ElementAccess, elementAccess };

/** Reads an element at an address on the stack. */
export function loadDouble(
  code: FunctionCode,
  { load, kind }: ElementAccess,
  memory: number,
): void {
  load(code, memory);
  if (kind === "int") code.op("f64.convert_i32_s");
}

/** Reads two elements next to each other, the first one at an address on the stack. */
export function loadDoubles(
  code: FunctionCode,
  { loadPair, kind }: ElementAccess,
  memory: number,
  offset: number,
): void {
  loadPair(code, memory, offset);
  if (kind === "int") code.op("f64x2.convert_low_i32x4_s");
}

/** Leaves the combination of vectors, in pairs. */
export function combineTree(
  code: FunctionCode,
  operation: Operation,
  vectors: readonly number[],
): void {
  if (vectors.length === 1) return void code.get(vectors[0]);
  const half = vectors.length / 2;
  combineTree(code, operation, vectors.slice(0, half));
  combineTree(code, operation, vectors.slice(half));
  code.op(operation);
}
