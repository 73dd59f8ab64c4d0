/**
 * The exports that the package, its contexts and `./dummy` have in common: all except those that
 * depend on how workers are started.
 *
 * @module
 */

export * from "../channels/mod.ts";
export * from "../codec/mod.ts";
export * from "../logging/mod.ts";
export * from "../managers/mod.ts";
export * from "../memory/mod.ts";
export * from "../runtime/mod.ts";
export * from "../sync/mod.ts";
export type { WaitOptions } from "../arguments/wait_options.ts";
export {
  AbandonedLockError,
  BrokenBarrierError,
  BrokenPipeError,
  BufferTooShort,
  CancelledError,
  ClosedError,
  CorruptMessageError,
  DataCloneError,
  DeadlockError,
  type DiedWorker,
  Empty,
  EOFError,
  Full,
  InitializerError,
  InterruptedError,
  MaybeEncodingError,
  MemoryError,
  MultiprocessingError,
  ShutDown,
  TaskLookupError,
  TerminatedError,
  TimeoutError,
  WorkerDiedError,
} from "../errors.ts";
export { SharedHandle } from "../objects/shared_object.ts";
export type { Waitable } from "../parking/readiness.ts";
export { AsyncResult } from "../pool/async_result.ts";
export type { Items } from "../pool/calls/chunks.ts";
export type { Progress, ProgressOptions } from "../pool/calls/progress.ts";
export { type CurrentTask, currentTask } from "../pool/current_task.ts";
export type { PoolEngine } from "../pool/engines/engine.ts";
export type {
  ApplyOptions,
  AsyncOptions,
  Awaitable,
  ImapOptions,
  MapOptions,
  PoolLimits,
  TaskOptions,
} from "../pool/options.ts";
export { ThreadPool, type ThreadPoolOptions } from "../pool/thread_pool.ts";
export { cpuCount, type CurrentProcess, type ParentProcess } from "../process/current.ts";
export type { ProcessOptions } from "../process/process.ts";
export type { LaunchOptions } from "../runtime/launch.ts";
