/**
 * What a kernel computes: a program of numbers and typed arrays, for one index of a loop.
 *
 * Programs are made of the text of a loop's body ({@linkcode parseBody}) and of array expressions, and
 * compiled to WebAssembly. They mean what the same JavaScript means: numbers are doubles, an element that
 * an array lacks reads as NaN, and is not written.
 *
 * @module
 */

/** A variable of a program. Two variables of one name are two objects. */
export interface Variable {
  /** Its name in the source, for explanations. */
  readonly name: string;
}

/** A typed array of the context, or a view of one that a `view` statement makes. */
export interface ArrayName {
  /** Its name in the source. */
  readonly name: string;
}

/** Operations with one operand. `square` and `cube` are products; `not` takes a condition. */
export type UnaryOperation =
  | "neg"
  | "abs"
  | "sqrt"
  | "floor"
  | "ceil"
  | "trunc"
  | "round"
  | "fround"
  | "square"
  | "cube"
  | "bitnot"
  | "not";

/** Operations with two operands: arithmetic, comparisons, conditions, bits. */
export type BinaryOperation =
  | ("add" | "sub" | "mul" | "div" | "rem" | "min" | "max")
  | ("lt" | "le" | "gt" | "ge" | "eq" | "ne")
  | ("and" | "or")
  | ("bitand" | "bitor" | "bitxor" | "shl" | "shr" | "ushr");

/** Functions of `Math` that are called for each element. */
export type MathFunction =
  | ("exp" | "expm1" | "log" | "log1p" | "log2" | "log10" | "cbrt")
  | ("sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "tanh")
  | ("pow" | "atan2");

/** An expression: a number, or a condition (of `boolean`, comparisons, `and`, `or` and `not`). */
export type Expression =
  | { readonly op: "number"; readonly value: number }
  | { readonly op: "boolean"; readonly value: boolean }
  /** A number of the context, the same for all indices. */
  | { readonly op: "context"; readonly name: string }
  | { readonly op: "variable"; readonly variable: Variable }
  | { readonly op: "length"; readonly array: ArrayName }
  | { readonly op: "load"; readonly array: ArrayName; readonly index: Expression }
  | { readonly op: UnaryOperation; readonly args: readonly [Expression] }
  | { readonly op: BinaryOperation; readonly args: readonly [Expression, Expression] }
  /** The second operand if the first, a condition, holds, else the third. All may be computed. */
  | { readonly op: "select"; readonly args: readonly [Expression, Expression, Expression] }
  | { readonly op: "math"; readonly fn: MathFunction; readonly args: readonly Expression[] };

/** A statement. */
export type Statement =
  /** Declares a variable or assigns to it. */
  | { readonly op: "set"; readonly variable: Variable; readonly value: Expression }
  | {
    readonly op: "store";
    readonly array: ArrayName;
    readonly index: Expression;
    readonly value: Expression;
  }
  /** Makes a view as `array.subarray(from, to)` does; without `to`, up to the end. */
  | {
    readonly op: "view";
    readonly view: ArrayName;
    readonly array: ArrayName;
    readonly from: Expression;
    readonly to: Expression | undefined;
  }
  | {
    readonly op: "if";
    readonly test: Expression;
    readonly then: readonly Statement[];
    readonly otherwise: readonly Statement[];
  }
  /**
   * A loop over the integers from `from` to `to`, exclusive. The body does not assign to the variable, nor
   * to a variable of `to`, nor leave the loop by `break`; `continue` is allowed.
   */
  | {
    readonly op: "for";
    readonly variable: Variable;
    readonly from: Expression;
    readonly to: Expression;
    readonly body: readonly Statement[];
    /** Line of the body's text, from 1 on. */
    readonly line: number;
  }
  /** Any other loop. `update` runs after the body, and after `continue`. */
  | {
    readonly op: "while";
    readonly test: Expression;
    readonly body: readonly Statement[];
    readonly update: readonly Statement[];
    readonly line: number;
  }
  | { readonly op: "break" | "continue" }
  /** Ends the body; with the value, if it has one. */
  | { readonly op: "return"; readonly value: Expression | undefined };

/** A program. */
export interface Program {
  /** The index of the loop. No statement assigns to it. */
  readonly index: Variable;
  /** The arrays of the context that it uses. */
  readonly arrays: readonly ArrayName[];
  /** The names of the numbers of the context that it uses. */
  readonly numbers: readonly string[];
  readonly statements: readonly Statement[];
}
