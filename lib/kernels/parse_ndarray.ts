/**
 * The parts and methods of ndarrays (npm:ndarray) that kernels know: `get`, `set`, `data`, `shape` and so on.
 *
 * @module
 */

import type { Acorn } from "./acorn.ts";
import type { Meaning, Names } from "./names.ts";
import { refuse } from "./obstacle.ts";
import { binary } from "./operations.ts";
import { meaningOf, parseIndex, shownName } from "./parse_expression.ts";
import type { ArrayName, Expression } from "./program.ts";

/** A call of `get` or `set`. */
export interface ElementCall {
  readonly array: ArrayName;
  readonly index: Expression;
  /** The arguments after the indices: the new element of `set`. */
  readonly rest: readonly (Acorn.Expression | Acorn.SpreadElement)[];
}

/** Returns what a property of an ndarray means, if kernels know it. */
export function ndarrayPart(name: string, property: string, names: Names): Meaning | undefined {
  if (property === "data") return { kind: "array", array: names.array(`${name}.data`) };
  if (property !== "offset" && property !== "size") return undefined;
  return { kind: "number", expression: names.number(`${name}.${property}`) };
}

/** Parses `array.shape[axis]` or `array.stride[axis]`; returns `undefined` for anything else. */
export function parseAxis(node: Acorn.MemberExpression, names: Names): Expression | undefined {
  const { object, property } = node;
  if (object.type !== "MemberExpression" || object.computed) return undefined;
  const part = shownName(object.property);
  if (part !== "shape" && part !== "stride") return undefined;
  const holder = ndarrayOf(object.object, names);
  if (holder === undefined) return undefined;
  const axis = property.type === "Literal" ? property.value : undefined;
  if (typeof axis !== "number" || !Number.isInteger(axis) || axis < 0 || axis >= holder.axes) {
    return refuse(node, `uses \`${part}\` with an index that is not the number of an axis`);
  }
  return names.number(`${holder.name}.${part}.${axis}`);
}

/** Parses a call of a method `array.get(i, …)` or `array.set(i, …, value)`, if it is one of an ndarray. */
export function elementCall(
  { callee, arguments: args }: Acorn.CallExpression,
  method: "get" | "set",
  names: Names,
): ElementCall | undefined {
  if (callee.type !== "MemberExpression" || callee.computed) return undefined;
  if (shownName(callee.property) !== method) return undefined;
  const holder = ndarrayOf(callee.object, names);
  if (holder === undefined) return undefined;
  const { name, axes } = holder;
  const count = axes + (method === "set" ? 1 : 0);
  if (args.length !== count) {
    refuse(callee, `calls \`${shownName(callee)}\` with ${args.length} arguments, not ${count}`);
  }
  const index = args.slice(0, axes).reduce<Expression>(
    (sum, arg, axis) => {
      const stride = names.number(`${name}.stride.${axis}`);
      return binary("add", sum, binary("mul", stride, parseIndex(arg, names)));
    },
    names.number(`${name}.offset`),
  );
  return { array: names.array(`${name}.data`), index, rest: args.slice(axes) };
}

function ndarrayOf(
  node: Acorn.Expression | Acorn.Super,
  names: Names,
): Meaning & { kind: "ndarray" } | undefined {
  if (node.type !== "Identifier" && node.type !== "MemberExpression") return undefined;
  if (node.type === "Identifier" && !names.has(node.name)) return undefined;
  if (node.type === "MemberExpression" && node.computed) return undefined;
  const meaning = meaningOf(node, names);
  return meaning.kind === "ndarray" ? meaning : undefined;
}
