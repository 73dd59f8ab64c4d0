/**
 * Python's `multiprocessing` for Deno: processes, pools, queues, pipes, locks and events on workers
 * and shared memory.
 *
 * @example A function on all cores
 * ```ts
 * import { Pool, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const square = task(import.meta, (x: number) => x * x);
 *
 * if (import.meta.main) {
 *   await using pool = new Pool();
 *   assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
 * }
 * ```
 *
 * @module
 */

export { Connection, Pipe, type PipeOptions } from "./lib/channels/pipe.ts";
export { Queue } from "./lib/channels/queue.ts";
export {
  type AnyClass,
  type AnyFunction,
  task,
  type TasksOf,
  tasksOf,
} from "./lib/codec/functions.ts";
export { SharedHandle } from "./lib/atomics/shared_object.ts";
export type { WaitOptions } from "./lib/atomics/deadline.ts";
export { type Context, getContext } from "./lib/context/context.ts";
export {
  getAllStartMethods,
  getStartMethod,
  setForkserverPreload,
  setStartMethod,
  type StartMethod,
} from "./lib/runtime/start_method.ts";
export {
  AbandonedLockError,
  BrokenBarrierError,
  BrokenExecutor,
  BrokenPipeError,
  BufferTooShort,
  CancelledError,
  ClosedError,
  DataCloneError,
  DeadlockError,
  Empty,
  EOFError,
  Full,
  InitializerError,
  InvalidStateError,
  MaybeEncodingError,
  MultiprocessingError,
  ShutDown,
  TaskLookupError,
  TerminatedError,
  TimeoutError,
  WorkerDiedError,
} from "./lib/errors.ts";
export { SharedArray, SharedArray as Array } from "./lib/memory/array.ts";
export type { SharedLock, SharedOptions } from "./lib/memory/locking.ts";
export { type ElementsOf, RawArray } from "./lib/memory/raw_array.ts";
export type {
  DataOf,
  DtypeOf,
  ElementOf,
  ElementTypes,
  IntegerTypecode,
  NumberTypecode,
  NumericTypecode,
  PythonTypecodes,
  Typecode,
} from "./lib/memory/typecodes.ts";
export { RawValue, Value } from "./lib/memory/value.ts";
export { getLogger, Logger, type LogHandler, LogLevel, logToStderr } from "./lib/logging/logger.ts";
export { formatRecord, type LogRecord } from "./lib/logging/record.ts";
export { tagOutput } from "./lib/logging/tag_output.ts";
export { AsyncResult } from "./lib/pool/async_result.ts";
export type { Items } from "./lib/pool/chunks.ts";
export type { Progress } from "./lib/pool/jobs.ts";
export {
  type AsyncOptions,
  type Awaitable,
  type ImapOptions,
  type MapOptions,
  Pool,
  type PoolOptions,
} from "./lib/pool/pool.ts";
export {
  cpuCount,
  type CurrentProcess,
  currentProcess,
  type ParentProcess,
  parentProcess,
} from "./lib/process/current.ts";
export { activeChildren, Process, type ProcessOptions } from "./lib/process/process.ts";
export { Finalize, type FinalizeOptions } from "./lib/runtime/finalize.ts";
export { abandonedWorkers } from "./lib/runtime/host.ts";
export { Event, Event as SharedEvent } from "./lib/sync/event.ts";
export { Barrier, type BarrierOptions } from "./lib/sync/barrier.ts";
export { Condition, type GuardOf } from "./lib/sync/condition.ts";
export { Lock } from "./lib/sync/lock.ts";
export type { Lockable } from "./lib/sync/call.ts";
export { mutex, synchronized } from "./lib/sync/mutex.ts";
export { LockGuard } from "./lib/sync/ownership.ts";
export { LockOwner, RLock, RLockGuard, type RLockOptions } from "./lib/sync/rlock.ts";
export { BoundedSemaphore, Semaphore } from "./lib/sync/semaphore.ts";

// Never called: so that an import by URL fetches the workers' module before any thread can block.
void (() => import("./workers/worker.ts"));
