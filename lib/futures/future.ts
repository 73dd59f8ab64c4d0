/**
 * The outcome of a task that may still be to come.
 *
 * @module
 */

import {
  CancelledError,
  DeadlockError,
  InvalidStateError,
  TerminatedError,
  TimeoutError,
} from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import type { Engine } from "../pool/engines/engine.ts";
import type { Job } from "../pool/calls/jobs.ts";
import { settledWithin } from "../sync/settled.ts";

/**
 * | state | next | who moves it on |
 * |---|---|---|
 * | `pending` | `running` | `setRunningOrNotifyCancel`. A future of an executor stays `pending`; whether its task has begun the engine knows |
 * | `pending` | `cancelled` | `cancel`, unless the engine says that the task has begun |
 * | `pending`, `running` | `done`, `failed` | the executor, or `setResult`, `setException` |
 */
type State = "pending" | "running" | "cancelled" | "done" | "failed";

/** The task behind a future of an executor. */
interface Task {
  engine: Engine;
  job: Job;
}

/** What executors and waits do with futures, beside their public methods. */
export interface FutureInternals {
  /** Says what runs the future's task. */
  setTask(future: Future<unknown>, task: Task): void;
  /** Ends a future, unless it has ended. */
  settle(future: Future<unknown>, state: "done" | "failed", outcome: unknown): void;
  /** Calls `onEnd` when the future ends, before its callbacks; returns how to give that up. */
  watch(future: Future<unknown>, onEnd: () => void): () => void;
  /** Says that somebody will look at the outcome. */
  look(future: Future<unknown>): void;
  /** Whether it has ended with an error, and not by `cancel()`. */
  failed(future: Future<unknown>): boolean;
}

/** For executors and waits. */
export let futureInternals: FutureInternals;

/**
 * The result of a task, or its error, once it is there. It can be awaited like a promise.
 *
 * - Executors make futures: `executor.submit(fn, ...args)`. Who makes one of their own ends it with
 *   `setResult` or `setException`.
 * - What waits for it is told first, then its callbacks are called, in the order in which they were
 *   added, all before the call returns that ended it.
 * - An error that nobody asks for is an unhandled rejection, as a promise's is. Asking is: awaiting
 *   the future, `result`, `exception`, and giving it to `waitFutures` or `asCompleted`. Python
 *   forgets such errors. That of a future that was cancelled, or whose workers were terminated, is
 *   not reported.
 * - A future belongs to its isolate and cannot be sent.
 *
 * Follows Python's `concurrent.futures.Future`.
 *
 * @typeParam R the type of the result
 *
 * @example Of an executor, and of one's own
 * ```ts
 * import { Future, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
 * const power = executor.submit(Math.pow, 2, 10);
 * assertEquals(await power.result({ timeoutMs: 60_000 }), 1024);
 *
 * const own = new Future<string>();
 * own.addDoneCallback((future) => assert(future.done()));
 * setTimeout(() => own.setResult("there"), 10);
 * assertEquals(await own, "there");
 * ```
 */
export class Future<R> implements PromiseLike<R> {
  readonly #outcome: PromiseWithResolvers<unknown> = Promise.withResolvers();
  #state: State = "pending";
  #result: unknown;
  #error: unknown;
  #task: Task | undefined;
  #looked = false;
  readonly #watchers = new Set<() => void>();
  #callbacks: (() => void)[] = [];

  static {
    futureInternals = {
      setTask: (future, task) => future.#task = task,
      settle: (future, state, outcome) => void future.#settle(state, outcome),
      watch: (future, onEnd) => {
        future.#watchers.add(onEnd);
        return () => future.#watchers.delete(onEnd);
      },
      look: (future) => future.#look(),
      failed: (future) => future.#state === "failed",
    };
  }

  /** Makes a future that is pending: for executors, and for those who end it themselves. */
  constructor() {}

  // Its state

