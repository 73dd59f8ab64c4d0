/**
 * Rows: elements next to each other that lanes use, as in `a[i + 1]`.
 *
 * @module
 */

import { definitionsIn, type LanePlan, type Stride, strideOf } from "./lanes.ts";
import type { ArrayName, Expression, Statement, Variable } from "./program.ts";
import type { Ranges } from "./ranges.ts";
import {
  eachExpressionIn,
  eachStatement,
  isSameExpression,
  operandsOf,
  variablesSet,
} from "./visit.ts";
import { type FunctionCode, ValueType } from "./wasm_module.ts";

/** Elements next to each other that lanes use, whose bounds are checked for all lanes at once. */
export interface RowAccess {
  readonly array: ArrayName;
  readonly index: Expression;
  /** Local variable: the index of the element of lane 0. */
  readonly position: number;
  /** Local variable: the address of that element. */
  readonly address: number;
}

/** Number of operations of an index that is computed once more, for lane 0. */
const MAX_INDEX_SIZE = 64;

/** Finds the accesses to elements next to each other, whose index is known before the loop begins. */
export function findRows(
  { statements, variable, varying }: LanePlan,
  ranges: Ranges,
  code: FunctionCode,
): RowAccess[] {
  const definitions = definitionsIn(statements);
  const assigned = variablesSet(statements);
  const views = new Set<ArrayName>();
  eachStatement(statements, (it) => it.op === "view" && views.add(it.view));
  const sizes = new Map<Variable, number>();
  // The number of operations of an index, with those of the variables in it; Infinity if it is not known.
  const sizeOf = (index: Expression): number => {
    if (index.op === "load" || index.op === "math") return Infinity;
    if (index.op === "variable" && index.variable !== variable) {
      const known = sizes.get(index.variable);
      if (known !== undefined) return known;
      const definition = varying.has(index.variable) ? definitions.get(index.variable) : undefined;
      const size = definition !== undefined
        ? sizeOf(definition)
        : assigned.has(index.variable)
        ? Infinity
        : 1;
      sizes.set(index.variable, size);
      return size;
    }
    return operandsOf(index).reduce((size, operand) => size + sizeOf(operand), 1);
  };
  const context = {
    variable,
    varying,
    definitions,
    ranges,
    strides: new Map<Variable, Stride>(),
  };
  const rows: RowAccess[] = [];
  const add = (array: ArrayName, index: Expression) => {
    if (views.has(array) || strideOf(index, context) !== 1 || sizeOf(index) > MAX_INDEX_SIZE) {
      return;
    }
    if (rows.some((row) => row.array === array && row.index === index)) return;
    const alike = rows.find((row) => row.array === array && isSameExpression(row.index, index));
    const address = alike?.address ?? code.local(ValueType.I32);
    const position = alike?.position ?? code.local(ValueType.I32);
    rows.push({ array, index, position, address });
  };
  eachExpressionIn(statements, (it) => it.op === "load" && add(it.array, it.index));
  eachStatement(statements, (it) => it.op === "store" && add(it.array, it.index));
  return rows;
}

/**
 * Finds the indices, other than those of rows, that step by 1 and can be computed for lane 0 where they are used.
 * In place of a variable that varies stands its definition, so what that reads must still be as it was.
 *
 * @param homes the list of statements outside of which a variable does not occur
 */
export function findPairs(
  { statements, variable, varying }: LanePlan,
  ranges: Ranges,
  rows: readonly RowAccess[],
  homes: ReadonlyMap<Variable, readonly Statement[]>,
): Set<Expression> {
  const definitions = definitionsIn(statements);
  const assigned = variablesSet(statements);
  const context = {
    variable,
    varying,
    definitions,
    ranges,
    strides: new Map<Variable, Stride>(),
  };
  const sizes = new Map<Variable, number>();
  // The number of operations of an index, with those of the definitions in it; Infinity if it is not known.
  const sizeOf = (index: Expression, isDefinition: boolean): number => {
    if (index.op === "load" || index.op === "math") return Infinity;
    if (index.op !== "variable" || index.variable === variable) {
      return operandsOf(index).reduce((size, operand) => size + sizeOf(operand, isDefinition), 1);
    }
    const isCurrent = !isDefinition || !assigned.has(index.variable);
    if (isCurrent && !varying.has(index.variable)) return 1;
    const known = sizes.get(index.variable);
    if (known !== undefined) return known;
    const definition = homes.has(index.variable) ? definitions.get(index.variable) : undefined;
    const size = definition === undefined ? Infinity : sizeOf(definition, true);
    sizes.set(index.variable, size);
    return size;
  };
  const pairs = new Set<Expression>();
  const add = (index: Expression) => {
    if (rows.some((row) => row.index === index) || strideOf(index, context) !== 1) return;
    if (sizeOf(index, false) <= MAX_INDEX_SIZE) pairs.add(index);
  };
  eachExpressionIn(statements, (it) => it.op === "load" && add(it.index));
  eachStatement(statements, (it) => it.op === "store" && add(it.index));
  return pairs;
}

/** Returns one of the accesses that share an address, for each address. */
export function distinct(rows: readonly RowAccess[]): RowAccess[] {
  return rows.filter(({ address }, at) =>
    rows.findIndex((other) => other.address === address) === at
  );
}
