/**
 * Reductions of arrays: how they are divided into parts, for all elements and along an axis.
 *
 *     elements in C order --PART_SIZE at a time--> code --> one value per part --> code --> result
 *
 * The parts do not depend on the number of isolates, so the result is the same, bit for bit.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { task } from "../codec/task.ts";
import { checkArray, checkAxis, isShared, makeZeros } from "./array.ts";
import {
  type CodeName,
  placeOf,
  positionOf,
  reduceBigs,
  reduceWalk,
  runReducer,
} from "./kernels.ts";
import { linesOf, reduceLines } from "./lines.ts";
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
import { makePartials, PART_SIZE, type PartsWork, threadsForCheap } from "./work.ts";

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
   * @default {getNumThreads(); 1 for fewer than four million elements, or if they are not on shared memory}
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
  const wanted = threadsForCheap(checked.size, numThreads, !isBig(checked.dtype));
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

/** Returns the reduction to a value that another one is computed with. */
function codeName(name: ReductionName): CodeName {
  const names = { mean: "sum", argmin: "min", argmax: "max" } as const;
  return names[name as "mean"] ?? name;
}

function returnsIndex(name: ReductionName): boolean {
  return name === "argmin" || name === "argmax";
}

/** Returns the sum or the product of no elements. */
function identityOf(name: ReductionName, dtype: string): number {
  const identity = name === "prod" ? 1 : 0;
  return (isBig(dtype) ? BigInt(identity) : identity) as number;
}

// All elements

interface WholeContext {
  array: NdArray;
  name: CodeName;
  /** The value of each part. */
  partials: NdArrayData;
}

const reducePart = task(import.meta, (part: number, context: WholeContext): void => {
  const { array, name, partials } = context;
  const walk = new Walk(array.shape, [array]);
  const from = part * PART_SIZE;
  partials[part] = reduceElements(name, array, walk, from, Math.min(from + PART_SIZE, walk.size));
});

/** Reduces some elements in C order. */
function reduceElements(
  name: CodeName,
  array: NdArray,
  walk: Walk,
  from: number,
  to: number,
): number {
  if (isBig(array.dtype)) {
    const elements = new (array.data.constructor as ArrayClass)(to - from);
    gather(array, walk, from, to, elements, 0);
    return reduceBigs(name, elements, 0, 1, to - from);
  }
  const isContiguous = walk.isOneRun && walk.steps[0] === 1;
  const place = isContiguous ? placeOf(array, array.offset + from) : undefined;
  if (place === undefined) return reduceWalk(name, array, walk, from, to);
  return runReducer(name, place)(place.address, to - from);
}

function planWhole(
  name: ReductionName,
  array: NdArray,
  threads: number,
): PartsWork<WholeContext, unknown> {
  const { size, dtype } = array;
  const parts = Math.ceil(size / PART_SIZE);
  const values = makePartials(parts, isBig(dtype) ? dtype : "float64");
  const partials = values.data;
  const finish = (): unknown => {
    if (size === 0) return name === "mean" ? NaN : identityOf(name, dtype);
    const value = reduceElements(codeName(name), values, new Walk([parts], [values]), 0, parts);
    if (returnsIndex(name)) return indexOf(value, array, positionOf(value, partials, 0, 1, parts));
    return name === "mean" ? Number(value) / size : value;
  };
  return {
    parts,
    body: reducePart,
    context: { array, name: codeName(name), partials },
    threads,
    finish,
  };
}

/** Returns the index in C order of a value that is in a part. */
function indexOf(value: number, array: NdArray, part: number): number {
  const walk = new Walk(array.shape, [array]);
  const from = part * PART_SIZE;
  const elements = new (array.data.constructor as ArrayClass)(
    Math.min(PART_SIZE, walk.size - from),
  );
  gather(array, walk, from, from + elements.length, elements, 0);
  return from + positionOf(value, elements, 0, 1, elements.length);
}

// Along an axis

interface AlongContext {
  array: NdArray;
  name: ReductionName;
  axis: number;
  out: NdArray;
  /** Number of elements of the result in a part. */
  length: number;
}

/** Number of columns in a part: long pieces of rows are read fast, and sums of so many are in the cache. */
const MIN_COLUMNS = 256;
const MAX_COLUMNS = 2048;
/** Number of parts per isolate, so that none waits long for another. */
const PARTS_PER_THREAD = 2;

const reduceAlong = task(import.meta, (part: number, context: AlongContext): void => {
  const { array, name, axis, out, length } = context;
  const from = part * length;
  const to = Math.min(from + length, out.size);
  const valueClass = isBig(array.dtype) ? array.data.constructor as ArrayClass : Float64Array;
  const values = new valueClass(to - from);
  const lines = linesOf(array, axis);
  reduceLines(codeName(name), array, lines, from, values);
  if (returnsIndex(name)) {
    lines.each(
      from,
      to,
      (start, result) =>
        out.data[result] = positionOf(
          values[result - from],
          array.data,
          start,
          lines.step,
          lines.count,
        ),
    );
  } else if (name === "mean") {
    values.forEach((value, at) => out.data[from + at] = Number(value) / lines.count);
  } else out.data.set(values, from);
});

function planAlong(
  name: ReductionName,
  array: NdArray,
  axis: number,
  threads: number,
): PartsWork<AlongContext, NdArray> {
  const out = makeZeros(array.shape.toSpliced(axis, 1), reducedType(name, array.data));
  const lines = linesOf(array, axis);
  const { count } = lines;
  const share = Math.ceil(out.size / (threads * PARTS_PER_THREAD));
  const length = lines.areColumns
    ? Math.min(Math.max(share, MIN_COLUMNS), MAX_COLUMNS)
    : Math.ceil(PART_SIZE / Math.max(count, 1));
  if (count === 0) out.data.fill(name === "mean" ? NaN : identityOf(name, out.dtype));
  return {
    parts: count === 0 ? 0 : Math.ceil(out.size / length),
    body: reduceAlong,
    context: { array, name, axis, out, length },
    threads,
    finish: () => out,
  };
}
