/**
 * The integral of x² - x, as a sum over points: most examples of loops compute it.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";

/** Computes the integral of x² - x from `a` to `b`, as `integrate_f_native` of the tutorial. */
export const integrate = task(import.meta, (a: number, b: number, points: number): number => {
  const dx = (b - a) / points;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const x = a + i * dx;
    sum += x * x - x;
  }
  return sum * dx;
});
