/**
 * Which loop of a program runs in the lanes of vectors, and what differs between lanes.
 *
 * A vector instruction computes two turns of one loop at once: of the parallel loop, or of a `for` within its
 * body. What differs between these turns is *varying* and is computed by vectors; the rest is *uniform* and is
 * computed once for all lanes. Where turns take different branches, both are computed, and a mask of the
 * lanes that are concerned says which values and elements change.
 *
 * @module
 */

import { homesOf } from "./homes.ts";
import type { ArrayName, Expression, Program, Statement, Variable } from "./program.ts";
import type { Ranges } from "./ranges.ts";
import {
  eachExpressionIn,
  eachStatement,
  expressionsOf,
  isSameExpression,
  listsOf,
  operandsOf,
  variablesSet,
} from "./visit.ts";

/** The operators by which the values of turns are combined. */
export type FoldOperator = "+" | "*" | "min" | "max";

/** A `for` of a program. */
export type ForStatement = Statement & { op: "for" };

/** A loop in lanes. */
export interface LanePlan {
  /** The `for`; `undefined`: the parallel loop. */
  readonly loop: ForStatement | undefined;
  readonly variable: Variable;
  readonly statements: readonly Statement[];
  /** What differs between lanes. */
  readonly varying: ReadonlySet<Variable>;
  /** Loops that lanes leave at different turns. */
  readonly masked: ReadonlySet<Statement>;
  /** Whether lanes may return at different statements. */
  readonly returnsApart: boolean;
  /** Variables that combine values of all turns of the `for`. */
  readonly folds: ReadonlyMap<Variable, FoldOperator>;
  /** Number of accesses to elements that are not next to each other. */
  readonly scattered: number;
}

/** Why a loop cannot run in lanes. */
export class LaneObstacle {
  readonly reason: string;
  /** About how long all turns take on one core as JavaScript, in nanoseconds; Infinity if that is not known. */
  readonly time: number;

  constructor(reason: string, time = Infinity) {
    this.reason = reason;
    this.time = time;
  }
}

/** Fewer turns than this are not worth vectors. */
const MIN_TURNS = 16;
/** Operations for each scattered access that make vectors worth it. */
const OPERATIONS_PER_SCATTERED = 3;

/** What is known of the memory of the arrays. */
export interface ArrayIdentity {
  /** Name of the first array with the same elements. */
  readonly same: string;
  /** Whether it overlaps an array that has not the same elements. */
  readonly overlaps: boolean;
}

/**
 * Chooses the loop that runs in lanes.
 *
 * @param turns number of turns of the parallel loop
 */
export function chooseLanes(
  program: Program,
  ranges: Ranges,
  identities: Readonly<Record<string, ArrayIdentity>>,
  turns: number,
): LanePlan | LaneObstacle {
  let best: { plan: LanePlan; score: number } | undefined;
  const reasons: { where: string; reason: string }[] = [];
  for (const loop of candidatesOf(program, ranges)) {
    const where = loop === undefined
      ? "the parallel loop"
      : `the loop over \`${loop.variable.name}\``;
    const plan = new LaneAnalysis(program, ranges, identities, loop).result();
    if (plan instanceof LaneObstacle) reasons.push({ where, reason: plan.reason });
    else if ((loop === undefined ? turns : ranges.maxTurns(loop)) < MIN_TURNS) {
      reasons.push({ where, reason: `there are fewer than ${MIN_TURNS} turns` });
    } else {
      const score = plan.scattered * 2 + (loop === undefined ? 0 : 1);
      if (best === undefined || score < best.score) best = { plan, score };
    }
  }
  if (best === undefined) return new LaneObstacle(inWords(reasons));
  const { plan } = best;
  if (plan.scattered * OPERATIONS_PER_SCATTERED > operationsIn(plan.statements)) {
    return new LaneObstacle(
      "it reads or writes elements that are not next to each other in memory, and computes little",
    );
  }
  if (hasRemainder([...plan.masked], ranges)) {
    return new LaneObstacle(
      "it computes remainders by % in a loop that ends at another turn for each index, which JavaScript does faster",
    );
  }
  return plan;
}

