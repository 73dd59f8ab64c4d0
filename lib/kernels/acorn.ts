/**
 * The text of a function to its syntax tree, by the parser acorn.
 *
 * In a project with a package.json, acorn may not be installed. Then {@linkcode parseFunction} finds an
 * obstacle in each function, and nothing else fails.
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import type * as Acorn from "npm:acorn@^8";
import { ObstacleError, refuse } from "./obstacle.ts";

export type { Acorn };

/** The function nodes of acorn. */
export type FunctionNode = Acorn.FunctionExpression | Acorn.ArrowFunctionExpression;

// deno-lint-ignore no-import-prefix
const acorn = await import("npm:acorn@^8").catch(() => undefined);

const START = { line: 1, column: 1 };
/** Makes an object of a method, so that it can be parsed. */
const METHOD_PREFIX = "({";

/**
 * Parses the text of a function: an arrow, a function expression or a method.
 *
 * @param use what to do with its node; the obstacles that it finds get their places in `source`
 * @throws {ObstacleError} if the text cannot be parsed, acorn is not installed, or `use` finds an obstacle
 */
export function parseFunction<R>(source: string, use: (node: FunctionNode) => R): R {
  if (acorn === undefined) {
    throw new ObstacleError("acorn is not installed: npm install acorn", START);
  }
  const expression = parseExpression(source);
  if (isFunction(expression) && source.slice(expression.end).trim() === "") return use(expression);
  const object = parseExpression(`${METHOD_PREFIX}${source}})`);
  const method = object?.type === "ObjectExpression" ? object.properties[0] : undefined;
  if (method?.type !== "Property" || !isFunction(method.value)) {
    const isNative = source.includes("[native code]");
    const why = isNative ? "is native or bound, so it has no text" : "cannot be parsed";
    throw new ObstacleError(why, START);
  }
  try {
    if (method.kind !== "init") refuse(method, "is a getter or a setter");
    return use(method.value);
  } catch (error) {
    if (!(error instanceof ObstacleError) || error.line > 1) throw error;
    const column = Math.max(1, error.column - METHOD_PREFIX.length);
    throw new ObstacleError(error.message, { line: 1, column });
  }
}

function parseExpression(source: string): Acorn.Expression | undefined {
  try {
    return acorn!.parseExpressionAt(source, 0, { ecmaVersion: "latest", locations: true });
  } catch {
    return undefined;
  }
}

function isFunction(node: Acorn.Expression | undefined): node is FunctionNode {
  return node?.type === "FunctionExpression" || node?.type === "ArrowFunctionExpression";
}
