/**
 * Writes programs so that they can be read.
 *
 * @module
 */

import type { Expression, Statement } from "../../lib/kernels/program.ts";

const OPERATORS: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  rem: "%",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  eq: "==",
  ne: "!=",
  and: "&&",
  or: "||",
  bitand: "&",
  bitor: "|",
  bitxor: "^",
  shl: "<<",
  shr: ">>",
  ushr: ">>>",
};

/** Returns statements in one line, such as `for k in 0..n { s = s + a[k] }`. */
export function printStatements(statements: readonly Statement[]): string {
  return statements.map(printStatement).join("; ");
}

function block(statements: readonly Statement[]): string {
  return statements.length === 0 ? "{}" : `{ ${printStatements(statements)} }`;
}

function printStatement(statement: Statement): string {
  switch (statement.op) {
    case "set":
      return `${statement.variable.name} = ${print(statement.value)}`;
    case "store":
      return `${statement.array.name}[${print(statement.index)}] = ${print(statement.value)}`;
    case "view": {
      const to = statement.to === undefined ? "" : print(statement.to);
      const from = print(statement.from);
      return `view ${statement.view.name} = ${statement.array.name}[${from}..${to}]`;
    }
    case "if": {
      const otherwise = statement.otherwise.length === 0
        ? ""
        : ` else ${block(statement.otherwise)}`;
      return `if ${print(statement.test)} ${block(statement.then)}${otherwise}`;
    }
    case "for": {
      const { variable, from, to, body } = statement;
      return `for ${variable.name} in ${print(from)}..${print(to)} ${block(body)}`;
    }
    case "while": {
      const update = statement.update.length === 0 ? "" : ` then ${block(statement.update)}`;
      return `while ${print(statement.test)} ${block(statement.body)}${update}`;
    }
    case "break":
    case "continue":
      return statement.op;
    case "return":
      return statement.value === undefined ? "return" : `return ${print(statement.value)}`;
  }
}

/** Writes an expression; numbers of the context are written with `$`. */
function print(expression: Expression): string {
  switch (expression.op) {
    case "number":
      return Object.is(expression.value, -0) ? "-0" : String(expression.value);
    case "boolean":
      return String(expression.value);
    case "context":
      return `$${expression.name}`;
    case "variable":
      return expression.variable.name;
    case "length":
      return `${expression.array.name}.length`;
    case "load":
      return `${expression.array.name}[${print(expression.index)}]`;
    case "select": {
      const [test, then, otherwise] = expression.args;
      return `${inner(test)} ? ${inner(then)} : ${inner(otherwise)}`;
    }
    case "math":
      return `${expression.fn}(${expression.args.map(print).join(", ")})`;
    default: {
      const operator = OPERATORS[expression.op];
      if (operator !== undefined) return expression.args.map(inner).join(` ${operator} `);
      return `${expression.op}(${expression.args.map(print).join(", ")})`;
    }
  }
}

/** Writes an operand, in parentheses if it is an operation. */
function inner(expression: Expression): string {
  const text = print(expression);
  return expression.op === "select" || expression.op in OPERATORS ? `(${text})` : text;
}
