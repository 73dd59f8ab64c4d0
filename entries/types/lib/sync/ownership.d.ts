// The declarations of lib/sync/ownership.ts

/** Releases a lock at the end of the guard's scope: `using guard = await lock.acquire()`. */
export declare class LockGuard implements Disposable {
  #private;
  /** Creates the guard of an acquired lock. Called by the `acquire` methods of the primitives. */
  constructor(lock: {
    release(): void;
  });
  /**
   * Releases the lock now. Idempotent; the end of the scope then does nothing. Throws nothing in a
   * worker that was told to end, so that the error which ends its scopes stays what it is.
   */
  release(): void;
  /** Releases the lock, as {@linkcode LockGuard.release} does. */
  [Symbol.dispose](): void;
}

export {};
