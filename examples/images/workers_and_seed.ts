/**
 * The options of the scripts that spend a second or more on each of twenty images.
 *
 * @module
 */
import { readInteger, readOptions } from "../support/cli.ts";

/**
 * Reads `--workers`, which defaults to 16, `--seed` and `--quick`.
 *
 * @throws {BadInputError} if an option is wrong
 */
export function readWorkersAndSeed(
  help: string,
): { workers: number; seed: number; quick: boolean } {
  const { quick, ...texts } = readOptions(help, { values: ["workers", "seed"] });
  return {
    workers: readInteger("workers", texts.workers, 16, { max: 64 }),
    seed: readInteger("seed", texts.seed, 1, { min: 0 }),
    quick,
  };
}
