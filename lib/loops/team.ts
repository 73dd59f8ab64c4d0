/**
 * The team: the loop workers, started by the first loop that needs them and kept for later loops.
 *
 * @module
 */

import { DataCloneError } from "../errors.ts";
import { IsolateEngine } from "../pool/engines/isolates/isolate_engine.ts";
import { Pool } from "../pool/pool.ts";
import { abortWith } from "../pool/calls/job.ts";
import { CallMode } from "../pool/chunks/chunk.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { getStartMethod } from "../runtime/start_method.ts";
import { allocateControl, freeControl } from "./loop_control.ts";
import { LoopJob } from "./loop_job.ts";
import type { LoopOutcome, LoopPlan, StartedLoop } from "./loop_plan.ts";
import { isInLoop, runChunks } from "./run_chunks.ts";

let team: IsolateEngine | undefined;
const pools = new Map<number, Pool>();

/** Returns the pool of `size` workers that all `Parallel` calls with as many jobs share. */
export function teamPool(size: number): Pool {
  let pool = pools.get(size);
  if (pool === undefined) pools.set(size, pool = new Pool(size));
  return pool;
}

/**
 * Ends the workers that run loops and `Parallel` calls; a later loop or call starts new ones.
 *
 * A program need not call it, since these workers do not keep it alive. Tests do, because Deno's
 * sanitizers report the workers as leaks.
 */
export async function stopTeam(): Promise<void> {
  const endedPools = [...pools.values()];
  pools.clear();
  const endedTeam = team;
  team = undefined;
  for (const pool of endedPools) pool.terminate();
  endedTeam?.terminate(ExitCode.TERMINATED);
  await Promise.all(endedPools.map((pool) => pool.join()));
  await endedTeam?.join();
}

function teamOf(size: number): IsolateEngine {
  team ??= new IsolateEngine({
    size,
    initializer: undefined,
    initargs: [],
    maxChunks: 0,
    startMethod: getStartMethod(),
  });
  team.ensureSize(size);
  return team;
}

/** Runs a loop on as many loop workers as there are threads; resolves with what they return. */
export async function runOnTeam(
  plan: LoopPlan,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<LoopOutcome[]> {
  signal?.throwIfAborted();
  if (runsOnlyInCaller(plan, threads)) return runOnlyInCaller(plan);
  const { job } = submit(plan, threads);
  abortWith(signal, job);
  return await job.promise;
}

/** Runs a loop in this isolate and on `threads - 1` loop workers, blocking until it is done. */
export function runOnTeamSync(plan: LoopPlan, threads: number): LoopOutcome[] {
  if (runsOnlyInCaller(plan, threads)) return runOnlyInCaller(plan);
  const { job, engine } = submit(plan, threads - 1);
  job.promise.catch(() => {}); // outcomes() throws the error instead
  job.onChunkDone(0, runInCaller(job.loop));
  engine.waitSync(job);
  return job.outcomes();
}

function runsOnlyInCaller({ length }: LoopPlan, threads: number): boolean {
  return threads === 1 || length <= 1 || isInLoop();
}

/** Runs chunks in the caller. The context is frozen, but not its values: these are the caller's. */
function runInCaller(loop: StartedLoop): LoopOutcome {
  return runChunks({ ...loop, context: Object.freeze({ ...loop.context }) });
}

function runOnlyInCaller(plan: LoopPlan): LoopOutcome[] {
  const control = allocateControl();
  try {
    const outcome = runInCaller({ ...plan, control });
    if (outcome.failure !== undefined) throw outcome.failure.error;
    return [outcome];
  } finally {
    freeControl(control);
  }
}

/** Sends a loop to loop workers, which are started if need be. */
function submit(plan: LoopPlan, workers: number): { job: LoopJob; engine: IsolateEngine } {
  const engine = teamOf(workers);
  engine.checkUsable();
  const job = new LoopJob({ ...plan, control: allocateControl() });
  try {
    engine.sendMany(job, CallMode.MAP, Array(workers).fill(job.loop), 1);
  } catch (error) {
    if (error instanceof DataCloneError) error.message = error.message.replace("items[0].", "");
    job.promise.catch(() => {}); // thrown here instead
    throw error;
  }
  engine.startWorkers();
  return { job, engine };
}
