/**
 * Expressions of JavaScript to those of programs. Conditions and numbers are kept apart: a condition that
 * is used as a number becomes 1 or 0, and a number that is used as a condition is compared with 0.
 *
 * @module
 */

import type { Acorn } from "./acorn.ts";
import { constantOf, functionOf } from "./globals.ts";
import type { Meaning, Names } from "./names.ts";
import { elementCall, ndarrayPart, parseAxis } from "./parse_ndarray.ts";
import { refuse } from "./obstacle.ts";
import { binary, number, power, select, unary } from "./operations.ts";
import type { ArrayName, BinaryOperation, Expression } from "./program.ts";

type Node = Acorn.Expression | Acorn.PrivateIdentifier | Acorn.SpreadElement | Acorn.Super;

const ARITHMETIC: Readonly<Record<string, BinaryOperation>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "rem",
  "&": "bitand",
  "|": "bitor",
  "^": "bitxor",
  "<<": "shl",
  ">>": "shr",
  ">>>": "ushr",
};

const COMPARISONS: Readonly<Record<string, BinaryOperation>> = {
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "==": "eq",
  "===": "eq",
  "!=": "ne",
  "!==": "ne",
};

/** Operations whose result is never NaN. */
const BIT_OPERATIONS = ["bitand", "bitor", "bitxor", "bitnot", "shl", "shr", "ushr"];

/** What the nodes of other expressions do. */
const OTHER_NODES: Readonly<Record<string, string>> = {
  ArrayExpression: "makes an array",
  ArrowFunctionExpression: "makes a function",
  AssignmentExpression: "assigns inside of an expression: make it a statement of its own",
  AwaitExpression: "uses `await`",
  ChainExpression: "uses `?.`",
  ClassExpression: "makes a class",
  FunctionExpression: "makes a function",
  ImportExpression: "uses `import`",
  NewExpression: "makes an object with `new`",
  ObjectExpression: "makes an object",
  SequenceExpression: "uses a comma in an expression",
  SpreadElement: "uses `...`",
  TaggedTemplateExpression: "uses a string",
  TemplateLiteral: "uses a string",
  ThisExpression: "uses `this`",
  UpdateExpression: "uses `++` or `--` inside of an expression: make it a statement of its own",
};

/** Parses an expression whose value is used as a number. */
export function parseNumber(node: Node, names: Names): Expression {
  return toNumber(parseValue(node, names), names);
}

/** Parses a value that the function returns. */
export function parseResult(node: Node, names: Names): Expression {
  const value = parseValue(node, names);
  return names.isCondition(value) ? refuse(node, "returns a condition, not a number") : value;
}

/** Parses an expression of which it only matters whether it is true. */
export function parseCondition(node: Node, names: Names): Expression {
  if (node.type === "LogicalExpression" && node.operator !== "??") {
    const operands = [parseCondition(node.left, names), parseCondition(node.right, names)] as const;
    return binary(node.operator === "&&" ? "and" : "or", ...operands);
  }
  return toCondition(parseValue(node, names), names);
}

/** Parses an expression, to a number or a condition. */
export function parseValue(node: Node, names: Names): Expression {
  switch (node.type) {
    case "Literal":
      return parseLiteral(node);
    case "Identifier":
      return valueOf(node, names);
    case "MemberExpression":
      return node.computed ? parseElement(node, names) : valueOf(node, names);
    case "UnaryExpression":
      return parseUnary(node, names);
    case "BinaryExpression":
      return applyOperator(node, parseValue(node.left, names), names);
    case "LogicalExpression":
      return applyOperator(node, parseValue(node.left, names), names);
    case "ConditionalExpression": {
      const test = parseCondition(node.test, names);
      const then = parseValue(node.consequent, names);
      const otherwise = parseValue(node.alternate, names);
      return selectOfOneKind(test, then, otherwise, node, names);
    }
    case "CallExpression":
      return parseCall(node, names);
    default:
      return refuse(node, OTHER_NODES[node.type] ?? `uses syntax that kernels lack: ${node.type}`);
  }
}

/** Parses the index of an element. */
export function parseIndex(node: Node, names: Names): Expression {
  const index = parseValue(node, names);
  if (names.isCondition(index)) refuse(node, "uses a condition as an index");
  return index;
}

