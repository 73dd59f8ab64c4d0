/**
 * C5, C6: Sums up an integral in a parallel loop with a reduction, on a chosen number of threads.
 *
 * @module
 */
import { parallelReduce, prange, setNumThreads } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { best } from "./distances.ts";

const HELP = `
Computes the integral of x^2 - x from 0 to 2 by parallelReduce over 100 million points, on 1 to N
workers, and compares with a loop on one core.

deno run --allow-read examples/loops/integral_prange.ts [--workers N] [--points N] [--quick]
`;

function integrate(a: number, b: number, n: number): number {
  const dx = (b - a) / n;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const x = a + i * dx;
    sum += x * x - x;
  }
  return sum * dx;
}

/** The same loop: the body returns what is added. It sees nothing outside itself but its context. */
async function integrateInParallel(a: number, b: number, n: number): Promise<number> {
  const dx = (b - a) / n;
  const sum = await parallelReduce(prange(n), (i, { a, dx }) => {
    const x = a + i * dx;
    return x * x - x;
  }, { combine: "+", context: { a, dx } });
  return sum * dx;
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["points", "workers"], flags: ["quick"] });
  const most = wholeNumber("workers", options.workers, options.quick ? 2 : 8, { most: 64 });
  const points = wholeNumber("points", options.points, options.quick ? 1e5 : 1e8, { most: 1e12 });
  const print = (what: string, value: number, seconds: number) =>
    console.log(
      `${what.padEnd(10)} ${value.toFixed(6)} ${(seconds * 1000).toFixed(1).padStart(8)} ms`,
    );

  const serial = await best(() => integrate(0, 2, points));
  print("serial", serial.result, serial.seconds);
  for (let threads = 1; threads <= most; threads++) {
    setNumThreads(threads);
    const { result, seconds } = await best(() => integrateInParallel(0, 2, points));
    print(`${threads} threads`, result, seconds);
  }
}

if (import.meta.main) await runExample("integral_prange", main);
