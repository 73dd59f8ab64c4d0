/**
 * Code that combines the values of turns.
 *
 * @module
 */

import type { FoldOperator } from "./lanes.ts";
import { type FunctionCode, type Operation, ValueType } from "./wasm_module.ts";

/** Instructions that combine two doubles, and two vectors of them. */
export const foldOperations: Record<FoldOperator, readonly [Operation, Operation]> = {
  "+": ["f64.add", "f64x2.add"],
  "*": ["f64.mul", "f64x2.mul"],
  min: ["f64.min", "f64x2.min"],
  max: ["f64.max", "f64x2.max"],
};

/** The values that change no value they are combined with. */
export const foldIdentities: Record<FoldOperator, number> = {
  "+": -0,
  "*": 1,
  min: Infinity,
  max: -Infinity,
};

/** Leaves the lanes of vectors, combined: first the vectors in pairs, then the two lanes. */
export function combineLanes(
  code: FunctionCode,
  operator: FoldOperator,
  lanes: readonly number[],
): void {
  const [combine, combineVectors] = foldOperations[operator];
  const tree = (from: number, to: number): void => {
    if (to - from === 1) return void code.get(lanes[from]);
    const middle = (from + to) >> 1;
    tree(from, middle);
    tree(middle, to);
    code.op(combineVectors);
  };
  tree(0, lanes.length);
  const both = code.local(ValueType.V128);
  code.tee(both).lane("f64x2.extract_lane", 0);
  code.get(both).lane("f64x2.extract_lane", 1).op(combine);
}
