// The declarations of lib/arguments/wait_options.ts

/** Options of a call that may wait. */
export interface WaitOptions {
  /**
   * How long to wait, in milliseconds; 0 or less: not at all.
   *
   * @default {Infinity}
   */
  timeoutMs?: number;
  /**
   * Ends the wait with `signal.reason` when it is aborted. A blocking wait notices it only when it
   * begins, since a blocked thread receives no events.
   */
  signal?: AbortSignal;
}

export {};
