/**
 * The engine under a pool of workers: it hands chunks to them, takes their results and keeps the
 * workers alive.
 *
 *     call --send--> tasks channel --pulled by--> workers
 *     call <--job.onDone, fail-- results channel <--push-- workers, and whoever ends one
 *
 * @module
 */

import { rootWord } from "../../../heap/root_words.ts";
import { ClosedError, DataCloneError, WorkerDiedError } from "../../../errors.ts";
import { deadlineOf, type WaitOptions } from "../../../arguments/wait_options.ts";
import { allocate, free } from "../../../heap/allocator.ts";
import { i32 } from "../../../heap/views.ts";
import { exitCodeOf, isolateWord } from "../../../heap/isolate_record.ts";
import { SPINS } from "../../../heap/guard.ts";
import { holdLoop, releaseLoop } from "../../../parking/keep_alive.ts";
import { awaitOn, blockOn } from "../../../parking/wait.ts";
import { discardNext, push } from "../../../channels/channel.ts";
import { closeChannel, Closed, wakeReceivers } from "../../../channels/channel_state.ts";
import { becomingReadable, isReadableSoon } from "../../../channels/channel_waiting.ts";
import { Channel } from "../../../channels/channel_handle.ts";
import { borrowEncoder, returnEncoder } from "../../../codec/encoder.ts";
import { functionAddress, functionNameAt } from "../../../codec/functions.ts";
import type { AnyFunction } from "../../../codec/task.ts";
import { storeMessage } from "../../../codec/message.ts";
import { clearedUpAfter } from "../../../runtime/host.ts";
import { ExitCode, stopIsolate, takeError, waitingForEnd } from "../../../runtime/lifecycle.ts";
import { DebugLevel, debugLog } from "../../../runtime/debug_log.ts";
import { startIsolate } from "../../../runtime/start_request.ts";
import type { StartMethod } from "../../../runtime/start_method.ts";
import {
  type Engine,
  type EngineOptions,
  initializerError,
  submittedTooLate,
  terminatedError,
} from "../engine.ts";
import { explainFailure, type Job } from "../../calls/jobs.ts";
import { ChunkStatus, type Failure, JobFlag } from "../../runner/protocol.ts";
import { type Result, Results } from "./results.ts";
import type { PoolStartRequest } from "./worker.ts";
import { workerWord } from "./worker_words.ts";

const WORKER_NAMES = rootWord(9, "pool workers named by default");

/** Workers that fail to start so often in a row are not replaced any more. */
const MAX_FAILED_STARTS = 3;

/** A dispatcher that has stopped looking for results before it sleeps tries again so rarely. */
const SLEEPS_BETWEEN = 64;

/** Dispatchers that were forgotten: their workers are let go. */
const forgotten = new FinalizationRegistry<Channel>((tasks) =>
  closeChannel(tasks.at, Closed.SENDERS_GONE)
);

/** How the workers of a dispatcher are made. */
export interface IsolateEngineOptions extends EngineOptions {
  /** Number of chunks after which a worker is replaced; 0: never. */
  maxTasks: number;
  startMethod: StartMethod;
}

/** Hands chunks of jobs to workers and results back to the jobs. */
export class IsolateEngine implements Engine<number> {
  readonly #options: IsolateEngineOptions;
  readonly #tasks = new Channel();
  /** Names of the workers, by record. */
  readonly #workers = new Map<number, string>();
  readonly #jobs = new Map<number, Job<number>>();
  readonly #results = new Results(this.#jobs, (result) => this.#settle(result));
  #lastJob = 0;
  /** Chunks that have not come back. */
  #chunksOut = 0;
  #closed = false;
  #terminated = false;
  #broken: Error | undefined;
  #failedStarts = 0;
  #listening = false;
  /** How often to look for a result before sleeping, and how often it slept without having looked. */
  #looks = SPINS;
  #sleeps = 0;
  /** Flags of jobs that failed while workers had chunks of them, and workers that ended since. */
  readonly #flagsInUse: number[] = [];
  readonly #endedSince: number[] = [];
  /** Timer of the next worker's start. */
  #growing: ReturnType<typeof setTimeout> | undefined;

