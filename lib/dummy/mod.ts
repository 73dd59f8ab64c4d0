/**
 * The package on threads of one isolate instead of workers: a program that imports this in place of
 * `@sauropod/multiprocessing` does the same, without parallelism. For finding out whether workers pay,
 * for debugging, and for where workers cannot be started.
 *
 * - {@linkcode Process} is a {@linkcode Thread}. Its arguments are shared, not copied.
 * - Everything else is the same as in the package, and works the same: what goes through a queue or a
 *   pipe is copied here too. Loops, array expressions, `MapReduce` and `Parallel` are not here: they are
 *   plain loops in the caller if they are told `numThreads: 1`, `np: 0` or `nJobs: 1`.
 * - The program must await: a blocking call (`…Sync`) blocks all processes, since they are one thread.
 *
 * Follows Python's `multiprocessing.dummy`.
 *
 * @example One changed import
 * ```ts
 * import * as mp from "@sauropod/multiprocessing/dummy";
 *
 * const double = mp.task(import.meta, async (out: mp.Queue<number>, x: number) => {
 *   await out.put(2 * x);
 * });
 *
 * if (import.meta.main) {
 *   const queue = new mp.Queue<number>();
 *   const process = new mp.Process({ target: double, args: [queue, 21] });
 *   process.start();
 *   if (await queue.get() !== 42) throw new Error("not doubled");
 *   await process.join();
 * }
 * ```
 *
 * @module
 */

export { Connection, Pipe, type PipeOptions } from "../channels/pipe.ts";
export { Client, Listener } from "../channels/listener.ts";
export { JoinableQueue } from "../channels/joinable_queue.ts";
export { LifoQueue } from "../channels/lifo_queue.ts";
export { PriorityQueue } from "../channels/priority_queue.ts";
export { Queue, type ShutdownOptions } from "../channels/queue.ts";
export type { PriorityOptions } from "../channels/queue_kind.ts";
export { SimpleQueue } from "../channels/simple_queue.ts";
export { wait, wait as waitAny, waitSync, waitSync as waitAnySync } from "../channels/wait.ts";
export type { Waitable } from "../parking/readiness.ts";
export {
  type AnyClass,
  type AnyFunction,
  task,
  type TasksOf,
  tasksOf,
} from "../codec/functions.ts";
export { type ShareableItem, ShareableList } from "../memory/shareable_list.ts";
export { SharedMemory, type SharedMemoryOptions } from "../memory/shared_memory.ts";
export { sharedArray } from "../memory/typed_arrays.ts";
export { SharedMemoryManager } from "../managers/shared_memory_manager.ts";
export { distribute } from "../sharedmem/distribute.ts";
export { SharedHandle } from "../objects/shared_object.ts";
export type { WaitOptions } from "../arguments/wait_options.ts";
export { TIMEOUT_MAX } from "../parking/wait.ts";
export {
  getAllStartMethods,
  getStartMethod,
  setForkserverPreload,
  setStartMethod,
  type StartMethod,
} from "../runtime/start_method.ts";
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
  StopProcessGroup,
  TaskLookupError,
  TerminatedError,
  TimeoutError,
  WorkerDiedError,
  WorkerException,
} from "../errors.ts";
export { SharedArray, SharedArray as Array } from "../memory/array.ts";
export type { SharedLock, SharedOptions } from "../memory/locking.ts";
export { type ElementsOf, RawArray } from "../memory/raw_array.ts";
export type {
  DataOf,
  DtypeOf,
  ElementOfTypecode,
  ElementTypes,
  IntegerTypecode,
  NumberTypecode,
  NumericTypecode,
  PythonTypecodes,
  Typecode,
} from "../memory/typecodes.ts";
export { RawValue, Value } from "../memory/value.ts";
export { Namespace, type NamespaceConstructor } from "../memory/namespace.ts";
export { SharedList } from "../memory/shared_list.ts";
export { type Entries, SharedMap } from "../memory/shared_map.ts";
export type { Frozen } from "../memory/frozen.ts";
export type { SharedKey } from "../memory/map_key.ts";
export { Manager } from "../managers/manager.ts";
export { Executor } from "../futures/executor.ts";
export { Future } from "../futures/future.ts";
export {
  ThreadPoolExecutor,
  ThreadPoolExecutor as ProcessPoolExecutor,
} from "../futures/thread_pool_executor.ts";
export {
  ALL_COMPLETED,
  asCompleted,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  waitFutures,
} from "../futures/wait.ts";
export { getLogger, Logger, type LogHandler, LogLevel, logToStderr } from "../logging/logger.ts";
export { formatRecord, type LogRecord } from "../logging/record.ts";
export { AsyncResult } from "../pool/async_result.ts";
export { ThreadPool, ThreadPool as Pool, type ThreadPoolOptions } from "../pool/thread_pool.ts";
export { Finalize } from "../runtime/finalize.ts";
export { mutex, synchronized } from "../sync/mutex.ts";
export { cpuCount, type CurrentProcess, type ParentProcess } from "../process/current.ts";
export type { ProcessOptions } from "../process/process.ts";
export { abandonedWorkers } from "../runtime/host.ts";
export { Event, Event as SharedEvent } from "../sync/event.ts";
export { Barrier, type BarrierOptions } from "../sync/barrier.ts";
export { Condition, type GuardOf } from "../sync/condition.ts";
export { Lock } from "../sync/lock.ts";
export { LockGuard } from "../sync/ownership.ts";
export { LockOwner, RLock, RLockGuard, type RLockOptions } from "../sync/rlock.ts";
export { BoundedSemaphore, Semaphore } from "../sync/semaphore.ts";
export { sleep, sleepSync } from "../sync/sleep.ts";
export {
  activeCount,
  currentThread,
  enumerate,
  getIdent,
  getNativeId,
  mainThread,
} from "../threading/current.ts";
export {
  type ExceptHook,
  excepthook,
  type ExceptHookArgs,
  setExcepthook,
} from "../threading/excepthook.ts";
export { local } from "../threading/local.ts";
export { Thread, type ThreadOptions } from "../threading/thread.ts";
export { Timer } from "../threading/timer.ts";
export { activeChildren, currentProcess, parentProcess, Process } from "./process.ts";
