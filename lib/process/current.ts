/**
 * The current process, its parent, and the number of processors.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, hasEnded, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn } from "../parking/wait.ts";
import { waitingForEnd } from "../runtime/lifecycle.ts";
import { currentIdentity } from "../runtime/start_request.ts";

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
export function currentProcess(): CurrentProcess {
  ensureIsolate();
  const { name, daemon } = currentIdentity();
  return { name, daemon, pid: i32[thisIsolate + isolateWord.PID] };
}

/**
 * Returns the process that started the current one, or `undefined` in the main program.
 *
 * Follows Python's `multiprocessing.parent_process`.
 */
export function parentProcess(): ParentProcess | undefined {
  const { parent, parentName } = currentIdentity();
  if (parent === 0) return undefined;
  return {
    name: parentName,
    pid: i32[parent + isolateWord.PID],
    isAlive: () => !hasEnded(parent),
    join: async (options) => await awaitOn(waitingForEnd(parent), options) !== undefined,
  };
}

/**
 * Returns the number of logical processors of the machine.
 *
 * Follows Python's `multiprocessing.cpu_count`.
 */
export function cpuCount(): number {
  return navigator.hardwareConcurrency;
}
