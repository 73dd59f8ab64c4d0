/**
 * The ranges of the numbers of a program: which are 32-bit integers, which indices are within their array.
 *
 * JavaScript has doubles only. Where all values of an expression are integers of 32 bits, and never -0,
 * integer instructions compute the same. The ranges follow from the values of the context, the lengths of
 * the arrays and the bounds of the loops, so they hold for one call.
 *
 * @module
 */

import {
  ALL_INTS,
  binaryRange,
  INT_MAX,
  integers,
  isIntRange,
  type NumberRange,
  rangeOfValue,
  sameRange,
  unaryRange,
  union,
} from "./number_range.ts";
import type { ArrayName, Expression, Program, Statement, Variable } from "./program.ts";
import { isCondition } from "./visit.ts";

/** The element types that kernels read and write. */
export type ElementType =
  | ("int8" | "uint8" | "uint8c" | "int16" | "uint16" | "int32" | "uint32")
  | ("float32" | "float64");

/** What is known of an array before a loop runs. */
export interface ArrayFacts {
  readonly type: ElementType;
  readonly length: number;
}

/** What is known of the values of a program before it runs. */
export interface Facts {
  /** The index of the loop. */
  readonly index: NumberRange;
  /** Numbers of the context: their value if it is an integer, else `undefined`. */
  readonly numbers: Readonly<Record<string, number | undefined>>;
  readonly arrays: Readonly<Record<string, ArrayFacts>>;
}

/** How an expression is represented. */
export type Kind = "int" | "double" | "condition";

/**
 * How often the ranges of the variables of a loop may grow. Then each that grows is taken for any integer of 32
 * bits, as `(x + k) | 0` is; and for any number, if it grows again.
 */
const MAX_PASSES = 4;

const elementRanges: Record<ElementType, NumberRange | undefined> = {
  int8: integers(-128, 127),
  uint8: integers(0, 255),
  uint8c: integers(0, 255),
  int16: integers(-32768, 32767),
  uint16: integers(0, 65535),
  int32: ALL_INTS,
  uint32: integers(0, 2 ** 32 - 1),
  float32: undefined,
  float64: undefined,
};

/** The ranges of the values of a program. */
export class Ranges {
  readonly #facts: Facts;
  /** Ranges of variables; `undefined`: any number. One that is missing has not been set. */
  readonly #variables = new Map<Variable, NumberRange | undefined>();
  readonly #conditions = new Set<Variable>();
  /** What is known of views. */
  readonly #views = new Map<ArrayName, ArrayFacts & { isExact: boolean }>();
  /** Loops over integers whose bounds are of 32 bits. */
  readonly #counted = new Set<Statement>();
  #hasChanged = false;
  #pass = 0;

