/**
 * The lines of an array along an axis, each of which is reduced to an element of the result.
 *
 * How lines are reduced depends on how they lie in memory:
 *
 * - side by side: by vectors with an element of several lines, without a copy;
 * - one after the other: each as a run, without a copy;
 * - in another way, in another memory, or of a small array: they are copied first.
 *
 * @module
 */

import { makeView } from "./array.ts";
import {
  type CodeName,
  gatherPlace,
  placeAfter,
  placeOf,
  reduceBigs,
  reduceColumns,
  reduceWalk,
  runReducer,
} from "./kernels.ts";
import { MAX_RUN, vectorLength } from "./reduce_code.ts";
import { type ArrayClass, isBig, type NdArray, type NdArrayData } from "./types.ts";
import { Walk } from "./walk.ts";

/** The lines along an axis, in C order of the other axes. */
export interface Lines {
  readonly axis: number;
  /** Number of elements of a line, and the distance from one to the next. */
  readonly count: number;
  readonly step: number;
  /** Whether neighbours lie side by side. */
  readonly areColumns: boolean;
  /** Visits the first elements of the lines `from` to `to`, exclusive, run by run. */
  readonly walk: Walk;
  /** Calls a function for each line, with the position of its first element and its own. */
  each(from: number, to: number, visit: (start: number, line: number) => void): void;
}

/** Returns the lines of an array along an axis. */
export function linesOf({ shape, stride, offset }: NdArray, axis: number): Lines {
  const others = shape.toSpliced(axis, 1);
  const walk = new Walk(others, [{ shape: others, stride: stride.toSpliced(axis, 1), offset }]);
  return {
    axis,
    count: shape[axis],
    step: stride[axis],
    areColumns: walk.steps[0] === 1 && walk.runLength > 1,
    walk,
    each(from, to, visit) {
      walk.runs(from, to, ([start], run) => {
        for (let n = 0; n < run; n++, start += walk.steps[0]) visit(start, from++);
      });
    },
  };
}

/** Stores the values of lines `from` to `from + values.length`. */
export function reduceLines(
  name: CodeName,
  array: NdArray,
  lines: Lines,
  from: number,
  values: NdArrayData,
): void {
  const { count, step } = lines;
  const to = from + values.length;
  const place = placeOf(array, 0);
  if (isBig(array.dtype)) {
    lines.each(
      from,
      to,
      (start, line) => values[line - from] = reduceBigs(name, array.data, start, step, count),
    );
  } else if (place !== undefined && step === 1) {
    const run = runReducer(name, place);
    lines.each(
      from,
      to,
      (start, line) => values[line - from] = run(place.address + start * place.bytes, count),
    );
  } else if (place !== undefined && lines.areColumns) {
    const arrayClass = name === "min" || name === "max"
      ? array.data.constructor as ArrayClass
      : Float64Array;
    const least = vectorLength(name, place.type);
    let at = 0;
    lines.walk.runs(from, to, ([start], run) => {
      if (run < least) copyAndReduce(name, array, lines, from + at, values.subarray(at, at + run));
      else {
        const first = placeAfter(place, start);
        values.set(reduceColumns(name, first, step, count, run, arrayClass), at);
      }
      at += run;
    });
  } else copyAndReduce(name, array, lines, from, values);
}

/** Reduces lines that are copied first, some at a time. */
function copyAndReduce(
  name: CodeName,
  array: NdArray,
  lines: Lines,
  from: number,
  values: NdArrayData,
): void {
  const { data, shape, stride, offset } = array;
  const { axis, count, step } = lines;
  const axisLast = [[...shape.toSpliced(axis, 1), count], [...stride.toSpliced(axis, 1), step]];
  const last = makeView(data, axisLast[0], axisLast[1], offset);
  const walk = new Walk(last.shape, [last]);
  if (count > MAX_RUN) {
    values.forEach((_, at) =>
      values[at] = reduceWalk(name, last, walk, (from + at) * count, (from + at + 1) * count)
    );
    return;
  }
  const together = Math.floor(MAX_RUN / count);
  for (let at = 0; at < values.length; at += together) {
    const some = values.subarray(at, at + together);
    const place = gatherPlace(last, walk, (from + at) * count, (from + at + some.length) * count);
    const run = runReducer(name, place);
    some.forEach((_, line) => some[line] = run(placeAfter(place, line * count).address, count));
  }
}
