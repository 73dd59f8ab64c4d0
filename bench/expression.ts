/**
 * Array expressions against hand-written loops, side by side in one run.
 *
 *     deno run --allow-read bench/expression.ts [--quick]
 *
 * Each pair runs in turn, on one thread: the ratio of the best times says what the compiled loop costs.
 * Then the same on all cores.
 *
 * @module
 */

import { getNumThreads, lazy, prange, sharedArray, stopTeam } from "@sauropod/multiprocessing";
import { parseArgs } from "@std/cli/parse-args";

interface Pair {
  name: string;
  byHand: () => void;
  expression: (numThreads: number) => void;
}

function pairs(points: number): Pair[] {
  const dx = 2 / points;
  const X = sharedArray("float64", points);
  const out = sharedArray("float64", points);
  lazy(prange(points)).mul(dx).intoSync(X);
  const x = lazy(X);
  const virtual = lazy(prange(points)).mul(dx);
  let result = 0; // so that no loop is left out
  const byHand = (name: string, loop: () => number, expression: Pair["expression"]): Pair => ({
    name,
    byHand: () => result += loop(),
    expression,
  });
  return [
    byHand("(X**2 - X).sum()", () => {
      let sum = 0;
      for (let i = 0; i < X.length; i++) sum += X[i] ** 2 - X[i];
      return sum;
    }, (numThreads) => x.pow(2).sub(x).sumSync({ numThreads })),
    byHand("the same without X", () => {
      let sum = 0;
      for (let i = 0; i < points; i++) sum += (i * dx) ** 2 - i * dx;
      return sum;
    }, (numThreads) => virtual.pow(2).sub(virtual).sumSync({ numThreads })),
    byHand("X**2 - X into an array", () => {
      for (let i = 0; i < X.length; i++) out[i] = X[i] ** 2 - X[i];
      return out[0];
    }, (numThreads) => x.pow(2).sub(x).intoSync(out, { numThreads })),
    byHand("X.map(fn).sum()", () => {
      let sum = 0;
      const fn = (x: number) => x * x - x;
      for (let i = 0; i < X.length; i++) sum += fn(X[i]);
      return sum;
    }, (numThreads) => x.map((x) => x * x - x).sumSync({ numThreads })),
    byHand("X.min()", () => {
      let least = Infinity;
      for (let i = 0; i < X.length; i++) least = Math.min(least, X[i]);
      return least;
    }, (numThreads) => x.minSync({ numThreads })),
    byHand("sqrt(X).sum()", () => {
      let sum = 0;
      for (let i = 0; i < X.length; i++) sum += Math.sqrt(X[i]);
      return sum;
    }, (numThreads) => x.sqrt().sumSync({ numThreads })),
    byHand("prefix sum", () => {
      let sum = 0;
      for (let i = 0; i < X.length; i++) out[i] = sum += X[i];
      return sum;
    }, (numThreads) => x.cumsumSync({ into: out, numThreads })),
  ];
}

function timeOf(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

async function main(): Promise<void> {
  const { quick } = parseArgs(Deno.args, { boolean: ["quick"] });
  const threads = getNumThreads();
  console.log(`Deno ${Deno.version.deno}, ${threads} threads; best times in ms`);
  for (const points of quick ? [100_000] : [1_000_000, 10_000_000]) {
    const repeats = quick ? 3 : Math.round(3e8 / points);
    console.log(
      `\n${points} points`.padEnd(29) + "by hand  1 thread     ratio       all     ratio",
    );
    for (const { name, byHand, expression } of pairs(points)) {
      const best = [Infinity, Infinity, Infinity];
      for (let run = 0; run < repeats; run++) {
        best[0] = Math.min(best[0], timeOf(byHand));
        best[1] = Math.min(best[1], timeOf(() => expression(1)));
        best[2] = Math.min(best[2], timeOf(() => expression(threads)));
      }
      const [hand, one, all] = best;
      const columns = [hand, one, one / hand, all, all / hand];
      console.log(name.padEnd(25) + columns.map((it) => it.toFixed(2).padStart(10)).join(""));
    }
  }
  await stopTeam();
}

if (import.meta.main) await main();
