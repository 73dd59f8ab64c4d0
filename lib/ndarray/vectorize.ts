/**
 * Functions of numbers, called for each element of arrays on all cores.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkFunction, checkNotTransferred, wrongType } from "../arguments/values.ts";
import { type AnyFunction, task } from "../codec/task.ts";
import { type Kernel, kernelLoop } from "../kernels/kernel.ts";
import { threadsFor } from "../loops/num_threads.ts";
import type { AbortOptions } from "../loops/parallel_for.ts";
import { reportIndex } from "../loops/run_chunks.ts";
import { isPromiseLike } from "../sync/settled.ts";
import { isOfTypedArray, makeView, makeZeros } from "./array.ts";
import { commonShape } from "./broadcast.ts";
import { asShared } from "./create.ts";
import {
  type AnyNdArrayData,
  arrayClassOf,
  type ArrayOf,
  type BigDataType,
  type BigNdArrayData,
  type DataType,
  type ElementOf,
  isBig,
  type NdArray,
  type NdArrayData,
} from "./types.ts";
import { type VectorizedFunction, vectorizeKernel } from "./vectorize_kernel.ts";
import { repeated, Walk } from "./walk.ts";
import { PART_SIZE, type PartsWork, runWork, runWorkSync } from "./work.ts";

/** Number of parts per isolate, so that none waits long for another. */
const PARTS_PER_THREAD = 16;

