/**
 * Who this process is, who started it, and how many fit on this machine.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, hasEnded, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn } from "../parking/wait.ts";
import { waitingForEnd } from "../runtime/lifecycle.ts";
import { currentIdentity } from "../runtime/start_request.ts";

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
export function currentProcess(): CurrentProcess {
  ensureIsolate();
  const { name, daemon } = currentIdentity();
  return { name, daemon, pid: i32[thisIsolate + isolateWord.PID] };
}

/** The process that started this one; `undefined` in the main program. */
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

/** Number of processes that can run at the same time on this machine. */
export function cpuCount(): number {
  return navigator.hardwareConcurrency;
}
