/**
 * Elements of any type as doubles, in code of WebAssembly.
 *
 * @module
 */

import { type ElementAccess, elementAccess } from "../kernels/element_types.ts";
import type { FunctionCode } from "../kernels/wasm_module.ts";

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
