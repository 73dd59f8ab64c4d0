// The declarations of lib/parking/readiness.ts

/** The method of a {@linkcode Waitable}. */
export declare const readySteps: unique symbol;

/**
 * What `waitAny` and `waitAnySync` can wait for: a `Connection` (a message or the end of the other side),
 * a queue (an item or its end), an `Event` (set), a `Process` (ended), a `Listener` (a connection).
 */
export declare abstract class Waitable {
  /** Returns the steps of waiting until the object is ready, for `waitAny`. They change nothing. */
  abstract [readySteps](): Generator<unknown, boolean, never>;
}

export {};
