/**
 * Kernels of array expressions: the expression as a program that computes one element.
 *
 * @module
 */

import { functionAt } from "../codec/functions.ts";
import { LaneObstacle } from "../kernels/lanes.ts";
import { Memo } from "../kernels/memo.ts";
import { type ElementFunction, parseElementFunction } from "../kernels/parse_body.ts";
import type { Obstacle } from "../kernels/parse_body.ts";
import { orWithout, planKernel, type PlannedKernel } from "../kernels/plan_kernel.ts";
import type {
  ArrayName,
  Expression,
  MathFunction,
  Program,
  Statement,
  UnaryOperation,
  Variable,
} from "../kernels/program.ts";
import { elementTypeOf, type KernelArray } from "../kernels/typed_arrays.ts";
import { operandsOf } from "../kernels/visit.ts";
import { withoutReturns } from "../kernels/without_returns.ts";
import type { Goal } from "./expression_code.ts";
import {
  type AnyArray,
  isComparison,
  lengthOf,
  type Node,
  nodesOf,
  type TypedNode,
} from "./expression_tree.ts";

/** Why an expression has no kernel. */
export type ExpressionObstacle = LaneObstacle | Obstacle;

const programs = new Memo<string, Program>();
const functions = new Memo<number, ElementFunction | { obstacle: Obstacle }>();

/** Functions of the tree that are called for each element. */
const called = new Set(["exp", "log", "sin", "cos", "tanh", "pow"]);
const renamed: Readonly<Record<string, "min" | "max">> = { minimum: "min", maximum: "max" };

const number = (value: number): Expression => ({ op: "number", value });
const [ZERO, ONE] = [number(0), number(1)];

/** Converts a number as an assignment to an element of a type does. */
const casts: Readonly<Partial<Record<string, (value: Expression) => Expression>>> = {
  int8: (value) => signed(value, 24),
  uint8: (value) => ({ op: "bitand", args: [value, number(0xff)] }),
  int16: (value) => signed(value, 16),
  uint16: (value) => ({ op: "bitand", args: [value, number(0xffff)] }),
  int32: (value) => ({ op: "bitor", args: [value, ZERO] }),
  uint32: (value) => ({ op: "ushr", args: [value, ZERO] }),
  float32: (value) => ({ op: "fround", args: [value] }),
};

function signed(value: Expression, bits: number): Expression {
  return { op: "shr", args: [{ op: "shl", args: [value, number(bits)] }, number(bits)] };
}

/** Returns the kernel of an expression, or why it has none. */
export function expressionKernel(
  typed: TypedNode,
  goal: Goal,
): PlannedKernel | ExpressionObstacle {
  return orWithout(() => plan(typed, goal));
}

function plan(typed: TypedNode, goal: Goal): PlannedKernel | ExpressionObstacle {
  const operator = goal.kind === "fold" && typeof goal.fold === "string"
    ? ({ sum: "+", prod: "*", min: "min", max: "max" } as const)[goal.fold]
    : undefined;
  if (operator === undefined && goal.kind !== "store") {
    return new LaneObstacle("each element depends on the one before, or a function combines them");
  }
  const length = lengthOf(typed.root, "compute with")!;
  if (length >= 2 ** 31) return new LaneObstacle("the indices do not fit in 32 bits");
  const builder = new ProgramBuilder();
  const obstacle = builder.build(typed, goal);
  if (obstacle !== undefined) return obstacle;
  const program = programs.get(builder.key.join(" "), () => builder.program());
  const { arrays, numbers } = builder;
  const context = { arrays: Object.fromEntries(arrays), numbers: Object.fromEntries(numbers) };
  const request = { program, ...context, first: 0, turns: length, operator, isElementwise: true };
  return planKernel(request);
}

/** Builds the program of an expression. */
class ProgramBuilder {
  /** What distinguishes the program from others. */
  readonly key: string[] = [];
  readonly arrays: [name: string, array: KernelArray][] = [];
  readonly numbers: [name: string, value: number][] = [];
  readonly #names = new Map<AnyArray, ArrayName>();
  readonly #index: Variable = { name: "i" };
  readonly #statements: Statement[] = [];
  readonly #values = new Map<Node, Expression>();
  /** The conditions of comparisons, by the numbers that they result in. */
  readonly #tests = new Map<Expression, Expression>();

  /** Builds the program; returns why there is none, if so. */
  build({ root, kind }: TypedNode, goal: Goal): ExpressionObstacle | undefined {
    if (kind !== "number") return new LaneObstacle("the elements are bigints");
    for (const node of nodesOf(root)) {
      const value = this.#valueOf(node);
      if (isObstacle(value)) return value;
      this.#values.set(node, value);
    }
    const value = this.#values.get(root)!;
    if (goal.kind !== "store") {
      this.key.push(goal.kind);
      this.#statements.push({ op: "return", value });
      return undefined;
    }
    const array = this.#array(goal.out, "out");
    if (isObstacle(array)) return array;
    this.key.push("store");
    this.#statements.push({ op: "store", array, index: this.#at, value });
    return undefined;
  }

