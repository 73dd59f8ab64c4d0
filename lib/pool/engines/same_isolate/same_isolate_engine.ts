/**
 * The engine under a pool of threads: it calls functions in this isolate, a few at a time.
 *
 *     call --send--> queue --taken by--> places
 *     call <--job.onDone, fail-- places
 *
 * A place, which stands for a thread, runs chunk after chunk, as a worker does, and waits for the
 * promise of each call before the next. Nothing here keeps the program alive: a call that waits for a
 * timer, a socket or a lock does so itself, and one that waits for what cannot come shall not.
 *
 * @module
 */

import { DeadlockError } from "../../../errors.ts";
import { deadlineOf, type WaitOptions } from "../../../arguments/wait_options.ts";
import type { AnyFunction } from "../../../codec/task.ts";
import { isPromiseLike, runCalls, type RunningChunk } from "../../runner/run_chunk.ts";
import {
  type Engine,
  type EngineOptions,
  initializerError,
  submittedTooLate,
  terminatedError,
} from "../engine.ts";
import { type Job, whenSettled } from "../../calls/jobs.ts";
import { ChunkStatus, type Failure } from "../../runner/protocol.ts";

/** How long places run from chunk to chunk before the event loop has a turn, in milliseconds. */
const TURN_MS = 20;

/** The threads that the places stand for. */
export interface PlaceThreads {
  /** Calls the code at once, as that of the place's thread; it may return a promise of its end. */
  run(place: number, code: () => unknown): void;
  /** Nobody waits for what they run any more. */
  abandon(): void;
}

/** A chunk in the queue, or one that runs. */
class LocalChunk implements RunningChunk {
  next: LocalChunk | undefined;

  constructor(
    readonly job: Job<AnyFunction>,
    readonly index: number,
    readonly mode: number,
    readonly payload: unknown[],
    readonly settle: (chunk: LocalChunk, status: number, payload: unknown) => void,
  ) {}

  run(): Promise<void> | undefined {
    return runCalls(this.job.target, this.payload, this);
  }

  unwanted(): boolean {
    return this.job.settled;
  }

  failure(error: unknown, index: number): Failure {
    return { error, index };
  }

  finish(status: number, payload: unknown): void {
    this.settle(this, status, payload);
  }
}

/** Calls the functions of jobs in this isolate. */
export class SameIsolateEngine implements Engine<AnyFunction> {
  readonly #options: EngineOptions;
  /** The jobs that have not ended, with whether a chunk of them has begun. */
  readonly #jobs = new Map<Job<AnyFunction>, boolean>();
  #first: LocalChunk | undefined;
  #last: LocalChunk | undefined;
  #chunksOut = 0;
  /** Places that run nothing; the one that did last is the next to. */
  readonly #idle: number[] = [];
  /** Number of places that run chunks, of those that wait for a turn, or for the initializer. */
  #busy = 0;
  #turning = 0;
  #starting = 0;
  #started = false;
  /** When the event loop is to have a turn. */
  #turnEnd = 0;
  #pumping = false;
  #closed = false;
  #terminated = false;
  #broken: Error | undefined;
  /** Told when something has ended. */
  #onChange: (() => void)[] = [];
  readonly #settle = (chunk: LocalChunk, status: number, payload: unknown) =>
    this.#onFinish(chunk, status, payload);

  readonly #threads: PlaceThreads;

  /**
   * Makes an engine; the initializer runs when the caller has gone on.
   *
   * @param threads what places run their code as
   */
  constructor(options: EngineOptions, threads: PlaceThreads) {
    this.#options = options;
    this.#threads = threads;
    if (options.initializer !== undefined) this.#pumpLater();
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

  targetOf(fn: AnyFunction): AnyFunction {
    return fn;
  }

  send(job: Job<AnyFunction>, mode: number, payload: readonly unknown[]): void {
    this.#enter(job);
    this.#enqueue(job, 0, mode, payload.slice());
  }

  sendMany(
    job: Job<AnyFunction>,
    mode: number,
    items: readonly unknown[],
    chunkSize: number,
  ): void {
    this.#enter(job);
    for (let index = 0, at = 0; at < items.length; index++, at += chunkSize) {
      this.#enqueue(job, index, mode, items.slice(at, at + chunkSize));
    }
  }

  #enter(job: Job<AnyFunction>): void {
    this.#jobs.set(job, false);
    whenSettled(job, () => this.#jobs.delete(job));
  }

  #enqueue(job: Job<AnyFunction>, index: number, mode: number, payload: unknown[]): void {
    const chunk = new LocalChunk(job, index, mode, payload, this.#settle);
    if (this.#last === undefined) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
    job.chunksLeft++;
    this.#chunksOut++;
    this.#pumpLater();
  }

  begun(job: Job<AnyFunction>): boolean {
    return this.#jobs.get(job) === true;
  }

  withdraw(job: Job<AnyFunction>): boolean {
    return this.#jobs.get(job) === false;
  }

  // Running

  /** Has places take chunks once the caller has gone on. */
  #pumpLater(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      if (this.#chunksOut > 0 || !this.#closed) this.#start();
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#first !== undefined && this.#idle.length > 0) {
      const place = this.#idle.pop()!;
      this.#threads.run(place, () => this.#occupy(place));
    }
  }

