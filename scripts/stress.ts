/**
 * Stress tests: random schedules of operations on locks, semaphores, conditions, barriers, events, queues,
 * pipes, waits for several objects and containers, by workers that time out, abort and die. They run until
 * the time is up or a guarantee is violated.
 *
 * ```text
 * deno task stress --minutes 3 --seed 1 [--workers 4] [--kind lock,queue,…] [--verbose]
 * deno task stress --kind lock --round 1923228506      one round, by the seed in the message of a failure
 * ```
 *
 * The kinds are those of {@linkcode rounds}. The same seed tries the same operations, but not with the same
 * timing.
 *
 * @module
 */

import { readScriptOptions } from "./script_options.ts";
import { barrierRound } from "./stress/barriers.ts";
import { conditionRound } from "./stress/conditions.ts";
import { containerRound } from "./stress/containers.ts";
import { eventRound } from "./stress/events.ts";
import { lockRound } from "./stress/locks.ts";
import { pipeRound } from "./stress/pipes.ts";
import { queueRound } from "./stress/queues.ts";
import { Random } from "./stress/random.ts";
import { rlockRound } from "./stress/rlocks.ts";
import { semaphoreRound } from "./stress/semaphores.ts";
import { storeRound } from "./stress/stores.ts";
import { waitRound } from "./stress/waits.ts";

/** The kinds of rounds. */
export const rounds = {
  lock: lockRound,
  queue: queueRound,
  event: eventRound,
  pipe: pipeRound,
  store: storeRound,
  wait: waitRound,
  container: containerRound,
  rlock: rlockRound,
  semaphore: semaphoreRound,
  condition: conditionRound,
  barrier: barrierRound,
};

/** Name of a kind of round. */
export type Kind = keyof typeof rounds;

/** Options of {@linkcode stress}. */
export interface StressOptions {
  seed: number;
  workers: number;
  /** Maximum number of rounds. */
  maxRounds: number;
  /** Time after which no further round starts, in milliseconds. */
  timeMs: number;
  kinds: readonly Kind[];
  /** Called before each round. */
  onRound?: (round: number, kind: Kind, seed: number) => void;
}

/** Thrown when a round fails. */
export class RoundError extends Error {
  override name = "RoundError";
}

/**
 * Runs rounds.
 *
 * @returns the number of rounds, and of operations in them
 * @throws {RoundError} if a round fails; the message has the seed to repeat it
 */
export async function stress(
  { seed, workers, maxRounds, timeMs, kinds, onRound }: StressOptions,
): Promise<{ rounds: number; operations: number }> {
  const random = new Random(seed);
  const end = performance.now() + timeMs;
  let operations = 0;
  let round = 0;
  for (; round < maxRounds && performance.now() < end; round++) {
    const kind = kinds[round % kinds.length];
    const roundSeed = random.fork();
    onRound?.(round, kind, roundSeed);
    try {
      operations += await rounds[kind](roundSeed, workers);
    } catch (error) {
      throw new RoundError(
        `Round ${round} (${kind}, ${workers} workers, round seed ${roundSeed}, seed ${seed}): ` +
          (error instanceof Error ? error.message : String(error)),
        { cause: error },
      );
    }
  }
  return { rounds: round, operations };
}

async function main(): Promise<void> {
  const options = readScriptOptions(
    "deno task stress [--minutes 3] [--seed 1] [--workers 4] [--kind lock,queue,…] [--round SEED] [--verbose]",
    ["minutes", "seed", "workers", "kind", "round"],
    ["verbose"],
  );
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const workers = Number(options.workers ?? navigator.hardwareConcurrency * 2);
  const kinds = options.kind === undefined
    ? Object.keys(rounds) as Kind[]
    : options.kind.split(",") as Kind[];
  console.log(`seed ${seed}, ${workers} workers`);
  let last = "";
  const watchdog = setInterval(() => console.log(last), 30_000);
  const onRound = (round: number, kind: Kind, roundSeed: number) => {
    last = `round ${round}: ${kind}, round seed ${roundSeed}`;
    if (options.verbose) console.log(last);
  };
  try {
    if (options.round !== undefined) {
      for (const kind of kinds) {
        console.log(`${await rounds[kind](Number(options.round), workers)} operations`);
      }
    } else {
      const timeMs = Number(options.minutes ?? 1) * 60_000;
      const done = await stress({ seed, workers, maxRounds: Infinity, timeMs, kinds, onRound });
      console.log(`${done.rounds} rounds, ${done.operations} operations, no violation`);
    }
  } catch (error) {
    console.error(error);
    Deno.exit(1);
  } finally {
    clearInterval(watchdog);
  }
}

if (import.meta.main) await main();
