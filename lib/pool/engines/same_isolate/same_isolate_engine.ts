/**
 * The engine of `ThreadPool`: slots run chunks in this isolate.
 *
 *     call --send--> queue --taken by--> slots
 *     call <--onChunkDone, fail-- slots
 *
 * A slot, which stands for a thread, runs chunk after chunk as a worker does, and awaits the promise of
 * each call before the next. The engine does not keep the program alive: a call that waits for a timer,
 * a socket or a lock does so itself, and a call that waits for an event that cannot come must not.
 *
 * @module
 */

import { DeadlockError, TimeoutError } from "../../../errors.ts";
import { deadlineOf, type WaitOptions } from "../../../arguments/wait_options.ts";
import type { AnyFunction } from "../../../codec/task.ts";
import type { Job } from "../../calls/job.ts";
import { type CallMode, ChunkStatus, type Failure } from "../../chunks/chunk.ts";
import { isPromiseLike } from "../../../sync/settled.ts";
import { isTaskOf, Level, levelForCall } from "../../../threading/nesting.ts";
import { LocalChunk } from "./local_chunk.ts";
import type { TaskState } from "../../current_task.ts";
import { BaseEngine, initializerError, settleChunk, terminatedError } from "../base_engine.ts";
import type { Engine, EngineOptions } from "../engine.ts";

/** How long slots run chunks before the event loop gets a turn, in milliseconds. */
const TURN_MS = 20;

/** The threads that the slots stand for. */
export interface SlotThreads {
  /** Calls `code` at once, as code of the slot's thread. It may return a promise. */
  run(slot: number, code: () => unknown): void;
  /** Sets the task that the slot's thread runs. */
  setTask(slot: number, task: TaskState | undefined): void;
  /** Ends the waits of code that still runs in the slot, which gets a new thread. */
  replace(slot: number): void;
  /** Ends the waits of code that still runs: the engine was terminated. */
  abandon(): void;
}

/** Calls the functions of jobs in this isolate. */
export class SameIsolateEngine extends BaseEngine implements Engine<AnyFunction> {
  readonly #options: EngineOptions;
  readonly #threads: SlotThreads;
  /** Jobs that have not settled, with whether a chunk of them has begun. */
  readonly #jobs = new Map<Job<AnyFunction>, boolean>();
  /** For jobs that a task of this isolate made, its level. */
  readonly #callers = new WeakMap<Job<AnyFunction>, Level>();
  #first: LocalChunk | undefined;
  #last: LocalChunk | undefined;
  /** Slots that run nothing. The last one to become idle is the next to run. */
  readonly #idle: number[] = [];
  /** Number of slots that run chunks. */
  #busy = 0;
  /** Number of busy slots that give the event loop a turn. */
  #turning = 0;
  /** Number of slots that await their initializer. */
  #starting = 0;
  /** Whether the slots have been made. */
  #started = false;
  /** When the event loop must get a turn. */
  #turnEnd = 0;
  /** Whether `#pump` is to run in a later microtask. */
  #pumping = false;
  readonly #settle = (chunk: LocalChunk, status: ChunkStatus, payload: unknown) =>
    this.#onFinish(chunk, status, payload);
  /** Chunks that run, by slot. */
  readonly #running = new Map<number, LocalChunk>();

  /**
   * Makes an engine; the initializer runs in a later microtask.
   *
   * @param threads what slots run their code as
   */
  constructor(options: EngineOptions, threads: SlotThreads) {
    super();
    this.#options = options;
    this.#threads = threads;
    if (options.initializer !== undefined) this.#pumpLater();
  }

  // Submission

  targetOf(fn: AnyFunction): AnyFunction {
    return fn;
  }

  send(job: Job<AnyFunction>, mode: CallMode, payload: readonly unknown[]): void {
    this.#register(job);
    job.keepSource({ mode, payload, name: "args", chunkSize: payload.length });
    this.#enqueue(job, 0, mode, payload.slice());
  }

  sendMany(
    job: Job<AnyFunction>,
    mode: CallMode,
    items: readonly unknown[],
    chunkSize: number,
  ): void {
    this.#register(job);
    job.keepSource({ mode, payload: items, name: "items", chunkSize });
    for (let index = 0, at = 0; at < items.length; index++, at += chunkSize) {
      this.#enqueue(job, index, mode, items.slice(at, at + chunkSize));
    }
  }

