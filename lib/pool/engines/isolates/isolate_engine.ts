/**
 * The engine of `Pool`: workers pull chunks from one channel and push results into another.
 *
 *     call --send--> tasks channel --pulled by--> workers
 *     call <--onChunkDone, fail-- results channel <--pushed by-- workers, and by exit messages
 *
 * @module
 */

import { ClosedError, WorkerDiedError } from "../../../errors.ts";
import { deadlineOf, type WaitOptions } from "../../../arguments/wait_options.ts";
import { i32 } from "../../../heap/views.ts";
import { exitCodeOf, type IsolateAddress, isolateWord } from "../../../heap/isolate_record.ts";
import { holdLoop, releaseLoop } from "../../../parking/keep_alive.ts";
import { awaitOn } from "../../../parking/wait.ts";
import { discardNext, push } from "../../../channels/channel.ts";
import { closeChannel, Closed, messagesIn } from "../../../channels/channel_state.ts";
import { Channel } from "../../../channels/channel_handle.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { calleeAddress } from "../../../codec/functions.ts";
import type { AnyFunction } from "../../../codec/task.ts";
import { waitForCleanUp } from "../../../runtime/host.ts";
import { ExitCode, freeError, takeError, waitingForEnd } from "../../../runtime/lifecycle.ts";
import { DebugLevel, debugLog } from "../../../runtime/debug_log.ts";
import { isReady } from "../../../runtime/start_watch.ts";
import type { LaunchOptions } from "../../../runtime/launch.ts";
import type { StartMethod } from "../../../runtime/start_method.ts";
import type { Job } from "../../calls/job.ts";
import type { CallMode, ChunkStatus, Failure } from "../../chunks/chunk.ts";
import { BaseEngine, initializerError, settleChunk, terminatedError } from "../base_engine.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { deathError, timeUpError } from "./losses.ts";
import { JobWords } from "./job_words.ts";
import { JobFlag, packMode, ResultStatus } from "./protocol.ts";
import { type Result, Results } from "./results.ts";
import { Supervisor } from "./supervisor.ts";
import { claimEnded, type RunningChunk } from "./worker_words.ts";
import { type PoolWorker, Workers } from "./workers.ts";

/** Number of consecutive failed starts that breaks the engine. */
const MAX_FAILED_STARTS = 3;

/** Closes the channel of an engine that was garbage collected, so that its workers end. */
const channelsOfCollected = new FinalizationRegistry<Channel>((tasks) =>
  closeChannel(tasks.at, Closed.SENDERS_GONE)
);

/** Options of an {@linkcode IsolateEngine}. */
export interface IsolateEngineOptions extends EngineOptions {
  /** Number of chunks after which a worker is replaced; 0: never. */
  maxChunks: number;
  /** How workers are started. */
  startMethod: StartMethod;
  /** How processes of the operating system are launched. */
  launch?: LaunchOptions;
  /** How long a worker may take to start, in milliseconds. */
  startTimeoutMs: number;
  /** How long a worker waits for a chunk before it ends, in milliseconds. */
  idleTimeoutMs: number;
}

/** Sends chunks to workers and gives their results to the jobs. */
export class IsolateEngine extends BaseEngine implements Engine<number> {
  readonly #options: IsolateEngineOptions;
  readonly #tasks = new Channel();
  /** The words of its jobs in the shared heap. */
  readonly words = new JobWords();
  /** Jobs that have chunks out, by number. */
  readonly #jobs = new Map<number, Job<number>>();
  readonly #results: Results;
  readonly #workers: Workers;
  readonly #supervisor: Supervisor;
  #lastJobNumber = 0;
  /** Whether workers start although no chunk is out: those that run the initializer in advance. */
  #startsAhead: boolean;
  /** Number of consecutive workers that ended without running a chunk although there was work. */
  #failedStarts = 0;
  /** Flags of jobs that failed while workers had chunks of them. Freed once no worker can write to them. */
  readonly #flagsInUse: number[] = [];
  /** Records of the workers that may still write to these flags: those that lived or ended since. */
  readonly #flagWriters: number[] = [];

