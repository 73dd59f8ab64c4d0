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
export { type Context, getAllStartMethods, getContext } from "./lib/context/context.ts";
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
export {
  Executor,
  type ExecutorMapOptions,
  type MapArguments,
  type MapInputs,
  type ShutdownOptions,
} from "./lib/futures/executor.ts";
export { Future } from "./lib/futures/future.ts";
export {
  ProcessPoolExecutor,
  type ProcessPoolExecutorOptions,
} from "./lib/futures/process_pool_executor.ts";
export {
  ThreadPoolExecutor,
  type ThreadPoolExecutorOptions,
} from "./lib/futures/thread_pool_executor.ts";
export {
  ALL_COMPLETED,
  asCompleted,
  type CompletedFuture,
  type DoneAndNotDone,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  waitFutures,
  type WaitFuturesOptions,
} from "./lib/futures/wait.ts";
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
export { ThreadPool, type ThreadPoolOptions } from "./lib/pool/thread_pool.ts";
export {
  cpuCount,
  type CurrentProcess,
  currentProcess,
  type ParentProcess,
  parentProcess,
} from "./lib/process/current.ts";
export {
  activeChildren,
  Process,
  type ProcessOptions,
  type StartMethod,
} from "./lib/process/process.ts";
export { abandonedWorkers } from "./lib/runtime/host.ts";
export { Event, Event as SharedEvent } from "./lib/sync/event.ts";
export { Lock, LockGuard } from "./lib/sync/lock.ts";

// Never called: so that an import by URL fetches the workers' module before any thread can block.
void (() => import("./workers/worker.ts"));
