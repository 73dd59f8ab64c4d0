/**
 * Kernels of vectorized functions: a function of numbers as a program that computes one element of the result.
 *
 * @module
 */

import { LaneObstacle } from "../kernels/lanes.ts";
import { type ElementFunction, parseElementFunction } from "../kernels/parse_body.ts";
import { orWithout, planKernel, type PlannedKernel } from "../kernels/plan_kernel.ts";
import type { ArrayName, Expression, Program, Statement } from "../kernels/program.ts";
import { isKernelArray, type KernelArray, viewLike } from "../kernels/typed_arrays.ts";
import { withoutReturns } from "../kernels/without_returns.ts";
import type { NdArray } from "./types.ts";
import { Walk } from "./walk.ts";

/** A function that {@linkcode vectorizeKernel} has a program for. */
export type VectorizedFunction = (...elements: number[]) => number;

/** Results with fewer elements are computed in JavaScript: that takes less time than to compile a program. */
const MIN_SIZE = 1 << 12;
/** Indices have 31 bits. */
const MAX_SIZE = 2 ** 31;

const parsed = new WeakMap<VectorizedFunction, Map<number, ElementFunction | undefined>>();
/** Programs by which arguments are arrays: a letter for each. */
const programs = new WeakMap<ElementFunction, Map<string, Program | undefined>>();

/**
 * Returns a kernel that stores the results of a function; `undefined` if there is none.
 *
 * @param inputs arrays of the shape of `out`, or without axes
 * @param out an array without gaps
 */
export function vectorizeKernel(
  fn: VectorizedFunction,
  inputs: readonly NdArray[],
  out: NdArray,
): PlannedKernel | undefined {
  if (out.size < MIN_SIZE || out.size >= MAX_SIZE) return undefined;
  const planned = orWithout(() => plan(fn, inputs, out));
  return planned instanceof LaneObstacle ? undefined : planned;
}

function plan(
  fn: VectorizedFunction,
  inputs: readonly NdArray[],
  out: NdArray,
): PlannedKernel | LaneObstacle | undefined {
  const elements = elementsOf(out);
  const values = inputs.map((array) => array.dimension === 0 ? numberOf(array) : elementsOf(array));
  if (elements === undefined || values.includes(undefined)) return undefined;
  const source = functionOf(fn, inputs.length);
  if (source === undefined) return undefined;
  const isArray = values.map((value) => typeof value !== "number");
  const program = programOf(source, isArray);
  if (program === undefined) return undefined;
  const named = values.map((value, at) => [`${at}`, value] as const);
  const arrays = named.filter((_, at) => isArray[at]) as [string, KernelArray][];
  const numbers = named.filter((_, at) => !isArray[at]) as [string, number][];
  return planKernel({
    program,
    arrays: { ...Object.fromEntries(arrays), [OUT.name]: elements },
    numbers: Object.fromEntries(numbers),
    first: 0,
    turns: out.size,
    operator: undefined,
    isElementwise: true,
  });
}

/** Returns the number of an array without axes; `undefined` if it is a bigint. */
function numberOf({ data, offset }: NdArray): number | undefined {
  const value = data[offset];
  return typeof value === "number" ? value : undefined;
}

/** Returns the elements of an array; `undefined` if they have gaps, or a type that kernels do not have. */
function elementsOf({ data, shape, stride, offset }: NdArray): KernelArray | undefined {
  if (!isKernelArray(data)) return undefined;
  const walk = new Walk(shape, [{ shape, stride, offset }]);
  if (!walk.isOneRun || walk.steps[0] !== 1) return undefined;
  const first = data.byteOffset + offset * data.BYTES_PER_ELEMENT;
  return viewLike(data, data.buffer, first, walk.size);
}

function functionOf(fn: VectorizedFunction, parameters: number): ElementFunction | undefined {
  let known = parsed.get(fn);
  if (known === undefined) parsed.set(fn, known = new Map());
  if (!known.has(parameters)) {
    const result = parseElementFunction(Function.prototype.toString.call(fn), parameters);
    known.set(parameters, "obstacle" in result ? undefined : result);
  }
  return known.get(parameters);
}

const OUT: ArrayName = { name: "out" };

function programOf(source: ElementFunction, isArray: readonly boolean[]): Program | undefined {
  let known = programs.get(source);
  if (known === undefined) programs.set(source, known = new Map());
  const key = isArray.map((it) => it ? "a" : "n").join("");
  if (!known.has(key)) known.set(key, makeProgram(source, isArray));
  return known.get(key);
}

function makeProgram(
  { parameters, statements }: ElementFunction,
  isArray: readonly boolean[],
): Program | undefined {
  const result = { name: "result" };
  const body = withoutReturns(statements, result);
  if (body === undefined) return undefined;
  const index = { name: "index" };
  const at: Expression = { op: "variable", variable: index };
  const names = isArray.map((_, position) => ({ name: `${position}` }));
  const set = parameters.map((variable, position): Statement => ({
    op: "set",
    variable,
    value: isArray[position]
      ? { op: "load", array: names[position], index: at }
      : { op: "context", name: names[position].name },
  }));
  const value: Expression = { op: "variable", variable: result };
  return {
    index,
    arrays: [...names.filter((_, position) => isArray[position]), OUT],
    numbers: names.filter((_, position) => !isArray[position]).map(({ name }) => name),
    statements: [...set, ...body, { op: "store", array: OUT, index: at, value }],
  };
}
