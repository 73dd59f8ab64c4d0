/**
 * Messages of the package about its own work. They are dropped unless `lib/logging`, in a higher layer,
 * receives them.
 *
 * @module
 */

/** The level of a message, as in `lib/logging`. */
export const DebugLevel = { DEBUG: 10, INFO: 20 } as const;

/** Receives a message. */
export type DebugLogger = (level: number, message: string) => void;

let taker: DebugLogger | undefined;

/** Says who takes the notes. */
export function setDebugLog(take: DebugLogger): void {
  taker = take;
}

/** Logs an event. For rare events only: the message is built even if it is dropped. */
export function debugLog(level: number, message: string): void {
  taker?.(level, message);
}