  constructor({ index, statements }: Program, facts: Facts) {
    this.#facts = facts;
    this.#variables.set(index, facts.index);
    do {
      this.#hasChanged = false;
      this.#pass++;
      this.#visit(statements);
    } while (this.#hasChanged);
  }

  /** Returns the representation of an expression. */
  kindOf(expression: Expression): Kind {
    if (this.isCondition(expression)) return "condition";
    return isIntRange(this.rangeOf(expression)) ? "int" : "double";
  }

  /** Returns the representation of a variable. */
  kindOfVariable(variable: Variable): Kind {
    if (this.#conditions.has(variable)) return "condition";
    return isIntRange(this.#variables.get(variable)) ? "int" : "double";
  }

  /** Returns whether a `for` counts integers of 32 bits. */
  isCounted(statement: Statement): boolean {
    return this.#counted.has(statement);
  }

  /** Returns the most turns of a counted `for`. */
  maxTurns(statement: Statement & { op: "for" }): number {
    return this.rangeOf(statement.to)!.high - this.rangeOf(statement.from)!.low;
  }

  /** Returns what is known of an array or a view. */
  factsOf(array: ArrayName): ArrayFacts {
    return this.#views.get(array) ?? this.#facts.arrays[array.name];
  }

  /** Returns whether the index is an element of the array, in any case. */
  isWithin(array: ArrayName, index: Expression): boolean {
    const range = this.rangeOf(index);
    const view = this.#views.get(array);
    const length = view === undefined
      ? this.#facts.arrays[array.name].length
      : view.isExact
      ? view.length
      : 0;
    return isIntRange(range) && range!.low >= 0 && range!.high < length;
  }

  /** Returns whether an expression is a condition. */
  isCondition(expression: Expression): boolean {
    return isCondition(expression, (variable) => this.#conditions.has(variable));
  }

  /** Returns the range of a number; `undefined` if it may be any, or NaN. */
  rangeOf(expression: Expression): NumberRange | undefined {
    switch (expression.op) {
      case "number":
        return rangeOfValue(expression.value);
      case "context": {
        const value = this.#facts.numbers[expression.name];
        return value === undefined ? undefined : rangeOfValue(value);
      }
      case "variable":
        return this.#variables.get(expression.variable);
      case "length": {
        const { length } = this.factsOf(expression.array);
        return integers(this.#views.get(expression.array)?.isExact === false ? 0 : length, length);
      }
      case "load":
        return this.isWithin(expression.array, expression.index)
          ? elementRanges[this.factsOf(expression.array).type]
          : undefined;
      case "math":
      case "boolean":
        return undefined;
      case "select":
        return union(this.rangeOf(expression.args[1]), this.rangeOf(expression.args[2]));
      default: {
        const [left, right] = expression.args;
        const a = this.rangeOf(left);
        if (right === undefined) return unaryRange(expression.op, a);
        return binaryRange(expression.op, a, this.rangeOf(right));
      }
    }
  }

  #visit(statements: readonly Statement[]): void {
    for (const statement of statements) this.#visitStatement(statement);
  }

  #visitStatement(statement: Statement): void {
    switch (statement.op) {
      case "set":
        if (this.isCondition(statement.value)) {
          if (!this.#conditions.has(statement.variable)) this.#hasChanged = true;
          this.#conditions.add(statement.variable);
        } else this.#widen(statement.variable, this.rangeOf(statement.value));
        return;
      case "view":
        return this.#visitView(statement);
      case "if":
        this.#visit(statement.then);
        return this.#visit(statement.otherwise);
      case "for": {
        const from = this.rangeOf(statement.from);
        const to = this.rangeOf(statement.to);
        if (isIntRange(from) && isIntRange(to) && from!.low < INT_MAX) {
          this.#counted.add(statement);
          const last = Math.max(to!.high - 1, from!.low);
          this.#widen(statement.variable, integers(from!.low, last), true);
        } else {
          this.#counted.delete(statement);
          this.#widen(statement.variable, undefined);
        }
        return this.#visit(statement.body);
      }
      case "while":
        this.#visit(statement.body);
        return this.#visit(statement.update);
    }
  }

  #visitView({ view, array, from, to }: Statement & { op: "view" }): void {
    const { type, length } = this.factsOf(array);
    const start = this.rangeOf(from);
    const end = to === undefined ? integers(length, length) : this.rangeOf(to);
    // A view whose bounds are within the array in any case, and differ by a constant.
    const size = to === undefined ? undefined : distance(from, to, (at) => this.rangeOf(at));
    const isBase = this.#views.get(array) === undefined;
    const isExact = isBase && size !== undefined && isIntRange(start) && isIntRange(end) &&
      start!.low >= 0 && end!.high <= length;
    this.#views.set(view, { type, length: isExact ? size! : length, isExact });
  }

  /**
   * Adds a range to those that a variable may have.
   *
   * @param isBounded whether the range grows no further than those of other variables do
   */
  #widen(variable: Variable, range: NumberRange | undefined, isBounded = false): void {
    const isNew = !this.#variables.has(variable);
    const before = this.#variables.get(variable);
    let after = isNew ? range : union(before, range);
    if (!isNew && sameRange(before, after)) return;
    if (this.#pass > MAX_PASSES && !isBounded) {
      after = isIntRange(after) && !sameRange(before, ALL_INTS) ? ALL_INTS : undefined;
    }
    this.#variables.set(variable, after);
    this.#hasChanged = true;
  }
}

/** Returns `to - from` if it is the same in any case, as in `i * n` and `(i + 1) * n`. */
function distance(
  from: Expression,
  to: Expression,
  rangeOf: (expression: Expression) => NumberRange | undefined,
): number | undefined {
  const difference = new Map<string, number>();
  if (!addTerms(to, 1, difference, rangeOf) || !addTerms(from, -1, difference, rangeOf)) {
    return undefined;
  }
  const constant = difference.get("") ?? 0;
  difference.delete("");
  const isConstant = [...difference.values()].every((factor) => factor === 0);
  return isConstant && constant >= 0 ? constant : undefined;
}

/** Identities of variables, in the keys of terms. */
const ids = new WeakMap<Variable, number>();
let lastId = 0;

/** Adds the terms of a linear expression of integers, by what they multiply; false if it is not linear. */
function addTerms(
  expression: Expression,
  factor: number,
  terms: Map<string, number>,
  rangeOf: (expression: Expression) => NumberRange | undefined,
): boolean {
  const add = (key: string, amount: number) => terms.set(key, (terms.get(key) ?? 0) + amount);
  const range = rangeOf(expression);
  if (!isIntRange(range)) return false;
  if (range!.low === range!.high) {
    add("", factor * range!.low);
    return true;
  }
  switch (expression.op) {
    case "variable": {
      const id = ids.get(expression.variable) ?? ++lastId;
      ids.set(expression.variable, id);
      add(`${id}`, factor);
      return true;
    }
    case "add":
    case "sub": {
      const [left, right] = expression.args;
      const sign = expression.op === "add" ? 1 : -1;
      return addTerms(left, factor, terms, rangeOf) &&
        addTerms(right, sign * factor, terms, rangeOf);
    }
    case "mul": {
      const [left, right] = expression.args;
      for (const [constant, other] of [[left, right], [right, left]]) {
        const range = rangeOf(constant);
        if (range === undefined || range.low !== range.high) continue;
        return addTerms(other, factor * range.low, terms, rangeOf);
      }
      return false;
    }
    default:
      return false;
  }
}
