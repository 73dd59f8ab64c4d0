/**
 * What keeps a function from becoming a kernel, and where it is.
 *
 * @module
 */

// deno-lint-ignore no-import-prefix
import type { Node } from "npm:acorn@^8";

/** What keeps a function from becoming a kernel. */
export interface Obstacle {
  /** What the function does, such as "calls `console.log`". */
  readonly reason: string;
  /** Line in the text of the function, from 1 on. */
  readonly line: number;
  /** Column in that line, from 1 on. */
  readonly column: number;
}

/** Thrown at the first obstacle. */
export class ObstacleError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(reason: string, { line, column }: { line: number; column: number }) {
    super(reason);
    this.line = line;
    this.column = column;
  }
}

/** Throws the obstacle that a node of the syntax tree is. */
export function refuse(node: Node, reason: string): never {
  const { line, column } = node.loc!.start;
  throw new ObstacleError(reason, { line, column: column + 1 });
}

/**
 * Runs `parse`; an obstacle that it throws is returned. So is one if the stack is too small for expressions
 * within expressions.
 */
export function orObstacle<R extends object>(parse: () => R): R | { obstacle: Obstacle } {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) {
      return { obstacle: { reason: "is nested too deeply", line: 1, column: 1 } };
    }
    if (!(error instanceof ObstacleError)) throw error;
    return { obstacle: { reason: error.message, line: error.line, column: error.column } };
  }
}
