/**
 * Compiles programs to WebAssembly.
 *
 * A module exports three functions:
 *
 * - `begin()` forgets the values of earlier turns;
 * - `run(first, count, …)` takes `count` turns of the parallel loop, whose indices begin with `first`. Then
 *   come the address and the length of each array, and the numbers of the context;
 * - `result()` returns the combined value of all turns since `begin()`.
 *
 * A loop is run by many short calls of `run`, since the engine replaces a function by its optimized code
 * between two calls only.
 *
 * @module
 */

import { estimateTime } from "./cost.ts";
import { ExpressionCode } from "./expression_code.ts";
import { combineLanes, foldIdentities, foldOperations } from "./fold_code.ts";
import { homesOf } from "./homes.ts";
import {
  type ArrayIdentity,
  chooseLanes,
  type FoldOperator,
  LaneObstacle,
  type LanePlan,
} from "./lanes.ts";
import type { Program, Statement } from "./program.ts";
import { type Facts, Ranges } from "./ranges.ts";
import { isStraight, StatementCode } from "./statement_code.ts";
import { eachExpressionIn, eachStatement } from "./visit.ts";
import { encodeModule, FunctionCode, type ModuleFunction, ValueType } from "./wasm_module.ts";

/** What a kernel is compiled for. */
export interface KernelSource {
  readonly program: Program;
  readonly facts: Facts;
  /** Number of turns of the parallel loop. */
  readonly turns: number;
  /** How the values of the turns are combined, if they have values. */
  readonly operator: FoldOperator | undefined;
  readonly identities: Readonly<Record<string, ArrayIdentity>>;
  /** For each array of the program, the number of its memory. */
  readonly memories: readonly number[];
}

/** A compiled program. */
export interface CompiledKernel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of the functions of `math` that it imports. */
  readonly functions: readonly string[];
  /** Which loop runs in lanes. */
  readonly lanes: LanePlan;
  /** Number of turns after which it pays to call `run` again. */
  readonly turnsPerCall: number;
  /** About how long all turns take on one core, in nanoseconds. */
  readonly time: number;
}

/** Lanes of the values of turns that are combined. */
const RESULT_GROUPS = 4;
/** Number of statements and operations of a program that compiles in some tenths of a second. */
const MAX_SIZE = 10_000;
/** Turns of a loop without inner loops in one call. */
const STRAIGHT_TURNS = 4096;
/** How much longer JavaScript takes than a kernel, at most: as a factor. */
const SLOWER = 5;
/** Turns in one call of a loop with inner loops. */
const NESTED_TURNS = 8;

/**
 * Compiles a program; returns why it cannot gain from vectors, if it cannot.
 *
 * @param choose chooses the loop that runs in lanes
 */
export function compileKernel(
  source: KernelSource,
  choose: typeof chooseLanes = chooseLanes,
): CompiledKernel | LaneObstacle {
  const { program, facts, operator, turns } = source;
  if (operator !== undefined && !alwaysReturns(program.statements)) {
    return new LaneObstacle("the body does not return a number in each case");
  }
  if (sizeOf(program) > MAX_SIZE) return new LaneObstacle("the body is too long");
  const ranges = new Ranges(program, facts);
  const lanes = choose(program, ranges, source.identities, turns);
  const time = estimateTime(program, ranges, turns);
  if (lanes instanceof LaneObstacle) return new LaneObstacle(lanes.reason, SLOWER * time);
  const imports = new ImportedFunctions(program);
  const toInt32 = imports.names.length;
  const groups = isStraight(program.statements) ? RESULT_GROUPS : RESULT_GROUPS / 2;
  const hasLanes = lanes.loop === undefined;
  // Globals: the value of single turns, then those of the lanes.
  const globals = operator === undefined
    ? []
    : [ValueType.F64, ...Array(hasLanes ? groups : 0).fill(ValueType.V128)] as ValueType[];
  const functions: ModuleFunction[] = [{ code: toInt32Code() }];
  const run = runCode(source, ranges, lanes, groups, { toInt32, imports });
  functions.push({ code: run, exportedAs: "run" });
  if (operator !== undefined) {
    functions.push({ code: beginCode(operator, globals), exportedAs: "begin" });
    functions.push({ code: resultCode(operator, globals), exportedAs: "result" });
  }
  const memories = Math.max(-1, ...source.memories) + 1;
  const bytes = encodeModule({ memories, functions: imports.signatures }, functions, globals);
  const isNested = lanes.loop !== undefined || !isStraight(program.statements);
  const turnsPerCall = isNested ? NESTED_TURNS : STRAIGHT_TURNS;
  return { bytes, functions: imports.names, lanes, turnsPerCall, time };
}

/** Returns the number of statements and expressions. */
function sizeOf({ statements }: Program): number {
  let size = 0;
  eachStatement(statements, () => size++);
  eachExpressionIn(statements, () => size++);
  return size;
}

/** Returns whether statements end by a `return`, and each `return` among them has a value. */
function alwaysReturns(statements: readonly Statement[]): boolean {
  let hasValues = true;
  eachStatement(statements, (statement) => {
    if (statement.op === "return" && statement.value === undefined) hasValues = false;
  });
  return hasValues && endsByReturn(statements);
}

