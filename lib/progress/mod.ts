/**
 * Progress bars: on stderr, with the rate and the time left.
 *
 * | function | for |
 * |---|---|
 * | `progress(items)` | the results of a loop: `for await (const r of progress(pool.imap(f, xs)))` |
 * | `progressBar()` | the option `onProgress` of everything that takes many items; counting yourself |
 *
 * - On a terminal, bars are drawn at most ten times a second, several of them below each other. Elsewhere,
 *   as in a file or under CI, a line is printed for each further tenth, or every ten seconds, and one at the
 *   end.
 * - Nothing is drawn after the end of a bar, or in workers. Bars have no timers, so they do not keep the
 *   program alive, and are drawn while it blocks in `mapSync` or `parallelForSync` too.
 *
 * Follows Python's `tqdm`, and `process_map` of `tqdm.contrib.concurrent`. The bars are those of
 * `npm:cli-progress`.
 *
 * @example A bar in one line
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { progressBar } from "@sauropod/multiprocessing/progress";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new Pool(2);
 * const roots = await pool.map(Math.sqrt, [1, 4, 9], { onProgress: progressBar({ label: "roots" }) });
 * assertEquals(roots, [1, 2, 3]);
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export { progress, type ProgressBar, progressBar, type ProgressBarOptions } from "./progress.ts";
