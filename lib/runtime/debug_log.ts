/**
 * What the library has to say about its own work. Nobody hears it unless `lib/logging`, which is
 * higher up, takes it.
 *
 * @module
 */

/** How much a note matters: levels of `lib/logging`. */
export const DebugLevel = { DEBUG: 10, INFO: 20 } as const;

/** Takes what is noted. */
export type DebugLogger = (level: number, message: string) => void;

let taker: DebugLogger | undefined;

/** Says who takes the notes. */
export function setDebugLog(take: DebugLogger): void {
  taker = take;
}

/** Notes what happened. Only for what happens rarely: the message is made whether it is heard or not. */
export function debugLog(level: number, message: string): void {
  taker?.(level, message);
}
