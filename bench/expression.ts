/**
 * Compares array expressions with hand-written loops in one run.
 *
 *     deno run --allow-read bench/expression.ts [--quick]
 *
 * The two of each pair run in turn on one core: the ratio of the best times is the cost of the compiled
 * loop. Then the expression runs on all cores.
 *
 * @module
 */

import { getNumThreads, lazy, prange, stopTeam } from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { parseArgs } from "@std/cli/parse-args";

/** A hand-written loop: a function of the arrays, so that the compiler cannot specialize it for them. */
type Loop = (X: Float64Array, out: Float64Array, dx: number) => number;

const sum: Loop = (X) => {
  let sum = 0;
  for (let i = 0; i < X.length; i++) sum += X[i] ** 2 - X[i];
  return sum;
};

const sumWithoutX: Loop = ({ length }, _out, dx) => {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (i * dx) ** 2 - i * dx;
  return sum;
};

const store: Loop = (X, out) => {
  for (let i = 0; i < X.length; i++) out[i] = X[i] ** 2 - X[i];
  return out[0];
};

const sumOfCalls: Loop = (X) => {
  const fn = (x: number) => x * x - x;
  let sum = 0;
  for (let i = 0; i < X.length; i++) sum += fn(X[i]);
  return sum;
};

const minimum: Loop = (X) => {
  let minimum = Infinity;
  for (let i = 0; i < X.length; i++) minimum = Math.min(minimum, X[i]);
  return minimum;
};

const sumOfRoots: Loop = (X) => {
  let sum = 0;
  for (let i = 0; i < X.length; i++) sum += Math.sqrt(X[i]);
  return sum;
};

const prefix: Loop = (X, out) => {
  let sum = 0;
  for (let i = 0; i < X.length; i++) out[i] = sum += X[i];
  return sum;
};

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
  let result = 0; // uses the results, so that no loop is optimized away
  const pair = (name: string, loop: Loop, expression: Pair["expression"]): Pair => ({
    name,
    byHand: () => result += loop(X, out, dx),
    expression,
  });
  return [
    pair("(X**2 - X).sum()", sum, (numThreads) => x.pow(2).sub(x).sumSync({ numThreads })),
    pair("the same without X", sumWithoutX, (numThreads) => {
      virtual.pow(2).sub(virtual).sumSync({ numThreads });
    }),
    pair("X**2 - X into an array", store, (numThreads) => {
      x.pow(2).sub(x).intoSync(out, { numThreads });
    }),
    pair("X.map(fn).sum()", sumOfCalls, (numThreads) => {
      x.map((x) => x * x - x).sumSync({ numThreads });
    }),
    pair("X.min()", minimum, (numThreads) => x.minSync({ numThreads })),
    pair("sqrt(X).sum()", sumOfRoots, (numThreads) => x.sqrt().sumSync({ numThreads })),
    pair("prefix sum", prefix, (numThreads) => x.cumsumSync({ into: out, numThreads })),
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
