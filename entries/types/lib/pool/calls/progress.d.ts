// The declarations of lib/pool/calls/progress.ts

/** Progress of a call over many items. */
export interface Progress {
  /** Number of items that are done: the result of each, or the error in its place, has arrived. */
  done: number;
  /** Number of all items; undefined while it is not known, as for a generator. */
  total: number | undefined;
  /** Whether this is the last report of the call, which may have failed or been left. */
  ended: boolean;
}

/** The option of all calls over many items. */
export interface ProgressOptions {
  /**
   * Called in this isolate as items are done: after each chunk, and a last time with `ended: true` when
   * all items are done, or the call fails or is left. If it throws, or its promise rejects, the error is
   * printed and `onProgress` is not called again; the call goes on.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
}

export {};
