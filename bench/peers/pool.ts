/**
 * What the scenarios need of a pool. Each file of `pools/` has a function `start` that makes one.
 *
 * @module
 */

/** The names of the tasks. */
export type TaskName = keyof typeof import("./tasks.ts");

/** A typed array that has a buffer of its own, which can be moved. */
export type Movable = Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** A running pool. What a package does not offer is left out. */
export interface Pool {
  /** What has to be done before tasks are called at once. */
  warmUp?(): Promise<void>;
  /** Calls a task and returns its result. */
  call(task: TaskName, arg: unknown): Promise<unknown>;
  /** Calls a task with each item, and returns the results. */
  map?(task: TaskName, items: number[]): Promise<unknown[]>;
  /** Sends an array to a worker and back, without copying it. */
  move?(array: Movable): Promise<Movable>;
  /** What is to be said about `move`. */
  readonly moveNote?: string;
  /** Calls a task that the signal aborts. */
  callUntil?(task: TaskName, arg: unknown, signal: AbortSignal): Promise<unknown>;
}

/** Starts a pool. It is not closed: the process ends with it. */
export type StartPool = (workers: number) => Pool | Promise<Pool>;
