/**
 * Declarations of JavaScript: variables, and other names of the context and its arrays.
 *
 * @module
 */

import type { Acorn } from "./acorn.ts";
import type { Meaning, Names } from "./names.ts";
import { refuse } from "./obstacle.ts";
import { number } from "./operations.ts";
import { arrayOf, isSubarray, meaningOf, parseNumber, parseValue } from "./parse_expression.ts";
import type { ArrayName, Expression, Statement } from "./program.ts";

/** Parses a declaration of one or more names. */
export function parseDeclaration(node: Acorn.VariableDeclaration, names: Names): Statement[] {
  if (!["const", "let", "var"].includes(node.kind)) refuse(node, `uses \`${node.kind}\``);
  return node.declarations.flatMap((declarator) =>
    parseDeclarator(declarator, node.kind === "const", names)
  );
}

function parseDeclarator(
  { id, init }: Acorn.VariableDeclarator,
  isConst: boolean,
  names: Names,
): Statement[] {
  if (id.type === "ObjectPattern") {
    const isContext = init?.type === "Identifier" && meaningOf(init, names).kind === "context";
    if (!isContext) refuse(id, "takes an object apart that is not the context");
    if (!isConst) refuse(id, "takes the context apart by `let`: write `const`");
    declareMembers(id, names);
    return [];
  }
  if (id.type !== "Identifier") return refuse(id, "takes an array apart");
  if (init?.type === "CallExpression" && isSubarray(init.callee)) {
    if (!isConst) refuse(id, `declares the view \`${id.name}\` by \`let\`: write \`const\``);
    const view = { name: id.name };
    const statement = parseView(init, init.callee, view, names);
    names.declare(id, { kind: "array", array: view });
    return [statement];
  }
  const alias = init ? aliasOf(init, names) : undefined;
  if (alias !== undefined && (isConst || alias.kind !== "number")) {
    if (!isConst) {
      refuse(id, `declares \`${id.name}\`, which is not a number, by \`let\`: write \`const\``);
    }
    names.declare(id, alias);
    return [];
  }
  const variable = { name: id.name };
  // A number that is undefined is NaN.
  const value = init ? parseValue(init, names) : number(NaN);
  names.declare(id, { kind: "variable", variable, fixed: isConst ? "a constant" : undefined });
  names.noteValue(variable, value, id);
  return [{ op: "set", variable, value }];
}

/** Returns what `init` means if a name that is declared with it can stand for it. */
function aliasOf(init: Acorn.Expression, names: Names): Meaning | undefined {
  if (init.type === "Literal" && typeof init.value === "number") {
    return { kind: "number", expression: number(init.value) };
  }
  const isName = init.type === "Identifier" || init.type === "MemberExpression" && !init.computed;
  const meaning = isName ? meaningOf(init, names) : undefined;
  return meaning?.kind === "variable" ? undefined : meaning;
}

function parseView(
  call: Acorn.CallExpression,
  callee: Acorn.MemberExpression,
  view: ArrayName,
  names: Names,
): Statement {
  const array: ArrayName = arrayOf(callee, names);
  const { length } = call.arguments;
  if (length > 2) refuse(call, `calls \`subarray\` with ${length} arguments`);
  const [from, to] = call.arguments.map((arg): Expression => parseNumber(arg, names));
  return { op: "view", view, array, from: from ?? number(0), to };
}

/** Declares the names of a pattern such as `{ a, b: c }` of the context. */
export function declareMembers(pattern: Acorn.ObjectPattern, names: Names): void {
  for (const property of pattern.properties) {
    if (property.type === "RestElement") return refuse(property, "uses `...`");
    const { key, value } = property;
    if (value.type === "AssignmentPattern") refuse(value, "has a default value");
    if (value.type !== "Identifier") return refuse(value, "takes a member of the context apart");
    if (property.computed || key.type !== "Identifier") {
      return refuse(key, "names a member of the context by an expression");
    }
    names.declare(value, { kind: "member", name: key.name });
  }
}
