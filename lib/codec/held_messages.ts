/**
 * The messages that this isolate holds while it waits: items of pending puts, and messages that need a
 * module to be imported. If the isolate ends meanwhile, they are discarded.
 *
 * @module
 */

import { discardMessage, type MessageAddress } from "./message.ts";

const held = new Set<MessageAddress>();

/** Notes that this isolate holds a message, and begins to wait. */
export function holdMessage(message: MessageAddress): void {
  held.add(message);
}

/**
 * Notes that this isolate does not hold a message any more.
 *
 * @returns false if it was discarded, because this isolate has ended
 */
export function takeHeldMessage(message: MessageAddress): boolean {
  return held.delete(message);
}

/** Discards all messages that this worker holds: it has ended. */
export function discardHeldMessages(): void {
  for (const message of held) discardMessage(message, "drop");
  held.clear();
}
