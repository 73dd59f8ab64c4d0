/**
 * Fuzzing of kernels: random bodies of loops and random array expressions, whose kernels must compute what
 * the same JavaScript computes.
 *
 * ```text
 * deno task fuzz:kernels --minutes 10 [--seed 1]
 * deno task fuzz:kernels --run 1923228506          one run, by the seed in the report of a failure
 * ```
 *
 * - Elements are the same, bit for bit. A missing element is NaN.
 * - So are the values of all turns, combined by `min` and `max`; sums and products within the error of rounding.
 * - Each loop that can run in lanes does, and a body whose turns may depend on each other still does what a plain
 *   loop does when a `for` within it runs in lanes.
 * - Sums, products and elements of an expression are those of its JavaScript, bit for bit.
 *
 * A body that fails is written anew from the same seed with fewer statements, while it fails.
 *
 * @module
 */

import { compareKernels } from "../tests/kernels/compare.ts";
import { type BodyOptions, randomBody } from "../tests/kernels/random_bodies.ts";
import {
  BINARY,
  compareExpression,
  elements,
  LENGTH,
  SPECIAL,
  TYPES,
  UNARY,
} from "../tests/loops/compare_expressions.ts";
import type { Node } from "../lib/loops/expression_tree.ts";
import { watchdog } from "./fuzz/watchdog.ts";
import { readScriptOptions } from "./script_options.ts";
import { Random } from "./stress/random.ts";

/** Thrown when a kernel computes something else. */
export class FuzzError extends Error {
  override name = "FuzzError";
}

/** What {@linkcode fuzzKernels} has compared. */
export interface FuzzResult {
  bodies: number;
  /** Number of kernels of these bodies, and of those with a `for` in lanes. */
  kernels: number;
  inner: number;
  expressions: number;
}

/** Compares random kernels until the time is up or `maxRuns` is reached. */
export function fuzzKernels(
  { seed, maxRuns, timeMs, onRun }: {
    seed: number;
    maxRuns: number;
    timeMs: number;
    /** Called before each run, with its seed. */
    onRun?: (runSeed: number) => void;
  },
): FuzzResult {
  const random = new Random(seed);
  const result: FuzzResult = { bodies: 0, kernels: 0, inner: 0, expressions: 0 };
  const end = performance.now() + timeMs;
  for (let run = 0; run < maxRuns && performance.now() < end; run++) {
    const runSeed = random.fork();
    onRun?.(runSeed);
    runOnce(runSeed, result);
  }
  return result;
}

/**
 * Compares the kernels of one random body, or of one random expression.
 *
 * @throws {FuzzError} if one of them computes something else
 */
export function runOnce(runSeed: number, result: FuzzResult): void {
  const random = new Random(runSeed);
  if (random.oneIn(4)) {
    result.expressions++;
    return runExpression(random, runSeed);
  }
  const options = {
    size: random.int(1, random.pick([20, 60, 150])),
    isIndependent: !random.oneIn(4),
    isLong: random.oneIn(2),
  };
  const seed = random.fork();
  result.bodies++;
  try {
    const { kernels, inner } = compareKernels(randomBody(seed, options));
    result.kernels += kernels;
    result.inner += inner;
  } catch (error) {
    throw reduced(seed, options, runSeed, error as Error);
  }
}

/** Finds the smallest body of the seed that fails, and describes it. */
function reduced(seed: number, options: BodyOptions, runSeed: number, error: Error): FuzzError {
  let [size, cause] = [options.size, error];
  for (let smaller = 1; smaller < options.size; smaller++) {
    try {
      compareKernels(randomBody(seed, { ...options, size: smaller }));
    } catch (other) {
      [size, cause] = [smaller, other as Error];
      break;
    }
  }
  const { source, makeContext } = randomBody(seed, { ...options, size });
  const { arrays, numbers } = makeContext();
  const context = [
    ...Object.entries(numbers).map(([name, value]) => `${name} = ${value}`),
    ...Object.entries(arrays).map(([name, array]) => `${name} = ${show(array)}`),
  ];
  return new FuzzError(
    `${cause.message}\n${source}\n${context.join("\n")}\ndeno task fuzz:kernels --run ${runSeed}`,
    { cause },
  );
}

function show(array: ArrayLike<number>): string {
  const elements = Array.from(array, (element) => Object.is(element, -0) ? "-0" : `${element}`);
  return `${array.constructor.name} [${elements.join(", ")}]`;
}

function runExpression(random: Random, runSeed: number): void {
  const nodes = randomNode(random, random.int(1, 5));
  // An expression of constants alone has no length.
  const last: Node = { op: "array", data: elements(random.pick(TYPES)) };
  const root: Node = { op: random.pick(BINARY), args: [nodes, last] };
  const type = random.pick(TYPES);
  const isForeign = random.oneIn(2);
  const first = random.int(0, LENGTH);
  const count = random.int(0, LENGTH - first);
  try {
    compareExpression(root, () => elements(type, isForeign), first, count);
  } catch (cause) {
    throw new FuzzError(
      `${(cause as Error).message}\nelements ${first} to ${first + count}, ${type}\n` +
        `deno task fuzz:kernels --run ${runSeed}`,
      { cause },
    );
  }
}

function randomNode(random: Random, depth: number): Node {
  if (depth === 0 || random.oneIn(8)) {
    switch (random.int(0, 4)) {
      case 0:
        return { op: "constant", value: random.pick([...SPECIAL, 1, -1, 3, 255, 1 / 3]) };
      case 1:
        return {
          op: "range",
          start: random.int(-3, 3),
          step: random.pick([1, 0, -1, 0.5]),
          length: LENGTH,
        };
      default:
        return { op: "array", data: elements(random.pick(TYPES), random.oneIn(2)) };
    }
  }
  const inner = () => randomNode(random, depth - 1);
  switch (random.int(0, 5)) {
    case 0:
    case 1:
      return { op: random.pick(UNARY), args: [inner()] };
    case 2:
      return { op: "where", args: [inner(), inner(), inner()] };
    default:
      return { op: random.pick(BINARY), args: [inner(), inner()] };
  }
}

async function main(): Promise<void> {
  const options = readScriptOptions(
    "deno task fuzz:kernels [--minutes 1] [--seed 1], or --run SEED for one run",
    ["minutes", "seed", "run"],
  );
  const result: FuzzResult = { bodies: 0, kernels: 0, inner: 0, expressions: 0 };
  if (options.run !== undefined) {
    runOnce(Number(options.run), result);
    console.log("no difference");
    return;
  }
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const minutes = Number(options.minutes ?? 1);
  console.log(`seed ${seed}, ${minutes} minutes`);
  using watched = await watchdog("A run has no end: deno task fuzz:kernels --run ");
  const { bodies, kernels, inner, expressions } = fuzzKernels({
    seed,
    maxRuns: Infinity,
    timeMs: minutes * 60_000,
    onRun: watched.begin,
  });
  console.log(
    `${bodies} bodies, ${kernels} kernels, ${inner} of them with a \`for\` in lanes; ` +
      `${expressions} expressions; no difference`,
  );
}

if (import.meta.main) await main();
