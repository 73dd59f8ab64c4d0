/**
 * Tables of times, as `%timeit` prints them in the tutorials.
 *
 * @module
 */
import { timed } from "./cli.ts";

/**
 * A table of times, printed row by row. The first row is the baseline of the speed-ups.
 *
 * `first` is the time of the first run, in which workers start and code is compiled; `best` is the
 * shortest time of all runs.
 */
export class TimesTable {
  readonly #width: number;
  readonly #runs: number;
  #baseline: number | undefined;

  /** Prints the heading. */
  constructor(title: string, { width = 16, runs = 5 }: { width?: number; runs?: number } = {}) {
    this.#width = width;
    this.#runs = runs;
    console.log(`${title.padEnd(width)}        first         best   speed-up`);
  }

  /** Runs `work` several times, prints its row, and returns its last result. */
  async row<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const first = await timed(work);
    let { seconds: best, result } = first;
    for (let run = 1; run < this.#runs; run++) {
      const again = await timed(work);
      best = Math.min(best, again.seconds);
      result = again.result;
    }
    this.#baseline ??= best;
    const times = [first.seconds, best].map((seconds) =>
      `${(seconds * 1000).toFixed(1).padStart(10)} ms`
    );
    const speedUp = (this.#baseline / best).toFixed(2).padStart(8);
    console.log(`${name.padEnd(this.#width)}${times.join("")} ${speedUp} x`);
    return result;
  }
}

/** Returns an explanation if several workers were hardly faster than one core. */
export function explainLowSpeedUp(speedUp: number, workers: number): string | undefined {
  if (workers === 1 || speedUp >= 1.2) return undefined;
  return "Little is gained if other programs use the cores, or if there is little work.";
}

/**
 * Prints the speed-up over one core, why it is low if it is, and whether the results are identical. If they
 * are not, the exit code of the program is 1.
 */
export function printComparison(
  serialSeconds: number,
  seconds: number,
  workers: number,
  same: boolean,
): void {
  const speedUp = serialSeconds / seconds;
  console.log(`speed-up: ${speedUp.toFixed(2)}`);
  const why = explainLowSpeedUp(speedUp, workers);
  if (why !== undefined) console.log(why);
  console.log(`identical: ${yesOrNo(same)}`);
  if (!same) Deno.exitCode = 1;
}

/** Returns "1 worker", "2 workers". */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** Returns whether two arrays have the same elements. */
export function identical(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at === a.length && a.length === b.length;
}

/** Returns "yes" or "no". */
export function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}
