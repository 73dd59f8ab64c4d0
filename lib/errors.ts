/**
 * The error classes of the package, under Python's names where Python has them.
 *
 * Each of these errors crosses to another isolate as an instance of its own class.
 *
 * @module
 */

/**
 * Base class of the errors that a program may want to catch. Errors of usage are built-in classes:
 * `TypeError` for values of a wrong type, `RangeError` for values out of range.
 */
export class MultiprocessingError extends Error {
  /** Makes an error whose `name` is that of its class. */
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /**
   * Returns whether a value is an error of this class. Anything may have been thrown: unlike with other
   * classes, `instanceof` runs no trap of a `Proxy`, and never throws.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!Error.isError(value)) return false;
    try {
      return Function.prototype[Symbol.hasInstance].call(this, value);
    } catch {
      return false; // a prototype of it is a Proxy whose trap throws
    }
  }
}

// Waiting

/**
 * A wait reached its `timeoutMs`. What was waited for is unchanged: the call can be repeated, and a
 * task continues to run.
 *
 * Queues throw {@linkcode Empty} and {@linkcode Full} instead. Waits that return a boolean, such as
 * `Event.wait()` and `Process.join()`, return false instead.
 */
export class TimeoutError extends MultiprocessingError {}

/**
 * A blocking call was refused because it could never return: only the blocked isolate itself could
 * end the wait. It owns the lock that it waits for, no other isolate refers to the object, or it is
 * the main isolate and no worker is alive.
 *
 * Await the form without `Sync`, so that other code of the isolate can run meanwhile.
 *
 * Also a wait for the end of the calling code itself: a thread that joins itself, a task of a `ThreadPool`
 * that joins its pool.
 */
export class DeadlockError extends MultiprocessingError {}

/**
 * The isolate was told to end, by `terminate()` or `kill()`: its operations throw this error. Or a
 * pool was terminated: its calls that have not ended fail with this error.
 *
 * Do not catch it in a worker, except to clean up: every further operation throws it again, and the
 * hundredth ends the worker.
 */
export class TerminatedError extends MultiprocessingError {}

/**
 * A blocking call was ended by a signal: see `interruptOn()`. What it waited for is unchanged.
 *
 * Follows Python's `KeyboardInterrupt`.
 */
export class InterruptedError extends MultiprocessingError {}

// Queues and pipes

/**
 * `get()` of a queue reached its `timeoutMs` while the queue was empty. Call it again, or give up.
 */
export class Empty extends MultiprocessingError {}

/**
 * `put()` of a bounded queue reached its `timeoutMs` while the queue was full. Call it again, or
 * give up.
 */
export class Full extends MultiprocessingError {}

/**
 * An object was used after it was closed: a queue, an end of a pipe, a listener, a pool, an
 * executor or a manager. Items that a queue contained when it was closed can still be got.
 */
export class ClosedError extends MultiprocessingError {}

/**
 * A queue was used after its `shutdown()`: nothing can be put, and nothing is left to get.
 *
 * Follows Python's `queue.ShutDown`.
 */
export class ShutDown extends ClosedError {}

/**
 * Nothing is left to receive: all copies of the other end of the pipe were closed or belonged to
 * processes that have ended, and every message was received.
 */
export class EOFError extends MultiprocessingError {}

/**
 * A message cannot be delivered: the other end of the pipe is closed, or its processes have ended.
 */
export class BrokenPipeError extends MultiprocessingError {}

/**
 * A message does not fit: the buffer given to `recvBytesInto()` is too small, or the message
 * exceeds the `maxLength` of `recvBytes()`. The message was received; take it from
 * {@linkcode BufferTooShort.bytes}.
 */
export class BufferTooShort extends MultiprocessingError {
  /** The whole message. */
  bytes: Uint8Array<ArrayBuffer>;

