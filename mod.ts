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

export type {
  RecvBytesIntoOptions,
  RecvBytesOptions,
  SendBytesOptions,
} from "./lib/channels/bytes.ts";
export { Client, Listener } from "./lib/channels/listener.ts";
export { Connection, Pipe, type PipeOptions } from "./lib/channels/pipe.ts";
export { JoinableQueue } from "./lib/channels/joinable_queue.ts";
export { LifoQueue } from "./lib/channels/lifo_queue.ts";
export { PriorityQueue } from "./lib/channels/priority_queue.ts";
export { Queue, type ShutdownOptions } from "./lib/channels/queue.ts";
export type { PriorityOptions } from "./lib/channels/queue_kind.ts";
export { SimpleQueue } from "./lib/channels/simple_queue.ts";
export {
  type AnyClass,
  type AnyFunction,
  task,
  type TasksOf,
  tasksOf,
} from "./lib/codec/functions.ts";
export { SharedHandle } from "./lib/objects/shared_object.ts";
export { wait, wait as waitAny, waitSync, waitSync as waitAnySync } from "./lib/channels/wait.ts";
export type { WaitOptions } from "./lib/arguments/wait_options.ts";
export type { Waitable } from "./lib/parking/readiness.ts";
export { TIMEOUT_MAX } from "./lib/parking/wait.ts";
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
  StopProcessGroup,
  TaskLookupError,
  TerminatedError,
  TimeoutError,
  WorkerDiedError,
  WorkerException,
} from "./lib/errors.ts";
export { distribute } from "./lib/sharedmem/distribute.ts";
export {
  type ArrayExpression,
  type DefaultArray,
  type ExpressionOptions,
  lazy,
  type Operand,
  type PrefixSumOptions,
} from "./lib/loops/expression.ts";
export type { ArraysOf, BigintTypedArray, NumberTypedArray } from "./lib/loops/expression_tree.ts";
export { type ElementIn, prefixSum, prefixSumSync } from "./lib/loops/prefix_sum.ts";
export {
  type Background,
  background,
  MapReduce,
  type MapReduceOptions,
  type Ordered,
  type WorkTools,
} from "./lib/sharedmem/map_reduce.ts";
export {
  type Delayed,
  delayed,
  effectiveJobs,
  Parallel,
  type ParallelFactory,
  type ParallelOptions,
  type ParallelRun,
  type ReturnAs,
} from "./lib/joblib/parallel.ts";
export { prange, Range } from "./lib/loops/range.ts";
export type { Schedule } from "./lib/loops/schedule.ts";
export type { AccumulatorArray, LoopOperator } from "./lib/loops/run_chunks.ts";
export {
  type Abortable,
  type EmptyObject,
  type LoopOptions,
  parallelFor,
  parallelForSync,
} from "./lib/loops/parallel_for.ts";
export {
  type ArrayReduction,
  type LoopReduceOptions,
  type NumberReduction,
  parallelReduce,
  parallelReduceSync,
  type ValueReduction,
} from "./lib/loops/parallel_reduce.ts";
export { getNumThreads, setNumThreads, stopTeam } from "./lib/loops/team.ts";
export {
  BaseManager,
  type FactoryMethods,
  type FactoryParameters,
  type ManagerClass,
  type ProxyOf,
  type RegisterOptions,
} from "./lib/managers/base_manager.ts";
export { Manager } from "./lib/managers/manager.ts";
export { SharedMemoryManager } from "./lib/managers/shared_memory_manager.ts";
export { BaseProxy, callMethod, type Proxied, type Replied } from "./lib/managers/proxy.ts";
export { SharedArray, SharedArray as Array } from "./lib/memory/array.ts";
export type { SharedLock, SharedOptions } from "./lib/memory/locking.ts";
export type { Frozen } from "./lib/memory/frozen.ts";
export type { SharedKey } from "./lib/memory/map_key.ts";
export { Namespace, type NamespaceConstructor } from "./lib/memory/namespace.ts";
export { type ElementsOf, RawArray } from "./lib/memory/raw_array.ts";
export { SharedList } from "./lib/memory/shared_list.ts";
export { type Entries, SharedMap } from "./lib/memory/shared_map.ts";
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
} from "./lib/memory/typecodes.ts";
export { type ShareableItem, ShareableList } from "./lib/memory/shareable_list.ts";
export { SharedMemory, type SharedMemoryOptions } from "./lib/memory/shared_memory.ts";
export { sharedArray } from "./lib/memory/typed_arrays.ts";
export { RawValue, Value } from "./lib/memory/value.ts";
export {
  Executor,
  type ExecutorMapOptions,
  type ExecutorShutdownOptions,
  type MapArguments,
  type MapInputs,
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
export { getLogger, Logger, type LogHandler, LogLevel, logToStderr } from "./lib/logging/logger.ts";
export { formatRecord, type LogRecord } from "./lib/logging/record.ts";
export { tagOutput } from "./lib/logging/tag_output.ts";
export { AsyncResult } from "./lib/pool/async_result.ts";
export type { Items } from "./lib/pool/calls/chunks.ts";
export type { Progress } from "./lib/pool/calls/jobs.ts";
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
export { sleep, sleepSync } from "./lib/sync/sleep.ts";
export {
  activeCount,
  currentThread,
  enumerate,
  getIdent,
  getNativeId,
  mainThread,
} from "./lib/threading/current.ts";
export {
  type ExceptHook,
  excepthook,
  type ExceptHookArgs,
  setExcepthook,
} from "./lib/threading/excepthook.ts";
export { local } from "./lib/threading/local.ts";
export { Thread, type ThreadOptions } from "./lib/threading/thread.ts";
export { Timer } from "./lib/threading/timer.ts";

// Never called: so that an import by URL fetches the workers' module before any thread can block.
void (() => import("./workers/worker.ts"));
