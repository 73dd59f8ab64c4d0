/**
 * Code for the expressions of a program: for one index, or for two lanes of a vector.
 *
 * | kind | for one index | in lanes |
 * |---|---|---|
 * | `"int"` | `i32` | the first two lanes of `i32x4` |
 * | `"double"` | `f64` | `f64x2` |
 * | `"condition"` | `i32`, 0 or 1 | `i64x2`, all bits of a lane alike |
 *
 * @module
 */

import { type ElementAccess, elementAccess } from "./element_types.ts";
import { isVarying } from "./lanes.ts";
import { isIntRange } from "./number_range.ts";
import type { ArrayName, Expression, Variable } from "./program.ts";
import type { Kind } from "./ranges.ts";
import type { RowAccess } from "./rows.ts";
import {
  type ArrayPlace,
  bitOperations,
  comparisons,
  doubleBinary,
  doubleUnary,
  intBinary,
  ScalarCode,
} from "./scalar_code.ts";
import { type Operation, ValueType } from "./wasm_module.ts";

/** Returns the operation on vectors that corresponds to one on numbers. */
function inLanes(operation: Operation): Operation {
  const name = operation.replace("f64.", "f64x2.").replace("i32.", "i32x4.");
  return (name.startsWith("i32x4.") && /\.(and|or|xor)$/.test(name)
    ? name.replace("i32x4", "v128")
    : name) as Operation;
}

/** The bytes of the low halves of the first two lanes of 64 bits, twice. */
const LOW_HALVES = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];

/** An element that is next to that of the lane before. */
interface NextElement {
  readonly array: ArrayName;
  readonly place: ArrayPlace;
  readonly access: ElementAccess;
  readonly index: Expression;
}

/** Emits expressions into the code of a function, for one index and for two lanes. */
export class ExpressionCode extends ScalarCode {
  /** Accesses whose bounds have been checked. */
  rows: readonly RowAccess[] = [];
  /** Other indices of elements that are next to each other for consecutive lanes. */
  pairs: ReadonlySet<Expression> = new Set();
  readonly #vectors = new Map<Variable, number[]>();
  /** Vectors of a number in each lane, made before the loop: local variables. */
  readonly #splats = new Map<string, number>();

  /** Returns the local variable with two lanes of a variable that varies. */
  vectorOf(variable: Variable, group: number): number {
    let locals = this.#vectors.get(variable);
    if (locals === undefined) this.#vectors.set(variable, locals = []);
    return locals[group] ??= this.code.local(ValueType.V128);
  }

  /** Returns whether an expression differs between lanes. */
  isVarying(expression: Expression): boolean {
    return isVarying(expression, this.varying);
  }

  /** Makes vectors of a number that does not vary before the loop in lanes begins. */
  hoist(expression: Expression, kind: Kind): void {
    const key = splatKey(expression, kind);
    if (key === undefined || this.#splats.has(key)) return;
    this.scalar(expression, kind);
    this.#splat(kind);
    const local = this.code.local(ValueType.V128);
    this.code.set(local);
    this.#splats.set(key, local);
  }

  /** Forgets the vectors that were made before a loop. */
  forgetHoisted(): void {
    this.#splats.clear();
  }

  /** Emits two lanes of an expression. */
  vector(expression: Expression, wanted: Kind, group: number): void {
    if (!this.isVarying(expression)) {
      const hoisted = this.#splats.get(splatKey(expression, wanted) ?? "");
      if (hoisted !== undefined) return void this.code.get(hoisted);
      this.scalar(expression, wanted);
      return this.#splat(wanted);
    }
    if (wanted === "double" && this.#isLaneIndex(expression)) {
      this.code.get(this.laneIndex!.doubles).get(this.laneIndex!.offsets[group].double);
      this.code.op("f64x2.add");
    } else this.#convertLanes(this.#vector(expression, group), wanted, expression);
  }

  #isLaneIndex(expression: Expression): boolean {
    return expression.op === "variable" && expression.variable === this.laneIndex?.variable;
  }

