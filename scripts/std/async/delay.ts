/**
 * JSR's `@std/async/delay`, without its `persistent` option.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the delay early, with its own reason. */
  signal?: AbortSignal;
}

/** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
export async function delay(ms: number, { signal }: DelayOptions = {}): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    // Node wraps the reason in an AbortError of its own.
    throw signal?.aborted ? signal.reason : error;
  }
}
