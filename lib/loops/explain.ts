/**
 * Says in words how a loop runs: what vectors compute, and what stood in the way.
 *
 * @module
 */

import { LaneObstacle, type LanePlan } from "../kernels/lanes.ts";
import type { Obstacle } from "../kernels/parse_body.ts";
import type { PlannedKernel } from "../kernels/plan_kernel.ts";
import { eachExpressionIn } from "../kernels/visit.ts";

/**
 * How a loop runs. {@linkcode explainLoop} and `ArrayExpression.explain` return it; `console.log` and
 * `String()` show its text.
 */
export interface LoopExplanation {
  /** Whether the loop runs as WebAssembly with vectors. */
  readonly isVectorized: boolean;
  /** Sentences that say how the loop runs, or what stood in the way. Their wording may change. */
  readonly sentences: readonly string[];
  /** Returns the sentences, one in each line. */
  toString(): string;
}

class Explanation implements LoopExplanation {
  readonly isVectorized: boolean;
  readonly sentences: readonly string[];

  constructor(isVectorized: boolean, sentences: readonly string[]) {
    this.isVectorized = isVectorized;
    this.sentences = sentences;
  }

  toString(): string {
    return this.sentences.join("\n");
  }

  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** What is explained. */
export interface Explained {
  readonly found: PlannedKernel | LaneObstacle | Obstacle;
  /** Whether the values of all indices are combined. */
  readonly isReduction: boolean;
  /** How many isolates the caller wants; `undefined`: it leaves that to the loop. */
  readonly numThreads: number | undefined;
  /** How many isolates run the loop, and the number of indices in a chunk: 0 if chunks differ. */
  readonly threads: number;
  readonly chunkSize: number;
}

/** Explains how a loop runs. */
export function explain(explained: Explained): LoopExplanation {
  const { found, isReduction, numThreads, threads, chunkSize } = explained;
  const shares = threads === 1
    ? "The caller runs it alone."
    : `${threads} isolates run it, in chunks ${
      chunkSize === 0 ? "that become smaller" : `of ${chunkSize} indices`
    }.`;
  if (!("kernel" in found)) {
    return new Explanation(false, [`It runs as JavaScript: ${reasonOf(found)}.`, shares]);
  }
  const { lanes, isShort } = found;
  const sentences = [
    `It runs as WebAssembly: vectors compute ${whatOf(lanes)} at once.`,
    ...foldsOf(lanes, isReduction),
    ...costsOf(lanes),
    isShort && numThreads === undefined && threads === 1
      ? "It is over before a worker would wake, so the caller runs it alone."
      : shares,
  ];
  return new Explanation(true, sentences);
}

function reasonOf(obstacle: LaneObstacle | Obstacle): string {
  if (obstacle instanceof LaneObstacle) return obstacle.reason;
  const { reason, line, column } = obstacle;
  if (reason.startsWith("acorn")) return reason;
  return `the body ${reason}, in its line ${line}, column ${column}`;
}

function whatOf({ loop, variable }: LanePlan): string {
  if (loop === undefined) return "the body for several indices";
  return `several turns of the loop over \`${variable.name}\` in line ${loop.line} of the body`;
}

/** Explains which sums have another order. */
function foldsOf({ loop, folds }: LanePlan, isReduction: boolean): string[] {
  const names = [...folds.keys()].map(({ name }) => `\`${name}\``);
  if (loop === undefined && isReduction) names.push("the result");
  if (names.length === 0) return [];
  return [
    `Each lane of the vectors has a part of ${
      names.join(", ")
    }, so the last digits may differ from ` +
    "those of a plain loop.",
  ];
}

/** Explains what takes more time than it would if the body were written in another way. */
function costsOf({ statements, scattered, masked }: LanePlan): string[] {
  const costs: string[] = [];
  if (scattered > 0) {
    costs.push(
      `Elements that are not next to each other in memory are read or written one by one: ${scattered} ` +
        `${scattered === 1 ? "access" : "accesses"} in the body.`,
    );
  }
  if (masked.size > 0) {
    costs.push("A loop within goes on until all lanes have left it.");
  }
  const functions = new Set<string>();
  eachExpressionIn(statements, (expression) => {
    if (expression.op === "math") functions.add(`Math.${expression.fn}`);
  });
  if (functions.size > 0) {
    costs.push(`${[...functions].join(", ")}: computed one by one, as in JavaScript.`);
  }
  return costs;
}
