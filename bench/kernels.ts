/**
 * The loops as one writes them by hand, for one thread or a part of the work.
 *
 * @module
 */

/** Sum of x² - x over the points from `from` up to `to`, `dx` apart. */
export function integral(from: number, to: number, dx: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const x = i * dx;
    sum += x * x - x;
  }
  return sum;
}

/** Distances of the vectors from `from` up to `to` to all `rows` vectors, which are `columns` long. */
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

/** Copies elements and sums them up. */
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

/** x² - x of elements. */
export function mapElements(
  input: Float64Array,
  output: Float64Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) output[i] = input[i] * input[i] - input[i];
}