  /** Makes an error with the message that did not fit. */
  constructor(message?: string, options?: ErrorOptions & { bytes?: Uint8Array<ArrayBuffer> }) {
    super(message, options);
    this.bytes = options?.bytes ?? new Uint8Array(0);
  }
}

// Locks and barriers

/**
 * The worker that owned a lock, or held a permit of a semaphore, ended without releasing it.
 *
 * The caller **owns the lock**, or holds the permit, when this is thrown. What it protects may be half
 * changed: check it, repair it and call `release()`.
 */
export class AbandonedLockError extends MultiprocessingError {}

/**
 * The barrier is broken: a wait timed out or was aborted, the action threw, a waiter died, or
 * `abort()` was called. Or it was reset during the wait. Call `reset()` to use the barrier again.
 */
export class BrokenBarrierError extends MultiprocessingError {}

// What crosses to other isolates

/**
 * A value cannot be sent to another isolate. The message names the path to the offending part, such
 * as `args[0].model.predict`, and what to send instead.
 */
export class DataCloneError extends MultiprocessingError {}

/**
 * A message cannot be read: its bytes are damaged, were not written by this package, or by another
 * version of it. Nothing outside of the message was read, and nothing was changed.
 *
 * Check where the bytes come from, and that both sides have the same version of the package.
 */
export class CorruptMessageError extends MultiprocessingError {}

/**
 * A function or class that was sent cannot be found in the isolate that received it: its module
 * cannot be imported or does not register it, or the receiver blocks and cannot import modules.
 *
 * Import the module first, or receive without blocking.
 */
export class TaskLookupError extends MultiprocessingError {}

/**
 * The result of a task, or the value that it threw, cannot be sent back. `cause` says why: for a
 * result, the `DataCloneError` that names the path, or what a getter of it threw; for an error
 * whose `name` or `message` cannot be read, the rest of that error. Return something else, or
 * register the class with `task()`.
 *
 * Other errors are sent back as they are: properties that cannot cross are left out, and named in
 * their property `omitted`.
 */
export class MaybeEncodingError extends MultiprocessingError {}

/**
 * The shared heap is used up: what the call was to put, send or create does not fit. Nothing was
 * changed. Receive what waits in queues, and share large arrays instead of copying them.
 *
 * A call of a pool fails with this error too, if there is no room for its result and none is made.
 *
 * Follows Python's `MemoryError`.
 */
export class MemoryError extends MultiprocessingError {}

// Workers and tasks

/**
 * A worker ended before the task that it ran, before it had marked done an item that it got from a
 * `JoinableQueue`, or before it had replied to a call of a manager's object. The task may have had
 * effects; whether to repeat it is the caller's decision.
 */
export class WorkerDiedError extends MultiprocessingError {
  /**
   * The exit code of the worker: n for `Deno.exit(n)`, 1 for an error, -15 terminated, -9 killed.
   */
  exitCode: number;
  /** Name of the worker; `undefined` if it is not known. */
  worker: string | undefined;
  /** Name of the task that it ran; `undefined` if it ran none. */
  task: string | undefined;
  /** Index in the call of the item that it ran; `undefined` if the call has no items. */
  item: number | undefined;

  /** Makes an error with what is known of the worker. */
  constructor(message?: string, options?: ErrorOptions & DiedWorker) {
    super(message, options);
    this.exitCode = options?.exitCode ?? 1;
    this.worker = options?.worker;
    this.task = options?.task;
    this.item = options?.item;
  }
}

/** What a {@linkcode WorkerDiedError} tells of the worker. */
export interface DiedWorker {
  /** As {@linkcode WorkerDiedError.exitCode}. */
  exitCode?: number;
  /** As {@linkcode WorkerDiedError.worker}. */
  worker?: string | undefined;
  /** As {@linkcode WorkerDiedError.task}. */
  task?: string | undefined;
  /** As {@linkcode WorkerDiedError.item}. */
  item?: number | undefined;
}

/**
 * The initializer of a pool or a manager threw; `cause` is its error. All calls fail with this
 * error, now and later: fix the initializer and make a new pool or manager.
 */
export class InitializerError extends MultiprocessingError {}

/**
 * A task was cancelled before it ended, by `cancel()` of its `AsyncResult` or future, or by its
 * executor.
 */
export class CancelledError extends MultiprocessingError {}

// Futures

/**
 * A method of a future was called in a state that does not allow it, such as `setResult()` of a
 * future that has ended.
 */
export class InvalidStateError extends MultiprocessingError {}

/**
 * An executor cannot run tasks any more, because its initializer failed or its workers do not
 * start; `cause` is the reason. Fix it and make a new executor.
 */
export class BrokenExecutor extends MultiprocessingError {}

// sharedmem

/**
 * A function that a {@linkcode MapReduce} called threw, or its worker died; `cause` is the reason.
 */
export class WorkerException extends MultiprocessingError {
  /** The error that ended the map; the same as `cause`. */
  get reason(): unknown {
    return this.cause;
  }

  /** The stack of that error; empty if it is not an `Error`. */
  get traceback(): string {
    return this.cause instanceof Error ? this.cause.stack ?? "" : "";
  }
}

/**
 * To be thrown by a function that a {@linkcode MapReduce} calls: its worker takes no more items,
 * and the map continues with the other workers. Also the `cause` of a `WorkerException` if all
 * workers have stopped.
 */
export class StopProcessGroup extends MultiprocessingError {}

/**
 * The error classes by name. The codec encodes an error as its name and looks the class up here.
 */
export const errorClasses: Readonly<Record<string, new (message?: string) => Error>> = {
  MultiprocessingError,
  TimeoutError,
  Empty,
  Full,
  ClosedError,
  ShutDown,
  EOFError,
  BrokenPipeError,
  AbandonedLockError,
  DeadlockError,
  BrokenBarrierError,
  BufferTooShort,
  TerminatedError,
  InterruptedError,
  DataCloneError,
  CorruptMessageError,
  TaskLookupError,
  MemoryError,
  WorkerDiedError,
  InitializerError,
  MaybeEncodingError,
  CancelledError,
  InvalidStateError,
  BrokenExecutor,
  WorkerException,
  StopProcessGroup,
};