/** Says why none of the loops can run in lanes. */
function inWords(reasons: readonly { where: string; reason: string }[]): string {
  if (reasons.length === 1) return reasons[0].reason;
  return reasons.map(({ where, reason }) => `in ${where}, ${reason}`).join("; ");
}

/** Analyses each loop that may run in lanes: the parallel loop first. */
export function possibleLanes(
  program: Program,
  ranges: Ranges,
  identities: Readonly<Record<string, ArrayIdentity>>,
): (LanePlan | LaneObstacle)[] {
  return candidatesOf(program, ranges).map((loop) =>
    new LaneAnalysis(program, ranges, identities, loop).result()
  );
}

/** Returns the loops that may run in lanes; `undefined` is the parallel loop. */
function candidatesOf(program: Program, ranges: Ranges): (ForStatement | undefined)[] {
  return [undefined, ...countedLoops(program, ranges)];
}

function countedLoops({ statements }: Program, ranges: Ranges): ForStatement[] {
  const loops: ForStatement[] = [];
  eachStatement(statements, (statement) => {
    if (statement.op === "for" && ranges.isCounted(statement)) loops.push(statement);
  });
  return loops;
}

/** Returns whether statements compute remainders other than those of integers that are known to be. */
function hasRemainder(statements: readonly Statement[], ranges: Ranges): boolean {
  let found = false;
  eachExpressionIn(statements, (expression) => {
    if (expression.op === "rem" && ranges.kindOf(expression) !== "int") found = true;
  });
  return found;
}

/** Returns the number of arithmetic operations. */
function operationsIn(statements: readonly Statement[]): number {
  let count = 0;
  eachExpressionIn(statements, (expression) => {
    if (expression.op === "math") count += 4;
    else if ("args" in expression) count++;
  });
  return count;
}

/** The analysis of one loop. */
class LaneAnalysis {
  readonly #program: Program;
  readonly #ranges: Ranges;
  readonly #identities: Readonly<Record<string, ArrayIdentity>>;
  readonly #loop: ForStatement | undefined;
  readonly #variable: Variable;
  readonly #statements: readonly Statement[];
  readonly #varying = new Set<Variable>();
  readonly #masked = new Set<Statement>();
  readonly #folds = new Map<Variable, FoldOperator>();
  /** The variables that the statements set, and the values of those that one statement sets. */
  readonly #assigned: ReadonlySet<Variable>;
  readonly #definitions: ReadonlyMap<Variable, Expression>;
  readonly #strides = new Map<Variable, Stride>();
  /** Whether variables have one value in a turn. */
  readonly #steady = new Map<Variable, boolean>();
  /** The arrays that views are views of. */
  readonly #bases = new Map<ArrayName, ArrayName>();
  #homes: ReadonlyMap<Variable, readonly Statement[]> | undefined;
  #returnsApart = false;
  #hasChanged = false;
  #scattered = 0;

  constructor(
    program: Program,
    ranges: Ranges,
    identities: Readonly<Record<string, ArrayIdentity>>,
    loop: ForStatement | undefined,
  ) {
    this.#program = program;
    this.#ranges = ranges;
    this.#identities = identities;
    this.#loop = loop;
    this.#variable = loop?.variable ?? program.index;
    this.#statements = loop?.body ?? program.statements;
    this.#assigned = variablesSet(this.#statements);
    this.#definitions = definitionsIn(this.#statements);
  }

  result(): LanePlan | LaneObstacle {
    this.#varying.add(this.#variable);
    do {
      this.#hasChanged = false;
      this.#spread(this.#statements, false, this.#loop);
    } while (this.#hasChanged);
    const obstacle = this.#findObstacle();
    if (obstacle !== undefined) return new LaneObstacle(obstacle);
    return {
      loop: this.#loop,
      variable: this.#variable,
      statements: this.#statements,
      varying: this.#varying,
      masked: this.#masked,
      returnsApart: this.#returnsApart,
      folds: this.#folds,
      scattered: this.#scattered,
    };
  }

  #isVarying = (expression: Expression): boolean => isVarying(expression, this.#varying);

  #add<T>(set: Set<T>, value: T): void {
    if (set.has(value)) return;
    set.add(value);
    this.#hasChanged = true;
  }

