/**
 * Finds the loops that count: those whose number of rounds is known when they begin.
 *
 * @module
 */

import { binary, number, unary } from "./operations.ts";
import type { BinaryOperation, Expression, Statement, Variable } from "./program.ts";
import { eachExpression, eachStatement, listsOf, variablesSet } from "./visit.ts";

/** The parts of a `for` loop. */
export interface ForLoop {
  /** The declarations of its head; empty if it has none. */
  readonly declarations: readonly Statement[];
  readonly test: Expression;
  readonly update: readonly Statement[];
  readonly body: readonly Statement[];
  readonly line: number;
}

/** A loop as statements, and whether that assumes the start of the count to be an integer. */
export interface CountedLoop {
  readonly statements: readonly Statement[];
  readonly assumesInteger: Expression | undefined;
}

/**
 * Returns the statements of a loop that counts up by 1, or `undefined` if a loop is not one.
 *
 * A test with `<=` needs a count of integers.
 */
export function countedLoop(
  { declarations, test, update, body, line }: ForLoop,
): CountedLoop | undefined {
  const bound = boundOf(test);
  if (bound === undefined) return undefined;
  const { variable, isInclusive, last } = bound;
  const isStart = (statement: Statement) =>
    statement.op === "set" && statement.variable === variable;
  const start = declarations.find(isStart);
  const others = declarations.filter((statement) => !isStart(statement));
  const counts = start?.op === "set" && isIncrement(update, variable) &&
    !others.some((other) => mentions(other, variable));
  const set = variablesSet(body);
  if (!counts || set.has(variable) || leaves(body)) return undefined;
  if (readsElements(last) || variablesOf(last).some((used) => used === variable || set.has(used))) {
    return undefined;
  }
  const to = isInclusive ? plusOne(last) : last;
  return {
    statements: [...others, { op: "for", variable, from: start.value, to, body, line }],
    assumesInteger: isInclusive ? start.value : undefined,
  };
}

/** Returns the variable of a test such as `k < last`, and what it is compared with. */
function boundOf(test: Expression) {
  if (test.op !== "lt" && test.op !== "le" && test.op !== "gt" && test.op !== "ge") {
    return undefined;
  }
  const isUpward = test.op === "lt" || test.op === "le";
  const [variable, last] = isUpward ? test.args : test.args.toReversed();
  if (variable.op !== "variable") return undefined;
  return { variable: variable.variable, isInclusive: test.op === "le" || test.op === "ge", last };
}

function isIncrement(update: readonly Statement[], variable: Variable): boolean {
  const [step] = update;
  if (update.length !== 1 || step.op !== "set" || step.variable !== variable) return false;
  if (step.value.op !== "add") return false;
  const isVariable = (operand: Expression) =>
    operand.op === "variable" && operand.variable === variable;
  const isOne = (operand: Expression) => operand.op === "number" && operand.value === 1;
  return step.value.args.some(isVariable) && step.value.args.some(isOne);
}

function mentions(statement: Statement, variable: Variable): boolean {
  return statement.op === "set" && variablesOf(statement.value).includes(variable);
}

function variablesOf(expression: Expression): Variable[] {
  const variables: Variable[] = [];
  eachExpression(expression, (inner) => {
    if (inner.op === "variable") variables.push(inner.variable);
  });
  return variables;
}

function readsElements(expression: Expression): boolean {
  let reads = false;
  eachExpression(expression, ({ op }) => reads ||= op === "load");
  return reads;
}

/** Returns whether the body of a loop may end the loop. */
function leaves(body: readonly Statement[]): boolean {
  let returns = false;
  eachStatement(body, ({ op }) => returns ||= op === "return");
  return returns || hasJump(body, "break");
}

/** Returns whether the body of a loop has a `break` or a `continue` of that loop. */
export function hasJump(body: readonly Statement[], jump: "break" | "continue"): boolean {
  return body.some((statement) =>
    statement.op === jump ||
    statement.op === "if" && listsOf(statement).some((list) => hasJump(list, jump))
  );
}

/** The exclusive end of a loop over integers up to `last`. */
function plusOne(last: Expression): Expression {
  if (last.op === "number") return number(Math.floor(last.value) + 1);
  return binary("add", isInteger(last, new Set()) ? last : unary("floor", last), number(1));
}

const INTEGER_RESULTS = [
  ...["floor", "ceil", "trunc", "round", "length"],
  ...["bitand", "bitor", "bitxor", "bitnot", "shl", "shr", "ushr"],
];
const INTEGER_OF_INTEGERS: readonly string[] = [
  ...["neg", "abs", "square", "cube", "fround"],
  ...["add", "sub", "mul", "rem", "min", "max"] satisfies BinaryOperation[],
];

/** Returns whether a value is an integer or not finite, if the variables of `integers` are. */
export function isInteger(expression: Expression, integers: ReadonlySet<Variable>): boolean {
  if (expression.op === "number") return Number.isInteger(expression.value);
  if (expression.op === "variable") return integers.has(expression.variable);
  if (INTEGER_RESULTS.includes(expression.op)) return true;
  if (expression.op === "select") {
    return expression.args.slice(1).every((operand) => isInteger(operand, integers));
  }
  return INTEGER_OF_INTEGERS.includes(expression.op) && "args" in expression &&
    expression.args.every((operand) => isInteger(operand, integers));
}

/** Returns the variables that are only ever set to integers, or to numbers that are not finite. */
export function integerVariables(
  index: readonly Variable[],
  statements: readonly Statement[],
): Set<Variable> {
  const values: [Variable, Expression][] = [];
  eachStatement(statements, (statement) => {
    if (statement.op === "set") values.push([statement.variable, statement.value]);
    if (statement.op === "for") values.push([statement.variable, statement.from]);
  });
  const integers = new Set([...index, ...values.map(([variable]) => variable)]);
  let before;
  do {
    before = integers.size;
    for (const [variable, value] of values) {
      if (!isInteger(value, integers)) integers.delete(variable);
    }
  } while (integers.size < before);
  return integers;
}
