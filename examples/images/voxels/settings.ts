/**
 * The command line of `voxel_analysis.ts`, and the options that others have of it.
 *
 * @module
 */
import { resolve } from "node:path";
import { cpuCount } from "@sauropod/multiprocessing";
import { BadInputError, type Options, readInteger, readOptions } from "../../support/cli.ts";
import { ITERATIONS } from "./calculate_voxel.ts";
import type { NoiseKind } from "./phantom.ts";

const HELP = `
Analyses a 3-D image voxel by voxel, one task per slice, on all cores.

deno run --allow-read --allow-write examples/images/voxel_analysis.ts [options]

  --input FILE      the image, .nii or .nii.gz; without it a noisy head phantom
  --size N          the size of the phantom, N or NxNxN (64; 24 for exp)
  --noise KIND      rician or gaussian (rician, but gaussian for an image with negative voxels)
  --seed N          the seed of the phantom's noise (1)
  --analysis NAME   nlm: removes noise by non-local means
                    exp: the tutorial's slow calculation (nlm)
  --iterations N    exponentials per voxel, for exp (30000)
  --workers N       number of workers (the number of cores)
  --check           also runs on one core: prints the speed-up, and whether the results are identical
  --serial          the same as --check
  --output FILE     writes the result as .nii or .nii.gz
  --png FILE        draws the middle slices before and after
  --quick           a small phantom and little work
  --help            this text

Without options, or with --quick alone, it analyses the phantom with --check.
`;

/** The names of the options of an image, which take a value. */
export const IMAGE_VALUES = ["input", "size", "noise", "seed", "output", "png"] as const;

/** The settings of the image, its denoising and its result. */
export interface ImageSettings {
  /** The image file; a phantom if there is none. */
  input?: string | undefined;
  /** Slices, rows, columns of the phantom. */
  size: [number, number, number];
  /** The kind of noise; derived from the image if missing. */
  noise?: NoiseKind | undefined;
  /** The seed of the phantom's noise. */
  seed: number;
  /** The search radius of non-local means. */
  searchRadius: number;
  /** The file for the result. */
  output?: string | undefined;
  /** The file for the picture. */
  png?: string | undefined;
}

/** The settings of the command line. */
export interface Settings extends ImageSettings {
  /** Non-local means, or the tutorial's calculation. */
  analysis: "nlm" | "exp";
  /** Exponentials per voxel. */
  iterations: number;
  workers: number;
  /** Whether to run on one core too, and compare. */
  check: boolean;
}

/**
 * Reads the command line.
 *
 * @throws {BadInputError} if an option is wrong, or options contradict each other
 */
export function readSettings(args: readonly string[] = Deno.args): Settings {
  const values = [...IMAGE_VALUES, "analysis", "iterations", "workers"] as const;
  const options = readOptions(HELP, { values, flags: ["check", "serial"] }, args);
  const analysis = oneOf("analysis", options.analysis ?? "nlm", ["nlm", "exp"]);
  if (options.iterations !== undefined && analysis !== "exp") {
    throw new BadInputError("--iterations needs --analysis exp");
  }
  return {
    ...imageSettings(options, analysis === "exp" ? "24" : "64"),
    analysis,
    iterations: readInteger("iterations", options.iterations, options.quick ? 100 : ITERATIONS),
    workers: readInteger("workers", options.workers, cpuCount(), { max: 1024 }),
    check: options.check || options.serial || args.every((arg) => arg === "--quick"),
  };
}

/**
 * Returns the settings of the image.
 *
 * @param defaultSize the size of a phantom, unless `--quick` makes it small
 *
 * @throws {BadInputError} if an option is wrong, or options contradict each other
 */
export function imageSettings(
  options: Options<typeof IMAGE_VALUES[number], never>,
  defaultSize = "64",
): ImageSettings {
  const { input, output, png, quick } = options;
  const noise = options.noise === undefined
    ? undefined
    : oneOf("noise", options.noise, ["rician", "gaussian"]);
  if (input !== undefined && options.size !== undefined) {
    throw new BadInputError("give --input or --size, not both");
  }
  checkEnding("output", output, [".nii", ".nii.gz"]);
  checkEnding("png", png, [".png"]);
  if (input !== undefined && output !== undefined && resolve(input) === resolve(output)) {
    throw new BadInputError(`--output would overwrite --input "${input}"`);
  }
  return {
    input,
    output,
    png,
    noise,
    size: parseSize(options.size ?? (quick ? "20" : defaultSize)),
    seed: readInteger("seed", options.seed, 1, { min: 0, max: 2 ** 32 - 1 }),
    searchRadius: quick ? 2 : 5,
  };
}

function oneOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((choice) => choice === text);
  if (choice !== undefined) return choice;
  throw new BadInputError(`--${name} must be ${choices.join(" or ")}, not "${text}"`);
}

function checkEnding(name: string, path: string | undefined, endings: readonly string[]): void {
  if (path === undefined || endings.some((ending) => path.endsWith(ending))) return;
  throw new BadInputError(`--${name} must end in ${endings.join(" or ")}, not "${path}"`);
}

/** Turns `N` or `NxNxN`, x first, into slices, rows and columns. */
function parseSize(text: string): Settings["size"] {
  const parts = text.split("x");
  const lengths = (parts.length === 1 ? [text, text, text] : parts)
    .map((part) => /^[0-9]+$/.test(part) ? Number(part) : 0);
  const voxels = lengths.reduce((product, length) => product * length, 1);
  if (lengths.length !== 3 || voxels < 1) {
    throw new BadInputError(`--size must be N or NxNxN with N of at least 1, not "${text}"`);
  }
  if (voxels > 2 ** 28) throw new BadInputError(`--size ${text} has more than 2^28 voxels`);
  return [lengths[2], lengths[1], lengths[0]];
}
