/**
 * The part of JSR's `@std/async` that this repository uses, over timers and `AbortSignal`, so that
 * tests and examples run where JSR cannot be reached. Names, signatures and results are the
 * original's.
 *
 * @module
 */
export * from "./deadline.ts";
export * from "./delay.ts";
