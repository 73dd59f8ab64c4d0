/**
 * The fiber whose code is running: its waits keep the program alive or not, and end with its signal.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { hooks } from "../heap/hooks.ts";
import { holdLoopForPeers, releaseLoopForPeers } from "./keep_alive.ts";

/** Whether the program stays alive while the code that is running now waits. */
export function fiberKeepsAlive(): boolean {
  return hooks.currentFiber?.()?.keepAlive ?? true;
}

/**
 * Waits for something other than a sleep in a queue, with the keep-alive and the signal of the fiber
 * whose code is running.
 */
export async function waitInFiber<T>(
  options: WaitOptions | undefined,
  wait: (options: WaitOptions) => Promise<T>,
): Promise<T> {
  const keepAlive = fiberKeepsAlive();
  if (keepAlive) holdLoopForPeers();
  try {
    const signal = eitherSignal(options?.signal, hooks.currentFiber?.()?.signal);
    return await wait({ timeoutMs: options?.timeoutMs, signal });
  } finally {
    if (keepAlive) releaseLoopForPeers();
  }
}

/** Returns a signal that is aborted as soon as one of the two is. */
export function eitherSignal(a?: AbortSignal, b?: AbortSignal): AbortSignal | undefined {
  return a === undefined || b === undefined ? a ?? b : AbortSignal.any([a, b]);
}
