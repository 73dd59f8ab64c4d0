/**
 * JSR's `@std/async/deadline`.
 *
 * @module
 */
import { delay } from "./delay.ts";

/** Options for {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early, with its own reason. */
  signal?: AbortSignal;
}

/**
 * Resolves or rejects as `promise` does, or rejects with a `TimeoutError` DOMException if that
 * takes longer than `ms` milliseconds, or with the signal's reason.
 */
export async function deadline<T>(
  promise: Promise<T>,
  ms: number,
  { signal }: DeadlineOptions = {},
): Promise<T> {
  const settled = new AbortController();
  const signals = signal ? [settled.signal, signal] : [settled.signal];
  const late = delay(ms, { signal: AbortSignal.any(signals) }).then(() => {
    throw new DOMException("Signal timed out.", "TimeoutError");
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