/**
 * Returns what a name, or a member that is written with a dot, means.
 *
 * @throws {ObstacleError} if kernels cannot use it
 */
export function meaningOf(node: Acorn.Identifier | Acorn.MemberExpression, names: Names): Meaning {
  const constant = constantOf(globalName(node, names) ?? "");
  if (constant !== undefined) return { kind: "number", expression: number(constant) };
  if (node.type === "Identifier") return names.lookUp(node) ?? refuse(node, outside(node.name));
  const { object, property } = node;
  if (!node.computed && property.type === "Identifier" && isNameOrMember(object)) {
    const holder = meaningOf(object, names);
    if (holder.kind === "context") return names.member(property.name, shownName(node), node);
    if (holder.kind === "array" && property.name === "length") {
      return { kind: "number", expression: { op: "length", array: holder.array } };
    }
    const part = holder.kind === "ndarray"
      ? ndarrayPart(holder.name, property.name, names)
      : undefined;
    if (part !== undefined) return part;
  }
  return refuse(
    node,
    `uses \`${shownName(node)}\`, which is not a number or a typed array of the context`,
  );
}

/** Returns whether a node is a name, or a member of an object. */
function isNameOrMember(node: Node): node is Acorn.Identifier | Acorn.MemberExpression {
  return node.type === "Identifier" || node.type === "MemberExpression";
}

/** Returns how a global or a member of one is written, unless the function declares that name. */
function globalName(node: Node, names: Names): string | undefined {
  if (!isNameOrMember(node)) return undefined;
  const root = node.type === "MemberExpression" ? node.object : node;
  return root.type === "Identifier" && !names.has(root.name) ? shownName(node) : undefined;
}

function outside(name: string): string {
  return ["undefined", "arguments"].includes(name)
    ? `uses \`${name}\``
    : `uses \`${name}\`, which is outside of the body`;
}

/** Returns how a name or a member is written. */
export function shownName(node: Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "ThisExpression") return "this";
  if (node.type !== "MemberExpression") return "(…)";
  const object = shownName(node.object);
  return node.computed ? `${object}[…]` : `${object}.${shownName(node.property)}`;
}

function valueOf(node: Acorn.Identifier | Acorn.MemberExpression, names: Names): Expression {
  const meaning = meaningOf(node, names);
  switch (meaning.kind) {
    case "variable":
      return { op: "variable", variable: meaning.variable };
    case "number":
      return meaning.expression;
    case "array":
    case "ndarray":
      return refuse(node, `uses the array \`${shownName(node)}\` as a value`);
    default:
      return refuse(node, `uses the context \`${shownName(node)}\` as a value`);
  }
}

function parseElement(node: Acorn.MemberExpression, names: Names): Expression {
  const axis = parseAxis(node, names);
  if (axis !== undefined) return axis;
  const array = arrayOf(node, names);
  return { op: "load", array, index: parseIndex(node.property, names) };
}

/** Returns the array of `array[index]`. */
export function arrayOf({ object }: Acorn.MemberExpression, names: Names): ArrayName {
  if (!isNameOrMember(object)) {
    refuse(object, "uses an element of an expression: give the array a name by `const`");
  }
  const meaning = meaningOf(object, names);
  if (meaning.kind === "array") return meaning.array;
  const advice = meaning.kind === "context"
    ? ": write the member's name with a dot"
    : meaning.kind === "ndarray"
    ? ": use its get() and set(), or its data"
    : "";
  return refuse(
    object,
    `uses an element of \`${shownName(object)}\`, which is not an array${advice}`,
  );
}

