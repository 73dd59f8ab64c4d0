/**
 * Messages of the package about its own work. They are dropped unless `lib/logging`, in a higher layer,
 * receives them.
 *
 * @module
 */

import { hooks } from "../heap/hooks.ts";

/** The level of a message, as in `lib/logging`. */
export const DebugLevel = { DEBUG: 10, INFO: 20 } as const;

/** Logs an event. For rare events only: the message is built even if it is dropped. */
export function debugLog(level: number, message: string): void {
  hooks.debugLog?.(level, message);
}
