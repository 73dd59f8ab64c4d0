/**
 * B12: Registers the images of twenty subjects in two stages; the second uses the results of the first.
 *
 * Python: a list of `pool.apply_async(linear_registration, (t1, std))`, `r.get()` for each, then the same
 * with `nonlinear_registration, (t1, std, aff)`.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { runExample, timed } from "../support/cli.ts";
import { randomInteger } from "../support/random.ts";
import { readWorkersAndSeed } from "./workers_and_seed.ts";

const HELP = `
Spends one second on the linear registration of each image, then three on the non-linear one, which
begins with the affine matrix of the linear one.

deno run --allow-read examples/images/registration.ts [--workers N] [--seed N] [--quick]
`;

const STANDARD = "MNI152_T1_2mm.nii.gz";

/** Four rows of four. */
type Matrix = number[][];

/** An image, and the numbers from which this example makes its results instead of registering it. */
interface Subject {
  file: string;
  seed: number;
  stream: number;
  secondMs: number;
}

const linearRegistration = task(
  import.meta,
  async ({ seed, stream, secondMs }: Subject, _reference: string): Promise<Matrix> => {
    await sleep(secondMs);
    const shift = randomInteger(seed, stream, 1, 100);
    return [[1, 0, 0, shift], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  },
);

const nonlinearRegistration = task(
  import.meta,
  async ({ seed, stream, secondMs }: Subject, _reference: string, affine: Matrix) => {
    await sleep(3 * secondMs);
    // This number represents a non-linear warp field.
    return { begunAt: affine[0][3], warp: randomInteger(seed + 1, stream, 1, 100) };
  },
);

async function main(): Promise<void> {
  const { workers, seed, quick } = readWorkersAndSeed(HELP);
  const subjects = Array.from({ length: 20 }, (_, stream): Subject => {
    const file = `${String(stream).padStart(2, "0")}_t1.nii.gz`;
    return { file, seed, stream, secondMs: quick ? 10 : 1000 };
  });

  console.log(`Running structural-to-standard registration on ${subjects.length} subjects...`);
  await using pool = new Pool(workers);

  const linear = await timed(async () => {
    const results = subjects.map((subject) =>
      pool.applyAsync(linearRegistration, [subject, STANDARD])
    );
    const affines: Matrix[] = [];
    for (const result of results) affines.push(await result.get());
    return affines;
  });
  console.log(`Linear registrations completed in ${linear.seconds.toFixed(2)} seconds`);

  const nonlinear = await timed(async () => {
    const results = subjects.map((subject, i) =>
      pool.applyAsync(nonlinearRegistration, [subject, STANDARD, linear.result[i]])
    );
    for (const result of results) await result.wait();
    return results;
  });
  console.log(`Non-linear registrations completed in ${nonlinear.seconds.toFixed(2)} seconds`);

  console.log("Non-linear registrations:");
  for (const [i, { file }] of subjects.entries()) {
    const { begunAt, warp } = await nonlinear.result[i].get();
    console.log(`${file}: shift ${begunAt}, warp ${warp}`);
  }
}

if (import.meta.main) await runExample("registration", main);
