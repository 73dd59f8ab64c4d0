/**
 * The engine of `Pool`: workers pull chunks from one channel and push results into another.
 *
 *     call --send--> tasks channel --pulled by--> workers
 *     call <--onChunkDone, fail-- results channel <--pushed by-- workers, and by exit messages
 *
 * @module
 */

import { ClosedError, DataCloneError, WorkerDiedError } from "../../../errors.ts";
import { deadlineOf, type WaitOptions } from "../../../arguments/wait_options.ts";
import { allocate, free } from "../../../heap/allocator.ts";
import { i32 } from "../../../heap/views.ts";
import { exitCodeOf, type IsolateAddress, isolateWord } from "../../../heap/isolate_record.ts";
import { holdLoop, releaseLoop } from "../../../parking/keep_alive.ts";
import { awaitOn } from "../../../parking/wait.ts";
import { discardNext, push } from "../../../channels/channel.ts";
import { closeChannel, Closed } from "../../../channels/channel_state.ts";
import { Channel } from "../../../channels/channel_handle.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { functionAddress, functionNameAt } from "../../../codec/functions.ts";
import type { AnyFunction } from "../../../codec/task.ts";
import { waitForCleanUp } from "../../../runtime/host.ts";
import { ExitCode, takeError, waitingForEnd } from "../../../runtime/lifecycle.ts";
import { DebugLevel, debugLog } from "../../../runtime/debug_log.ts";
import type { StartMethod } from "../../../runtime/start_method.ts";
import { explainFailure } from "../../calls/call_site.ts";
import type { Job } from "../../calls/job.ts";
import type { CallMode } from "../../chunks/chunk.ts";
import { BaseEngine, initializerError, settleChunk, terminatedError } from "../base_engine.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { JobFlag, ResultStatus } from "./protocol.ts";
import { type Result, Results } from "./results.ts";
import { workerWord } from "./worker_words.ts";
import { Workers } from "./workers.ts";

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
}

/** A chunk of a job, as it is sent. */
interface Chunk {
  readonly jobNumber: number;
  readonly job: Job<number>;
  /** Index of the chunk in its job. */
  index: number;
  readonly mode: CallMode;
  /** The arguments, or the items of all chunks of the job; this chunk has those from `from` up to `to`. */
  readonly payload: readonly unknown[];
  /** What paths in errors begin with. */
  readonly name: string;
  from: number;
  to: number;
}

/** Sends chunks to workers and gives their results to the jobs. */
export class IsolateEngine extends BaseEngine implements Engine<number> {
  readonly #options: IsolateEngineOptions;
  readonly #tasks = new Channel();
  /** Jobs that have chunks out, by number. */
  readonly #jobs = new Map<number, Job<number>>();
  readonly #results: Results;
  readonly #workers: Workers;
  #lastJobNumber = 0;
  /** Number of consecutive workers that ended without running a chunk although there was work. */
  #failedStarts = 0;
  /** Flags of jobs that failed while workers had chunks of them. Freed once no worker can write to them. */
  readonly #flagsInUse: number[] = [];
  /** Records of the workers that have ended while there were flags in `#flagsInUse`. */
  readonly #endedWorkers: number[] = [];

