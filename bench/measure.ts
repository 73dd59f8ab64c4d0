/**
 * Runs contenders in turn, several times: medians, and ratios that remain valid when the machine's speed drifts.
 *
 * @module
 */

/** A contender: its name, and a run that returns its time in microseconds. */
export type Contender = [name: string, run: () => Promise<number> | number];

/** A comparison of contenders. */
export interface Scenario {
  name: string;
  unit: "us" | "ms";
  /** The first is the baseline. */
  contenders: Contender[];
  repeats: number;
  /** Called when it has been measured, to forget what it has made: the next one is not to pay for that. */
  end?: () => void;
}

/** Returns the time of a run, in microseconds. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) * 1000;
}

/** Returns the time of a run that blocks, in microseconds. */
export function timedNow(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) * 1000;
}

/** Returns the median. */
export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Runs the contenders and prints their times. */
export async function measure(
  { name, unit, contenders, repeats, end }: Scenario,
): Promise<void> {
  const times: number[][] = contenders.map(() => []);
  for (let repeat = -1; repeat < repeats; repeat++) {
    for (const [at, [, run]] of contenders.entries()) {
      const time = await run();
      if (repeat >= 0) times[at].push(time); // the first round warms up
    }
  }
  end?.();
  console.log(`\n${name} (${unit}, median of ${repeats})`);
  for (const [at, [contender]] of contenders.entries()) {
    const time = median(times[at]) / (unit === "ms" ? 1000 : 1);
    const ratio = median(times[at].map((time, repeat) => time / times[0][repeat]));
    console.log(
      `  ${contender.padEnd(28)} ${time.toFixed(3).padStart(12)}   x ${ratio.toFixed(3)}`,
    );
  }
}
