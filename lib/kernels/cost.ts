/**
 * Estimates how long a kernel takes: a loop that is over before a worker wakes runs in the caller alone.
 *
 * @module
 */

import type { Expression, Program, Statement } from "./program.ts";
import type { Ranges } from "./ranges.ts";
import { eachExpression, expressionsOf, isSameExpression, listsOf } from "./visit.ts";

/** Nanoseconds of an operation in lanes, of an access to memory, and of a call of a function of `Math`. */
const OPERATION_NS = 0.06;
const ACCESS_NS = 0.2;
const CALL_NS = 8;
/** Nanoseconds of a remainder. */
const REMAINDER_NS = 2;
/** Turns of a loop of which it is not known how many it takes: it may be long, so workers take part. */
const UNKNOWN_TURNS = 10_000_000;

/** Returns about how many nanoseconds the turns of a loop take on one core. */
export function estimateTime({ statements }: Program, ranges: Ranges, turns: number): number {
  return turns * timeOf(statements, ranges);
}

function timeOf(statements: readonly Statement[], ranges: Ranges): number {
  let time = 0;
  const loads: Expression[] = [];
  for (const statement of statements) {
    if (statement.op === "store") time += ACCESS_NS;
    for (const expression of expressionsOf(statement)) {
      eachExpression(expression, (inner) => {
        const { op } = inner;
        if (op === "load") {
          if (loads.some((known) => isSameExpression(known, inner))) return;
          loads.push(inner);
          time += ACCESS_NS;
        } else if (op === "math") time += CALL_NS;
        else if (op === "rem") time += REMAINDER_NS;
        else if (op !== "number" && op !== "variable" && op !== "context") time += OPERATION_NS;
      });
    }
    const inner = listsOf(statement).reduce((sum, list) => sum + timeOf(list, ranges), 0);
    time += inner * turnsOf(statement, ranges);
  }
  return time;
}

function turnsOf(statement: Statement, ranges: Ranges): number {
  if (statement.op === "while") return UNKNOWN_TURNS;
  if (statement.op !== "for") return 1;
  return ranges.isCounted(statement) ? Math.max(ranges.maxTurns(statement), 0) : UNKNOWN_TURNS;
}
