/**
 * Where the variables of a program live: which values no lane sees that has taken another branch or has left a
 * loop, so that they need not be kept.
 *
 * @module
 */

import type { Expression, Statement, Variable } from "./program.ts";
import { eachExpressionIn, eachStatement, expressionsOf, listsOf, operandsOf } from "./visit.ts";

/**
 * Returns, for each variable that a list of statements sets before it is used there, and that occurs nowhere
 * else, that list. A turn that is masked may change such a variable in all lanes.
 */
export function homesOf(program: readonly Statement[]): Map<Variable, readonly Statement[]> {
  const homes = new Map<Variable, readonly Statement[]>();
  const counts = occurrencesIn(program);
  const visit = (statements: readonly Statement[]) => {
    const own = occurrencesIn(statements);
    const seen = new Set<Variable>();
    for (const statement of statements) {
      if (statement.op === "set" && !seen.has(statement.variable)) {
        const isRead = expressionsOf(statement).some((it) => mentions(it, statement.variable));
        const isAll = own.get(statement.variable) === counts.get(statement.variable);
        if (!isRead && isAll) homes.set(statement.variable, statements);
      }
      for (const variable of occurrencesIn([statement]).keys()) seen.add(variable);
      listsOf(statement).forEach(visit);
    }
  };
  visit(program);
  return homes;
}

/**
 * Returns the variables that only a loop reads, and that a statement before it in the same list sets, so that
 * it does not read what it has left in them.
 */
export function variablesForgotten(
  loop: Statement,
  statements: readonly Statement[],
): Set<Variable> {
  const forgotten = new Set<Variable>();
  const list = listWith(loop, statements);
  if (list === undefined) return forgotten;
  const own = readsIn([loop]);
  const all = readsIn(statements);
  for (const statement of list.slice(0, list.indexOf(loop))) {
    if (statement.op !== "set") continue;
    const { variable } = statement;
    if ((own.get(variable) ?? 0) === (all.get(variable) ?? 0)) forgotten.add(variable);
  }
  return forgotten;
}

/** Returns the list that a statement is in. */
function listWith(
  statement: Statement,
  statements: readonly Statement[],
): readonly Statement[] | undefined {
  if (statements.includes(statement)) return statements;
  for (const other of statements) {
    for (const list of listsOf(other)) {
      const found = listWith(statement, list);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Counts how often each variable is read. */
function readsIn(statements: readonly Statement[]): Map<Variable, number> {
  const counts = new Map<Variable, number>();
  eachExpressionIn(statements, (expression) => {
    if (expression.op !== "variable") return;
    counts.set(expression.variable, (counts.get(expression.variable) ?? 0) + 1);
  });
  return counts;
}

function mentions(expression: Expression, variable: Variable): boolean {
  return expression.op === "variable"
    ? expression.variable === variable
    : operandsOf(expression).some((operand) => mentions(operand, variable));
}

/** Counts how often each variable is set or read. */
function occurrencesIn(statements: readonly Statement[]): Map<Variable, number> {
  const counts = new Map<Variable, number>();
  const add = (variable: Variable) => counts.set(variable, (counts.get(variable) ?? 0) + 1);
  eachStatement(statements, (statement) => {
    if (statement.op === "set" || statement.op === "for") add(statement.variable);
  });
  eachExpressionIn(statements, (expression) => {
    if (expression.op === "variable") add(expression.variable);
  });
  return counts;
}
