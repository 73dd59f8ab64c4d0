/**
 * C4: Computes `(X**2 - X).sum() * dx` in one pass on all cores, with an array X and without one.
 *
 * NumPy makes two temporary arrays for the sum. A lazy expression makes none, and needs no X either:
 * `prange` can take its place.
 *
 * @module
 */
import { cpuCount } from "@sauropod/multiprocessing";
import { lazy, prange } from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";

const HELP = `
Integrates x*x - x from 0 to 2: in a plain loop, and by array expressions on one thread and on more.

deno run --allow-read examples/loops/array_expression.ts [--points N] [--workers N] [--quick]

--points N    number of points (default 10000000)
--workers N   number of threads (default: the number of cores)
--quick       100000 points
`;

/** Returns the points of the integral, as `np.arange(a, b, dx)`. */
function pointsOf(a: number, dx: number, points: number): Promise<Float64Array<SharedArrayBuffer>> {
  return lazy(prange(points)).mul(dx).add(a).into(sharedArray("float64", points));
}

/** Integrates over the array X, as the tutorial does. */
async function integrate(X: Float64Array, dx: number, numThreads: number): Promise<number> {
  const x = lazy(X);
  return await x.pow(2).sub(x).sum({ numThreads }) * dx;
}

/** Integrates without an array. */
async function integrateRange(
  a: number,
  dx: number,
  points: number,
  numThreads: number,
): Promise<number> {
  const x = lazy(prange(points)).mul(dx).add(a);
  return await x.pow(2).sub(x).sum({ numThreads }) * dx;
}

/** Integrates in a plain loop. */
function integrateSerially(X: Float64Array, dx: number): number {
  let sum = 0;
  for (let i = 0; i < X.length; i++) sum += X[i] ** 2 - X[i];
  return sum * dx;
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["points", "workers"] });
  const points = readInteger("points", options.points, options.quick ? 100_000 : 10_000_000, {
    max: 100_000_000,
  });
  const threads = readInteger("workers", options.workers, cpuCount(), { max: 64 });
  const few = await pointsOf(0, 2 / 100, 100);
  console.log(`100 points: ${(await integrate(few, 2 / 100, threads)).toFixed(4)}`);

  const dx = 2 / points;
  const X = await pointsOf(0, dx, points);
  const contenders: [name: string, run: () => number | Promise<number>][] = [
    ["plain loop", () => integrateSerially(X, dx)],
    ["expression, 1 thread", () => integrate(X, dx, 1)],
    [`expression, ${threads} threads`, () => integrate(X, dx, threads)],
    [`the same without X`, () => integrateRange(0, dx, points, threads)],
  ];
  const runs = options.quick ? 3 : 15;
  console.log(`${points} points, the best of ${runs} runs:`);
  // In turn: the speed of a shared machine changes from second to second.
  const best = contenders.map(() => Infinity);
  const results: number[] = [];
  for (let run = 0; run < runs; run++) {
    for (const [at, [, integral]] of contenders.entries()) {
      const { seconds, result } = await timed(integral);
      best[at] = Math.min(best[at], seconds);
      results[at] = result;
    }
  }
  for (const [at, [name]] of contenders.entries()) {
    const time = `${(best[at] * 1000).toFixed(2)} ms`.padStart(10);
    const speed = `${(best[0] / best[at]).toFixed(2)} x`.padStart(8);
    console.log(`${name.padEnd(24)} ${results[at].toFixed(6)} ${time} ${speed}`);
  }
}

if (import.meta.main) await runExample("array_expression", main);
