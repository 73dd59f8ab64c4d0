/**
 * What the examples of distances have in common: points, the distances between them, and times.
 *
 * @module
 */
import { type NdArray, random, zeros } from "@sauropod/multiprocessing/ndarray";
import { timed } from "../support/cli.ts";

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

/** The shortest time of three rounds, the first of which workers may still be starting in. */
export async function best<T>(
  work: () => T | Promise<T>,
): Promise<{ seconds: number; result: T }> {
  const rounds = [await timed(work), await timed(work), await timed(work)];
  return rounds.reduce((a, b) => b.seconds < a.seconds ? b : a);
}

/** A line of a table: what was done, and the milliseconds. */
export function row(what: string, seconds: number): string {
  return `${what.padEnd(10)} ${(seconds * 1000).toFixed(1).padStart(8)} ms`;
}