  /** Makes an engine without workers: they start when there is work, or an initializer to run. */
  constructor(options: IsolateEngineOptions) {
    super();
    this.#options = { ...options };
    this.#results = new Results({
      jobs: this.#jobs,
      accepts: (result) => this.#accepts(result),
      expectsMore: () => this.chunksOut > 0,
      settle: (result) => this.#settle(result),
    });
    const { initializer, initargs, maxChunks, idleTimeoutMs } = options;
    const { startMethod, startTimeoutMs, launch } = options;
    const shared = { tasks: this.#tasks, results: this.#results.channel, words: this.words };
    this.#workers = new Workers(
      { ...shared, initializer, initargs, maxChunks, idleTimeoutMs },
      { startMethod, startTimeoutMs, launch },
      { wanted: () => this.#wantedWorkers(), onStartError: (error) => this.#break(error) },
    );
    this.#supervisor = new Supervisor({
      waiting: () => messagesIn(this.#tasks.at),
      workers: this.#workers,
      graceMs: options.graceMs,
      startTimeoutMs,
      timedOut: (worker, running, job) => this.#onTimeUp(worker, running, job),
    });
    channelsOfCollected.register(this, this.#tasks, this);
    this.#startsAhead = initializer !== undefined;
    if (this.#startsAhead) this.#workers.startLater();
  }

  // Submission

  targetOf(fn: AnyFunction): number {
    return calleeAddress(fn, "fn");
  }

  send(job: Job<number>, mode: CallMode, payload: readonly unknown[], name: string): void {
    const jobNumber = this.#register(job);
    if (job.policy !== undefined) {
      job.keepSource({ mode, payload, name, chunkSize: payload.length });
    }
    try {
      this.#sendChunk(jobNumber, job, 0, mode, payload, name, 0, payload.length);
    } catch (error) {
      this.#unregister(jobNumber, job);
      throw error;
    }
    this.#workers.start();
    this.#supervisor.replaceLate();
  }

  sendMany(job: Job<number>, mode: CallMode, items: readonly unknown[], chunkSize: number): void {
    const jobNumber = this.#register(job);
    if (job.policy !== undefined) {
      job.keepSource({ mode, payload: items, name: "items", chunkSize });
    }
    try {
      for (let index = 0, from = 0; from < items.length; index++, from += chunkSize) {
        const to = Math.min(from + chunkSize, items.length);
        this.#sendChunk(jobNumber, job, index, mode, items, "items", from, to);
        if (index === 0) this.#workers.start(); // starts while the others are encoded
      }
    } catch (error) {
      job.fail(error); // chunks that were sent come back skipped
      if (job.chunksOut === 0) this.#unregister(jobNumber, job);
      throw error;
    }
    this.#workers.start();
    this.#supervisor.replaceLate();
  }

  /** Sends a chunk of a job again. If that fails, so does the job. */
  #resend(jobNumber: number, job: Job<number>, chunk: number): void {
    const { mode, payload, name, chunkSize } = job.source;
    const from = chunk * chunkSize;
    const to = Math.min(from + chunkSize, payload.length);
    try {
      this.#sendChunk(jobNumber, job, chunk, mode, payload, name, from, to);
    } catch (error) {
      job.fail(error);
    }
  }

  /** Registers a job. Returns its number. */
  #register(job: Job<number>): number {
    if (job.cancellable) job.flag = this.#allocateFlag(job); // first: if there is no room, nothing has changed
    const jobNumber = ++this.#lastJobNumber;
    this.#jobs.set(jobNumber, job);
    holdLoop(); // the program must not end while a caller waits for the job
    if (job.cancellable) {
      Atomics.store(i32, job.flag, JobFlag.WAITING);
      job.onSettled(() => {
        releaseLoop();
        if (job.chunksOut === 0) return;
        // The call has failed, or was cancelled: nobody wants the results of the chunks that are out.
        if (Atomics.load(i32, job.flag) !== JobFlag.TIMED_OUT) {
          Atomics.store(i32, job.flag, JobFlag.CANCELLED);
        }
        if (!this.terminated) this.#supervisor.cancelTasks(jobNumber);
      });
    } else {
      job.onSettled(releaseLoop);
    }
    return jobNumber;
  }

  #allocateFlag(job: Job<number>): number {
    try {
      return this.words.add(1);
    } catch (error) {
      job.onReturned?.();
      throw error;
    }
  }

  /** Unregisters a job: all its chunks have come back, or none will (the engine is broken or terminated). */
  #unregister(jobNumber: number, job: Job<number>): void {
    this.#jobs.delete(jobNumber);
    job.settle(); // a job that could not be sent does not settle by itself
    if (job.chunksOut > 0) return; // workers may still write to its flag
    if (job.flag !== 0) {
      // A worker that was declared ended may still be about to write to the flag.
      if (job.hasLostWorker) this.#flagsInUse.push(job.flag);
      else this.words.remove(job.flag);
    }
    job.flag = 0;
    job.onReturned?.();
  }

  /** Sends the chunk of the items from `from` up to `to`. */
  #sendChunk(
    jobNumber: number,
    job: Job<number>,
    index: number,
    mode: CallMode,
    payload: readonly unknown[],
    name: string,
    from: number,
    to: number,
  ): void {
    const encoder = borrowEncoder();
    try {
      encoder.number(jobNumber);
      encoder.number(index);
      encoder.number(job.policy === undefined ? mode : modeWithPolicy(job, index, mode));
      encoder.definition(job.target);
      encoder.number(job.flag);
      if (this.#options.startMethod === "process") encoder.destination = "process";
      encoder.items(payload, from, to, name);
      encoder.finish();
      if (!push(this.#tasks.at, encoder)) {
        encoder.discard();
        throw this.broken ?? new ClosedError("Cannot submit to pool: it is closed");
      }
    } finally {
      returnEncoder(encoder);
    }
    this.countSent(job);
    this.#results.listen();
  }

  hasBegun(job: Job<number>): boolean {
    return job.flag !== 0 && Atomics.load(i32, job.flag) === JobFlag.BEGUN;
  }

  withdraw(job: Job<number>): boolean {
    if (job.settled || job.flag === 0) return false;
    const found = Atomics.compareExchange(i32, job.flag, JobFlag.WAITING, JobFlag.CANCELLED);
    return found === JobFlag.WAITING;
  }

  // Results

  waitSync(job: Job<number>, options?: WaitOptions): boolean {
    const deadline = deadlineOf(options);
    while (!job.settled) {
      this.startWorkers(); // while the isolate blocks, no timer can start the others
      if (job.settled) break; // no worker could be started
      const left = deadline === Infinity ? undefined : { timeoutMs: deadline - performance.now() };
      if (!this.#results.waitSync(() => job.settled, left)) break;
      this.#results.receive(true);
    }
    this.#results.wakeIfDone();
    return job.settled;
  }

  /** Takes note of a result when its header is read, because its payload may have to wait for an import. */
  #accepts({ worker: record, status, jobNumber, chunk }: Result): boolean {
    const worker = this.#workers.get(record);
    if (worker === undefined) return false; // it ended before it sent this
    if (status === ResultStatus.DIED) {
      this.#onDeath(worker);
      return false;
    }
    if (status === ResultStatus.BEGINS) {
      const job = this.#jobs.get(jobNumber);
      if (job?.policy !== undefined) this.#supervisor.begun(worker, jobNumber, chunk, job);
      return false;
    }
    if (status === ResultStatus.IMPORTS) {
      this.#supervisor.imports(worker);
      return false;
    }
    if (status !== ResultStatus.INITIALIZER_FAILED) {
      worker.answered++;
      this.#supervisor.answered(worker);
    }
    return true;
  }

  #settle({ jobNumber, chunk, status, payload }: Result): void {
    if (status === ResultStatus.INITIALIZER_FAILED) {
      return this.#break(initializerError(payload));
    }
    const job = this.#jobs.get(jobNumber);
    if (job === undefined) return; // this engine has broken or was terminated
    this.countReturned(job);
    this.#failedStarts = 0;
    if (status === ResultStatus.UNREADABLE) job.fail(payload);
    else if (
      status === ResultStatus.FAILED && job.takeRetry(chunk, (payload as Failure).error, false)
    ) this.#resend(jobNumber, job, chunk);
    else settleChunk(job, chunk, status as ChunkStatus, payload);
    this.#chunkReturned(jobNumber, job);
  }

  #chunkReturned(jobNumber: number, job: Job<number>): void {
    if (job.chunksOut === 0) this.#unregister(jobNumber, job);
    if (this.closed && this.chunksOut === 0) closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
  }

  /** Fails the job of a task that has not ended in time. */
  #onTimeUp(worker: PoolWorker, running: RunningChunk, job: Job<number>): void {
    if (job.flag !== 0) Atomics.store(i32, job.flag, JobFlag.TIMED_OUT);
    job.lose(running.chunk, running.item, timeUpError(job, running, worker));
    this.#results.wake(); // this isolate may be blocked until the job has settled
  }

  /** Fails the job whose chunk a dead worker was running, or sends the chunk again, and replaces the worker. */
  #onDeath(worker: PoolWorker): void {
    const { record, name } = worker;
    this.#workers.remove(worker);
    this.#supervisor.ended(worker);
    this.#freeFlags();
    const lost = claimEnded(record, worker.answered);
    if (lost !== undefined) this.#flagWriters.push(record);
    const exitCode = exitCodeOf(record) ?? ExitCode.FAILED;
    debugLog(DebugLevel.DEBUG, `removed worker ${name}: exit code ${exitCode}`);
    const job = lost && this.#jobs.get(lost.jobNumber);
    const wasIdle = exitCode === ExitCode.RETURNED && isReady(record);
    const wasForgotten = wasIdle && !worker.isReplaced && this.chunksOut === 0;
    if (wasForgotten) this.#startsAhead = false; // nobody has needed it for long
    if (job !== undefined) {
      this.#lose(lost!, job, worker, exitCode);
    } else if (
      lost === undefined && worker.answered === 0 && !wasIdle &&
      this.#workers.size < this.#wantedWorkers()
    ) {
      // It ran nothing although there was work.
      if (++this.#failedStarts >= MAX_FAILED_STARTS) {
        const cause = takeError(record)?.error;
        return this.#break(
          new WorkerDiedError(
            `The workers of the pool do not start: exit code ${exitCode}` +
              (cause instanceof Error ? `, ${cause.message}` : ""),
            { exitCode, cause, worker: name },
          ),
        );
      }
    }
    freeError(record); // of a worker that ran no task
    this.#workers.start();
  }

  /** Fails the job of a chunk that was lost with its worker, or sends the chunk again. */
  #lose(lost: RunningChunk, job: Job<number>, worker: PoolWorker, exitCode: number): void {
    const { jobNumber, chunk, item } = lost;
    const error = deathError(job, lost, worker, exitCode);
    job.loseWorker();
    this.countReturned(job);
    if (job.takeRetry(chunk, error, true)) this.#resend(jobNumber, job, chunk);
    else job.lose(chunk, item, error);
    this.#chunkReturned(jobNumber, job);
  }

  // Workers

  /** Raises the maximum number of workers to `size`, if it is lower. */
  ensureSize(size: number): void {
    this.#options.size = Math.max(this.#options.size, size);
  }

  /** Starts all workers for which there is work, at once. */
  startWorkers(): void {
    this.#workers.startAll();
  }

  #wantedWorkers(): number {
    if (this.terminated || this.broken !== undefined) return 0;
    const { size } = this.#options;
    if (this.#startsAhead && !this.closed) return size;
    return Math.min(size, this.chunksOut);
  }

  /** Fails all jobs, those of later calls included. */
  #break(error: Error): void {
    if (this.broken !== undefined) return;
    this.broken = error;
    closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
    this.#failAll(error);
  }

  #failAll(error: unknown): void {
    this.#flagWriters.push(...[...this.#workers].map(({ record }) => record));
    for (const [jobNumber, job] of this.#jobs) {
      // A worker may be about to begin a chunk, which writes to the flag.
      if (job.flag !== 0 && job.chunksOut > 0) this.#flagsInUse.push(job.flag);
      job.fail(error);
      this.#unregister(jobNumber, job);
      job.flag = 0;
    }
    this.chunksOut = 0;
    this.#results.wakeIfDone();
  }

  // End

  /** Workers end once the last chunk has come back: until then, chunks may have to be sent again. */
  close(): void {
    this.closed = true;
    if (this.chunksOut === 0) closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
  }

  terminate(exitCode: number): void {
    if (this.terminated) return;
    this.terminated = this.closed = true;
    this.#workers.cancelStarts();
    closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
    this.#workers.stop(exitCode);
    this.#failAll(terminatedError());
    while (discardNext(this.#tasks.at));
  }

  async drain(): Promise<void> {
    while (this.chunksOut > 0) {
      await this.#results.wait();
      this.#results.receive();
    }
  }

  async join(): Promise<void> {
    this.#workers.cancelStarts();
    const records = [...this.#workers].map(({ record }) => record);
    for (const record of new Set([...records, ...this.#flagWriters])) {
      await awaitOn(waitingForEnd(record));
      await waitForCleanUp(record);
    }
    this.#results.receive();
    this.#freeFlags();
  }

  /** Frees the flags in use, once all workers that may write to them have stopped. */
  #freeFlags(): void {
    const hasStopped = (record: IsolateAddress) =>
      Atomics.load(i32, record + isolateWord.ACKNOWLEDGED) === 1;
    if (!this.#flagWriters.every(hasStopped)) return;
    this.#flagWriters.length = 0;
    for (const flag of this.#flagsInUse.splice(0)) this.words.remove(flag);
  }
}

function modeWithPolicy(job: Job<number>, chunk: number, mode: CallMode): number {
  return packMode(mode, job.policy!.timeoutMs !== Infinity, job.attemptsBefore(chunk));
}
