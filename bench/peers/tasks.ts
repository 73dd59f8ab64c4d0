/**
 * The tasks of every pool. Each takes one argument and uses nothing outside of its body, since some pools send the
 * text of a function.
 *
 * @module
 */

/** A trivial task. */
export function square(x: number): number {
  return x * x + 1;
}

/** The function of the map. */
export function integrand(x: number): number {
  return x * x - x;
}

/** The same for a chunk, for pools without a map of their own. */
export function integrands(items: number[]): number[] {
  return items.map((x) => x * x - x);
}

/** Returns its argument. */
export function same(value: unknown): unknown {
  return value;
}

/** Computes, and returns how long that took, in milliseconds. */
export function work(iterations: number): number {
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < iterations; i++) sum += i * i - i;
  return performance.now() - start + (Number.isNaN(sum) ? 1 : 0);
}

/** Computes for ever. */
export function endless(): never {
  for (;;);
}
