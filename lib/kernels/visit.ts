/**
 * Visits the statements and expressions of a program.
 *
 * @module
 */

import type { Expression, Statement, Variable } from "./program.ts";

/** Calls `visit` for each statement, those within others included. */
export function eachStatement(
  statements: readonly Statement[],
  visit: (statement: Statement) => void,
): void {
  for (const statement of statements) {
    visit(statement);
    for (const list of listsOf(statement)) eachStatement(list, visit);
  }
}

/** Returns the lists of statements within a statement. */
export function listsOf(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.op) {
    case "if":
      return [statement.then, statement.otherwise];
    case "for":
      return [statement.body];
    case "while":
      return [statement.body, statement.update];
    default:
      return [];
  }
}

/** Returns the expressions of a statement itself. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  switch (statement.op) {
    case "set":
      return [statement.value];
    case "store":
      return [statement.index, statement.value];
    case "view":
      return statement.to === undefined ? [statement.from] : [statement.from, statement.to];
    case "if":
    case "while":
      return [statement.test];
    case "for":
      return [statement.from, statement.to];
    case "return":
      return statement.value === undefined ? [] : [statement.value];
    default:
      return [];
  }
}

/** Returns the operands of an expression. */
export function operandsOf(expression: Expression): readonly Expression[] {
  if (expression.op === "load") return [expression.index];
  return "args" in expression ? expression.args : [];
}

/** Calls `visit` for an expression and all within it. */
export function eachExpression(
  expression: Expression,
  visit: (expression: Expression) => void,
): void {
  visit(expression);
  for (const operand of operandsOf(expression)) eachExpression(operand, visit);
}

/** Calls `visit` for each expression of statements, those within others included. */
export function eachExpressionIn(
  statements: readonly Statement[],
  visit: (expression: Expression) => void,
): void {
  eachStatement(statements, (statement) => {
    for (const expression of expressionsOf(statement)) eachExpression(expression, visit);
  });
}

/** Returns the variables that statements read. */
export function variablesRead(statements: readonly Statement[]): Set<Variable> {
  const variables = new Set<Variable>();
  eachExpressionIn(statements, (expression) => {
    if (expression.op === "variable") variables.add(expression.variable);
  });
  return variables;
}

/** Returns the variables that statements set. */
export function variablesSet(statements: readonly Statement[]): Set<Variable> {
  const variables = new Set<Variable>();
  eachStatement(statements, (statement) => {
    if (statement.op === "set" || statement.op === "for") variables.add(statement.variable);
  });
  return variables;
}

/** Returns whether two expressions are alike. */
export function isSameExpression(a: Expression, b: Expression): boolean {
  switch (a.op) {
    case "number":
    case "boolean":
      return b.op === a.op && Object.is(a.value, b.value);
    case "context":
      return b.op === "context" && a.name === b.name;
    case "variable":
      return b.op === "variable" && a.variable === b.variable;
    case "length":
      return b.op === "length" && a.array === b.array;
    case "load":
      return b.op === "load" && a.array === b.array && isSameExpression(a.index, b.index);
    case "math":
      if (b.op !== "math" || a.fn !== b.fn) return false;
  }
  if (a.op !== b.op) return false;
  const others = operandsOf(b);
  return operandsOf(a).every((operand, at) => isSameExpression(operand, others[at]));
}

/** The operations that result in a condition. */
const CONDITIONS: readonly Expression["op"][] = [
  ...(["boolean", "not", "and", "or"] as const),
  ...(["lt", "le", "gt", "ge", "eq", "ne"] as const),
];

/**
 * Returns whether an expression is a condition; all others are numbers.
 *
 * @param isVariable whether a variable is one
 */
export function isCondition(
  expression: Expression,
  isVariable: (variable: Variable) => boolean,
): boolean {
  if (expression.op === "variable") return isVariable(expression.variable);
  if (expression.op === "select") return isCondition(expression.args[1], isVariable);
  return CONDITIONS.includes(expression.op);
}
