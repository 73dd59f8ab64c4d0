/**
 * Reductions of arrays: how they are divided into parts, for all elements and along an axis.
 *
 *     elements in C order --PART_SIZE at a time--> kernel --> one value per part --> kernel --> result
 *
 * The parts do not depend on the number of isolates, so the result is the same, bit for bit.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { task } from "../codec/task.ts";
import { checkArray, checkAxis, isShared, makeZeros } from "./array.ts";
import { type KernelName, kernels, returnsIndex } from "./kernels.ts";
import {
  type AnyNdArrayData,
  type ArrayClass,
  type ArrayOf,
  type BigNdArrayData,
  dtypeOf,
  type ElementOf,
  isBig,
  type NdArray,
  type NdArrayData,
} from "./types.ts";
import { gather, Walk } from "./walk.ts";
import { PART_SIZE, type PartsWork, threadsForCheap } from "./work.ts";

/** The names of the reductions. */
export type ReductionName = "sum" | "prod" | "min" | "max" | "argmin" | "argmax" | "mean";

/** Options of a reduction. */
export interface ReduceOptions {
  /**
   * The axis to reduce, which the result lacks; negative ones count from the last.
   *
   * @default {none: all elements are reduced to one value}
   */
  axis?: number | undefined;
  /**
   * Number of isolates that reduce the array.
   *
   * @default {getNumThreads(); 1 for fewer than a million elements, or if they are not on shared memory}
   */
  numThreads?: number | undefined;
}

/**
 * The typed array that holds the result of a reduction along an axis: `uint32` for indices; for sums
 * and products the type of the elements if it is a bigint or floating-point type, else `float64`; the
 * same for means, but `float64` for bigints; the type of the elements for minima and maxima.
 */
export type ReducedData<Name extends ReductionName, Data extends AnyNdArrayData> = Name extends
  "argmin" | "argmax" ? Uint32Array
  : Name extends "min" | "max" ? Data
  : Data extends ArrayOf<"float16" | "float32"> ? Data
  : [Name, Data] extends ["sum" | "prod", BigNdArrayData] ? Data
  : Float64Array;

/** The result of a reduction of all elements. */
export type Reduced<Name extends ReductionName, Data extends AnyNdArrayData> = Name extends
  "argmin" | "argmax" | "mean" ? number
  : ElementOf<Data>;

/** Returns the element type of the result of a reduction along an axis. */
function reducedType(name: ReductionName, data: AnyNdArrayData) {
  const dtype = dtypeOf(data);
  if (name === "min" || name === "max") return dtype;
  if (name === "argmin" || name === "argmax") return "uint32";
  if (dtype === "float16" || dtype === "float32") return dtype;
  return isBig(dtype) && name !== "mean" ? dtype : "float64";
}

/**
 * Checks the arguments of a reduction, and divides it into parts.
 *
 * @throws {RangeError} if `axis` is out of range, or there are no elements to take a minimum or maximum of
 * @throws {TypeError} if `array` is not an ndarray of a typed array, or an option is unknown
 */
export function planReduction(
  name: ReductionName,
  array: NdArray<AnyNdArrayData>,
  options: ReduceOptions,
): PartsWork<object, unknown> {
  const verb = verbs[name];
  checkOptions(verb, options, { axis: true, numThreads: true });
  const { axis, numThreads } = options;
  const checked = checkArray(array, verb) as NdArray;
  const wanted = threadsForCheap(checked.size, numThreads);
  const threads = isShared(checked) ? wanted : 1;
  const along = axis === undefined ? undefined : checkAxis(axis, checked.dimension, verb);
  const reduced = along === undefined ? checked.size : checked.shape[along];
  const lacksIdentity = name !== "sum" && name !== "prod" && name !== "mean";
  if (lacksIdentity && reduced === 0) {
    throw new RangeError(
      `Cannot ${verb}: ${along === undefined ? "the array is empty" : `axis ${along} is empty`}`,
    );
  }
  const work = along === undefined
    ? planWhole(name, checked, threads)
    : planAlong(name, checked, along, threads);
  return work as PartsWork<object, unknown>;
}

