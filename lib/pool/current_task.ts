/**
 * The task that the running code belongs to.
 *
 * @module
 */

import { running } from "../threading/running.ts";

/** A task of a pool, as its own code sees it. */
export interface CurrentTask {
  /** Name of its function. */
  readonly name: string;
  /** How often it was run before, because its worker died or it failed: see `retries`. */
  readonly attempt: number;
  /**
   * Aborted when nobody waits for the result any more: the call was cancelled, aborted or timed out, or
   * another task of the call has failed. `signal.reason` is a `CancelledError` or a `TimeoutError`.
   *
   * Its `aborted` and `throwIfAborted()` are up to date even in code that computes without a pause.
   */
  readonly signal: AbortSignal;
}

/** The state behind a {@linkcode CurrentTask}. */
export class TaskState implements CurrentTask {
  readonly name: string;
  readonly attempt: number;
  readonly #endReason: () => Error | undefined;
  #controller: AbortController | undefined;
  #isEnded = false;

  /**
   * Describes a task.
   *
   * @param endReason returns why nobody waits for it any more; `undefined` if somebody may
   */
  constructor(name: string, attempt: number, endReason: () => Error | undefined) {
    this.name = name;
    this.attempt = attempt;
    this.#endReason = endReason;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#makeController();
    this.check();
    return this.#controller.signal;
  }

  /** Aborts the signal if nobody waits for the task any more. */
  check(): void {
    if (this.#controller === undefined || this.#isEnded) return;
    const reason = this.#endReason();
    if (reason === undefined) return;
    this.#isEnded = true; // abort() reads `aborted`, which comes here
    this.#controller.abort(reason);
  }

  #makeController(): AbortController {
    const controller = new AbortController();
    const { signal } = controller;
    const prototype = AbortSignal.prototype;
    const aborted = Object.getOwnPropertyDescriptor(prototype, "aborted")!.get!;
    Object.defineProperties(signal, {
      aborted: {
        get: () => {
          this.check();
          return aborted.call(signal);
        },
      },
      throwIfAborted: {
        value: () => {
          this.check();
          prototype.throwIfAborted.call(signal);
        },
      },
    });
    return controller;
  }
}

let ofIsolate: () => CurrentTask | undefined = () => undefined;
const ofThreads = new WeakMap<object, CurrentTask>();

/** Sets how the task of this isolate is found, in a worker of a pool. */
export function setIsolateTask(find: () => CurrentTask | undefined): void {
  ofIsolate = find;
}

/** Sets the task of a thread of a pool; `undefined`: it has none. */
export function setThreadTask(thread: object, task: CurrentTask | undefined): void {
  if (task === undefined) ofThreads.delete(thread);
  else ofThreads.set(thread, task);
}

/**
 * Returns the task that the calling code belongs to, in a worker of a pool, or in a thread of a
 * `ThreadPool`; `undefined` elsewhere.
 *
 * @example A task that ends soon after its call was aborted
 * ```ts
 * import { currentTask, Pool, task } from "@sauropod/multiprocessing";
 * import { assertRejects } from "@std/assert";
 *
 * const search = task(import.meta, () => {
 *   const { signal } = currentTask()!;
 *   for (let tries = 0;; tries++) {
 *     if (tries % 1000 === 0) signal.throwIfAborted();
 *   }
 * });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1);
 *   const searching = pool.apply(search, [], { signal: AbortSignal.timeout(100) });
 *   await assertRejects(() => searching, DOMException, "timed out");
 * }
 * ```
 */
export function currentTask(): CurrentTask | undefined {
  const thread = running();
  return (thread && ofThreads.get(thread)) ?? ofIsolate();
}
