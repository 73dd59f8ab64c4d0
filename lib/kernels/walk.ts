/**
 * Looks into the statements and expressions of a program.
 *
 * @module
 */

import type { Expression, Statement, Variable } from "./program.ts";

/** Yields an expression and all expressions in it. */
export function* expressionsIn(expression: Expression): Generator<Expression> {
  yield expression;
  if (expression.op === "load") yield* expressionsIn(expression.index);
  if ("args" in expression) {
    for (const operand of expression.args) {
      yield* expressionsIn(operand);
    }
  }
}

/** Yields statements and all statements in them. */
export function* statementsIn(statements: readonly Statement[]): Generator<Statement> {
  for (const statement of statements) {
    yield statement;
    for (const inner of blocksOf(statement)) yield* statementsIn(inner);
  }
}

/** Returns the lists of statements that a statement has. */
function blocksOf(statement: Statement): readonly (readonly Statement[])[] {
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

/** Returns whether the body of a loop has a `break` or a `continue` of that loop. */
export function hasJump(body: readonly Statement[], jump: "break" | "continue"): boolean {
  return body.some((statement) =>
    statement.op === jump ||
    statement.op === "if" && blocksOf(statement).some((block) => hasJump(block, jump))
  );
}

/** Returns whether statements assign to a variable. */
export function assigns(statements: readonly Statement[], variable: Variable): boolean {
  return statementsIn(statements).some((statement) =>
    (statement.op === "set" || statement.op === "for") && statement.variable === variable
  );
}

/** Returns the variables that an expression uses. */
export function variablesIn(expression: Expression): Variable[] {
  return expressionsIn(expression).toArray().flatMap((inner) =>
    inner.op === "variable" ? [inner.variable] : []
  );
}
