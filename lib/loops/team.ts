/**
 * The team: the loop workers, started by the first loop that needs them and kept for later loops.
 *
 * @module
 */

import { DataCloneError } from "../errors.ts";
import { IsolateEngine } from "../pool/engines/isolates/isolate_engine.ts";
import { DEFAULT_LIMITS } from "../pool/options.ts";
import { abortWith } from "../pool/calls/job.ts";
import type { ProgressReport } from "../pool/calls/progress.ts";
import { CallMode } from "../pool/chunks/chunk.ts";
import { calleeAddress } from "../codec/functions.ts";
import { SEND_OBJECT } from "../codec/unregistered.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { getWorkerStartMethod } from "../runtime/start_method.ts";
import { allocateControl, freeControl } from "./loop_control.ts";
import { LoopJob } from "./loop_job.ts";
import { LoopProgress, reportWhile } from "./loop_progress.ts";
import type { LoopOutcome, LoopPlan, StartedLoop } from "./loop_plan.ts";
import { isInLoop, runChunks } from "./run_chunks.ts";
import { endSharedPools } from "./shared_pool.ts";

/** What to do about a body that uses the `this` of its surroundings. */
const PASS_OBJECT = "Put what the body reads of it into context, and let it write to shared arrays";

let team: IsolateEngine | undefined;

/**
 * Ends the workers that run loops and `Parallel` calls; a later loop or call starts new ones.
 *
 * A program need not call it, since these workers do not keep it alive. Tests do, because Deno's
 * sanitizers report the workers as leaks.
 */
export async function stopTeam(): Promise<void> {
  const endedTeam = team;
  team = undefined;
  const poolsEnd = endSharedPools();
  endedTeam?.terminate(ExitCode.TERMINATED);
  await poolsEnd;
  await endedTeam?.join();
}

function teamOf(size: number): IsolateEngine {
  if (team?.broken !== undefined) team = undefined; // its workers did not start
  team ??= new IsolateEngine({
    size,
    initializer: undefined,
    initargs: [],
    maxChunks: 0,
    startMethod: getWorkerStartMethod(),
    ...DEFAULT_LIMITS,
  });
  team.ensureSize(size);
  return team;
}

/** Runs a loop on `threads` loop workers; resolves with their outcomes. */
export async function runOnTeam(
  plan: LoopPlan,
  threads: number,
  signal: AbortSignal | undefined,
  report?: ProgressReport,
): Promise<LoopOutcome[]> {
  signal?.throwIfAborted();
  if (isSerial(plan, threads)) return runSerially(plan, report);
  const { job } = submit(plan, threads);
  abortWith(signal, job);
  const progress = report && new LoopProgress(job.loop, report, () => job.settled);
  let hasFailed = true;
  try {
    const outcomes = await job.promise;
    hasFailed = false;
    return outcomes;
  } finally {
    progress?.end(hasFailed);
  }
}

/** Runs a loop in this isolate and on `threads - 1` loop workers, blocking until it is done. */
export function runOnTeamSync(
  plan: LoopPlan,
  threads: number,
  report?: ProgressReport,
): LoopOutcome[] {
  if (isSerial(plan, threads)) return runSerially(plan, report);
  const { job, engine } = submit(plan, threads - 1);
  job.promise.catch(() => {}); // outcomes() throws the error instead
  return reportWhile(job.loop, report, () => job.settled, (progress) => {
    job.onChunkDone(0, runPartInCaller(job.loop, progress));
    engine.waitSync(job);
    return job.outcomes();
  });
}

/** Returns whether the caller runs the whole loop itself. */
function isSerial({ length }: LoopPlan, threads: number): boolean {
  return threads === 1 || length <= 1 || isInLoop();
}

/** Runs chunks in the caller. The context is frozen, but not its values: these are the caller's. */
function runPartInCaller(loop: StartedLoop, progress: LoopProgress | undefined): LoopOutcome {
  const onChunk = progress && (() => progress.poll());
  return runChunks({ ...loop, context: Object.freeze({ ...loop.context }) }, onChunk);
}

function runSerially(plan: LoopPlan, report: ProgressReport | undefined): LoopOutcome[] {
  const control = allocateControl();
  const loop = { ...plan, control };
  try {
    return reportWhile(loop, report, () => false, (progress) => {
      const outcome = runPartInCaller(loop, progress);
      if (outcome.failure !== undefined) throw outcome.failure.error;
      return [outcome];
    });
  } finally {
    freeControl(control);
  }
}

/** Throws if the body is a method, which uses its own `this`. */
function checkBody({ body, callee }: LoopPlan): void {
  try {
    calleeAddress(callee ?? body, "body");
  } catch (error) {
    throw advised(error);
  }
}

/** Returns the error of a body that cannot cross, with the advice for a loop. */
function advised(error: unknown): unknown {
  if (error instanceof DataCloneError) {
    error.message = error.message.replace("items[0].", "").replace(SEND_OBJECT, PASS_OBJECT);
  }
  return error;
}

/** Sends a loop to loop workers, which are started if needed. */
function submit(plan: LoopPlan, workers: number): { job: LoopJob; engine: IsolateEngine } {
  const engine = teamOf(workers);
  engine.checkUsable();
  checkBody(plan);
  const control = allocateControl((words) => engine.words.add(words));
  const job = new LoopJob({ ...plan, control }, engine.words);
  try {
    // One item, so one chunk, for each worker: the same plan.
    engine.sendMany(job, CallMode.MAP, Array(workers).fill(job.loop), 1);
  } catch (error) {
    job.promise.catch(() => {}); // thrown here instead
    throw advised(error);
  }
  engine.startWorkers();
  return { job, engine };
}
