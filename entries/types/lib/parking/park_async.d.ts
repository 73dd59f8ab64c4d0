// The declarations of lib/parking/park_async.ts

/**
 * The longest time that an async wait is sure to take, in milliseconds: 24 days. A longer `timeoutMs` may
 * end early; `Infinity`, or none, has no end.
 *
 * Follows Python's `threading.TIMEOUT_MAX`.
 */
export declare const TIMEOUT_MAX: number;

export {};
