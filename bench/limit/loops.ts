/**
 * The loops of the tutorials: the plain loop on one core, and the package.
 *
 * @module
 */

import {
  lazy,
  parallelFor,
  parallelForSync,
  parallelReduce,
  parallelReduceSync,
  prange,
} from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { distances, integral, mapElements } from "../kernels.ts";

/** A loop, and the ways to run it. */
export interface LimitLoop<Context = unknown> {
  id: string;
  title: string;
  /** What the other programs are asked for. */
  size: number;
  /** Runs it on one core, without the package. */
  plain: () => void;
  /** Runs it with the package, awaited and blocking. */
  awaited: () => Promise<unknown>;
  blocking: () => void;
  /** What it computes with. */
  context: Context;
}

/** Returns the loops; a `scale` below 1 makes them smaller. */
export function limitLoops(scale: number): LimitLoop[] {
  return [
    integralLoop(Math.round(100_000_000 * scale)),
    expressionLoop(Math.round(10_000_000 * scale)),
    rangeLoop(Math.round(10_000_000 * scale)),
    distancesLoop(scale === 1 ? 500 : 50),
    elementsLoop(Math.round(1_000_000 * scale)),
    mandelbrotLoop(scale === 1 ? 1000 : 100),
  ];
}

function shown(count: number): string {
  return count.toLocaleString("en");
}

/** The sum of x² - x over a range of points. */
export function integralLoop(points: number): LimitLoop<{ dx: number }> {
  const dx = 2 / points;
  const options = { combine: "+", constants: { dx } } as const;
  const body = (i: number, { dx }: { dx: number }) => {
    const x = i * dx;
    return x * x - x;
  };
  return {
    id: "integral",
    title: `integral of x² - x over ${shown(points)} points`,
    size: points,
    plain: () => integral(0, points, dx),
    awaited: () => parallelReduce(points, body, options),
    blocking: () => parallelReduceSync(points, body, options),
    context: { dx },
  };
}

function expressionLoop(points: number): LimitLoop {
  const X = sharedArray("float64", points);
  for (let i = 0; i < points; i++) X[i] = 2 * i / points;
  const x = lazy(X);
  const expression = x.pow(2).sub(x);
  return {
    id: "expression",
    title: `\`(X**2 - X).sum()\` of ${shown(points)} elements`,
    size: points,
    plain: () => sumOf(X),
    awaited: () => expression.sum(),
    blocking: () => void expression.sumSync(),
    context: { X },
  };
}

function sumOf(X: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < X.length; i++) sum += X[i] * X[i] - X[i];
  return sum;
}

/** The same as an expression. */
export function rangeLoop(points: number): LimitLoop<{ dx: number }> {
  const dx = 2 / points;
  const x = lazy(prange(points)).mul(dx);
  const expression = x.pow(2).sub(x);
  return {
    id: "range",
    title: `the same with a range for X`,
    size: points,
    plain: () => integral(0, points, dx),
    awaited: () => expression.sum(),
    blocking: () => void expression.sumSync(),
    context: { dx },
  };
}

/** Vectors, and the matrix of their distances. */
export interface Vectors {
  vectors: Float64Array<SharedArrayBuffer>;
  result: Float64Array<SharedArrayBuffer>;
  rows: number;
  columns: number;
}

/** The distances of some vectors to each other. */
export function distancesLoop(rows: number): LimitLoop<Vectors> {
  const columns = rows / 5;
  const vectors = sharedArray("float64", Array.from({ length: rows * columns }, Math.random));
  const result = sharedArray("float64", rows * rows);
  const context = { vectors, result, rows, columns };
  const body = (i: number, { vectors, result, rows, columns }: typeof context) => {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        const difference = vectors[i * columns + k] - vectors[j * columns + k];
        sum += difference * difference;
      }
      result[i * rows + j] = Math.sqrt(sum);
    }
  };
  return {
    id: "pairwise",
    title: `distances of ${rows} vectors of ${columns}`,
    size: rows,
    plain: () => distances(vectors, result, rows, columns, 0, rows),
    awaited: () => parallelFor(rows, body, { context }),
    blocking: () => parallelForSync(rows, body, { context }),
    context,
  };
}

/** Arrays of one length. */
export interface InputOutput {
  input: Float64Array<SharedArrayBuffer>;
  output: Float64Array<SharedArrayBuffer>;
}

/** x² - x of each element of an array, stored. */
export function elementsLoop(length: number): LimitLoop<InputOutput> {
  const input = sharedArray("float64", length);
  for (let i = 0; i < length; i++) input[i] = i / length;
  const output = sharedArray("float64", length);
  const context = { input, output };
  const body = (i: number, { input, output }: typeof context) => {
    output[i] = input[i] * input[i] - input[i];
  };
  return {
    id: "elements",
    title: `x² - x of ${shown(length)} elements, stored`,
    size: length,
    plain: () => mapElements(input, output, 0, length),
    awaited: () => parallelFor(length, body, { context }),
    blocking: () => parallelForSync(length, body, { context }),
    context,
  };
}

function mandelbrotLoop(size: number): LimitLoop {
  const context = { counts: sharedArray("uint16", size * size), size };
  const body = (y: number, { counts, size }: typeof context) => {
    for (let x = 0; x < size; x++) {
      const cr = x * 3 / size - 2;
      const ci = y * 2 / size - 1;
      let zr = 0;
      let zi = 0;
      let n = 0;
      while (n < 200 && zr * zr + zi * zi <= 4) {
        const next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        n++;
      }
      counts[y * size + x] = n;
    }
  };
  const plain = (y: number) => body(y, context);
  return {
    id: "mandelbrot",
    title: `Mandelbrot set of ${shown(size)} × ${shown(size)} points, 200 iterations`,
    size,
    plain: () => {
      for (let y = 0; y < size; y++) plain(y);
    },
    awaited: () => parallelFor(size, body, { context }),
    blocking: () => parallelForSync(size, body, { context }),
    context,
  };
}
