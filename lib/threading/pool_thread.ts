/**
 * The threads of a pool.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import { ensureIsolate, nextId } from "../heap/isolate_record.ts";
import { alive, runNow } from "./running.ts";
import { Thread, threadState, watch } from "./thread.ts";

/**
 * A thread that runs what its pool gives it, one piece of code after the other. It is listed among
 * those that are alive while it runs one; what `local()` keeps for it stays. The process that it
 * belongs to is that in which it is made.
 */
export class PoolThread extends Thread {
  /** Pieces that have not ended: one that follows another may begin before that has quite ended. */
  #pieces = 0;
  readonly #stop = new AbortController();

  /** Makes a thread for a pool. */
  constructor(name: string) {
    super({ name, daemon: true });
    const it = threadState(this);
    const { signal } = this.#stop;
    it.signal = it.signal === undefined ? signal : AbortSignal.any([it.signal, signal]);
  }

  /** Runs the code at once, and as this thread's what follows from it. */
  async runPiece(code: () => unknown): Promise<void> {
    const it = threadState(this);
    if (it.phase === "made") {
      watch();
      ensureIsolate();
      it.phase = "alive";
      it.ident = nextId();
    }
    if (this.#pieces++ === 0) alive.add(this);
    try {
      await runNow(this, code);
    } finally {
      if (--this.#pieces === 0) alive.delete(this);
    }
  }

  /** Ends its waits, with a `TerminatedError`. What it goes on to do is nobody's. */
  abandon(): void {
    alive.delete(this);
    this.#stop.abort(new TerminatedError(`Cannot wait: the pool of ${this.name} was terminated`));
  }

  override start(): void {
    throw belongsToPool(this, "start");
  }
  override join(): Promise<boolean> {
    return Promise.reject(belongsToPool(this, "join"));
  }
  override joinSync(): boolean {
    throw belongsToPool(this, "join");
  }
}

function belongsToPool({ name }: Thread, verb: string): Error {
  return new Error(
    `Cannot ${verb} thread ${name}: it belongs to a pool. Wait for the pool's tasks`,
  );
}
