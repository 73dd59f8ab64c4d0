/** @module */

import { initRuntime, move, spawn } from "multithreading";
import type { Movable, StartPool, TaskName } from "../pool.ts";
import * as tasks from "../tasks.ts";

async function call(task: TaskName, arg: unknown, signal?: AbortSignal): Promise<unknown> {
  const handle = spawn(move(arg), tasks[task] as (arg: unknown) => unknown);
  signal?.addEventListener("abort", () => handle.abort());
  const result = await handle.join();
  if (!result.ok) throw result.error;
  return result.value;
}

/** Has each worker import each function: a call that finds it while it imports fails. */
async function warmUp(workers: number): Promise<void> {
  const args: [TaskName, unknown][] = [["square", 1], ["integrands", []], ["same", 1], ["work", 1]];
  for (const [task, arg] of args) {
    await Promise.all(Array.from({ length: workers }, () => call(task, arg)));
  }
}

/** Starts multithreading, whose pool is global, and whose typed arrays always move. */
export const start: StartPool = (maxWorkers) => {
  initRuntime({ maxWorkers });
  return {
    warmUp: () => warmUp(maxWorkers),
    call,
    move: (array) => call("same", array) as Promise<Movable>,
    callUntil: call,
  };
};