function endsByReturn(statements: readonly Statement[]): boolean {
  const last = statements.at(-1);
  if (last?.op === "if") return endsByReturn(last.then) && endsByReturn(last.otherwise);
  return last?.op === "return";
}

/** The functions of doubles that a program calls. */
class ImportedFunctions {
  readonly signatures: { name: string; parameters: number }[] = [];

  constructor({ statements }: Program) {
    eachExpressionIn(statements, (expression) => {
      if (expression.op === "math") this.#add(expression.fn, expression.args.length);
      if (expression.op === "rem") this.#add("rem", 2);
    });
  }

  #add(name: string, parameters: number): void {
    if (this.signatures.some((known) => known.name === name)) return;
    this.signatures.push({ name, parameters });
  }

  get names(): string[] {
    return this.signatures.map(({ name }) => name);
  }

  numberOf(name: string): number {
    return this.names.indexOf(name);
  }
}

/** The function `run`. */
function runCode(
  { program, operator, memories, facts }: KernelSource,
  ranges: Ranges,
  lanes: LanePlan,
  groups: number,
  { toInt32, imports }: { toInt32: number; imports: ImportedFunctions },
): FunctionCode {
  const { I32, F64, V128 } = ValueType;
  const kinds = program.numbers.map((name) => ranges.kindOf({ op: "context", name }));
  const code = new FunctionCode([
    ...[I32, I32],
    ...program.arrays.flatMap(() => [I32, I32]),
    ...kinds.map((kind) => kind === "int" ? I32 : F64),
  ], []);
  const firstNumber = 2 + 2 * program.arrays.length;
  const numbers = new Map(program.numbers.map((name, at) => [name, firstNumber + at]));
  const expressions = new ExpressionCode(code, ranges, numbers, {
    toInt32,
    imported: (name) => imports.numberOf(name),
  });
  program.arrays.forEach((array, at) => {
    const { type } = facts.arrays[array.name];
    const address = 2 + 2 * at;
    expressions.arrays.set(array, { memory: memories[at], address, length: address + 1, type });
  });
  const [first, count] = [0, 1];
  expressions.bind(program.index, first);
  const end = code.local(I32);
  code.get(first).get(count).op("i32.add").set(end);
  const result = operator === undefined ? undefined : {
    operator,
    single: code.local(F64),
    lanes: lanes.loop === undefined ? Array.from({ length: groups }, () => code.local(V128)) : [],
  };
  const state = result === undefined ? [] : [result.single, ...result.lanes];
  state.forEach((local, global) => code.getGlobal(global).set(local));
  emitTurns(new StatementCode(expressions, lanes, homesOf(program.statements), result), {
    ...{ program, lanes, groups, first, end },
  });
  state.forEach((local, global) => code.get(local).setGlobal(global));
  return code;
}

function emitTurns(
  statements: StatementCode,
  { program, lanes, groups, first, end }: {
    program: Program;
    lanes: LanePlan;
    groups: number;
    first: number;
    end: number;
  },
): void {
  if (lanes.loop === undefined) statements.laneLoop(first, end, groups);
  else statements.turns(program.statements, first, end);
}

/** The function `begin`. */
function beginCode(operator: FoldOperator, globals: readonly ValueType[]): FunctionCode {
  const code = new FunctionCode([], []);
  const identity = foldIdentities[operator];
  globals.forEach((type, global) => {
    if (type === ValueType.F64) code.f64(identity);
    else code.f64x2(identity, identity);
    code.setGlobal(global);
  });
  return code;
}

/** The function `result`. */
function resultCode(operator: FoldOperator, globals: readonly ValueType[]): FunctionCode {
  const code = new FunctionCode([], [ValueType.F64]);
  const lanes = globals.slice(1).map((type, at) => {
    const local = code.local(type);
    code.getGlobal(at + 1).set(local);
    return local;
  });
  if (lanes.length > 0) combineLanes(code, operator, lanes);
  code.getGlobal(0);
  if (lanes.length > 0) code.op(foldOperations[operator][0]);
  return code;
}

/** A function that converts a double to an integer as JavaScript's `| 0` does. */
function toInt32Code(): FunctionCode {
  const { F64, I32 } = ValueType;
  const code = new FunctionCode([F64], [I32]);
  const [exponent, mantissa] = [code.local(I32), code.local(I32)];
  code.get(0).op("f64.abs").f64(2 ** 63).op("f64.lt").if(I32);
  code.get(0).op("i64.trunc_sat_f64_s", "i32.wrap_i64", "else");
  // The number is its 53 significant bits, times 2 to the power of `exponent`.
  code.get(0).op("i64.reinterpret_f64").i64(52n).op("i64.shr_u", "i32.wrap_i64");
  code.i32(0x7ff).op("i32.and").i32(1075).op("i32.sub").tee(exponent);
  code.i32(31).op("i32.gt_s").if(I32);
  code.i32(0).op("else"); // its low 32 bits are 0; so is NaN
  code.get(0).op("i64.reinterpret_f64").i64(2n ** 52n - 1n).op("i64.and");
  code.i64(2n ** 52n).op("i64.or").get(exponent).op("i64.extend_i32_u", "i64.shl");
  code.op("i32.wrap_i64").set(mantissa);
  code.i32(0).get(mantissa).op("i32.sub").get(mantissa).get(0).f64(0).op("f64.lt", "select");
  code.end().end();
  return code;
}
