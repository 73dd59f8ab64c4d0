/**
 * Shared by the examples of distances: options, points, and the distances between them.
 *
 * @module
 */
import { type NdArray, random, zeros } from "@sauropod/multiprocessing/ndarray";
import { readInteger, readOptions } from "../support/cli.ts";

/** An array of numbers with double precision. */
export type Matrix = NdArray<Float64Array>;

/** The amount of work. */
export interface Size {
  /** The number of points. */
  count: number;
  /** The highest number of workers. */
  maxWorkers: number;
}

/**
 * Reads `--workers` and `--quick`, which reduces the amount.
 *
 * @throws {BadInputError} if an option is wrong
 */
export function readSize(help: string, usual: Size): Size {
  const { workers, quick } = readOptions(help, { values: ["workers"] });
  const { count, maxWorkers } = quick ? { count: 20, maxWorkers: 2 } : usual;
  return { count, maxWorkers: readInteger("workers", workers, maxWorkers, { max: 64 }) };
}

/** Returns `numpy.random.uniform(size=(count, measurements))`, the same each time. */
export async function randomPoints(count: number, measurements: number): Promise<Matrix> {
  return await random([count, measurements], { seed: 1 });
}

/** Returns the distance between two points. */
export function distance(points: Matrix, i: number, j: number): number {
  const measurements = points.shape[1];
  let sum = 0;
  for (let k = 0; k < measurements; k++) sum += (points.get(i, k) - points.get(j, k)) ** 2;
  return Math.sqrt(sum);
}

/** Computes all distances on the calling isolate. */
export function allDistances(points: Matrix): Matrix {
  const count = points.shape[0];
  const distances = zeros([count, count]);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) distances.set(i, j, distance(points, i, j));
  }
  return distances;
}
