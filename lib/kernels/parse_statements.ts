/**
 * Statements of JavaScript to those of programs.
 *
 * @module
 */

import type { Acorn } from "./acorn.ts";
import { countedLoop, hasJump } from "./counted_loops.ts";
import type { Names } from "./names.ts";
import { refuse } from "./obstacle.ts";
import { unary } from "./operations.ts";
import { parseAssignment, parseSet } from "./parse_assignment.ts";
import { parseDeclaration } from "./parse_declaration.ts";
import { parseCondition, parseResult, parseValue } from "./parse_expression.ts";
import type { Expression, Statement } from "./program.ts";

/** A loop that was taken for one that counts integers, from `from` on. */
export interface Assumption {
  readonly node: Acorn.ForStatement;
  readonly from: Expression;
}

/** What the statements of a function are parsed with. */
export interface Parsing {
  readonly names: Names;
  /** Loops that do not count integers, as a parse before found. */
  readonly uncounted: ReadonlySet<Acorn.ForStatement>;
  /** Takes what the parse assumes. */
  readonly assumptions: Assumption[];
}

const TRUE: Expression = { op: "boolean", value: true };

/** What other statements do. */
const OTHER_NODES: Readonly<Record<string, string>> = {
  ClassDeclaration: "declares a class",
  DebuggerStatement: "uses `debugger`",
  ForInStatement: "uses `for … in`",
  ForOfStatement: "uses `for … of`",
  FunctionDeclaration: "declares a function",
  LabeledStatement: "uses a label",
  SwitchStatement: "uses `switch`",
  ThrowStatement: "uses `throw`",
  TryStatement: "uses `try`",
  WithStatement: "uses `with`",
};

/** Parses the statements of the function's body, in the scope of its parameters. */
export function parseFunctionBody(
  body: Acorn.BlockStatement | Acorn.Expression,
  parsing: Parsing,
): Statement[] {
  const { names } = parsing;
  if (body.type === "BlockStatement") return parseList(body.body, parsing, true);
  if (body.type === "AssignmentExpression") return parseAssignment(body, names, true);
  const set = body.type === "CallExpression" ? parseSet(body, names, true) : undefined;
  if (set !== undefined) return set;
  return [{ op: "return", value: parseResult(body, names) }];
}

/** Parses a statement or a block, in a scope of its own. */
function parseBlock(node: Acorn.Statement, parsing: Parsing): Statement[] {
  const nodes = node.type === "BlockStatement" ? node.body : [node];
  return parsing.names.inScope(() => parseList(nodes, parsing, false));
}

function parseList(
  nodes: readonly Acorn.Statement[],
  parsing: Parsing,
  isFunctionBody: boolean,
): Statement[] {
  for (const node of nodes) {
    if (node.type !== "VariableDeclaration") continue;
    if (node.kind === "var" && !isFunctionBody) {
      refuse(node, "declares by `var` in a block: write `let`");
    }
    for (const { id } of node.declarations) parsing.names.announce(id);
  }
  const statements = nodes.flatMap((node) => parseStatement(node, parsing));
  // What is after a jump never runs.
  const jump = statements.findIndex(({ op }) => ["break", "continue", "return"].includes(op));
  return jump < 0 ? statements : statements.slice(0, jump + 1);
}

function parseStatement(node: Acorn.Statement, parsing: Parsing): Statement[] {
  const { names } = parsing;
  switch (node.type) {
    case "EmptyStatement":
      return [];
    case "BlockStatement":
      return parseBlock(node, parsing);
    case "VariableDeclaration":
      return parseDeclaration(node, names);
    case "ExpressionStatement":
      return node.directive === undefined ? parseEffect(node.expression, names) : [];
    case "IfStatement": {
      const test = parseCondition(node.test, names);
      const then = parseBlock(node.consequent, parsing);
      const otherwise = node.alternate ? parseBlock(node.alternate, parsing) : [];
      return [{ op: "if", test, then, otherwise }];
    }
    case "ForStatement":
      return names.inScope(() => parseFor(node, parsing));
    case "WhileStatement": {
      const test = parseCondition(node.test, names);
      return [{ op: "while", test, body: parseBlock(node.body, parsing), update: [], ...at(node) }];
    }
    case "DoWhileStatement":
      return [parseDoWhile(node, parsing)];
    case "BreakStatement":
      return node.label ? refuse(node, "uses a label") : [{ op: "break" }];
    case "ContinueStatement":
      return node.label ? refuse(node, "uses a label") : [{ op: "continue" }];
    case "ReturnStatement": {
      const value = node.argument ? parseResult(node.argument, names) : undefined;
      return [{ op: "return", value }];
    }
    default:
      return refuse(node, OTHER_NODES[node.type] ?? `uses syntax that kernels lack: ${node.type}`);
  }
}

function at(node: Acorn.Node): { line: number } {
  return { line: node.loc!.start.line };
}

/** Parses an expression that is a statement: one assignment, or several with commas between. */
function parseEffect(node: Acorn.Expression, names: Names): Statement[] {
  switch (node.type) {
    case "AssignmentExpression":
    case "UpdateExpression":
      return parseAssignment(node, names, false);
    case "SequenceExpression":
      return node.expressions.flatMap((expression) => parseEffect(expression, names));
    default: {
      const set = node.type === "CallExpression" ? parseSet(node, names, false) : undefined;
      if (set !== undefined) return set;
      // For what keeps it from being an expression, such as a call.
      parseValue(node, names);
      return refuse(node, "has an expression that does nothing");
    }
  }
}

function parseFor(node: Acorn.ForStatement, parsing: Parsing): Statement[] {
  const { names, assumptions, uncounted } = parsing;
  const { init } = node;
  const isDeclaration = init?.type === "VariableDeclaration";
  if (isDeclaration) {
    if (init.kind === "var") refuse(init, "declares by `var` in a block: write `let`");
    for (const { id } of init.declarations) names.announce(id);
  }
  const start = !init
    ? []
    : isDeclaration
    ? parseDeclaration(init, names)
    : parseEffect(init, names);
  const test = node.test ? parseCondition(node.test, names) : TRUE;
  const update = node.update ? parseEffect(node.update, names) : [];
  const body = parseBlock(node.body, parsing);
  const declarations = isDeclaration ? start : [];
  const counted = uncounted.has(node)
    ? undefined
    : countedLoop({ declarations, test, update, body, ...at(node) });
  if (counted === undefined) return [...start, { op: "while", test, body, update, ...at(node) }];
  if (counted.assumesInteger !== undefined) {
    assumptions.push({ node, from: counted.assumesInteger });
  }
  return [...counted.statements];
}

function parseDoWhile(node: Acorn.DoWhileStatement, parsing: Parsing): Statement {
  const body = parseBlock(node.body, parsing);
  if (hasJump(body, "continue")) refuse(node, "uses `continue` in a `do … while` loop");
  const test = unary("not", parseCondition(node.test, parsing.names));
  const leave: Statement = { op: "if", test, then: [{ op: "break" }], otherwise: [] };
  return { op: "while", test: TRUE, body: [...body, leave], update: [], ...at(node) };
}
