/**
 * A small model to choose parameters for: kernel ridge regression, cross-validated on data that depends on a
 * seed only.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import { Random } from "@sauropod/multiprocessing/random";

/** Parameters of the model. */
export interface Parameters {
  /** How much large coefficients cost. */
  alpha: number;
  /** How fast the similarity of two points falls with their distance. */
  gamma: number;
}

/** The data, and how it is cross-validated. */
export interface Problem {
  seed: number;
  points: number;
  folds: number;
}

/** Parameters, and how well the model predicts with them. */
export interface Score extends Parameters {
  /** The root of the mean squared error of the points of each fold, predicted from those of the others. */
  error: number;
}

/** Points and their values. */
interface Data {
  points: Float64Array[];
  values: Float64Array;
}

/** Number of coordinates of a point; the value depends on the first five. */
const DIMENSIONS = 8;

/**
 * Makes data: the first regression problem of J. H. Friedman: Multivariate Adaptive Regression Splines. The Annals
 * of Statistics 19(1), 1991.
 */
function makeData({ seed, points: length }: Problem): Data {
  const random = new Random(seed);
  const points = Array.from(
    { length },
    () => Float64Array.from({ length: DIMENSIONS }, () => random.uniform()),
  );
  const values = Float64Array.from(
    points,
    ([a, b, c, d, e]) =>
      10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e + random.normal(),
  );
  return { points, values };
}

/** Returns the similarity of two points: 1 for the same point, and nearly 0 far away. */
function similarity(a: Float64Array, b: Float64Array, gamma: number): number {
  let distance = 0;
  for (let i = 0; i < a.length; i++) distance += (a[i] - b[i]) ** 2;
  return Math.exp(-gamma * distance);
}

/** Returns the function that predicts values. */
function fit(
  { points, values }: Data,
  { alpha, gamma }: Parameters,
): (point: Float64Array) => number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const matrix = points.map((point, row) =>
    Float64Array.from(
      points.slice(0, row + 1),
      (other, column) => similarity(point, other, gamma) + (row === column ? alpha : 0),
    )
  );
  const coefficients = solve(matrix, values.map((value) => value - mean));
  return (point) =>
    points.reduce(
      (sum, other, i) => sum + coefficients[i] * similarity(point, other, gamma),
      mean,
    );
}

/** Solves a system of linear equations whose matrix is symmetric and positive definite, by Cholesky. */
function solve(lower: Float64Array[], right: Float64Array): Float64Array {
  for (const [i, row] of lower.entries()) {
    for (let j = 0; j <= i; j++) {
      const other = lower[j];
      let sum = row[j];
      for (let k = 0; k < j; k++) sum -= row[k] * other[k];
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j];
    }
  }
  const solution = right.slice();
  for (const [i, row] of lower.entries()) {
    for (let k = 0; k < i; k++) solution[i] -= row[k] * solution[k];
    solution[i] /= row[i];
  }
  for (let i = solution.length - 1; i >= 0; i--) {
    solution[i] /= lower[i][i];
    for (let k = 0; k < i; k++) solution[k] -= lower[i][k] * solution[i];
  }
  return solution;
}

/** Returns the parts of the data that are not in a fold, or that are. */
function pick({ points, values }: Data, isPicked: (index: number) => boolean): Data {
  const picked = (_: unknown, index: number) => isPicked(index);
  return { points: points.filter(picked), values: values.filter(picked) };
}

/** Cross-validates the model with some parameters. The result depends on the arguments only. */
export const crossValidate = task(
  import.meta,
  ({ problem, parameters }: { problem: Problem; parameters: Parameters }): Score => {
    const data = makeData(problem);
    let squares = 0;
    for (let fold = 0; fold < problem.folds; fold++) {
      const isOut = (index: number) => index % problem.folds === fold;
      const predict = fit(pick(data, (index) => !isOut(index)), parameters);
      const { points, values } = pick(data, isOut);
      for (const [i, point] of points.entries()) squares += (predict(point) - values[i]) ** 2;
    }
    return { ...parameters, error: Math.sqrt(squares / problem.points) };
  },
);
