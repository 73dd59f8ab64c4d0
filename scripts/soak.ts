/**
 * Soak test: calls of every kind with random faults, for as long as is wished, on more workers than cores.
 * Nothing may be lost, and nothing may hang.
 *
 * ```text
 * deno task soak --minutes 60 --seed 1 [--start-method process] [--built]
 * ```
 *
 * Tasks throw, throw hostile errors, return what cannot cross, end their worker, fail outside of the task
 * or after it, hang, or compute too long. Calls are cancelled, aborted, timed out and left; pools are
 * closed, terminated and forgotten; processes are terminated and killed while they use queues; rounds of
 * the stress test run meanwhile. At the end all pools must be whole.
 *
 * With `--start-method process`, pools and processes run in processes of the operating system. These also fill
 * their heaps, compute for ever, stop and kill themselves, and are killed, stopped and continued from outside.
 *
 * `--built` runs it with the modules of `dist/`. The same seed tries the same operations, but not with
 * the same timing.
 *
 * @module
 */

import { abandonedWorkers, setStartMethod } from "@sauropod/multiprocessing";
import { stopTeam } from "@sauropod/multiprocessing/loops";
import { readScriptOptions } from "./script_options.ts";
import { callOthers, callPool, churnPools } from "./soak/calls.ts";
import { signalProcesses } from "./soak/outside.ts";
import { addUp, moveItems } from "./soak/processes.ts";
import { HANG_MS, Tally } from "./soak/tally.ts";
import { Random } from "./stress/random.ts";
import { patience } from "./stress/round.ts";
import { type Kind, rounds, stress } from "./stress.ts";

/** What processes and pools run in. */
const startMethods = ["spawn", "process"] as const;
type SoakStartMethod = typeof startMethods[number];

/** Runs all parts until the time is up. */
export async function soak(
  seed: number,
  timeMs: number,
  tally: Tally,
  startMethod: SoakStartMethod = "spawn",
): Promise<void> {
  setStartMethod(startMethod, { force: true });
  patience.hangMs = HANG_MS;
  const random = new Random(seed);
  const end = performance.now() + timeMs;
  const isOver = () => performance.now() >= end || tally.hasFailed;
  const part = () => new Random(random.fork());
  const runner = startMethod === "process" ? "process" : "worker";
  await Promise.all([
    callPool(part(), tally, isOver, runner),
    churnPools(part(), tally, isOver, runner),
    callOthers(part(), tally, isOver, runner),
    moveItems(part(), tally, isOver, runner),
    ...runner === "process"
      ? [addUp(part(), tally, isOver, runner), signalProcesses(part(), tally, isOver)]
      : [
        callPool(part(), tally, isOver, runner),
        callPool(part(), tally, isOver, "thread"),
        stressRounds(random.fork(), tally, isOver),
      ],
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
    "deno task soak [--minutes 60] [--seed 1] [--start-method spawn|process] [--built]",
    ["minutes", "seed", "start-method"],
    ["built"],
  );
  const startMethod = options["start-method"] as SoakStartMethod ?? "spawn";
  if (!startMethods.includes(startMethod)) {
    console.error(`--start-method must be one of ${startMethods.join(", ")}, not ${startMethod}`);
    Deno.exit(2);
  }
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const minutes = Number(options.minutes ?? 1);
  if (options.built) return await runBuilt(seed, minutes, startMethod);
  console.log(`seed ${seed}, ${minutes} minutes, ${startMethod}, Deno ${Deno.version.deno}`);
  const tally = new Tally();
  const progress = setInterval(() => console.log(tally.report()), 60_000);
  await soak(seed, minutes * 60_000, tally, startMethod);
  clearInterval(progress);
  console.log(tally.report());
  console.log(
    `abandoned workers: ${abandonedWorkers()}; ${Deno.memoryUsage().rss >> 20} MiB resident`,
  );
  if (tally.hasFailed) Deno.exit(1);
}

/** Builds the package and runs this script with the build. */
async function runBuilt(
  seed: number,
  minutes: number,
  startMethod: SoakStartMethod,
): Promise<void> {
  const run = async (...args: string[]) => {
    const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    if (code !== 0) Deno.exit(code);
  };
  await run("task", "build");
  const script = new URL(import.meta.url).pathname;
  const flags = ["--allow-all", "--config=deno.build.json"];
  const options = [`--seed=${seed}`, `--minutes=${minutes}`, `--start-method=${startMethod}`];
  await run("run", ...flags, script, ...options);
}

if (import.meta.main) await main();
