/**
 * Compares kernels with what their programs mean.
 *
 * @module
 */

import { type CompiledKernel, compileKernel } from "../../lib/kernels/compile_kernel.ts";
import { type FoldOperator, LaneObstacle, possibleLanes } from "../../lib/kernels/lanes.ts";
import { type MemberKind, parseBody } from "../../lib/kernels/parse_body.ts";
import { integers, isInt } from "../../lib/kernels/number_range.ts";
import type { Program } from "../../lib/kernels/program.ts";
import type { Facts } from "../../lib/kernels/ranges.ts";
import { elementTypeOf, viewLike } from "../../lib/kernels/typed_arrays.ts";
import { type Context, evaluate, type NumberArray } from "./evaluate.ts";
import type { RandomBody } from "./random_bodies.ts";

/** What a comparison has compared. */
export interface Compared {
  /** Number of kernels that ran. */
  kernels: number;
  /** Number of these in which a `for` ran in lanes. */
  inner: number;
  /** Number of combined values that were compared. */
  values: number;
}

/** The operators by which values are combined; `undefined`: they are not. */
const OPERATORS: readonly (FoldOperator | undefined)[] = [undefined, "+", "*", "min", "max"];

/**
 * Runs the kernels of a body, for each loop that can run in lanes and each operator, and compares their results
 * with those of the program, index by index.
 *
 * If indices depend on each other, only kernels are compared that take the parallel loop turn by turn.
 *
 * @throws {Error} at the first difference
 */
export function compareKernels({ source, length, makeContext }: RandomBody): Compared {
  const parsed = parseBody(source, kindsOf(makeContext()));
  if ("obstacle" in parsed) return { kernels: 0, inner: 0, values: 0 };
  return comparePrograms(parsed.program, length, makeContext);
}

/** Does the same with the kernels of a program. */
export function comparePrograms(
  program: Program,
  length: number,
  makeContext: () => Context,
): Compared {
  const compared: Compared = { kernels: 0, inner: 0, values: 0 };
  const expected = makeContext();
  const values = Array.from({ length }, (_, index) => evaluate(program, index, expected));
  const isIndependent = areIndependent(program, length, makeContext());
  for (const operator of OPERATORS) {
    if (operator !== undefined && values.includes(undefined)) continue;
    for (let loop = isIndependent ? 0 : 1;; loop++) {
      const compiled = compileFor(program, makeContext(), length, operator, loop);
      if (compiled === undefined) break;
      if (compiled instanceof LaneObstacle) continue;
      const { context, value } = runKernel(compiled, program, makeContext(), length, operator);
      compared.kernels++;
      if (loop > 0) compared.inner++;
      // Sums over the turns of a `for` are added in another order, and what follows may depend on it.
      if ([...compiled.lanes.folds.values()].some((fold) => fold === "+" || fold === "*")) continue;
      const over = compiled.lanes.variable.name;
      checkArrays(context, expected, over);
      if (operator === undefined) continue;
      compared.values++;
      checkValue(value!, values as number[], operator, over);
    }
  }
  return compared;
}

/** Returns what the members of a context are. */
export function kindsOf({ arrays, numbers }: Context): Record<string, MemberKind> {
  return Object.fromEntries<MemberKind>([
    ...Object.keys(arrays).map((name) => [name, "array"] as const),
    ...Object.keys(numbers).map((name) => [name, "number"] as const),
  ]);
}

/** Returns what is known of a context before a loop over so many indices runs. */
export function factsOf({ arrays, numbers }: Context, length: number): Facts {
  return {
    index: integers(0, Math.max(length - 1, 0)),
    numbers: Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [name, isInt(value) ? value : undefined]),
    ),
    arrays: Object.fromEntries(
      Object.entries(arrays).map((
        [name, array],
      ) => [name, { type: elementTypeOf(array)!, length: array.length }]),
    ),
  };
}

/** Returns whether no index uses an element that another one writes. */
function areIndependent(program: Program, length: number, context: Context): boolean {
  const users = new Map<string, Set<number>>();
  const written = new Set<string>();
  const names = new Map(Object.entries(context.arrays).map(([name, { buffer }]) => [buffer, name]));
  for (let index = 0; index < length; index++) {
    let isShared = false;
    evaluate(program, index, context, {
      onAccess(array, at, isWritten) {
        if (!(at in array)) return;
        // A view is of the same type, so elements are told apart by their address.
        const key = `${names.get(array.buffer)} ${array.byteOffset + at * array.BYTES_PER_ELEMENT}`;
        const own = users.get(key) ?? new Set();
        users.set(key, own.add(index));
        if (isWritten) written.add(key);
        isShared ||= own.size > 1 && written.has(key);
      },
    });
    if (isShared) return false;
  }
  return true;
}