function parseCall(node: Acorn.CallExpression, names: Names): Expression {
  const { callee, arguments: args } = node;
  const element = elementCall(node, "get", names);
  if (element !== undefined) return { op: "load", array: element.array, index: element.index };
  const name = globalName(callee, names);
  const called = name === undefined ? undefined : functionOf(name);
  if (called === undefined) {
    const advice = isSubarray(callee)
      ? " inside of an expression: give the view a name by `const`"
      : "";
    refuse(callee, `calls \`${shownName(callee)}\`${advice}`);
  }
  const { count, apply } = called;
  if (count === undefined ? args.length === 0 : args.length !== count) {
    refuse(callee, `calls \`${name}\` with ${args.length} arguments`);
  }
  const values = args.map((arg) => parseValue(arg, names));
  // They tell conditions from numbers: Number.isFinite(true) is false.
  if (name!.startsWith("Number.") && values.some((value) => names.isCondition(value))) {
    refuse(callee, `calls \`${name}\` with a condition`);
  }
  return apply(...values.map((value) => toNumber(value, names)));
}

/** Returns whether a callee is the method that makes a view of an array. */
export function isSubarray(callee: Node): callee is Acorn.MemberExpression {
  return callee.type === "MemberExpression" && !callee.computed &&
    callee.property.type === "Identifier" && callee.property.name === "subarray";
}

function parseLiteral(node: Acorn.Literal): Expression {
  const { value, bigint, regex } = node;
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return { op: "boolean", value };
  if (bigint != null) refuse(node, "uses a bigint");
  if (regex != null) refuse(node, "uses a regular expression");
  return refuse(node, value === null ? "uses `null`" : "uses a string");
}

function parseUnary(node: Acorn.UnaryExpression, names: Names): Expression {
  switch (node.operator) {
    case "!":
      return unary("not", parseCondition(node.argument, names));
    case "+":
      return parseNumber(node.argument, names);
    case "~":
      return unary("bitnot", parseNumber(node.argument, names));
    case "-": {
      const operand = parseNumber(node.argument, names);
      return operand.op === "number" ? number(-operand.value) : unary("neg", operand);
    }
    default:
      return refuse(node, `uses \`${node.operator}\``);
  }
}

/**
 * Parses the right operand of a binary operation, and applies the operator.
 *
 * @param node the operation, or an assignment such as `x += y`
 * @param left the value of the left operand
 */
export function applyOperator(
  node: Acorn.BinaryExpression | Acorn.LogicalExpression | Acorn.AssignmentExpression,
  left: Expression,
  names: Names,
): Expression {
  const operator = node.type === "AssignmentExpression"
    ? node.operator.slice(0, -1)
    : node.operator;
  if (operator === "&&" || operator === "||") return applyLogical(operator, node, left, names);
  if (operator === "**") return power(toNumber(left, names), parseNumber(node.right, names));
  const comparison = COMPARISONS[operator];
  const operation = comparison ?? ARITHMETIC[operator];
  if (operation === undefined) refuse(node, `uses \`${operator}\``);
  const right = parseValue(node.right, names);
  if (operator.length === 3 && comparison !== undefined) {
    if (names.isCondition(left) !== names.isCondition(right)) {
      refuse(node, `compares a condition with a number by \`${operator}\``);
    }
  }
  return binary(operation, toNumber(left, names), toNumber(right, names));
}

function applyLogical(
  operator: "&&" | "||",
  node: Acorn.BinaryExpression | Acorn.LogicalExpression | Acorn.AssignmentExpression,
  left: Expression,
  names: Names,
): Expression {
  const right = parseValue(node.right, names);
  if (names.isCondition(left) && names.isCondition(right)) {
    return binary(operator === "&&" ? "and" : "or", left, right);
  }
  const test = toCondition(left, names);
  return operator === "&&"
    ? selectOfOneKind(test, right, left, node, names)
    : selectOfOneKind(test, left, right, node, names);
}

function selectOfOneKind(
  test: Expression,
  then: Expression,
  otherwise: Expression,
  node: Node,
  names: Names,
): Expression {
  if (names.isCondition(then) !== names.isCondition(otherwise)) {
    refuse(node, "is a number or a condition, depending on another condition");
  }
  return select(test, then, otherwise);
}

function toNumber(value: Expression, names: Names): Expression {
  return names.isCondition(value) ? select(value, number(1), number(0)) : value;
}

function toCondition(value: Expression, names: Names): Expression {
  if (names.isCondition(value)) return value;
  // NaN is not above 0 either.
  return BIT_OPERATIONS.includes(value.op)
    ? binary("ne", value, number(0))
    : binary("gt", unary("abs", value), number(0));
}
