// The declarations of lib/process/current.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

/** The process that runs the calling code. */
export interface CurrentProcess {
  /** The name; `"MainProcess"` for the main program. */
  readonly name: string;
  /** The number, unique in the program. */
  readonly pid: number;
  /** Whether the program may end while the process runs. */
  readonly daemon: boolean;
}

/** The process that started the current one. */
export interface ParentProcess {
  /** The name; `"MainProcess"` for the main program. */
  readonly name: string;
  /** The number, unique in the program. */
  readonly pid: number;
  /** Returns whether the process has not ended. */
  isAlive(): boolean;
  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   */
  join(options?: WaitOptions): Promise<boolean>;
}

/**
 * Returns the process that runs the calling code: the main program, a {@linkcode Process} or a
 * worker of a pool.
 *
 * Follows Python's `multiprocessing.current_process`.
 *
 * @example In the main program
 * ```ts
 * import { currentProcess } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(currentProcess().name, "MainProcess");
 * ```
 */
export declare function currentProcess(): CurrentProcess;

/**
 * Returns the process that started the current one, or `undefined` in the main program.
 *
 * Follows Python's `multiprocessing.parent_process`.
 */
export declare function parentProcess(): ParentProcess | undefined;

/**
 * Returns the number of logical processors of the machine.
 *
 * Follows Python's `multiprocessing.cpu_count`.
 */
export declare function cpuCount(): number;

export {};
