/**
 * What runs the tasks of a soak test, and which faults they can have there.
 *
 * @module
 */

import { denoArgs } from "../process_args.ts";
import { type Fault, faults, processFaults } from "./tasks.ts";

/** What runs tasks. */
export type Runner = "thread" | "worker" | "process";

/** Faults that would end the whole program in a thread. */
const NOT_IN_THREADS: ReadonlySet<Fault> = new Set<Fault>([
  "exit",
  "close",
  "error outside",
  "rejection outside",
  "late error",
]);

/** The faults that a task can have, by what runs it. */
export const faultsIn: Readonly<Record<Runner, readonly Fault[]>> = {
  thread: faults.filter((fault) => !NOT_IN_THREADS.has(fault)),
  worker: faults,
  process: [...faults, ...processFaults],
};

/** How much rarer faults are: after most of them another process starts, which takes as long as many items. */
export const rarity: Readonly<Record<Runner, number>> = { thread: 1, worker: 1, process: 4 };

/** The options of a process, by what it is. */
export const processOptions: Readonly<Record<Runner, { denoArgs?: readonly string[] }>> = {
  thread: {},
  worker: {},
  process: { denoArgs },
};

/** The options of a pool, by what runs its tasks: processes have a heap that a fault fills soon. */
export const poolOptions: Readonly<
  Record<Runner, { denoArgs?: readonly string[]; maxOldSpaceMb?: number; idleTimeoutMs?: number }>
> = {
  thread: {},
  worker: {},
  process: { denoArgs, maxOldSpaceMb: 64, idleTimeoutMs: 5000 },
};