  /**
   * Cancels the task if it has not begun: it never will then, and asking for its result throws
   * `CancelledError`.
   *
   * A worker that is about to begin the task and this call cannot both win.
   *
   * @returns whether it is cancelled: false if the task has begun or the future has ended
   */
  cancel(): boolean {
    if (this.#state === "cancelled") return true;
    if (this.#state !== "pending") return false;
    if (this.#task !== undefined && !this.#task.engine.withdraw(this.#task.job)) return false;
    const error = new CancelledError("Cannot get result: the future was cancelled");
    this.#settle("cancelled", error);
    this.#task?.job.fail(error);
    return true;
  }

  /** Whether it was cancelled. */
  cancelled(): boolean {
    return this.#state === "cancelled";
  }

  /** Whether its task has begun and not ended: it cannot be cancelled now. */
  running(): boolean {
    if (this.#state !== "pending") return this.#state === "running";
    return this.#task !== undefined && this.#task.engine.begun(this.#task.job);
  }

  /** Whether it has ended: with a result, with an error, or by `cancel()`. */
  done(): boolean {
    return this.#state !== "pending" && this.#state !== "running";
  }

  // Its outcome

  /**
   * The result, when it is there.
   *
   * @throws {CancelledError} if it was cancelled
   * @throws {TimeoutError} if it is not there in `timeoutMs`; the task goes on
   * @throws the error of the task
   * @throws the reason of `signal`, if that is aborted first; the task goes on
   */
  async result(options?: WaitOptions): Promise<R> {
    await this.#wait(options);
    return await this.#outcome.promise as R;
  }

  /**
   * The error of the task, when it has ended: `undefined` if it has a result.
   *
   * @throws {CancelledError} if it was cancelled
   * @throws {TimeoutError} if it has not ended in `timeoutMs`; the task goes on
   * @throws the reason of `signal`, if that is aborted first; the task goes on
   */
  async exception(options?: WaitOptions): Promise<unknown> {
    await this.#wait(options);
    return this.#errorNow();
  }

  /**
   * As {@linkcode Future.result}, blocking the thread.
   *
   * @throws {DeadlockError} if this thread itself would have to go on for it to be there: it is no
   * executor's, or its task runs in this isolate and waits for a promise
   */
  resultSync(options?: WaitOptions): R {
    this.#block(options);
    if (this.#state !== "done") throw this.#error;
    return this.#result as R;
  }

  /**
   * As {@linkcode Future.exception}, blocking the thread.
   *
   * @throws {DeadlockError} as {@linkcode Future.resultSync}
   */
  exceptionSync(options?: WaitOptions): unknown {
    this.#block(options);
    return this.#errorNow();
  }

  /**
   * Calls `fn` with this future when it ends: at once if it has ended.
   *
   * What `fn` throws is reported with `console.error` and goes no further.
   */
  addDoneCallback(fn: (future: this) => unknown): void {
    const call = () => {
      try {
        fn(this);
      } catch (error) {
        console.error("Uncaught in a callback of a future:", error);
      }
    };
    if (this.done()) call();
    else this.#callbacks.push(call);
  }

  /** Makes `await` work. */
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#outcome.promise as Promise<R>).then(onResult, onError);
  }

  // For those who make their own

  /**
   * Ends it with a result.
   *
   * @throws {InvalidStateError} if it has ended
   */
  setResult(result: R): void {
    if (!this.#settle("done", result)) throw this.#invalid("set result");
  }

  /**
   * Ends it with an error.
   *
   * @throws {InvalidStateError} if it has ended
   */
  setException(error: unknown): void {
    if (!this.#settle("failed", error)) throw this.#invalid("set exception");
  }

  /**
   * To be called before the work begins: says that it is running, and cannot be cancelled any more.
   *
   * @returns false if it was cancelled: there is nothing to do then
   * @throws {InvalidStateError} if it is running or has a result or an error
   */
  setRunningOrNotifyCancel(): boolean {
    if (this.#state === "cancelled") return false;
    if (this.#state !== "pending") throw this.#invalid("set running");
    this.#state = "running";
    return true;
  }

  #invalid(verb: string): InvalidStateError {
    return new InvalidStateError(
      `Cannot ${verb}: the future is ${this.#state === "failed" ? "done" : this.#state} already`,
    );
  }

  #settle(state: "done" | "failed" | "cancelled", outcome: unknown): boolean {
    if (this.done()) return false;
    this.#state = state;
    if (state === "done") {
      this.#result = outcome;
      this.#outcome.resolve(outcome);
    } else {
      this.#error = outcome;
      this.#outcome.reject(outcome);
      // What the caller brought about is no surprise, and need not be asked for.
      if (state === "cancelled" || outcome instanceof TerminatedError) this.#look();
    }
    for (const tell of [...this.#watchers]) tell();
    this.#watchers.clear();
    for (const call of this.#callbacks.splice(0)) call();
    return true;
  }

  #look(): void {
    if (this.#looked) return;
    this.#looked = true;
    this.#outcome.promise.catch(() => {}); // who looks is told in another way
  }

  #errorNow(): unknown {
    if (this.#state === "cancelled") throw this.#error;
    return this.#error;
  }

  async #wait(options?: WaitOptions): Promise<void> {
    if (!await settledWithin(this.#outcome.promise, options)) throw tooLate(options);
  }

  #block(options?: WaitOptions): void {
    this.#look();
    if (this.done()) return;
    if (this.#task === undefined) {
      throw new DeadlockError(
        "Cannot wait for result: nothing but this thread could set it, which would block. " +
          "Await the future",
      );
    }
    if (!this.#task.engine.work(this.#task.job, options)) throw tooLate(options);
  }
}

function tooLate(options: WaitOptions | undefined): TimeoutError {
  return new TimeoutError(`Cannot get result: not there after ${options?.timeoutMs} ms`);
}
