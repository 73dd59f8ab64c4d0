// The declarations of lib/context/common.ts

export * from "../channels/mod.d.ts";
export * from "../codec/mod.d.ts";
export * from "../logging/mod.d.ts";
export * from "../managers/mod.d.ts";
export * from "../memory/mod.d.ts";
export * from "../runtime/mod.d.ts";
export * from "../sync/mod.d.ts";
export { type WaitOptions } from "../arguments/wait_options.d.ts";
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
} from "../errors.d.ts";
export { SharedHandle } from "../objects/shared_object.d.ts";
export { type Waitable } from "../parking/readiness.d.ts";
export { AsyncResult } from "../pool/async_result.d.ts";
export { type Items } from "../pool/calls/chunks.d.ts";
export { type Progress, type ProgressOptions } from "../pool/calls/progress.d.ts";
export { type CurrentTask, currentTask } from "../pool/current_task.d.ts";
export { type PoolEngine } from "../pool/engines/engine.d.ts";
export {
  type ApplyOptions,
  type AsyncOptions,
  type Awaitable,
  type ImapOptions,
  type MapOptions,
  type PoolLimits,
  type TaskOptions,
} from "../pool/options.d.ts";
export { ThreadPool, type ThreadPoolOptions } from "../pool/thread_pool.d.ts";
export { cpuCount, type CurrentProcess, type ParentProcess } from "../process/current.d.ts";
export { type ProcessOptions } from "../process/process.d.ts";
export { type LaunchOptions } from "../runtime/launch.d.ts";

export {};