  /**
   * Finds what varies.
   *
   * @param isMasked whether lanes may be at different statements
   * @param loop the innermost loop around the statements
   */
  #spread(
    statements: readonly Statement[],
    isMasked: boolean,
    loop: Statement | undefined,
  ): void {
    for (const statement of statements) {
      const isApart = isMasked || this.#returnsApart ||
        (loop !== undefined && this.#masked.has(loop));
      switch (statement.op) {
        case "set":
          if (
            this.#isVarying(statement.value) || (isApart && !this.#isOwn(statement, statements))
          ) {
            this.#add(this.#varying, statement.variable);
          }
          break;
        case "if": {
          const isInner = isApart || this.#isVarying(statement.test);
          this.#spread(statement.then, isInner, loop);
          this.#spread(statement.otherwise, isInner, loop);
          break;
        }
        case "for": {
          const hasVaryingBounds = this.#isVarying(statement.from) ||
            this.#isVarying(statement.to);
          if (hasVaryingBounds) this.#add(this.#masked, statement);
          if (this.#masked.has(statement)) this.#add(this.#varying, statement.variable);
          this.#spread(statement.body, isApart, statement);
          break;
        }
        case "while":
          if (isApart || this.#isVarying(statement.test)) this.#add(this.#masked, statement);
          this.#spread(statement.body, isApart, statement);
          this.#spread(statement.update, isApart, statement);
          break;
        case "break":
        case "continue":
          if (isApart) this.#add(this.#masked, loop!);
          break;
        case "return":
          if (isApart && !this.#returnsApart) {
            this.#returnsApart = true;
            this.#hasChanged = true;
          }
      }
    }
  }

  /** Returns whether only the lanes that are at a statement see what it sets. */
  #isOwn({ variable }: Statement & { op: "set" }, list: readonly Statement[]): boolean {
    this.#homes ??= homesOf(this.#program.statements);
    return this.#homes.get(variable) === list;
  }

  #findObstacle(): string | undefined {
    eachStatement(this.#program.statements, (statement) => {
      if (statement.op === "view") this.#bases.set(statement.view, this.#baseOf(statement.array));
    });
    const carried = this.#findCarried();
    if (carried !== undefined) return carried;
    const stores: (Statement & { op: "store" })[] = [];
    let obstacle: string | undefined;
    eachStatement(this.#statements, (statement) => {
      if (statement.op === "view" && expressionsOf(statement).some(this.#isVarying)) {
        obstacle ??= `the view \`${statement.view.name}\` differs between the turns`;
      }
      if (statement.op !== "store") return;
      stores.push(statement);
      if (!this.#isVarying(statement.index)) {
        obstacle ??= `\`${statement.array.name}[…]\` is written at the same index in each turn`;
      }
      const stride = this.#strideOf(statement.index);
      if (stride !== 1) this.#scattered++;
      const isKnown = this.#loop === undefined ? stride !== undefined : typeof stride === "number";
      if (!isKnown || stride === 0) {
        obstacle ??= `it is not known that \`${statement.array.name}[…]\` is written at ` +
          "another index in each turn";
      }
    });
    eachExpressionIn(this.#statements, (expression) => {
      if (expression.op !== "load") return;
      const stride = this.#strideOf(expression.index);
      if (stride !== 1 && this.#isVarying(expression.index)) this.#scattered++;
    });
    return obstacle ?? (this.#loop === undefined ? undefined : this.#findConflict(stores));
  }

  /** Returns the distance between the indices of consecutive turns. What varies is known by now. */
  #strideOf(index: Expression): Stride {
    return strideOf(index, {
      variable: this.#variable,
      varying: this.#varying,
      definitions: this.#definitions,
      ranges: this.#ranges,
      strides: this.#strides,
    });
  }

  /** Finds a variable that carries a value from one turn of the `for` to the next, other than a fold. */
  #findCarried(): string | undefined {
    if (this.#loop === undefined) return undefined;
    const own = this.#loop;
    // A variable that the turns share is declared outside of the loop, by a statement that sets it.
    const outside = new Set<Variable>();
    const visit = (statements: readonly Statement[]) => {
      for (const statement of statements) {
        if (statement === own) continue;
        if (statement.op === "set") outside.add(statement.variable);
        listsOf(statement).forEach(visit);
      }
    };
    visit(this.#program.statements);
    for (const variable of this.#assigned) {
      if (!outside.has(variable)) continue;
      const fold = this.#foldOf(variable);
      if (fold === undefined) {
        return `\`${variable.name}\` carries a value from one turn to the next`;
      }
      this.#folds.set(variable, fold);
    }
    return undefined;
  }

  /** Returns the operator by which all statements of the loop combine a value with the variable. */
  #foldOf(variable: Variable): FoldOperator | undefined {
    const operators = new Set<FoldOperator | undefined>();
    let reads = 0;
    eachStatement(this.#statements, (statement) => {
      if (statement.op !== "set" || statement.variable !== variable) return;
      operators.add(foldOperand(statement)?.operator);
    });
    eachExpressionIn(this.#statements, (expression) => {
      if (expression.op === "variable" && expression.variable === variable) reads++;
    });
    const [operator] = operators;
    let sets = 0;
    eachStatement(this.#statements, (statement) => {
      if (statement.op === "set" && statement.variable === variable) sets++;
    });
    const isFold = operators.size === 1 && reads === sets &&
      this.#ranges.kindOfVariable(variable) === "double";
    return isFold ? operator : undefined;
  }

  #baseOf(array: ArrayName): ArrayName {
    return this.#bases.get(array) ?? array;
  }

  /** Finds elements that one turn of the `for` writes and another one may read or write. */
  #findConflict(stores: (Statement & { op: "store" })[]): string | undefined {
    const identityOf = (array: ArrayName) => this.#identities[this.#baseOf(array).name];
    let conflict: string | undefined;
    for (const store of stores) {
      if (!this.#isSteady(store.index) || !this.#isSteadyArray(store.array)) {
        return `turns may write the same element of \`${store.array.name}\``;
      }
      const { same, overlaps } = identityOf(store.array);
      if (overlaps) return `\`${store.array.name}\` overlaps another array`;
      const check = (array: ArrayName, index: Expression) => {
        if (identityOf(array).same !== same) return;
        // Arrays of the context with the same elements are one; of views it is not known where they begin.
        const isOne = array === store.array ||
          ![array, store.array].some((it) => this.#bases.has(it));
        if (isOne && isSameExpression(index, store.index)) return;
        conflict ??= `\`${array.name}\` may be used at an index that another turn writes`;
      };
      eachExpressionIn(this.#statements, (expression) => {
        if (expression.op === "load") check(expression.array, expression.index);
      });
      for (const other of stores) check(other.array, other.index);
    }
    return conflict;
  }

  /** Returns whether an expression has one value in a turn of the `for`, wherever the turn uses it. */
  #isSteady = (expression: Expression): boolean => {
    if (expression.op !== "variable") return operandsOf(expression).every(this.#isSteady);
    const { variable } = expression;
    if (variable === this.#variable || !this.#assigned.has(variable)) return true;
    const known = this.#steady.get(variable);
    if (known !== undefined) return known;
    const definition = this.#definitions.get(variable);
    const isSteady = definition !== undefined && this.#isSteady(definition);
    this.#steady.set(variable, isSteady);
    return isSteady;
  };

  /** Returns whether an array is the same view wherever a turn of the `for` uses it. */
  #isSteadyArray(array: ArrayName): boolean {
    let isSteady = true;
    eachStatement(this.#statements, (statement) => {
      if (statement.op !== "view" || statement.view !== array) return;
      isSteady = expressionsOf(statement).every(this.#isSteady) &&
        this.#isSteadyArray(statement.array);
    });
    return isSteady;
  }
}

