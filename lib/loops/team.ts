/**
 * The workers that run parallel loops: started when the first loop needs them, and kept for the next.
 *
 * @module
 */

import { DataCloneError, WorkerDiedError } from "../errors.ts";
import { describe } from "../arguments/describe.ts";
import { isMainIsolate } from "../heap/isolate_record.ts";
import type { Decoder } from "../codec/decoder.ts";
import { functionAddress, functionNameAt } from "../codec/functions.ts";
import { IsolateEngine } from "../pool/engines/isolates/isolate_engine.ts";
import { Pool } from "../pool/pool.ts";
import { callSite, explainFailure } from "../pool/calls/call_site.ts";
import { abortWith, type Job, SettleHandlers } from "../pool/calls/job.ts";
import { CallMode, type Failure } from "../pool/runner/chunk.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { getStartMethod } from "../runtime/start_method.ts";
import {
  allocateControl,
  closeLoop,
  freeControl,
  isInLoop,
  type LoopOutcome,
  type LoopPlan,
  runChunks,
  runChunksInWorker,
  stopLoop,
} from "./run_chunks.ts";

/** Most threads that a loop can have. */
const MAX_THREADS = 128;

let defaultThreads: number | undefined;
let team: IsolateEngine | undefined;

/**
 * Number of threads of loops that are not told one: the number of cores. In a worker it is 1, since
 * the cores are in use already.
 *
 * Follows `numba.get_num_threads`.
 *
 * @example As many as there are cores
 * ```ts
 * import { cpuCount } from "@sauropod/multiprocessing";
 * import { getNumThreads } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getNumThreads(), cpuCount());
 * ```
 */
export function getNumThreads(): number {
  return defaultThreads ?? (isMainIsolate() ? navigator.hardwareConcurrency : 1);
}

/**
 * Sets the number of threads of loops that are not told one, for this process.
 *
 * Follows `numba.set_num_threads`.
 *
 * @throws {TypeError} if `n` is not a whole number
 * @throws {RangeError} if it is not from 1 to 128
 *
 * @example One thread fewer
 * ```ts
 * import { getNumThreads, setNumThreads } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const before = getNumThreads();
 * setNumThreads(Math.max(before - 1, 1));
 * assertEquals(getNumThreads(), Math.max(before - 1, 1));
 * setNumThreads(before);
 * ```
 */
export function setNumThreads(n: number): void {
  defaultThreads = checkThreads("n", n);
}

/** The number of threads of a loop that was given `wanted`. */
export function threadsFor(wanted: number | undefined): number {
  return wanted === undefined ? getNumThreads() : checkThreads("numThreads", wanted);
}

function checkThreads(name: string, n: number): number {
  if (typeof n !== "number" || !Number.isInteger(n)) {
    throw new TypeError(`Cannot set threads: ${name} must be a whole number, not ${describe(n)}`);
  }
  if (n < 1 || n > MAX_THREADS) {
    throw new RangeError(
      `Cannot set threads: ${name} must be between 1 and ${MAX_THREADS}, not ${n}`,
    );
  }
  return n;
}

const pools = new Map<number, Pool>();

/** A pool of so many workers, which stay for whoever asks for as many. */
export function teamPool(size: number): Pool {
  let pool = pools.get(size);
  if (pool === undefined) pools.set(size, pool = new Pool(size));
  return pool;
}

/**
 * Ends the workers that run loops and `Parallel`; the next one starts others. There is no need to:
 * they do not keep the program alive. Deno's tests call them a leak, though.
 */
export async function stopTeam(): Promise<void> {
  const ending = [...pools.values()];
  pools.clear();
  const itself = team;
  team = undefined;
  for (const pool of ending) pool.terminate();
  itself?.terminate(ExitCode.TERMINATED);
  await Promise.all(ending.map((pool) => pool.join()));
  await itself?.join();
}

function teamOf(size: number): IsolateEngine {
  team ??= new IsolateEngine({
    size,
    initializer: undefined,
    initargs: [],
    maxTasks: 0,
    startMethod: getStartMethod(),
  });
  team.ensureSize(size);
  return team;
}

/** A loop that threads are at. */
class LoopJob implements Job<number> {
  chunksOut = 0;
  flag = 0;
  settled = false;
  readonly onSettled = new SettleHandlers();
  readonly cancellable = true;
  readonly target = functionAddress(runChunksInWorker);
  readonly promise: Promise<LoopOutcome[]>;
  readonly plan: LoopPlan;
  readonly #outcomes: LoopOutcome[] = [];
  readonly #resolve: (outcomes: LoopOutcome[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly site = callSite();
  /** Threads that had begun when all was done; 0: not known yet. */
  #begun = 0;
  #error: { error: unknown } | undefined;
  #hasLostWorker = false;

