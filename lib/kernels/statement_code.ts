/**
 * Code for the statements of a program, and for the loop in lanes.
 *
 * The loop in lanes takes `2 × groups` turns at a time as long as so many are left and all elements that these
 * use next to each other exist. Otherwise it takes one turn without vectors, which checks each index by
 * itself. So the last turns of a loop, and those at the border of an array, are computed by the same code.
 *
 * ```text
 * while (true) {
 *   if (end - i >= lanes && the elements exist) { the turns i … i + lanes - 1; i += lanes; }
 *   else if (i >= end) break;
 *   else { turn i; i += 1; }
 * }
 * ```
 *
 * @module
 */

import { elementAccess } from "./element_types.ts";
import type { ExpressionCode } from "./expression_code.ts";
import { combineLanes, foldIdentities, foldOperations } from "./fold_code.ts";
import { variablesForgotten } from "./homes.ts";
import {
  definitionsIn,
  foldOperand,
  type FoldOperator,
  type ForStatement,
  isVarying,
  type LanePlan,
} from "./lanes.ts";
import type { ArrayName, Expression, Statement, Variable } from "./program.ts";
import { distinct, findPairs, findRows, type RowAccess } from "./rows.ts";
import type { ArrayPlace } from "./scalar_code.ts";
import { eachStatement, expressionsOf, listsOf, operandsOf } from "./visit.ts";
import { type FunctionCode, ValueType } from "./wasm_module.ts";

/** The values of the turns of the parallel loop, combined: local variables. */
export interface Result {
  readonly operator: FoldOperator;
  /** Values of the lanes, two in each vector. */
  readonly lanes: readonly number[];
  /** Value of the turns that are taken without vectors. */
  readonly single: number;
}

/** The lanes that are concerned, one vector for each group: local variables. */
interface Mask {
  readonly locals: readonly number[];
  /** Set in the mask of the lanes that are still in a loop, or still in a turn of it. */
  readonly loop?: Statement;
  readonly isTurn?: boolean;
}

/** A loop around a statement. */
interface LoopLabels {
  readonly statement: Statement;
  readonly exit: number;
  readonly next: number;
  readonly isMasked: boolean;
}

/** Emits statements into the code of a function. */
export class StatementCode {
  readonly #code: FunctionCode;
  readonly #expressions: ExpressionCode;
  readonly #lanes: LanePlan;
  readonly #result: Result | undefined;
  /** The groups of lanes that statements are emitted for; none: one turn without vectors. */
  #groups: readonly number[] = [];
  readonly #masks: Mask[] = [];
  readonly #loops: LoopLabels[] = [];
  /** Indices of elements that are next to each other for consecutive lanes, but known only within the turn. */
  #pairs: ReadonlySet<Expression> = new Set();
  /** Label of the block that ends with the turn of the parallel loop. */
  #turnEnd = 0;
  /** Vectors of folds in the `for` in lanes. */
  readonly #folds = new Map<Variable, { operator: FoldOperator; lanes: number[] }>();
  /** Variables that are not read after a loop. */
  readonly #forgotten = new Map<Statement, ReadonlySet<Variable>>();
  /** The list of statements outside of which a variable does not occur. */
  readonly #homes: ReadonlyMap<Variable, readonly Statement[]>;

  constructor(
    expressions: ExpressionCode,
    lanes: LanePlan,
    homes: ReadonlyMap<Variable, readonly Statement[]>,
    result: Result | undefined,
  ) {
    this.#code = expressions.code;
    this.#expressions = expressions;
    this.#lanes = lanes;
    this.#homes = homes;
    this.#result = result;
  }

  /** Emits the turns of the parallel loop from `index` to `end`, local variables, one by one. */
  turns(statements: readonly Statement[], index: number, end: number): void {
    const code = this.#code;
    const exit = code.block();
    const next = code.loop();
    code.get(index).get(end).op("i32.ge_s").branchIf(exit);
    this.#turn(statements);
    code.get(index).i32(1).op("i32.add").set(index).branch(next);
    code.end().end();
  }

