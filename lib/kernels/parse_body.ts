/**
 * The text of a loop's body, or of a function of numbers, to a program.
 *
 * What is not in the subset that programs can express is an obstacle. Then the body runs as it is.
 *
 * @module
 */

import { type Acorn, type FunctionNode, parseFunction } from "./acorn.ts";
import { integerVariables, isInteger } from "./counted_loops.ts";
import { type ContextKinds, type MemberKind, Names } from "./names.ts";
import { type Obstacle, orObstacle, refuse } from "./obstacle.ts";
import { declareMembers } from "./parse_declaration.ts";
import { type Assumption, parseFunctionBody } from "./parse_statements.ts";
import type { Program, Statement, Variable } from "./program.ts";

export type { MemberKind, Obstacle };

/** A function of numbers. */
export interface ElementFunction {
  /** Its parameters. No statement assigns to them. */
  readonly parameters: readonly Variable[];
  /** Each path through them ends by a `return` of a number. */
  readonly statements: readonly Statement[];
}

/**
 * Parses the body of a loop.
 *
 * @param source the text of the body: an arrow, a function expression or a method
 * @param context what the members of its second argument are
 */
export function parseBody(
  source: string,
  context: ContextKinds,
): { program: Program } | { obstacle: Obstacle } {
  return orObstacle(() => ({
    program: parseFunction(source, (node) => {
      const index = { name: nameOf(node.params[0], "index") };
      const { names, statements } = parse(node, [index], context);
      return { index, arrays: names.arrays, numbers: names.numbers, statements };
    }),
  }));
}

/**
 * Parses a function of numbers, which returns a number.
 *
 * @param source the text of the function
 * @param parameters the number of its arguments
 */
export function parseElementFunction(
  source: string,
  parameters: number,
): ElementFunction | { obstacle: Obstacle } {
  return orObstacle(() =>
    parseFunction(source, (node) => {
      const variables = Array.from(
        { length: parameters },
        (_, at) => ({ name: nameOf(node.params[at], `argument ${at + 1}`) }),
      );
      const { statements } = parse(node, variables, undefined);
      if (!returns(statements)) refuse(node, "does not return a number on each path");
      return { parameters: variables, statements };
    })
  );
}

function nameOf(parameter: Acorn.Pattern | undefined, otherwise: string): string {
  return parameter?.type === "Identifier" ? parameter.name : otherwise;
}

/**
 * Parses a function of some numbers and, after them, the context if there is one.
 *
 * A loop with `<=` is taken for one that counts integers. Whether it does depends on all assignments, so
 * it is known afterwards; if it does not, the function is parsed anew.
 */
function parse(
  node: FunctionNode,
  variables: readonly Variable[],
  context: ContextKinds | undefined,
): { names: Names; statements: Statement[] } {
  if (node.async) refuse(node, "is async");
  if (node.generator) refuse(node, "is a generator");
  const uncounted = new Set<Acorn.ForStatement>();
  while (true) {
    const names = new Names(context ?? {});
    declareParameters(node.params, variables, context !== undefined, names);
    const assumptions: Assumption[] = [];
    const statements = parseFunctionBody(node.body, { names, uncounted, assumptions });
    const integers = integerVariables(context === undefined ? [] : variables, statements);
    const wrong = assumptions.filter(({ from }) => !isInteger(from, integers));
    if (wrong.length === 0) return { names, statements };
    for (const { node } of wrong) uncounted.add(node);
  }
}

function declareParameters(
  patterns: readonly Acorn.Pattern[],
  variables: readonly Variable[],
  hasContext: boolean,
  names: Names,
): void {
  const fixed = hasContext ? "the index of the loop" : "a parameter";
  for (const [at, pattern] of patterns.entries()) {
    if (pattern.type === "AssignmentPattern") refuse(pattern, "has a default value");
    if (pattern.type === "RestElement") refuse(pattern, "uses `...`");
    const variable = variables[at];
    if (variable !== undefined) {
      if (pattern.type !== "Identifier") return refuse(pattern, "takes a number apart");
      names.declare(pattern, { kind: "variable", variable, fixed });
    } else if (!hasContext || at > variables.length) {
      refuse(pattern, `has a parameter more than the ${at} that kernels pass`);
    } else if (pattern.type === "Identifier") {
      names.declare(pattern, { kind: "context" });
    } else if (pattern.type === "ObjectPattern") {
      declareMembers(pattern, names);
    } else {
      refuse(pattern, "takes the context apart as an array");
    }
  }
}

/** Returns whether each path through statements ends by a `return` of a number. */
function returns(statements: readonly Statement[]): boolean {
  const last = statements.at(-1);
  if (last?.op === "if") return returns(last.then) && returns(last.otherwise);
  return last?.op === "return";
}
