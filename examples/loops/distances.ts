/**
 * What the examples of distances have in common: points, and the distances between them.
 *
 * @module
 */
import { type NdArray, random, zeros } from "@sauropod/multiprocessing/ndarray";

/** An array of numbers with double precision. */
export type Matrix = NdArray<Float64Array>;

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
