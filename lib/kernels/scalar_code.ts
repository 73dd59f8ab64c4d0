/**
 * Code for the expressions of a program, for one index. In the loop in lanes, it computes what is the same in
 * all lanes, and what lane 0 has.
 *
 * @module
 */

import { type ElementAccess, elementAccess } from "./element_types.ts";
import { isIntRange, type NumberRange } from "./number_range.ts";
import type { ArrayName, Expression, Variable } from "./program.ts";
import type { ElementType, Kind, Ranges } from "./ranges.ts";
import { type FunctionCode, type Operation, ValueType } from "./wasm_module.ts";

/** Where an array is: local variables with its address in a memory, and its length. */
export interface ArrayPlace {
  readonly memory: number;
  readonly address: number;
  readonly length: number;
  readonly type: ElementType;
}

/** The variable of the loop in lanes. */
export interface LaneIndex {
  readonly variable: Variable;
  /** Local variable: the index in lane 0. */
  readonly local: number;
  /** Local variable: the same, as a double in both lanes. */
  readonly doubles: number;
  /** For each group, local variables with what is added to these for its two lanes. */
  readonly offsets: readonly { readonly double: number; readonly int: number }[];
}

/** A function that is called: its number in the module. */
export interface Callees {
  /** Converts a double to an integer as JavaScript's `| 0` does. */
  readonly toInt32: number;
  /** Returns the number of a function of doubles that is imported by this name. */
  imported(name: string, parameters: number): number;
}

/** Operations of doubles, by name. */
export const doubleUnary: Partial<Record<string, Operation>> = {
  neg: "f64.neg",
  abs: "f64.abs",
  sqrt: "f64.sqrt",
  floor: "f64.floor",
  ceil: "f64.ceil",
  trunc: "f64.trunc",
};
export const doubleBinary: Partial<Record<string, Operation>> = {
  add: "f64.add",
  sub: "f64.sub",
  mul: "f64.mul",
  div: "f64.div",
  min: "f64.min",
  max: "f64.max",
};
export const intBinary: Partial<Record<string, Operation>> = {
  add: "i32.add",
  sub: "i32.sub",
  mul: "i32.mul",
};
export const bitOperations: Partial<Record<string, Operation>> = {
  bitand: "i32.and",
  bitor: "i32.or",
  bitxor: "i32.xor",
  shl: "i32.shl",
  shr: "i32.shr_s",
  ushr: "i32.shr_u",
};
export const comparisons: Partial<Record<string, readonly [double: Operation, int: Operation]>> = {
  lt: ["f64.lt", "i32.lt_s"],
  le: ["f64.le", "i32.le_s"],
  gt: ["f64.gt", "i32.gt_s"],
  ge: ["f64.ge", "i32.ge_s"],
  eq: ["f64.eq", "i32.eq"],
  ne: ["f64.ne", "i32.ne"],
};

/** Emits expressions into the code of a function, for one index. */
export class ScalarCode {
  readonly code: FunctionCode;
  readonly ranges: Ranges;
  /** What differs between lanes. Empty outside of the loop in lanes. */
  varying: ReadonlySet<Variable> = new Set();
  /** The loop in lanes: its variable, a local variable with its index in lane 0. */
  laneIndex: LaneIndex | undefined;
  /** What variables of the loop in lanes are set to, where that is once a turn. */
  definitions: ReadonlyMap<Variable, Expression> = new Map();
  readonly arrays = new Map<ArrayName, ArrayPlace>();
  readonly #numbers: ReadonlyMap<string, number>;
  protected readonly callees: Callees;
  readonly #scalars = new Map<Variable, number>();

  constructor(
    code: FunctionCode,
    ranges: Ranges,
    numbers: ReadonlyMap<string, number>,
    callees: Callees,
  ) {
    this.code = code;
    this.ranges = ranges;
    this.#numbers = numbers;
    this.callees = callees;
  }

  /** Gives a variable that does not vary its local variable. */
  bind(variable: Variable, local: number): void {
    this.#scalars.set(variable, local);
  }

  /** Returns the local variable of a variable that does not vary. */
  scalarOf(variable: Variable): number {
    let local = this.#scalars.get(variable);
    if (local === undefined) {
      const kind = this.ranges.kindOfVariable(variable);
      local = this.code.local(kind === "double" ? ValueType.F64 : ValueType.I32);
      this.#scalars.set(variable, local);
    }
    return local;
  }

  /** Emits an expression for one index, or for lane 0. */
  scalar(expression: Expression, wanted: Kind): void {
    this.#convert(this.#scalar(expression), wanted, expression);
  }

