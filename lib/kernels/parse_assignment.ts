/**
 * Assignments of JavaScript to statements of programs.
 *
 * @module
 */

import type { Acorn } from "./acorn.ts";
import type { Names } from "./names.ts";
import { refuse } from "./obstacle.ts";
import { binary, number } from "./operations.ts";
import {
  applyOperator,
  arrayOf,
  meaningOf,
  parseIndex,
  parseNumber,
  parseResult,
  parseValue,
  shownName,
} from "./parse_expression.ts";
import { elementCall } from "./parse_ndarray.ts";
import type { ArrayName, Expression, Statement, Variable } from "./program.ts";

type Assignment = Acorn.AssignmentExpression | Acorn.UpdateExpression;

/**
 * Parses an assignment to a variable or to an element.
 *
 * @param isResult whether the function returns the value of the assignment
 */
export function parseAssignment(node: Assignment, names: Names, isResult: boolean): Statement[] {
  const target = node.type === "UpdateExpression" ? node.argument : node.left;
  if (target.type === "Identifier") {
    const variable = assignable(target, names);
    const value = assignedValue(node, () => ({ op: "variable", variable }), parseValue, names);
    names.noteValue(variable, value, node);
    return [{ op: "set", variable, value }];
  }
  if (target.type !== "MemberExpression") {
    return refuse(target, "takes an object or an array apart");
  }
  if (!target.computed) {
    refuse(target, `assigns to \`${shownName(target)}\`, which is not an element`);
  }
  const array = arrayOf(target, names);
  const given = parseIndex(target.property, names);
  const isPlain = node.type === "AssignmentExpression" && node.operator === "=";
  const before: Statement[] = [];
  // The index of `a[index] += 1` is computed once.
  const index = isPlain ? given : keep(given, "index", before);
  const parse = isResult ? parseResult : parseNumber;
  const computed = assignedValue(node, () => ({ op: "load", array, index }), parse, names);
  // The element may be rounded, but the value of the assignment is not.
  return [...before, ...storeOf(array, index, computed, isResult)];
}

/**
 * Parses a call of the method `set` of an ndarray; returns `undefined` for any other call.
 *
 * @param isResult whether the function returns what the call returns: the new element
 */
export function parseSet(
  node: Acorn.CallExpression,
  names: Names,
  isResult: boolean,
): Statement[] | undefined {
  const call = elementCall(node, "set", names);
  if (call === undefined) return undefined;
  const { array, index, rest: [value] } = call;
  const parse = isResult ? parseResult : parseNumber;
  return storeOf(array, index, parse(value, names), isResult);
}

/** Returns statements that store a value, and return it if it is the result. */
function storeOf(
  array: ArrayName,
  index: Expression,
  computed: Expression,
  isResult: boolean,
): Statement[] {
  const before: Statement[] = [];
  const value = isResult ? keep(computed, "value", before) : computed;
  const after: Statement[] = isResult ? [{ op: "return", value }] : [];
  return [...before, { op: "store", array, index, value }, ...after];
}

/** Returns the value that is assigned; `read` returns what the target had before. */
function assignedValue(
  node: Assignment,
  read: () => Expression,
  parse: typeof parseValue,
  names: Names,
): Expression {
  if (node.type === "UpdateExpression") {
    const value = read();
    if (names.isCondition(value)) refuse(node, "counts with a condition");
    return binary(node.operator === "++" ? "add" : "sub", value, number(1));
  }
  return node.operator === "=" ? parse(node.right, names) : applyOperator(node, read(), names);
}

function assignable(node: Acorn.Identifier, names: Names): Variable {
  const { name } = node;
  if (!names.has(name)) refuse(node, `assigns to \`${name}\`, which is not declared in the body`);
  const meaning = meaningOf(node, names);
  if (meaning.kind !== "variable") {
    return refuse(node, `assigns to \`${name}\`, which is a constant or belongs to the context`);
  }
  const { fixed, variable } = meaning;
  return fixed === undefined ? variable : refuse(node, `assigns to \`${name}\`, which is ${fixed}`);
}

/** Returns an expression that can be repeated: a variable that is set to `value` in `before`. */
function keep(value: Expression, name: string, before: Statement[]): Expression {
  if (["number", "context", "variable"].includes(value.op)) return value;
  const variable = { name };
  before.push({ op: "set", variable, value });
  return { op: "variable", variable };
}
