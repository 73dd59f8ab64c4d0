/**
 * The threads of a pool.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import { ensureIsolate, nextId } from "../heap/isolate_record.ts";
import { aliveThreads, runAs } from "./running.ts";
import { prepareForThreads, Thread, threadState } from "./thread.ts";

/**
 * A thread that runs the tasks of its pool, one after the other. It counts as alive while it runs
 * one, and keeps its `local()` properties from one to the next. It belongs to the process that
 * makes it.
 */
export class PoolThread extends Thread {
  /**
   * Number of calls that have not ended. A task may begin before the previous call has returned.
   */
  #running = 0;
  readonly #stop = new AbortController();

  /** Makes a thread of a pool. */
  constructor(name: string) {
    super({ name, daemon: true });
    const state = threadState(this);
    const { signal } = this.#stop;
    state.signal = state.signal === undefined ? signal : AbortSignal.any([state.signal, signal]);
  }

  /** Runs the code immediately, and its continuations, as this thread. */
  async runCode(code: () => unknown): Promise<void> {
    const state = threadState(this);
    if (state.phase === "made") {
      prepareForThreads();
      ensureIsolate();
      state.phase = "alive";
      state.ident = nextId();
    }
    if (this.#running++ === 0) aliveThreads.add(this);
    try {
      await runAs(this, code);
    } finally {
      if (--this.#running === 0) aliveThreads.delete(this);
    }
  }

  /**
   * Makes its waits throw `TerminatedError`. Code that continues nevertheless has no owner.
   *
   * @param why a sentence without its full stop, for the message of the error
   */
  abandon(why: string): void {
    aliveThreads.delete(this);
    this.#stop.abort(new TerminatedError(`Cannot wait: ${why}`));
  }

  override start(): void {
    throw pooledError(this, "start");
  }
  override join(): Promise<boolean> {
    return Promise.reject(pooledError(this, "join"));
  }
  override joinSync(): boolean {
    throw pooledError(this, "join");
  }
}

function pooledError({ name }: Thread, verb: string): Error {
  return new Error(
    `Cannot ${verb} thread ${name}: it belongs to a pool. Wait for the pool's tasks`,
  );
}