  #register(job: Job<AnyFunction>): void {
    const level = levelForCall("submit to pool");
    if (level !== undefined) this.#callers.set(job, level);
    this.#jobs.set(job, false);
    job.onSettled(() => {
      this.#jobs.delete(job);
      if (!this.terminated && job.chunksOut > 0) this.#cancelTasks(job);
    });
  }

  #enqueue(job: Job<AnyFunction>, index: number, mode: CallMode, payload: unknown[]): void {
    const chunk = new LocalChunk(job, index, mode, payload, this.#settle);
    if (this.#last === undefined) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
    this.countSent(job);
    this.#pumpLater();
  }

  hasBegun(job: Job<AnyFunction>): boolean {
    return this.#jobs.get(job) === true;
  }

  withdraw(job: Job<AnyFunction>): boolean {
    return this.#jobs.get(job) === false;
  }

  // Running

  /** Makes idle slots take chunks in a later microtask. */
  #pumpLater(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      if (this.chunksOut > 0 || !this.closed) this.#start();
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#first !== undefined && this.#idle.length > 0) {
      const slot = this.#idle.pop()!;
      this.#threads.run(slot, () => this.#runChunks(slot));
    }
  }

  /** Makes the slots, each of which runs the initializer first. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    for (let slot = this.#options.size - 1; slot >= 0 && this.broken === undefined; slot--) {
      this.#threads.run(slot, () => this.#initialize(slot));
    }
  }

  #initialize(slot: number): void {
    const { initializer, initargs } = this.#options;
    try {
      const pending = initializer?.(...initargs);
      if (isPromiseLike(pending)) void this.#awaitInitializer(slot, pending);
      else this.#idle.push(slot);
    } catch (error) {
      this.#break(error);
    }
  }

  async #awaitInitializer(slot: number, pending: PromiseLike<unknown>): Promise<void> {
    this.#starting++;
    try {
      await pending;
      this.#idle.push(slot);
    } catch (error) {
      this.#break(error);
    }
    this.#starting--;
    this.#pump();
    this.notifyChange();
  }

  /** Runs chunks in a slot until the queue is empty. */
  async #runChunks(slot: number): Promise<void> {
    this.#busy++;
    for (let chunk; (chunk = this.#dequeue()) !== undefined;) {
      const running = this.#run(chunk, slot);
      if (running !== undefined) await running;
      if (chunk.isGivenUp) return; // the slot has gone on without it
      if (!this.terminated && performance.now() > this.#turnEnd) await this.#turn();
    }
    this.#busy--;
    this.#idle.push(slot);
    this.notifyChange();
  }

  async #turn(): Promise<void> {
    this.#turning++;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#turning--;
    this.#turnEnd = performance.now() + TURN_MS;
  }

  /** @param slot whose thread runs it; `undefined`: the thread of the caller */
  #run(chunk: LocalChunk, slot?: number): Promise<void> | undefined {
    if (chunk.job.settled) {
      chunk.finish(ChunkStatus.SKIPPED, undefined);
      return undefined;
    }
    this.#jobs.set(chunk.job, true);
    chunk.level = new Level(this.#callers.get(chunk.job), this);
    if (slot === undefined) return chunk.run();
    chunk.slot = slot;
    this.#running.set(slot, chunk);
    this.#threads.setTask(slot, chunk.task);
    this.#watchTime(chunk);
    return chunk.run();
  }

  // The end of tasks

  #watchTime(chunk: LocalChunk): void {
    const { timeoutMs = Infinity } = chunk.job.policy ?? {};
    if (timeoutMs === Infinity) return;
    chunk.setAlarm(chunk.itemBegunAt + timeoutMs, () => {
      if (chunk.job.settled) return;
      if (chunk.itemBegunAt + timeoutMs > performance.now()) return this.#watchTime(chunk);
      chunk.isTimeUp = true;
      const where = chunk.job.describeItem(chunk.index, chunk.item);
      const error =
        `Cannot get result: task ${chunk.task.name}${where} did not end within ${timeoutMs} ms`;
      chunk.job.lose(chunk.index, chunk.item, new TimeoutError(error));
    });
  }

  /** Aborts the signals of the tasks of a job that has settled, and gives them the grace to end. */
  #cancelTasks(job: Job<AnyFunction>): void {
    for (const chunk of this.#running.values()) {
      if (chunk.job !== job) continue;
      chunk.task.check();
      const { graceMs } = this.#options;
      if (graceMs === Infinity) continue;
      chunk.setAlarm(performance.now() + graceMs, () => this.#giveUp(chunk));
    }
  }

  /** Goes on in the slot of a chunk without waiting for its end. */
  #giveUp(chunk: LocalChunk): void {
    if (this.#running.get(chunk.slot) !== chunk) return;
    chunk.isGivenUp = true;
    chunk.level!.end();
    this.#leave(chunk);
    this.#threads.replace(chunk.slot);
    this.countReturned(chunk.job);
    this.#busy--;
    this.#idle.push(chunk.slot);
    this.notifyChange();
    this.#pump();
  }

  /** Forgets a chunk that ran in a slot. */
  #leave(chunk: LocalChunk): void {
    chunk.setAlarm(Infinity, () => {});
    if (this.#running.get(chunk.slot) !== chunk) return;
    this.#running.delete(chunk.slot);
    this.#threads.setTask(chunk.slot, undefined);
  }

  /** Removes the first chunk from the queue, or the first of `job`. */
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

  #onFinish(chunk: LocalChunk, status: ChunkStatus, payload: unknown): void {
    const { job, index } = chunk;
    chunk.level?.end();
    if (chunk.slot !== -1) this.#leave(chunk);
    if (this.terminated || this.broken !== undefined) return; // its job has failed already
    if (chunk.isGivenUp) return;
    this.countReturned(job);
    if (
      status === ChunkStatus.FAILED && job.takeRetry(index, (payload as Failure).error, false)
    ) return this.#resend(job, index);
    const stores = status === ChunkStatus.DONE && !job.settled;
    settleChunk(job, index, status, stores ? job.storeResult(index, payload) : payload);
    this.notifyChange();
  }

  #resend(job: Job<AnyFunction>, index: number): void {
    const { mode, payload, chunkSize } = job.source;
    const from = index * chunkSize;
    this.#enqueue(job, index, mode, payload.slice(from, from + chunkSize));
  }

  /** Runs the chunks of the job in this call, while no slot makes progress. */
  waitSync(job: Job<AnyFunction>, options?: WaitOptions): boolean {
    deadlineOf(options);
    if (!job.settled) this.#start();
    const initialized = this.#idle.length + this.#busy > 0;
    while (!job.settled) {
      const chunk = initialized ? this.#dequeue(job) : undefined;
      const running = chunk && this.#run(chunk);
      if (chunk !== undefined && running === undefined) continue;
      throw new DeadlockError(
        `Cannot block on a task of this isolate: ${
          initialized ? "it" : "the initializer"
        } awaits a promise, which cannot settle while the isolate blocks. Await the call`,
      );
    }
    return true;
  }

  // End

  #break(error: unknown): void {
    this.broken ??= initializerError(error);
    this.#failAll(this.broken);
  }

  #failAll(error: unknown): void {
    this.#first = this.#last = undefined;
    this.chunksOut = 0;
    for (const job of [...this.#jobs.keys()]) job.fail(error);
    this.notifyChange();
  }

  close(): void {
    this.closed = true;
  }

  /** Fails all jobs. Calls that have begun continue, but their waits by this package end. */
  terminate(): void {
    if (this.terminated) return;
    this.terminated = true;
    this.close();
    for (const chunk of this.#running.values()) chunk.setAlarm(Infinity, () => {});
    this.#threads.abandon();
    this.#failAll(terminatedError());
  }

  override checkJoin(): void {
    if (this.terminated || !isTaskOf(this)) return;
    throw new DeadlockError(
      "Cannot join pool: the calling code is a task of this pool, and the wait could only end after it. " +
        "Join the pool outside of its tasks",
    );
  }

  async drain(): Promise<void> {
    while (this.chunksOut > 0) await this.change();
  }

  /** Waits until no slot runs a chunk; after `terminate()`, not for calls that cannot be stopped. */
  async join(): Promise<void> {
    const active = () => this.terminated ? this.#turning : this.#busy + this.#starting;
    while (active() > 0) await this.change();
  }
}