  /** Makes an engine without workers: they start when there is work, or an initializer to run. */
  constructor(options: IsolateEngineOptions) {
    super();
    this.#options = { ...options };
    this.#results = new Results({
      jobs: this.#jobs,
      expectsMore: () => this.chunksOut > 0,
      settle: (result) => this.#settle(result),
    });
    const { initializer, initargs, maxChunks, startMethod } = options;
    this.#workers = new Workers(
      { tasks: this.#tasks, results: this.#results.channel, initializer, initargs, maxChunks },
      startMethod,
      { wanted: () => this.#wantedWorkers(), onStartError: (error) => this.#break(error) },
    );
    channelsOfCollected.register(this, this.#tasks, this);
    if (initializer !== undefined) this.#workers.startLater();
  }

  // Submission

  targetOf(fn: AnyFunction): number {
    try {
      return functionAddress(fn);
    } catch (error) {
      if (error instanceof DataCloneError) error.message = `Cannot send fn: ${error.message}`;
      throw error;
    }
  }

  send(job: Job<number>, mode: CallMode, payload: readonly unknown[], name: string): void {
    const jobNumber = this.#register(job);
    try {
      this.#sendChunk({
        jobNumber,
        job,
        index: 0,
        mode,
        payload,
        name,
        from: 0,
        to: payload.length,
      });
    } catch (error) {
      this.#unregister(jobNumber, job);
      throw error;
    }
    this.#workers.start();
  }

  sendMany(job: Job<number>, mode: CallMode, items: readonly unknown[], chunkSize: number): void {
    const jobNumber = this.#register(job);
    const chunk: Chunk = {
      jobNumber,
      job,
      index: 0,
      mode,
      payload: items,
      name: "items",
      from: 0,
      to: 0,
    };
    try {
      while (chunk.from < items.length) {
        chunk.to = Math.min(chunk.from + chunkSize, items.length);
        this.#sendChunk(chunk);
        if (chunk.index === 0) this.#workers.start(); // starts while the others are encoded
        chunk.index++;
        chunk.from += chunkSize;
      }
    } catch (error) {
      job.fail(error); // chunks that were sent come back skipped
      if (job.chunksOut === 0) this.#unregister(jobNumber, job);
      throw error;
    }
    this.#workers.start();
  }

  /** Registers a job. Returns its number. */
  #register(job: Job<number>): number {
    const jobNumber = ++this.#lastJobNumber;
    this.#jobs.set(jobNumber, job);
    holdLoop(); // the program must not end while a caller waits for the job
    if (job.cancellable) {
      job.flag = allocate(4);
      Atomics.store(i32, job.flag, JobFlag.WAITING);
      job.onSettled(() => {
        releaseLoop();
        // The call has failed or the pool was terminated: workers skip the chunks that are out.
        if (job.chunksOut > 0) Atomics.store(i32, job.flag, JobFlag.CANCELLED);
      });
    } else {
      job.onSettled(releaseLoop);
    }
    return jobNumber;
  }

  /** Unregisters a job: all its chunks have come back, or none will (the engine is broken or terminated). */
  #unregister(jobNumber: number, job: Job<number>): void {
    this.#jobs.delete(jobNumber);
    job.settle(); // a job that could not be sent does not settle by itself
    if (job.chunksOut > 0) return; // workers may still write to its flag
    if (job.flag !== 0) free(job.flag);
    job.flag = 0;
    job.onReturned?.();
  }

  #sendChunk({ jobNumber, job, index, mode, payload, name, from, to }: Chunk): void {
    const encoder = borrowEncoder();
    try {
      encoder.number(jobNumber);
      encoder.number(index);
      encoder.number(mode);
      encoder.number(job.target);
      encoder.number(job.flag);
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
      if (!this.#results.waitSync(left)) break;
      this.#results.receive(true);
    }
    this.#results.wakeIfDone();
    return job.settled;
  }

  #settle({ jobNumber, chunk, status, payload }: Result): void {
    if (status === ResultStatus.DIED) return this.#onDeath(payload as number);
    if (status === ResultStatus.INITIALIZER_FAILED) {
      return this.#break(initializerError(payload));
    }
    const job = this.#jobs.get(jobNumber);
    if (job === undefined) return; // this engine has broken or was terminated
    this.countReturned(job);
    this.#failedStarts = 0;
    if (status === ResultStatus.UNREADABLE) job.fail(payload);
    else settleChunk(job, chunk, status, payload);
    if (job.chunksOut === 0) this.#unregister(jobNumber, job);
  }

  /** Fails the job whose chunk a dead worker was running, and replaces the worker. */
  #onDeath(record: IsolateAddress): void {
    const name = this.#workers.remove(record);
    if (name === undefined) return;
    if (this.#flagsInUse.length > 0) this.#endedWorkers.push(record);
    const exitCode = exitCodeOf(record) ?? ExitCode.FAILED;
    debugLog(DebugLevel.DEBUG, `removed worker ${name}: exit code ${exitCode}`);
    const jobNumber = Atomics.load(i32, record + workerWord.JOB);
    const job = this.#jobs.get(jobNumber);
    if (job !== undefined) {
      const chunk = i32[record + workerWord.CHUNK];
      const task = functionNameAt(job.target);
      const items = job.itemRange(chunk);
      const error = new WorkerDiedError(
        `The worker ${name} ended with exit code ${exitCode} while it ran task ${task}${items}`,
        { exitCode, cause: takeError(record)?.error },
      );
      job.fail(explainFailure({ error, index: 0, by: { task, worker: name } }, items, job.site));
      this.countReturned(job);
      if (job.chunksOut === 0) this.#unregister(jobNumber, job);
    } else if (
      i32[record + workerWord.CHUNKS_DONE] === 0 && this.#workers.size < this.#wantedWorkers()
    ) {
      // It ran nothing although there was work.
      if (++this.#failedStarts >= MAX_FAILED_STARTS) {
        const cause = takeError(record)?.error;
        return this.#break(
          new WorkerDiedError(
            `The workers of the pool do not start: exit code ${exitCode}` +
              (cause instanceof Error ? `, ${cause.message}` : ""),
            { exitCode, cause },
          ),
        );
      }
    }
    this.#workers.start();
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
    const { initializer, size } = this.#options;
    if (initializer !== undefined && !this.closed) return size;
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

  close(): void {
    this.closed = true;
    closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
  }

  terminate(exitCode: number): void {
    if (this.terminated) return;
    this.terminated = true;
    this.#workers.cancelStarts();
    this.close();
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
    let acknowledged = true;
    for (const record of [...this.#workers.records(), ...this.#endedWorkers]) {
      await awaitOn(waitingForEnd(record));
      await waitForCleanUp(record);
      acknowledged &&= Atomics.load(i32, record + isolateWord.ACKNOWLEDGED) === 1;
    }
    this.#results.receive();
    for (const flag of this.#flagsInUse.splice(0)) if (acknowledged) free(flag);
  }
}