  #convert(kind: Kind, wanted: Kind, expression: Expression): void {
    if (kind === wanted) return;
    if (kind === "int") this.code.op("f64.convert_i32_s");
    else if (isIntRange(this.truncated(expression))) this.code.op("i32.trunc_sat_f64_s");
    else this.code.call(this.callees.toInt32);
  }

  /** Returns the range of a number without its fraction, if it is known. An integer has no -0. */
  protected truncated(expression: Expression): NumberRange | undefined {
    const range = this.ranges.rangeOf({ op: "trunc", args: [expression] });
    return range && { ...range, isPlain: true };
  }

  #scalar(expression: Expression): Kind {
    const { code, ranges } = this;
    switch (expression.op) {
      case "number":
        if (ranges.kindOf(expression) === "int") {
          code.i32(expression.value);
          return "int";
        }
        code.f64(expression.value);
        return "double";
      case "boolean":
        code.i32(expression.value ? 1 : 0);
        return "condition";
      case "context":
        code.get(this.#numbers.get(expression.name)!);
        return ranges.kindOf(expression);
      case "variable":
        return this.#scalarVariable(expression.variable);
      case "length":
        code.get(this.arrays.get(expression.array)!.length);
        return "int";
      case "load":
        return this.#scalarLoad(expression.array, expression.index);
      case "select":
        return this.#scalarSelect(expression.args);
      case "math":
        for (const arg of expression.args) this.scalar(arg, "double");
        code.call(this.callees.imported(expression.fn, expression.args.length));
        return "double";
      case "and":
      case "or":
        for (const arg of expression.args) this.scalar(arg, "condition");
        code.op(expression.op === "and" ? "i32.and" : "i32.or");
        return "condition";
      case "not":
        this.scalar(expression.args[0], "condition");
        code.op("i32.eqz");
        return "condition";
      case "bitnot":
        this.scalar(expression.args[0], "int");
        code.i32(-1).op("i32.xor");
        return "int";
      default:
        return this.#scalarOperation(expression);
    }
  }

  #scalarVariable(variable: Variable): Kind {
    const definition = this.varying.has(variable) && variable !== this.laneIndex?.variable
      ? this.definitions.get(variable)
      : undefined;
    if (definition !== undefined) {
      this.scalar(definition, this.ranges.kindOfVariable(variable));
    } else this.code.get(this.scalarOf(variable));
    return this.ranges.kindOfVariable(variable);
  }

  #scalarLoad(array: ArrayName, index: Expression): Kind {
    const { code } = this;
    const place = this.arrays.get(array)!;
    const access = elementAccess[place.type];
    const at = code.local(ValueType.I32);
    if (this.ranges.isWithin(array, index)) {
      this.scalar(index, "int");
      code.set(at);
      this.loadAt(place, access, at);
      return access.kind;
    }
    this.#scalarIndex(index, place, at);
    code.if(ValueType.F64);
    this.loadAt(place, access, at);
    if (access.kind === "int") code.op("f64.convert_i32_s");
    code.op("else").f64(NaN).end();
    return "double";
  }

  /** Sets `at` to an index; leaves whether there is such an element. */
  #scalarIndex(index: Expression, { length }: ArrayPlace, at: number): void {
    const { code } = this;
    if (this.ranges.kindOf(index) === "int") {
      this.scalar(index, "int");
      code.tee(at).get(length).op("i32.lt_u");
      return;
    }
    const exact = code.local(ValueType.F64);
    this.scalar(index, "double");
    code.tee(exact).op("i32.trunc_sat_f64_s").tee(at).get(length).op("i32.lt_u");
    code.get(at).op("f64.convert_i32_s").get(exact).op("f64.eq", "i32.and");
  }

  protected loadAt({ memory, address }: ArrayPlace, access: ElementAccess, at: number): void {
    this.address(address, access, at);
    access.load(this.code, memory);
  }

  protected address(address: number, { shift }: ElementAccess, at: number): void {
    this.code.get(address).get(at);
    if (shift > 0) this.code.i32(shift).op("i32.shl");
    this.code.op("i32.add");
  }

  /** Stores a number, if there is such an element. */
  scalarStore(array: ArrayName, index: Expression, value: Expression): void {
    const { code } = this;
    const place = this.arrays.get(array)!;
    const access = elementAccess[place.type];
    const at = code.local(ValueType.I32);
    const stored = code.local(access.stored === "double" ? ValueType.F64 : ValueType.I32);
    this.#scalarStored(value, access);
    code.set(stored);
    this.#scalarIndex(index, place, at);
    code.if();
    this.address(place.address, access, at);
    code.get(stored);
    access.store(code, place.memory);
    code.end();
  }

  #scalarStored(value: Expression, { stored }: ElementAccess): void {
    if (stored !== "clamped") return this.scalar(value, stored);
    this.scalar(value, "double");
    this.code.f64(0).op("f64.max").f64(255).op("f64.min", "f64.nearest", "i32.trunc_sat_f64_s");
  }

  #scalarSelect([test, then, otherwise]: readonly [Expression, Expression, Expression]): Kind {
    const kind = this.commonKind(then, otherwise);
    this.scalar(then, kind);
    this.scalar(otherwise, kind);
    this.scalar(test, "condition");
    this.code.op("select");
    return kind;
  }

  /** Returns the kind in which two expressions are alike. */
  protected commonKind(left: Expression, right: Expression): Kind {
    const [a, b] = [this.ranges.kindOf(left), this.ranges.kindOf(right)];
    return a === b ? a : "double";
  }

  #scalarOperation(expression: Expression & { args: readonly Expression[] }): Kind {
    const { code } = this;
    const { op, args: [left, right] } = expression;
    const compare = comparisons[op];
    if (compare !== undefined) {
      const kind = this.commonKind(left, right);
      this.scalar(left, kind);
      this.scalar(right, kind);
      code.op(compare[kind === "double" ? 0 : 1]);
      return "condition";
    }
    const bits = bitOperations[op];
    if (bits !== undefined) {
      this.scalar(left, "int");
      this.scalar(right, "int");
      code.op(bits);
      if (op !== "ushr" || this.ranges.kindOf(expression) === "int") return "int";
      code.op("f64.convert_i32_u");
      return "double";
    }
    if (right === undefined) return this.#scalarUnary(op, left, expression);
    if (this.isInt(expression, left, right) && intBinary[op] !== undefined) {
      this.scalar(left, "int");
      this.scalar(right, "int");
      code.op(intBinary[op]);
      return "int";
    }
    if (op === "rem") return this.#scalarRemainder(expression, left, right);
    this.scalar(left, "double");
    this.scalar(right, "double");
    code.op(doubleBinary[op]!);
    return "double";
  }

  /** Returns whether an operation on integers results in one. */
  protected isInt(...expressions: Expression[]): boolean {
    return expressions.every((expression) => this.ranges.kindOf(expression) === "int");
  }

  #scalarRemainder(expression: Expression, left: Expression, right: Expression): Kind {
    const isInt = this.isInt(expression, left, right);
    for (const side of [left, right]) this.scalar(side, isInt ? "int" : "double");
    if (isInt) this.code.op("i32.rem_s");
    else this.#remainder();
    return isInt ? "int" : "double";
  }

  /** Computes the remainder of two doubles on the stack: of integers of 31 bits without a call. */
  #remainder(): void {
    const { code } = this;
    const [a, b] = [code.local(ValueType.F64), code.local(ValueType.F64)];
    code.set(b).set(a).i32(1);
    for (const side of [a, b]) {
      code.get(side).op("f64.abs").f64(2 ** 31).op("f64.lt", "i32.and");
      code.get(side).op("f64.trunc").get(side).op("f64.eq", "i32.and");
    }
    code.get(b).f64(0).op("f64.ne", "i32.and").if(ValueType.F64);
    // The quotient is never rounded up to the next integer. A remainder of 0 has the sign of the dividend.
    code.get(a).get(a).get(b).op("f64.div", "f64.trunc").get(b).op("f64.mul", "f64.sub");
    code.get(a).op("f64.copysign", "else");
    code.get(a).get(b).call(this.callees.imported("rem", 2)).end();
  }

  #scalarUnary(op: string, operand: Expression, expression: Expression): Kind {
    const { code } = this;
    const isInt = this.isInt(expression, operand);
    if (isInt && ["floor", "ceil", "trunc", "round"].includes(op)) return this.#scalar(operand);
    if (isInt && op === "square") {
      const local = code.local(ValueType.I32);
      this.scalar(operand, "int");
      code.tee(local).get(local).op("i32.mul");
      return "int";
    }
    this.scalar(operand, "double");
    const local = code.local(ValueType.F64);
    switch (op) {
      case "square":
        code.tee(local).get(local).op("f64.mul");
        break;
      case "cube":
        code.tee(local).get(local).op("f64.mul").get(local).op("f64.mul");
        break;
      case "fround":
        code.op("f32.demote_f64", "f64.promote_f32");
        break;
      case "round": {
        const up = code.local(ValueType.F64);
        code.tee(local).op("f64.ceil").tee(up).f64(1).op("f64.sub").get(up);
        code.get(up).f64(0.5).op("f64.sub").get(local).op("f64.gt", "select");
        break;
      }
      default:
        code.op(doubleUnary[op]!);
    }
    return "double";
  }
}
