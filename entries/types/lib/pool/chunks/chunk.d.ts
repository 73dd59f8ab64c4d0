// The declarations of lib/pool/chunks/chunk.ts

/** How a worker calls the function. */
export declare const CallMode: {
  /** Once, with the payload as its arguments. */
  readonly APPLY: 0;
  /** With each item, until the first error. */
  readonly MAP: 1;
  /** With the elements of each item, until the first error. */
  readonly STARMAP: 2;
  /** With each item, continuing after an error. */
  readonly MAP_ALL: 3;
  /** With the elements of each item, continuing after an error. */
  readonly STARMAP_ALL: 4;
  /** With the elements of each item, until the first error, and measuring the time. */
  readonly BATCH: 5;
};

/** How a worker calls the function: a value of {@linkcode CallMode}. */
export type CallMode = typeof CallMode[keyof typeof CallMode];

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