  #splat(kind: Kind): void {
    if (kind === "double") this.code.op("f64x2.splat");
    else if (kind === "int") this.code.op("i32x4.splat");
    else {
      const local = this.code.local(ValueType.I32);
      this.code.set(local).i32(0).get(local).op("i32.sub", "i32x4.splat");
    }
  }

  #convertLanes(kind: Kind, wanted: Kind, expression: Expression): void {
    const { code } = this;
    if (kind === wanted) return;
    if (kind === "int") return void code.op("f64x2.convert_low_i32x4_s");
    if (isIntRange(this.truncated(expression))) {
      return void code.op("i32x4.trunc_sat_f64x2_s_zero");
    }
    const value = code.local(ValueType.V128);
    code.tee(value).op("f64x2.abs").f64x2(2 ** 31, 2 ** 31).op("f64x2.lt", "i64x2.all_true");
    code.if(ValueType.V128);
    code.get(value).op("i32x4.trunc_sat_f64x2_s_zero").op("else");
    for (const lane of [0, 1]) {
      code.get(value).lane("f64x2.extract_lane", lane).call(this.callees.toInt32);
      if (lane === 0) code.op("i32x4.splat");
      else code.lane("i32x4.replace_lane", 1);
    }
    code.end();
  }

  #vector(expression: Expression, group: number): Kind {
    const { code } = this;
    switch (expression.op) {
      case "variable":
        return this.#vectorVariable(expression.variable, group);
      case "load":
        return this.#vectorLoad(expression.array, expression.index, group);
      case "select": {
        const [test, then, otherwise] = expression.args;
        const kind = this.commonKind(then, otherwise);
        this.vector(then, kind, group);
        this.vector(otherwise, kind, group);
        this.vector(test, "condition", group);
        this.narrowMask(kind);
        code.op("v128.bitselect");
        return kind;
      }
      case "math":
        return this.#callLanes(expression.fn, expression.args, group);
      case "and":
      case "or":
        for (const arg of expression.args) this.vector(arg, "condition", group);
        code.op(expression.op === "and" ? "v128.and" : "v128.or");
        return "condition";
      case "not":
        this.vector(expression.args[0], "condition", group);
        code.op("v128.not");
        return "condition";
      case "bitnot":
        this.vector(expression.args[0], "int", group);
        code.op("v128.not");
        return "int";
      case "number":
      case "boolean":
      case "context":
      case "length":
        throw new Error(`${expression.op} does not vary`);
      default:
        return this.#vectorOperation(expression, group);
    }
  }

  /** Turns a mask of lanes into one for values of a kind. */
  narrowMask(kind: Kind): void {
    if (kind !== "int") return;
    const mask = this.code.local(ValueType.V128);
    this.code.tee(mask).get(mask).shuffle(LOW_HALVES);
  }

  #vectorVariable(variable: Variable, group: number): Kind {
    const { code } = this;
    const kind = this.ranges.kindOfVariable(variable);
    if (variable !== this.laneIndex?.variable) {
      code.get(this.vectorOf(variable, group));
      return kind;
    }
    code.get(this.laneIndex.local).op("i32x4.splat").get(this.laneIndex.offsets[group].int);
    code.op("i32x4.add");
    return "int";
  }

  #vectorLoad(array: ArrayName, index: Expression, group: number): Kind {
    const place = this.arrays.get(array)!;
    const access = elementAccess[place.type];
    const row = this.rowOf(array, index);
    if (row !== undefined) {
      this.code.get(row.address);
      access.loadPair(this.code, place.memory, (2 * group) << access.shift);
      return access.kind;
    }
    if (this.pairs.has(index)) return this.#loadNext({ array, place, access, index }, group);
    this.#gather(place, access, index, group);
    return "double";
  }

  /** Reads two elements that are next to each other, if both exist, or else one by one. */
  #loadNext(element: NextElement, group: number): Kind {
    const { code } = this;
    const { array, place, access, index } = element;
    const at = this.#firstOf(index, group);
    const read = () => {
      this.address(place.address, access, at);
      access.loadPair(code, place.memory, 0);
    };
    if (this.ranges.isWithin(array, index)) {
      read();
      return access.kind;
    }
    this.#bothExist(place, at);
    code.if(ValueType.V128);
    read();
    if (access.kind === "int") code.op("f64x2.convert_low_i32x4_s");
    code.op("else");
    this.#gather(place, access, index, group);
    code.end();
    return "double";
  }

  /** Returns a local variable with the index of the first lane of a group, of elements next to each other. */
  #firstOf(index: Expression, group: number): number {
    const at = this.code.local(ValueType.I32);
    this.scalar(index, "int");
    this.code.i32(2 * group).op("i32.add").set(at);
    return at;
  }

  /** Leaves whether the element `at` and the next one exist. */
  #bothExist({ length }: ArrayPlace, at: number): void {
    const { code } = this;
    code.get(at).get(length).op("i32.lt_u");
    code.get(length).get(at).op("i32.sub").i32(2).op("i32.ge_s", "i32.and");
  }

  /** Returns the access to elements next to each other, if its bounds have been checked. */
  rowOf(array: ArrayName, index: Expression): RowAccess | undefined {
    return this.rows.find((row) => row.array === array && row.index === index);
  }

  /** Reads the element of each lane. */
  #gather(place: ArrayPlace, access: ElementAccess, index: Expression, group: number): void {
    const { code } = this;
    const indices = this.#indexLanes(index, group);
    const at = code.local(ValueType.I32);
    for (const lane of [0, 1]) {
      this.#laneIndex(indices, lane, place, at);
      code.if(ValueType.F64);
      this.loadAt(place, access, at);
      if (access.kind === "int") code.op("f64.convert_i32_s");
      code.op("else").f64(NaN).end();
      if (lane === 0) code.op("f64x2.splat");
      else code.lane("f64x2.replace_lane", 1);
    }
  }

  /** Computes the indices of lanes. */
  #indexLanes(index: Expression, group: number): { kind: Kind; vector: number } {
    const kind = this.ranges.kindOf(index);
    const vector = this.code.local(ValueType.V128);
    this.vector(index, kind, group);
    this.code.set(vector);
    return { kind, vector };
  }

  /** Sets `at` to the index of a lane; leaves whether there is such an element. */
  #laneIndex(
    { kind, vector }: { kind: Kind; vector: number },
    lane: number,
    { length }: ArrayPlace,
    at: number,
  ): void {
    const { code } = this;
    if (kind === "int") {
      code.get(vector).lane("i32x4.extract_lane", lane).tee(at).get(length).op("i32.lt_u");
      return;
    }
    const exact = code.local(ValueType.F64);
    code.get(vector).lane("f64x2.extract_lane", lane).tee(exact);
    code.op("i32.trunc_sat_f64_s").tee(at).get(length).op("i32.lt_u");
    code.get(at).op("f64.convert_i32_s").get(exact).op("f64.eq", "i32.and");
  }

  /**
   * Stores two lanes.
   *
   * @param mask local variable with the lanes that are concerned; all of them, if omitted
   */
  vectorStore(
    array: ArrayName,
    index: Expression,
    value: Expression,
    group: number,
    mask: number | undefined,
  ): void {
    const { code } = this;
    const place = this.arrays.get(array)!;
    const access = elementAccess[place.type];
    const lanes = code.local(ValueType.V128);
    this.#vectorStored(value, access, group);
    code.set(lanes);
    const row = this.rowOf(array, index);
    if (row === undefined) {
      if (!this.pairs.has(index)) return this.#scatter(place, access, index, lanes, group, mask);
      return this.#storeNext({ array, place, access, index }, lanes, group, mask);
    }
    const offset = (2 * group) << access.shift;
    if (mask === undefined) {
      return access.storePair(code, place.memory, offset, row.address, lanes);
    }
    code.get(mask).op("i64x2.all_true").if();
    access.storePair(code, place.memory, offset, row.address, lanes);
    code.op("else");
    this.#scatter(place, access, index, lanes, group, mask);
    code.end();
  }

  /** Writes two elements that are next to each other, if both exist and are concerned, or else one by one. */
  #storeNext(element: NextElement, lanes: number, group: number, mask: number | undefined): void {
    const { code } = this;
    const { array, place, access, index } = element;
    const at = this.#firstOf(index, group);
    const address = code.local(ValueType.I32);
    if (this.ranges.isWithin(array, index)) code.i32(1);
    else this.#bothExist(place, at);
    if (mask !== undefined) code.get(mask).op("i64x2.all_true", "i32.and");
    code.if();
    this.address(place.address, access, at);
    code.set(address);
    access.storePair(code, place.memory, 0, address, lanes);
    code.op("else");
    this.#scatter(place, access, index, lanes, group, mask);
    code.end();
  }

  #vectorStored(value: Expression, { stored }: ElementAccess, group: number): void {
    if (stored !== "clamped") return this.vector(value, stored, group);
    this.vector(value, "double", group);
    this.code.f64x2(0, 0).op("f64x2.max").f64x2(255, 255);
    this.code.op("f64x2.min", "f64x2.nearest", "i32x4.trunc_sat_f64x2_s_zero");
  }

  /** Writes the element of each lane. */
  #scatter(
    place: ArrayPlace,
    access: ElementAccess,
    index: Expression,
    lanes: number,
    group: number,
    mask: number | undefined,
  ): void {
    const { code } = this;
    const indices = this.#indexLanes(index, group);
    const at = code.local(ValueType.I32);
    for (const lane of [0, 1]) {
      this.#laneIndex(indices, lane, place, at);
      if (mask !== undefined) {
        code.get(mask).lane("i32x4.extract_lane", 2 * lane).i32(0).op("i32.ne", "i32.and");
      }
      code.if();
      this.address(place.address, access, at);
      const extract = access.stored === "double" ? "f64x2.extract_lane" : "i32x4.extract_lane";
      code.get(lanes).lane(extract, lane);
      access.store(code, place.memory);
      code.end();
    }
  }

  /** Calls a function of doubles for each lane. */
  #callLanes(name: string, args: readonly Expression[], group: number): Kind {
    const vectors = args.map((arg) => {
      const local = this.code.local(ValueType.V128);
      this.vector(arg, "double", group);
      this.code.set(local);
      return local;
    });
    this.#callOn(name, vectors);
    return "double";
  }

  /** Calls a function for each lane of vectors, which are local variables. */
  #callOn(name: string, vectors: readonly number[]): void {
    const { code } = this;
    const fn = this.callees.imported(name, vectors.length);
    for (const lane of [0, 1]) {
      for (const vector of vectors) code.get(vector).lane("f64x2.extract_lane", lane);
      code.call(fn);
      if (lane === 0) code.op("f64x2.splat");
      else code.lane("f64x2.replace_lane", 1);
    }
  }

  #vectorOperation(
    expression: Expression & { args: readonly Expression[] },
    group: number,
  ): Kind {
    const { code } = this;
    const { op, args: [left, right] } = expression;
    const compare = comparisons[op];
    if (compare !== undefined) return this.#compareLanes(op, left, right, group);
    const bits = bitOperations[op];
    if (bits !== undefined) return this.#bitLanes(op, bits, expression, group);
    if (right === undefined) return this.#vectorUnary(op, left, expression, group);
    if (this.isInt(expression, left, right) && intBinary[op] !== undefined) {
      this.vector(left, "int", group);
      this.vector(right, "int", group);
      code.op(inLanes(intBinary[op]));
      return "int";
    }
    if (op === "rem") return this.#remainderLanes(expression, left, right, group);
    this.vector(left, "double", group);
    this.vector(right, "double", group);
    code.op(inLanes(doubleBinary[op]!));
    return "double";
  }

  #compareLanes(op: string, left: Expression, right: Expression, group: number): Kind {
    const { code } = this;
    const kind = this.commonKind(left, right);
    this.vector(left, kind, group);
    this.vector(right, kind, group);
    const [double, int] = comparisons[op]!;
    if (kind === "double") code.op(inLanes(double));
    else code.op(inLanes(int), "i64x2.extend_low_i32x4_s");
    return "condition";
  }

  #bitLanes(op: string, bits: Operation, expression: Expression, group: number): Kind {
    const { code } = this;
    const { args: [left, right] } = expression as Expression & { args: readonly Expression[] };
    this.vector(left, "int", group);
    if (op === "shl" || op === "shr" || op === "ushr") {
      if (!this.isVarying(right)) {
        this.scalar(right, "int");
        code.op(inLanes(bits));
      } else this.#shiftLanes(bits, right, group);
    } else {
      this.vector(right, "int", group);
      code.op(inLanes(bits));
    }
    if (op !== "ushr" || this.ranges.kindOf(expression) === "int") return "int";
    code.op("f64x2.convert_low_i32x4_u");
    return "double";
  }

  /** Shifts each lane by its own number of bits. */
  #shiftLanes(bits: Operation, right: Expression, group: number): void {
    const { code } = this;
    const value = code.local(ValueType.V128);
    const amount = code.local(ValueType.V128);
    code.set(value);
    this.vector(right, "int", group);
    code.set(amount);
    for (const lane of [0, 1]) {
      for (const vector of [value, amount]) code.get(vector).lane("i32x4.extract_lane", lane);
      code.op(bits);
      if (lane === 0) code.op("i32x4.splat");
      else code.lane("i32x4.replace_lane", 1);
    }
  }

  #remainderLanes(
    expression: Expression,
    left: Expression,
    right: Expression,
    group: number,
  ): Kind {
    if (!this.isInt(expression, left, right)) return this.#remainderOf(left, right, group);
    // The quotient of two such integers is never rounded up to the next integer.
    const { code } = this;
    const [a, b] = [left, right].map((side) => {
      const local = code.local(ValueType.V128);
      this.vector(side, "double", group);
      code.set(local);
      return local;
    });
    code.get(a).get(a).get(b).op("f64x2.div", "f64x2.floor").get(b).op("f64x2.mul", "f64x2.sub");
    return "double";
  }

  /** Computes remainders of doubles: of integers of 31 bits without calls. */
  #remainderOf(left: Expression, right: Expression, group: number): Kind {
    const { code } = this;
    const [a, b] = [left, right].map((side) => {
      const local = code.local(ValueType.V128);
      this.vector(side, "double", group);
      code.set(local);
      return local;
    });
    code.get(b).f64x2(0, 0).op("f64x2.ne");
    for (const side of [a, b]) {
      code.get(side).op("f64x2.abs").f64x2(2 ** 31, 2 ** 31).op("f64x2.lt", "v128.and");
      code.get(side).op("f64x2.trunc").get(side).op("f64x2.eq", "v128.and");
    }
    code.op("i64x2.all_true").if(ValueType.V128);
    // The quotient is never rounded up to the next integer. A remainder of 0 has the sign of the dividend.
    code.get(a).get(a).get(b).op("f64x2.div", "f64x2.trunc").get(b).op("f64x2.mul", "f64x2.sub");
    code.get(a).f64x2(-0, -0).op("v128.and", "v128.or", "else");
    this.#callOn("rem", [a, b]);
    code.end();
    return "double";
  }

  #vectorUnary(op: string, operand: Expression, expression: Expression, group: number): Kind {
    const { code } = this;
    const isInt = this.isInt(expression, operand);
    if (isInt && ["floor", "ceil", "trunc", "round"].includes(op)) {
      return this.#vector(operand, group);
    }
    this.vector(operand, "double", group);
    const local = code.local(ValueType.V128);
    switch (op) {
      case "square":
        code.tee(local).get(local).op("f64x2.mul");
        break;
      case "cube":
        code.tee(local).get(local).op("f64x2.mul").get(local).op("f64x2.mul");
        break;
      case "fround":
        code.op("f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4");
        break;
      case "round": {
        const up = code.local(ValueType.V128);
        code.tee(local).op("f64x2.ceil").tee(up).f64x2(1, 1).op("f64x2.sub").get(up);
        code.get(up).f64x2(0.5, 0.5).op("f64x2.sub").get(local);
        code.op("f64x2.gt", "v128.bitselect");
        break;
      }
      default:
        code.op(inLanes(doubleUnary[op]!));
    }
    return "double";
  }
}

/** Returns the key of an expression of which vectors are made before a loop: of leaves only. */
function splatKey(expression: Expression, kind: Kind): string | undefined {
  if (expression.op === "number") {
    const { value } = expression;
    return `${kind} ${Object.is(value, -0) ? "-0" : value}`;
  }
  return expression.op === "context" ? `${kind} context ${expression.name}` : undefined;
}