  /** Makes the places, each after an initializer of its own. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    for (let place = this.#options.size - 1; place >= 0 && this.#broken === undefined; place--) {
      this.#threads.run(place, () => this.#prepare(place));
    }
  }

  #prepare(place: number): void {
    const { initializer, initargs } = this.#options;
    try {
      const pending = initializer?.(...initargs);
      if (isPromiseLike(pending)) this.#prepareLater(place, pending);
      else this.#idle.push(place);
    } catch (error) {
      this.#break(error);
    }
  }

  async #prepareLater(place: number, pending: PromiseLike<unknown>): Promise<void> {
    this.#starting++;
    try {
      await pending;
      this.#idle.push(place);
    } catch (error) {
      this.#break(error);
    }
    this.#starting--;
    this.#pump();
    this.#changed();
  }

  /** Runs chunks in a place while there are any. */
  async #occupy(place: number): Promise<void> {
    this.#busy++;
    for (let chunk; (chunk = this.#dequeue()) !== undefined;) {
      const running = this.#run(chunk);
      if (running !== undefined) await running;
      if (!this.#terminated && performance.now() > this.#turnEnd) await this.#turn();
    }
    this.#busy--;
    this.#idle.push(place);
    this.#changed();
  }

  async #turn(): Promise<void> {
    this.#turning++;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#turning--;
    this.#turnEnd = performance.now() + TURN_MS;
  }

  #run(chunk: LocalChunk): Promise<void> | undefined {
    if (chunk.unwanted()) {
      chunk.finish(ChunkStatus.SKIPPED, undefined);
      return undefined;
    }
    this.#jobs.set(chunk.job, true);
    return chunk.run();
  }

  /** Takes the first chunk out of the queue, or the first of `job`. */
  #dequeue(job?: Job<AnyFunction>): LocalChunk | undefined {
    let before: LocalChunk | undefined;
    let chunk = this.#first;
    while (chunk !== undefined && job !== undefined && chunk.job !== job) {
      before = chunk;
      chunk = chunk.next;
    }
    if (chunk === undefined) return undefined;
    if (before === undefined) this.#first = chunk.next;
    else before.next = chunk.next;
    if (this.#last === chunk) this.#last = before;
    return chunk;
  }

  #onFinish({ job, index }: LocalChunk, status: number, payload: unknown): void {
    if (this.#terminated || this.#broken !== undefined) return; // its job has failed already
    this.#chunksOut--;
    job.chunksLeft--;
    if (status === ChunkStatus.DONE) {
      job.onDone(index, job.settled ? payload : job.take(index, payload));
    } else if (status === ChunkStatus.FAILED) job.fail((payload as Failure).error);
    this.#changed();
  }

  /** Runs the job here and now, beside what the places run: none of them goes on meanwhile. */
  work(job: Job<AnyFunction>, options?: WaitOptions): boolean {
    deadlineOf(options);
    if (!job.settled) this.#start();
    const initialized = this.#idle.length + this.#busy > 0;
    while (!job.settled) {
      const chunk = initialized ? this.#dequeue(job) : undefined;
      const running = chunk && this.#run(chunk);
      if (chunk !== undefined && running === undefined) continue;
      throw new DeadlockError(
        `Cannot wait for a task of this thread: ${
          initialized ? "it" : "the initializer"
        } waits for a promise, and while the thread blocks no promise goes on. Await the call`,
      );
    }
    return true;
  }

  // Its end

  #break(error: unknown): void {
    this.#broken ??= initializerError(error);
    this.#failAll(this.#broken);
  }

  #failAll(error: unknown): void {
    this.#first = this.#last = undefined;
    this.#chunksOut = 0;
    for (const job of [...this.#jobs.keys()]) job.fail(error);
    this.#changed();
  }

  close(): void {
    this.#closed = true;
  }

  /** Fails all jobs. Calls that are under way go on, but for waits of this package: those end. */
  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.close();
    this.#threads.abandon();
    this.#failAll(terminatedError());
  }

  #changed(): void {
    for (const tell of this.#onChange.splice(0)) tell();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  async idle(): Promise<void> {
    while (this.#chunksOut > 0) await this.#change();
  }

  /** Waits until no place runs anything; after `terminate()`, not for what cannot be stopped. */
  async ended(): Promise<void> {
    const left = () => this.#terminated ? this.#turning : this.#busy + this.#starting;
    while (left() > 0) await this.#change();
  }
}
