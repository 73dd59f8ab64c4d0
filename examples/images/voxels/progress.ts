/**
 * Progress on stderr: a bar on a terminal, otherwise a line at each quarter.
 *
 * @module
 */
import type { Progress } from "@sauropod/multiprocessing";
import cliProgress from "cli-progress";

/** A display of progress. Disposing it ends the display. */
export interface ProgressDisplay extends Disposable {
  /** Shows the progress. */
  update(progress: Pick<Progress, "done">): void;
}

/**
 * Shows the progress of `total` tasks, their rate and the time left.
 *
 * @param unit The name of the tasks, in the plural.
 */
export function showProgress(label: string, total: number, unit: string): ProgressDisplay {
  return Deno.stderr.isTerminal() ? bar(label, total, unit) : lines(label, total, unit);
}

function bar(label: string, total: number, unit: string): ProgressDisplay {
  const start = performance.now();
  const bar = new cliProgress.SingleBar({
    format:
      `${label} {bar} {percentage} % | {value} of {total} ${unit} | {rate}/s | {eta_formatted} left`,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    etaBuffer: Math.max(10, total),
  }, cliProgress.Presets.shades_classic);
  bar.start(total, 0, { rate: "-" });
  return {
    update: ({ done }) => bar.update(done, { rate: rateText(done, start) }),
    [Symbol.dispose]: () => bar.stop(),
  };
}

/** Prints one line each time another quarter is done. */
function lines(label: string, total: number, unit: string): ProgressDisplay {
  const start = performance.now();
  let quarters = 0;
  return {
    update({ done }) {
      const reached = Math.floor(4 * done / total);
      if (reached <= quarters) return;
      quarters = reached;
      const percent = Math.floor(100 * done / total);
      console.error(
        `${label} ${percent} % | ${done} of ${total} ${unit} | ${rateText(done, start)}/s | ` +
          `${secondsLeft(done, total, start).toFixed(1)} s left`,
      );
    },
    [Symbol.dispose]() {},
  };
}

function secondsLeft(done: number, total: number, start: number): number {
  return (performance.now() - start) / 1000 * (total - done) / done;
}

function rateText(done: number, start: number): string {
  const rate = 1000 * done / (performance.now() - start);
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(2);
}