/** Returns whether an expression differs between lanes. */
export function isVarying(expression: Expression, varying: ReadonlySet<Variable>): boolean {
  if (expression.op === "variable") return varying.has(expression.variable);
  return operandsOf(expression).some((operand) => isVarying(operand, varying));
}

/** Returns what a statement such as `s = s + x` combines with its variable; `undefined` for others. */
export function foldOperand(
  { variable, value }: Statement & { op: "set" },
): { operator: FoldOperator; operand: Expression } | undefined {
  const operator = ({ add: "+", sub: "+", mul: "*", min: "min", max: "max" } as const)[
    value.op as "add"
  ];
  if (operator === undefined) return undefined;
  const [left, right] = (value as Expression & { op: "add" }).args;
  const isOwn = (side: Expression) => side.op === "variable" && side.variable === variable;
  if (isOwn(left)) {
    return { operator, operand: value.op === "sub" ? { op: "neg", args: [right] } : right };
  }
  return isOwn(right) && (value.op as string) !== "sub" ? { operator, operand: left } : undefined;
}

/** Returns the values of variables that are set by one statement only. */
export function definitionsIn(statements: readonly Statement[]): Map<Variable, Expression> {
  const definitions = new Map<Variable, Expression>();
  const repeated = new Set<Variable>();
  eachStatement(statements, (statement) => {
    if (statement.op !== "set") return;
    if (definitions.has(statement.variable)) repeated.add(statement.variable);
    definitions.set(statement.variable, statement.value);
  });
  for (const variable of repeated) definitions.delete(variable);
  return definitions;
}

