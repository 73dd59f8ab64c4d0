// The declarations of lib/pool/runner/chunk.ts

/** Why a chunk failed. */
export interface Failure {
  /** What was thrown. */
  error: unknown;
  /** Index of the item in the chunk. */
  index: number;
  /** Names of the task and the worker; absent if it ran in the isolate of the call. */
  by?: {
    task: string;
    worker: string;
  };
}

export {};