/** Compiles a program with the loop of a number in lanes; `undefined` if there is no such loop. */
export function compileFor(
  program: Program,
  context: Context,
  length: number,
  operator: FoldOperator | undefined,
  loop: number,
): CompiledKernel | LaneObstacle | undefined {
  let exists = false;
  const source = {
    program,
    facts: factsOf(context, length),
    turns: length,
    operator,
    identities: Object.fromEntries(
      program.arrays.map(({ name }) => [name, { same: name, overlaps: false }]),
    ),
    memories: program.arrays.map((_, at) => at),
  };
  const result = compileKernel(source, (program, ranges, identities) => {
    const all = possibleLanes(program, ranges, identities);
    exists = loop < all.length;
    return all[loop] ?? new LaneObstacle("there is no such loop");
  });
  return exists ? result : undefined;
}

const PAGE_BYTES = 1 << 16;

/**
 * Returns where an array is in its memory of a page: at its beginning or at its end, so that an access before or
 * behind the array ends the kernel.
 */
function addressOf(array: NumberArray, at: number): number {
  return at % 2 === 0 ? 0 : PAGE_BYTES - array.byteLength;
}

/** Runs a kernel on copies of the arrays of a context. */
export function runKernel(
  { bytes, functions }: CompiledKernel,
  program: Program,
  { arrays, numbers }: Context,
  length: number,
  operator: FoldOperator | undefined,
): { context: Context; value: number | undefined } {
  const copies: Record<string, NumberArray> = {};
  const memories = program.arrays.map(({ name }, at) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const array = arrays[name];
    copies[name] = viewLike(array, memory.buffer, addressOf(array, at), array.length);
    copies[name].set(array);
    return memory;
  });
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    math: Object.fromEntries(
      functions.map((name) => [name, name === "rem" ? remainder : Math[name as "exp"]]),
    ),
    memory: Object.fromEntries(memories.entries()),
  }).exports as Record<string, (...args: number[]) => number>;
  const places = program.arrays.flatMap((
    { name },
  ) => [copies[name].byteOffset, copies[name].length]);
  if (operator !== undefined) exports.begin();
  // Two calls: their values are combined.
  const first = length >> 1;
  const context = [...places, ...program.numbers.map((name) => numbers[name])];
  exports.run(0, first, ...context);
  exports.run(first, length - first, ...context);
  const value = operator === undefined ? undefined : exports.result();
  return { context: { numbers, arrays: { ...arrays, ...copies } }, value };
}

function remainder(left: number, right: number): number {
  return left % right;
}

/** Describes the first element that differs. */
export function findDifference(actual: Context, expected: Context): string | undefined {
  for (const [name, array] of Object.entries(expected.arrays)) {
    const at = array.findIndex((element, at) => !Object.is(element, actual.arrays[name][at]));
    if (at >= 0) return `${name}[${at}] is ${actual.arrays[name][at]}, not ${array[at]}`;
  }
  return undefined;
}

function checkArrays(actual: Context, expected: Context, over: string): void {
  const difference = findDifference(actual, expected);
  if (difference !== undefined) throw new Error(`in lanes over ${over}: ${difference}`);
}

function checkValue(
  actual: number,
  values: readonly number[],
  operator: FoldOperator,
  over: string,
): void {
  const isRight = isCombined(actual, values, operator);
  if (!isRight) {
    throw new Error(`in lanes over ${over}: ${operator} of [${values}] is ${actual}`);
  }
}

/** Returns whether a number is the combination of values, in any order, within the error of rounding. */
export function isCombined(
  actual: number,
  values: readonly number[],
  operator: FoldOperator,
): boolean {
  if (operator === "min") return Object.is(actual, Math.min(...values));
  if (operator === "max") return Object.is(actual, Math.max(...values));
  if (operator === "*") return isProduct(actual, values);
  const expected = values.reduce((sum, value) => sum + value, -0);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  if (values.every(Number.isFinite) && !Number.isFinite(size)) return true; // it may overflow
  if (!Number.isFinite(size)) return Object.is(actual, expected);
  return Math.abs(actual - expected) <= values.length * Number.EPSILON * size;
}

function isProduct(actual: number, values: readonly number[]): boolean {
  const expected = values.reduce((product, value) => product * value, 1);
  const others = values.filter((value) => value !== 0 && Number.isFinite(value));
  const size = others.reduce((sum, value) => sum + Math.abs(Math.log2(Math.abs(value))), 0);
  if (size > 1000) return true; // it may overflow, or become 0, on the way
  if (others.length < values.length) return Object.is(actual, expected);
  return Math.abs(actual - expected) <= values.length * Number.EPSILON * Math.abs(expected);
}
