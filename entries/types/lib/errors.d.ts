// The declarations of lib/errors.ts

/** Base of the errors that name a situation a caller may want to catch. */
export declare class MultiprocessingError extends Error {
  /** Makes an error that carries the name of its class. */
  constructor(message?: string, options?: ErrorOptions);
}

/** A wait ended because its `timeoutMs` passed. */
export declare class TimeoutError extends MultiprocessingError {
}

/** A queue had no item in time: raised by `get` when its time is up. */
export declare class Empty extends MultiprocessingError {
}

/** A bounded queue had no room in time: raised by `put` when its time is up. */
export declare class Full extends MultiprocessingError {
}

/** A closed queue or connection was used. */
export declare class ClosedError extends MultiprocessingError {
}

/** A queue that was shut down was used: nothing can be put any more, and everything has been got. */
export declare class ShutDown extends ClosedError {
}

/** The other end of a pipe is gone and everything it sent has been received. */
export declare class EOFError extends MultiprocessingError {
}

/** A message was sent to a connection whose other end is gone. */
export declare class BrokenPipeError extends MultiprocessingError {
}

/**
 * The worker that held a lock ended without releasing it.
 *
 * The lock **is acquired** when this is thrown: what it protects may be half changed, so look at it,
 * repair it and call `release()`.
 */
export declare class AbandonedLockError extends MultiprocessingError {
}

/**
 * A blocking wait could only be ended by the thread that it would block: it holds what is waited for,
 * no other worker has that, or it is the main thread and no worker lives.
 */
export declare class DeadlockError extends MultiprocessingError {
}

/** A barrier was broken, by a timeout, an error or `abort()`, or was reset while others waited. */
export declare class BrokenBarrierError extends MultiprocessingError {
}

/**
 * The buffer given to `recvBytesInto` is too small, or the message longer than the `maxLength` of
 * `recvBytes`; `bytes` is the whole message.
 */
export declare class BufferTooShort extends MultiprocessingError {
  /** The message that did not fit. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Made by the connection that received the message. */
  constructor(
    message?: string,
    options?: ErrorOptions & {
      bytes?: Uint8Array<ArrayBuffer>;
    },
  );
}

/**
 * The worker was told to end: thrown out of the blocking call in which it waited. Or the pool was: then
 * its calls that have not ended fail with it.
 */
export declare class TerminatedError extends MultiprocessingError {
}

/** A value cannot be sent to another worker; the message names the path to the offending part. */
export declare class DataCloneError extends MultiprocessingError {
}

/** A function or class cannot be found again in the worker that should use it. */
export declare class TaskLookupError extends MultiprocessingError {
}

/** A worker ended before a task did that it ran, or had taken from a `JoinableQueue`. */
export declare class WorkerDiedError extends MultiprocessingError {
  /** The exit code of the worker: `Deno.exit(n)` n, an error 1, terminate -15, kill -9. */
  exitCode: number;
  /** Made by the pool that lost the worker. */
  constructor(
    message?: string,
    options?: ErrorOptions & {
      exitCode?: number;
    },
  );
}

/** The initializer of a pool failed; `cause` is its error. */
export declare class InitializerError extends MultiprocessingError {
}

/** The result of a task cannot be sent back; `cause` says why. */
export declare class MaybeEncodingError extends MultiprocessingError {
}

/** A task was cancelled before its result was known. */
export declare class CancelledError extends MultiprocessingError {
}

/** An operation was asked of a future that its state does not allow. */
export declare class InvalidStateError extends MultiprocessingError {
}

/** An executor cannot work any more; `cause` says why. */
export declare class BrokenExecutor extends MultiprocessingError {
}

/** The work of a {@linkcode MapReduce} failed; `cause` is its error. */
export declare class WorkerException extends MultiprocessingError {
  /** The error of the work. */
  get reason(): unknown;
  /** The stack of the error of the work. */
  get traceback(): string;
}

/** Thrown by the work of a {@linkcode MapReduce}: its worker takes no more items. */
export declare class StopProcessGroup extends MultiprocessingError {
}

export {};
