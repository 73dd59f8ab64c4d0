// The declarations of lib/pool/calls/map_job.ts

/** Progress of a call over many items. */
export interface Progress {
  /** Number of items whose results have arrived. */
  done: number;
  /** Number of all items. */
  total: number;
}

export {};