const verbs: Record<ReductionName, string> = {
  sum: "sum array",
  prod: "multiply elements",
  mean: "take mean",
  min: "find minimum",
  max: "find maximum",
  argmin: "find minimum",
  argmax: "find maximum",
};

const kernelOf = (name: ReductionName): KernelName => name === "mean" ? "sum" : name;

/** Returns the sum or the product of no elements. */
function identityOf(name: ReductionName, dtype: string): number {
  const identity = name === "prod" ? 1 : 0;
  return (isBig(dtype) ? BigInt(identity) : identity) as number;
}

// All elements

interface WholeContext {
  array: NdArray;
  kernel: KernelName;
  /** The result of each part: a value, or an index in C order. */
  partials: NdArrayData;
}

const reducePart = task(import.meta, (part: number, context: WholeContext): void => {
  const { array, kernel, partials } = context;
  const walk = new Walk(array.shape, [array]);
  const from = part * PART_SIZE;
  const count = Math.min(PART_SIZE, walk.size - from);
  let { data } = array;
  let at = array.offset + from * walk.steps[0];
  let [step] = walk.steps;
  if (!walk.isOneRun) {
    data = new (data.constructor as ArrayClass)(count);
    gather(array, walk, from, from + count, data, 0);
    [at, step] = [0, 1];
  }
  const value = kernels[kernel](data, at, step, count);
  partials[part] = returnsIndex(kernel) ? from + value : value;
});

function planWhole(
  name: ReductionName,
  array: NdArray,
  threads: number,
): PartsWork<WholeContext, unknown> {
  const { size, dtype } = array;
  const kernel = kernelOf(name);
  const parts = Math.ceil(size / PART_SIZE);
  const isValueBig = isBig(dtype) && !returnsIndex(kernel);
  const partials = makeZeros([parts], isValueBig ? dtype : "float64").data;
  const finish = (): unknown => {
    if (size === 0) return name === "mean" ? NaN : identityOf(name, dtype);
    if (returnsIndex(kernel)) {
      const values = new (array.data.constructor as ArrayClass)(parts);
      const walk = new Walk(array.shape, [array]);
      partials.forEach((index, part) => gather(array, walk, index, index + 1, values, part));
      return partials[kernels[kernel](values, 0, 1, parts)];
    }
    const value = kernels[kernel](partials, 0, 1, parts);
    return name === "mean" ? Number(value) / size : value;
  };
  return {
    parts,
    body: reducePart,
    context: { array, kernel, partials },
    threads,
    finish,
  };
}

// Along an axis

interface AlongContext {
  array: NdArray;
  name: ReductionName;
  axis: number;
  out: NdArray;
  /** Number of elements of the result in a part. */
  lanes: number;
}

const reduceLanes = task(import.meta, (part: number, context: AlongContext): void => {
  const { array: { data, shape, stride, offset }, name, axis, out, lanes } = context;
  const kernel = kernels[kernelOf(name)];
  const count = shape[axis];
  const step = stride[axis];
  const firsts = new Walk(out.shape, [{
    shape: out.shape,
    stride: stride.toSpliced(axis, 1),
    offset,
  }]);
  let to = part * lanes;
  firsts.runs(to, Math.min(to + lanes, firsts.size), ([start], run) => {
    for (let n = 0; n < run; n++, start += firsts.steps[0]) {
      const value = kernel(data, start, step, count);
      out.data[to++] = name === "mean" ? Number(value) / count : value;
    }
  });
});

function planAlong(
  name: ReductionName,
  array: NdArray,
  axis: number,
  threads: number,
): PartsWork<AlongContext, NdArray> {
  const out = makeZeros(array.shape.toSpliced(axis, 1), reducedType(name, array.data));
  const count = array.shape[axis];
  const lanes = Math.max(Math.ceil(PART_SIZE / Math.max(count, 1)), 1);
  if (count === 0) out.data.fill(name === "mean" ? NaN : identityOf(name, out.dtype));
  return {
    parts: count === 0 ? 0 : Math.ceil(out.size / lanes),
    body: reduceLanes,
    context: { array, name, axis, out, lanes },
    threads,
    finish: () => out,
  };
}