  /** Makes a dispatcher without workers: they start when there is work, or an initializer to run. */
  constructor(options: IsolateEngineOptions) {
    this.#options = { ...options };
    forgotten.register(this, this.#tasks, this);
    if (options.initializer !== undefined) this.#growLater();
  }

  get chunksOut(): number {
    return this.#chunksOut;
  }

  get broken(): Error | undefined {
    return this.#broken;
  }

  checkUsable(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#terminated) throw submittedTooLate();
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

  send(job: Job<number>, mode: number, payload: readonly unknown[], name: string): void {
    const id = this.#enter(job);
    try {
      this.#sendChunk(id, job, 0, mode, payload, name, 0, payload.length);
    } catch (error) {
      this.#leave(id, job);
      throw error;
    }
    this.#grow();
  }

  sendMany(job: Job<number>, mode: number, items: readonly unknown[], chunkSize: number): void {
    const id = this.#enter(job);
    try {
      for (let chunk = 0, at = 0; at < items.length; chunk++, at += chunkSize) {
        const end = Math.min(at + chunkSize, items.length);
        this.#sendChunk(id, job, chunk, mode, items, "items", at, end);
        if (chunk === 0) this.#grow(); // the first worker starts while the rest is encoded
      }
    } catch (error) {
      job.fail(error); // what was sent comes back skipped
      if (job.chunksLeft === 0) this.#leave(id, job);
      throw error;
    }
    this.#grow();
  }

  /** Gives a job its number. */
  #enter(job: Job<number>): number {
    const id = ++this.#lastJob;
    this.#jobs.set(id, job);
    holdLoop(); // somebody waits for it, so the program must not end
    if (job.cancellable) {
      job.flag = allocate(4);
      Atomics.store(i32, job.flag, JobFlag.WAITING);
      job.onSettled = () => {
        releaseLoop();
        // Workers skip what has not come back: the call has failed, or its pool was terminated.
        if (job.chunksLeft > 0) Atomics.store(i32, job.flag, JobFlag.CANCELLED);
      };
    } else {
      job.onSettled = releaseLoop;
    }
    return id;
  }

  /** Forgets a job: all its chunks have come back, or none will. */
  #leave(id: number, job: Job<number>): void {
    this.#jobs.delete(id);
    if (!job.settled) job.onSettled?.(); // it was not even sent
    if (job.chunksLeft > 0) return; // workers may be at it
    if (job.flag !== 0) free(job.flag);
    job.flag = 0;
    job.onReturned?.();
  }