/** What strides depend on. */
export interface StrideContext {
  /** The variable of the loop in lanes. */
  readonly variable: Variable;
  readonly varying: ReadonlySet<Variable>;
  readonly definitions: ReadonlyMap<Variable, Expression>;
  readonly ranges: Ranges;
  /** The strides of variables that have been found out. */
  readonly strides: Map<Variable, Stride>;
}

/**
 * By how much an integer differs from one turn of a loop to the next: a number, `"uniform"` for a number that is
 * known only when the kernel runs, `undefined` if it is not the same for all turns.
 */
export type Stride = number | "uniform" | undefined;

/** Returns by how much an integer differs from one turn of a loop to the next. */
export function strideOf(expression: Expression, context: StrideContext): Stride {
  const { variable, varying, definitions, ranges, strides } = context;
  if (ranges.kindOf(expression) !== "int") return undefined;
  if (!isVarying(expression, varying)) return 0;
  const stride = (inner: Expression) => strideOf(inner, context);
  switch (expression.op) {
    case "variable": {
      if (expression.variable === variable) return 1;
      if (strides.has(expression.variable)) return strides.get(expression.variable);
      const definition = definitions.get(expression.variable);
      const result = definition === undefined ? undefined : stride(definition);
      strides.set(expression.variable, result);
      return result;
    }
    case "add":
    case "sub": {
      const [left, right] = expression.args.map(stride);
      if (left === undefined || right === undefined) return undefined;
      if (typeof left === "string" || typeof right === "string") return "uniform";
      return expression.op === "add" ? left + right : left - right;
    }
    case "mul": {
      const [left, right] = expression.args;
      for (const [factor, other] of [[left, right], [right, left]]) {
        if (isVarying(factor, varying)) continue;
        const step = stride(other);
        if (step === undefined) return undefined;
        const range = ranges.rangeOf(factor);
        const isKnown = range !== undefined && range.low === range.high;
        return isKnown && typeof step === "number" ? range.low * step : "uniform";
      }
      return undefined;
    }
    case "bitor": {
      const [left, right] = expression.args;
      return right.op === "number" && right.value === 0 ? stride(left) : undefined;
    }
    default:
      return undefined;
  }
}