  program(): Program {
    return {
      index: this.#index,
      arrays: [...new Set(this.#names.values())],
      numbers: this.numbers.map(([name]) => name),
      statements: this.#statements,
    };
  }

  get #at(): Expression {
    return { op: "variable", variable: this.#index };
  }

  /** Returns the name of an array. An array that is written has a name of its own. */
  #array(data: AnyArray, prefix = "a"): ArrayName | LaneObstacle {
    const known = prefix === "a" ? this.#names.get(data) : undefined;
    if (known !== undefined) return known;
    const type = elementTypeOf(data);
    if (type === undefined) return new LaneObstacle("an array has elements of another type");
    const name = { name: `${prefix}${this.arrays.length}` };
    this.arrays.push([name.name, data as KernelArray]);
    this.#names.set(prefix === "a" ? data : data.subarray(0) as AnyArray, name);
    this.key.push(`${name.name}:${type}`);
    return name;
  }

  #number(value: number): Expression {
    const name = `k${this.numbers.length}`;
    this.numbers.push([name, value]);
    this.key.push(name);
    return { op: "context", name };
  }

  /** Computes a value that is used several times once. */
  #variable(value: Expression): Expression {
    const variable = { name: `v${this.#statements.length}` };
    this.#statements.push({ op: "set", variable, value });
    return { op: "variable", variable };
  }

  /** Returns the value of a node whose operands have theirs. */
  #valueOf(node: Node): Expression | ExpressionObstacle {
    switch (node.op) {
      case "constant":
        return this.#number(node.value as number);
      case "array": {
        const array = this.#array(node.data);
        if (isObstacle(array)) return array;
        this.key.push(`load ${array.name}`);
        return this.#variable({ op: "load", array, index: this.#at });
      }
      case "range": {
        // The engine cannot omit `0 +` and `* 1`, since it does not know the values.
        const { start, step } = node;
        this.key.push(`range ${start === 0} ${step === 1}`);
        const product: Expression = step === 1
          ? this.#at
          : { op: "mul", args: [this.#at, this.#number(step)] };
        return start === 0
          ? product
          : this.#variable({ op: "add", args: [this.#number(start), product] });
      }
      case "call":
        return this.#call(node);
      case "numbers":
        return new LaneObstacle("the elements are bigints");
    }
    const args = node.args.map((arg) => this.#values.get(arg)!);
    this.key.push(`${node.op}(${args.map(keyOf)})`);
    if (isComparison(node.op)) {
      const test = { op: node.op, args } as unknown as Expression;
      const value = this.#variable({ op: "select", args: [test, ONE, ZERO] });
      this.#tests.set(value, test);
      return value;
    }
    if (node.op === "where") {
      const [mask, then, otherwise] = args;
      const test = this.#tests.get(mask) ?? { op: "ne", args: [mask, ZERO] };
      return this.#variable({ op: "select", args: [test, then, otherwise] });
    }
    const cast = casts[node.op];
    if (cast !== undefined) return this.#variable(cast(args[0]));
    if (node.op === "float16") return new LaneObstacle("numbers are rounded to 16 bits");
    if (called.has(node.op)) {
      return this.#variable({ op: "math", fn: node.op as MathFunction, args });
    }
    const op = (renamed[node.op] ?? node.op) as UnaryOperation;
    return this.#variable({ op, args } as unknown as Expression);
  }

  /** Writes the statements of a function in place of its call. */
  #call({ fn, address, args }: Node & { op: "call" }): Expression | ExpressionObstacle {
    const parsed = functions.get(address, () => {
      const source = Function.prototype.toString.call(functionAt(address) ?? fn);
      return parseElementFunction(source, args.length);
    });
    if ("obstacle" in parsed) return parsed.obstacle;
    const result = { name: `v${this.#statements.length}` };
    const statements = withoutReturns(parsed.statements, result);
    if (statements === undefined) return new LaneObstacle("a function returns from within a loop");
    const values = args.map((arg) => this.#values.get(arg)!);
    this.key.push(`call ${address}(${values.map(keyOf)})`);
    parsed.parameters.forEach((variable, at) =>
      this.#statements.push({ op: "set", variable, value: values[at] })
    );
    this.#statements.push(...statements);
    return { op: "variable", variable: result };
  }
}

/** Returns what stands for an operand in a key. */
function keyOf(value: Expression): string {
  switch (value.op) {
    case "variable":
      return value.variable.name;
    case "context":
      return value.name;
    default:
      return `${value.op}(${operandsOf(value).map(keyOf)})`;
  }
}

function isObstacle(value: object): value is ExpressionObstacle {
  return "reason" in value;
}
