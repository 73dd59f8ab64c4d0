/**
 * The hand-written loops, for the whole work or a part of it.
 *
 * @module
 */

/** Returns the sum of x² - x over the points from `from` to `to - 1`, `dx` apart. */
export function integral(from: number, to: number, dx: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const x = i * dx;
    sum += x * x - x;
  }
  return sum;
}

/** Stores the distances of the vectors from `from` to `to - 1` to all `rows` vectors of `columns` numbers. */
export function distances(
  vectors: Float64Array,
  result: Float64Array,
  rows: number,
  columns: number,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const row = vectors.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < rows; j++) {
      const other = j * columns;
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        const difference = row[k] - vectors[other + k];
        sum += difference * difference;
      }
      result[i * rows + j] = Math.sqrt(sum);
    }
  }
}

/** Copies elements and returns their sum. */
export function copyAndSum(
  input: Float64Array,
  output: Float64Array,
  from: number,
  to: number,
): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    output[i] = input[i];
    sum += input[i];
  }
  return sum;
}

/** Stores x² - x of elements. */
export function mapElements(
  input: Float64Array,
  output: Float64Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) output[i] = input[i] * input[i] - input[i];
}
