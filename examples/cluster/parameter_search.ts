/**
 * F2: Searches a grid for the best parameters of a model on the nodes of a cluster, with progress.
 *
 * Each item is one pair of parameters, which a node cross-validates. Results are taken as they come, and the best
 * so far is printed. The end is the same for any nodes, because the data depends on a seed only.
 *
 * Permissions: `--allow-net` for the servers, `--allow-run` to find the modules that nodes need,
 * `--allow-env=MP_AUTH_KEY` for the key, `--allow-read` for the modules.
 *
 * dask: `GridSearchCV` under `joblib.parallel_backend("dask")`.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { progress } from "@sauropod/multiprocessing/progress";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";
import { printComparison } from "../support/times.ts";
import { CLUSTER_VALUES, findCluster } from "./connect.ts";
import { crossValidate, type Parameters, type Problem, type Score } from "./kernel_ridge.ts";

const HELP = `
Searches a grid for the best parameters of kernel ridge regression on the nodes of a cluster.

deno run --allow-net --allow-run --allow-env=MP_AUTH_KEY --allow-read examples/cluster/parameter_search.ts [options]

  --servers LIST    addresses of NATS servers, with commas between (127.0.0.1:4222)
  --name NAME       name of the cluster (default)
  --points N        points of the data (400)
  --folds N         folds of the cross-validation (5)
  --seed N          the seed of the data (1)
  --check           also runs on one core: prints the speed-up, and whether the results are identical
  --quick           little data and a small grid
  --help            this text

The variable MP_AUTH_KEY of the environment has the authKey of the cluster, if it has one.
`;

/** Returns powers of ten that are equally far from each other. */
function powers(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => 10 ** (from + (to - from) * i / (count - 1)));
}

/** Returns whether the first score is better; of two that are equal, the one whose model is simpler. */
function isBetter(one: Score, other: Score): boolean {
  if (one.error !== other.error) return one.error < other.error;
  return one.alpha > other.alpha || (one.alpha === other.alpha && one.gamma < other.gamma);
}

function describe({ alpha, gamma, error }: Score): string {
  return `alpha ${alpha.toPrecision(3)}, gamma ${gamma.toPrecision(3)}, error ${error.toFixed(4)}`;
}

async function main(): Promise<void> {
  const values = [...CLUSTER_VALUES, "points", "folds", "seed"] as const;
  const options = readOptions(HELP, { values, flags: ["check"] });
  const problem: Problem = {
    seed: readInteger("seed", options.seed, 1, { min: 0 }),
    points: readInteger("points", options.points, options.quick ? 60 : 400, { min: 20 }),
    folds: readInteger("folds", options.folds, 5, { min: 2, max: 20 }),
  };
  const [alphas, gammas] = options.quick
    ? [powers(-3, 1, 5), powers(-2, 1, 4)]
    : [powers(-5, 0, 11), powers(-1.5, 0.75, 10)];
  const items = alphas.flatMap((alpha) =>
    gammas.map((gamma): { problem: Problem; parameters: Parameters } => (
      { problem, parameters: { alpha, gamma } }
    ))
  );
  const { engine, slots, description } = await findCluster(options);
  console.log(
    `grid: ${alphas.length} x ${gammas.length}, ${problem.points} points, ${problem.folds} folds`,
  );

  const alone = options.check ? await timed(() => items.map(crossValidate)) : undefined;
  if (alone) console.log(`one core: ${alone.seconds.toFixed(2)} s`);

  const { seconds, result: best } = await timed(async () => {
    await using pool = new Pool({ engine });
    const scores = pool.imapUnordered(crossValidate, items, { chunkSize: 1 });
    let best: Score | undefined;
    const bar = { label: description, total: items.length, unit: "pairs" };
    for await (const score of progress(scores, bar)) {
      if (best === undefined || isBetter(score, best)) best = score;
    }
    return best!;
  });
  console.log(`${description}: ${seconds.toFixed(2)} s`);
  console.log(`best: ${describe(best)}`);
  if (alone) {
    const expected = alone.result.reduce((a, b) => isBetter(b, a) ? b : a);
    const same = describe(best) === describe(expected) && best.error === expected.error;
    printComparison(alone.seconds, seconds, slots, same);
  }
}

if (import.meta.main) await runExample("parameter_search", main);
