/**
 * The statements of a function in place of its call.
 *
 * @module
 */

import type { Statement, Variable } from "./program.ts";
import { listsOf } from "./visit.ts";

/** Returns statements that set a variable in place of each `return`; `undefined` if a loop returns. */
export function withoutReturns(
  statements: readonly Statement[],
  result: Variable,
): Statement[] | undefined {
  const own: Statement[] = [];
  for (const [at, statement] of statements.entries()) {
    if (statement.op === "return") {
      return [...own, { op: "set", variable: result, value: statement.value! }];
    }
    if (!listsOf(statement).some(hasReturn)) {
      own.push(statement);
      continue;
    }
    if (statement.op !== "if") return undefined;
    const rest = statements.slice(at + 1);
    const then = withoutReturns([...statement.then, ...rest], result);
    const otherwise = withoutReturns([...statement.otherwise, ...rest], result);
    if (then === undefined || otherwise === undefined) return undefined;
    return [...own, { op: "if", test: statement.test, then, otherwise }];
  }
  return own;
}

function hasReturn(statements: readonly Statement[]): boolean {
  return statements.some((statement) =>
    statement.op === "return" || listsOf(statement).some(hasReturn)
  );
}
