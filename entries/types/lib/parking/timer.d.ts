// The declarations of lib/parking/timer.ts

/**
 * The longest delay of one timer of JavaScript, in milliseconds: 24 days. A longer `timeoutMs` is valid
 * too; `Infinity`, or none, has no end.
 *
 * Follows Python's `threading.TIMEOUT_MAX`, beyond which Python's waits throw.
 */
export declare const TIMEOUT_MAX: number;

export {};
