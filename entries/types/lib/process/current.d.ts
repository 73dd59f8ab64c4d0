// The declarations of lib/process/current.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

/** The process that runs this code. */
export interface CurrentProcess {
  /** Its name; the main program is `"MainProcess"`. */
  readonly name: string;
  /** Its number, unique in the program. */
  readonly pid: number;
  /** Whether the program may end while it runs. */
  readonly daemon: boolean;
}

/** The process that started this one. */
export interface ParentProcess {
  /** Its name; the main program is `"MainProcess"`. */
  readonly name: string;
  /** Its number, unique in the program. */
  readonly pid: number;
  /** Whether it has not ended. */
  isAlive(): boolean;
  /** Waits until it has ended: true then, false if `timeoutMs` passed first. */
  join(options?: WaitOptions): Promise<boolean>;
}

/**
 * The process that runs this code: the main program, a {@linkcode Process} or a worker of a pool.
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

/** The process that started this one; `undefined` in the main program. */
export declare function parentProcess(): ParentProcess | undefined;

/** Number of processes that can run at the same time on this machine. */
export declare function cpuCount(): number;

export {};