/** Options of {@linkcode vectorize}. */
export interface VectorizeOptions<Type extends DataType | BigDataType> {
  /**
   * Type of the elements of the result.
   *
   * @default {"float64"}
   */
  dtype?: Type | undefined;
  /**
   * Number of isolates that call the function; 1 runs a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number | undefined;
}

const syncNames: OptionNames<VectorizeOptions<DataType | BigDataType>> = {
  dtype: true,
  numThreads: true,
};
const asyncNames: OptionNames<VectorizeOptions<DataType | BigDataType> & AbortOptions> = {
  ...syncNames,
  signal: true,
};

/** The arguments of a vectorized function: an array or a single element for each parameter. */
export type VectorizedArguments<Args extends readonly (number | bigint)[]> = {
  [K in keyof Args]: Args[K] extends bigint ? bigint | NdArray<BigNdArrayData>
    : number | NdArray<NdArrayData>;
};

/**
 * Turns a function of numbers into a function of arrays, which calls it for each element, or for the
 * elements of several arrays at the same index, on all cores.
 *
 * - Arrays of different shapes, and single numbers, are broadcast, as by `broadcastTo`.
 * - `fn` is a task, or a function that uses nothing but its arguments. It is called in any order.
 * - Arrays that are not on shared memory are copied to it first.
 * - If `fn` computes with nothing but numbers and `Math`, it runs as WebAssembly over arrays without gaps, and
 *   numbers. Its results are the same.
 * - The first error of `fn` ends the call; its stack names `fn` and the index of the element in the
 *   result, in C order.
 *
 * Follows `numpy.vectorize`, which is a loop on one core. The type of the result is not inferred from
 * its first element.
 *
 * @param fn takes elements and returns one
 * @returns a function that resolves with a new array on shared memory
 * @throws {TypeError} if `fn` is not a function, `dtype` is unknown, or an option does not exist
 * @throws the reason of `signal`, when called, if that is aborted first
 *
 * @example Squares, and sums of rows and columns
 * ```ts
 * import { stopTeam } from "@sauropod/multiprocessing/loops";
 * import { arange, fromArray, tolist, vectorize } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const square = vectorize((x: number) => x * x);
 * assertEquals(tolist(await square(arange(4))), [0, 1, 4, 9]);
 *
 * const add = vectorize((x: number, y: number) => x + y);
 * const column = fromArray([10, 20], [2, 1]);
 * assertEquals(tolist(await add(column, arange(3))), [[10, 11, 12], [20, 21, 22]]);
 * assertEquals(tolist(await add(arange(3), 0.5)), [0.5, 1.5, 2.5]);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export function vectorize<
  Args extends (number | bigint)[],
  Type extends DataType | BigDataType = "float64",
>(
  fn: (...args: Args) => ElementOf<ArrayOf<Type>>,
  options: VectorizeOptions<Type> & AbortOptions = {},
): (...arrays: VectorizedArguments<Args>) => Promise<NdArray<ArrayOf<Type>>> {
  checkArguments(fn, options, asyncNames);
  return async (...arrays) => {
    const result = await runWork(plan(fn as never, arrays, options), options.signal);
    return result as unknown as NdArray<ArrayOf<Type>>;
  };
}

/**
 * Makes a function as {@linkcode vectorize} does, which blocks the isolate and runs parts in it too.
 *
 * @throws as {@linkcode vectorize}
 *
 * @example Square roots
 * ```ts
 * import { fromArray, tolist, vectorizeSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const root = vectorizeSync(Math.sqrt, { numThreads: 1 });
 * assertEquals(tolist(root(fromArray([1, 4, 9]))), [1, 2, 3]);
 * ```
 */
export function vectorizeSync<
  Args extends (number | bigint)[],
  Type extends DataType | BigDataType = "float64",
>(
  fn: (...args: Args) => ElementOf<ArrayOf<Type>>,
  options: VectorizeOptions<Type> = {},
): (...arrays: VectorizedArguments<Args>) => NdArray<ArrayOf<Type>> {
  checkArguments(fn, options, syncNames);
  return (...arrays) =>
    runWorkSync(plan(fn as never, arrays, options)) as unknown as NdArray<
      ArrayOf<Type>
    >;
}

function checkArguments(
  fn: unknown,
  options: VectorizeOptions<DataType | BigDataType>,
  names: OptionNames<VectorizeOptions<DataType | BigDataType>>,
): void {
  checkOptions("vectorize", options, names);
  const { dtype = "float64", numThreads } = options;
  checkFunction("vectorize", "fn", fn);
  arrayClassOf(dtype);
  threadsFor(numThreads);
}

interface Context {
  fn: VectorizedFunction;
  inputs: NdArray[];
  out: NdArray;
  /** Number of elements in a part. */
  length: number;
}

interface KernelContext {
  kernel: Kernel;
  size: number;
  /** Number of elements in a part. */
  length: number;
}

function plan(
  fn: VectorizedFunction,
  arrays: readonly unknown[],
  { dtype = "float64", numThreads }: VectorizeOptions<DataType | BigDataType>,
): PartsWork<object, NdArray> {
  const threads = threadsFor(numThreads);
  const operands = arrays.map((value, index) => asArray(value, index, threads > 1));
  const shape = commonShape(operands.map((array) => array.shape), "vectorize");
  const out = makeZeros(shape, dtype);
  const inputs = operands.map((array) => repeated(array, shape));
  const withoutAxes = operands.map((array, at) => array.dimension === 0 ? array : inputs[at]);
  const planned = vectorizeKernel(fn, withoutAxes, out);
  const work = planned === undefined
    ? functionWork(fn, inputs, out, threads)
    : kernelWork(planned.kernel, out, planned.isShort && numThreads === undefined ? 1 : threads);
  return work as PartsWork<object, NdArray>;
}

function functionWork(
  fn: VectorizedFunction,
  inputs: NdArray[],
  out: NdArray,
  threads: number,
): PartsWork<Context, NdArray> {
  const length = partLength(out.size, threads);
  return {
    parts: Math.ceil(out.size / length),
    body: mapPart,
    callee: fn as AnyFunction,
    context: { fn, inputs, out, length },
    threads,
    finish: () => out,
  };
}

function kernelWork(
  kernel: Kernel,
  out: NdArray,
  threads: number,
): PartsWork<KernelContext, NdArray> {
  const { size } = out;
  const length = partLength(size, threads);
  return {
    parts: Math.ceil(size / length),
    body: runPart,
    context: { kernel, size, length },
    threads,
    finish: () => out,
  };
}

function partLength(size: number, threads: number): number {
  return Math.min(Math.max(Math.ceil(size / (threads * PARTS_PER_THREAD)), 1), PART_SIZE);
}

const runPart = task(import.meta, (part: number, context: KernelContext): void => {
  const { kernel, size, length } = context;
  const from = part * length;
  kernelLoop(kernel)(from, Math.min(length, size - from));
});

/** Returns an argument as an array; a single element becomes an array without axes. */
function asArray(value: unknown, index: number, crosses: boolean): NdArray {
  if (isOfTypedArray(value)) {
    checkNotTransferred("vectorize", `the data of argument ${index}`, value.data);
    return (crosses ? asShared(value) : value) as NdArray;
  }
  if (typeof value === "number") return makeView(Float64Array.of(value), []);
  if (typeof value === "bigint") {
    return makeView<AnyNdArrayData>(BigInt64Array.of(value), []) as NdArray;
  }
  throw wrongType(
    "vectorize",
    `argument ${index}`,
    "an ndarray with a typed array for data, or a number",
    value,
    "Make one with fromArray()",
  );
}

const mapPart = task(import.meta, (part: number, { fn, inputs, out, length }: Context): void => {
  const walk = new Walk(out.shape, [out, ...inputs]);
  const loop = loopOf(fn, inputs.length);
  const data = [out, ...inputs].map((array) => array.data);
  const from = part * length;
  const resultCheck = resultCheckFor(out.dtype);
  let first = from;
  walk.runs(from, Math.min(from + length, walk.size), (at, count) => {
    loop(data, at, walk.steps, count, resultCheck, (done) => reportIndex(first + done));
    first += count;
  });
});

function resultCheckFor(dtype: string): ResultCheck {
  const type = isBig(dtype) ? "bigint" : "number";
  return {
    type,
    fail(value) {
      const isPromise = isPromiseLike(value);
      if (isPromise) value.then(undefined, () => {}); // the error below is thrown instead
      throw new TypeError(
        `Cannot vectorize: fn must return a ${type}, since the result is ${dtype}, not ${
          isPromise ? "a promise" : value === null ? "null" : `a ${typeof value}`
        }`,
      );
    },
  };
}

/** How results of the function are checked. */
interface ResultCheck {
  type: "number" | "bigint";
  /** Throws, for a result of another type. */
  fail: (value: unknown) => never;
}

// The loop is compiled for each function, so that the engine can inline the function.

type Loop = (
  data: readonly NdArrayData[],
  at: readonly number[],
  steps: readonly number[],
  count: number,
  resultCheck: ResultCheck,
  onError: (done: number) => void,
) => void;

let compilations = 0;
const compiled = new WeakMap<VectorizedFunction, Loop[]>();

function loopOf(fn: VectorizedFunction, inputs: number): Loop {
  let loops = compiled.get(fn);
  if (loops === undefined) compiled.set(fn, loops = []);
  return loops[inputs] ??= compile(fn, inputs);
}

function compile(fn: VectorizedFunction, inputs: number): Loop {
  const all = [...Array(inputs + 1).keys()]; // array 0 is the result
  const elements = all.slice(1).map((array) => `d${array}[p${array}]`).join(", ");
  const text = `"use strict";
    return (data, at, steps, count, { type, fail }, onError) => {
      const ${all.map((a) => `d${a} = data[${a}], s${a} = steps[${a}]`).join(", ")};
      let ${all.map((a) => `p${a} = at[${a}]`).join(", ")};
      let n = 0;
      try {
        for (; n < count; n++) {
          const value = fn(${elements});
          if (typeof value !== type) fail(value);
          d0[p0] = value;
          ${all.map((a) => `p${a} += s${a};`).join(" ")}
        }
      } catch (error) {
        onError(n);
        throw error;
      }
    }; // ${++compilations}`;
  return new Function("fn", text)(fn);
}