  /** Sends the items from `from` up to `to` as a chunk of a job; `name` begins their paths. */
  #sendChunk(
    id: number,
    job: Job<number>,
    chunk: number,
    mode: number,
    payload: readonly unknown[],
    name: string,
    from: number,
    to: number,
  ): void {
    const encoder = borrowEncoder();
    try {
      encoder.number(id);
      encoder.number(chunk);
      encoder.number(mode);
      encoder.number(job.target);
      encoder.number(job.flag);
      encoder.items(payload, from, to, name);
      encoder.finish();
      if (!push(this.#tasks.at, encoder)) {
        encoder.discard();
        throw this.#broken ?? new ClosedError("Cannot submit to pool: it is closed");
      }
    } finally {
      returnEncoder(encoder);
    }
    job.chunksLeft++;
    this.#chunksOut++;
    if (!this.#listening) this.#listen();
  }

  begun(job: Job<number>): boolean {
    return job.flag !== 0 && Atomics.load(i32, job.flag) === JobFlag.BEGUN;
  }

  withdraw(job: Job<number>): boolean {
    if (job.settled || job.flag === 0) return false;
    const found = Atomics.compareExchange(i32, job.flag, JobFlag.WAITING, JobFlag.CANCELLED);
    return found === JobFlag.WAITING;
  }

  // Results

  /** Takes results as they come, while there are any to come. */
  async #listen(): Promise<void> {
    this.#listening = true;
    await null; // so that all is submitted that is submitted at a time
    while (this.#chunksOut > 0) {
      this.#lookForResults();
      // The jobs keep the program alive, not this: nobody waits for a chunk whose job was cancelled.
      await awaitOn(
        becomingReadable(this.#results.channel.at, () => this.#chunksOut === 0),
        undefined,
        false,
      );
      this.#results.take();
    }
    this.#listening = false;
  }

  /**
   * Looks for the next result for up to 12 µs: half the time of a short task goes into waking the
   * event loop. As long as that finds one; then ever shorter, and at last only now and then.
   */
  #lookForResults(): void {
    if (this.#looks === 0 && ++this.#sleeps % SLEEPS_BETWEEN !== 0) return;
    const found = isReadableSoon(this.#results.channel.at, this.#looks || SPINS);
    this.#looks = found ? SPINS : this.#looks >> 1;
  }

  /** Stops waiting for results that came another way, or never will. */
  #listenNoMore(): void {
    if (this.#listening && this.#chunksOut === 0) wakeReceivers(this.#results.channel.at);
  }

  work(job: Job<number>, options?: WaitOptions): boolean {
    const deadline = deadlineOf(options);
    while (!job.settled) {
      this.growAll(); // not in later turns: this thread has none while it blocks
      if (job.settled) break; // no worker could be started
      const left = deadline === Infinity ? undefined : { timeoutMs: deadline - performance.now() };
      if (!blockOn(becomingReadable(this.#results.channel.at), left)) break;
      this.#results.take(true);
    }
    this.#listenNoMore();
    return job.settled;
  }

  #settle({ id, chunk, status, payload }: Result): void {
    if (status === ChunkStatus.DIED) return this.#onDeath(payload as number);
    if (status === ChunkStatus.INITIALIZER_FAILED) {
      return this.#break(initializerError(payload));
    }
    const job = this.#jobs.get(id);
    if (job === undefined) return; // the pool was terminated meanwhile
    this.#chunksOut--;
    job.chunksLeft--;
    this.#failedStarts = 0;
    if (status === ChunkStatus.DONE) job.onDone(chunk, payload);
    else if (status === ChunkStatus.FAILED) job.fail(job.explain(chunk, payload as Failure));
    else if (status === ChunkStatus.UNREADABLE) job.fail(payload);
    if (job.chunksLeft === 0) this.#leave(id, job);
  }

  #onDeath(record: number): void {
    const name = this.#workers.get(record);
    if (name === undefined) return;
    this.#workers.delete(record);
    if (this.#flagsInUse.length > 0) this.#endedSince.push(record);
    const exitCode = exitCodeOf(record) ?? ExitCode.FAILED;
    debugLog(DebugLevel.DEBUG, `removed worker ${name}: exit code ${exitCode}`);
    const id = Atomics.load(i32, record + workerWord.JOB);
    const job = this.#jobs.get(id);
    if (job !== undefined) {
      const chunk = i32[record + workerWord.CHUNK];
      const task = functionNameAt(job.target);
      const items = job.itemRange(chunk);
      const error = new WorkerDiedError(
        `The worker ${name} ended with exit code ${exitCode} while it ran task ${task}${items}`,
        { exitCode, cause: takeError(record)?.error },
      );
      job.fail(explainFailure({ error, index: 0, by: { task, worker: name } }, items, job.site));
      this.#chunksOut--;
      if (--job.chunksLeft === 0) this.#leave(id, job);
    } else if (
      i32[record + workerWord.CHUNKS_DONE] === 0 && this.#workers.size < this.#wanted()
    ) {
      // It did nothing, and there was something to do.
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
    this.#grow();
  }

  // Workers

  /** Lets it have as many workers, if it had fewer. */
  widen(size: number): void {
    this.#options.size = Math.max(this.#options.size, size);
  }

  /** Starts all the workers that there is work for, now. */
  growAll(): void {
    while (this.#growNow());
  }

  /** Starts a worker if there is work for one more, and others in later turns of the event loop. */
  #grow(): void {
    if (this.#growing === undefined && this.#growNow()) this.#growLater();
  }

  #growLater(): void {
    if (this.#workers.size >= this.#wanted()) return;
    this.#growing = setTimeout(() => {
      this.#growing = undefined;
      this.#grow();
    }, 0);
  }

  #wanted(): number {
    if (this.#terminated || this.#broken !== undefined) return 0;
    const { initializer, size } = this.#options;
    if (initializer !== undefined && !this.#closed) return size;
    return Math.min(size, this.#chunksOut);
  }

  /** Starts a worker if there is work for one more. Returns whether it did. */
  #growNow(): boolean {
    if (this.#workers.size >= this.#wanted()) return false;
    const { initializer, initargs, maxTasks, startMethod } = this.#options;
    const name = `PoolWorker-${Atomics.add(i32, WORKER_NAMES, 1) + 1}`;
    try {
      const record = startIsolate({
        runner: "pool",
        name,
        daemon: true,
        payload: {
          tasks: this.#tasks,
          results: this.#results.channel,
          initializer,
          initargs,
          maxTasks,
        } satisfies PoolStartRequest,
        payloadName: "the pool's options",
        startMethod,
        exitMessage: (record) => ({
          channel: this.#results.channel.at,
          message: this.#deathNote(record),
        }),
      });
      this.#workers.set(record, name);
      debugLog(DebugLevel.DEBUG, `added worker ${name}`);
    } catch (error) {
      this.#break(error as Error);
      return false;
    }
    return true;
  }

  #deathNote(record: number): number {
    const encoder = borrowEncoder();
    try {
      for (const header of [0, 0, ChunkStatus.DIED]) encoder.number(header);
      encoder.value(record, "record");
      encoder.finish();
      return storeMessage(encoder);
    } finally {
      returnEncoder(encoder);
    }
  }

  /** The pool cannot work: all calls fail, now and later. */
  #break(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
    this.#failAll(error);
  }

  #failAll(error: unknown): void {
    for (const [id, job] of this.#jobs) {
      // A worker may be about to begin one of its chunks, which writes to its flag.
      if (job.flag !== 0 && job.chunksLeft > 0) this.#flagsInUse.push(job.flag);
      job.fail(error);
      this.#leave(id, job);
      job.flag = 0;
    }
    this.#chunksOut = 0;
    this.#listenNoMore();
  }

  // Its end

  close(): void {
    this.#closed = true;
    closeChannel(this.#tasks.at, Closed.SENDERS_GONE);
  }

  terminate(exitCode: number): void {
    if (this.#terminated) return;
    this.#terminated = true;
    clearTimeout(this.#growing);
    this.close();
    for (const record of this.#workers.keys()) stopIsolate(record, exitCode);
    this.#failAll(terminatedError());
    while (discardNext(this.#tasks.at));
  }

  async idle(): Promise<void> {
    while (this.#chunksOut > 0) {
      await awaitOn(becomingReadable(this.#results.channel.at, () => this.#chunksOut === 0));
      this.#results.take();
    }
  }

  async ended(): Promise<void> {
    clearTimeout(this.#growing);
    let silent = true;
    for (const record of [...this.#workers.keys(), ...this.#endedSince]) {
      await awaitOn(waitingForEnd(record));
      await clearedUpAfter(record);
      silent &&= Atomics.load(i32, record + isolateWord.ACKNOWLEDGED) === 1;
    }
    this.#results.take();
    for (const flag of this.#flagsInUse.splice(0)) if (silent) free(flag);
  }
}