  constructor(plan: LoopPlan) {
    this.plan = plan;
    const { promise, resolve, reject } = Promise.withResolvers<LoopOutcome[]>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  readResult(chunk: number, decoder: Decoder): unknown {
    return this.storeResult(chunk, decoder.value());
  }

  storeResult(_chunk: number, result: unknown): unknown {
    return (result as [LoopOutcome])[0];
  }

  onChunkDone(_chunk: number, result: unknown): void {
    if (this.settled) return;
    const outcome = result as LoopOutcome;
    if (outcome.late) return; // it is not among those that had begun
    if (outcome.failure !== undefined) {
      const { error, index, worker } = outcome.failure;
      return this.fail(this.#explained(error, `, index ${index}`, worker));
    }
    this.#outcomes.push(outcome);
    // One has found nothing left: those that have not begun by now will not.
    if (this.#begun === 0) this.#begun = closeLoop(this.plan.control);
    if (this.#outcomes.length < this.#begun) return;
    this.settled = true;
    this.onSettled.run();
    this.#resolve(this.#outcomes);
  }

  fail(error: unknown): void {
    if (error instanceof WorkerDiedError) this.#hasLostWorker = true;
    if (this.settled) return;
    this.settled = true;
    this.#error = { error };
    stopLoop(this.plan.control);
    this.onSettled.run();
    this.#reject(error);
  }

  onReturned(): void {
    // One that died may write to the words yet: then they stay.
    if (!this.#hasLostWorker) freeControl(this.plan.control);
  }

  itemRange(): string {
    return `, a part of loop ${functionNameAt(functionAddress(this.plan.body))}`;
  }

  explain(_chunk: number, { error, by }: Failure): unknown {
    return this.#explained(error, "", by?.worker ?? "this thread");
  }

  /** What the threads brought back, once the loop is settled. */
  outcomes(): LoopOutcome[] {
    if (this.#error !== undefined) throw this.#error.error;
    return this.#outcomes;
  }

  #explained(error: unknown, where: string, worker: string): unknown {
    const task = functionNameAt(functionAddress(this.plan.body));
    return explainFailure({ error, index: 0, by: { task, worker } }, where, this.site);
  }
}

/** Runs a loop on so many workers; resolves with what they bring back. */
export async function runOnTeam(
  plan: Omit<LoopPlan, "control">,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<LoopOutcome[]> {
  signal?.throwIfAborted();
  if (runsOnlyInCaller(plan, threads)) return runOnlyInCaller(plan);
  const { job } = submit(plan, threads);
  abortWith(signal, job);
  return await job.promise;
}

/** Runs a loop on this thread and as many workers as are missing, blocking until it is done. */
export function runOnTeamSync(plan: Omit<LoopPlan, "control">, threads: number): LoopOutcome[] {
  if (runsOnlyInCaller(plan, threads)) return runOnlyInCaller(plan);
  const { job, engine } = submit(plan, threads - 1);
  job.promise.catch(() => {}); // it is thrown here instead
  job.onChunkDone(0, runInCaller(job.plan));
  engine.waitSync(job);
  return job.outcomes();
}

function runsOnlyInCaller({ length }: Omit<LoopPlan, "control">, threads: number): boolean {
  return threads === 1 || length <= 1 || isInLoop();
}

/** Runs a part on a context that cannot be written to; its parts are the caller's own. */
function runInCaller(plan: LoopPlan): LoopOutcome {
  return runChunks({ ...plan, context: Object.freeze({ ...plan.context }) });
}

function runOnlyInCaller(plan: Omit<LoopPlan, "control">): LoopOutcome[] {
  const control = allocateControl();
  try {
    const outcome = runInCaller({ ...plan, control });
    if (outcome.failure !== undefined) throw outcome.failure.error;
    return [outcome];
  } finally {
    freeControl(control);
  }
}

/** Hands a loop to so many workers. */
function submit(
  plan: Omit<LoopPlan, "control">,
  workers: number,
): { job: LoopJob; engine: IsolateEngine } {
  const engine = teamOf(workers);
  engine.checkUsable();
  const job = new LoopJob({ ...plan, control: allocateControl() });
  try {
    engine.sendMany(job, CallMode.MAP, Array(workers).fill(job.plan), 1);
  } catch (error) {
    if (error instanceof DataCloneError) error.message = error.message.replace("items[0].", "");
    job.promise.catch(() => {}); // it is thrown here instead
    throw error;
  }
  engine.startWorkers();
  return { job, engine };
}
