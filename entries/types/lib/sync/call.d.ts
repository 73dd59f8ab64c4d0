// The declarations of lib/sync/call.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

/**
 * A lock that {@linkcode mutex} accepts: any object that is acquired and released like a `Lock`.
 */
export interface Lockable {
  /** Acquires the lock, waiting while it is not available. */
  acquire(options?: WaitOptions): Promise<unknown>;
  /** Acquires the lock, blocking the isolate while it is not available. */
  acquireSync(options?: WaitOptions): unknown;
  /** Releases the lock. */
  release(): void;
}

export {};
