/**
 * Soak test: calls of every kind with random faults, for as long as is wished, on more workers than cores.
 * Nothing may be lost, and nothing may hang.
 *
 * ```text
 * deno task soak --minutes 60 --seed 1 [--built]
 * ```
 *
 * Tasks throw, throw hostile errors, return what cannot cross, end their worker, fail outside of the task
 * or after it, hang, or compute too long. Calls are cancelled, aborted, timed out and left; pools are
 * closed, terminated and forgotten; processes are terminated and killed while they use queues; rounds of
 * the stress test run meanwhile. At the end all pools must be whole.
 *
 * `--built` runs it with the modules of `dist/`. The same seed tries the same operations, but not with
 * the same timing.
 *
 * @module
 */

import { abandonedWorkers } from "@sauropod/multiprocessing";
import { stopTeam } from "@sauropod/multiprocessing/loops";
import { readScriptOptions } from "./script_options.ts";
import { callOthers, callPool, churnPools } from "./soak/calls.ts";
import { moveItems } from "./soak/processes.ts";
import { HANG_MS, Tally } from "./soak/tally.ts";
import { Random } from "./stress/random.ts";
import { patience } from "./stress/round.ts";
import { type Kind, rounds, stress } from "./stress.ts";

/** Runs all parts until the time is up. */
export async function soak(seed: number, timeMs: number, tally: Tally): Promise<void> {
  patience.hangMs = HANG_MS;
  const random = new Random(seed);
  const end = performance.now() + timeMs;
  const isOver = () => performance.now() >= end || tally.hasFailed;
  const part = () => new Random(random.fork());
  await Promise.all([
    callPool(part(), tally, isOver, false),
    callPool(part(), tally, isOver, false),
    callPool(part(), tally, isOver, true),
    churnPools(part(), tally, isOver),
    callOthers(part(), tally, isOver),
    moveItems(part(), tally, isOver),
    stressRounds(random.fork(), tally, isOver),
  ]);
  await stopTeam();
}

/** Runs rounds of the stress test, which checks what it does itself. */
async function stressRounds(seed: number, tally: Tally, isOver: () => boolean): Promise<void> {
  const random = new Random(seed);
  const kinds = Object.keys(rounds) as Kind[];
  while (!isOver()) {
    const round = { seed: random.fork(), workers: 2, maxRounds: 1, timeMs: Infinity };
    const kind = random.pick(kinds);
    // Not watched: a round is slow where much else goes on, and looks itself whether its lanes make progress.
    try {
      tally.operations += (await stress({ ...round, kinds: [kind] })).operations;
    } catch (error) {
      tally.lost.push(String(error));
    }
  }
}

async function main(): Promise<void> {
  const options = readScriptOptions(
    "deno task soak [--minutes 60] [--seed 1] [--built]",
    ["minutes", "seed"],
    ["built"],
  );
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const minutes = Number(options.minutes ?? 1);
  if (options.built) return await runBuilt(seed, minutes);
  console.log(`seed ${seed}, ${minutes} minutes, Deno ${Deno.version.deno}`);
  const tally = new Tally();
  const progress = setInterval(() => console.log(tally.report()), 60_000);
  await soak(seed, minutes * 60_000, tally);
  clearInterval(progress);
  console.log(tally.report());
  console.log(
    `abandoned workers: ${abandonedWorkers()}; ${Deno.memoryUsage().rss >> 20} MiB resident`,
  );
  if (tally.hasFailed) Deno.exit(1);
}

/** Builds the package and runs this script with the build. */
async function runBuilt(seed: number, minutes: number): Promise<void> {
  const run = async (...args: string[]) => {
    const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    if (code !== 0) Deno.exit(code);
  };
  await run("task", "build");
  const script = new URL(import.meta.url).pathname;
  const flags = ["--allow-all", "--config=deno.build.json"];
  await run("run", ...flags, script, `--seed=${seed}`, `--minutes=${minutes}`);
}

if (import.meta.main) await main();
