/**
 * The options of the scripts that wait a second or more for each of twenty images.
 *
 * @module
 */
import { readOptions, wholeNumber } from "../support/cli.ts";

/**
 * Reads `--workers`, which are 16 unless given, `--seed` and `--quick`.
 *
 * @throws {BadInputError} for whatever makes no sense.
 */
export function readWorkersAndSeed(
  help: string,
): { workers: number; seed: number; quick: boolean } {
  const { quick, ...texts } = readOptions(help, { values: ["workers", "seed"] });
  return {
    workers: wholeNumber("workers", texts.workers, 16, { most: 64 }),
    seed: wholeNumber("seed", texts.seed, 1, { least: 0 }),
    quick,
  };
}
