/**
 * The integral of x² - x, as a sum over points: what most examples of loops compute.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";

/** The integral of x² - x from `a` to `b`, as `integrate_f_native` of the tutorial computes it. */
export const integrate = task(import.meta, (a: number, b: number, points: number): number => {
  const dx = (b - a) / points;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const x = a + i * dx;
    sum += x * x - x;
  }
  return sum * dx;
});
