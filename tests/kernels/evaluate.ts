/**
 * Runs programs as they are meant: what compiled kernels are compared with.
 *
 * @module
 */

import type { ElementFunction } from "../../lib/kernels/parse_body.ts";
import type {
  ArrayName,
  BinaryOperation,
  Expression,
  MathFunction,
  Program,
  Statement,
  UnaryOperation,
  Variable,
} from "../../lib/kernels/program.ts";

/** The arrays of numbers that programs can use. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** The context of a program. */
export interface Context {
  readonly numbers: Readonly<Record<string, number>>;
  readonly arrays: Readonly<Record<string, NumberArray>>;
}

/** Returns the elements of the arrays of a context, to compare: the bits of NaN do not matter. */
export function elementsOf({ arrays }: Context): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, Array.from(array)]),
  );
}

type Value = number | boolean;
type Outcome = "break" | "continue" | { readonly value: number | undefined } | undefined;

/** What is called while a program runs. */
export interface Hooks {
  /** Called with each value that a variable is set to. */
  readonly onSet?: (variable: Variable, value: number | boolean) => void;
  /** Called before an element is read or written. */
  readonly onAccess?: (array: NumberArray, index: number, isWritten: boolean) => void;
}

/** Runs a program for one index, and returns what it returns. */
export function evaluate(
  program: Program,
  index: number,
  context: Context,
  hooks: Hooks = {},
): number | undefined {
  const evaluation = new Evaluation(context, hooks);
  for (const array of program.arrays) evaluation.arrays.set(array, context.arrays[array.name]);
  evaluation.variables.set(program.index, index);
  return evaluation.result(program.statements);
}

/** Calls a function of numbers. */
export function evaluateFunction(fn: ElementFunction, args: readonly number[]): number | undefined {
  const evaluation = new Evaluation({ numbers: {}, arrays: {} });
  for (const [at, parameter] of fn.parameters.entries()) {
    evaluation.variables.set(parameter, args[at]);
  }
  return evaluation.result(fn.statements);
}

/** What operations with one operand compute. */
export const unary: Record<Exclude<UnaryOperation, "not">, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: Math.round,
  fround: Math.fround,
  square: (x) => x * x,
  cube: (x) => x * x * x,
  bitnot: (x) => ~x,
};

/** What operations with two operands compute. */
export const binary: Record<
  Exclude<BinaryOperation, "and" | "or">,
  (x: number, y: number) => Value
> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: Math.min,
  max: Math.max,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  bitand: (x, y) => x & y,
  bitor: (x, y) => x | y,
  bitxor: (x, y) => x ^ y,
  shl: (x, y) => x << y,
  shr: (x, y) => x >> y,
  ushr: (x, y) => x >>> y,
};

class Evaluation {
  readonly arrays = new Map<ArrayName, NumberArray>();
  readonly variables = new Map<Variable, Value>();
  readonly #numbers: Readonly<Record<string, number>>;

  readonly #hooks: Hooks;

  constructor({ numbers }: Context, hooks: Hooks = {}) {
    this.#numbers = numbers;
    this.#hooks = hooks;
  }

  result(statements: readonly Statement[]): number | undefined {
    const outcome = this.#run(statements);
    return typeof outcome === "object" ? outcome.value : undefined;
  }

  #run(statements: readonly Statement[]): Outcome {
    for (const statement of statements) {
      const outcome = this.#runOne(statement);
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  #runOne(statement: Statement): Outcome {
    switch (statement.op) {
      case "set":
        this.#set(statement.variable, this.#value(statement.value));
        return undefined;
      case "store": {
        const index = this.#number(statement.index);
        const value = this.#number(statement.value);
        const array = this.#array(statement.array);
        this.#hooks.onAccess?.(array, index, true);
        array[index] = value;
        return undefined;
      }
      case "view": {
        const from = this.#number(statement.from);
        const to = statement.to && this.#number(statement.to);
        this.arrays.set(statement.view, this.#array(statement.array).subarray(from, to));
        return undefined;
      }
      case "if":
        return this.#run(this.#condition(statement.test) ? statement.then : statement.otherwise);
      case "for": {
        const { variable, body } = statement;
        const to = this.#number(statement.to);
        for (let k = this.#number(statement.from); k < to; k++) {
          this.#set(variable, k);
          const outcome = this.#run(body);
          if (typeof outcome === "object" || outcome === "break") throw new Error("left a for");
        }
        return undefined;
      }
      case "while":
        while (this.#condition(statement.test)) {
          const outcome = this.#run(statement.body);
          if (outcome === "break") break;
          if (typeof outcome === "object") return outcome;
          this.#run(statement.update);
        }
        return undefined;
      case "break":
      case "continue":
        return statement.op;
      case "return":
        return { value: statement.value && this.#number(statement.value) };
    }
  }

  #set(variable: Variable, value: Value): void {
    this.#hooks.onSet?.(variable, value);
    this.variables.set(variable, value);
  }

  #array(name: ArrayName): NumberArray {
    const array = this.arrays.get(name);
    if (array === undefined) throw new Error(`no array ${name.name}`);
    return array;
  }

  #load(name: ArrayName, index: number): number {
    const array = this.#array(name);
    this.#hooks.onAccess?.(array, index, false);
    return array[index] ?? NaN;
  }

  #number(expression: Expression): number {
    const value = this.#value(expression);
    if (typeof value !== "number") throw new Error(`${expression.op} is not a number`);
    return value;
  }

  #condition(expression: Expression): boolean {
    const value = this.#value(expression);
    if (typeof value !== "boolean") throw new Error(`${expression.op} is not a condition`);
    return value;
  }

  #value(expression: Expression): Value {
    switch (expression.op) {
      case "number":
      case "boolean":
        return expression.value;
      case "context":
        return this.#numbers[expression.name];
      case "variable": {
        const value = this.variables.get(expression.variable);
        if (value === undefined) throw new Error(`${expression.variable.name} is not set`);
        return value;
      }
      case "length":
        return this.#array(expression.array).length;
      case "load":
        return this.#load(expression.array, this.#number(expression.index));
      case "select": {
        const [test, then, otherwise] = expression.args;
        return this.#condition(test) ? this.#value(then) : this.#value(otherwise);
      }
      case "math":
        return this.#call(expression.fn, expression.args);
      case "not":
        return !this.#condition(expression.args[0]);
      case "and":
        return this.#condition(expression.args[0]) && this.#condition(expression.args[1]);
      case "or":
        return this.#condition(expression.args[0]) || this.#condition(expression.args[1]);
      default: {
        const { op, args } = expression;
        if (op in unary) return unary[op as keyof typeof unary](this.#number(args[0]));
        const [left, right] = args as readonly [Expression, Expression];
        return binary[op as keyof typeof binary](this.#number(left), this.#number(right));
      }
    }
  }

  #call(fn: MathFunction, args: readonly Expression[]): number {
    const call = Math[fn] as (...args: number[]) => number;
    return call(...args.map((arg) => this.#number(arg)));
  }
}
