/**
 * What the examples of distances have in common: options, points, and the distances between them.
 *
 * @module
 */
import { type NdArray, random, zeros } from "@sauropod/multiprocessing/ndarray";
import { readOptions, wholeNumber } from "../support/cli.ts";

/** An array of numbers with double precision. */
export type Matrix = NdArray<Float64Array>;

/** How much there is to do. */
export interface Size {
  /** How many points there are. */
  count: number;
  /** Up to how many workers or threads it is done. */
  most: number;
}

/**
 * Reads `--workers` and `--quick`, with which it is little.
 *
 * @throws {BadInputError} for whatever makes no sense.
 */
export function readSize(help: string, usual: Size): Size {
  const { workers, quick } = readOptions(help, { values: ["workers"] });
  const { count, most } = quick ? { count: 20, most: 2 } : usual;
  return { count, most: wholeNumber("workers", workers, most, { most: 64 }) };
}

/** `numpy.random.uniform(size=(count, measurements))`, the same each time. */
export async function randomPoints(count: number, measurements: number): Promise<Matrix> {
  return await random([count, measurements], { seed: 1 });
}

/** The distance between two points. */
export function distance(points: Matrix, i: number, j: number): number {
  const measurements = points.shape[1];
  let sum = 0;
  for (let k = 0; k < measurements; k++) sum += (points.get(i, k) - points.get(j, k)) ** 2;
  return Math.sqrt(sum);
}

/** All distances, computed here. */
export function allDistances(points: Matrix): Matrix {
  const count = points.shape[0];
  const distances = zeros([count, count]);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) distances.set(i, j, distance(points, i, j));
  }
  return distances;
}