  #turn(statements: readonly Statement[]): void {
    this.#inTurn(() => this.#emit(statements));
  }

  /** Emits a block that `return` leaves. */
  #inTurn(emit: () => void): void {
    const outer = this.#turnEnd;
    this.#turnEnd = this.#code.block();
    emit();
    this.#code.end();
    this.#turnEnd = outer;
  }

  // The loop in lanes

  /**
   * Emits the loop in lanes, with `groups` vectors for each value.
   *
   * @param index local variable: the index of the next turn
   * @param end local variable: the index after the last, not below `index`. As an unsigned number, their
   * difference does not overflow
   */
  laneLoop(index: number, end: number, groups: number): void {
    const code = this.#code;
    const { loop, statements, variable, varying } = this.#lanes;
    const all = Array.from({ length: groups }, (_, group) => group);
    // The engine would make constants anew in each turn.
    const offsets = all.map((group) => {
      const [double, int] = [code.local(ValueType.V128), code.local(ValueType.V128)];
      code.f64x2(2 * group, 2 * group + 1).set(double);
      code.i32x2(2 * group, 2 * group + 1).set(int);
      return { double, int };
    });
    const doubles = code.local(ValueType.V128);
    this.#expressions.laneIndex = { variable, local: index, doubles, offsets };
    const folds = loop === undefined ? [] : this.#beginFolds(all);
    const rows = findRows(this.#lanes, this.#expressions.ranges, code);
    const pointers = distinct(rows);
    this.#pairs = findPairs(this.#lanes, this.#expressions.ranges, rows, this.#homes);
    const uncertain = pointers.filter(({ array, index }) =>
      !this.#expressions.ranges.isWithin(array, index)
    );
    this.#hoist(statements, rows);
    this.#withLanes(varying, rows, [], () => this.#pointAt(pointers));
    const exit = code.block();
    const next = code.loop();
    for (const count of [groups, 1]) {
      const width = 2 * count;
      code.get(end).get(index).op("i32.sub").i32(width).op("i32.ge_u");
      this.#checkRows(uncertain, count);
      code.if();
      this.#withLanes(varying, rows, all.slice(0, count), () => this.#laneTurn(statements));
      this.#advance(index, pointers, width);
      code.branch(next).end();
    }
    code.get(index).get(end).op("i32.ge_s").branchIf(exit);
    if (loop === undefined) this.#turn(statements);
    else this.#loopBody(loop, () => this.#emit(statements));
    this.#advance(index, pointers, 1);
    code.branch(next).end().end();
    this.#expressions.forgetHoisted();
    for (const fold of folds) this.#endFold(fold);
  }

  /** Runs `emit` with the state of the loop in lanes. */
  #withLanes(
    varying: ReadonlySet<Variable>,
    rows: readonly RowAccess[],
    groups: readonly number[],
    emit: () => void,
  ): void {
    const expressions = this.#expressions;
    const outer = this.#groups;
    expressions.varying = varying;
    expressions.rows = rows;
    expressions.pairs = this.#pairs;
    expressions.definitions = definitionsIn(this.#lanes.statements);
    this.#groups = groups;
    emit();
    this.#groups = outer;
    expressions.varying = new Set();
    expressions.rows = [];
    expressions.pairs = new Set();
    expressions.definitions = new Map();
  }

  /** Emits the turns of all lanes. */
  #laneTurn(statements: readonly Statement[]): void {
    const code = this.#code;
    const { local, doubles } = this.#expressions.laneIndex!;
    code.get(local).op("f64.convert_i32_s", "f64x2.splat").set(doubles);
    if (isStraight(statements)) {
      // One group after the other: few values are alive at a time.
      const groups = this.#groups;
      for (const group of groups) {
        this.#groups = [group];
        this.#emit(statements);
      }
      this.#groups = groups;
      return;
    }
    const { loop, returnsApart } = this.#lanes;
    if (loop !== undefined) return this.#loopBody(loop, () => this.#emit(statements));
    this.#inTurn(() => {
      if (returnsApart) this.#masks.push({ locals: this.#fullMask() });
      this.#emit(statements);
      if (returnsApart) this.#masks.pop();
    });
  }

  /** Emits the body of the `for` in lanes, whose lanes may `continue` at different statements. */
  #loopBody(loop: ForStatement, emit: () => void): void {
    const code = this.#code;
    const isMasked = this.#groups.length > 0 && this.#lanes.masked.has(loop);
    const next = code.block();
    this.#loops.push({ statement: loop, exit: next, next, isMasked });
    if (isMasked) this.#masks.push({ locals: this.#fullMask(), loop, isTurn: true });
    emit();
    if (isMasked) this.#masks.pop();
    this.#loops.pop();
    code.end();
  }

  #fullMask(): number[] {
    return this.#newMask((_group) => this.#code.i32x2(-1, -1).op("i64x2.extend_low_i32x4_s"));
  }

  /** Makes local variables for a mask; `emit` leaves the lanes of a group. */
  #newMask(emit: (group: number) => void): number[] {
    const locals: number[] = [];
    for (const group of this.#groups) {
      emit(group);
      const local = this.#code.local(ValueType.V128);
      this.#code.set(local);
      locals[group] = local;
    }
    return locals;
  }

  #beginFolds(groups: readonly number[]): Variable[] {
    for (const [variable, operator] of this.#lanes.folds) {
      const identity = foldIdentities[operator];
      const lanes = groups.map(() => {
        const local = this.#code.local(ValueType.V128);
        this.#code.f64x2(identity, identity).set(local);
        return local;
      });
      this.#folds.set(variable, { operator, lanes });
    }
    return [...this.#lanes.folds.keys()];
  }

  #endFold(variable: Variable): void {
    const { operator, lanes } = this.#folds.get(variable)!;
    const local = this.#expressions.scalarOf(variable);
    this.#code.get(local);
    combineLanes(this.#code, operator, lanes);
    this.#code.op(foldOperations[operator][0]).set(local);
    this.#folds.delete(variable);
  }

  /** Sets the position and the address of accesses to those of the first turn. */
  #pointAt(rows: readonly RowAccess[]): void {
    const code = this.#code;
    for (const row of rows) {
      const { address, type } = this.#placeOf(row.array);
      this.#expressions.scalar(row.index, "int");
      code.tee(row.position).i32(elementAccess[type].shift).op("i32.shl");
      code.get(address).op("i32.add").set(row.address);
    }
  }

  /** Goes on to the turn that comes after `width` turns. */
  #advance(index: number, rows: readonly RowAccess[], width: number): void {
    const code = this.#code;
    const add = (local: number, amount: number) =>
      code.get(local).i32(amount).op("i32.add").set(local);
    add(index, width);
    for (const { array, address, position } of rows) {
      add(position, width);
      add(address, width << elementAccess[this.#placeOf(array).type].shift);
    }
  }

  /** Adds to a condition on the stack that elements exist for all lanes of so many groups. */
  #checkRows(rows: readonly RowAccess[], count: number): void {
    const code = this.#code;
    for (const { array, position } of rows) {
      // As unsigned numbers: index < length, and width - 1 <= length - 1 - index.
      const { length } = this.#placeOf(array);
      code.get(position).get(length).op("i32.lt_u", "i32.and");
      code.get(length).get(position).op("i32.sub").i32(2 * count).op("i32.ge_s", "i32.and");
    }
  }

  #placeOf(array: ArrayName): ArrayPlace {
    return this.#expressions.arrays.get(array)!;
  }

  /** Makes vectors of numbers before the loop in lanes begins. */
  #hoist(statements: readonly Statement[], rows: readonly RowAccess[]): void {
    eachStatement(statements, (statement) => {
      for (const expression of expressionsOf(statement)) {
        if (rows.some((row) => row.index === expression)) continue;
        this.#hoistIn(expression, rows);
      }
    });
  }

  /** Makes vectors of the numbers among the operands of what varies. */
  #hoistIn(expression: Expression, rows: readonly RowAccess[]): void {
    const expressions = this.#expressions;
    if (!isVarying(expression, this.#lanes.varying)) return;
    if (expression.op === "load" && rows.some((row) => row.index === expression.index)) return;
    const operands = operandsOf(expression);
    const areInts = [expression, ...operands].every((it) =>
      expressions.ranges.kindOf(it) !== "double"
    );
    for (const operand of operands) {
      if (operand.op === "number" || operand.op === "context") {
        const isInt = areInts && expressions.ranges.kindOf(operand) === "int";
        expressions.hoist(operand, isInt ? "int" : "double");
      } else this.#hoistIn(operand, rows);
    }
  }

  // Statements

  #emit(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement, statements);
  }

  get #mask(): Mask | undefined {
    return this.#masks.at(-1);
  }

  #statement(statement: Statement, list: readonly Statement[]): void {
    switch (statement.op) {
      case "set":
        return this.#set(statement, list);
      case "store":
        return this.#store(statement);
      case "view":
        return this.#view(statement);
      case "if":
        return this.#if(statement);
      case "for":
        return this.#for(statement);
      case "while":
        return this.#while(statement, this.#isMasked(statement), statement);
      case "break":
      case "continue":
        return this.#leave(statement.op);
      case "return":
        return this.#return(statement.value);
    }
  }

  #isMasked(statement: Statement): boolean {
    return this.#groups.length > 0 && this.#lanes.masked.has(statement);
  }

  #set(statement: Statement & { op: "set" }, list: readonly Statement[]): void {
    const { variable, value } = statement;
    const expressions = this.#expressions;
    const code = this.#code;
    const fold = this.#folds.get(variable);
    if (fold !== undefined && this.#groups.length > 0) {
      const { operand } = foldOperand(statement)!;
      for (const group of this.#groups) {
        this.#fold(fold.operator, fold.lanes[group], operand, group);
      }
      return;
    }
    const kind = expressions.ranges.kindOfVariable(variable);
    if (this.#groups.length === 0 || !expressions.varying.has(variable)) {
      expressions.scalar(value, kind);
      code.set(expressions.scalarOf(variable));
      return;
    }
    const mask = this.#mask;
    const isOwn = this.#homes.get(variable) === list ||
      (mask?.loop !== undefined && !mask.isTurn && this.#isForgotten(variable, mask.loop));
    for (const group of this.#groups) {
      expressions.vector(value, kind, group);
      const local = expressions.vectorOf(variable, group);
      if (mask !== undefined && !isOwn) {
        code.get(local).get(mask.locals[group]);
        expressions.narrowMask(kind);
        code.op("v128.bitselect");
      }
      code.set(local);
    }
  }

  /**
   * Returns whether nothing reads a variable after a loop that lanes leave at different turns. Then the turns
   * that follow may change it in the lanes that have left.
   */
  #isForgotten(variable: Variable, loop: Statement): boolean {
    let forgotten = this.#forgotten.get(loop);
    if (forgotten === undefined) {
      this.#forgotten.set(loop, forgotten = variablesForgotten(loop, this.#lanes.statements));
    }
    return forgotten.has(variable);
  }

  /** Combines two lanes of a value with a vector. */
  #fold(operator: FoldOperator, into: number, value: Expression, group: number): void {
    const code = this.#code;
    code.get(into);
    this.#expressions.vector(value, "double", group);
    code.op(foldOperations[operator][1]);
    if (this.#mask !== undefined) {
      code.get(into).get(this.#mask.locals[group]).op("v128.bitselect");
    }
    code.set(into);
  }

  #store({ array, index, value }: Statement & { op: "store" }): void {
    if (this.#groups.length === 0) return this.#expressions.scalarStore(array, index, value);
    for (const group of this.#groups) {
      this.#expressions.vectorStore(array, index, value, group, this.#mask?.locals[group]);
    }
  }

  /** Makes a view: `from` and `to` are cut to the length of the array, negative ones count from its end. */
  #view({ view, array, from, to }: Statement & { op: "view" }): void {
    const code = this.#code;
    const expressions = this.#expressions;
    const base = this.#placeOf(array);
    let place = expressions.arrays.get(view);
    if (place === undefined) {
      const [address, length] = [code.local(ValueType.I32), code.local(ValueType.I32)];
      place = { memory: base.memory, type: base.type, address, length };
      expressions.arrays.set(view, place);
    }
    const start = this.#position(from, base.length);
    const stop = to === undefined ? base.length : this.#position(to, base.length);
    code.get(start).i32(elementAccess[base.type].shift).op("i32.shl");
    code.get(base.address).op("i32.add").set(place.address);
    code.get(stop).get(start).op("i32.sub").i32(0);
    code.get(stop).get(start).op("i32.gt_s", "select").set(place.length);
  }

  /** Returns a local variable with the position of a bound of a view. */
  #position(bound: Expression, length: number): number {
    const code = this.#code;
    const [value, position] = [code.local(ValueType.F64), code.local(ValueType.F64)];
    this.#expressions.scalar(bound, "double");
    code.op("f64.trunc").tee(value);
    code.get(length).op("f64.convert_i32_s").get(value).op("f64.add");
    code.get(value).f64(0).op("f64.ge", "select").f64(0).op("f64.max");
    code.get(length).op("f64.convert_i32_s", "f64.min").set(position);
    const local = code.local(ValueType.I32);
    code.get(position).op("i32.trunc_sat_f64_s").set(local); // NaN becomes 0
    return local;
  }

  #if({ test, then, otherwise }: Statement & { op: "if" }): void {
    const code = this.#code;
    if (this.#groups.length > 0 && this.#expressions.isVarying(test)) {
      return this.#ifInLanes(test, then, otherwise);
    }
    this.#expressions.scalar(test, "condition");
    code.if();
    this.#emit(then);
    if (otherwise.length > 0) {
      code.op("else");
      this.#emit(otherwise);
    }
    code.end();
  }

  #ifInLanes(
    test: Expression,
    then: readonly Statement[],
    otherwise: readonly Statement[],
  ): void {
    const code = this.#code;
    const outer = this.#mask;
    const tests = this.#newMask((group) => this.#expressions.vector(test, "condition", group));
    const branches = [{ statements: then, negated: false }];
    if (otherwise.length > 0) branches.push({ statements: otherwise, negated: true });
    const masks = branches.map(({ negated }) =>
      this.#newMask((group) => {
        if (outer === undefined) {
          code.get(tests[group]);
          if (negated) code.op("v128.not");
        } else {
          code.get(outer.locals[group]).get(tests[group]);
          code.op(negated ? "v128.andnot" : "v128.and");
        }
      })
    );
    branches.forEach(({ statements }, at) => {
      this.#anyLane(masks[at]);
      code.if();
      this.#masks.push({ locals: masks[at] });
      this.#emit(statements);
      this.#masks.pop();
      code.end();
    });
  }

  /** Leaves whether a lane is set in a mask. */
  #anyLane(locals: readonly number[]): void {
    this.#groups.forEach((group, at) => {
      this.#code.get(locals[group]);
      if (at > 0) this.#code.op("v128.or");
    });
    this.#code.op("v128.any_true");
  }

  #for(statement: ForStatement): void {
    const { variable, from, to, body, line } = statement;
    const code = this.#code;
    const expressions = this.#expressions;
    if (statement === this.#lanes.loop && this.#groups.length === 0) {
      const index = expressions.scalarOf(variable);
      const end = code.local(ValueType.I32);
      expressions.scalar(from, "int");
      code.set(index);
      expressions.scalar(to, "int");
      code.tee(end).get(index).get(end).get(index).op("i32.gt_s", "select").set(end);
      return this.laneLoop(index, end, isStraight(body) ? 4 : 2);
    }
    const isMasked = this.#isMasked(statement);
    const count: Expression = { op: "variable", variable };
    const one: Expression = { op: "number", value: 1 };
    this.#set({ op: "set", variable, value: from }, isMasked ? [] : body);
    this.#while(
      {
        op: "while",
        test: { op: "lt", args: [count, to] },
        body,
        update: [{ op: "set", variable, value: { op: "add", args: [count, one] } }],
        line,
      },
      isMasked,
      statement,
    );
  }

  /** Emits a loop; `statement` is the one it stands for. */
  #while(
    { test, body, update }: Statement & { op: "while" },
    isMasked: boolean,
    statement: Statement,
  ): void {
    const code = this.#code;
    const outer = this.#mask;
    const live = isMasked
      ? this.#newMask((group) =>
        outer === undefined
          ? code.i32x2(-1, -1).op("i64x2.extend_low_i32x4_s")
          : code.get(outer.locals[group])
      )
      : undefined;
    const exit = code.block();
    const again = code.loop();
    if (live === undefined) {
      this.#expressions.scalar(test, "condition");
      code.op("i32.eqz").branchIf(exit);
    } else {
      for (const group of this.#groups) {
        code.get(live[group]);
        this.#expressions.vector(test, "condition", group);
        code.op("v128.and").set(live[group]);
      }
      this.#anyLane(live);
      code.op("i32.eqz").branchIf(exit);
      this.#masks.push({ locals: live, loop: statement });
    }
    const next = code.block();
    this.#loops.push({ statement, exit, next, isMasked });
    const turn = live === undefined || !hasContinue(body)
      ? undefined
      : this.#newMask((group) => code.get(live[group]));
    if (turn !== undefined) this.#masks.push({ locals: turn, loop: statement, isTurn: true });
    this.#emit(body);
    if (turn !== undefined) this.#masks.pop();
    this.#loops.pop();
    code.end();
    this.#emit(update);
    if (live !== undefined) this.#masks.pop();
    code.branch(again).end().end();
  }

  /** Leaves a loop, or a turn of it. */
  #leave(op: "break" | "continue"): void {
    const loop = this.#loops.at(-1)!;
    if (!loop.isMasked) {
      this.#code.branch(op === "break" ? loop.exit : loop.next);
      return;
    }
    const isTurn = op === "continue";
    const first = this.#masks.findIndex((mask) =>
      mask.loop === loop.statement && (mask.isTurn === true) === isTurn
    );
    this.#takeOut(first);
  }

  /** Takes the lanes of the innermost mask out of the masks from `first` on. */
  #takeOut(first: number): void {
    const leaving = this.#mask!.locals;
    for (const { locals } of this.#masks.slice(first)) {
      for (const group of this.#groups) {
        this.#code.get(locals[group]).get(leaving[group]).op("v128.andnot").set(locals[group]);
      }
    }
  }

  #return(value: Expression | undefined): void {
    const code = this.#code;
    const result = this.#result;
    if (this.#groups.length === 0) {
      if (result !== undefined) {
        code.get(result.single);
        this.#expressions.scalar(value!, "double");
        code.op(foldOperations[result.operator][0]).set(result.single);
      }
      code.branch(this.#turnEnd);
      return;
    }
    if (result !== undefined) {
      for (const group of this.#groups) {
        this.#fold(result.operator, result.lanes[group], value!, group);
      }
    }
    if (this.#mask !== undefined) this.#takeOut(0);
    else if (!isStraight(this.#lanes.statements)) code.branch(this.#turnEnd);
  }
}

/** Returns whether statements run one after the other, whatever the numbers are. */
export function isStraight(statements: readonly Statement[]): boolean {
  return statements.every(({ op }, at) =>
    op === "set" || op === "store" || op === "view" ||
    (op === "return" && at === statements.length - 1)
  );
}

function hasContinue(statements: readonly Statement[]): boolean {
  return statements.some((statement) =>
    statement.op === "continue" || (statement.op === "if" && listsOf(statement).some(hasContinue))
  );
}
