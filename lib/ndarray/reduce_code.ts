/**
 * Code of WebAssembly that reduces elements by vectors: sums, products, minima and maxima.
 *
 * - `run` reduces elements next to each other to a number.
 * - `lines` reduces columns, which lie side by side, to a number each.
 *
 * Sums and products are computed in pairs, as by NumPy's `pairwise_sum`: more than 128 numbers are halved, and
 * up to 128 are combined to eight numbers, the n-th element to number n % 8. So the error grows with the
 * logarithm of the number of elements. `run` has the eight numbers in four vectors, `lines` in eight vectors,
 * one lane for a column: both compute the same.
 *
 * Minima and maxima are NaN if an element is, and -0 is less than 0.
 *
 * A function is called for each few elements: the engine replaces it by its optimized code at a call.
 *
 * @module
 */

import type { ElementType } from "../kernels/ranges.ts";
import { encodeModule, type ModuleFunction } from "../kernels/wasm_module.ts";
import { elementAccess } from "./elements.ts";
import { extremumFunctions } from "./extremum_code.ts";
import { dotFunctions, productFunctions, sumFunctions } from "./sum_code.ts";

/** The reductions that have code. */
export type CodeName = "sum" | "prod" | "min" | "max";

/** The functions of a module. Memory 0 is that of the elements, memory 1 that of the results of `lines`. */
export interface ReduceExports extends WebAssembly.Exports {
  /**
   * Reduces elements next to each other.
   *
   * @param at address of the first element, in bytes
   * @param count from 1 to `MAX_RUN`
   */
  run(at: number, count: number): number;
  /**
   * Reduces columns, and stores their results from `target` on: doubles for sums and products, else elements.
   * Uses up to `COLUMN_BYTES` for each column from there on.
   *
   * @param rowBytes distance from one element of a column to the next, in bytes
   * @param rows number of elements of a column, at least 1
   * @param columns at least as many as a vector has
   */
  lines(at: number, rowBytes: number, rows: number, columns: number, target: number): void;
}

/** The function of {@linkcode dotModule}. */
export interface DotExports extends WebAssembly.Exports {
  /** Adds the products of the elements at two addresses, of memories 0 and 1. */
  run(left: number, right: number, count: number): number;
}

/** Maximum number of elements of a run: sums of so many small integers have 32 bits. */
export const MAX_RUN = 1 << 16;

/** What `lines` needs for a column: its result, eight numbers, and a number for each time that rows are halved. */
export const COLUMN_BYTES = 8 * (1 + 8 + 32);

const VECTOR_BYTES = 16;

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(key: string, functions: () => ModuleFunction[]): WebAssembly.Module {
  let module = modules.get(key);
  if (module === undefined) {
    const bytes = encodeModule({ memories: 2, functions: [] }, functions(), []);
    modules.set(key, module = new WebAssembly.Module(bytes));
  }
  return module;
}

/** Returns the module of a reduction. */
export function reduceModule(name: CodeName, type: ElementType): WebAssembly.Module {
  return moduleOf(`${name} ${type}`, () => {
    if (name === "min" || name === "max") return extremumFunctions(name, type);
    return name === "sum" ? sumFunctions(type) : productFunctions(type);
  });
}

/** Returns the module that adds products of elements. */
export function dotModule(left: ElementType, right: ElementType): WebAssembly.Module {
  return moduleOf(`dot ${left} ${right}`, () => dotFunctions(left, right));
}

/** Returns the number of columns of a vector. */
export function vectorLength(name: CodeName, type: ElementType): number {
  return name === "sum" || name === "prod" ? 2 : VECTOR_BYTES >> elementAccess[type].shift;
}
