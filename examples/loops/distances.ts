/**
 * Distances of vectors to each other: what examples of loops over pairs and over rows compute.
 *
 * @module
 */
import { sharedArray, task } from "@sauropod/multiprocessing";

/** Vectors of the same length in shared memory, one after the other. */
export interface Vectors {
  numbers: Float64Array;
  count: number;
  length: number;
}

/** `np.random.uniform(size=(count, length))`. */
export function randomVectors(count: number, length: number): Vectors {
  const numbers = sharedArray("float64", count * length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.random();
  return { numbers, count, length };
}

/** The distance of two vectors. */
export function distance({ numbers, length }: Vectors, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const difference = numbers[i * length + k] - numbers[j * length + k];
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

/** The distances of one vector to all, stored in a row of the matrix. */
export function setRow(vectors: Vectors, matrix: Float64Array, i: number): void {
  for (let j = 0; j < vectors.count; j++) matrix[i * vectors.count + j] = distance(vectors, i, j);
}

/** The matrix of all distances, as `pairwise_distance_numpy` of the tutorial computes it. */
export function allDistances(vectors: Vectors): Float64Array {
  const matrix = new Float64Array(vectors.count ** 2);
  for (let i = 0; i < vectors.count; i++) setRow(vectors, matrix, i);
  return matrix;
}

/** Each worker's `DATA_GLOB`: the vectors that its tasks are about. */
let data: Vectors;

/** Tells a worker once which vectors its tasks are about. */
export const useVectors = task(import.meta, (vectors: Vectors) => {
  data = vectors;
});

/** The distance of two of the vectors, as a task. */
export const distanceOfPair = task(import.meta, (i: number, j: number) => distance(data, i, j));

/** A row of the matrix, as a task. */
export const distanceRow = task(
  import.meta,
  (i: number) => Float64Array.from({ length: data.count }, (_, j) => distance(data, i, j)),
);
