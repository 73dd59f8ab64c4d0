// The declarations of lib/arguments/wait_options.ts

/** Options of a call that may wait. */
export interface WaitOptions {
  /**
   * The longest time to wait, in milliseconds; 0 or less: do not wait.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /**
   * Ends the wait with `signal.reason` when it is aborted. A blocking wait checks it only at its start,
   * because a blocked isolate receives no events.
   */
  signal?: AbortSignal | undefined;
}

export {};
